environment        = "production"
account_id         = "222222222222" # yours
region             = "eu-central-1"
runtime            = "python3.13"
architecture       = "arm64"
log_retention_days = 365
