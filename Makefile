.DEFAULT_GOAL := help
.PHONY: help setup check format-check format lint types layers test demo pictures bench conformance lock clean

PYTHON := .venv/bin/python

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## Make .venv with the locked dependencies (WITH=... names another interpreter)

.venv/.ready: requirements/dev.txt requirements/build.txt pyproject.toml scripts/setup $(if $(WITH),another-interpreter)
	@scripts/setup $(WITH)

another-interpreter:

check: format-check lint types layers test ## Run format-check, lint, types, layers and test

format: .venv/.ready ## Rewrite the Python files in the project's format
	@$(PYTHON) -m ruff check --quiet --fix-only --select I .
	@$(PYTHON) -m ruff format .

format-check: .venv/.ready ## Say which Python files are not in the project's format
	@$(PYTHON) -m ruff format --check .

lint: .venv/.ready ## Look for mistakes in the Python files (ruff)
	@$(PYTHON) -m ruff check .

types: .venv/.ready ## Check the types (mypy --strict)
	@$(PYTHON) -m mypy step $(wildcard lambda/*.py)

layers: .venv/.ready ## Check which module imports which (import-linter)
	@.venv/bin/lint-imports --no-logo --no-cache

test: .venv/.ready ## Run every test (ARGS=... goes to pytest; REQUIRE_ALL=1 turns skips into failures)
	@$(PYTHON) -m pytest $(ARGS)

demo: .venv/.ready ## Bake the bread: its path, its timeline, its picture
	@mkdir -p build
	@.venv/bin/step run bread --quiet --picture build/bread.svg

pictures: .venv/.ready ## Draw the pictures of the documentation anew
	@.venv/bin/step run bread --quiet --picture docs/bread.svg >/dev/null

bench: .venv/.ready ## Measure the interpreter beside a plain loop and moto (ARGS=--quick for a short form)
	@$(PYTHON) -m benchmarks $(ARGS)

conformance: .venv/.ready ## Score the interpreter on recordings of AWS (CORPUS=... is their folder)
	@test -d "$(CORPUS)" || { echo "make conformance needs the folder of recordings: make conformance CORPUS=path" >&2; exit 2; }
	@$(PYTHON) "$(CORPUS)/../run_conformance.py" --corpus "$(CORPUS)" --jobs 2 \
	  --adapter tests.conformance.adapter:run --max-seconds 100000000 $(ARGS)

lock: .venv/.ready ## Renew the locked versions from pyproject.toml (ARGS=--upgrade takes the newest)
	@scripts/lock $(ARGS)

clean: ## Remove .venv and everything that the other targets make
	@rm -rf .venv build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
