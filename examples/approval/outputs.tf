output "machine_arn" {
  description = "The ARN to start executions with."
  value       = module.machine.alias_arn
}

output "queue_url" {
  description = "Where those look who approve."
  value       = aws_sqs_queue.approvals.url
}
