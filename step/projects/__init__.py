"""Definitions where people keep them: ASL in YAML, SAM and CloudFormation templates, cdk.out, Terraform."""
