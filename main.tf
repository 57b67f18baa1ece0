# The whole stack of one environment: the deployer, and two projects. Terraform owns "hello", code and definition;
# the deployer owns "bread", of which Terraform brings the first version only.

provider "aws" {
  region = var.region
  # Credentials of another account end here, before anything is read or changed.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      Environment = var.environment
      ManagedBy   = "terraform"
      Stack       = "step"
    }
  }
}

locals {
  packages    = "${path.root}/${var.build_folder}/package"
  definitions = "${path.root}/${var.build_folder}/definitions"
  # Written by step package: what was built for which target, handlers and content hashes.
  manifest     = jsondecode(file("${local.packages}/manifest.json"))
  functions    = local.manifest.functions
  is_encrypted = var.kms_key_arn != null
  deployer     = "step-deployer-${var.environment}"
  hello        = "hello-${var.environment}"
  bread        = "bread-${var.environment}"
}

module "deployer" {
  source = "./modules/deployer"

  name                    = local.deployer
  config                  = var.environment
  account_id              = var.account_id
  target_account_ids      = var.target_account_ids
  reader_role_arns        = var.reader_role_arns
  signing_key_arns        = var.signing_key_arns
  region                  = var.region
  bucket_name             = "step-releases-${var.account_id}-${var.region}-${var.environment}"
  external_id             = var.external_id
  package_file            = "${local.packages}/deployer.zip"
  content_hash            = local.functions.deployer.content_sha256
  handler                 = local.functions.deployer.handler
  runtime                 = local.manifest.runtime
  architecture            = local.manifest.architecture
  definition_file         = "${local.definitions}/deployer.asl.json"
  release_expiration_days = var.release_expiration_days
  log_retention_days      = var.log_retention_days
  is_protected            = var.is_protected
  is_encrypted            = local.is_encrypted
  kms_key_arn             = var.kms_key_arn
}

module "bread" {
  source = "./modules/project"

  project         = "bread"
  config          = var.environment
  account_id      = var.account_id
  region          = var.region
  runtime         = local.manifest.runtime
  architecture    = local.manifest.architecture
  definition_file = "${local.definitions}/bread.asl.json"
  deployer        = module.deployer.deployer

  functions = {
    (local.bread) = {
      package_file = "${local.packages}/bread.zip"
      content_hash = local.functions.bread.content_sha256
      handler      = local.functions.bread.handler
    }
  }

  log_retention_days = var.log_retention_days
  is_encrypted       = local.is_encrypted
  kms_key_arn        = var.kms_key_arn
}

module "hello_function" {
  source = "./modules/lambda_function"

  name               = local.hello
  description        = "Says hello."
  account_id         = var.account_id
  region             = var.region
  package_file       = "${local.packages}/hello.zip"
  content_hash       = local.functions.hello.content_sha256
  handler            = local.functions.hello.handler
  runtime            = local.manifest.runtime
  architecture       = local.manifest.architecture
  timeout            = 8
  log_retention_days = var.log_retention_days
  is_encrypted       = local.is_encrypted
  kms_key_arn        = var.kms_key_arn
}

module "hello" {
  source = "./modules/state_machine"

  name       = local.hello
  account_id = var.account_id
  region     = var.region
  # The version, not the function: a running execution stays on the code that it began with.
  definition         = templatefile("${local.definitions}/hello.asl.json", { function_arn = module.hello_function.qualified_arn })
  integrations       = { lambda = [module.hello_function.arn] }
  log_retention_days = var.log_retention_days
  is_encrypted       = local.is_encrypted
  kms_key_arn        = var.kms_key_arn
}

module "alarms" {
  source = "./modules/alarms"

  machines = {
    (local.deployer) = module.deployer.machine_arn
    (local.bread)    = module.bread.machine_arn
    (local.hello)    = module.hello.arn
  }
  functions  = [local.deployer, local.bread, local.hello]
  topic_arns = var.alarm_topic_arns
}
