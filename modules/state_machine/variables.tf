variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

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

variable "role" {
  description = "A role that is there already, instead of one that has what is said here."
  type        = object({ arn = string })
  default     = null
}

variable "role_path" {
  description = "The path of its roles."
  type        = string
  default     = "/"
}

variable "schedules" {
  description = "When it is started, by name: a rate, cron or at expression in a time zone, within how many minutes, between which times, with which input, and how often for how many seconds EventBridge Scheduler tries."
  type = map(object({
    expression       = string
    timezone         = optional(string, "UTC")
    input            = optional(string, "{}")
    is_enabled       = optional(bool, true)
    flexible_minutes = optional(number, 0)
    start            = optional(string)
    end              = optional(string)
    retries          = optional(number, 185)
    max_age          = optional(number, 86400)
    dead_letter      = optional(object({ arn = string }))
  }))
  default = {}

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(regex("^(rate|cron|at)\\(.+\\)$", schedule.expression))])
    error_message = "A schedule is a rate(...), a cron(...) or an at(...)."
  }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(jsondecode(schedule.input))])
    error_message = "An execution's input is JSON: jsonencode it."
  }
}

variable "event_rules" {
  description = "The events that start it, by name: the pattern, the bus, and the input: the event itself, one JSON for all, or a template with paths into the event."
  type = map(object({
    pattern     = string
    bus         = optional(string, "default")
    is_enabled  = optional(bool, true)
    input       = optional(string)
    paths       = optional(map(string), {})
    template    = optional(string)
    retries     = optional(number, 185)
    max_age     = optional(number, 86400)
    dead_letter = optional(object({ arn = string }))
  }))
  default = {}

  validation {
    condition     = alltrue([for rule in values(var.event_rules) : can(keys(jsondecode(rule.pattern)))])
    error_message = "A pattern is a JSON object: jsonencode it."
  }

  validation {
    condition     = alltrue([for rule in values(var.event_rules) : rule.input == null || rule.template == null])
    error_message = "Of input and template a rule has one."
  }
}

variable "alarms" {
  description = "Alarms on it: which topics are told, and from how many failures in how many seconds on. null: none."
  type = object({
    topic_arns = optional(list(string), [])
    threshold  = optional(number, 1)
    period     = optional(number, 300)
  })
  default = null
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

variable "data_key_reuse_seconds" {
  description = "How long Step Functions uses a data key of kms_key_arn before it asks for another."
  type        = number
  default     = 300

  validation {
    condition     = var.data_key_reuse_seconds >= 60 && var.data_key_reuse_seconds <= 900
    error_message = "A data key is used 60 to 900 seconds."
  }
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
