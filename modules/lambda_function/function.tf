# Terraform owns the code: a new package or image becomes a new version.
resource "aws_lambda_function" "this" {
  count = var.create && local.is_ours ? 1 : 0

  function_name                  = var.name
  description                    = var.description
  role                           = local.role_arn
  package_type                   = local.is_image ? "Image" : "Zip"
  image_uri                      = one(local.images[*].uri)
  filename                       = var.package_file
  source_code_hash               = var.content_hash
  handler                        = local.is_image ? null : var.handler
  runtime                        = local.is_image ? null : var.runtime
  architectures                  = [var.architecture]
  layers                         = var.layers
  memory_size                    = var.memory_mb
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  code_signing_config_arn        = var.code_signing_config_arn
  kms_key_arn                    = var.kms_key_arn
  publish                        = true
  tags                           = var.tags

  ephemeral_storage {
    size = var.ephemeral_storage_mb
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this[0].name
    application_log_level = var.log_level
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = var.is_traced ? "Active" : "PassThrough"
  }

  dynamic "environment" {
    for_each = length(local.variables) > 0 ? [local.variables] : []

    content {
      variables = environment.value
    }
  }

  dynamic "image_config" {
    for_each = local.images

    content {
      command           = image_config.value.command
      entry_point       = image_config.value.entry_point
      working_directory = image_config.value.working_directory
    }
  }

  dynamic "vpc_config" {
    for_each = local.networks

    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = vpc_config.value.security_group_ids
      ipv6_allowed_for_dual_stack = vpc_config.value.is_dual_stack
    }
  }

  dynamic "file_system_config" {
    for_each = local.file_systems

    content {
      arn              = file_system_config.value.access_point_arn
      local_mount_path = file_system_config.value.mount_path
    }
  }

  dynamic "dead_letter_config" {
    for_each = local.dead_letters

    content {
      target_arn = dead_letter_config.value
    }
  }

  dynamic "snap_start" {
    for_each = var.has_snap_start ? ["PublishedVersions"] : []

    content {
      apply_on = snap_start.value
    }
  }
}
