# The policies are the provider's work, so it is the real one; a plan of new resources asks AWS for nothing.
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name        = "order-machine"
  description = "A test."
  service     = "states.amazonaws.com"
  account_id  = "123456789012"
  region      = "us-east-1"
}

run "an_integration_allows_its_own_calls_on_its_own_resources" {
  command = plan

  variables {
    integrations = { lambda = ["arn:aws:lambda:us-east-1:123456789012:function:order"] }
  }

  assert {
    condition     = join(" ", keys(output.policies)) == "integrations"
    error_message = "More policies than integrations: ${join(", ", keys(output.policies))}"
  }

  assert {
    condition = jsondecode(output.policies.integrations).Statement[0] == {
      Sid    = "InvokeFunctions"
      Effect = "Allow"
      Action = "lambda:InvokeFunction"
      Resource = [
        "arn:aws:lambda:us-east-1:123456789012:function:order:*",
        "arn:aws:lambda:us-east-1:123456789012:function:order",
      ]
    }
    error_message = output.policies.integrations
  }
}

run "waiting_for_a_child_takes_its_executions_and_the_managed_rule" {
  command = plan

  variables {
    integrations = { states_sync = ["arn:aws:states:us-east-1:123456789012:stateMachine:child"] }
  }

  assert {
    condition = {
      for statement in jsondecode(output.policies.integrations).Statement : statement.Sid => statement.Resource
      } == {
      FollowExecutions       = "arn:aws:states:us-east-1:123456789012:execution:child:*"
      LearnOfEndedExecutions = "arn:aws:events:us-east-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
      RedriveMapRuns         = "arn:aws:states:us-east-1:123456789012:execution:child/*:*"
      StartExecutions        = "arn:aws:states:us-east-1:123456789012:stateMachine:child"
    }
    error_message = output.policies.integrations
  }
}

# Step Functions authorizes a call to an alias or a version by the ARN of its machine.
run "a_child_called_by_its_alias_is_authorized_by_its_machine" {
  command = plan

  variables {
    integrations = { states_sync = ["arn:aws:states:us-east-1:123456789012:stateMachine:child:live"] }
  }

  assert {
    condition = {
      for statement in jsondecode(output.policies.integrations).Statement : statement.Sid => statement.Resource
      if !contains(["LearnOfEndedExecutions", "RedriveMapRuns"], statement.Sid)
      } == {
      FollowExecutions = "arn:aws:states:us-east-1:123456789012:execution:child:*"
      StartExecutions  = "arn:aws:states:us-east-1:123456789012:stateMachine:child"
    }
    error_message = output.policies.integrations
  }
}

run "an_endpoint_takes_the_call_the_connection_and_its_secret" {
  command = plan

  variables {
    integrations = { http_connections = ["arn:aws:events:us-east-1:123456789012:connection/mill/1234"] }
  }

  assert {
    condition = {
      for statement in jsondecode(output.policies.integrations).Statement : statement.Sid => statement.Resource
      } == {
      CallEndpoints         = "arn:aws:states:us-east-1:123456789012:stateMachine:*"
      ReadConnectionSecrets = "arn:aws:secretsmanager:us-east-1:123456789012:secret:events!connection/mill/*"
      UseConnections        = "arn:aws:events:us-east-1:123456789012:connection/mill/1234"
    }
    error_message = output.policies.integrations
  }
}

run "a_role_without_integrations_may_do_nothing" {
  command = plan

  assert {
    condition     = length(output.policies) == 0
    error_message = "It may ${join(", ", keys(output.policies))}."
  }

  assert {
    condition = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
    }
    error_message = "Another account's machine could take the role."
  }
}

run "what_lambda_reads_and_delivers_is_allowed_by_the_service_in_the_arn" {
  command = plan

  variables {
    service           = "lambda.amazonaws.com"
    event_source_arns = ["arn:aws:sqs:us-east-1:123456789012:orders", "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"]
    target_arns       = ["arn:aws:sns:us-east-1:123456789012:dead", "arn:aws:s3:::failures"]
  }

  assert {
    condition = {
      for statement in jsondecode(output.policies["event-sources"]).Statement : statement.Resource => join(" ", [
        for action in statement.Action : action if endswith(action, "ReceiveMessage") || endswith(action, "GetRecords")
      ])
      } == {
      "arn:aws:sqs:us-east-1:123456789012:orders"            = "sqs:ReceiveMessage"
      "arn:aws:kinesis:us-east-1:123456789012:stream/clicks" = "kinesis:GetRecords"
    }
    error_message = output.policies["event-sources"]
  }

  assert {
    condition = {
      for statement in jsondecode(output.policies.targets).Statement : statement.Sid => jsonencode([statement.Action, statement.Resource])
      } == {
      Deliver0 = jsonencode(["sns:Publish", "arn:aws:sns:us-east-1:123456789012:dead"])
      Deliver1 = jsonencode([["s3:PutObject", "s3:ListBucket"], ["arn:aws:s3:::failures/*", "arn:aws:s3:::failures"]])
    }
    error_message = output.policies.targets
  }
}

run "lambda_connects_a_function_and_its_code_connects_nothing" {
  command = plan

  variables {
    service                = "lambda.amazonaws.com"
    connected_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:order"
  }

  assert {
    condition = {
      for statement in jsondecode(output.policies.network).Statement : statement.Effect => try(statement.Condition.ArnEquals["lambda:SourceFunctionArn"], "")
    } == { Allow = "", Deny = "arn:aws:lambda:us-east-1:123456789012:function:order" }
    error_message = output.policies.network
  }

  assert {
    condition     = length(distinct([for statement in jsondecode(output.policies.network).Statement : jsonencode(statement.Action)])) == 1
    error_message = "The code may do what Lambda may."
  }
}

run "a_file_system_is_used_through_its_access_point" {
  command = plan

  variables {
    service           = "lambda.amazonaws.com"
    access_point_arns = ["arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0"]
  }

  assert {
    condition     = jsondecode(output.policies["file-system"]).Statement[0].Condition.StringEquals["elasticfilesystem:AccessPointArn"] == "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0"
    error_message = output.policies["file-system"]
  }
}

run "nothing_is_made_where_nothing_is_wanted" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = output.arn == null && length(aws_iam_role_policy.this) == 0
    error_message = "There is a role."
  }
}

run "everything_is_no_resource" {
  command = plan

  variables {
    integrations = { dynamodb = ["*"] }
  }

  expect_failures = [var.integrations]
}

run "only_known_services_take_it" {
  command = plan

  variables {
    service = "ec2.amazonaws.com"
    path    = "teams"
  }

  expect_failures = [var.service, var.path]
}
