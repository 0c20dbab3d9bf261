# Verbs of the course. `make course` does everything for a newcomer; a bare `make` lists the verbs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)

INSTALLED := $(VENV)/.installed
SOURCES := $(wildcard solutions/*/*.md)
NOTEBOOKS := $(patsubst solutions/%.md,exercises/%.ipynb,$(SOURCES))
ANSWERS := $(patsubst %.md,%.ipynb,$(SOURCES))
PAGES := $(shell find book rnnlib -name '*.md' -o -name '*.yml' -o -name '*.bib' -o -name '*.csv' -o -name '*.py' -o -path 'book/_static/*' -o -path 'book/lite/*' -o -path 'book/live/*')

##@ For everybody
.PHONY: help
help:  ## list the verbs
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: course
course: notebooks site grade  ## install, build notebooks and site, grade a sample class
	@echo
	@echo "Read:   _build/html/index.html (or run: make serve)"
	@echo "Do:     $(firstword $(NOTEBOOKS))"
	@echo "Teach:  _build/sample-class (a class made of the usual mistakes, graded)"

.PHONY: system
system:  ## install Chromium, bubblewrap, PostgreSQL and npm (Debian; asks for sudo unless you are root)
	$(if $(filter 0,$(shell id -u)),,sudo )sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium bubblewrap postgresql util-linux $$(command -v npm >/dev/null || echo npm)'

.PHONY: notebooks
notebooks: $(NOTEBOOKS) $(ANSWERS)  ## build the student notebooks from solutions/

.PHONY: site
site: _build/html/.built  ## build the site

.PHONY: serve
serve: site  ## serve the site on http://localhost:8000
	$(BIN)/python -m http.server --directory _build/html --bind localhost 8000

.PHONY: grade
grade: notebooks  ## grade the sample class
	$(BIN)/python -m grading sample

##@ For those who change the course
.PHONY: test
test: notebooks site  ## run all tests
	$(BIN)/python -m pytest -n auto --dist loadfile

.PHONY: mistakes
mistakes: notebooks  ## prove all known answers, and write their page of the book
	$(BIN)/python -m grading mistakes

.PHONY: lint
lint: $(INSTALLED)  ## check style and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

# torch and jax are too large for the classroom: they live in an environment of their own.
BENCH := _build/bench/venv

.PHONY: bench
bench: $(BENCH)/.installed  ## measure rnnlib against torch, jax and the limit; takes minutes
	OPENBLAS_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks.rnn
	OPENBLAS_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks.training
	OPENBLAS_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks.growth

.PHONY: bench-grading
bench-grading: notebooks  ## measure the autograder against nbgrader as it comes; takes minutes
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.grading

.PHONY: bench-attacks
bench-attacks: notebooks  ## let the attacks loose on nbgrader as it comes, confined; takes minutes
	$(BIN)/python -m benchmarks.stock_attacks

.PHONY: bench-site
bench-site: site  ## measure how fast an exercise starts in the browser
	$(BIN)/python -m benchmarks.site

.PHONY: pins
pins: $(INSTALLED)  ## write requirements.txt anew from pyproject.toml
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q pyproject.toml --all-extras --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url -o requirements.txt

.PHONY: clean
clean:  ## delete all that was built; the virtual environment and your own class stay
	rm -rf _build .pytest_cache .ruff_cache $(ANSWERS)

# What the verbs are made of ------------------------------------------------------------------

$(INSTALLED): requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -r requirements.txt
	$(BIN)/python -m pip install -q --no-deps --editable .
	touch $@

$(BENCH)/.installed: benchmarks/requirements-bench.txt pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install -q -r benchmarks/requirements-bench.txt --editable '.[plots,training]'
	touch $@

exercises/%.ipynb solutions/%.ipynb: solutions/%.md grading/notebooks.py nbgrader_config.py $(INSTALLED)
	$(BIN)/python -m grading.notebooks $(notdir $(*D))

_build/html/.built: $(PAGES) _config.yml $(NOTEBOOKS) $(INSTALLED)
	$(BIN)/jupyter-book build book --path-output . -W --keep-going -n
	$(BIN)/python book/_ext/pdf.py
	touch $@
