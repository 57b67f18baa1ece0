output "arn" {
  description = "The role's ARN, known once its policies are attached."
  value       = one(aws_iam_role.this[*].arn)
  # Whoever takes the role has its permissions from the first moment on.
  depends_on = [aws_iam_role_policy.this]
}

output "name" {
  description = "The role's name."
  value       = one(aws_iam_role.this[*].name)
}

output "policies" {
  description = "The policies as JSON, by name."
  value       = local.policies
}
