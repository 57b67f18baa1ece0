output "policies" {
  description = "The policies as JSON, by role: read, upload, start, deploy, operate and administer."
  value       = merge({ read = data.aws_iam_policy_document.read.json }, { for name, policy in data.aws_iam_policy_document.client : name => policy.json })
}
