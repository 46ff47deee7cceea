# `make demo` and `make test` do all their set-up themselves; see `make help`.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
LOCK := requirements/dev.lock
STAMP := $(VENV)/.installed
SALT := build/salt
NETCOMMON := build/netcommon

.DEFAULT_GOAL := help
.PHONY: help demo demo-atp test check bench command-coverage setup lock deb clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install Debian packages (as root) and the Python environment
	@tools/debian-packages

$(STAMP): $(LOCK) pyproject.toml
	@tools/python-environment $(VENV) $(LOCK)
	@touch $@

$(SALT)/.installed: requirements/salt.lock pyproject.toml # Salt pins what it needs, so it has an environment of its own
	@tools/python-environment $(SALT) requirements/salt.lock
	@touch $@

$(NETCOMMON)/.installed: requirements/netcommon.lock tools/netcommon.py | $(STAMP) # only tests need these collections
	@$(PY) tools/netcommon.py $(NETCOMMON)
	@touch $@

demo: setup ## Two switches, four hosts, one playbook: the tour in a minute
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PY) examples/demo/demo.py

demo-atp: setup ## A rack brings itself up, and dead switches are replaced
	@$(PY) examples/atp/demo.py

check: $(STAMP) ## Formatting, lint and types
	@$(VENV)/bin/ruff format --check . && $(VENV)/bin/ruff check . && $(VENV)/bin/mypy

test: setup check $(SALT)/.installed $(NETCOMMON)/.installed ## Everything: lint, types, fast tests, then tests on Open vSwitch
	@tools/run-tests $(VENV)

bench: setup ## Measure beside the peers on Open vSwitch; writes build/bench.json
	@$(PY) -m benchmarks

command-coverage: setup ## What a live agent does with every documented command (needs ../shared)
	@$(PY) tools/command_coverage.py

lock: $(STAMP) ## Renew requirements/dev.lock from pyproject.toml
	@$(VENV)/bin/uv pip compile --quiet --universal --extra dev --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o $(LOCK)
	@$(VENV)/bin/uv pip compile --quiet --universal --extra salt --extra rcc --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements/salt.lock

deb: $(STAMP) ## Build the agent's Debian package into dist/
	@$(PY) tools/debian_package.py

clean: ## Remove what was built and installed here
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
