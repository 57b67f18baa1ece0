# What got a count with create = false keeps what it had.

moved {
  from = aws_iam_role.this
  to   = aws_iam_role.this[0]
}

moved {
  from = aws_iam_role_policies_exclusive.this
  to   = aws_iam_role_policies_exclusive.this[0]
}

moved {
  from = aws_iam_role_policy_attachments_exclusive.this
  to   = aws_iam_role_policy_attachments_exclusive.this[0]
}
