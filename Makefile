# One word a chore.  On a bare machine with Python 3.11-3.13 and make:
#   make run     set up, poll the feeds, store the news
#   make test    set up and run the tests
# Some machines set it; then every process compiles all modules for itself.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: run demo test test-long lint format docs bench lock clean

run: $(VENV)/.ready
	@# 1 means done, with feeds that failed and are named; not a fault of the set-up.
	@$(BIN)/voltwire ingest || test $$? -eq 1

demo: $(VENV)/.ready
	@$(BIN)/voltwire demo

# Four at a time even on two cores: many tests wait for processes and servers of their own.
TESTERS ?= 4
test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder

test-long: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -m long

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.ready-dev
	$(BIN)/python -m storage.describe > docs/schema.md
	$(BIN)/python -m flows.configuration > docs/configuration.md

# DATA names the folder of labelled sets that the benchmarks measure with (see docs/benchmarks.md).
DATA ?= ../shared/data
bench: $(VENV)/.ready-dev
	$(BIN)/python -m benchmarks.extract $(DATA)/extraction/aeb.warc.gz
	$(BIN)/python -m benchmarks.repeats $(DATA)/repeats/cases.jsonl
	$(BIN)/python -m benchmarks.neardup $(DATA)/neardup/bbc.articles.jsonl.gz $(DATA)/neardup/bbc.pairs.jsonl
	$(BIN)/python -m benchmarks.signatures $(DATA)/neardup/bbc.articles.jsonl.gz
	$(BIN)/python -m benchmarks.lookup
	$(BIN)/python -m benchmarks.polling

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "voltwire needs Python 3.11, 3.12 or 3.13; name it: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up $(VENV) (once; some minutes on a slow line)"
	@$(PYTHON) -m venv $(VENV)

# All cores compile what was installed; pip would do it on one.  A file that does not compile (some
# packages bring templates) is no fault.
COMPILE := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true

$(VENV)/.ready: requirements.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --no-deps --no-compile --require-hashes -r requirements.txt
	@$(COMPILE)
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --no-deps --no-compile --require-hashes -r requirements-dev.txt
	@$(COMPILE)
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.ready

# Needs uv.  Universal: one file for every platform and for Python 3.11 to 3.13.
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate -q $(LOCK_FLAGS)
# Made anew: uv takes over the hashes of a file that is there, and with them those of an index that
# had one platform's wheels only.
lock:
	rm -f requirements.txt requirements-dev.txt
	$(LOCK) --extra build -o requirements.txt
	$(LOCK) --extra dev -o requirements-dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
