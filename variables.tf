# The stack has no variables yet, because it has no resources yet (see main.tf).
