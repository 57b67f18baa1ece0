variable "name" {
  description = "The machine's name and its function's."
  type        = string
  default     = "approval"
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
