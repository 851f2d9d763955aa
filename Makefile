# `make demo` runs the main job on the embedded lab; `make test` installs what the tests need and runs them all.
# Both create .venv on first use. PYTHON=python3.12 chooses the interpreter, VENV=folder the environment.
# The tests run with requirements/locked.txt, every file of it known by its hash; `make lowest` runs them with the lowest
# versions that pyproject.toml allows, `make lock` writes both files anew.
PYTHON ?= python3
VENV ?= .venv
VERSIONS ?= locked
BIN := $(VENV)/bin
UV ?= uv

.PHONY: demo test lowest check bench faults fuzz kills paste clients lock licenses clean

$(BIN)/diag: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "diag needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: requirements/$(VERSIONS).txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "diag needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ $(BIN)/diag

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
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin

# Two minutes of new inputs for every reader, and every adversarial input of every regular expression; an hour at most.
fuzz: $(VENV)/.test
	DIAG_FUZZ_SECONDS=$${DIAG_FUZZ_SECONDS:-120} $(BIN)/python -m pytest -s tests/fuzz tests/bounds

# Every boundary × every fault × every moment, each in a process of its own: an hour or so, two at once.
faults: $(VENV)/.test
	$(BIN)/diag lab faults

bench: $(VENV)/.test
	for script in benchmarks/*.py; do $(BIN)/python $$script; done

# Kills grant and revoke at every write of their journal, over every transport; half an hour at least.
kills: $(VENV)/.test
	DIAG_ALL_KILLS=1 $(BIN)/python -m pytest tests/changes/test_changes_kill.py tests/exchange/test_orphans.py

# Pastes every command that any scenario prints into the shell that it is meant for, and fixes pairs of scenarios with what
# is printed; ten minutes or more, needs pwsh.
paste: $(VENV)/.test
	DIAG_PASTE_ALL=1 $(BIN)/python -m pytest tests/paste

# Runs other people's mail programs and sign-in libraries against the lab; two minutes, needs npm and what .ci/run installs.
CLIENTS ?= .venv-clients
clients: $(VENV)/.test
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/clients.txt
	npm install --prefix $(CLIENTS) --silent --no-audit --no-fund imapflow@2 @azure/msal-node@7
	DIAG_CLIENTS=$(CLIENTS) DIAG_REQUIRE_CLIENTS=1 DIAG_REQUIRE_ALL_CLIENTS=1 $(BIN)/python -m pytest tests/lab/foreign

lowest:
	$(MAKE) VERSIONS=lowest VENV=.venv-lowest .venv-lowest/.test
	.venv-lowest/bin/python -m pytest

LOCK = $(UV) pip compile --quiet --no-header --universal --python-version 3.11 --generate-hashes --upgrade
lock:
	$(LOCK) --extra test pyproject.toml --output-file requirements/locked.txt
	$(LOCK) --extra test --resolution lowest-direct pyproject.toml --output-file requirements/lowest.txt

licenses: $(VENV)/.test
	$(BIN)/python -m tests.trust.licences

clean:
	rm -rf $(VENV) .venv-lowest $(CLIENTS) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
