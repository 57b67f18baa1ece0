# Events that Lambda brings to the function: asynchronous invocations, and what it reads from queues and streams.

resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.create ? length(local.asynchronous) : 0

  function_name                = var.function.name
  qualifier                    = local.qualifier
  maximum_retry_attempts       = var.asynchronous.retries
  maximum_event_age_in_seconds = var.asynchronous.max_age

  dynamic "destination_config" {
    for_each = var.asynchronous.on_failure != null || var.asynchronous.on_success != null ? [var.asynchronous] : []

    content {
      dynamic "on_failure" {
        for_each = destination_config.value.on_failure == null ? [] : [destination_config.value.on_failure]

        content {
          destination = on_failure.value.arn
        }
      }

      dynamic "on_success" {
        for_each = destination_config.value.on_success == null ? [] : [destination_config.value.on_success]

        content {
          destination = on_success.value.arn
        }
      }
    }
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = var.create ? var.event_sources : {}

  function_name                      = local.called_arn
  event_source_arn                   = each.value.arn
  enabled                            = each.value.is_enabled
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.batching_window
  function_response_types            = each.value.reports_failures ? ["ReportBatchItemFailures"] : []
  starting_position                  = each.value.starting_position
  maximum_retry_attempts             = each.value.retries
  maximum_record_age_in_seconds      = each.value.max_age
  bisect_batch_on_function_error     = each.value.bisects
  parallelization_factor             = each.value.parallel_batches
  tumbling_window_in_seconds         = each.value.tumbling_window
  tags                               = var.tags

  dynamic "filter_criteria" {
    for_each = length(each.value.filters) > 0 ? [each.value.filters] : []

    content {
      dynamic "filter" {
        for_each = filter_criteria.value

        content {
          pattern = filter.value
        }
      }
    }
  }

  dynamic "scaling_config" {
    for_each = each.value.max_concurrency == null ? [] : [each.value.max_concurrency]

    content {
      maximum_concurrency = scaling_config.value
    }
  }

  dynamic "destination_config" {
    for_each = each.value.on_failure == null ? [] : [each.value.on_failure]

    content {
      on_failure {
        destination_arn = destination_config.value.arn
      }
    }
  }
}
