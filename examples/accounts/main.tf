# Two accounts: one has the deployer, the other a project. The deployer takes the project's roles, which say that they
# are taken by it alone; Lambda of the project's account reads the project's releases from the deployer's bucket.

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.deployer_account_id]
}

provider "aws" {
  alias               = "project"
  region              = var.region
  allowed_account_ids = [var.project_account_id]

  assume_role {
    role_arn = var.project_role_arn
  }
}

locals {
  manifest  = jsondecode(file("${var.build_folder}/package/manifest.json"))
  functions = local.manifest.functions
  config    = "accounts"
  deployer  = "step-deployer-accounts"
  bread     = "bread-accounts"
}

module "deployer" {
  source = "../../modules/deployer"

  name               = local.deployer
  config             = local.config
  account_id         = var.deployer_account_id
  target_account_ids = [var.project_account_id]
  region             = var.region
  bucket_name        = "${local.deployer}-${var.deployer_account_id}-${var.region}"
  external_id        = "step"
  # The project's role is named after it; that it is there is S3's condition for a policy that names it.
  reader_role_arns        = var.is_project_there ? ["arn:aws:iam::${var.project_account_id}:role/step-deployer-bread@${local.config}"] : []
  package_file            = "${var.build_folder}/package/deployer.zip"
  content_hash            = local.functions.deployer.content_sha256
  handler                 = local.functions.deployer.handler
  runtime                 = local.manifest.runtime
  architecture            = local.manifest.architecture
  definition_file         = "${var.build_folder}/definitions/deployer.asl.json"
  release_expiration_days = null
  log_retention_days      = 365
  is_protected            = var.is_protected
}

module "project" {
  source = "../../modules/project"

  providers = {
    aws = aws.project
  }

  project            = "bread"
  config             = local.config
  account_id         = var.project_account_id
  region             = var.region
  runtime            = local.manifest.runtime
  architecture       = local.manifest.architecture
  definition_file    = "${var.build_folder}/definitions/bread.asl.json"
  deployer           = module.deployer.deployer
  log_retention_days = 365

  functions = {
    (local.bread) = {
      package_file = "${var.build_folder}/package/bread.zip"
      content_hash = local.functions.bread.content_sha256
      handler      = local.functions.bread.handler
    }
  }
}
