# Two commands are enough: `make demo` and `make test`. Both do all set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
TEST_WORKERS ?= 2
ASSETS := src/hirocrm/web/assets/manifest.json
ASSET_SOURCES := $(shell find frontend src/hirocrm/web/templates -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help setup assets demo test check dev format lock openapi screenshots bench clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.installed assets ## Make .venv with everything in it (quick when nothing changed)

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

assets: $(ASSETS) ## Build the browser's files (quick when nothing changed)

$(ASSETS): $(VENV)/.installed scripts/build_assets.py $(ASSET_SOURCES)
	$(BIN)/python scripts/build_assets.py
	@touch $@

demo: setup ## Start HiroCRM with a sandbox Page, sample conversations and a signed-in link
	$(BIN)/hirocrm demo

test: setup ## Run all tests: real PostgreSQL, real HTTP, a real browser
	@sh scripts/chromium.sh
	@# The tests start hundreds of processes, each of which would compile everything anew without these files.
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(TEST_WORKERS) --no-loadscope-reorder $(PYTEST_ARGS)

openapi: setup ## Write docs/openapi.json anew
	$(BIN)/python scripts/export_openapi.py

check: setup ## Run the linters and the type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry src
	$(BIN)/vulture
	$(BIN)/djlint --lint --quiet src/hirocrm/web/templates
	$(BIN)/hirocrm manage makemigrations --check --dry-run

format: setup ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dev: setup ## Run everything with debug pages and logs
	HIROCRM_DEBUG=1 HIROCRM_LOG_LEVEL=debug $(BIN)/hirocrm up

screenshots: setup ## Take pictures of every page into screenshots/
	@sh scripts/chromium.sh
	$(BIN)/python scripts/screenshots.py

bench: setup ## Measure a sync and the pages against their limits (twenty minutes)
	$(BIN)/python -m benchmarks.sync
	$(BIN)/python -m benchmarks.pages

lock: ## Pin the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml scripts/build-requirements.in -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header scripts/node-requirements.in -o scripts/node-requirements.lock

clean: ## Remove what set-up and builds made
	rm -rf $(VENV) build dist src/hirocrm/web/assets frontend/node_modules
