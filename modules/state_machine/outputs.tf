output "arn" {
  description = "The machine's ARN, without a version."
  value       = try(local.machine.arn, null)
}

output "name" {
  description = "The machine's name."
  value       = try(local.machine.name, null)
}

output "alias_arn" {
  description = "The ARN to start executions with."
  value       = try(local.alias.arn, null)
}

output "version_arn" {
  description = "The version that Terraform published last."
  value       = try(local.machine.state_machine_version_arn, null)
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

output "alarm_names" {
  description = "The names of its alarms: a release ends its canary when one of them goes on."
  value       = module.alarms.names
}
