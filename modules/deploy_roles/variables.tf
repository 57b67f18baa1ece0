variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

variable "name" {
  description = "What the project is called in its environment."
  type        = string
}

variable "project" {
  description = "The project's name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,64}$", var.project)) && !can(regex("^_|__|_$", var.project))
    error_message = "A project's name has 1 to 64 letters, digits, _ . and -, no __, and no _ at its ends."
  }
}

variable "config" {
  description = "The configuration's name: which of its environments this is."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,64}$", var.config)) && !can(regex("^_|__|_$", var.config))
    error_message = "A configuration's name has 1 to 64 letters, digits, _ . and -, no __, and no _ at its ends."
  }
}

variable "account_id" {
  description = "The account that the project runs in."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account's id has twelve digits."
  }
}

variable "region" {
  description = "The region that the project runs in."
  type        = string
}

variable "machine_arn" {
  description = "The project's machine, without a version."
  type        = string
}

variable "deployer" {
  description = "The deployer that may deploy the project: its function's role, its machine, the external id that the projects' roles ask of it, its bucket, and the bucket's key where it has one."
  type = object({
    role_arn    = string
    machine_arn = string
    external_id = string
    bucket_arn  = string
    # Where zips are copied to for functions of other regions, by region.
    region_bucket_arns = optional(map(string), {})
    is_encrypted       = optional(bool, false)
    kms_key_arn        = optional(string)
  })

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", var.deployer.role_arn))
    error_message = "The deployer's role_arn is the ARN of a role."
  }

  validation {
    condition     = can(regex("^[\\w+=,.@:/-]{2,256}$", var.deployer.external_id))
    error_message = "An external id has 2 to 256 letters, digits and + = , . @ : / _ -."
  }
}

variable "own_tags" {
  description = "The tags that say whose something is: the deployer touches nothing without them."
  type        = map(string)
}

variable "key_arns" {
  description = "The project's own keys; none where AWS's encrypt."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of roles and boundaries."
  type        = map(string)
  default     = {}
}
