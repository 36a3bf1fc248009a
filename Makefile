# demo, test, check, bench, docs; slow runs the longer tests. Each sets up .venv in this checkout as it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test slow check bench docs clean

demo: $(VENV)/.core
	$(BIN)/tickwright demo --out out/demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist loadfile

slow: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist loadfile -m slow

check: $(VENV)/.test $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/.bench
	$(BIN)/python -m bench

docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site out build dist

$(VENV)/.core: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# An extra is a name in pyproject.toml: test, check, bench, docs.
$(VENV)/.%: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@
