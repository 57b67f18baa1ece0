# What a function and a machine can have that the examples and usage blocks don't show, and what is not made.

resource "aws_lambda_layer_version" "tools" {
  layer_name = "tools"
  filename   = "build/package/hello.zip"
}

resource "aws_iam_policy" "boundary" {
  name   = "everything-boundary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Logs", Effect = "Allow", Action = "logs:*", Resource = "*" }] })
}

module "everything" {
  source = "./modules/lambda_function"

  name                     = "everything"
  description              = "Has all that a function can have."
  account_id               = "123456789012"
  region                   = "us-east-1"
  package_file             = "build/package/hello.zip"
  handler                  = "hello.handlers"
  runtime                  = "python3.13"
  architecture             = "arm64"
  layers                   = [aws_lambda_layer_version.tools.arn]
  has_snap_start           = true
  reserved_concurrency     = 3
  code_signing_config_arn  = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"
  network                  = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], is_dual_stack = true }
  file_system              = { access_point_arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0", mount_path = "/mnt/tools" }
  role_path                = "/teams/"
  permissions_boundary_arn = aws_iam_policy.boundary.arn
}

module "given_role" {
  source = "./modules/lambda_function"

  name         = "given-role"
  description  = "Has a role that is there already."
  account_id   = "123456789012"
  region       = "us-east-1"
  package_file = "build/package/hello.zip"
  handler      = "hello.handlers"
  runtime      = "python3.13"
  architecture = "arm64"
  role         = { arn = module.everything.role_arn }
}

module "nothing" {
  source = "./modules/project"

  create          = false
  project         = "nothing"
  config          = "usage"
  account_id      = "123456789012"
  region          = "us-east-1"
  runtime         = "python3.13"
  architecture    = "arm64"
  definition_file = "build/definitions/bread.asl.json"
  functions       = { nothing = {} }

  deployer = {
    role_arn    = "arn:aws:iam::123456789012:role/step-deployer-function"
    machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:step-deployer"
    external_id = "step"
    bucket_arn  = "arn:aws:s3:::step-releases"
  }
}
