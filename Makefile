# Two commands do everything on a fresh machine: `make run` and `make test`.
# The first interpreter that really runs and is new enough (a version manager's shim may exist and not run).
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done || true)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types unit contract integration faults chaos bench bench-peers model lock clean

help:  ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## make the virtual environment from the lock file

$(STAMP): requirements.lock requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "geonews needs Python 3.11 or newer: set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "setting up $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

run: setup  ## the main job, live: local Kafka, worker, gateway and sample articles
	@$(BIN)/geonews up --samples

test: setup lint types unit contract integration faults  ## everything that CI runs

lint: setup  ## style and import direction
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

types: setup  ## mypy --strict
	@$(BIN)/mypy

unit: setup  ## tests without I/O
	@$(BIN)/pytest tests/unit

contract: setup  ## schemas and docs against code
	@$(BIN)/pytest tests/contract

integration: setup  ## tests on a real Kafka
	@$(BIN)/pytest -n 2 --dist loadfile tests/integration

faults: setup  ## the short fault suite: kill -9, zombies, broker restarts
	@$(BIN)/pytest tests/faults -m "not slow"

chaos: setup  ## the long fault suite (some 15 minutes)
	@$(BIN)/python -m tests.faults.chaos
	@$(BIN)/pytest tests/faults -m slow

bench: setup  ## every benchmark that needs no other environment (takes minutes)
	@for name in classify enrich memory sources delivery.latency delivery.failover; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

bench-peers: setup  ## throughput beside Quix Streams and Faust
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --editable '.[benchmarks]'
	@$(BIN)/python -m benchmarks.delivery

model: setup  ## train the shipped transformer from nothing (about an hour on two cores)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-train.lock
	@$(BIN)/geonews train && $(BIN)/geonews quality

lock: ## refresh the lock files from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group dev -c requirements.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --extra train -c requirements.lock -o requirements-train.lock

clean:  ## remove the virtual environment and caches (local Kafka data stays in .geonews/)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
