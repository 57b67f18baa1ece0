output "called_arn" {
  description = "What to invoke: the alias's ARN, else the function's."
  value       = local.called_arn
}

output "url" {
  description = "The address of its URL."
  value       = one(aws_lambda_function_url.this[*].function_url)
}

output "event_source_ids" {
  description = "The ids of its event sources, by name."
  value       = { for name, mapping in aws_lambda_event_source_mapping.this : name => mapping.uuid }
}
