# The roles of a project that the deployer takes: one to deploy, one to try a new version, one to delete old ones.
# Each says who takes it, for which project, and has its own policy as its boundary.

data "aws_partition" "current" {}

locals {
  partition    = data.aws_partition.current.partition
  role_name    = "step-deployer-${var.project}@${var.config}"
  machines     = "arn:${local.partition}:states:${var.region}:${var.account_id}:stateMachine"
  functions    = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function"
  release_keys = "releases/${var.project}/${var.config}/*"
  # The project's keys, and that of the deployer's bucket.
  all_key_arns = concat(var.key_arns, var.deployer.is_encrypted ? [var.deployer.kms_key_arn] : [])
  # Made of names, not of resources: the deployer's own role may be made after this one.
  deployer_account_id = regex("^arn:[a-z-]+:iam::([0-9]{12}):role/", var.deployer.role_arn)[0]
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "TheDeployerForThisProject"
    actions = ["sts:AssumeRole"]

    # The account, and of it the deployer's role only: a role that is made anew keeps its name, not its id.
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.deployer_account_id}:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [var.deployer.role_arn]
    }

    # Nobody talks the deployer into a role that was not meant for this pair of accounts.
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.deployer.external_id]
    }

    # The session says which project it deploys; the permissions below compare that with the resource.
    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid     = "TagTheSession"
    actions = ["sts:TagSession"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.deployer_account_id}:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [var.deployer.role_arn]
    }

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "deploy" {
  # checkov:skip=CKV_AWS_356:Functions are limited by their tags, as is said below; DescribeAlarms tells of composite alarms for "*" only.
  statement {
    sid = "StageCode"
    # The deployer compares what is there, updates $LATEST, and publishes a version of it. GetFunction tells tags only
    # to who may list them.
    actions = [
      "lambda:GetFunction",
      "lambda:GetFunctionConfiguration",
      "lambda:ListTags",
      "lambda:PublishVersion",
      "lambda:UpdateFunctionCode",
    ]
    # "*": by the tags below. A list of fifty functions doesn't fit into a policy.
    resources = ["${local.functions}:*"]

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = ["$${aws:PrincipalTag/${condition.key}}"]
      }
    }
  }

  statement {
    sid = "StageAndRouteTheMachine"
    # It updates the machine, publishes a version, and routes the alias to it.
    actions = [
      "states:DescribeStateMachine",
      "states:DescribeStateMachineAlias",
      "states:ListTagsForResource",
      "states:PublishStateMachineVersion",
      "states:UpdateStateMachine",
      "states:UpdateStateMachineAlias",
    ]
    resources = [var.machine_arn, "${var.machine_arn}:*"]

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = ["$${aws:PrincipalTag/${condition.key}}"]
      }
    }
  }

  statement {
    sid     = "LookAtAlarms"
    actions = ["cloudwatch:DescribeAlarms"]
    # "*": the release names the alarms that end its canary; of composite ones nothing is told for less.
    resources = ["*"]
  }

  statement {
    sid = "FetchTheRelease"
    # Lambda reads the zip as who updates the function: a version of it, never just the newest.
    actions = ["s3:GetObjectVersion"]
    resources = [
      for arn in compact([var.deployer.bucket_arn, lookup(var.deployer.region_bucket_arns, var.region, "")]) :
      "${arn}/${local.release_keys}"
    ]
  }

  # What is encrypted with keys of the user's is read and written with them.
  dynamic "statement" {
    for_each = length(local.all_key_arns) > 0 ? [local.all_key_arns] : []

    content {
      sid       = "UseTheKeys"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      resources = statement.value
    }
  }
}

data "aws_iam_policy_document" "smoke" {
  statement {
    sid     = "TryTheNewVersion"
    actions = ["states:StartExecution"]
    # AWS authorizes a call to a version or an alias on the machine's own ARN, and tells the qualifier in a condition.
    # "*": by the tags below; a machine that analyses canaries is the project's too.
    resources = ["${local.machines}:*"]

    # A version by its number; what the machine is at the moment has none.
    condition {
      test     = "Null"
      variable = "states:StateMachineQualifier"
      values   = ["false"]
    }

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = ["$${aws:PrincipalTag/${condition.key}}"]
      }
    }
  }

  statement {
    sid     = "SeeHowItEnds"
    actions = ["states:DescribeExecution"]
    # An execution has no tags to go by: those of this machine, and those that a canary's analysis is called.
    resources = [
      "${replace(var.machine_arn, ":stateMachine:", ":execution:")}:*",
      "${replace(local.machines, ":stateMachine", ":execution")}:*:analysis-*",
    ]
  }

  statement {
    sid     = "AskTheAnalysis"
    actions = ["lambda:InvokeFunction"]
    # A version or an alias: what it analyses with doesn't change in between. "*": by the tags below.
    resources = ["${local.functions}:*:*"]

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = ["$${aws:PrincipalTag/${condition.key}}"]
      }
    }
  }

  # What is encrypted with keys of the user's is read and written with them.
  dynamic "statement" {
    for_each = length(var.key_arns) > 0 ? [var.key_arns] : []

    content {
      sid       = "UseTheKeys"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      resources = statement.value
    }
  }
}

