module "night_alarms" {
  source = "./modules/alarms"

  machines  = { night = "arn:aws:states:us-east-1:123456789012:stateMachine:night" }
  functions = ["night"]
}
