terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
  # The state is a file here. Keep it in a bucket before you share it: backend "s3" { use_lockfile = true ... }
}

provider "aws" {
  region = var.region
  # Credentials of another account end here, before anything is read or changed.
  allowed_account_ids = [var.account_id]
}
