# The deployer: its lock table and release bucket, and itself as a project like any other, so that it deploys itself.

data "aws_partition" "current" {}

locals {
  partition     = data.aws_partition.current.partition
  function_name = var.name
  # Names, not resources: the bucket's policy and the projects' trust are made from them before the role is.
  role_arn    = "arn:${local.partition}:iam::${var.account_id}:role/${local.function_name}-function"
  machine_arn = "arn:${local.partition}:states:${var.region}:${var.account_id}:stateMachine:${var.name}"
  accounts    = sort(distinct(concat([var.account_id], var.target_account_ids)))
  # Where nothing is made there are none.
  table_arn  = coalesce(module.lock_table.arn, "none")
  bucket_arn = coalesce(module.release_bucket.arn, "none")
}

module "lock_table" {
  source = "../lock_table"

  create       = var.create
  name         = "${var.name}-locks"
  is_protected = var.is_protected
  is_encrypted = var.is_encrypted
  kms_key_arn  = var.kms_key_arn
  tags         = var.tags
}

module "release_bucket" {
  source = "../release_bucket"

  create           = var.create
  name             = var.bucket_name
  expiration_days  = var.release_expiration_days
  reader_role_arns = var.reader_role_arns
  is_protected     = var.is_protected
  is_encrypted     = var.is_encrypted
  kms_key_arn      = var.kms_key_arn
  tags             = var.tags
}

