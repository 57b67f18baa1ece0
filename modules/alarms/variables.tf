variable "create" {
  description = "Whether to make anything."
  type        = bool
  default     = true
}

variable "machines" {
  description = "ARNs of state machines, by the names that their alarms begin with."
  type        = map(string)
  default     = {}
}

variable "functions" {
  description = "Names of functions."
  type        = set(string)
  default     = []
}

variable "topic_arns" {
  description = "Topics that are told of each change; none: the alarms are for looking at."
  type        = list(string)
  default     = []
}

variable "threshold" {
  description = "The alarm goes on at so many in one period."
  type        = number
  default     = 1

  validation {
    condition     = var.threshold >= 1
    error_message = "Below one every alarm would be on for ever."
  }
}

variable "period" {
  description = "Seconds that are counted together."
  type        = number
  default     = 300

  validation {
    condition     = contains([60, 300, 900, 3600], var.period)
    error_message = "The period is 60, 300, 900 or 3600 seconds."
  }
}

variable "tags" {
  description = "Tags of the alarms."
  type        = map(string)
  default     = {}
}
