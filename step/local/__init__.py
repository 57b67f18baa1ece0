"""A small AWS on one machine: durable executions, the service, Lambda's runtime, the viewer."""
