locals {
  # Written by `step package`: what was built for which target, handlers and content hashes.
  manifest = jsondecode(file("../build/package/manifest.json"))
  code     = local.manifest.functions.order
}

module "function" {
  source = "./modules/lambda_function"

  name         = var.name
  description  = "The tasks of the machine ${var.name}."
  account_id   = var.account_id
  region       = var.region
  package_file = "../build/package/order.zip"
  content_hash = local.code.content_sha256
  handler      = local.code.handler
  runtime      = local.manifest.runtime
  architecture = local.manifest.architecture
}

module "machine" {
  source = "./modules/state_machine"

  name       = var.name
  account_id = var.account_id
  region     = var.region
  # The version, not the function: a running execution stays on the code that it began with.
  definition   = templatefile("../build/order.asl.json", { function_arn = module.function.qualified_arn })
  integrations = { lambda = [module.function.arn] }
}
