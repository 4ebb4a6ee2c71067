# Secondlook: `make` alone lists what there is. Everything is installed into .venv, state goes to ./var.
.DEFAULT_GOAL := help
.PHONY: help run test lint format bench soak-station soak-review scale shots soak-server fuzz clean
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
KILLS ?= 1000
INSPECTIONS ?= 1000000
REVIEWERS ?= 50
CASES ?= 100000
DATABASE ?=

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run.stamp  ## server on :8000 and a station on :8001 that replays sample returns; Ctrl-C ends both
	@PATH="$(CURDIR)/$(BIN):$$PATH" bin/demo

test: .venv/dev.stamp lint  ## every check there is: lint, types, contracts, tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: .venv/dev.stamp  ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .venv/dev.stamp  ## rewrite the code in the house's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev.stamp  ## our pipeline against the bare session, side by side on this machine
	$(BIN)/secondlook-training bench

soak-station: .venv/dev.stamp  ## KILLS=1000 times kill -9 of a station at random moments, the server up and down in turn
	$(BIN)/python -m tests.soak.station --kills $(KILLS)

scale: .venv/dev.stamp  ## what search, files, the queue and intake cost with INSPECTIONS=1000000, against 10,000; DATABASE=postgresql://…
	$(BIN)/python -m tests.soak.scale --inspections $(INSPECTIONS) $(if $(DATABASE),--database $(DATABASE))

soak-review: .venv/dev.stamp  ## REVIEWERS=50 at once on CASES=100000 waiting cases, they and the server killed at random; DATABASE=postgresql://… beside SQLite
	$(BIN)/python -m tests.soak.review --reviewers $(REVIEWERS) --cases $(CASES) --database '$(DATABASE)'

soak-server: .venv/dev.stamp  ## KILLS=500 times kill -9 of the server under load; DATABASE=postgresql://… for another than SQLite
	$(BIN)/python -m tests.soak.server --kills $(if $(filter command% environment%,$(origin KILLS)),$(KILLS),500) --database "$(DATABASE)"

fuzz: .venv/dev.stamp  ## everything that can be asked of the server, by everybody, in every wrong way; EXAMPLES=20 UPLOADS=10000
	$(BIN)/python -m tests.fuzz.server --examples $(or $(EXAMPLES),20) --uploads $(or $(UPLOADS),10000)

shots: .venv/dev.stamp  ## the README's screenshots, taken from the running program
	$(BIN)/python -m tests.browser.shots docs/images

clean:  ## removes the environment and caches; ./var (photos and records) stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Secondlook needs Python 3.11 or newer; say which: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python cannot make a virtual environment here; on Debian: apt install python3-venv"; exit 1; }

.venv/run.stamp: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what the program needs into .venv (once, about a minute) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[station,server]'
	@touch $@

.venv/dev.stamp: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what the checks need into .venv (once, about a minute) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[station,server,dev]'
	@touch $@ .venv/run.stamp
