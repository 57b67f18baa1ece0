# Where things were before they got a module of their own: a stack of then is upgraded without making anything anew.

moved {
  from = aws_iam_policy.boundary
  to   = module.roles.aws_iam_policy.boundary
}

moved {
  from = aws_iam_role.this
  to   = module.roles.aws_iam_role.this
}

moved {
  from = aws_iam_role_policy.this
  to   = module.roles.aws_iam_role_policy.this
}
