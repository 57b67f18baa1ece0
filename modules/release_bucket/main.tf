# The bucket that releases are uploaded to and deployed from.

resource "aws_s3_bucket" "this" {
  count = var.create ? 1 : 0

  bucket        = var.name
  force_destroy = !var.is_protected
  tags          = var.tags
}

# A release names each object by its version: an object that is written again is another one.
resource "aws_s3_bucket_versioning" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  rule {
    bucket_key_enabled = var.is_encrypted

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.is_encrypted ? "aws:kms" : "AES256"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

locals {
  arn = var.create ? aws_s3_bucket.this[0].arn : "none"
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid     = "NothingWithoutTLS"
    effect  = "Deny"
    actions = ["s3:*"]
    # "*": whoever it is, and whatever they want: not in the clear.
    resources = [local.arn, "${local.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # Lambda fetches code with the permissions of who updates the function: a role of the project's account, which reads
  # the releases of its own project and configuration.
  dynamic "statement" {
    for_each = { for index, arn in var.reader_role_arns : index => arn }

    content {
      sid       = "AProjectReadsItsReleases${statement.key}"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = ["${local.arn}/releases/${join("/", regex("role/step-deployer-([^@]+)@([^@]+)$", statement.value))}/*"]

      principals {
        type        = "AWS"
        identifiers = [statement.value]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].id
  policy = data.aws_iam_policy_document.bucket.json

  # S3 answers "conflict" to a policy that meets the block half-way.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = var.create && var.expiration_days != null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  # A release is written once, under a name of its own. What runs is in Lambda and Step Functions, and its record in the
  # table: after its time nothing needs it.
  rule {
    id     = "old-releases"
    status = "Enabled"

    filter {}

    expiration {
      days = var.expiration_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "markers-of-what-is-gone"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
