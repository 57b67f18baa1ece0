output "arn" {
  description = "The table's ARN."
  value       = one(aws_dynamodb_table.this[*].arn)
}

output "name" {
  description = "The table's name."
  value       = one(aws_dynamodb_table.this[*].name)
}
