# A report every night: the machine, its function, and the schedule that starts it.

locals {
  # Written by step package: what was built for which target, handlers and content hashes.
  manifest = jsondecode(file("${path.module}/build/package/manifest.json"))
  code     = local.manifest.functions.nightly
}

module "function" {
  source = "../../modules/lambda_function"

  name         = var.name
  description  = "Collects and writes the night's report."
  account_id   = var.account_id
  region       = var.region
  package_file = "${path.module}/build/package/nightly.zip"
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
  definition = templatefile("${path.module}/build/nightly.asl.json", {
    function_arn = module.function.qualified_arn
    bucket       = var.bucket
    topic_arn    = var.topic_arn
  })

  integrations = {
    lambda   = [module.function.arn]
    s3_write = ["arn:aws:s3:::${var.bucket}"]
    sns      = [var.topic_arn]
  }

  schedules = {
    night = {
      expression = "cron(0 2 * * ? *)"
      timezone   = var.timezone
      # EventBridge Scheduler writes when it was due, also where it starts late. jsonencode would write < as \u003c.
      input = "{\"scheduled_at\": \"<aws.scheduler.scheduled-time>\"}"
    }
  }
  alarms = { threshold = 1 }
}
