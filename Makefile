# From a fresh clone, on a machine with Python >= 3.11 and pip: `make html` builds the documentation with the model run,
# `make test` runs the tests.  Both set up what they need in .venv first.

.DEFAULT_GOAL := help
.PHONY: help html test axe confirm adequacy whole lint wheel bench clean
.DELETE_ON_ERROR:

# What the caller's shell has activated must not leak into our environment.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV

# The first of these that runs is taken: some are shims of pyenv that fail.
PYTHON ?= python3.13 python3.12 python3.11 python3
SPHINXOPTS ?= -W --keep-going
SPHINXJOBS ?= auto
PYTESTOPTS ?=

IN := .venv/bin/python
READY := .venv/.ready
READY_TO_LINT := .venv/.ready-to-lint
SUITABLE := import sys, venv; from importlib.util import find_spec; \
sys.exit(sys.version_info < (3, 11) or not (find_spec("ensurepip") or find_spec("pip")))

help:
	@echo 'make html    run the conformance tests and build the documentation into build/html'
	@echo 'make test    run all tests on all cores'
	@echo 'make axe     fetch the checker of accessibility that tests of pages run (needs npm)'
	@echo 'make confirm run all claims and show the verdicts'
	@echo 'make adequacy  try every mutant of the model on the claims that changed, and write the record'
	@echo 'make whole   search every platform of three domains as one system, and compare: minutes'
	@echo 'make lint    ruff and mypy'
	@echo 'make wheel   build the wheel into dist'
	@echo 'make bench   run the benchmarks'
	@echo 'make clean   remove what was built (.venv stays)'

# A machine with pip and without ensurepip (Debian without python3-venv) gets its pip from the one it has.
$(READY): pyproject.toml
	@set -e; \
	for python in $(PYTHON); do \
		if "$$python" -c '$(SUITABLE)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo 'found none of "$(PYTHON)" that is Python >= 3.11 with pip; expected one (or make PYTHON=/path/to/python)' >&2; \
		exit 1; \
	fi; \
	if ! $(IN) -m pip --version >/dev/null 2>&1; then \
		"$$found" -m venv --clear .venv >/dev/null 2>&1 \
		|| { "$$found" -m venv --clear --without-pip .venv && "$$found" -m pip --python $(IN) install --quiet pip; }; \
	fi
	$(IN) -m pip install --quiet --disable-pip-version-check --editable '.[test,docs]'
	@touch $@

$(READY_TO_LINT): $(READY)
	$(IN) -m pip install --quiet --disable-pip-version-check --editable '.[test,docs,lint]'
	@touch $@

# A test that fails does not stop the build: the page shows it red, and make's exit code says so in the end.
html: $(READY)
	@mkdir -p build
	@rm -f build/conformance.xml build/conformance.yaml
	@tested=0; built=0; \
	$(IN) -m sphinx_xenfusa.cli record-run --out build/conformance.yaml --report build/conformance.xml -- \
		$(IN) -m pytest -p no:xdist -q --junitxml=build/conformance.xml $(PYTESTOPTS) tests/conformance || tested=$$?; \
	$(IN) -m sphinx -b html -j $(SPHINXJOBS) $(SPHINXOPTS) -d build/doctrees docs build/html || built=$$?; \
	if [ -f build/html/index.html ]; then \
		$(IN) -c 'from pathlib import Path; print("open", Path("build/html/index.html").absolute().as_uri())'; \
	fi; \
	if [ $$tested -ne 0 ]; then echo "the conformance tests ended with $$tested" >&2; fi; \
	if [ $$built -ne 0 ]; then echo "the build of the documentation ended with $$built" >&2; fi; \
	[ $$tested -eq 0 ] && [ $$built -eq 0 ]

test: $(READY)
	$(IN) -m pytest -n auto --dist worksteal $(PYTESTOPTS)

# Without it those tests are skipped, and say so.  npm compares what it fetched with the hash in the lock file.
axe:
	@mkdir -p build/axe
	@cp tests/axe/package.json tests/axe/package-lock.json build/axe/
	npm ci --prefix build/axe --ignore-scripts --no-audit --no-fund --loglevel=error

confirm: $(READY)
	$(IN) -m sphinx_xenfusa.cli confirm

adequacy: $(READY)
	$(IN) -m sphinx_xenfusa.cli adequacy

whole: $(READY)
	XENFUSA_ALL_PLATFORMS=1 $(IN) -m pytest -q -k all_platforms_of_three $(PYTESTOPTS) tests/claims/test_reduction.py

lint: $(READY_TO_LINT)
	$(IN) -m ruff check .
	$(IN) -m ruff format --check .
	$(IN) -m mypy

wheel: $(READY)
	$(IN) -m build --wheel --outdir dist .

bench: $(READY)
	@failed=0; for one in benchmarks/[a-z]*.py; do $(IN) "$$one" || failed=1; done; exit $$failed

clean:
	rm -rf build dist docs/_rerun .xenfusa .hypothesis .mypy_cache .ruff_cache .pytest_cache
