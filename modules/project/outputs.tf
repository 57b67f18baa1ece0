output "machine_arn" {
  description = "The machine's ARN, without a version."
  value       = module.machine.arn
}

output "machine_name" {
  description = "The machine's name: -step of step deploy."
  value       = local.name
}

output "alias_arn" {
  description = "The ARN to start executions with."
  value       = module.machine.alias_arn
}

output "function_arns" {
  description = "The functions' ARNs, without a version, by name."
  value       = { for name, function in module.function : name => function.arn }
}

output "function_role_arns" {
  description = "The ARNs of the functions' roles, by the function's name."
  value       = { for name, function in module.function : name => function.role_arn }
}

output "role_arns" {
  description = "The roles that the deployer takes: deploy, smoke and prune."
  value       = module.roles.arns
}

output "role_names" {
  description = "The names of these roles."
  value       = module.roles.names
}

output "read_policy" {
  description = "Policy for who looks: step plan, releases and history, and what is live."
  value       = module.policies.policies["read"]
}

output "deploy_policy" {
  description = "Policy for who deploys: to read, to upload releases and to start deploys and prunings."
  value       = module.policies.policies["deploy"]
}

output "upload_policy" {
  description = "Half of deploy_policy: to read and to upload releases, and to start nothing."
  value       = module.policies.policies["upload"]
}

output "start_policy" {
  description = "The other half of deploy_policy: to read and to start what somebody else has uploaded."
  value       = module.policies.policies["start"]
}

output "operate_policy" {
  description = "Policy for who is on duty: to read, halt, lock, unlock, stop, go back and recover; no new code."
  value       = module.policies.policies["operate"]
}

output "administer_policy" {
  description = "Policy for who repairs: all of the others, and to deploy by hand (step bootstrap)."
  value       = module.policies.policies["administer"]
}

output "client_policies" {
  description = "These policies by role: read, upload, start, deploy, operate and administer."
  value       = module.policies.policies
}

output "role_policies" {
  description = "The policies of these roles as JSON; each is its boundary, too."
  value       = module.roles.policies
}

output "alarm_names" {
  description = "The names of the machine's alarms: a release ends its canary when one of them goes on."
  value       = module.machine.alarm_names
}

output "function_urls" {
  description = "The addresses of the functions' URLs, by the function's name."
  value       = { for name, triggers in module.triggers : name => triggers.url if triggers.url != null }
}
