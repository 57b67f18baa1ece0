# For AWS take this project's files into one that `step init --kind sam` or `--kind terraform` makes.
MACHINE := order

deploy: $(READY_TO_SERVE) ## Bring states/ and lambda/ up on the service that make serve runs
	@$(STEP) up . --endpoint $(ENDPOINT)
