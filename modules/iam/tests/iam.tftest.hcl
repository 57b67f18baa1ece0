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
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
    }
    error_message = "Another account's machine could take the role."
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
  }

  expect_failures = [var.service]
}
