# 两条命令 · The two commands: make demo, make test.  更多 · More: CONTRIBUTING.md
#   make demo ARGS='--once --json'    make test ARGS='tests/keys -x'
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup demo lint test check bench lock openapi screenshots

ARGS ?=
# More than two cores: a test waits for databases, processes and clocks more than it reckons.
WORKERS ?= 3
BIN := .venv/bin
# Demonstration and tests start dozens of processes: what each of them imports is compiled once, whatever is set outside.
export PYTHONDONTWRITEBYTECODE :=
PACKAGES := exchange adapters api jobs woshou
RUNTIME := .venv/runtime.stamp
DEV := .venv/dev.stamp

help:
	@sed -n '1,2s/^#  *//p' Makefile

# A venv knows its own path: in a checkout that was moved, both are made anew.
ifneq ($(shell cat .venv/made-in 2>/dev/null),$(shell pwd -P))
.PHONY: $(RUNTIME) $(DEV)
endif

$(RUNTIME): requirements.lock pyproject.toml scripts/venv.sh
	@scripts/venv.sh requirements.lock $@

$(DEV): requirements-dev.lock pyproject.toml scripts/venv.sh
	@scripts/venv.sh requirements-dev.lock $@ && touch $(RUNTIME)

setup: $(DEV)

# Only what runs, so that the first look is quick; stdout belongs to the demo alone.
demo: $(RUNTIME)
	@exec $(BIN)/woshou demo $(ARGS)

lint: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry $(PACKAGES)
	$(BIN)/hadolint Dockerfile
	$(BIN)/woshou openapi --check

# Where there is no Chromium, and nobody may install it, the tests that need it fail and say so.
test: $(DEV)
	@scripts/chromium.sh || true
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: lint test

# As modules: run as a file, bench/exchange.py would shadow the domain.
bench: $(DEV)
	@$(BIN)/python -m bench.ingest $(ARGS)
	@$(BIN)/python -m bench.exchange $(ARGS)
	@$(BIN)/python -m bench.cross_checks $(ARGS)
	@$(BIN)/python -m bench.pairing $(ARGS)
	@$(BIN)/python -m bench.rates $(ARGS)
	@$(BIN)/python -m bench.sealing $(ARGS)
	@$(BIN)/python -m bench.reconcile $(ARGS)
	@$(BIN)/python -m bench.pages $(ARGS)

openapi: $(RUNTIME)
	$(BIN)/woshou openapi

screenshots: $(DEV)
	@scripts/chromium.sh fonts-noto-cjk
	$(BIN)/python -m scripts.screenshots

# Newest versions that pyproject.toml allows. Only with Python 3.11, the oldest that is supported: later ones drop backports.
PIP_COMPILE = CUSTOM_COMPILE_COMMAND='make lock' .venv-lock/bin/pip-compile -q --upgrade --generate-hashes --strip-extras \
	--allow-unsafe --build-deps-for editable \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options
lock:
	python3.11 -m venv --clear .venv-lock
	.venv-lock/bin/pip install -q pip-tools==7.6.2
	$(PIP_COMPILE) -o requirements.lock pyproject.toml
	$(PIP_COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
