locals {
  # What make plan wrote: packages and definitions.
  bakery = jsondecode(file("build/package/manifest.json"))
}

module "bakery" {
  source = "./modules/project"

  project         = "bakery"
  config          = "usage"
  account_id      = "123456789012"
  region          = "us-east-1"
  runtime         = local.bakery.runtime
  architecture    = local.bakery.architecture
  definition_file = "build/definitions/bread.asl.json"

  functions = {
    bakery = {
      package_file = "build/package/bread.zip"
      content_hash = local.bakery.functions.bread.content_sha256
      handler      = local.bakery.functions.bread.handler
      dead_letter  = { arn = "arn:aws:sqs:us-east-1:123456789012:burnt" }
      permissions  = { shop = { principal = "events.amazonaws.com", source_account = "123456789012" } }
    }
  }

  schedules = { morning = { expression = "cron(0 4 * * ? *)" } }
  alarms    = {}

  # The output deployer of the module of that name.
  deployer = {
    role_arn    = "arn:aws:iam::123456789012:role/step-deployer-function"
    machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:step-deployer"
    external_id = "step"
    bucket_arn  = "arn:aws:s3:::step-releases"
  }
}
