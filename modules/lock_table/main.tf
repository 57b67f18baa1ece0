# The table of the deployer's locks and of its record of releases.

resource "aws_dynamodb_table" "this" {
  count = var.create ? 1 : 0

  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "key"
  deletion_protection_enabled = var.is_protected
  tags                        = var.tags

  attribute {
    name = "key"
    type = "S"
  }

  attribute {
    name = "held"
    type = "S"
  }

  # Only the locks that executions hold have the attribute: the sweep finds those whose holder died.
  global_secondary_index {
    name               = "held"
    hash_key           = "held"
    projection_type    = "INCLUDE"
    non_key_attributes = ["owner"]
  }

  # No time to live: a lock that went away would take its fence along, and a late writer would get through.

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = var.is_encrypted
    kms_key_arn = var.kms_key_arn
  }
}
