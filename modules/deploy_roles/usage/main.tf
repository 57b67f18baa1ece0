module "mill_roles" {
  source = "./modules/deploy_roles"

  name        = "mill-usage"
  project     = "mill"
  config      = "usage"
  account_id  = "123456789012"
  region      = "us-east-1"
  machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:mill-usage"
  own_tags    = { DeployWith = "step-deployer", ProjectName = "mill", ConfigName = "usage" }

  deployer = {
    role_arn    = "arn:aws:iam::123456789012:role/step-deployer-function"
    machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:step-deployer"
    external_id = "step"
    bucket_arn  = "arn:aws:s3:::step-releases"
  }
}
