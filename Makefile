# `make demo` runs the main job on the embedded lab; `make test` installs what the tests need and runs them all.
# Both create .venv on first use. PYTHON=python3.12 chooses the interpreter, VENV=folder the environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types check bench clean

$(BIN)/diag: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "diag needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: $(BIN)/diag pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

demo: $(BIN)/diag
	@echo '--- A healthy tenant ---'
	$(BIN)/diag permissions --profile demo
	@echo
	@echo '--- The same tenant, the App registration'"'"'s Object ID registered in Exchange (exit code 1 is right here) ---'
	$(BIN)/diag permissions --profile demo --scenario exo-sp-wrong-object-id; test $$? -eq 1

test: check
	$(BIN)/python -m pytest

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.test
	for script in benchmarks/*.py; do $(BIN)/python $$script; done

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
