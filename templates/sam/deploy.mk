# On AWS: make build/order.asl.json && sam build && sam deploy --guided
MACHINE := OrderMachine

deploy: $(READY_TO_SERVE) build/order.asl.json ## Bring template.yaml up on the service that make serve runs
	@$(STEP) up template.yaml --endpoint $(ENDPOINT)

# What AWS accepts: every TaskFn as a Task.
build/order.asl.json: states/order.asl.json $(READY)
	@mkdir -p build
	@$(STEP) json order > $@
