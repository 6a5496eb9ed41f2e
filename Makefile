# Each verb works as the first command on a fresh machine: python3 (3.11 or newer), make and a network.
PYTHON   ?= python3
VENV     ?= .venv
PAT_HOME ?= .pat
ARGS     ?=
BIN      := $(VENV)/bin

export PAT_HOME
# Busy-waiting threads beside any other process: 35x slower.
export OMP_WAIT_POLICY        := PASSIVE
export GOMP_SPINCOUNT         := 0
export HF_HUB_OFFLINE         := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: help run test check ui bench
help:
	@echo "make run    install, then a finished warehouse from the bundled sample (ARGS='--data ...' for yours)"
	@echo "make test   install, then the whole test suite (ARGS='-m \"not slow\"' for the quick part)"
	@echo "make check  install, then linters, formatter, types, import contracts, SQL style"
	@echo "make ui     install, then the Dagster UI on PAT_HOME (default .pat)"
	@echo "make bench  install, then the benchmarks"

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

run: $(VENV)/.installed
	$(BIN)/pat run $(ARGS)

test: $(VENV)/.installed
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/house/test_walls.py
	$(BIN)/sqlfluff lint --disable-progress-bar sql

ui: $(VENV)/.installed
	DAGSTER_HOME="$$($(BIN)/python -m pat_dagster.home)" $(BIN)/dagster dev -w workspace.yaml $(ARGS)

bench: $(VENV)/.installed
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done
