module "mill_role" {
  source = "./modules/iam"

  name         = "mill-machine"
  description  = "What the mill may do."
  service      = "states.amazonaws.com"
  account_id   = "123456789012"
  region       = "us-east-1"
  integrations = { sqs = ["arn:aws:sqs:us-east-1:123456789012:flour"] }
}
