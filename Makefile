# `make demo` and `make test` need Python >= 3.11 and pip, and set up everything else themselves.
PYTHON ?= python3
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DEV = .venv/bin
# A second environment with the base dependencies alone: what a user has who only samples.
BASE = .venv-base/bin

.PHONY: demo test test-slow lint format clean

demo: .venv/ready .venv-base/ready
	PYTHON=$(DEV)/python BASE_PYTHON=$(BASE)/python sh docs/demo.sh

test: .venv/ready .venv-base/ready
	GANZOO_BASE_PYTHON=$(BASE)/python $(DEV)/python -m pytest

test-slow: .venv/ready .venv-base/ready
	GANZOO_BASE_PYTHON=$(BASE)/python $(DEV)/python -m pytest -m ''

lint: .venv/ready
	$(DEV)/ruff format --check .
	$(DEV)/ruff check .
	$(DEV)/mypy
	$(DEV)/lint-imports --no-cache

format: .venv/ready
	$(DEV)/ruff format .
	$(DEV)/ruff check --fix .

# torch first and by its exact version: pip then takes the build that is at hand.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(DEV)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(DEV)/python $(PIP_INSTALL) --editable '.[train]' --group dev
	touch $@

.venv-base/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-base
	$(BASE)/python $(PIP_INSTALL) --editable .
	touch $@

clean:
	rm -rf .venv .venv-base .demo dist
