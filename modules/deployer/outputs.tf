output "deployer" {
  description = "What the module project wants to know of the deployer."
  value = {
    role_arn    = local.role_arn
    machine_arn = local.machine_arn
    external_id = var.external_id
    bucket_arn  = local.bucket_arn
    region_bucket_arns = {
      for region, name in var.region_buckets : region => "arn:${local.partition}:s3:::${name}"
    }
    is_encrypted = var.is_encrypted
    kms_key_arn  = var.kms_key_arn
  }
}

output "machine_arn" {
  description = "The machine's ARN, without a version."
  value       = module.project.machine_arn
}

output "machine_name" {
  description = "The machine's name: -deployer of step deploy."
  value       = module.project.machine_name
}

output "alias_arn" {
  description = "The ARN that deploys are started with."
  value       = module.project.alias_arn
}

output "function_name" {
  description = "The function's name."
  value       = local.function_name
}

output "function_role_arn" {
  description = "The function's role, which takes the projects' roles."
  value       = module.project.function_role_arns[local.function_name]
}

output "client_policies" {
  description = "The policies of who deploys, operates or repairs the deployer itself, by role."
  value       = module.project.client_policies
}

output "table_name" {
  description = "The name of the lock table."
  value       = module.lock_table.name
}

output "bucket_name" {
  description = "The name of the release bucket: -bucket of step deploy."
  value       = module.release_bucket.name
}
