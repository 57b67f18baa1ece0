output "machine" {
  description = "The ARN to start executions with."
  value       = module.machine.alias_arn
}

output "function" {
  description = "What calls the function by itself."
  value       = module.triggers.called_arn
}

output "url" {
  description = "Its address."
  value       = module.triggers.url
}
