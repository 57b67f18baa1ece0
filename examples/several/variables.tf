variable "projects" {
  description = "The projects: each is a file in lambda/ and one in states/."
  type        = set(string)
  default     = ["bread", "hello"]
}

variable "environments" {
  description = "The environments that each project has."
  type        = set(string)
  default     = ["blue", "green"]
}

variable "account_id" {
  description = "The account of all of them."
  type        = string
  default     = "123456789012"
}

variable "region" {
  description = "The region of all of them."
  type        = string
  default     = "us-east-1"
}

variable "cidr_block" {
  description = "The addresses of their network; a /16."
  type        = string
  default     = "10.20.0.0/16"
}

variable "build_folder" {
  description = "Where make package puts packages and definitions."
  type        = string
  default     = "../../build"
}

variable "deployer" {
  description = "The deployer that may deploy them: the output deployer of the module of that name."
  type = object({
    role_arn     = string
    machine_arn  = string
    external_id  = string
    bucket_arn   = string
    is_encrypted = optional(bool, false)
    kms_key_arn  = optional(string)
  })
  default = {
    role_arn    = "arn:aws:iam::123456789012:role/step-deployer-function"
    machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:step-deployer"
    external_id = "step"
    bucket_arn  = "arn:aws:s3:::step-releases"
  }
}
