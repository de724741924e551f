# make demo        a driver's .pyx becomes a .driver and plays a recording; INPUT=my.wav plays yours
# make test        what every change must pass: lint, then all tests but the deep ones
# make test-deep   the tests that take long
# make bench       measure; see docs/benchmarks.md
# make lint        only the linters
# make clean       remove what was made here, the virtual environment too
#
# PYTHON=python3.12 chooses the Python, VENV=folder the place of the virtual environment.
# Needs Python 3.11 or newer, a C compiler and make: scripts/install-system-packages.

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq
JOBS ?= 2

# Compiled things that several test runs and their processes share; named by content, so never stale.
TEST_CACHE := $(CURDIR)/build/test-cache

CORE := setup.py bundle/recipe.py $(wildcard $(addprefix tympan/,*.pyx *.pxd *.h)) \
        $(wildcard $(addprefix tympan/testing/,*.pyx *.pxd *.h))

.PHONY: help demo test test-deep bench lint typing clean
help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

demo: $(VENV)/demo.ok $(VENV)/core.ok
	@$(PY) tools/demo.py $(if $(INPUT),'$(INPUT)')

test: lint
	@$(call pytest,not deep)

test-deep: $(VENV)/dev.ok $(VENV)/core.ok
	@$(call pytest,deep)

bench: $(VENV)/dev.ok $(VENV)/core.ok
	@$(PY) bench/run.py

# One worker process per core: a process can have only one simulated host.
pytest = TYMPAN_TEST_CACHE='$(TEST_CACHE)' $(PY) -m pytest -q -n $(JOBS) -m '$(1)'

# ---- linters ----

lint: $(VENV)/dev.ok $(VENV)/core.ok
	@$(PY) -m ruff check -q .
	@$(PY) -m cython_lint -q tympan bundle examples tests
	@$(PY) -m codespell_lib .
	@$(PY) tools/generate_coreaudio.py --check
	@$(PY) tools/check_types.py

# ---- the virtual environment ----

# Bare, with pip only.
$(VENV)/python.ok: scripts/check-machine
	@sh scripts/check-machine '$(PYTHON)'
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv '$(VENV)'
	@touch $@

# What pyproject.toml requires for the demo (little), or for everything.
$(VENV)/demo.ok: EXTRAS = demo
$(VENV)/dev.ok: EXTRAS = demo test lint
$(VENV)/demo.ok $(VENV)/dev.ok: $(VENV)/python.ok pyproject.toml scripts/requirements.py
	@echo "Installing what $(basename $(notdir $@)) needs ..."
	@$(PY) scripts/requirements.py $(EXTRAS) > $(basename $@).txt
	@$(PIP) install -r $(basename $@).txt
	@touch $@

# The project itself, editable: the modules are compiled beside their sources. Order-only, because
# either set of requirements has the compiler's; a new one is no reason to compile again.
$(VENV)/project.ok: pyproject.toml setup.py | $(VENV)/requirements
	@echo "Compiling the core and the simulated host ..."
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/core.ok: $(VENV)/project.ok $(CORE)
	@$(PY) setup.py -q build_ext --inplace
	@touch $@

clean:
	rm -rf build demo dist '$(VENV)' *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	rm -f tympan/*.so tympan/testing/*.so
	find . -name __pycache__ -prune -exec rm -rf {} +
