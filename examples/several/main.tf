# Several projects in several environments, side by side in one account and one network: nothing of one is named like
# anything of another, so each can be deployed, planned and destroyed alone. One deployer serves them all.

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

locals {
  packages  = "${var.build_folder}/package"
  manifest  = jsondecode(file("${local.packages}/manifest.json"))
  functions = local.manifest.functions
  pairs = {
    for pair in setproduct(var.projects, var.environments) :
    "${pair[0]}-${pair[1]}" => { project = pair[0], config = pair[1] }
  }
}

module "project" {
  source   = "../../modules/project"
  for_each = local.pairs

  project         = each.value.project
  config          = each.value.config
  account_id      = var.account_id
  region          = var.region
  runtime         = local.manifest.runtime
  architecture    = local.manifest.architecture
  definition_file = "${var.build_folder}/definitions/${each.value.project}.asl.json"
  deployer        = var.deployer
  # Longer than any audit asks back.
  log_retention_days = 365

  functions = {
    (each.key) = {
      package_file = "${local.packages}/${each.value.project}.zip"
      content_hash = local.functions[each.value.project].content_sha256
      handler      = local.functions[each.value.project].handler
      network = {
        subnet_ids         = aws_subnet.private[*].id
        security_group_ids = [aws_security_group.functions.id]
      }
    }
  }
}
