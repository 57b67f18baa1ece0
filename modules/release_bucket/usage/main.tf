module "spare_releases" {
  source = "./modules/release_bucket"

  name             = "spare-releases-123456789012-us-east-1"
  expiration_days  = null
  is_protected     = false
  reader_role_arns = ["arn:aws:iam::210987654321:role/step-deployer-shop@production"]
}
