# Safe Zone. Needs Python 3.11 or newer, git and make; everything else is fetched, checked by hash and kept here.
#
#   make         set everything up               make run     the demonstration station (ARGS='--scenario evening')
#   make check   style, types, floors, screens   make test    every test, in a real browser and with kill -9
#   make bench   measure and say how             make fix     let the formatter do its work
#   make docs    write the reference tables      make wheel   to install elsewhere: dist/
#   make lock    renew the locked versions       make clean   take away what make made
#   make audit   known vulnerabilities in what is used (asks the network)
#   make faults  kill, hang, fill and cut everything, in every way that is known (20 to 30 minutes)

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := setup
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
UV := .tools/bin/uv
CODE := $(wildcard src tests bench tools hatch_build.py)
WEB_DIST := src/safezone/web_dist/index.html
WEB_SOURCES := $(shell find web -mindepth 1 -not -path 'web/node_modules*' 2>/dev/null)

# Python is the one that is asked for, never one that a tool fetched.
export UV_PYTHON_DOWNLOADS := never

.PHONY: setup run test faults check bench audit web browser docs fix lock wheel clean check-python check-web

# Compiled beforehand, so that a start takes half the time also where Python may not write what it has compiled.
setup: .venv/.ready $(WEB_DIST)
	@$(PY) -m compileall -q src tests

# ── tools ──

$(UV): tools/bootstrap.txt
	@python=$$(for each in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	  if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$each"; break; fi; \
	done); \
	if [ -z "$$python" ]; then \
	  echo "Safe Zone needs Python 3.11 or newer. Say where it is: make PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	rm -rf .tools; "$$python" -m venv .tools || { \
	  echo "This Python cannot make a virtual environment. Debian, Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "setting up: uv"
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
	  --require-hashes -r tools/bootstrap.txt
	@touch $@

.venv/.ready: $(UV) pyproject.toml uv.lock hatch_build.py
	@echo "setting up: Python packages"
	@$(UV) sync --locked --quiet --compile-bytecode --python .tools/bin/python
	@touch $@

# ── screens ──

web: $(WEB_DIST)

# Without the folder web/ there is nothing to build, and the program says so when a screen is asked for.
$(WEB_DIST): .venv/.ready tools/build_web.py $(WEB_SOURCES)
	@if [ -d web ]; then echo "setting up: screens"; $(PY) tools/build_web.py; fi

# ── every day ──

run: setup
	@exec $(BIN)/safezone demo $(ARGS)

# On every core; a file, a test or -k alone runs in one process: make test ARGS='tests/core/test_log.py -k gap'.
test: setup browser
	@if [ -d web ]; then $(PY) tools/build_web.py npm run --silent --if-present test; fi
	@$(PY) -m pytest -n auto $(ARGS)

# The whole fault matrix. A part of it: make faults ARGS='-k press'.
faults: setup
	@$(PY) -m pytest -n auto tests/faults -m "matrix or not matrix" $(ARGS)

check: check-python check-web

check-python: .venv/.ready
	@$(BIN)/ruff format --check --output-format concise $(CODE) || { echo "Not formatted as agreed; run: make fix" >&2; exit 1; }
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy $(filter-out hatch_build.py,$(CODE))
	@$(BIN)/lint-imports --no-logo
	@$(PY) -m tools.supply
	@$(PY) -m pytest -q tests/house

check-web: .venv/.ready
	@if [ -d web ]; then $(PY) tools/build_web.py npm run --silent check; fi

bench: setup
	@$(PY) -m bench $(ARGS)

# Asks the network for known vulnerabilities, so it is not part of check, which says the same every time.
audit: .venv/.ready $(WEB_DIST)
	@$(UV) audit --frozen --no-dev
	@if [ -d web ]; then $(PY) tools/build_web.py npm audit --omit=dev; fi

fix: .venv/.ready
	@$(BIN)/ruff check --fix --exit-zero --quiet $(CODE)
	@$(BIN)/ruff format $(CODE)

docs: .venv/.ready
	@$(PY) -m tools.reference --write

# ── now and then ──

browser: .venv/.browser

# The journeys need a Chromium: the machine's own, or one that is fetched now.
.venv/.browser: .venv/.ready tests/support/browser.py
	@$(PY) -m tests.support.browser
	@touch $@

lock: $(UV)
	@$(UV) lock --upgrade
	@for each in bootstrap build; do \
	  { sed -n '/^#/p' tools/$$each.txt; sed -n 's/^\([a-z-]*\)==.*/\1/p' tools/$$each.txt | \
	    $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate -; } > tools/$$each.new; \
	  mv tools/$$each.new tools/$$each.txt; done
	@echo "Now copy the versions in tools/build.txt to build-constraint-dependencies in pyproject.toml."

wheel: .venv/.ready
	@$(UV) build --wheel --build-constraints tools/build.txt --require-hashes
	@$(UV) export --quiet --frozen --no-dev --all-extras --no-emit-project --no-annotate --no-header \
	  -o dist/requirements.txt >/dev/null

clean:
	@rm -rf .venv .tools build dist web/node_modules src/safezone/web_dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
