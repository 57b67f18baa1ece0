# What a project needs to be deployed by the deployer: functions, a machine, and the roles that the deployer takes.
# Terraform brings the first code and the first definition; every later one comes by a release.

locals {
  name = coalesce(var.name, "${var.project}-${var.config}")
  # The deployer touches nothing that doesn't carry these, whatever its code says.
  own_tags = {
    DeployWith  = "step-deployer"
    ProjectName = var.project
    ConfigName  = var.config
  }
  tags     = merge(var.tags, local.own_tags)
  key_arns = var.is_encrypted ? [var.kms_key_arn] : []
}

module "function" {
  source   = "../lambda_function"
  for_each = var.functions

  create                  = var.create
  name                    = each.key
  description             = coalesce(each.value.description, "A function of ${local.name}.")
  account_id              = var.account_id
  region                  = var.region
  code_owner              = "deployer"
  package_file            = each.value.package_file
  content_hash            = each.value.content_hash
  image                   = each.value.image
  handler                 = each.value.handler
  runtime                 = var.runtime
  architecture            = var.architecture
  memory_mb               = each.value.memory_mb
  timeout                 = each.value.timeout
  ephemeral_storage_mb    = each.value.ephemeral_storage_mb
  reserved_concurrency    = each.value.reserved_concurrency
  has_snap_start          = each.value.has_snap_start
  layers                  = each.value.layers
  environment_variables   = each.value.environment_variables
  code_signing_config_arn = each.value.code_signing_config_arn
  network                 = each.value.network
  file_system             = each.value.file_system
  dead_letter             = each.value.dead_letter
  role                    = each.value.role
  role_path               = var.role_path
  integrations            = each.value.integrations
  policies                = each.value.policies
  event_source_arns       = [for source in values(each.value.event_sources) : source.arn]
  target_arns = [
    for target in concat(
      [for source in values(each.value.event_sources) : source.on_failure],
      each.value.asynchronous == null ? [] : [each.value.asynchronous.on_failure, each.value.asynchronous.on_success],
    ) : target.arn if target != null
  ]
  log_retention_days       = var.log_retention_days
  is_traced                = var.is_traced
  is_encrypted             = var.is_encrypted
  kms_key_arn              = var.kms_key_arn
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = local.tags
}

module "triggers" {
  source   = "../lambda_triggers"
  for_each = var.functions

  create        = var.create
  function      = module.function[each.key]
  permissions   = each.value.permissions
  url           = each.value.url
  asynchronous  = each.value.asynchronous
  event_sources = each.value.event_sources
  tags          = local.tags
}

module "machine" {
  source = "../state_machine"

  create           = var.create
  name             = local.name
  account_id       = var.account_id
  region           = var.region
  definition_owner = "deployer"
  definition = templatefile(var.definition_file, merge(
    { for name, function in var.functions : function.placeholder => coalesce(module.function[name].qualified_arn, "none") },
    var.substitutions,
  ))
  type = var.type
  integrations = merge(var.integrations, {
    lambda = concat(var.integrations.lambda, [for function in module.function : function.arn if var.create])
  })
  schedules                = var.schedules
  event_rules              = var.event_rules
  alarms                   = var.alarms
  role_path                = var.role_path
  policies                 = var.policies
  log_level                = var.log_level
  logs_execution_data      = var.logs_execution_data
  log_retention_days       = var.log_retention_days
  is_traced                = var.is_traced
  is_encrypted             = var.is_encrypted
  kms_key_arn              = var.kms_key_arn
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = local.tags
}

module "roles" {
  source = "../deploy_roles"

  create      = var.create
  name        = local.name
  project     = var.project
  config      = var.config
  account_id  = var.account_id
  region      = var.region
  machine_arn = coalesce(module.machine.arn, "none")
  deployer    = var.deployer
  own_tags    = local.own_tags
  key_arns    = local.key_arns
  tags        = local.tags
}

module "policies" {
  source = "../deploy_policies"

  project     = var.project
  config      = var.config
  account_id  = var.account_id
  region      = var.region
  machine_arn = coalesce(module.machine.arn, "none")
  deployer    = var.deployer
  own_tags    = local.own_tags
  key_arns    = local.key_arns
}