data "aws_iam_policy_document" "prune" {
  statement {
    sid = "DeleteVersions"
    # A version that an alias, a running execution or one to redrive uses is kept by the deployer's code; what is
    # not a version can't be deleted with this at all.
    actions = [
      "lambda:DeleteFunction",
      "states:DeleteStateMachineVersion",
    ]
    # "*": by the tags below; of functions their versions only.
    resources = ["${local.functions}:*:*", var.machine_arn, "${var.machine_arn}:*"]

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = ["$${aws:PrincipalTag/${condition.key}}"]
      }
    }
  }

  statement {
    sid = "SeeWhatIsUsed"
    actions = [
      "lambda:ListAliases",
      "states:DescribeStateMachine",
      "states:DescribeStateMachineAlias",
      "states:ListExecutions",
      "states:ListStateMachineAliases",
      "states:ListStateMachineVersions",
    ]
    # "*": by the tags below.
    resources = ["${local.functions}:*", var.machine_arn, "${var.machine_arn}:*"]

    dynamic "condition" {
      for_each = var.own_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = ["$${aws:PrincipalTag/${condition.key}}"]
      }
    }
  }

  # What is encrypted with keys of the user's is read and written with them.
  dynamic "statement" {
    for_each = length(var.key_arns) > 0 ? [var.key_arns] : []

    content {
      sid       = "UseTheKeys"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      resources = statement.value
    }
  }
}

data "aws_iam_policy_document" "never" {
  statement {
    sid    = "NeverInADeploy"
    effect = "Deny"
    # A deploy brings code and definition. Who may do what, what is configured and what exists are others'.
    actions = [
      "iam:*",
      "lambda:AddPermission",
      "lambda:CreateFunction",
      "lambda:RemovePermission",
      "lambda:TagResource",
      "lambda:UntagResource",
      "lambda:UpdateFunctionConfiguration",
      "states:CreateStateMachine",
      "states:DeleteStateMachine",
      "states:DeleteStateMachineAlias",
      "states:TagResource",
      "states:UntagResource",
    ]
    # "*": a denial has no exception.
    resources = ["*"]
  }

  statement {
    sid       = "OnlyTheLiveAlias"
    effect    = "Deny"
    actions   = ["states:UpdateStateMachineAlias"]
    resources = ["*"] # "*": whichever machine.

    # A key of several values: one that is no "live" is enough.
    condition {
      test     = "ForAnyValue:StringNotEquals"
      variable = "states:StateMachineQualifier"
      values   = ["live"]
    }
  }
}

# What only one of the three roles may do is denied to the others by name.
data "aws_iam_policy_document" "no_start" {
  statement {
    sid       = "StartNothing"
    effect    = "Deny"
    actions   = ["lambda:InvokeFunction", "states:StartExecution", "states:StopExecution"]
    resources = ["*"] # "*": a denial has no exception.
  }
}

data "aws_iam_policy_document" "no_delete" {
  statement {
    sid       = "DeleteNothing"
    effect    = "Deny"
    actions   = ["lambda:DeleteFunction", "states:DeleteStateMachineVersion"]
    resources = ["*"] # "*": a denial has no exception.
  }
}

locals {
  roles = {
    deploy = {
      name        = local.role_name
      description = "What the deployer may do for ${var.name}."
      allow       = data.aws_iam_policy_document.deploy.json
      deny = [
        data.aws_iam_policy_document.never.json,
        data.aws_iam_policy_document.no_start.json,
        data.aws_iam_policy_document.no_delete.json,
      ]
    }
    smoke = {
      name        = "${local.role_name}@smoke"
      description = "Tries a new version of ${var.name}; changes nothing."
      allow       = data.aws_iam_policy_document.smoke.json
      deny        = [data.aws_iam_policy_document.never.json, data.aws_iam_policy_document.no_delete.json]
    }
    prune = {
      name        = "${local.role_name}@prune"
      description = "Deletes old versions of ${var.name}; can do nothing else."
      allow       = data.aws_iam_policy_document.prune.json
      deny        = [data.aws_iam_policy_document.never.json, data.aws_iam_policy_document.no_start.json]
    }
  }
}

data "aws_iam_policy_document" "boundary" {
  for_each = local.roles

  source_policy_documents = concat([each.value.allow], each.value.deny)
}

# Whoever adds a policy to a role adds nothing to what it may do.
resource "aws_iam_policy" "boundary" {
  for_each = var.create ? local.roles : {}

  name        = "${each.value.name}-boundary"
  description = "The most that ${each.value.name} may ever do."
  policy      = data.aws_iam_policy_document.boundary[each.key].json
  tags        = var.tags
}

resource "aws_iam_role" "this" {
  for_each = var.create ? local.roles : {}

  name                 = each.value.name
  description          = each.value.description
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = aws_iam_policy.boundary[each.key].arn
  max_session_duration = 3600
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = length(each.value.name) <= 64
      error_message = "The names of project and configuration have at most 43 characters together: ${each.value.name} is a role's name, of at most 64."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = var.create ? local.roles : {}

  name   = each.key
  role   = aws_iam_role.this[each.key].name
  policy = data.aws_iam_policy_document.boundary[each.key].json
}
