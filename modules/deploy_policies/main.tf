# Who may do what: policies for people and pipelines, of this project and configuration only.
#
# Uploading a release and starting a deploy are two permissions, which two people may have: the deployer takes a release
# only where both say the same, and what it is asked for is the project's whose prefix it was uploaded to.

data "aws_partition" "current" {}

locals {
  partition    = data.aws_partition.current.partition
  functions    = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function"
  release_keys = "releases/${var.project}/${var.config}/*"
  # A release that goes back brings nothing: who may operate may ask for one, and for no other.
  rollback_keys   = "rollbacks/${var.project}/${var.config}/*"
  bucket_key_arns = var.deployer.is_encrypted ? [var.deployer.kms_key_arn] : []

  deployer_account_id = regex("^arn:[a-z-]+:iam::([0-9]{12}):role/", var.deployer.role_arn)[0]
  deployer_region     = split(":", var.deployer.machine_arn)[3]
  deployer_name       = split(":", var.deployer.machine_arn)[6]
  target_key          = "${var.account_id}#${var.region}#${var.project}#${var.config}"

  # The deployer names its table and function after itself, and an execution after what it deploys.
  deployer_table    = "arn:${local.partition}:dynamodb:${local.deployer_region}:${local.deployer_account_id}:table/${local.deployer_name}-locks"
  deployer_function = "arn:${local.partition}:lambda:${local.deployer_region}:${local.deployer_account_id}:function:${local.deployer_name}"
  own_executions    = "${replace(var.deployer.machine_arn, ":stateMachine:", ":execution:")}:${var.project}__${var.config}__*"
}

data "aws_iam_policy_document" "read" {
  statement {
    sid     = "FindMachines"
    actions = ["states:ListStateMachines"]
    # "*": the action knows no resource; it tells names and ARNs.
    resources = ["*"]
  }

  statement {
    sid = "SeeFunctions"
    # Project and config come from the functions' tags; step plan compares with what is live.
    actions = ["lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:ListTags"]
    # "*": by the tags below.
    resources = ["${local.functions}:*"]

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid = "SeeTheMachine"
    actions = [
      "states:DescribeStateMachine",
      "states:DescribeStateMachineAlias",
      "states:ListStateMachineVersions",
      "states:ListTagsForResource",
    ]
    resources = [var.machine_arn, "${var.machine_arn}:*"]
  }

  statement {
    sid       = "AskTheDeployer"
    actions   = ["lambda:GetFunctionConfiguration"]
    resources = [local.deployer_function] # Where its bucket and its table are.
  }

  statement {
    sid       = "WatchDeploys"
    actions   = ["states:DescribeExecution", "states:GetExecutionHistory"]
    resources = [local.own_executions]
  }

  statement {
    sid       = "ListReleases"
    actions   = ["s3:ListBucket"]
    resources = [var.deployer.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [local.release_keys, local.rollback_keys]
    }
  }

  statement {
    sid       = "ReadLockAndRecords"
    actions   = ["dynamodb:GetItem"]
    resources = [local.deployer_table]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["lock#${local.target_key}", "release#${local.target_key}#*"]
    }
  }

  # What is encrypted with keys of the user's is read with them.
  dynamic "statement" {
    for_each = length(concat(var.key_arns, local.bucket_key_arns)) > 0 ? [concat(var.key_arns, local.bucket_key_arns)] : []

    content {
      sid       = "ReadWithTheKeys"
      actions   = ["kms:Decrypt"]
      resources = statement.value
    }
  }
}

data "aws_iam_policy_document" "upload" {
  statement {
    sid       = "UploadReleases"
    actions   = ["s3:PutObject"]
    resources = ["${var.deployer.bucket_arn}/${local.release_keys}"]
  }

  # S3 encrypts with the bucket's key as who uploads.
  dynamic "statement" {
    for_each = length(local.bucket_key_arns) > 0 ? [local.bucket_key_arns] : []

    content {
      sid       = "EncryptReleases"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = statement.value
    }
  }
}

data "aws_iam_policy_document" "ask_to_go_back" {
  statement {
    sid       = "AskToGoBack"
    actions   = ["s3:PutObject"]
    resources = ["${var.deployer.bucket_arn}/${local.rollback_keys}"]
  }

  dynamic "statement" {
    for_each = length(local.bucket_key_arns) > 0 ? [local.bucket_key_arns] : []

    content {
      sid       = "EncryptRequests"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = statement.value
    }
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "StartDeploys"
    actions   = ["states:StartExecution"]
    resources = [var.deployer.machine_arn, "${var.deployer.machine_arn}:live"]

    # Only what is live: neither an older version of the deployer nor what is being staged. A key of several values,
    # which is there: "for all" of none would be true.
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "states:StateMachineQualifier"
      values   = ["live"]
    }

    condition {
      test     = "Null"
      variable = "states:StateMachineQualifier"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "hold" {
  statement {
    sid = "HoldTheLock"
    # step lock, unlock and halt write on the condition that nothing has changed meanwhile.
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [local.deployer_table]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["lock#${local.target_key}"]
    }
  }

  statement {
    sid       = "StopDeploys"
    actions   = ["states:StopExecution"]
    resources = [local.own_executions]
  }
}

data "aws_iam_policy_document" "by_hand" {
  statement {
    sid = "DeployByHand"
    # step bootstrap, which needs no deployer: code, a version of it, and whether it answers.
    actions = ["lambda:InvokeFunction", "lambda:PublishVersion", "lambda:UpdateFunctionCode"]
    # "*": by the tags below.
    resources = ["${local.functions}:*"]

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "RecordWhatIsDoneByHand"
    actions   = ["dynamodb:PutItem"]
    resources = [local.deployer_table]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["release#${local.target_key}#*"]
    }
  }

  statement {
    sid = "RouteByHand"
    # A definition, a version of it, and where the alias leads.
    actions = [
      "states:CreateStateMachineAlias",
      "states:PublishStateMachineVersion",
      "states:UpdateStateMachine",
      "states:UpdateStateMachineAlias",
    ]
    resources = [var.machine_arn, "${var.machine_arn}:*"]
  }

  dynamic "statement" {
    for_each = length(var.key_arns) > 0 ? [var.key_arns] : []

    content {
      sid       = "UseTheKey"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      resources = statement.value
    }
  }
}

locals {
  # What each role is made of.
  client_roles = {
    upload     = [data.aws_iam_policy_document.read.json, data.aws_iam_policy_document.upload.json]
    start      = [data.aws_iam_policy_document.read.json, data.aws_iam_policy_document.start.json]
    deploy     = [data.aws_iam_policy_document.read.json, data.aws_iam_policy_document.upload.json, data.aws_iam_policy_document.start.json]
    operate    = [data.aws_iam_policy_document.read.json, data.aws_iam_policy_document.ask_to_go_back.json, data.aws_iam_policy_document.start.json, data.aws_iam_policy_document.hold.json]
    administer = [data.aws_iam_policy_document.read.json, data.aws_iam_policy_document.upload.json, data.aws_iam_policy_document.ask_to_go_back.json, data.aws_iam_policy_document.start.json, data.aws_iam_policy_document.hold.json, data.aws_iam_policy_document.by_hand.json]
  }
}

data "aws_iam_policy_document" "client" {
  for_each = local.client_roles

  source_policy_documents = each.value
}
