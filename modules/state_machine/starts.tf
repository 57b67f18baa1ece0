# What starts the machine: schedules of EventBridge Scheduler, and rules for events. Both start the alias, and so what
# it is routed to. What watches it: alarms.

locals {
  machine_arns = concat(aws_sfn_state_machine.this[*].arn, aws_sfn_state_machine.deployed[*].arn)
}

module "schedule_role" {
  source = "../iam"

  create      = var.create && length(var.schedules) > 0
  name        = "${var.name}-schedules"
  path        = var.role_path
  description = "Starts ${var.name} when it is time."
  service     = "scheduler.amazonaws.com"
  account_id  = var.account_id
  region      = var.region
  integrations = {
    states = local.machine_arns
    sqs    = [for schedule in values(var.schedules) : schedule.dead_letter.arn if schedule.dead_letter != null]
  }
  uses_key                 = var.is_encrypted
  kms_key_arn              = var.kms_key_arn
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

resource "aws_scheduler_schedule" "this" {
  for_each = var.create ? var.schedules : {}

  name                         = "${var.name}-${each.key}"
  description                  = "Starts ${var.name}."
  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.timezone
  state                        = each.value.is_enabled ? "ENABLED" : "DISABLED"
  start_date                   = each.value.start
  end_date                     = each.value.end
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode                      = each.value.flexible_minutes > 0 ? "FLEXIBLE" : "OFF"
    maximum_window_in_minutes = each.value.flexible_minutes > 0 ? each.value.flexible_minutes : null
  }

  target {
    arn      = local.alias.arn
    role_arn = module.schedule_role.arn
    input    = each.value.input

    retry_policy {
      maximum_retry_attempts       = each.value.retries
      maximum_event_age_in_seconds = each.value.max_age
    }

    dynamic "dead_letter_config" {
      for_each = each.value.dead_letter == null ? [] : [each.value.dead_letter]

      content {
        arn = dead_letter_config.value.arn
      }
    }
  }
}

module "event_role" {
  source = "../iam"

  create                   = var.create && length(var.event_rules) > 0
  name                     = "${var.name}-events"
  path                     = var.role_path
  description              = "Starts ${var.name} for events."
  service                  = "events.amazonaws.com"
  account_id               = var.account_id
  region                   = var.region
  integrations             = { states = local.machine_arns }
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = var.create ? var.event_rules : {}

  name           = "${var.name}-${each.key}"
  description    = "Starts ${var.name}."
  event_bus_name = each.value.bus
  event_pattern  = each.value.pattern
  state          = each.value.is_enabled ? "ENABLED" : "DISABLED"
  tags           = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = var.create ? var.event_rules : {}

  rule           = aws_cloudwatch_event_rule.this[each.key].name
  event_bus_name = each.value.bus
  arn            = local.alias.arn
  role_arn       = module.event_role.arn
  input          = each.value.input

  retry_policy {
    maximum_retry_attempts       = each.value.retries
    maximum_event_age_in_seconds = each.value.max_age
  }

  dynamic "input_transformer" {
    for_each = each.value.template == null ? [] : [each.value]

    content {
      input_paths    = input_transformer.value.paths
      input_template = input_transformer.value.template
    }
  }

  dynamic "dead_letter_config" {
    for_each = each.value.dead_letter == null ? [] : [each.value.dead_letter]

    content {
      arn = dead_letter_config.value.arn
    }
  }
}

module "alarms" {
  source = "../alarms"

  create     = var.create && var.alarms != null
  machines   = { for arn in local.machine_arns : var.name => arn }
  topic_arns = try(var.alarms.topic_arns, [])
  threshold  = try(var.alarms.threshold, 1)
  period     = try(var.alarms.period, 300)
  tags       = var.tags
}
