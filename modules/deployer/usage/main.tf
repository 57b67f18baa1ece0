locals {
  # What make plan wrote: packages and definitions.
  built = jsondecode(file("build/package/manifest.json"))
}

module "releases" {
  source = "./modules/deployer"

  name                    = "releases"
  config                  = "usage"
  account_id              = "123456789012"
  region                  = "us-east-1"
  bucket_name             = "releases-123456789012-us-east-1"
  external_id             = "step"
  package_file            = "build/package/deployer.zip"
  content_hash            = local.built.functions.deployer.content_sha256
  handler                 = local.built.functions.deployer.handler
  runtime                 = local.built.runtime
  architecture            = local.built.architecture
  definition_file         = "build/definitions/deployer.asl.json"
  release_expiration_days = null
  is_protected            = false
}
