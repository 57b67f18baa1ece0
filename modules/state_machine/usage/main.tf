module "nap" {
  source = "./modules/state_machine"

  name       = "nap"
  account_id = "123456789012"
  region     = "us-east-1"
  definition = jsonencode({
    StartAt = "Sleep"
    States  = { Sleep = { Type = "Wait", Seconds = 600, End = true } }
  })
  schedules   = { noon = { expression = "cron(0 12 * * ? *)", timezone = "Europe/Berlin", input = jsonencode({ deep = false }) } }
  event_rules = { lunch = { pattern = jsonencode({ source = ["canteen"], "detail-type" = ["Lunch Ended"] }) } }
  alarms      = { threshold = 2 }
}
