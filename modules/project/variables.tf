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

variable "name" {
  description = "The machine's name; project-config where there is none."
  type        = string
  default     = null
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

variable "runtime" {
  description = "The runtime that the packages were built for."
  type        = string
}

variable "architecture" {
  description = "The processor that the packages were built for."
  type        = string
}

variable "functions" {
  description = "The functions by name: the first package of each with its hash and handler, what it may use, and the placeholder in the definition that stands for the ARN of its version."
  type = map(object({
    package_file          = string
    content_hash          = string
    handler               = string
    description           = optional(string)
    placeholder           = optional(string, "function_arn")
    memory_mb             = optional(number, 256)
    timeout               = optional(number, 30)
    environment_variables = optional(map(string), {})
    policies              = optional(map(string), {})
    integrations = optional(object({
      lambda           = optional(list(string), [])
      dynamodb         = optional(list(string), [])
      sqs              = optional(list(string), [])
      sns              = optional(list(string), [])
      events           = optional(list(string), [])
      states           = optional(list(string), [])
      states_sync      = optional(list(string), [])
      s3_read          = optional(list(string), [])
      s3_write         = optional(list(string), [])
      http_connections = optional(list(string), [])
    }), {})
  }))

  validation {
    condition     = length(var.functions) > 0
    error_message = "A project has at least one function."
  }

  validation {
    condition     = length(distinct([for function in values(var.functions) : function.placeholder])) == length(var.functions)
    error_message = "Each function needs a placeholder of its own."
  }
}

variable "definition_file" {
  description = "The first definition: a file that step json wrote, placeholders and all."
  type        = string
}

variable "substitutions" {
  description = "What stands for the definition's other placeholders."
  type        = map(string)
  default     = {}
}

variable "type" {
  description = "STANDARD, or EXPRESS for executions of at most five minutes."
  type        = string
  default     = "STANDARD"
}

variable "integrations" {
  description = "What Task states call beside the functions; see the module iam."
  type = object({
    lambda           = optional(list(string), [])
    dynamodb         = optional(list(string), [])
    sqs              = optional(list(string), [])
    sns              = optional(list(string), [])
    events           = optional(list(string), [])
    states           = optional(list(string), [])
    states_sync      = optional(list(string), [])
    s3_read          = optional(list(string), [])
    s3_write         = optional(list(string), [])
    http_connections = optional(list(string), [])
  })
  default = {}
}

variable "policies" {
  description = "More policies of the machine's role, as JSON by name."
  type        = map(string)
  default     = {}
}

variable "deployer" {
  description = "The deployer that may deploy the project: its function's role, its machine, the external id that the projects' roles ask of it, its bucket, and the bucket's key where it has one."
  type = object({
    role_arn     = string
    machine_arn  = string
    external_id  = string
    bucket_arn   = string
    is_encrypted = optional(bool, false)
    kms_key_arn  = optional(string)
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

variable "log_level" {
  description = "What Step Functions logs: OFF, FATAL, ERROR or ALL."
  type        = string
  default     = "ERROR"
}

variable "logs_execution_data" {
  description = "Whether logs hold inputs and outputs."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
}

variable "is_traced" {
  description = "Whether X-Ray traces machine and functions."
  type        = bool
  default     = true
}

variable "is_encrypted" {
  description = "Whether kms_key_arn is given. Said apart, since a key's ARN may be known only after apply."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "The key that encrypts what the project keeps; AWS's own where there is none."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "The policy that bounds what the roles of machine and functions may ever do."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything, beside those that the deployer goes by."
  type        = map(string)
  default     = {}
}
