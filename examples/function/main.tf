# One function: a machine that calls its version every morning, and an alias for those who call it by itself. Terraform
# owns code and definition: make deploy is the release.

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

locals {
  manifest = jsondecode(file("${var.build_folder}/package/manifest.json"))
  hello    = local.manifest.functions.hello
}

module "function" {
  source = "../../modules/lambda_function"

  name               = "one-hello"
  description        = "Says hello."
  account_id         = var.account_id
  region             = var.region
  package_file       = "${var.build_folder}/package/hello.zip"
  content_hash       = local.hello.content_sha256
  handler            = local.hello.handler
  runtime            = local.manifest.runtime
  architecture       = local.manifest.architecture
  log_retention_days = 365
}

module "triggers" {
  source = "../../modules/lambda_triggers"

  function    = module.function
  alias       = "live"
  permissions = { events = { principal = "events.amazonaws.com", source_account = var.account_id } }
  # People and programs that may call it by IAM.
  url = {}
}

module "machine" {
  source = "../../modules/state_machine"

  name       = "one-hello"
  account_id = var.account_id
  region     = var.region
  # The version: a running execution stays on the code that it began with.
  definition         = templatefile("${var.build_folder}/definitions/hello.asl.json", { function_arn = module.function.qualified_arn })
  integrations       = { lambda = [module.function.arn] }
  schedules          = { morning = { expression = "cron(0 6 * * ? *)", timezone = "Europe/Berlin", input = jsonencode({ name = "morning" }) } }
  alarms             = {}
  log_retention_days = 365
}
