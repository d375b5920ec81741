# Everything a newcomer needs. Only Python >= 3.11 is asked for; the rest is installed into .venv from pinned versions.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo run test prove-audit prove-freezes check bench format clean

help:  ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed (需要 Python 3.11 以上); try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing pinned packages into $(VENV) (about half a minute) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	@touch $@

demo: $(READY)  ## the main job: hub, worker and sandbox agencies; query, freeze, find, release; verify the audit log
	@$(BIN)/liandong demo

run: $(READY)  ## leave hub, worker and sandbox running; prints the address of the API docs
	@$(BIN)/liandong run

test: $(READY)  ## all tests
	@$(BIN)/python -m pytest -n 3 --dist loadfile

prove-audit: $(READY)  ## what takes minutes to prove of the audit log: every bit, ten thousand logs, a million entries
	@$(BIN)/python -m pytest -q -s tests/property/audit_longrun.py

prove-freezes: $(READY)  ## what takes an hour or more to prove of freezes: a million steps, 32 clients at once, four years
	@$(BIN)/python -m tests.property.freezes_longrun --steps 1000000
	@LIANDONG_PROOFS=full $(BIN)/python -m pytest -v tests/integration/test_freeze_proofs.py

check: $(READY)  ## ruff, mypy strict, import-linter, alembic check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/liandong schema check

bench: $(READY)  ## the published figures, one line each: name value unit limit ratio
	@$(BIN)/python -m bench

format: $(READY)  ## format the tree
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

clean:  ## remove the virtual environment and caches (never the data folder)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
