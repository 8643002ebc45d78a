# Everything happens in .venv of this checkout, made with plain pip. `make` lists the targets.

PYTHON ?= $(shell command -v python3.11 || echo python3)
PIP_VERSION := 26.3
BIN := .venv/bin
STAMP := .venv/.installed

# One torch thread: two tests or workers that both use every core are many times slower than one after the other.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
PYTEST_ARGS ?= -n 2 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help install run up down test chaos check format docs bench constraints clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

install: $(STAMP) ## Make .venv with everything that workers and developers need

# Without ensurepip (Debian splits it off) the machine's own pip installs into the environment.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "reelfleet needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv || { \
		$(PYTHON) -m venv --clear --without-pip .venv && \
		$(PYTHON) -m pip --python .venv/bin/python install --quiet "pip==$(PIP_VERSION)"; }

$(STAMP): pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --upgrade "pip==$(PIP_VERSION)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group worker --group dev --editable .
	@touch $(STAMP)

run: install ## Bring up a fleet, generate a clip, matte it, show manifests and files, stop everything
	$(BIN)/python -m deploy.local demo --dir .reel/run

up: install ## Bring up a fleet and leave it running
	$(BIN)/python -m deploy.local up --dir .reel/fleet --detach

down: ## Stop what `make up` started
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local down --dir .reel/fleet; fi

test: install ## Run every test that needs no GPU
	$(ONE_THREAD) $(BIN)/python -m pytest $(PYTEST_ARGS)

chaos: install ## Kill, stop, cut and fill up what a fleet stands on while it does 2000 jobs; CHAOS_ARGS="--jobs 200 --seed 7"
	$(ONE_THREAD) $(BIN)/python -m tests.chaos $(CHAOS_ARGS)

check: install ## Lint, check formatting, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install ## Write the reference pages from the code
	$(BIN)/python -m deploy.docs

bench: install ## Measure the fleet against a bare diffusers loop; JSON goes to benchmarks/results
	$(ONE_THREAD) $(BIN)/python -m benchmarks $(BENCH_ARGS)

constraints: ## Pin what .venv holds now; local builds and editable installs are left out
	@{ sed -n '/^#/p' constraints.txt; \
		$(BIN)/python -m pip freeze --all --exclude-editable | sed -n '/^pip==/d; s/^\([A-Za-z0-9._-]*==[^+ ]*\).*/\1/p'; } > constraints.new
	@mv constraints.new constraints.txt

clean: down ## Remove the environment, local fleets with their data, and every cache
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local down --dir .reel/run; fi
	rm -rf .venv .reel dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
