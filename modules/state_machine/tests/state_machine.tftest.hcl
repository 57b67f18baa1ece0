mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:mock" }
  }

  mock_resource "aws_sfn_state_machine" {
    defaults = {
      arn                       = "arn:aws:states:us-east-1:123456789012:stateMachine:mock"
      state_machine_version_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:mock:1"
    }
  }

  mock_resource "aws_sfn_alias" {
    defaults = { arn = "arn:aws:states:us-east-1:123456789012:stateMachine:mock:live" }
  }
}

variables {
  name       = "order"
  account_id = "123456789012"
  region     = "us-east-1"
  definition = "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
}

run "terraform_owns_the_definition" {
  command = plan

  assert {
    condition     = length(aws_sfn_state_machine.this) == 1 && length(aws_sfn_state_machine.deployed) == 0
    error_message = "The machine is the deployer's."
  }

  assert {
    condition     = aws_sfn_state_machine.this[0].publish && aws_sfn_alias.this[0].name == "live"
    error_message = "A new definition wouldn't become the live version."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.this[0].name, "/aws/vendedlogs/")
    error_message = "CloudWatch's resource policy would grow with each machine."
  }

  assert {
    condition     = !one(aws_sfn_state_machine.this[0].logging_configuration).include_execution_data
    error_message = "Inputs are logged without being asked for."
  }
}

run "the_deployer_owns_the_definition" {
  command = plan

  variables {
    definition_owner = "deployer"
  }

  assert {
    condition     = length(aws_sfn_state_machine.deployed) == 1 && length(aws_sfn_alias.deployed) == 1
    error_message = "The machine is Terraform's."
  }
}

run "logging_can_be_off" {
  command = plan

  variables {
    log_level = "OFF"
  }

  assert {
    condition     = one(aws_sfn_state_machine.this[0].logging_configuration).log_destination == null
    error_message = "There is a destination for nothing."
  }

  assert {
    condition     = !contains(keys(output.role_policies), "log-delivery")
    error_message = "The role delivers logs that there are none of."
  }
}

run "schedules_and_events_start_the_alias" {
  command = plan

  variables {
    schedules = {
      night = { expression = "cron(0 3 * * ? *)", timezone = "Europe/Berlin", flexible_minutes = 15, input = "{\"kind\":\"night\"}", dead_letter = { arn = "arn:aws:sqs:us-east-1:123456789012:dead" } }
    }
    event_rules = {
      paid = {
        pattern  = jsonencode({ source = ["shop"] })
        bus      = "orders"
        paths    = { order = "$.detail.order" }
        template = "{\"order\": <order>}"
      }
    }
  }

  assert {
    condition     = distinct([one(aws_scheduler_schedule.this["night"].target).arn, aws_cloudwatch_event_target.this["paid"].arn])[0] == output.alias_arn
    error_message = "What the alias is routed to isn't started."
  }

  assert {
    condition = {
      zone   = aws_scheduler_schedule.this["night"].schedule_expression_timezone
      window = one(aws_scheduler_schedule.this["night"].flexible_time_window).maximum_window_in_minutes
      dead   = one(one(aws_scheduler_schedule.this["night"].target).dead_letter_config).arn
      bus    = aws_cloudwatch_event_target.this["paid"].event_bus_name
      input  = one(aws_cloudwatch_event_target.this["paid"].input_transformer).input_template
      } == {
      zone   = "Europe/Berlin"
      window = 15
      dead   = "arn:aws:sqs:us-east-1:123456789012:dead"
      bus    = "orders"
      input  = "{\"order\": <order>}"
    }
    error_message = "Something was dropped on the way."
  }
}

run "alarms_are_told_by_name" {
  command = plan

  variables {
    alarms = { threshold = 3 }
  }

  assert {
    condition     = join(" ", output.alarm_names) == "order-ExecutionThrottled order-ExecutionsAborted order-ExecutionsFailed order-ExecutionsTimedOut"
    error_message = join(" ", output.alarm_names)
  }
}

run "the_deployers_machine_is_started_and_encrypted_alike" {
  command = plan

  variables {
    definition_owner       = "deployer"
    role                   = { arn = "arn:aws:iam::123456789012:role/teams/order" }
    schedules              = { hourly = { expression = "rate(1 hour)", is_enabled = false } }
    is_encrypted           = true
    kms_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/0"
    data_key_reuse_seconds = 900
  }

  assert {
    condition = {
      role     = aws_sfn_state_machine.deployed[0].role_arn
      reuse    = one(aws_sfn_state_machine.deployed[0].encryption_configuration).kms_data_key_reuse_period_seconds
      schedule = aws_scheduler_schedule.this["hourly"].state
    } == { role = "arn:aws:iam::123456789012:role/teams/order", reuse = 900, schedule = "DISABLED" }
    error_message = "Something was dropped on the way."
  }
}

run "nothing_is_made_where_nothing_is_wanted" {
  command = plan

  variables {
    create    = false
    schedules = { hourly = { expression = "rate(1 hour)" } }
    alarms    = {}
  }

  assert {
    condition     = length(aws_sfn_state_machine.this) + length(aws_sfn_alias.this) + length(aws_scheduler_schedule.this) + length(output.alarm_names) == 0
    error_message = "Something is made."
  }

  assert {
    condition     = output.arn == null && output.alias_arn == null && output.role_arn == null
    error_message = "It tells of what isn't there."
  }
}

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    name               = "a/b"
    definition_owner   = "nobody"
    type               = "FAST"
    log_level          = "DEBUG"
    log_retention_days = 31
    schedules          = { often = { expression = "hourly", input = "now" } }
    event_rules        = { all = { pattern = "*", input = "{}", template = "{}" } }

    data_key_reuse_seconds = 30
  }

  expect_failures = [
    var.name,
    var.definition_owner,
    var.type,
    var.log_level,
    var.log_retention_days,
    var.schedules,
    var.event_rules,
    var.data_key_reuse_seconds,
  ]
}

run "a_definition_with_a_taskfn_is_not_what_aws_knows" {
  command = plan

  variables {
    definition = "{\"StartAt\": \"Do\", \"States\": {\"Do\": {\"Type\": \"TaskFn\", \"End\": true}}}"
  }

  expect_failures = [var.definition]
}

run "a_definition_is_json" {
  command = plan

  variables {
    definition = "StartAt: Do"
  }

  expect_failures = [var.definition]
}
