variable "environment" {
  description = "The environment's name; resources are named after it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.environment))
    error_message = "An environment's name has up to 20 small letters, digits and -."
  }
}

variable "account_id" {
  description = "The account of the environment. Terraform refuses to touch another."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account's id has twelve digits."
  }
}

variable "region" {
  description = "The region of the environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region is written like eu-central-1."
  }
}

variable "runtime" {
  description = "Lambda's runtime, which make package builds for; null takes what was built."
  type        = string
  default     = null

  validation {
    condition     = var.runtime == null || var.runtime == local.manifest.runtime
    error_message = "The packages are for ${local.manifest.runtime}: make package ENV=${var.environment} builds them for ${coalesce(var.runtime, "it")}."
  }
}

variable "architecture" {
  description = "The processor of the functions, which make package builds for; null takes what was built."
  type        = string
  default     = null

  validation {
    condition     = var.architecture == null || var.architecture == local.manifest.architecture
    error_message = "The packages are for ${local.manifest.architecture}: make package ENV=${var.environment} builds them for ${coalesce(var.architecture, "it")}."
  }
}

variable "build_folder" {
  description = "Where make package puts packages and definitions."
  type        = string
  default     = "build"
}

variable "target_account_ids" {
  description = "The accounts that the deployer deploys to beside its own."
  type        = list(string)
  default     = []
}

variable "reader_role_arns" {
  description = "The deploy roles of the projects in these accounts, which read releases from the bucket."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.reader_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/step-deployer-[^*@]+@[^*@]+$", arn))])
    error_message = "A reader is the ARN of a project's deploy role: arn:aws:iam::222222222222:role/step-deployer-PROJECT@CONFIG."
  }
}

variable "external_id" {
  description = "The external id that the projects' roles ask of the deployer."
  type        = string
  default     = "step"
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
}

variable "signing_key_arns" {
  description = "Keys of KMS: every release has to be signed with one of them, where there are some."
  type        = list(string)
  default     = []
}

variable "release_expiration_days" {
  description = "Days after which an overwritten object in the release bucket is deleted; null keeps them all."
  type        = number
  default     = 365
}

variable "alarm_topic_arns" {
  description = "Topics that are told when an alarm goes on or off."
  type        = list(string)
  default     = []
}

variable "kms_key_arn" {
  description = "The key that encrypts what the stack keeps; AWS's own where there is none."
  type        = string
  default     = null
}

variable "is_protected" {
  description = "Whether lock table and release bucket can't be destroyed with what they hold."
  type        = bool
  default     = true
}
