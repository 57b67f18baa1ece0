# A Lambda function with the role and the log group that it needs.

locals {
  is_ours   = var.code_owner == "terraform"
  function  = one(concat(aws_lambda_function.this, aws_lambda_function.deployed))
  variables = { for name, value in var.environment_variables : name => value if value != null }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

module "role" {
  source = "../iam"

  name                     = "${var.name}-function"
  description              = "What the function ${var.name} may do."
  service                  = "lambda.amazonaws.com"
  account_id               = var.account_id
  region                   = var.region
  integrations             = var.integrations
  policies                 = var.policies
  writes_logs              = true
  log_group_arns           = [aws_cloudwatch_log_group.this.arn]
  is_traced                = var.is_traced
  uses_key                 = var.is_encrypted
  kms_key_arn              = var.kms_key_arn
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# Terraform owns the code: a new package becomes a new version.
resource "aws_lambda_function" "this" {
  count = local.is_ours ? 1 : 0

  function_name                  = var.name
  description                    = var.description
  role                           = module.role.arn
  filename                       = var.package_file
  source_code_hash               = var.content_hash
  handler                        = var.handler
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn
  publish                        = true
  tags                           = var.tags

  dynamic "environment" {
    for_each = length(local.variables) > 0 ? [local.variables] : []

    content {
      variables = environment.value
    }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = var.log_level
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = var.is_traced ? "Active" : "PassThrough"
  }
}

# The deployer owns the code: Terraform brings the first version and leaves every later one alone.
resource "aws_lambda_function" "deployed" {
  count = local.is_ours ? 0 : 1

  function_name                  = var.name
  description                    = var.description
  role                           = module.role.arn
  filename                       = var.package_file
  source_code_hash               = var.content_hash
  handler                        = var.handler
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn
  publish                        = true
  tags                           = var.tags

  dynamic "environment" {
    for_each = length(local.variables) > 0 ? [local.variables] : []

    content {
      variables = environment.value
    }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = var.log_level
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = var.is_traced ? "Active" : "PassThrough"
  }

  lifecycle {
    ignore_changes = [filename, s3_bucket, s3_key, s3_object_version, source_code_hash]
  }
}
