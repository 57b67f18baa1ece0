"""The only place with boto3: adapters for the ports of the packages below."""
