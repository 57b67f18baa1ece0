variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

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
  description = "The functions by name: the first package (or image) of each with its hash and handler, the placeholder in the definition that stands for the ARN of its version, what it has and may use, as the module lambda_function says, and what calls it by itself, as lambda_triggers says. That calls $LATEST, which a release changes before its first execution; the machine calls versions."
  type = map(object({
    package_file            = optional(string)
    content_hash            = optional(string)
    handler                 = optional(string)
    description             = optional(string)
    placeholder             = optional(string, "function_arn")
    memory_mb               = optional(number, 256)
    timeout                 = optional(number, 30)
    ephemeral_storage_mb    = optional(number, 512)
    reserved_concurrency    = optional(number, -1)
    has_snap_start          = optional(bool, false)
    layers                  = optional(list(string), [])
    environment_variables   = optional(map(string), {})
    code_signing_config_arn = optional(string)
    role                    = optional(object({ arn = string }))
    dead_letter             = optional(object({ arn = string }))
    policies                = optional(map(string), {})
    image = optional(object({
      uri               = string
      command           = optional(list(string))
      entry_point       = optional(list(string))
      working_directory = optional(string)
    }))
    network = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
      is_dual_stack      = optional(bool, false)
    }))
    file_system = optional(object({
      access_point_arn = string
      mount_path       = string
    }))
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
    permissions = optional(map(object({
      principal       = string
      source_arn      = optional(string)
      source_account  = optional(string)
      organization_id = optional(string)
    })), {})
    url = optional(object({
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
    }))
    asynchronous = optional(object({
      retries    = optional(number)
      max_age    = optional(number)
      on_failure = optional(object({ arn = string }))
      on_success = optional(object({ arn = string }))
    }))
    event_sources = optional(map(object({
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
    })), {})
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

variable "deployer" {
  description = "The deployer that may deploy the project: its function's role, its machine, the external id that the projects' roles ask of it, its bucket, and the bucket's key where it has one."
  type = object({
    role_arn    = string
    machine_arn = string
    external_id = string
    bucket_arn  = string
    # Where zips are copied to for functions of other regions, by region.
    region_bucket_arns = optional(map(string), {})
    is_encrypted       = optional(bool, false)
    kms_key_arn        = optional(string)
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

variable "role_path" {
  description = "The path of the roles of machine and functions. The deployer looks for its own function's at /."
  type        = string
  default     = "/"
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
