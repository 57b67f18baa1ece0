"""A small AWS on one machine: the service, Lambda's runtime, the viewer."""
