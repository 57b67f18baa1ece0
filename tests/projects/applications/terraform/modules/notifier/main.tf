variable "name" { type = string }
variable "function_arn" { type = string }

resource "aws_sfn_state_machine" "this" {
  name     = var.name
  role_arn = "arn:aws:iam::123456789012:role/notifier"

  definition = jsonencode({
    StartAt = "Publish"
    States = {
      Publish = {
        Type           = "Task"
        Resource       = var.function_arn
        TimeoutSeconds = 30
        End            = true
      }
    }
  })
}

output "machine_arn" {
  value = aws_sfn_state_machine.this.arn
}
