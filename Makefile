# Two commands: `make lab` opens the course, `make test` checks all of it. Both set up what they need, once.

PYTHON ?= python3
VENV   := .venv
COLAB  := .venv-colab
BIN    := $(VENV)/bin

# The tested set of versions has wheels for these Pythons; others resolve from the ranges in pyproject.toml.
PINS := $(shell $(PYTHON) -c "import sys; print('-c constraints.txt' if (3, 11) <= sys.version_info[:2] <= (3, 13) else '')")
PIP  := $(BIN)/python -m pip install --quiet --disable-pip-version-check

NOTEBOOKS ?= $(wildcard notebooks/*.ipynb) $(wildcard solutions/*.ipynb)
# Two processes, a thread each: waiting threads that spin would make several processes crawl on few cores.
TWO_AT_ONCE := OMP_NUM_THREADS=1
NBVAL     := $(TWO_AT_ONCE) $(BIN)/python -m pytest -p no:cacheprovider --nbval-lax --nbval-current-env --nbval-cell-timeout=900 \
             --quiet -n 2 --dist loadfile --durations=5
# Test data may be given by a relative path, and notebooks run in their own folder.
ifdef VAE_COURSE_DATA
export VAE_COURSE_DATA := $(abspath $(VAE_COURSE_DATA))
endif
PORT ?= 8888
LAB_FLAGS ?=

export OMP_WAIT_POLICY := PASSIVE

.PHONY: lab test test-browser test-package test-colab check-notebooks test-offline notebooks exercises lint format clean

lab: $(VENV)/lab.installed
	$(BIN)/jupyter lab --port=$(PORT) --ServerApp.root_dir='$(CURDIR)' $(LAB_FLAGS) notebooks/00-start-here.ipynb

test: $(VENV)/test.installed $(COLAB)/installed lint test-colab check-notebooks test-browser test-package

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test-package: $(VENV)/test.installed
	$(TWO_AT_ONCE) $(BIN)/python -m pytest -n 2 --ignore=tests/browser

# A real browser on a busy machine may miss its moment: what failed is run once more, and must pass then.
test-browser: $(VENV)/test.installed
	$(BIN)/python -m pytest tests/browser || $(BIN)/python -m pytest --last-failed tests/browser

# The explorers and the checks again, under the versions of ipywidgets and IPython that Colab runs.
test-colab: $(COLAB)/installed
	$(TWO_AT_ONCE) $(COLAB)/bin/python -m pytest -n 2 -p no:nbval -p no:cacheprovider --quiet tests/colab $(wildcard tests/widgets) $(wildcard tests/tasks)

# Rules first, then every cell: a raising cell, a raising widget callback or a missing alt text ends here.
check-notebooks: $(VENV)/test.installed
	$(BIN)/python -m tests.notebooks.rules $(NOTEBOOKS)
	VAE_COURSE_PROFILE=quick $(NBVAL) $(NOTEBOOKS)

# The course without its data and without a network: anything but loopback is refused, and written down.
test-offline: $(VENV)/test.installed
	rm -rf build/offline && mkdir -p build/offline
	env -u VAE_COURSE_DATA XDG_CACHE_HOME=$(abspath build/offline/cache) VAE_COURSE_PROFILE=quick \
	    PYTHONPATH=$(abspath tests/offline/guard) VAE_COURSE_NETWORK_LOG=$(abspath build/offline/network.log) \
	    $(NBVAL) $(NOTEBOOKS)
	env -u VAE_COURSE_DATA XDG_CACHE_HOME=$(abspath build/offline/cache) \
	    PYTHONPATH=$(abspath tests/offline/guard) VAE_COURSE_NETWORK_LOG=$(abspath build/offline/network.log) \
	    $(BIN)/python -m pytest -p no:cacheprovider --quiet tests/offline

# Run every notebook in the full profile and store what readers will see.
notebooks: $(VENV)/test.installed
	$(BIN)/python -m tests.notebooks.store $(wildcard notebooks/*.ipynb)

# exercises/ is derived from solutions/, byte for byte the same each time.
exercises: $(VENV)/test.installed
	$(BIN)/python -m tests.exercises.generate

format: $(VENV)/test.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/lab.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) $(PINS) --editable '.[lab]'
	touch $@

$(VENV)/test.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) $(PINS) --editable '.[lab,test,grading]'
	touch $@ $(VENV)/lab.installed

# Lies over the first environment: only what differs on Colab is installed again.
$(COLAB)/installed: tests/colab/requirements.txt $(VENV)/test.installed
	$(PYTHON) -m venv $(COLAB)
	$(COLAB)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/colab/requirements.txt
	$(COLAB)/bin/python -c "import pathlib, site; pathlib.Path(site.getsitepackages()[0], 'underneath.pth').write_text('$(abspath $(VENV))' + '/lib/python{0}.{1}/site-packages\n'.format(*__import__('sys').version_info) + '$(CURDIR)\n')"
	touch $@

clean:
	rm -rf build $(VENV) $(COLAB)
