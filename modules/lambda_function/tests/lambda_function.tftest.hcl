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
    condition     = aws_cloudwatch_log_group.this[0].name == "/aws/lambda/order" && aws_cloudwatch_log_group.this[0].retention_in_days == 30
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

run "an_image_is_no_package" {
  command = plan

  variables {
    package_file = null
    content_hash = null
    handler      = null
    runtime      = null
    image = {
      uri               = "123456789012.dkr.ecr.us-east-1.amazonaws.com/order@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      command           = ["order.handlers"]
      working_directory = "/order"
    }
  }

  assert {
    condition     = aws_lambda_function.this[0].package_type == "Image" && strcontains(aws_lambda_function.this[0].image_uri, "/order@sha256:")
    error_message = "It is made of ${aws_lambda_function.this[0].package_type}."
  }

  assert {
    condition     = one(aws_lambda_function.this[0].image_config).command == tolist(["order.handlers"]) && one(aws_lambda_function.this[0].image_config).working_directory == "/order"
    error_message = "The image starts as it was built."
  }

  assert {
    condition     = aws_lambda_function.this[0].handler == null && aws_lambda_function.this[0].runtime == null
    error_message = "An image has a handler."
  }
}

run "an_image_has_no_layers" {
  command = plan

  variables {
    package_file = null
    image        = { uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/order:1" }
    layers       = ["arn:aws:lambda:us-east-1:123456789012:layer:tools:1"]
  }

  expect_failures = [aws_cloudwatch_log_group.this[0]]
}

run "a_function_is_made_of_something" {
  command = plan

  variables {
    package_file = null
  }

  expect_failures = [aws_cloudwatch_log_group.this[0]]
}

run "both_owners_functions_have_what_is_said" {
  command = plan

  variables {
    code_owner              = "deployer"
    layers                  = ["arn:aws:lambda:us-east-1:123456789012:layer:tools:1"]
    ephemeral_storage_mb    = 2048
    has_snap_start          = true
    reserved_concurrency    = 7
    code_signing_config_arn = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"
    dead_letter             = { arn = "arn:aws:sqs:us-east-1:123456789012:dead" }
    network                 = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"], is_dual_stack = true }
    file_system             = { access_point_arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0", mount_path = "/mnt/orders" }
  }

  assert {
    condition = {
      layers      = aws_lambda_function.deployed[0].layers
      storage     = one(aws_lambda_function.deployed[0].ephemeral_storage).size
      snapshots   = one(aws_lambda_function.deployed[0].snap_start).apply_on
      reserved    = aws_lambda_function.deployed[0].reserved_concurrent_executions
      signed_by   = aws_lambda_function.deployed[0].code_signing_config_arn
      dead_letter = one(aws_lambda_function.deployed[0].dead_letter_config).target_arn
      groups      = one(aws_lambda_function.deployed[0].vpc_config).security_group_ids
      dual        = one(aws_lambda_function.deployed[0].vpc_config).ipv6_allowed_for_dual_stack
      mounted_at  = one(aws_lambda_function.deployed[0].file_system_config).local_mount_path
      } == {
      layers      = tolist(["arn:aws:lambda:us-east-1:123456789012:layer:tools:1"])
      storage     = 2048
      snapshots   = "PublishedVersions"
      reserved    = 7
      signed_by   = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"
      dead_letter = "arn:aws:sqs:us-east-1:123456789012:dead"
      groups      = toset(["sg-1"])
      dual        = true
      mounted_at  = "/mnt/orders"
    }
    error_message = "Something was dropped on the way."
  }

  assert {
    condition     = join(" ", keys(output.role_policies)) == "file-system logs network targets tracing"
    error_message = "The role has ${join(", ", keys(output.role_policies))}."
  }
}

run "a_role_that_is_there_is_left_alone" {
  command = plan

  variables {
    role = { arn = "arn:aws:iam::123456789012:role/teams/order" }
  }

  assert {
    condition     = aws_lambda_function.this[0].role == "arn:aws:iam::123456789012:role/teams/order" && length(output.role_policies) == 0
    error_message = "It has ${aws_lambda_function.this[0].role}."
  }
}

run "nothing_is_made_where_nothing_is_wanted" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(aws_lambda_function.this) + length(aws_lambda_function.deployed) + length(aws_cloudwatch_log_group.this) == 0
    error_message = "Something is made."
  }

  assert {
    condition     = output.arn == null && output.qualified_arn == null && output.role_arn == null
    error_message = "It tells of what isn't there."
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
    image              = { uri = "order:latest" }
    file_system        = { access_point_arn = "a", mount_path = "/orders" }
    layers             = ["1", "2", "3", "4", "5", "6"]
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
    var.image,
    var.file_system,
    var.layers,
    var.log_retention_days,
  ]
}
