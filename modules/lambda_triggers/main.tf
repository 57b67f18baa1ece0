# What calls a Lambda function by itself, beside a machine that names its version: an alias, who may call it, its URL,
# and the events that Lambda brings to it. What the function's role needs for them is lambda_function's to give.

locals {
  # Where there is no alias: the function as it is, $LATEST.
  qualifier    = one(aws_lambda_alias.this[*].name)
  called_arn   = var.alias == null ? var.function.arn : one(aws_lambda_alias.this[*].arn)
  asynchronous = [for settings in [var.asynchronous] : settings if settings != null]
  urls         = [for url in [var.url] : url if url != null]
}

resource "aws_lambda_alias" "this" {
  count = var.create && var.alias != null ? 1 : 0

  name             = var.alias
  description      = "What callers invoke."
  function_name    = var.function.name
  function_version = var.function.version
}

resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = var.create && var.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = var.function.name
  qualifier                         = local.qualifier
  provisioned_concurrent_executions = var.provisioned_concurrency

  lifecycle {
    precondition {
      condition     = var.alias != null
      error_message = "Provisioned concurrency is an alias's: $LATEST has none."
    }
  }
}

resource "aws_lambda_permission" "this" {
  for_each = var.create ? var.permissions : {}

  statement_id     = each.key
  function_name    = var.function.name
  qualifier        = local.qualifier
  action           = "lambda:InvokeFunction"
  principal        = each.value.principal
  principal_org_id = each.value.organization_id
  source_arn       = each.value.source_arn
  source_account   = each.value.source_account
}

resource "aws_lambda_function_url" "this" {
  count = var.create ? length(local.urls) : 0

  function_name      = var.function.name
  qualifier          = local.qualifier
  authorization_type = var.url.is_public ? "NONE" : "AWS_IAM"
  invoke_mode        = var.url.is_streamed ? "RESPONSE_STREAM" : "BUFFERED"

  dynamic "cors" {
    for_each = var.url.cors == null ? [] : [var.url.cors]

    content {
      allow_credentials = cors.value.allow_credentials
      allow_headers     = cors.value.allow_headers
      allow_methods     = cors.value.allow_methods
      allow_origins     = cors.value.allow_origins
      expose_headers    = cors.value.expose_headers
      max_age           = cors.value.max_age
    }
  }
}
