mock_provider "aws" {
  override_during = plan
}

variables {
  name = "step-deployer-locks"
}

run "a_lock_outlives_everything" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this[0].deletion_protection_enabled && one(aws_dynamodb_table.this[0].point_in_time_recovery).enabled
    error_message = "Fences can get lost."
  }

  assert {
    condition     = length(aws_dynamodb_table.this[0].ttl) == 0
    error_message = "An item that goes away resets its fence."
  }
}

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    name = "a/b"
  }

  expect_failures = [var.name]
}
