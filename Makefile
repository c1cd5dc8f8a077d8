# `make` lists the commands. They need Python 3.11 or newer and nothing else: the first one that
# runs code makes a virtual environment in .venv from the pinned requirements.

PYTHON ?= python3
PORT ?= 8000
# Worker processes for the tests and the experiments.
WORKERS ?= 2

BIN := .venv/bin
# Changes when the requirements do; written last, so that an interrupted install is taken up again.
INSTALLED := .venv/installed-$(shell cat requirements*.txt pyproject.toml uniroute_lab/pyproject.toml | cksum | cut -d ' ' -f 1)
# One BLAS thread: the machine's number of cores must not change a printed digit.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PYTHONHASHSEED := 0

JUPYTER_BOOK := $(BIN)/jupyter-book build -q -W -n --keep-going --path-output .

.DEFAULT_GOAL := help
.PHONY: help install book serve html slides archive pdf test check-pages experiments bench stress ledger regenerate student lint format lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make .venv (the other commands do it by themselves)

$(INSTALLED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Installing into .venv (once; a few minutes)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check \
		-r requirements-torch.txt -r requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e . -e ./uniroute_lab
	@rm -f .venv/installed-* && touch $@

book: $(INSTALLED) ## run every chapter afresh and build the book from the result
	@rm -rf _build/src && mkdir -p _build/src
	@cp -R book _config.yml _toc.yml _build/src/
	@$(BIN)/python -m scripts.run_chapters _build/src
	@$(MAKE) -s site SOURCE=_build/src

html: $(INSTALLED) ## build the book from the stored outputs (seconds)
	@$(MAKE) -s site SOURCE=.

# A clean build each time: a warning is only given when its page is read anew.
.PHONY: site
site:
	@rm -rf _build/html _build/.doctrees _build/.jupyter_cache
	@$(JUPYTER_BOOK) $(SOURCE)
	@$(BIN)/python -m scripts.slides _build/html/slides
	@$(BIN)/python -m scripts.check_links _build/html
	@echo "Open $(CURDIR)/_build/html/index.html (or: make serve)"

serve: ## serve the built book on this machine
	@test -f _build/html/index.html || { echo "Nothing built yet: make book" >&2; exit 1; }
	@echo "http://127.0.0.1:$(PORT)/ (stop with Ctrl-C)"
	@$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

slides: $(INSTALLED) ## make slides of the chapters, _build/html/slides (all, or e.g. ONLY=04; seconds)
	@$(BIN)/python -m scripts.slides _build/html/slides $(ONLY)

archive: html ## pack the pages, to be read offline, as a zip with a checksum into _build/archive
	@$(BIN)/python -m scripts.archive _build/html _build/archive

pdf: html ## print the pages as one PDF, _build/pdf/uniroute-book.pdf (minutes; needs Chromium)
	@$(BIN)/python -m scripts.print_book _build/html _build/pdf/uniroute-book.pdf

test: $(INSTALLED) ## unit tests, doctests and every notebook against its stored outputs
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check-pages: $(INSTALLED) ## open every built page in headless Chromium
	@$(BIN)/python -m pytest tests/browser

# Each run goes on where it was interrupted, and joins results/ when it has all declared trials.
experiments: $(INSTALLED) ## run the paper's experiments (hours; resumable; all, or e.g. ONLY=pocket)
	@$(BIN)/python -m uniroute_lab.paper.experiments $(ONLY) --jobs $(WORKERS)

bench: $(INSTALLED) ## time the package beside the obvious code (minutes)
	@$(BIN)/python -m scripts.bench
	@$(BIN)/python -m scripts.bench_embed
	@$(BIN)/python -m scripts.bench_kmeans
	@$(BIN)/python -m scripts.bench_serve

stress: $(INSTALLED) ## route while the pool changes, kill what saves (minutes)
	@$(BIN)/python -m scripts.stress
	@$(BIN)/python -m scripts.stress_saves --kills 300 --loads 3000

ledger: $(INSTALLED) ## compare the paper's numbers with the stored results
	@$(BIN)/python -m uniroute_lab.paper.ledger

regenerate: $(INSTALLED) ## run chapters and store their outputs in book/ (all, or e.g. ONLY=04)
	@$(BIN)/python -m scripts.run_chapters . $(ONLY)

student: $(INSTALLED) ## write the chapters without solutions, for students, into _build/student
	@$(BIN)/python -m scripts.student_edition _build/student

lint: $(INSTALLED) ## check code and notebooks
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(INSTALLED) ## format code and notebooks
	@$(BIN)/ruff check --fix-only -q . && $(BIN)/ruff format .

# Needs uv. What depends on the graphics driver stays out, see requirements-torch.txt.
lock: ## compile requirements.txt from both pyproject.toml
	@uv pip compile -q --universal --fork-strategy fewest --all-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --no-emit-package uniroute -c requirements-torch.txt \
		--group book --group test pyproject.toml uniroute_lab/pyproject.toml \
		| grep -vE '^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z-]+)==' > requirements.txt

clean: ## remove what was built (.venv stays)
	@rm -rf _build .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	@cd uniroute_lab && rm -rf build dist results *.egg-info  # its results are ../results
