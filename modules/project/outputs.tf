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
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "role_names" {
  description = "The names of these roles."
  value       = { for name, role in local.roles : name => role.name }
}

output "read_policy" {
  description = "Policy for who looks: step plan, releases and history, and what is live."
  value       = data.aws_iam_policy_document.read.json
}

output "deploy_policy" {
  description = "Policy for who deploys: to read, to upload releases and to start deploys and prunings."
  value       = data.aws_iam_policy_document.client["deploy"].json
}

output "upload_policy" {
  description = "Half of deploy_policy: to read and to upload releases, and to start nothing."
  value       = data.aws_iam_policy_document.client["upload"].json
}

output "start_policy" {
  description = "The other half of deploy_policy: to read and to start what somebody else has uploaded."
  value       = data.aws_iam_policy_document.client["start"].json
}

output "operate_policy" {
  description = "Policy for who is on duty: to read, halt, lock, unlock, stop, go back and recover; no new code."
  value       = data.aws_iam_policy_document.client["operate"].json
}

output "administer_policy" {
  description = "Policy for who repairs: all of the others, and to deploy by hand (step bootstrap)."
  value       = data.aws_iam_policy_document.client["administer"].json
}

output "client_policies" {
  description = "These policies by role: read, upload, start, deploy, operate and administer."
  value       = merge({ read = data.aws_iam_policy_document.read.json }, { for name, policy in data.aws_iam_policy_document.client : name => policy.json })
}

output "role_policies" {
  description = "The policies of these roles as JSON; each is its boundary, too."
  value       = { for name, policy in aws_iam_role_policy.this : name => policy.policy }
}
