output "arn" {
  description = "The machine's ARN, without a version."
  value       = local.machine.arn
}

output "name" {
  description = "The machine's name."
  value       = local.machine.name
}

output "alias_arn" {
  description = "The ARN to start executions with."
  value       = local.alias.arn
}

output "version_arn" {
  description = "The version that Terraform published last."
  value       = local.machine.state_machine_version_arn
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
