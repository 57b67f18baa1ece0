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

run "nothing_is_made_where_nothing_is_wanted" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(output.role_arns) == 0
    error_message = "There are ${join(", ", keys(output.role_arns))}."
  }
}
