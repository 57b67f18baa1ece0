mock_provider "aws" {
  override_during = plan

  mock_resource "aws_lambda_alias" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:order:live" }
  }
}

variables {
  function = {
    arn     = "arn:aws:lambda:us-east-1:123456789012:function:order"
    name    = "order"
    version = "3"
  }
}

run "all_go_to_the_alias" {
  command = plan

  variables {
    alias                   = "live"
    provisioned_concurrency = 2
    permissions             = { topic = { principal = "sns.amazonaws.com", source_arn = "arn:aws:sns:us-east-1:123456789012:orders" } }
    url                     = {}
    asynchronous            = { retries = 0, max_age = 60, on_success = { arn = "arn:aws:sns:us-east-1:123456789012:done" } }
    event_sources           = { orders = { arn = "arn:aws:sqs:us-east-1:123456789012:orders" } }
  }

  assert {
    condition     = aws_lambda_alias.this[0].function_version == "3"
    error_message = "The alias is at ${aws_lambda_alias.this[0].function_version}."
  }

  assert {
    condition = join(" ", distinct([
      aws_lambda_provisioned_concurrency_config.this[0].qualifier,
      aws_lambda_permission.this["topic"].qualifier,
      aws_lambda_function_url.this[0].qualifier,
      aws_lambda_function_event_invoke_config.this[0].qualifier,
    ])) == "live"
    error_message = "Somebody calls something else."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this["orders"].function_name == "arn:aws:lambda:us-east-1:123456789012:function:order:live"
    error_message = aws_lambda_event_source_mapping.this["orders"].function_name
  }

  assert {
    condition     = aws_lambda_function_url.this[0].authorization_type == "AWS_IAM"
    error_message = "Everybody may call it."
  }
}

run "a_queue_is_read_as_is_said" {
  command = plan

  variables {
    event_sources = {
      orders = {
        arn             = "arn:aws:sqs:us-east-1:123456789012:orders"
        batch_size      = 100
        batching_window = 5
        filters         = [jsonencode({ body = { kind = ["order"] } })]
        max_concurrency = 4
      }
    }
  }

  assert {
    condition = {
      called  = aws_lambda_event_source_mapping.this["orders"].function_name
      batch   = aws_lambda_event_source_mapping.this["orders"].batch_size
      window  = aws_lambda_event_source_mapping.this["orders"].maximum_batching_window_in_seconds
      types   = aws_lambda_event_source_mapping.this["orders"].function_response_types
      filter  = one(one(aws_lambda_event_source_mapping.this["orders"].filter_criteria).filter).pattern
      at_once = one(aws_lambda_event_source_mapping.this["orders"].scaling_config).maximum_concurrency
      } == {
      called  = "arn:aws:lambda:us-east-1:123456789012:function:order"
      batch   = 100
      window  = 5
      types   = toset(["ReportBatchItemFailures"])
      filter  = "{\"body\":{\"kind\":[\"order\"]}}"
      at_once = 4
    }
    error_message = "Something was dropped on the way."
  }
}

run "a_stream_is_read_as_is_said" {
  command = plan

  variables {
    event_sources = {
      changes = {
        arn               = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"
        starting_position = "TRIM_HORIZON"
        retries           = 3
        max_age           = 600
        bisects           = true
        parallel_batches  = 2
        on_failure        = { arn = "arn:aws:sqs:us-east-1:123456789012:dead" }
      }
      clicks = {
        arn               = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
        starting_position = "LATEST"
        tumbling_window   = 30
      }
    }
  }

  assert {
    condition = {
      from    = aws_lambda_event_source_mapping.this["changes"].starting_position
      retries = aws_lambda_event_source_mapping.this["changes"].maximum_retry_attempts
      age     = aws_lambda_event_source_mapping.this["changes"].maximum_record_age_in_seconds
      bisects = aws_lambda_event_source_mapping.this["changes"].bisect_batch_on_function_error
      shards  = aws_lambda_event_source_mapping.this["changes"].parallelization_factor
      dead    = one(one(aws_lambda_event_source_mapping.this["changes"].destination_config).on_failure).destination_arn
      window  = aws_lambda_event_source_mapping.this["clicks"].tumbling_window_in_seconds
      } == {
      from    = "TRIM_HORIZON"
      retries = 3
      age     = 600
      bisects = true
      shards  = 2
      dead    = "arn:aws:sqs:us-east-1:123456789012:dead"
      window  = 30
    }
    error_message = "Something was dropped on the way."
  }
}

run "latest_has_no_provisioned_concurrency" {
  command = plan

  variables {
    provisioned_concurrency = 1
  }

  expect_failures = [aws_lambda_provisioned_concurrency_config.this[0]]
}

run "nothing_is_made_where_nothing_is_wanted" {
  command = plan

  variables {
    create                  = false
    alias                   = "live"
    provisioned_concurrency = 2
    permissions             = { topic = { principal = "sns.amazonaws.com", source_arn = "arn:aws:sns:us-east-1:123456789012:orders" } }
    url                     = {}
    asynchronous            = {}
    event_sources           = { orders = { arn = "arn:aws:sqs:us-east-1:123456789012:orders" } }
  }

  assert {
    condition = length(concat(
      aws_lambda_alias.this, aws_lambda_provisioned_concurrency_config.this, aws_lambda_function_url.this,
      aws_lambda_function_event_invoke_config.this, keys(aws_lambda_permission.this), keys(aws_lambda_event_source_mapping.this),
    )) == 0
    error_message = "Something is made."
  }
}

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    alias                   = "3"
    provisioned_concurrency = -1
    permissions             = { "to pic" = { principal = "sns.amazonaws.com" }, all = { principal = "*" } }
    asynchronous            = { retries = 3, max_age = 1 }
    event_sources           = { orders = { arn = "a", batch_size = 0, filters = ["kind"], starting_position = "FIRST" } }
  }

  expect_failures = [
    var.alias,
    var.provisioned_concurrency,
    var.permissions,
    var.asynchronous,
    var.event_sources,
  ]
}
