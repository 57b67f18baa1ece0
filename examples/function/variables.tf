variable "account_id" {
  description = "The account that all of it is in."
  type        = string
  default     = "123456789012"
}

variable "region" {
  description = "The region that all of it is in."
  type        = string
  default     = "us-east-1"
}

variable "build_folder" {
  description = "Where make plan puts packages and definitions."
  type        = string
  default     = "../../build"
}
