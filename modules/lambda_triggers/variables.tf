variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

variable "function" {
  description = "The function: the module lambda_function, or ARN, name and version of another."
  type = object({
    arn     = string
    name    = string
    version = string
  })
}

variable "alias" {
  description = "An alias that follows the function's version, for all that is below; null: they call $LATEST."
  type        = string
  default     = null

  validation {
    condition     = var.alias == null || can(regex("^[A-Za-z0-9_-]{1,128}$", var.alias)) && !can(regex("^[0-9]+$", var.alias))
    error_message = "An alias has 1 to 128 letters, digits, - and _, and is no number."
  }
}

variable "provisioned_concurrency" {
  description = "Instances of the alias's version that are kept ready; 0 keeps none."
  type        = number
  default     = 0

  validation {
    condition     = var.provisioned_concurrency >= 0
    error_message = "There are no fewer than 0 instances."
  }
}

variable "permissions" {
  description = "Who may invoke it, by statement id: a service, an account or a role; of services which resource, or whose."
  type = map(object({
    principal       = string
    source_arn      = optional(string)
    source_account  = optional(string)
    organization_id = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for id in keys(var.permissions) : can(regex("^[A-Za-z0-9_-]{1,100}$", id))])
    error_message = "A statement's id has 1 to 100 letters, digits, - and _."
  }

  # Another account's bucket or topic could call it by the service otherwise.
  validation {
    condition = alltrue([
      for permission in values(var.permissions) :
      !endswith(permission.principal, ".amazonaws.com") || permission.source_arn != null || permission.source_account != null
    ])
    error_message = "Of a service, say which resource (source_arn) or whose (source_account) may call."
  }

  validation {
    condition     = alltrue([for permission in values(var.permissions) : permission.principal != "*" || permission.organization_id != null])
    error_message = "Everybody may call it only within an organization."
  }
}

variable "url" {
  description = "A URL of its own: whether everybody may call it (else who may by IAM), whether answers are streamed, and for which origins browsers may."
  type = object({
    is_public   = optional(bool, false)
    is_streamed = optional(bool, false)
    cors = optional(object({
      allow_credentials = optional(bool)
      allow_headers     = optional(list(string))
      allow_methods     = optional(list(string))
      allow_origins     = optional(list(string))
      expose_headers    = optional(list(string))
      max_age           = optional(number)
    }))
  })
  default = null
}

variable "asynchronous" {
  description = "What becomes of asynchronous invocations: how often and for how many seconds they are tried again, and where the outcome is sent (queue, topic, bus, function; for failures a bucket too)."
  type = object({
    retries    = optional(number)
    max_age    = optional(number)
    on_failure = optional(object({ arn = string }))
    on_success = optional(object({ arn = string }))
  })
  default = null

  validation {
    condition     = contains([0, 1, 2], coalesce(try(var.asynchronous.retries, null), 2))
    error_message = "Lambda tries 0, 1 or 2 times again."
  }

  validation {
    condition     = coalesce(try(var.asynchronous.max_age, null), 60) >= 60 && coalesce(try(var.asynchronous.max_age, null), 60) <= 21600
    error_message = "An event waits 60 to 21600 seconds."
  }
}

variable "event_sources" {
  description = "Queues and streams that Lambda reads, by name: what a batch is, what of it is filtered and tried again, and where records go that are given up. starting_position is of streams, max_concurrency of queues."
  type = map(object({
    arn               = string
    is_enabled        = optional(bool, true)
    batch_size        = optional(number)
    batching_window   = optional(number)
    filters           = optional(list(string), [])
    reports_failures  = optional(bool, true)
    max_concurrency   = optional(number)
    starting_position = optional(string)
    retries           = optional(number)
    max_age           = optional(number)
    bisects           = optional(bool)
    parallel_batches  = optional(number)
    tumbling_window   = optional(number)
    on_failure        = optional(object({ arn = string }))
  }))
  default = {}

  validation {
    condition     = alltrue([for source in values(var.event_sources) : coalesce(source.batch_size, 1) >= 1 && coalesce(source.batch_size, 1) <= 10000])
    error_message = "A batch has 1 to 10000 records."
  }

  validation {
    condition     = alltrue([for source in values(var.event_sources) : contains(["LATEST", "TRIM_HORIZON"], coalesce(source.starting_position, "LATEST"))])
    error_message = "A stream is read from LATEST or TRIM_HORIZON on."
  }

  validation {
    condition     = alltrue(flatten([for source in values(var.event_sources) : [for filter in source.filters : can(jsondecode(filter))]]))
    error_message = "A filter is a pattern in JSON: jsonencode it."
  }
}

variable "tags" {
  description = "Tags of the event sources."
  type        = map(string)
  default     = {}
}
