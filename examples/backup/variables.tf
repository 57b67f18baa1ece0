variable "name" {
  description = "The machine's name and its function's."
  type        = string
  default     = "backup"
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

variable "source_bucket" {
  description = "The bucket that is copied; what it becomes are the buckets of its name with -photos and -notes behind it."
  type        = string
  default     = "attic"
}

variable "log_bucket" {
  description = "The bucket that gets what each run came to."
  type        = string
  default     = "attic-log"
}
