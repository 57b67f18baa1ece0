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

output "client_policies" {
  description = "Policies for whoever deploys, as JSON: upload and start."
  value = {
    upload = data.aws_iam_policy_document.upload.json
    start  = data.aws_iam_policy_document.start.json
  }
}

output "role_policies" {
  description = "The policies of these roles as JSON; each is its boundary, too."
  value       = { for name, policy in aws_iam_role_policy.this : name => policy.policy }
}
