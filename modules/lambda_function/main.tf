# A Lambda function with the role and the log group that it needs. What calls it by itself: the module lambda_triggers.

data "aws_partition" "current" {}

locals {
  is_ours  = var.code_owner == "terraform"
  function = one(concat(aws_lambda_function.this, aws_lambda_function.deployed))
  role_arn = var.role == null ? module.role.arn : var.role.arn
  # Made of names: the role says it before the function is.
  function_arn = "arn:${data.aws_partition.current.partition}:lambda:${var.region}:${var.account_id}:function:${var.name}"

  # What both owners' functions are made of. Blocks are lists of none or one.
  is_image     = var.image != null
  variables    = { for name, value in var.environment_variables : name => value if value != null }
  images       = [for image in [var.image] : image if image != null]
  networks     = [for network in [var.network] : network if network != null]
  file_systems = [for file_system in [var.file_system] : file_system if file_system != null]
  dead_letters = [for target in [var.dead_letter] : target.arn if target != null]
}

resource "aws_cloudwatch_log_group" "this" {
  count = var.create ? 1 : 0

  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags

  lifecycle {
    precondition {
      condition     = local.is_image ? var.package_file == null : var.package_file != null && var.handler != null && var.runtime != null
      error_message = "A function is made of an image, or of package_file, handler and runtime."
    }

    precondition {
      condition     = !local.is_image || length(var.layers) == 0 && !var.has_snap_start
      error_message = "An image has no layers and no SnapStart."
    }
  }
}

module "role" {
  source = "../iam"

  create                   = var.create && var.role == null
  name                     = "${var.name}-function"
  path                     = var.role_path
  description              = "What the function ${var.name} may do."
  service                  = "lambda.amazonaws.com"
  account_id               = var.account_id
  region                   = var.region
  integrations             = var.integrations
  policies                 = var.policies
  writes_logs              = true
  log_group_arns           = aws_cloudwatch_log_group.this[*].arn
  event_source_arns        = var.event_source_arns
  target_arns              = concat(local.dead_letters, var.target_arns)
  connected_function_arn   = var.network == null ? null : local.function_arn
  access_point_arns        = local.file_systems[*].access_point_arn
  is_traced                = var.is_traced
  uses_key                 = var.is_encrypted
  kms_key_arn              = var.kms_key_arn
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}
