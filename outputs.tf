output "deployer" {
  description = "The deployer: what step deploy wants as -deployer and -bucket, and its lock table."
  value = {
    machine  = module.deployer.machine_name
    alias    = module.deployer.alias_arn
    function = module.deployer.function_name
    bucket   = module.deployer.bucket_name
    table    = module.deployer.table_name
  }
}

output "machines" {
  description = "The ARNs to start executions with, by machine."
  value = {
    (local.bread) = module.bread.alias_arn
    (local.hello) = module.hello.alias_arn
  }
}

output "roles" {
  description = "The roles that the deployer takes, by project."
  value       = { bread = module.bread.role_arns }
}

output "client_policies" {
  description = "Policies for people and pipelines, by project and role."
  value = {
    (local.deployer) = module.deployer.client_policies
    (local.bread)    = module.bread.client_policies
  }
}
