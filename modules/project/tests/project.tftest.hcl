# The policies are the provider's work, so it is the real one; a plan of new resources asks AWS for nothing.
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_module {
  target = module.function
  outputs = {
    arn           = "arn:aws:lambda:us-east-1:123456789012:function:shop"
    qualified_arn = "arn:aws:lambda:us-east-1:123456789012:function:shop:1"
    role_arn      = "arn:aws:iam::123456789012:role/shop-function"
  }
}

override_module {
  target = module.machine
  outputs = {
    arn       = "arn:aws:states:us-east-1:123456789012:stateMachine:shop"
    name      = "shop"
    alias_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:shop:live"
  }
}

variables {
  project         = "shop"
  config          = "production"
  account_id      = "123456789012"
  region          = "us-east-1"
  runtime         = "python3.13"
  architecture    = "arm64"
  definition_file = "tests/shop.asl.json"
  functions = {
    shop = { package_file = "shop.zip", content_hash = "0", handler = "shop.handlers" }
  }
  deployer = {
    role_arn    = "arn:aws:iam::999999999999:role/step-deployer-function"
    machine_arn = "arn:aws:states:us-east-1:999999999999:stateMachine:step-deployer"
    external_id = "step"
    bucket_arn  = "arn:aws:s3:::releases"
  }
}

run "the_deployers_role_of_the_other_account_takes_it_for_this_project_only" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role.this["deploy"].assume_role_policy).Statement :
      statement.Principal.AWS == "arn:aws:iam::999999999999:root"
      && statement.Condition.ArnEquals["aws:PrincipalArn"] == "arn:aws:iam::999999999999:role/step-deployer-function"
      && statement.Condition.StringEquals["aws:RequestTag/ProjectName"] == "shop"
      && statement.Condition.StringEquals["aws:RequestTag/ConfigName"] == "production"
      && statement.Condition.StringEquals["aws:RequestTag/DeployWith"] == "step-deployer"
    ])
    error_message = aws_iam_role.this["deploy"].assume_role_policy
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["deploy"].assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == "step"
    error_message = "Somebody else's deployer could be talked into it."
  }
}

run "it_touches_what_carries_the_sessions_tags_and_its_own_releases" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(output.role_policies.deploy).Statement :
      statement.Condition.StringEquals["aws:ResourceTag/ProjectName"] == "$${aws:PrincipalTag/ProjectName}"
      if contains(["StageCode", "StageAndRouteTheMachine"], statement.Sid)
    ])
    error_message = output.role_policies.deploy
  }

  assert {
    condition = [
      for statement in jsondecode(output.role_policies.deploy).Statement : statement.Resource
      if statement.Sid == "FetchTheRelease"
    ][0] == "arn:aws:s3:::releases/releases/shop/production/*"
    error_message = output.role_policies.deploy
  }
}

run "no_role_changes_who_may_do_what_and_each_does_its_own_part_only" {
  command = plan

  assert {
    condition = alltrue([
      for policy in values(output.role_policies) : contains(flatten([
        for statement in jsondecode(policy).Statement : statement.Action if statement.Effect == "Deny"
      ]), "iam:*")
    ])
    error_message = "A role can make itself more powerful."
  }

  assert {
    condition = {
      for name, policy in output.role_policies : name => sort(setintersection(
        ["lambda:DeleteFunction", "lambda:InvokeFunction", "lambda:UpdateFunctionCode", "states:StartExecution"],
        flatten([for statement in jsondecode(policy).Statement : statement.Action if statement.Effect == "Allow"]),
      ))
      } == {
      deploy = tolist(["lambda:UpdateFunctionCode"])
      prune  = tolist(["lambda:DeleteFunction"])
      smoke  = tolist(["lambda:InvokeFunction", "states:StartExecution"])
    }
    error_message = "A role does what is another's."
  }

  assert {
    condition     = jsondecode(aws_iam_policy.boundary["deploy"].policy) == jsondecode(output.role_policies.deploy)
    error_message = "The boundary isn't what the role's policy says."
  }
}

run "who_uploads_can_start_nothing_and_who_starts_can_upload_nothing" {
  command = plan

  assert {
    condition     = one([for statement in jsondecode(output.upload_policy).Statement : statement.Resource if statement.Sid == "UploadReleases"]) == "arn:aws:s3:::releases/releases/shop/production/*"
    error_message = output.upload_policy
  }

  assert {
    condition     = !strcontains(output.upload_policy, "states:StartExecution") && !strcontains(output.start_policy, "s3:PutObject")
    error_message = output.start_policy
  }
}

run "each_role_does_its_own_part_of_this_project_only" {
  command = plan

  assert {
    condition = {
      for name, policy in {
        read = output.read_policy, deploy = output.deploy_policy, operate = output.operate_policy, administer = output.administer_policy
        } : name => join(" ", sort(setintersection(
          ["states:StartExecution", "s3:PutObject", "dynamodb:UpdateItem", "states:StopExecution", "lambda:UpdateFunctionCode"],
          flatten([for statement in jsondecode(policy).Statement : statement.Action]),
      )))
      } == {
      read       = ""
      deploy     = "s3:PutObject states:StartExecution"
      operate    = "dynamodb:UpdateItem s3:PutObject states:StartExecution states:StopExecution"
      administer = "dynamodb:UpdateItem lambda:UpdateFunctionCode s3:PutObject states:StartExecution states:StopExecution"
    }
    error_message = "A role does what is another's."
  }

  assert {
    condition = [for statement in jsondecode(output.operate_policy).Statement : statement.Resource if statement.Action == "s3:PutObject"] == [
      "arn:aws:s3:::releases/rollbacks/shop/production/*"
    ]
    error_message = "Who operates brings new code: ${output.operate_policy}"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.administer_policy).Statement :
      strcontains(jsonencode(statement), "production") || strcontains(jsonencode(statement), ":stateMachine:shop")
      if !contains(["FindMachines", "AskTheDeployer", "StartDeploys", "ListReleases"], statement.Sid)
    ])
    error_message = "Something of another project's: ${output.administer_policy}"
  }

  assert {
    condition = one([
      for statement in jsondecode(output.operate_policy).Statement : statement.Condition if statement.Sid == "HoldTheLock"
      ]) == {
      "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = "lock#123456789012#us-east-1#shop#production" }
    }
    error_message = output.operate_policy
  }
}

