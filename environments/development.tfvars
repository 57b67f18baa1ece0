environment        = "development"
account_id         = "111111111111" # yours
region             = "eu-central-1"
is_protected       = false
runtime            = "python3.13"
architecture       = "arm64"
log_retention_days = 14
