output "arn" {
  description = "The bucket's ARN."
  value       = one(aws_s3_bucket.this[*].arn)
}

output "name" {
  description = "The bucket's name."
  value       = one(aws_s3_bucket.this[*].bucket)
}

output "policy" {
  description = "The bucket's policy as JSON."
  value       = data.aws_iam_policy_document.bucket.json
}
