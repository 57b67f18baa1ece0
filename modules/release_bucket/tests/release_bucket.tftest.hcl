mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::mock" }
  }
}

variables {
  name = "step-releases"
}

run "a_release_can_t_be_swapped_or_read_from_outside" {
  command = plan

  assert {
    condition     = one(aws_s3_bucket_versioning.this[0].versioning_configuration).status == "Enabled"
    error_message = "An object could be written over."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this[0].block_public_acls,
      aws_s3_bucket_public_access_block.this[0].block_public_policy,
      aws_s3_bucket_public_access_block.this[0].ignore_public_acls,
      aws_s3_bucket_public_access_block.this[0].restrict_public_buckets,
    ])
    error_message = "The bucket can be opened to the public."
  }

  assert {
    condition     = !aws_s3_bucket.this[0].force_destroy
    error_message = "Releases go with the bucket."
  }
}

run "releases_go_after_their_time" {
  command = plan

  variables {
    expiration_days = 90
  }

  assert {
    condition = [
      for rule in one(aws_s3_bucket_lifecycle_configuration.this).rule : one(rule.expiration).days if rule.id == "old-releases"
    ] == [90]
    error_message = "What is written once is never replaced, and would stay for ever."
  }
}

run "releases_can_be_kept_for_ever" {
  command = plan

  variables {
    expiration_days = null
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "Something goes away."
  }
}

run "a_key_encrypts_where_there_is_one" {
  command = plan

  variables {
    is_encrypted = true
    kms_key_arn  = "arn:aws:kms:us-east-1:123456789012:key/0"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this[0].rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "The key isn't used."
  }
}

run "wrong_values_don_t_reach_aws" {
  command = plan

  variables {
    name             = "Step.Releases"
    expiration_days  = 5
    reader_role_arns = ["arn:aws:iam::210987654321:root"]
  }

  expect_failures = [var.name, var.expiration_days, var.reader_role_arns]
}
