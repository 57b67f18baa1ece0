"""Lambda packages: the zip of each function, the same bytes wherever it is built; and Terraform's driver."""
