"""Step Functions as a service: the operations of AWS's API over the durable host."""
