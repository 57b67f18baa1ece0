# A state machine with its versions, the alias that callers use, its role and its log group, what starts it and what watches it.

locals {
  is_ours    = var.definition_owner == "terraform"
  machine    = one(concat(aws_sfn_state_machine.this, aws_sfn_state_machine.deployed))
  alias      = one(concat(aws_sfn_alias.this, aws_sfn_alias.deployed))
  is_logged  = var.log_level != "OFF"
  log_target = one([for group in aws_cloudwatch_log_group.this : "${group.arn}:*"])
  role_arn   = var.role == null ? module.role.arn : var.role.arn
}

resource "aws_cloudwatch_log_group" "this" {
  count = var.create ? 1 : 0

  # The prefix keeps CloudWatch's resource policy from growing over its limit.
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

module "role" {
  source = "../iam"

  create                   = var.create && var.role == null
  name                     = "${var.name}-machine"
  path                     = var.role_path
  description              = "What the state machine ${var.name} may do."
  service                  = "states.amazonaws.com"
  account_id               = var.account_id
  region                   = var.region
  integrations             = var.integrations
  policies                 = var.policies
  delivers_logs            = local.is_logged
  is_traced                = var.is_traced
  uses_key                 = var.is_encrypted
  kms_key_arn              = var.kms_key_arn
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# Terraform owns the definition: a change becomes a version, and the alias follows.
resource "aws_sfn_state_machine" "this" {
  count = var.create && local.is_ours ? 1 : 0

  name       = var.name
  type       = var.type
  role_arn   = local.role_arn
  definition = var.definition
  publish    = true
  tags       = var.tags

  logging_configuration {
    level                  = var.log_level
    include_execution_data = local.is_logged && var.logs_execution_data
    log_destination        = local.is_logged ? local.log_target : null
  }

  tracing_configuration {
    enabled = var.is_traced
  }

  dynamic "encryption_configuration" {
    for_each = var.is_encrypted ? [var.kms_key_arn] : []

    content {
      type                              = "CUSTOMER_MANAGED_KMS_KEY"
      kms_key_id                        = encryption_configuration.value
      kms_data_key_reuse_period_seconds = var.data_key_reuse_seconds
    }
  }

  # AWS refuses a machine whose role can't yet deliver its logs.
  depends_on = [module.role]
}

resource "aws_sfn_alias" "this" {
  count = var.create && local.is_ours ? 1 : 0

  name        = var.alias
  description = "What callers start."

  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.this[0].state_machine_version_arn
    weight                    = 100
  }
}

# The deployer owns the definition and the alias: Terraform brings the first and leaves every later one alone.
resource "aws_sfn_state_machine" "deployed" {
  count = var.create && !local.is_ours ? 1 : 0

  name       = var.name
  type       = var.type
  role_arn   = local.role_arn
  definition = var.definition
  publish    = true
  tags       = var.tags

  logging_configuration {
    level                  = var.log_level
    include_execution_data = local.is_logged && var.logs_execution_data
    log_destination        = local.is_logged ? local.log_target : null
  }

  tracing_configuration {
    enabled = var.is_traced
  }

  dynamic "encryption_configuration" {
    for_each = var.is_encrypted ? [var.kms_key_arn] : []

    content {
      type                              = "CUSTOMER_MANAGED_KMS_KEY"
      kms_key_id                        = encryption_configuration.value
      kms_data_key_reuse_period_seconds = var.data_key_reuse_seconds
    }
  }

  lifecycle {
    ignore_changes = [definition]
  }

  depends_on = [module.role]
}

resource "aws_sfn_alias" "deployed" {
  count = var.create && !local.is_ours ? 1 : 0

  name        = var.alias
  description = "What callers start; the deployer routes it."

  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.deployed[0].state_machine_version_arn
    weight                    = 100
  }

  lifecycle {
    ignore_changes = [description, routing_configuration]
  }
}
