# The local service: it knows one account, and nothing in it is worth keeping.
environment             = "local"
account_id              = "123456789012"
region                  = "us-east-1"
is_protected            = false
release_expiration_days = null
log_retention_days      = 1
