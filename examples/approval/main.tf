# Pays invoices, the large ones once a person has said yes: the machine, its function, and the queue of questions.

locals {
  # Written by step package: what was built for which target, handlers and content hashes.
  manifest = jsondecode(file("${path.module}/build/package/manifest.json"))
  code     = local.manifest.functions.approval
}

resource "aws_sqs_queue" "approvals" {
  name = "${var.name}-questions"
  # A question is worth asking for as long as it is waited for.
  message_retention_seconds = 604800
  sqs_managed_sse_enabled   = true
}

module "function" {
  source = "../../modules/lambda_function"

  name         = var.name
  description  = "Checks and pays invoices."
  account_id   = var.account_id
  region       = var.region
  package_file = "${path.module}/build/package/approval.zip"
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
  definition = templatefile("${path.module}/build/approval.asl.json", {
    function_arn = module.function.qualified_arn
    queue_url    = aws_sqs_queue.approvals.url
  })

  integrations = {
    lambda = [module.function.arn]
    sqs    = [aws_sqs_queue.approvals.arn]
  }
}