run "fifty_functions_fit_into_policies" {
  command = plan

  variables {
    project = "a-project-of-the-longest-name"
    config  = "its-production"
    functions = {
      for n in range(50) : format("a-function-whose-name-has-as-many-characters-as-lambda-takes-%04d", n) => {
        package_file = "shop.zip", content_hash = "0", handler = "shop.handlers", placeholder = "p${n}"
      }
    }
  }

  # AWS: IAM quotas: a managed policy has at most 6,144 characters that aren't white space.
  assert {
    condition = alltrue([
      for policy in concat(values(output.role_policies), [output.administer_policy, output.operate_policy, output.deploy_policy]) :
      length(replace(policy, "/\\s/", "")) <= 6144
    ])
    error_message = "A policy has ${max([for policy in concat(values(output.role_policies), [output.administer_policy]) : length(replace(policy, "/\\s/", ""))]...)} characters."
  }
}

# AWS authorizes a call to a version or an alias by the machine's own ARN: a policy for "machine:*" alone allows nothing.
run "what_is_called_by_version_or_alias_is_authorized_by_the_machine_and_bounded_by_the_qualifier" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(output.role_policies.smoke).Statement : statement.Sid => {
        is_machine = contains(flatten([statement.Resource]), "arn:aws:states:us-east-1:123456789012:stateMachine:*")
        qualifier  = try(statement.Condition.Null["states:StateMachineQualifier"], null)
      } if statement.Sid == "TryTheNewVersion"
    } == { TryTheNewVersion = { is_machine = true, qualifier = "false" } }
    error_message = output.role_policies.smoke
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.role_policies.prune).Statement :
      contains(statement.Resource, "arn:aws:states:us-east-1:123456789012:stateMachine:shop")
      if statement.Sid == "DeleteVersions"
    ])
    error_message = output.role_policies.prune
  }

  assert {
    condition = [
      for statement in jsondecode(output.start_policy).Statement : {
        is_machine = contains(statement.Resource, "arn:aws:states:us-east-1:999999999999:stateMachine:step-deployer")
        qualifier  = statement.Condition["ForAllValues:StringEquals"]["states:StateMachineQualifier"]
        is_given   = statement.Condition.Null["states:StateMachineQualifier"]
      } if statement.Sid == "StartDeploys"
    ] == [{ is_machine = true, qualifier = "live", is_given = "false" }]
    error_message = output.start_policy
  }

  assert {
    condition = [
      for statement in jsondecode(output.role_policies.deploy).Statement : statement.Condition
      if statement.Sid == "OnlyTheLiveAlias"
    ] == [{ "ForAnyValue:StringNotEquals" = { "states:StateMachineQualifier" = "live" } }]
    error_message = output.role_policies.deploy
  }
}

run "keys_are_used_where_there_are_some" {
  command = plan

  variables {
    is_encrypted = true
    kms_key_arn  = "arn:aws:kms:us-east-1:123456789012:key/0"
  }

  assert {
    condition = alltrue([
      for policy in values(output.role_policies) : can(regex("arn:aws:kms:us-east-1:123456789012:key/0", policy))
    ])
    error_message = "A role can't read what it deploys."
  }
}

run "only_who_reads_or_writes_releases_uses_the_buckets_key" {
  command = plan

  variables {
    deployer = {
      role_arn     = "arn:aws:iam::999999999999:role/step-deployer-function"
      machine_arn  = "arn:aws:states:us-east-1:999999999999:stateMachine:step-deployer"
      external_id  = "step"
      bucket_arn   = "arn:aws:s3:::releases"
      is_encrypted = true
      kms_key_arn  = "arn:aws:kms:us-east-1:999999999999:key/1"
    }
  }

  assert {
    condition = {
      for name, policy in merge(output.role_policies, {
        start = output.start_policy, upload = output.upload_policy, read = output.read_policy, operate = output.operate_policy
      }) :
      name => can(regex("arn:aws:kms:us-east-1:999999999999:key/1", policy))
    } == { deploy = true, operate = true, prune = false, read = true, smoke = false, start = true, upload = true }
    error_message = "The key of the release bucket is used by others than these."
  }
}

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    project    = "a/b"
    config     = "a#b"
    account_id = "1"
    deployer   = { role_arn = "step-deployer", machine_arn = "", external_id = "", bucket_arn = "arn:aws:s3:::releases" }
  }

  expect_failures = [var.project, var.config, var.account_id, var.deployer]
}

run "two_functions_need_two_placeholders" {
  command = plan

  variables {
    functions = {
      one = { package_file = "one.zip", content_hash = "0", handler = "one.handlers" }
      two = { package_file = "two.zip", content_hash = "0", handler = "two.handlers" }
    }
  }

  expect_failures = [var.functions]
}
