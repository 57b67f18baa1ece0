# A stack of every module, written for the modules as they were at first. state.json is what Terraform kept of it then.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

locals {
  account_id   = "123456789012"
  region       = "us-east-1"
  runtime      = "python3.11"
  architecture = "x86_64"
  package_file = "package.zip"
  content_hash = "first"
  handler      = "order.handlers"
}

module "deployer" {
  source = "./modules/deployer"

  config          = "test"
  account_id      = local.account_id
  region          = local.region
  bucket_name     = "step-releases-test"
  external_id     = "step"
  package_file    = local.package_file
  content_hash    = local.content_hash
  handler         = local.handler
  runtime         = local.runtime
  architecture    = local.architecture
  definition_file = "definition.asl.json"
  is_protected    = false
  # A rule of a bucket takes the provider most of a minute.
  release_expiration_days = null
}

module "shop" {
  source = "./modules/project"

  project         = "shop"
  config          = "test"
  account_id      = local.account_id
  region          = local.region
  runtime         = local.runtime
  architecture    = local.architecture
  definition_file = "definition.asl.json"
  deployer        = module.deployer.deployer

  functions = {
    shop-test = {
      package_file          = local.package_file
      content_hash          = local.content_hash
      handler               = local.handler
      environment_variables = { CURRENCY = "EUR" }
      integrations          = { sns = ["arn:aws:sns:us-east-1:123456789012:orders"] }
    }
  }
}

module "order_function" {
  source = "./modules/lambda_function"

  name         = "order"
  description  = "Takes orders."
  account_id   = local.account_id
  region       = local.region
  package_file = local.package_file
  content_hash = local.content_hash
  handler      = local.handler
  runtime      = local.runtime
  architecture = local.architecture
}

module "order" {
  source = "./modules/state_machine"

  name         = "order"
  account_id   = local.account_id
  region       = local.region
  definition   = templatefile("definition.asl.json", { function_arn = module.order_function.qualified_arn })
  integrations = { lambda = [module.order_function.arn] }
}

module "alarms" {
  source = "./modules/alarms"

  machines  = { order = module.order.arn, shop = module.shop.machine_arn }
  functions = [module.order_function.name]
}
