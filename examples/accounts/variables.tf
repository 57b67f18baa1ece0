variable "deployer_account_id" {
  description = "The account of the deployer: whose credentials Terraform has."
  type        = string
  default     = "123456789012"
}

variable "project_account_id" {
  description = "The account of the project."
  type        = string
  default     = "210987654321"
}

variable "project_role_arn" {
  description = "The role of the project's account that Terraform takes."
  type        = string
  default     = "arn:aws:iam::210987654321:role/terraform"
}

variable "region" {
  description = "The region of both."
  type        = string
  default     = "us-east-1"
}

variable "build_folder" {
  description = "Where make plan puts packages and definitions."
  type        = string
  default     = "../../build"
}

variable "is_protected" {
  description = "Whether the deployer's table and bucket are kept from being deleted."
  type        = bool
  default     = true
}

variable "is_project_there" {
  description = "Whether the project's roles are there: a policy of S3 names only roles that are. true from the second apply on."
  type        = bool
  default     = false
}
