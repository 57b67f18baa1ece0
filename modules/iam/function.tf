# What Lambda itself does with a function's role: it reads event sources, delivers what failed, connects to networks.

locals {
  # By the service in an ARN, which may be known only after apply: how many statements there are doesn't depend on it.
  reads = {
    dynamodb = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
    kinesis = [
      "kinesis:DescribeStream",
      "kinesis:DescribeStreamSummary",
      "kinesis:GetRecords",
      "kinesis:GetShardIterator",
      "kinesis:ListShards",
      "kinesis:ListStreams",
      "kinesis:SubscribeToShard",
    ]
    sqs = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
  }
  deliveries = {
    events = ["events:PutEvents"]
    lambda = ["lambda:InvokeFunction"]
    s3     = ["s3:ListBucket", "s3:PutObject"]
    sns    = ["sns:Publish"]
    sqs    = ["sqs:SendMessage"]
  }
  function_policies = merge(
    length(var.event_source_arns) > 0 ? { event-sources = data.aws_iam_policy_document.event_sources.json } : {},
    length(var.target_arns) > 0 ? { targets = data.aws_iam_policy_document.targets.json } : {},
    var.connected_function_arn != null ? { network = data.aws_iam_policy_document.network.json } : {},
    length(var.access_point_arns) > 0 ? { file-system = data.aws_iam_policy_document.file_system.json } : {},
  )
}

data "aws_iam_policy_document" "event_sources" {
  dynamic "statement" {
    for_each = var.event_source_arns

    content {
      sid       = "ReadEvents${statement.key}"
      actions   = local.reads[split(":", statement.value)[2]]
      resources = [statement.value]
    }
  }
}

data "aws_iam_policy_document" "targets" {
  dynamic "statement" {
    for_each = var.target_arns

    content {
      sid       = "Deliver${statement.key}"
      actions   = local.deliveries[split(":", statement.value)[2]]
      resources = split(":", statement.value)[2] == "s3" ? [statement.value, "${statement.value}/*"] : [statement.value]
    }
  }
}

# AWS: Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC".
data "aws_iam_policy_document" "network" {
  # checkov:skip=CKV_AWS_111:Only Lambda itself may, and it checks the role before there is an interface to name.
  # checkov:skip=CKV_AWS_356:The same.
  statement {
    sid = "ManageNetworkInterfaces"
    actions = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ]
    # "*": Lambda checks the role before there is an interface, and describing knows no resource.
    resources = ["*"]
  }

  statement {
    sid    = "NotByTheFunctionsCode"
    effect = "Deny"
    actions = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ]
    resources = ["*"] # "*": a denial has no exception.

    # Lambda's own calls have no source function; those of the code have.
    condition {
      test     = "ArnEquals"
      variable = "lambda:SourceFunctionArn"
      values   = [coalesce(var.connected_function_arn, "arn:${local.partition}:lambda:::function:none")]
    }
  }
}

data "aws_iam_policy_document" "file_system" {
  statement {
    sid     = "UseTheFileSystem"
    actions = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    # "*": whichever file system the access points below are of.
    resources = ["arn:${local.partition}:elasticfilesystem:${var.region}:${var.account_id}:file-system/*"]

    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = var.access_point_arns
    }
  }
}
