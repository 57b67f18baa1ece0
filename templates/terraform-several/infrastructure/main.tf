locals {
  # Written by `step package`: what was built for which target, handlers and content hashes.
  manifest = jsondecode(file("../build/package/manifest.json"))
}

module "function" {
  source   = "./modules/lambda_function"
  for_each = local.manifest.functions

  name         = "${var.name}-${each.key}"
  description  = "The tasks of the machine ${var.name} that ${each.key} does."
  account_id   = var.account_id
  region       = var.region
  package_file = "../build/package/${each.key}.zip"
  content_hash = each.value.content_sha256
  handler      = each.value.handler
  runtime      = local.manifest.runtime
  architecture = local.manifest.architecture
}

module "machine" {
  source = "./modules/state_machine"

  name       = var.name
  account_id = var.account_id
  region     = var.region
  # The versions, not the functions: a running execution stays on the code that it began with.
  definition = templatefile(
    "../build/order.asl.json",
    { for name, function in module.function : "${name}_arn" => function.qualified_arn },
  )
  integrations = { lambda = [for function in module.function : function.arn] }
}
