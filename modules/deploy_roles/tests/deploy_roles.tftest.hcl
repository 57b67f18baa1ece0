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
  name        = "shop"
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
      for statement in jsondecode(output.policies.deploy).Statement :
      statement.Condition.StringEquals["aws:ResourceTag/ProjectName"] == "$${aws:PrincipalTag/ProjectName}"
      if contains(["StageCode", "StageAndRouteTheMachine"], statement.Sid)
    ])
    error_message = output.policies.deploy
  }

  assert {
    condition = [
      for statement in jsondecode(output.policies.deploy).Statement : statement.Resource
      if statement.Sid == "FetchTheRelease"
    ][0] == "arn:aws:s3:::releases/releases/shop/production/*"
    error_message = output.policies.deploy
  }
}

run "no_role_changes_who_may_do_what_and_each_does_its_own_part_only" {
  command = plan

  assert {
    condition = alltrue([
      for policy in values(output.policies) : contains(flatten([
        for statement in jsondecode(policy).Statement : statement.Action if statement.Effect == "Deny"
      ]), "iam:*")
    ])
    error_message = "A role can make itself more powerful."
  }

  assert {
    condition = {
      for name, policy in output.policies : name => sort(setintersection(
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
    condition     = jsondecode(aws_iam_policy.boundary["deploy"].policy) == jsondecode(output.policies.deploy)
    error_message = "The boundary isn't what the role's policy says."
  }
}

run "nothing_is_made_where_nothing_is_wanted" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(output.arns) == 0 && length(aws_iam_policy.boundary) == 0
    error_message = "There are ${join(", ", keys(output.arns))}."
  }
}
