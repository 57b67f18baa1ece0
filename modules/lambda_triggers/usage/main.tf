module "clock_function" {
  source = "./modules/lambda_function"

  name         = "clock"
  description  = "Is called by a bucket, by people and by other functions."
  account_id   = "123456789012"
  region       = "us-east-1"
  package_file = "build/package/hello.zip"
  handler      = "hello.handlers"
  runtime      = jsondecode(file("build/package/manifest.json")).runtime
  architecture = jsondecode(file("build/package/manifest.json")).architecture
  # Lambda sends there with the function's role.
  target_arns = ["arn:aws:sqs:us-east-1:123456789012:late"]
}

module "clock_triggers" {
  source = "./modules/lambda_triggers"

  function                = module.clock_function
  alias                   = "live"
  provisioned_concurrency = 1
  permissions             = { photos = { principal = "s3.amazonaws.com", source_arn = "arn:aws:s3:::photos", source_account = "123456789012" } }
  url                     = { cors = { allow_origins = ["https://example.com"] } }
  asynchronous            = { retries = 1, on_failure = { arn = "arn:aws:sqs:us-east-1:123456789012:late" } }
}
