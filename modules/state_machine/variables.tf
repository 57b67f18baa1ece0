variable "name" {
  description = "The machine's name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,56}$", var.name))
    error_message = "A machine's name has 1 to 56 letters, digits, - and _: its role's name is longer."
  }
}

variable "account_id" {
  description = "The account that the machine is in."
  type        = string
}

variable "region" {
  description = "The region that the machine is in."
  type        = string
}

variable "definition_owner" {
  description = "Who brings new definitions and routes the alias: terraform, or the deployer (then Terraform brings the first and leaves the rest alone)."
  type        = string
  default     = "terraform"

  validation {
    condition     = contains(["terraform", "deployer"], var.definition_owner)
    error_message = "The owner of the definition is terraform or deployer."
  }
}

variable "definition" {
  description = "The definition as AWS accepts it: what step json prints, its placeholders filled."
  type        = string

  validation {
    condition     = can(jsondecode(var.definition).States)
    error_message = "The definition is no JSON object with States."
  }

  validation {
    condition     = !can(regex("\"Type\"\\s*:\\s*\"TaskFn\"", var.definition))
    error_message = "AWS knows no TaskFn: give what step json prints, not the file in states/."
  }

  validation {
    condition     = length(var.definition) <= 1048576
    error_message = "Step Functions takes definitions up to 1 MB."
  }
}

variable "type" {
  description = "STANDARD, or EXPRESS for executions of at most five minutes."
  type        = string
  default     = "STANDARD"

  validation {
    condition     = contains(["STANDARD", "EXPRESS"], var.type)
    error_message = "A machine is STANDARD or EXPRESS."
  }
}

variable "alias" {
  description = "The alias that callers use."
  type        = string
  default     = "live"
}

variable "integrations" {
  description = "What its Task states call; see the module iam."
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
  description = "More policies of its role, as JSON by name."
  type        = map(string)
  default     = {}
}

variable "log_level" {
  description = "What Step Functions logs: OFF, FATAL, ERROR or ALL. Of an Express execution there is no other record."
  type        = string
  default     = "ERROR"

  validation {
    condition     = contains(["OFF", "FATAL", "ERROR", "ALL"], var.log_level)
    error_message = "The log level is OFF, FATAL, ERROR or ALL."
  }
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

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
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
  description = "The key that encrypts definition, history and logs; AWS's own where there is none."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "The policy that bounds what its role may ever do."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the machine, its role and its log group."
  type        = map(string)
  default     = {}
}
