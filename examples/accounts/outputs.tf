output "deployer" {
  description = "What further projects want to know of the deployer."
  value       = module.deployer.deployer
}

output "machine" {
  description = "The ARN to start executions with, in the project's account."
  value       = module.project.alias_arn
}

output "client_policies" {
  description = "Who may do what with the project, by role: policies for the deployer's account."
  value       = module.project.client_policies
}
