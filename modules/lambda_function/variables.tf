variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

variable "name" {
  description = "The function's name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,55}$", var.name))
    error_message = "A function's name has 1 to 55 letters, digits, - and _: its role's name is longer."
  }
}

variable "description" {
  description = "What the function does."
  type        = string
}

variable "account_id" {
  description = "The account that the function is in."
  type        = string
}

variable "region" {
  description = "The region that the function is in."
  type        = string
}

variable "code_owner" {
  description = "Who brings new code: terraform, or the deployer (then Terraform brings the first and leaves the rest alone)."
  type        = string
  default     = "terraform"

  validation {
    condition     = contains(["terraform", "deployer"], var.code_owner)
    error_message = "The owner of the code is terraform or deployer."
  }
}

variable "package_file" {
  description = "The zip, built beforehand by make package; none of an image."
  type        = string
  default     = null

  validation {
    condition     = endswith(coalesce(var.package_file, ".zip"), ".zip")
    error_message = "The package is a zip file; make package builds it."
  }
}

variable "content_hash" {
  description = "The hash of what the zip holds, from the packages' manifest: equal wherever it was built."
  type        = string
  default     = null
}

variable "image" {
  description = "A container image instead of a zip: its URI, best with its digest, and what of its own start is replaced."
  type = object({
    uri               = string
    command           = optional(list(string))
    entry_point       = optional(list(string))
    working_directory = optional(string)
  })
  default = null

  validation {
    condition     = can(regex("^[^/]+\\.dkr\\.ecr\\.[^/]+/.+[:@].+$", try(var.image.uri, "0.dkr.ecr.none/none:none")))
    error_message = "An image is named by its address in ECR with a tag or a digest."
  }
}

variable "handler" {
  description = "What Lambda calls: the file's name without .py, a dot, and a name in it."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+\\.[A-Za-z_][A-Za-z0-9_]*$", coalesce(var.handler, "file.name")))
    error_message = "A handler is written file.name, as bread.handlers."
  }
}

variable "runtime" {
  description = "The runtime that the package was built for."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^python3\\.1[1-9]$", coalesce(var.runtime, "python3.11")))
    error_message = "step needs python3.11 or newer."
  }
}

variable "architecture" {
  description = "The processor that the package was built for."
  type        = string

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Lambda has x86_64 and arm64."
  }
}

variable "memory_mb" {
  description = "Memory in MiB; the processor's share follows it."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "A function has 128 to 10240 MiB."
  }
}

variable "timeout" {
  description = "Seconds after which an invocation is ended. Shorter than the TimeoutSeconds of the state that calls it."
  type        = number
  default     = 30

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900
    error_message = "A function runs 1 to 900 seconds."
  }
}

variable "ephemeral_storage_mb" {
  description = "MiB of /tmp."
  type        = number
  default     = 512
}

variable "layers" {
  description = "ARNs of layer versions, the later ones over the earlier."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.layers) <= 5
    error_message = "A function has at most 5 layers."
  }
}

variable "network" {
  description = "The subnets and security groups that it is connected to; is_dual_stack lets it speak IPv6."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    is_dual_stack      = optional(bool, false)
  })
  default = null
}

variable "file_system" {
  description = "The access point of EFS that it mounts, and where. It needs a network that has a mount target."
  type = object({
    access_point_arn = string
    mount_path       = string
  })
  default = null

  validation {
    condition     = can(regex("^/mnt/[A-Za-z0-9_.-]+$", try(var.file_system.mount_path, "/mnt/none")))
    error_message = "A file system is mounted at /mnt/NAME."
  }
}

variable "has_snap_start" {
  description = "Whether versions start from a snapshot (Python 3.12 and newer)."
  type        = bool
  default     = false
}

variable "dead_letter" {
  description = "The queue or topic of asynchronous invocations that failed."
  type        = object({ arn = string })
  default     = null
}

variable "code_signing_config_arn" {
  description = "Whose signatures code needs."
  type        = string
  default     = null
}

variable "reserved_concurrency" {
  description = "Invocations at once that are kept for this function; -1 keeps none."
  type        = number
  default     = -1
}

variable "environment_variables" {
  description = "Environment variables. No secrets: whoever may read the configuration reads them."
  type        = map(string)
  default     = {}
}

variable "integrations" {
  description = "What the handlers call; see the module iam."
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

variable "event_source_arns" {
  description = "Queues and streams that Lambda reads for it: those of lambda_triggers."
  type        = list(string)
  default     = []
}

variable "target_arns" {
  description = "Where Lambda delivers outcomes: the on_failure and on_success of lambda_triggers."
  type        = list(string)
  default     = []
}

variable "role" {
  description = "A role that is there already, instead of one that has what is said here."
  type        = object({ arn = string })
  default     = null
}

variable "role_path" {
  description = "The path of its role."
  type        = string
  default     = "/"
}

variable "policies" {
  description = "More policies of its role, as JSON by name."
  type        = map(string)
  default     = {}
}

variable "log_level" {
  description = "The lowest level of the handlers' log lines that is kept: DEBUG, INFO, WARN, ERROR or FATAL."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "The log level is DEBUG, INFO, WARN, ERROR or FATAL."
  }
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
  description = "The key that encrypts environment variables and logs; AWS's own where there is none."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "The policy that bounds what its role may ever do."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the function, its role and its log group."
  type        = map(string)
  default     = {}
}
