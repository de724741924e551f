# make demo        a driver's .pyx becomes a .driver and plays a recording; INPUT=my.wav plays yours
# make test        what every change must pass: lint, then all tests but the deep ones
# make test-deep   the tests that take long
# make test-asan   under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
# make test-tsan   under ThreadSanitizer, with everything at once
# make test-rtsan  under RealtimeSanitizer (clang 20 or newer; skipped without)
# make bench       measure; see docs/benchmarks.md
# make macos       try again to get what bundles for macOS need here: a linker, CPython for both processors
# make lint        only the linters
# make clean       remove what was made here, the virtual environment too
#
# PYTHON=python3.12 chooses the Python, VENV=folder the place of the virtual environment.
# Needs Python 3.11 or newer, a C compiler and make: scripts/install-system-packages.

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq

# Compiled things that test runs and their processes share; named by what they are made of, so never stale.
TEST_CACHE := $(CURDIR)/build/test-cache
MACOS := build/test-cache/macos.ok

GUARD := assert-no-alloc/assert_no_alloc
CORE := bundle/recipe.py $(wildcard $(foreach kind,pyx pxd h,tympan/*.$(kind) tympan/testing/*.$(kind)) \
	$(foreach name,*.pyx *.pxd *.h _core/*,$(GUARD)/$(name)))

.PHONY: help demo test test-deep test-asan test-tsan test-rtsan bench macos lint clean

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

demo: $(VENV)/demo.ok $(VENV)/core.ok
	@$(PY) tools/demo.py $(if $(INPUT),'$(INPUT)')

SANITIZED := asan or tsan or rtsan

# The guard is a distribution of its own, with tests of its own: those run first, because they are quick.
test: lint $(MACOS)
	@failed=0; \
	(cd assert-no-alloc && PYTHONPATH=. $(PYTEST)) || failed=1; \
	$(PYTEST) -m 'not deep and (short or not ($(SANITIZED)))' || failed=1; \
	exit $$failed

test-deep: $(VENV)/dev.ok $(VENV)/core.ok $(MACOS)
	@$(PYTEST) -m 'deep and not ($(SANITIZED))'

# A test here is a process or two of its own, so any core may take any test.
test-asan test-tsan test-rtsan: test-%: $(VENV)/dev.ok $(VENV)/core.ok
	@$(PYTEST) --dist worksteal -m $*

bench: $(VENV)/dev.ok $(VENV)/core.ok $(MACOS)
	@XDG_CACHE_HOME='$(TEST_CACHE)' $(PY) bench/run.py

# Fetched and built where that is possible; says what is not, and never fails. Tried once, and when asked.
macos:
	@rm -f '$(MACOS)'
	@$(MAKE) --no-print-directory '$(MACOS)'

$(MACOS): $(VENV)/dev.ok | $(VENV)/core.ok
	@mkdir -p '$(@D)'
	@env -u MAKEFLAGS -u MAKELEVEL XDG_CACHE_HOME='$(TEST_CACHE)' $(PY) tools/prepare_macos.py || true
	@touch '$@'

# One process per core: a process can have one simulated host at a time, and a file shares what it builds.
# Tests that call make are not to be told that they are inside make.
PYTEST = env -u MAKEFLAGS -u MAKELEVEL TYMPAN_TEST_CACHE='$(TEST_CACHE)' '$(abspath $(PY))' -m pytest -n auto --dist loadfile

# All of them, also when the first has found something.
lint: $(VENV)/dev.ok $(VENV)/core.ok
	@PATH="$(abspath $(VENV)/bin):$$PATH"; failed=0; \
	ruff check -q --output-format concise . || failed=1; \
	cython-lint tympan examples tests assert-no-alloc || failed=1; \
	codespell || failed=1; \
	python tools/generate_coreaudio.py --check || failed=1; \
	python tools/generate_properties.py --check || failed=1; \
	python tools/generate_rules.py --check || failed=1; \
	python tools/generate_realtime_table.py --check || failed=1; \
	python tools/check_types.py || failed=1; \
	exit $$failed

# ---- the virtual environment: a .ok file says that a step is done ----

$(VENV)/python.ok: scripts/check-machine
	@sh scripts/check-machine '$(PYTHON)'
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv '$(VENV)'
	@touch $@

# What pyproject.toml requires to run, and on top of that for the demo, or for everything.
$(VENV)/base.ok: $(VENV)/python.ok
$(VENV)/demo.ok $(VENV)/dev.ok: $(VENV)/base.ok
$(VENV)/demo.ok: EXTRAS = demo
$(VENV)/dev.ok: EXTRAS = demo test lint
$(VENV)/base.ok $(VENV)/demo.ok $(VENV)/dev.ok: pyproject.toml scripts/requirements.py
	@echo "Installing requirements ($(basename $(@F))) ..."
	@$(PY) scripts/requirements.py $(EXTRAS) > $(basename $@).txt
	@$(PIP) install -r $(basename $@).txt
	@touch $@

# The project itself, its modules compiled beside their sources. Without a core.ok they have just
# been compiled by pip; later only what has changed is.
$(VENV)/project.ok: $(VENV)/base.ok setup.py pyproject.toml
	@echo "Compiling the core and the simulated host ..."
	@rm -f $(VENV)/core.ok
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/core.ok: $(VENV)/project.ok $(CORE)
	@if [ -e $@ ]; then $(PY) setup.py -q build_ext --inplace; fi
	@touch $@

clean:
	rm -rf build assert-no-alloc/build demo dist '$(VENV)' *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	rm -f tympan/*.so tympan/testing/*.so $(GUARD)/*.so
	find . -name __pycache__ -prune -exec rm -rf {} +
