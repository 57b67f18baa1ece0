variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

variable "name" {
  description = "The role's name."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.name))
    error_message = "A role's name has 1 to 64 letters, digits and + = , . @ _ -."
  }
}

variable "path" {
  description = "The role's path."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.path))
    error_message = "A path begins and ends with /."
  }
}

variable "description" {
  description = "What the role is for."
  type        = string
}

variable "service" {
  description = "The service that takes the role."
  type        = string

  validation {
    condition     = contains(["events.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"], var.service)
    error_message = "The service is events, lambda, scheduler or states, with .amazonaws.com."
  }
}

variable "account_id" {
  description = "The account that the role is in."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account's id has twelve digits."
  }
}

variable "region" {
  description = "The region of what the role uses."
  type        = string
}

variable "integrations" {
  description = "The ARNs that the role uses, by what it does with them: functions (without a version), tables, queues, topics, event buses, machines started and left, machines started and waited for, buckets read and written, connections of HTTP endpoints."
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

  validation {
    condition     = !contains(flatten(values(var.integrations)), "*")
    error_message = "An integration names its resources; \"*\" is none."
  }
}

variable "event_source_arns" {
  description = "Queues and streams (SQS, DynamoDB, Kinesis) that Lambda reads for a function."
  type        = list(string)
  default     = []
}

variable "target_arns" {
  description = "Where Lambda delivers what a function left: dead letter queues and destinations."
  type        = list(string)
  default     = []
}

variable "connected_function_arn" {
  description = "The function that Lambda connects to a network with this role; its own code can't. null: none."
  type        = string
  default     = null
}

variable "access_point_arns" {
  description = "Access points of EFS that a function mounts."
  type        = list(string)
  default     = []
}

variable "policies" {
  description = "More policies, as JSON by name."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for policy in values(var.policies) : can(jsondecode(policy))])
    error_message = "A policy is JSON."
  }
}

variable "writes_logs" {
  description = "Whether the role writes to the log groups."
  type        = bool
  default     = false
}

variable "log_group_arns" {
  description = "The log groups that it writes to."
  type        = list(string)
  default     = []
}

variable "delivers_logs" {
  description = "Whether Step Functions delivers logs with this role."
  type        = bool
  default     = false
}

variable "is_traced" {
  description = "Whether it sends traces to X-Ray."
  type        = bool
  default     = false
}

variable "uses_key" {
  description = "Whether it uses the key of kms_key_arn."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "The key that encrypts what the role reads and writes."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "The policy that bounds what the role may ever do."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
}
