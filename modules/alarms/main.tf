# Alarms on what a machine and its functions can't say themselves.

locals {
  # One row for each metric: a single failure is a reason to look.
  machine_metrics = {
    ExecutionsFailed   = "An execution failed."
    ExecutionsTimedOut = "An execution took longer than its TimeoutSeconds."
    ExecutionThrottled = "Step Functions holds state transitions back."
    ExecutionsAborted  = "An execution was stopped."
  }
  function_metrics = {
    Errors    = "An invocation failed."
    Throttles = "Lambda refused an invocation."
  }
  machine_alarms = merge([
    for machine, arn in var.machines : {
      for metric, reason in local.machine_metrics : "${machine}-${metric}" => {
        namespace  = "AWS/States"
        metric     = metric
        reason     = reason
        dimensions = { StateMachineArn = arn }
      }
    }
  ]...)
  function_alarms = merge([
    for name in var.functions : {
      for metric, reason in local.function_metrics : "${name}-${metric}" => {
        namespace  = "AWS/Lambda"
        metric     = metric
        reason     = reason
        dimensions = { FunctionName = name }
      }
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.create ? merge(local.machine_alarms, local.function_alarms) : {}

  alarm_name          = each.key
  alarm_description   = each.value.reason
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = var.period
  evaluation_periods  = 1
  threshold           = var.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  # No execution is no failure.
  treat_missing_data = "notBreaching"
  alarm_actions      = var.topic_arns
  ok_actions         = var.topic_arns
  tags               = var.tags
}
