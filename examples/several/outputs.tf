output "machines" {
  description = "The ARNs to start executions with, by project and environment."
  value       = { for name, project in module.project : name => project.alias_arn }
}

output "names" {
  description = "The names of everything that is made, by project and environment."
  value = {
    for name, project in module.project : name => concat(
      [project.machine_name],
      keys(project.function_arns),
      values(project.role_names),
    )
  }
}
