variable "name" {
  description = "The machine's name and its function's."
  type        = string
  default     = "nightly"
}

variable "account_id" {
  description = "The account; by default the local service's."
  type        = string
  default     = "123456789012"
}

variable "region" {
  description = "The region."
  type        = string
  default     = "us-east-1"
}

variable "bucket" {
  description = "The bucket that gets the reports."
  type        = string
  default     = "reports"
}

variable "topic_arn" {
  description = "Whom reports are told to."
  type        = string
  default     = "arn:aws:sns:us-east-1:123456789012:reports"
}

variable "timezone" {
  description = "Whose night it is."
  type        = string
  default     = "Europe/Berlin"
}
