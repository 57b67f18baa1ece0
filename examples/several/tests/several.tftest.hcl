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
}

variables {
  build_folder = "tests/build"
}

run "no_two_of_them_share_a_name" {
  command = plan

  assert {
    condition     = length(output.names) == 4
    error_message = "There are ${join(", ", keys(output.names))}."
  }

  assert {
    condition     = length(setintersection(output.names["bread-blue"], output.names["bread-green"])) == 0
    error_message = "Two environments touch each other."
  }

  assert {
    condition     = length(setintersection(output.names["bread-blue"], output.names["hello-blue"])) == 0
    error_message = "Two projects touch each other."
  }
}
