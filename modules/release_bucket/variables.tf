variable "name" {
  description = "The bucket's name, unique in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 small letters, digits and -."
  }
}

variable "reader_role_arns" {
  description = "Roles of other accounts that deploy from the bucket."
  type        = list(string)
  default     = []
}

variable "expiration_days" {
  description = "Days after which a version that was replaced goes away; null keeps them all."
  type        = number
  default     = 365
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
