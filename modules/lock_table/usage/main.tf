module "spare_locks" {
  source = "./modules/lock_table"

  name         = "spare-locks"
  is_protected = false
}
