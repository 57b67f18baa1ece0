# Copies the objects of a bucket to their new places: the machine, its function, and what each may do.

locals {
  # Written by step package: what was built for which target, handlers and content hashes.
  manifest = jsondecode(file("${path.module}/build/package/manifest.json"))
  code     = local.manifest.functions.backup
  bucket   = "arn:aws:s3:::${var.source_bucket}"
  # A distributed Map starts executions of its own machine.
  machine_arn = "arn:aws:states:${var.region}:${var.account_id}:stateMachine:${var.name}"
}

module "function" {
  source = "../../modules/lambda_function"

  name         = var.name
  description  = "Where each object goes, and whether it arrived."
  account_id   = var.account_id
  region       = var.region
  package_file = "${path.module}/build/package/backup.zip"
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
  definition = templatefile("${path.module}/build/backup.asl.json", {
    function_arn = module.function.qualified_arn
    log_bucket   = var.log_bucket
  })

  integrations = {
    lambda      = [module.function.arn]
    states_sync = [local.machine_arn]
    s3_read     = [local.bucket]
    s3_write    = ["${local.bucket}-photos", "${local.bucket}-notes", "arn:aws:s3:::${var.log_bucket}"]
  }
}
