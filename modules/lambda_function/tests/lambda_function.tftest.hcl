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
}

variables {
  name         = "order"
  description  = "A test."
  account_id   = "123456789012"
  region       = "us-east-1"
  package_file = "order.zip"
  content_hash = "0"
  handler      = "order.handlers"
  runtime      = "python3.13"
  architecture = "arm64"
}

run "terraform_owns_the_code" {
  command = plan

  assert {
    condition     = length(aws_lambda_function.this) == 1 && length(aws_lambda_function.deployed) == 0
    error_message = "The function is the deployer's."
  }

  assert {
    condition     = aws_lambda_function.this[0].publish && aws_lambda_function.this[0].source_code_hash == "0"
    error_message = "A new package wouldn't become a version."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/order" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "Logs go elsewhere, or stay for ever."
  }

  assert {
    condition     = one(aws_lambda_function.this[0].tracing_config).mode == "Active"
    error_message = "It isn't traced."
  }
}

run "the_deployer_owns_the_code" {
  command = plan

  variables {
    code_owner = "deployer"
  }

  assert {
    condition     = length(aws_lambda_function.this) == 0 && length(aws_lambda_function.deployed) == 1
    error_message = "The function is Terraform's."
  }

  assert {
    condition     = output.qualified_arn == "arn:aws:lambda:us-east-1:123456789012:function:mock:1"
    error_message = "Its first version has no ARN."
  }
}

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    name               = "a/b"
    code_owner         = "nobody"
    package_file       = "lambda/"
    handler            = "order"
    runtime            = "python3.10"
    architecture       = "riscv"
    memory_mb          = 64
    timeout            = 901
    log_retention_days = 31
  }

  expect_failures = [
    var.name,
    var.code_owner,
    var.package_file,
    var.handler,
    var.runtime,
    var.architecture,
    var.memory_mb,
    var.timeout,
    var.log_retention_days,
  ]
}