data "aws_iam_policy_document" "deploy" {
  statement {
    sid     = "TakeTheProjectsRoles"
    actions = ["sts:AssumeRole", "sts:TagSession"]
    # "*": whichever project; each role says itself who takes it, and for what.
    resources = [for account in local.accounts : "arn:${local.partition}:iam::${account}:role/step-deployer-*@*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/DeployWith"
      values   = ["step-deployer"]
    }
  }

  statement {
    sid = "HoldLocks"
    # A lock is taken and released by conditional updates; nothing is ever deleted, and nobody scans.
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [local.table_arn]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["lock#*"]
    }
  }

  statement {
    sid = "FindHolders"
    # The sweep looks for locks whose holder has ended: the index has nothing but locks that are held.
    actions   = ["dynamodb:Query"]
    resources = ["${local.table_arn}/index/held"]
  }

  statement {
    sid = "RecordReleases"
    # The record is only added to: the item of a release is put once.
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [local.table_arn]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["release#*"]
    }
  }

  statement {
    sid = "ReadReleases"
    # Its own check of what the client uploaded: the exact version of each object.
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${local.bucket_arn}/releases/*", "${local.bucket_arn}/rollbacks/*"]
  }

  statement {
    sid = "TellMissingReleases"
    # Without it S3 says "access denied" of what isn't there.
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]
  }

  dynamic "statement" {
    for_each = length(var.region_buckets) > 0 ? [values(var.region_buckets)] : []

    content {
      sid = "CopyZipsToOtherRegions"
      # Lambda reads buckets of its own region only.
      actions   = ["s3:PutObject"]
      resources = [for name in statement.value : "arn:${local.partition}:s3:::${name}/releases/*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.signing_key_arns) > 0 ? [var.signing_key_arns] : []

    content {
      sid = "VerifySignatures"
      # Whether a release was signed; it signs nothing itself.
      actions   = ["kms:Verify"]
      resources = statement.value
    }
  }

  statement {
    sid = "StartTheDeploysOfARollout"
    # Itself, as everybody does: by its alias. AWS authorizes that on the machine's own ARN.
    actions   = ["states:StartExecution"]
    resources = [local.machine_arn, "${local.machine_arn}:*"]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "states:StateMachineQualifier"
      values   = ["live"]
    }
  }

  statement {
    sid = "SeeWhetherAHolderLives"
    # A lock's owner is an execution; one that runs is never robbed.
    actions   = ["states:DescribeExecution"]
    resources = ["arn:${local.partition}:states:${var.region}:${var.account_id}:execution:${var.name}:*"]
  }
}

module "project" {
  source = "../project"

  create          = var.create
  project         = var.project
  config          = var.config
  name            = var.name
  account_id      = var.account_id
  region          = var.region
  runtime         = var.runtime
  architecture    = var.architecture
  definition_file = var.definition_file

  functions = {
    (local.function_name) = {
      package_file = var.package_file
      content_hash = var.content_hash
      handler      = var.handler
      description  = "Deploys projects, itself too."
      memory_mb    = 512
      timeout      = 120
      environment_variables = {
        STEP_DEPLOYER_ACCOUNT     = var.account_id
        STEP_DEPLOYER_ACCOUNTS    = join(",", local.accounts)
        STEP_DEPLOYER_BUCKET      = module.release_bucket.name
        STEP_DEPLOYER_EXTERNAL_ID = var.external_id
        STEP_DEPLOYER_REGION_BUCKETS = (
          length(var.region_buckets) > 0 ? join(",", [for region, name in var.region_buckets : "${region}=${name}"]) : null
        )
        STEP_DEPLOYER_RESOURCES    = length(var.allowed_resources) > 0 ? join(",", var.allowed_resources) : null
        STEP_DEPLOYER_SIGNING_KEYS = length(var.signing_key_arns) > 0 ? join(",", var.signing_key_arns) : null
        STEP_DEPLOYER_TABLE        = module.lock_table.name
      }
      policies = { deploy = data.aws_iam_policy_document.deploy.json }
    }
  }

  deployer = {
    role_arn     = local.role_arn
    machine_arn  = local.machine_arn
    external_id  = var.external_id
    bucket_arn   = local.bucket_arn
    is_encrypted = var.is_encrypted
    kms_key_arn  = var.kms_key_arn
  }

  log_level          = "ALL"
  log_retention_days = var.log_retention_days
  is_traced          = var.is_traced
  is_encrypted       = var.is_encrypted
  kms_key_arn        = var.kms_key_arn
  tags               = var.tags
}

# A deploy that was stopped, took too long, or broke off can't clean up after itself: another execution does. One that
# ended as FailureClean has left nothing, and its recovery ends at once.
resource "aws_cloudwatch_event_rule" "recover" {
  count = var.create ? 1 : 0

  name        = "${var.name}-recover"
  description = "A deploy ended without a success."
  tags        = var.tags

  event_pattern = jsonencode({
    source        = ["aws.states"]
    "detail-type" = ["Step Functions Execution Status Change"]
    detail = {
      status          = ["ABORTED", "FAILED", "TIMED_OUT"]
      stateMachineArn = [module.project.machine_arn]
    }
  })
}

# EventBridge delivers a status change as best it can, which is not always; and a recovery may fail for a while. This
# finds every lock whose holder has ended.
resource "aws_cloudwatch_event_rule" "sweep" {
  count = var.create ? 1 : 0

  name                = "${var.name}-sweep"
  description         = "Looks for a lock whose holder has ended without giving it back."
  schedule_expression = "rate(${var.sweep_minutes} minutes)"
  tags                = var.tags
}

module "recover_role" {
  source = "../iam"

  create       = var.create
  name         = "${var.name}-recover"
  description  = "Starts the execution that cleans up after a deploy that was stopped."
  service      = "events.amazonaws.com"
  account_id   = var.account_id
  region       = var.region
  integrations = { states = [local.machine_arn] }
  tags         = var.tags
}

resource "aws_cloudwatch_event_target" "recover" {
  count = var.create ? 1 : 0

  rule     = aws_cloudwatch_event_rule.recover[0].name
  arn      = module.project.alias_arn
  role_arn = module.recover_role.arn

  input_transformer {
    input_paths    = { execution = "$.detail.executionArn" }
    input_template = "{\"recover\": <execution>, \"by\": \"rule\"}"
  }
}

resource "aws_cloudwatch_event_target" "sweep" {
  count = var.create ? 1 : 0

  rule     = aws_cloudwatch_event_rule.sweep[0].name
  arn      = module.project.alias_arn
  role_arn = module.recover_role.arn
  input    = jsonencode({ sweep = {} })
}
