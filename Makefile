# Two commands do everything on a fresh machine: `make run` and `make test`.
# The first interpreter that really runs and is new enough (a version manager's shim may exist and not run).
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done || true)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PAGE   := app/gateway/static/index.html
NODE   := PATH="$(CURDIR)/$(BIN):$$PATH"
NODE_OK := const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types unit contract integration faults e2e web chaos bench bench-peers model lock clean

help:  ## show this help
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) $(PAGE)  ## make the virtual environment from the lock file, build the live page

$(STAMP): requirements.lock requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "geonews needs Python 3.11 or newer: set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "setting up $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

web: $(PAGE)  ## build the live page (skipped when it is up to date)

$(PAGE): web/node_modules/.installed $(wildcard web/*.json web/*.ts web/*.html) $(shell find web/src web/scripts web/public -type f -not -path 'web/src/generated/*') $(wildcard schemas/generated/*.json)
	@echo "building the live page ..."
	@$(NODE) npm run --silent --prefix web build
	@touch $@

# Where there is no Node.js, or too old a one, it comes from PyPI into the virtual environment.
web/node_modules/.installed: web/package-lock.json web/.npmrc | $(STAMP)
	@{ $(NODE) node -e '$(NODE_OK)' && $(NODE) npm --version; } >/dev/null 2>&1 \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.lock
	@$(NODE) npm ci --prefix web --silent --no-progress
	@touch $@

run: setup  ## the main job, live: local Kafka, worker, gateway and sample articles
	@$(BIN)/geonews up --samples

test: setup lint types unit contract integration faults e2e  ## everything that CI runs

lint: setup  ## style and import direction
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports
	@$(NODE) npm run --silent --prefix web check

types: setup  ## mypy --strict
	@$(BIN)/mypy

unit: setup  ## tests without I/O
	@$(BIN)/pytest tests/unit
	@$(NODE) npm run --silent --prefix web test

contract: setup  ## schemas and docs against code
	@$(BIN)/pytest tests/contract

integration: setup  ## tests on a real Kafka
	@$(BIN)/pytest -n 2 --dist loadfile tests/integration

faults: setup  ## the short fault suite: kill -9, zombies, broker restarts
	@$(BIN)/pytest tests/faults -m "not slow"

e2e: setup  ## the live page in a real browser, on a real Kafka and gateway
	@command -v chromium >/dev/null || { echo "installing Chromium with apt-get ..."; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| { echo "the browser tests need Chromium: run 'apt-get install chromium' as root"; exit 1; }
	@$(BIN)/pytest tests/e2e

chaos: setup  ## the long fault suite (some 15 minutes)
	@$(BIN)/python -m tests.faults.chaos
	@$(BIN)/pytest tests/faults -m slow

bench: setup  ## every benchmark that needs no other environment (takes minutes)
	@for name in classify enrich memory sources gateway delivery.latency delivery.failover delivery.rolling; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

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
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --extra otel -c requirements.lock -o requirements-otel.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group dev -c requirements-otel.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --extra train -c requirements.lock -o requirements-train.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group node -o requirements-node.lock

clean:  ## remove the virtual environment and caches (local Kafka data stays in .geonews/)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .artifacts web/node_modules web/src/generated app/gateway/static
