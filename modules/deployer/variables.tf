variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

variable "name" {
  description = "The name of its machine and of its function."
  type        = string
  default     = "step-deployer"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,46}$", var.name))
    error_message = "The name has 1 to 46 letters, digits, - and _."
  }
}

variable "project" {
  description = "Its own name as a project."
  type        = string
  default     = "step-deployer"
}

variable "config" {
  description = "Its own name as a configuration of that project."
  type        = string
}

variable "account_id" {
  description = "The account that it runs in."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account's id has twelve digits."
  }
}

variable "target_account_ids" {
  description = "The accounts that it deploys to beside its own; no others."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.target_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "An account's id has twelve digits."
  }
}

variable "region" {
  description = "The region that it runs in."
  type        = string
}

variable "bucket_name" {
  description = "The name of the release bucket, unique in all of AWS."
  type        = string
}

variable "external_id" {
  description = "The external id that the projects' roles ask of their deployer."
  type        = string
}

variable "allowed_resources" {
  description = "The resources that a released definition may name beside the project's own functions, as patterns of ARNs; none: every integration of Step Functions."
  type        = list(string)
  default     = []
}

variable "region_buckets" {
  description = "Buckets of other regions, by region: zips are copied there for functions of that region (module release_bucket makes one). Without one a zip is sent to the region, of 50 MB at most."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in values(var.region_buckets) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "Buckets are given by their names."
  }
}

variable "reader_role_arns" {
  description = "The deploy roles of projects in other accounts, which read releases from the bucket."
  type        = list(string)
  default     = []
}

variable "signing_key_arns" {
  description = "Keys of KMS: every release has to be signed with one of them, where there are some."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.signing_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])
    error_message = "A signing key is the ARN of a key."
  }
}

variable "package_file" {
  description = "The zip of its function, built beforehand by make package."
  type        = string
}

variable "content_hash" {
  description = "The hash of what the zip holds, from the packages' manifest."
  type        = string
}

variable "handler" {
  description = "What Lambda calls."
  type        = string
}

variable "runtime" {
  description = "The runtime that the package was built for."
  type        = string
}

variable "architecture" {
  description = "The processor that the package was built for."
  type        = string
}

variable "definition_file" {
  description = "Its first definition: a file that step json wrote."
  type        = string
}

variable "release_expiration_days" {
  description = "Days after which a release in the bucket goes away (what runs doesn't need it); null keeps them all."
  type        = number
  default     = 365
}

variable "sweep_minutes" {
  description = "Minutes between two looks for locks whose holder has ended."
  type        = number
  default     = 15

  validation {
    condition     = var.sweep_minutes >= 2 && floor(var.sweep_minutes) == var.sweep_minutes
    error_message = "A whole number of minutes, 2 or more."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}

variable "is_protected" {
  description = "Whether lock table and release bucket can't be deleted with what they hold."
  type        = bool
  default     = true
}

variable "is_traced" {
  description = "Whether X-Ray traces it."
  type        = bool
  default     = true
}

variable "is_encrypted" {
  description = "Whether kms_key_arn is given. Said apart, since a key's ARN may be known only after apply."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "The key that encrypts locks, releases, definition and logs; AWS's own where there is none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
