output "arns" {
  description = "The roles' ARNs: deploy, smoke and prune."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "names" {
  description = "The roles' names."
  value       = { for name, role in local.roles : name => role.name }
}

output "policies" {
  description = "The roles' policies as JSON; each is its boundary, too."
  value       = { for name, policy in aws_iam_role_policy.this : name => policy.policy }
}
