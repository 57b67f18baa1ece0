mock_provider "aws" {
  override_during = plan
}

run "each_machine_and_function_has_its_alarms" {
  command = plan

  variables {
    machines  = { order = "arn:aws:states:us-east-1:123456789012:stateMachine:order" }
    functions = ["order"]
  }

  assert {
    condition = keys(aws_cloudwatch_metric_alarm.this) == [
      "order-Errors",
      "order-ExecutionThrottled",
      "order-ExecutionsAborted",
      "order-ExecutionsFailed",
      "order-ExecutionsTimedOut",
      "order-Throttles",
    ]
    error_message = "There are ${join(", ", keys(aws_cloudwatch_metric_alarm.this))}."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.treat_missing_data == "notBreaching"])
    error_message = "A machine that doesn't run is alarming."
  }
}

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    threshold = 0
    period    = 7
  }

  expect_failures = [var.threshold, var.period]
}
