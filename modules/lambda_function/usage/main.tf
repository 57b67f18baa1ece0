locals {
  # What make package wrote.
  greeting = jsondecode(file("build/package/manifest.json"))
}

module "greeting_function" {
  source = "./modules/lambda_function"

  name                 = "greeting"
  description          = "Says hello."
  account_id           = "123456789012"
  region               = "us-east-1"
  package_file         = "build/package/hello.zip"
  content_hash         = local.greeting.functions.hello.content_sha256
  handler              = local.greeting.functions.hello.handler
  runtime              = local.greeting.runtime
  architecture         = local.greeting.architecture
  ephemeral_storage_mb = 1024
  integrations         = { sns = ["arn:aws:sns:us-east-1:123456789012:greetings"] }
}
