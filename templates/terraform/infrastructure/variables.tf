variable "name" {
  description = "The machine's name, and the beginning of its functions'."
  type        = string
  default     = "order"
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
