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
  project     = "shop"
  config      = "production"
  account_id  = "123456789012"
  region      = "us-east-1"
  machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:shop"
  own_tags    = { DeployWith = "step-deployer", ProjectName = "shop", ConfigName = "production" }
  deployer = {
    role_arn    = "arn:aws:iam::999999999999:role/step-deployer-function"
    machine_arn = "arn:aws:states:us-east-1:999999999999:stateMachine:step-deployer"
    external_id = "step"
    bucket_arn  = "arn:aws:s3:::releases"
  }
}

run "who_uploads_can_start_nothing_and_who_starts_can_upload_nothing" {
  command = plan

  assert {
    condition     = one([for statement in jsondecode(output.policies.upload).Statement : statement.Resource if statement.Sid == "UploadReleases"]) == "arn:aws:s3:::releases/releases/shop/production/*"
    error_message = output.policies.upload
  }

  assert {
    condition     = !strcontains(output.policies.upload, "states:StartExecution") && !strcontains(output.policies.start, "s3:PutObject")
    error_message = output.policies.start
  }
}

run "each_role_does_its_own_part_of_this_project_only" {
  command = plan

  assert {
    condition = {
      for name, policy in {
        read = output.policies.read, deploy = output.policies.deploy, operate = output.policies.operate, administer = output.policies.administer
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
    condition = [for statement in jsondecode(output.policies.operate).Statement : statement.Resource if statement.Action == "s3:PutObject"] == [
      "arn:aws:s3:::releases/rollbacks/shop/production/*"
    ]
    error_message = "Who operates brings new code: ${output.policies.operate}"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.policies.administer).Statement :
      strcontains(jsonencode(statement), "production") || strcontains(jsonencode(statement), ":stateMachine:shop")
      if !contains(["FindMachines", "AskTheDeployer", "StartDeploys", "ListReleases"], statement.Sid)
    ])
    error_message = "Something of another project's: ${output.policies.administer}"
  }

  assert {
    condition = one([
      for statement in jsondecode(output.policies.operate).Statement : statement.Condition if statement.Sid == "HoldTheLock"
      ]) == {
      "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = "lock#123456789012#us-east-1#shop#production" }
    }
    error_message = output.policies.operate
  }
}
