# Books trips, whole or not at all: the machine and its function.

locals {
  # Written by step package: what was built for which target, handlers and content hashes.
  manifest = jsondecode(file("${path.module}/build/package/manifest.json"))
  code     = local.manifest.functions.saga
}

module "function" {
  source = "../../modules/lambda_function"

  name         = var.name
  description  = "Books flights and hotels, and undoes it."
  account_id   = var.account_id
  region       = var.region
  package_file = "${path.module}/build/package/saga.zip"
  content_hash = local.code.content_sha256
  handler      = local.code.handler
  runtime      = local.manifest.runtime
  architecture = local.manifest.architecture
  # Longer than any audit asks back.
  log_retention_days = 365
}

module "machine" {
  source = "../../modules/state_machine"

  name               = var.name
  account_id         = var.account_id
  region             = var.region
  log_retention_days = 365
  definition         = templatefile("${path.module}/build/saga.asl.json", { function_arn = module.function.qualified_arn })
  integrations       = { lambda = [module.function.arn] }
  # Somebody has to look where something couldn't be undone.
  alarms = { threshold = 1 }
}
