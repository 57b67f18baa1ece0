# A role for one service, with nothing but what its integrations need.

data "aws_partition" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "TheServiceOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [var.service]
    }

    # Another account's function or machine can't borrow the service to get at this role.
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

locals {
  partition = data.aws_partition.current.partition
  # A managed rule: Step Functions learns from it that a child execution has ended.
  sync_rule = "arn:${local.partition}:events:${var.region}:${var.account_id}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
  # A version or an alias is authorized by its machine's ARN, which is the first seven parts of its own.
  machines = [
    for arn in concat(var.integrations.states, var.integrations.states_sync) :
    join(":", slice(split(":", arn), 0, 7))
  ]
  # Step Functions names an execution after its machine.
  executions = [
    for arn in var.integrations.states_sync :
    "${replace(join(":", slice(split(":", arn), 0, 7)), ":stateMachine:", ":execution:")}:*"
  ]

  # What each integration may do, and why. A row without resources gives no statement.
  integrations = {
    InvokeFunctions = {
      # A function's versions too: a definition names the one that it was released with.
      actions   = ["lambda:InvokeFunction"]
      resources = flatten([for arn in var.integrations.lambda : [arn, "${arn}:*"]])
    }
    UseItems = {
      # The four calls that have an integration of their own; no scan, no query.
      actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = var.integrations.dynamodb
    }
    SendMessages = {
      # sqs:sendMessage, with a task token too.
      actions   = ["sqs:SendMessage"]
      resources = var.integrations.sqs
    }
    PublishMessages = {
      # sns:publish.
      actions   = ["sns:Publish"]
      resources = var.integrations.sns
    }
    PutEvents = {
      # events:putEvents.
      actions   = ["events:PutEvents"]
      resources = var.integrations.events
    }
    StartExecutions = {
      # states:startExecution, in each of its forms.
      actions   = ["states:StartExecution"]
      resources = local.machines
    }
    FollowExecutions = {
      # ".sync" reads how a child ended, and stops it when the parent is stopped.
      actions   = ["states:DescribeExecution", "states:StopExecution"]
      resources = local.executions
    }
    RedriveMapRuns = {
      # Going on with a distributed Map goes on with its children, whose ARNs have the Map's label after the machine's.
      actions = ["states:RedriveExecution"]
      resources = [
        for arn in var.integrations.states_sync :
        "${replace(join(":", slice(split(":", arn), 0, 7)), ":stateMachine:", ":execution:")}/*:*"
      ]
    }
    LearnOfEndedExecutions = {
      # ".sync" waits for an event of the child, by a rule that Step Functions keeps.
      actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
      resources = length(var.integrations.states_sync) > 0 ? [local.sync_rule] : []
    }
    ReadObjects = {
      # A distributed Map's ItemReader.
      actions   = ["s3:GetObject"]
      resources = [for arn in var.integrations.s3_read : "${arn}/*"]
    }
    ListObjects = {
      # An ItemReader that lists a bucket.
      actions   = ["s3:ListBucket"]
      resources = var.integrations.s3_read
    }
    WriteObjects = {
      # A ResultWriter, which writes in parts, reads what it has written, and gives up an upload that fails.
      actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      resources = [for arn in var.integrations.s3_write : "${arn}/*"]
    }
    CallEndpoints = {
      # http:invoke asks by the machine's ARN. "*": only the machine that has this role asks with it.
      actions   = ["states:InvokeHTTPEndpoint"]
      resources = length(var.integrations.http_connections) > 0 ? ["arn:${local.partition}:states:${var.region}:${var.account_id}:stateMachine:*"] : []
    }
    UseConnections = {
      # The connection says how an endpoint is called.
      actions   = ["events:RetrieveConnectionCredentials"]
      resources = var.integrations.http_connections
    }
    ReadConnectionSecrets = {
      # Its secret is EventBridge's own, named after the connection.
      actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
      resources = [
        for arn in var.integrations.http_connections :
        "arn:${local.partition}:secretsmanager:${split(":", arn)[3]}:${split(":", arn)[4]}:secret:events!connection/${split("/", arn)[1]}/*"
      ]
    }
  }
}

data "aws_iam_policy_document" "integrations" {
  dynamic "statement" {
    for_each = { for sid, row in local.integrations : sid => row if length(row.resources) > 0 }

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "WriteToTheOwnLogGroup"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for arn in var.log_group_arns : "${arn}:*"]
  }
}

data "aws_iam_policy_document" "log_delivery" {
  statement {
    sid = "ManageLogDelivery"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    # "*": these actions know no resource (Step Functions developer guide, "Logging using CloudWatch Logs").
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "tracing" {
  statement {
    sid = "SendTraces"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    # "*": X-Ray's actions know no resource.
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [coalesce(var.kms_key_arn, "arn:${local.partition}:kms:${var.region}:${var.account_id}:key/none")]
  }
}

locals {
  policies = merge(
    length([for row in values(local.integrations) : row if length(row.resources) > 0]) > 0
    ? { integrations = data.aws_iam_policy_document.integrations.json } : {},
    var.writes_logs ? { logs = data.aws_iam_policy_document.logs.json } : {},
    var.delivers_logs ? { log-delivery = data.aws_iam_policy_document.log_delivery.json } : {},
    var.is_traced ? { tracing = data.aws_iam_policy_document.tracing.json } : {},
    var.uses_key ? { key = data.aws_iam_policy_document.key.json } : {},
    local.function_policies,
    var.policies,
  )
}

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0

  name                 = var.name
  path                 = var.path
  description          = var.description
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = var.create ? local.policies : {}

  name   = each.key
  role   = aws_iam_role.this[0].name
  policy = each.value
}

# What anybody else puts on the role is taken off by the next apply.
resource "aws_iam_role_policies_exclusive" "this" {
  count = var.create ? 1 : 0

  role_name    = aws_iam_role.this[0].name
  policy_names = [for policy in aws_iam_role_policy.this : policy.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "this" {
  count = var.create ? 1 : 0

  role_name   = aws_iam_role.this[0].name
  policy_arns = []
}
