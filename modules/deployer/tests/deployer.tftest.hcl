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

  mock_resource "aws_lambda_function" {
    defaults = {
      arn           = "arn:aws:lambda:us-east-1:123456789012:function:mock"
      qualified_arn = "arn:aws:lambda:us-east-1:123456789012:function:mock:1"
      version       = "1"
    }
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

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mock" }
  }

  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/mock" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::mock", bucket = "step-releases" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/mock" }
  }
}

variables {
  config          = "production"
  account_id      = "123456789012"
  region          = "us-east-1"
  bucket_name     = "step-releases"
  external_id     = "step"
  package_file    = "deployer.zip"
  content_hash    = "0"
  handler         = "deployer.handlers"
  runtime         = "python3.13"
  architecture    = "arm64"
  definition_file = "tests/deployer.asl.json"
}

run "it_is_a_project_that_it_deploys_itself" {
  command = plan

  assert {
    condition     = output.machine_name == "step-deployer" && output.function_name == "step-deployer"
    error_message = "The deployer is called ${output.machine_name} and ${output.function_name}."
  }

  assert {
    condition     = output.deployer.role_arn == "arn:aws:iam::123456789012:role/step-deployer-function"
    error_message = "Projects would trust ${output.deployer.role_arn}."
  }
}

run "an_execution_that_was_stopped_starts_another" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.recover[0].event_pattern).detail.status == ["ABORTED", "FAILED", "TIMED_OUT"]
    error_message = aws_cloudwatch_event_rule.recover[0].event_pattern
  }

  assert {
    condition     = one(aws_cloudwatch_event_target.recover[0].input_transformer).input_template == "{\"recover\": <execution>, \"by\": \"rule\"}"
    error_message = "It isn't told which."
  }
}

run "holders_that_died_without_an_event_are_looked_for" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_rule.sweep[0].schedule_expression == "rate(15 minutes)"
    error_message = "Nobody looks."
  }

  assert {
    condition     = aws_cloudwatch_event_target.sweep[0].input == "{\"sweep\":{}}"
    error_message = aws_cloudwatch_event_target.sweep[0].input
  }
}

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    name               = "step deployer"
    account_id         = "1"
    target_account_ids = ["*"]
    sweep_minutes      = 0
  }

  expect_failures = [var.name, var.account_id, var.target_account_ids, var.sweep_minutes]
}
