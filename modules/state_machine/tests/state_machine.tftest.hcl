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
    condition     = startswith(aws_cloudwatch_log_group.this.name, "/aws/vendedlogs/")
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

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    name               = "a/b"
    definition_owner   = "nobody"
    type               = "FAST"
    log_level          = "DEBUG"
    log_retention_days = 31
  }

  expect_failures = [var.name, var.definition_owner, var.type, var.log_level, var.log_retention_days]
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
