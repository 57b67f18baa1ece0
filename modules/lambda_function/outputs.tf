output "arn" {
  description = "The function's ARN, without a version."
  value       = local.function.arn
}

output "name" {
  description = "The function's name."
  value       = local.function.function_name
}

output "qualified_arn" {
  description = "The ARN of the version that Terraform published last; what a definition should name."
  value       = local.function.qualified_arn
}

output "version" {
  description = "The version that Terraform published last."
  value       = local.function.version
}

output "role_arn" {
  description = "The ARN of its role."
  value       = module.role.arn
}

output "role_policies" {
  description = "The policies of its role as JSON, by name."
  value       = module.role.policies
}

output "log_group_name" {
  description = "The name of its log group."
  value       = aws_cloudwatch_log_group.this.name
}
