variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

variable "name" {
  description = "The bucket's name, unique in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 small letters, digits and -."
  }
}

variable "reader_role_arns" {
  description = "Deploy roles of projects in other accounts: step-deployer-PROJECT@CONFIG, which reads releases of that."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.reader_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/step-deployer-[^*@/]+@[^*@/]+$", arn))])
    error_message = "A reader is the deploy role of a project: its output role_arns has it."
  }
}

variable "expiration_days" {
  description = "Days after which a release goes away (what runs doesn't need it); null keeps them all."
  type        = number
  default     = 365

  validation {
    condition     = var.expiration_days == null || try(var.expiration_days >= 11, false)
    error_message = "Releases are kept for 11 days or more: they are deployed up to 10 days after they were made."
  }
}

variable "is_protected" {
  description = "Whether the bucket can't be deleted with what it holds."
  type        = bool
  default     = true
}

variable "is_encrypted" {
  description = "Whether kms_key_arn is given. Said apart, since a key's ARN may be known only after apply."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "The key that encrypts the objects; S3's own where there is none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
}
