# Verbs of the course. `make course` does everything for a newcomer; a bare `make` lists the verbs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
# Some containers forbid Python to keep what it has compiled; each of some thousand processes would compile it all again.
unexport PYTHONDONTWRITEBYTECODE

INSTALLED := $(VENV)/.installed
SOURCES := $(wildcard solutions/*/*.md)
ANSWERS := $(SOURCES:.md=.ipynb)
NOTEBOOKS := $(ANSWERS:solutions/%=exercises/%)
UNBUILT := $(filter-out $(wildcard $(ANSWERS) $(NOTEBOOKS)),$(ANSWERS) $(NOTEBOOKS))
# The first exercise that a page offers, in the order of the table of contents.
CHAPTERS = $(shell sed -n 's|.*file: \(.*\)|book/\1.md|p' book/_toc.yml)
FIRST = $(firstword $(shell sed -n 's/^[:`]*{exercise} //p' $(CHAPTERS)))
# Whatever lies in these folders may show on a page: a list of endings would forget the next kind of file.
PAGES := $(shell find book exercises rnnlib -type f -not -path '*/.*' -not -path '*/__pycache__/*' -not -name '*.mo')
PACKED := $(wildcard grading/*.py grading/templates/*)  # for "Mark my work" in the page

##@ For everybody
.PHONY: help
help:  ## list the verbs
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: course
course: notebooks site  ## install, build notebooks and site, grade a sample class
	@$(BIN)/python -m grading sample --brief $(FIRST)
	@echo
	@echo "Built: $(words $(NOTEBOOKS)) notebooks in exercises/, and the site in _build/html$$(test ! -f _build/html/bptt.pdf || echo ", PDF included")."
	@echo "Next:"
	@echo "  Read:  run \`make serve\`, open http://localhost:8000 and begin with the first page."
	@echo "  Do:    $(FIRST), the first exercise$$(test ! -d _build/html/lite || echo ", at the end of its chapter"). In Jupyter:"
	@echo "         $(BIN)/jupyter lab exercises/$(FIRST)/$(FIRST).ipynb"
	@echo "  Teach: look at the report above; \`make grade\` marks sample classes of all exercises."

# As whom tests hand in and mark where several share a machine, see tests/users.py; without a home, a password, a shell.
USERS := bptt-student-1 bptt-student-2 bptt-teacher

.PHONY: system
system:  ## install Chromium, Firefox, bubblewrap, a Chinese font, PostgreSQL and npm, add three users for tests (Debian; asks for sudo unless you are root)
	$(if $(filter 0,$(shell id -u)),,sudo )sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium bubblewrap fonts-wqy-microhei postgresql util-linux $$(command -v npm >/dev/null || echo npm) $$(command -v firefox >/dev/null || echo firefox-esr) && for user in $(USERS); do id -u $$user >/dev/null 2>&1 || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin $$user; done'

.PHONY: notebooks
notebooks: _build/notebooks.built _build/mistakes.built  ## build the student notebooks from solutions/

.PHONY: site
site: _build/html/.built  ## build the site

.PHONY: zh
zh: _build/editions/zh_CN.built  ## add the Chinese edition to the site

.PHONY: serve
serve: site  ## serve the site on http://localhost:8000
	$(BIN)/python -m http.server --directory _build/html --bind localhost 8000

.PHONY: grade
grade: notebooks  ## grade a sample class of every exercise
	$(BIN)/python -m grading sample

##@ For those who change the course
.PHONY: test
test: notebooks site  ## run all tests but those of the hub and of the three doors
	$(BIN)/python -m pytest -n auto -m "not hub and not doors" $(TESTS)

.PHONY: test-hub
test-hub: notebooks  ## set up a JupyterHub in _build/hub, and teach a class on it in Chromium: some minutes
	$(BIN)/python -m pytest -q -m hub tests/grading/test_hub.py

.PHONY: test-doors
test-doors: notebooks site  ## mark all known answers as a class does, as `mine` does and in the page: most of an hour
	$(BIN)/python -m pytest -q -m doors tests/book/test_three_doors.py $(TESTS)

.PHONY: check
check: lint notebooks  ## lint, and the tests that need no browser, no server and no sandbox: a minute and a half
	$(BIN)/python -m pytest -n auto -q -m "not browser and not server and not pool and not hub and not doors" $(TESTS)

.PHONY: smoke
smoke: notebooks site  ## try the built site before it is published: its parts, a chapter, a live cell, an exercise, links
	$(BIN)/python -m pytest -q -m smoke tests/book

.PHONY: catalogues
catalogues: notebooks  ## after a change of a page, an exercise or a message: bring what is to be translated up to date
	$(BIN)/python book/_ext/catalogues.py
	$(BIN)/python -m grading.catalogues

.PHONY: mutants
mutants: notebooks  ## mark right answers with one small change each, with three seeds; takes minutes
	$(BIN)/python -m grading.mutants --seeds 3

.PHONY: rounding
rounding: notebooks  ## prove with 20,000 seeds for each test that rounding decides no mark; takes hours
	$(BIN)/python -m grading.rounding

.PHONY: mistakes
mistakes: notebooks  ## prove all known answers, and write their pages of the book
	$(BIN)/python -m grading mistakes

.PHONY: lint
lint: $(INSTALLED)  ## check style and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/hadolint Dockerfile

.PHONY: image
image:  ## build the image in which a class is marked where there is no Debian (docker)
	docker build --tag bptt-grader .

# torch and jax are too large for the classroom: they live in an environment of their own.
BENCH := _build/bench/venv

.PHONY: bench
bench: $(BENCH)/.installed  ## measure rnnlib against torch, jax and the limit; takes minutes
	OPENBLAS_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks.rnn
	OPENBLAS_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks.training
	OPENBLAS_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks.growth
	OPENBLAS_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks.scans

.PHONY: bench-grading
bench-grading: notebooks  ## measure the autograder against nbgrader as it comes; takes minutes
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.grading

.PHONY: bench-attacks
bench-attacks: notebooks  ## let the attacks loose on nbgrader as it comes, confined; takes minutes
	$(BIN)/python -m benchmarks.stock_attacks

.PHONY: soak
soak: notebooks  ## mark a class of 500 with every attack in it, while processes are killed; takes many minutes
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.soak

.PHONY: bench-site
bench-site: site  ## measure what pages and an exercise weigh, and how soon they are there: some minutes
	$(BIN)/python -m benchmarks.site

.PHONY: pins
pins: $(INSTALLED)  ## write requirements.txt anew from pyproject.toml
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q pyproject.toml --all-extras --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url -o requirements.txt

.PHONY: clean
clean:  ## delete all that was built; the virtual environment and your own class stay
	rm -rf _build .pytest_cache .ruff_cache $(ANSWERS) solutions/*/zh

# What the verbs are made of ------------------------------------------------------------------

$(INSTALLED): requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -r requirements.txt
	$(BIN)/python -m pip install -q --no-deps --editable .
	touch $@

$(BENCH)/.installed: benchmarks/requirements-bench.txt pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install -q -r benchmarks/requirements-bench.txt --editable '.[training]'
	touch $@

# What makes a release, and what it is released with, such as where its library is.
RELEASERS := answers_file catalogues course exercise interrupt nbgrader_plugins notebooks release translation
RELEASED := $(RELEASERS:%=grading/%.py) $(wildcard solutions/*/*.po grading/locale/*.po) nbgrader_config.py _config.yml rnnlib/pyproject.toml rnnlib/__init__.py rnnlib/words.py

# All notebooks in one process: to start nbgrader takes longer than to build them.
_build/notebooks.built: $(SOURCES) $(RELEASED) $(INSTALLED) $(if $(UNBUILT),FORCE)
	$(BIN)/python -m grading.notebooks
	mkdir -p $(@D) && touch $@

# Every known mistake is run in its notebook, with the library, to see by which wrong numbers it can be recognised.
RECOGNISED := $(wildcard solutions/*/answers.toml rnnlib/*.py rnnlib/fast/*.py) $(addprefix grading/,answers.py fingerprints.py mistakes.py)

_build/mistakes.built: _build/notebooks.built $(RECOGNISED)
	$(BIN)/python -m grading.fingerprints
	touch $@

.PHONY: FORCE
FORCE:

# A site that was built without Chromium gets its PDF when there is one.
UNPRINTED := $(shell test -f _build/html/bptt.pdf || command -v chromium)

_build/html/.built: _build/notebooks.built _build/mistakes.built $(PAGES) $(PACKED) _config.yml CITATION.cff LICENSE $(INSTALLED) $(if $(UNPRINTED),FORCE)
	$(BIN)/jupyter-book build book -W --keep-going -n
	$(BIN)/python book/_ext/pdf.py
	$(BIN)/python book/_ext/editions.py
	touch $@

# The site in another language: % is a folder of book/locale.
_build/editions/%.built: _build/html/.built $(wildcard book/locale/*/LC_MESSAGES/*.po)
	$(BIN)/python book/_ext/editions.py $*
	$(BIN)/python book/_ext/pdf.py $*
	mkdir -p $(@D) && touch $@
