output "machine_arn" {
  description = "The ARN to start executions with."
  value       = module.machine.alias_arn
}
