# On AWS, with your credentials, once infrastructure/variables.tf names your account: make deploy ENDPOINT=
MACHINE := order:live
TF ?= terraform

ifneq ($(ENDPOINT),)
deploy: export AWS_ENDPOINT_URL = $(ENDPOINT)
deploy: export AWS_ACCESS_KEY_ID = local
deploy: export AWS_SECRET_ACCESS_KEY = local
TARGET := --environment local
else
TARGET := --runtime python3.13 --architecture arm64
endif

deploy: $(READY_TO_SERVE) build/order.asl.json ## Apply infrastructure/, on the service that make serve runs
	@$(STEP) package $(TARGET)
	@$(TF) -chdir=infrastructure init -input=false
	@$(TF) -chdir=infrastructure apply -input=false -auto-approve

# What AWS accepts: every TaskFn as a Task.
build/order.asl.json: states/order.asl.json $(READY)
	@mkdir -p build
	@$(STEP) json order > $@
