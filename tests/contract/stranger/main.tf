# Somebody else's stack, written for AWS: nothing in it knows of the local service.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "runtime" {
  description = "Which Python the functions are for."
  type        = string
}

provider "aws" {
  region = "us-east-1"
  default_tags { tags = { Project = "stranger" } }
}
data "aws_caller_identity" "this" {}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "states.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "lambda" {
  name               = "stranger-lambda"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role_policy_attachment" "basic" {
  role       = aws_iam_role.lambda.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
resource "aws_iam_role_policy" "table" {
  name   = "table"
  role   = aws_iam_role.lambda.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["dynamodb:PutItem"], Resource = aws_dynamodb_table.orders.arn }] })
}
resource "aws_s3_bucket" "artifacts" {
  bucket        = "stranger-artifacts"
  force_destroy = true
}
resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_public_access_block" "artifacts" {
  bucket                  = aws_s3_bucket.artifacts.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_object" "code" {
  bucket     = aws_s3_bucket.artifacts.id
  key        = "charge.zip"
  source     = "charge.zip"
  etag       = filemd5("charge.zip")
  depends_on = [aws_s3_bucket_versioning.artifacts]
}
resource "aws_dynamodb_table" "orders" {
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"
  name             = "orders"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = true }
}
resource "aws_cloudwatch_log_group" "f" {
  for_each          = toset(["reserve", "charge"])
  name              = "/aws/lambda/${each.key}"
  retention_in_days = 14
}
resource "aws_lambda_layer_version" "shared" {
  layer_name          = "shared"
  filename            = "layer.zip"
  source_code_hash    = filebase64sha256("layer.zip")
  compatible_runtimes = [var.runtime]
}
resource "aws_lambda_function" "reserve" {
  function_name    = "reserve"
  role             = aws_iam_role.lambda.arn
  handler          = "reserve.handler"
  runtime          = var.runtime
  filename         = "reserve.zip"
  source_code_hash = filebase64sha256("reserve.zip")
  publish          = true
  memory_size      = 256
  timeout          = 10
  layers           = [aws_lambda_layer_version.shared.arn]
  environment { variables = { TABLE = aws_dynamodb_table.orders.name } }
  logging_config {
    log_format            = "JSON"
    application_log_level = "DEBUG"
    log_group             = aws_cloudwatch_log_group.f["reserve"].name
  }
  tracing_config { mode = "Active" }
  reserved_concurrent_executions = 5
}
resource "aws_lambda_function" "charge" {
  function_name     = "charge"
  role              = aws_iam_role.lambda.arn
  handler           = "charge.handler"
  runtime           = var.runtime
  s3_bucket         = aws_s3_object.code.bucket
  s3_key            = aws_s3_object.code.key
  s3_object_version = aws_s3_object.code.version_id
}
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.reserve.function_name
  function_version = aws_lambda_function.reserve.version
}
resource "aws_lambda_permission" "events" {
  statement_id  = "events"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.reserve.function_name
  principal     = "events.amazonaws.com"
  qualifier     = aws_lambda_alias.live.name
}
resource "aws_lambda_function_event_invoke_config" "reserve" {
  function_name          = aws_lambda_function.reserve.function_name
  maximum_retry_attempts = 1
}
resource "aws_sfn_state_machine" "order" {
  name     = "order"
  role_arn = aws_iam_role.lambda.arn
  definition = jsonencode({
    StartAt = "Reserve"
    States = {
      Reserve = { Type = "Task", Resource = "arn:aws:states:::lambda:invoke", Parameters = { FunctionName = aws_lambda_alias.live.arn, "Payload.$" = "$" }, OutputPath = "$.Payload", Next = "Charge" }
      Charge  = { Type = "Task", Resource = aws_lambda_function.charge.arn, End = true }
    }
  })
}
output "machine" { value = aws_sfn_state_machine.order.arn }

resource "aws_lambda_event_source_mapping" "charge" {
  event_source_arn        = aws_dynamodb_table.orders.stream_arn
  function_name           = aws_lambda_function.charge.arn
  starting_position       = "LATEST"
  batch_size              = 5
  maximum_retry_attempts  = 2
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = { team = "orders" }

  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["INSERT"] })
    }
  }
}
