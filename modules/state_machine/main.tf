# A state machine with its versions, the alias that callers use, its role and its log group.

locals {
  is_ours    = var.definition_owner == "terraform"
  machine    = one(concat(aws_sfn_state_machine.this, aws_sfn_state_machine.deployed))
  alias      = one(concat(aws_sfn_alias.this, aws_sfn_alias.deployed))
  is_logged  = var.log_level != "OFF"
  log_target = "${aws_cloudwatch_log_group.this.arn}:*"
}

resource "aws_cloudwatch_log_group" "this" {
  # The prefix keeps CloudWatch's resource policy from growing over its limit.
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

module "role" {
  source = "../iam"

  name                     = "${var.name}-machine"
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
  count = local.is_ours ? 1 : 0

  name       = var.name
  type       = var.type
  role_arn   = module.role.arn
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
      kms_data_key_reuse_period_seconds = 300
    }
  }

  # AWS refuses a machine whose role can't yet deliver its logs.
  depends_on = [module.role]
}

resource "aws_sfn_alias" "this" {
  count = local.is_ours ? 1 : 0

  name        = var.alias
  description = "What callers start."

  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.this[0].state_machine_version_arn
    weight                    = 100
  }
}

# The deployer owns the definition and the alias: Terraform brings the first and leaves every later one alone.
resource "aws_sfn_state_machine" "deployed" {
  count = local.is_ours ? 0 : 1

  name       = var.name
  type       = var.type
  role_arn   = module.role.arn
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
      kms_data_key_reuse_period_seconds = 300
    }
  }

  lifecycle {
    ignore_changes = [definition]
  }

  depends_on = [module.role]
}

resource "aws_sfn_alias" "deployed" {
  count = local.is_ours ? 0 : 1

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
