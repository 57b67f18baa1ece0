terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "environment" {
  type    = string
  default = "dev"
}

variable "reviewers" {
  type    = list(string)
  default = ["a@example.com", "b@example.com"]
}

locals {
  prefix    = "review-${var.environment}"
  functions = { score = 10, publish = 30 }
}

data "aws_caller_identity" "current" {}

data "archive_file" "code" {
  for_each    = local.functions
  type        = "zip"
  source_dir  = "${path.module}/src"
  output_path = "${path.module}/build/${each.key}.zip"
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name = "${local.prefix}-${each.key}"
  filename      = "${path.module}/build/${each.key}.zip"
  handler       = "${each.key}.handler"
  runtime       = "python3.12"
  role          = aws_iam_role.lambda.arn
  timeout       = each.value

  environment {
    variables = {
      ENVIRONMENT = var.environment
    }
  }
}

resource "aws_iam_role" "lambda" {
  name               = "${local.prefix}-lambda"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_dynamodb_table" "reviews" {
  name         = "${local.prefix}-reviews"
  hash_key     = "id"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_sfn_state_machine" "review" {
  name     = local.prefix
  role_arn = aws_iam_role.lambda.arn

  definition = templatefile("${path.module}/states/review.asl.json.tftpl", {
    score_arn = aws_lambda_function.this["score"].arn
    table     = aws_dynamodb_table.reviews.name
    reviewers = var.reviewers
    seconds   = var.environment == "prod" ? 3600 : 60
    publisher = module.notifier.machine_arn
  })
}

module "notifier" {
  source = "./modules/notifier"

  name         = "${local.prefix}-publish"
  function_arn = aws_lambda_function.this["publish"].arn
}
