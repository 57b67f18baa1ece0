output "arn" {
  description = "The function's ARN, without a version."
  value       = try(local.function.arn, null)
}

output "name" {
  description = "The function's name."
  value       = try(local.function.function_name, null)
}

output "qualified_arn" {
  description = "The ARN of the version that Terraform published last; what a definition should name."
  value       = try(local.function.qualified_arn, null)
}

output "version" {
  description = "The version that Terraform published last."
  value       = try(local.function.version, null)
}

output "role_arn" {
  description = "The ARN of its role."
  value       = local.role_arn
}

output "role_policies" {
  description = "The policies of its role as JSON, by name; none of a role that was given."
  value       = var.role == null ? module.role.policies : {}
}

output "log_group_name" {
  description = "The name of its log group."
  value       = one(aws_cloudwatch_log_group.this[*].name)
}
