# Two commands on a machine with git, make and Python >= 3.10:  make demo  and  make test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OLD := .venv-oldest
PIP := -m pip install -q --disable-pip-version-check
REPO ?=
CRATES ?=

.PHONY: demo test test-oldest test-compilers clean

$(VENV)/installed: setup.cfg constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) -c constraints.txt torch
	$(BIN)/python $(PIP) -c constraints.txt -e ".[train,test,report,publish]"
	# alone: what it asks for besides is a gigabyte (pyspark, onnx...) that its signatures do not use
	$(BIN)/python $(PIP) -c constraints.txt --no-deps text-dedup
	touch $@

$(OLD)/installed: setup.cfg constraints.txt pyproject.toml
	$(PYTHON) -m venv $(OLD)
	$(OLD)/bin/python $(PIP) -e ".[publish]" "datasets==3.6.0" "pytest>=8" "pytest-timeout>=2.3"
	touch $@

demo: $(VENV)/installed
	$(BIN)/python recipes/demo.py $(if $(REPO),--repo "$(REPO)")

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q

# the loading tests on the oldest supported stack, and what was pushed loaded from a Hub on loopback
test-oldest: $(OLD)/installed
	$(OLD)/bin/python -m pytest -q tests/test_load_dataset.py tests/test_publish.py::test_what_was_pushed_is_loaded_by_plain_datasets_without_our_package

# rewritten Rust is compiled and its tests run; needs rustc, and takes crates without dependencies below CRATES too
test-compilers: $(VENV)/installed
	CRATES="$(CRATES)" $(BIN)/python -m pytest -q tests_with_compilers

clean:
	rm -rf $(VENV) $(OLD) build dist *.egg-info runs
