# `make book` and `make test` do everything, on any machine with Python 3.11 or later, git and make.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
LOCKED := .venv/locked
INSTALLED := .venv/installed
BENCH := .venv-bench
TESTED := .venv/tested
HTML := _build/html/book/index.html
# -W: warnings are errors; -n: every reference must resolve. (The first line of a script in $(BIN)
# names this folder, and not every name can stand there.)
BUILD := $(BIN)/python -c 'from jupyter_book.cli.main import main; main()' build . -W -n --keep-going --quiet
# On every core, with the ten slowest tests at the end.
PYTEST := $(BIN)/python -m pytest -n auto --durations=10
QUICK := README.md cecore tests/test_package.py tests/chapters tests/engine/test_inputs.py \
	tests/scale/test_in_memory.py
PDF := _build/html/softmax-and-cross-entropy.pdf
PORT ?= 8000

ifneq (,$(findstring :,$(CURDIR)))
$(error The path of this folder has a colon, with which Python makes no environment: $(CURDIR))
endif

# The list of the project's files, which is written anew when a file comes or goes, and the files.
# What make would read as more than a letter, such as a space, a colon or a quote, becomes "?", and
# that is to make any letter.
LIST := _build/files
$(shell mkdir -p _build && find . \( -name .git -o -name '.venv*' -o -name _build -o -name __pycache__ \
	-o -name '.*_cache' -o -name .hypothesis -o -name .ipynb_checkpoints \) -prune \
	-o -type f ! -name '.*.swp' -print | LC_ALL=C sort > $(LIST).fresh; \
	cmp -s $(LIST).fresh $(LIST) && rm $(LIST).fresh || mv -f $(LIST).fresh $(LIST))
FILES := $(shell LC_ALL=C tr -c 'A-Za-z0-9_./+@,\n\200-\377-' '?' < $(LIST))
# (The pages show the package's claims and proofs. What prints the PDF is part of the book, too: its
# pages name the PDF, and how large it is.)
BOOK := $(filter ./book/% ./cecore/%.py ./tools/pdf/% ./_%.yml,$(FILES))
# Say where a file is, as an address to click on.
OPEN := $(BIN)/python -c 'import pathlib, sys; print(sys.argv[1], pathlib.Path(sys.argv[2]).absolute().as_uri())'

.PHONY: help book pdf site check test screenshots anywhere serve lab notebooks bench libraries lighthouse lock \
	release-check mutants mutants-sample proofs clean

help:
	@echo 'make book       build the book and print the page to open'
	@echo 'make site       build the book with the lab, in which a browser runs the chapters; its kernel'
	@echo '                comes from the network, or from the site with PYODIDE_DIST=DIR, a release'
	@echo '                of Pyodide'
	@echo 'make pdf        print the book into one PDF, and its cheat sheet onto one page'
	@echo 'make check      run the quick tests of the package, and look at its types and its style'
	@echo 'make test       run every test: package, notebooks, pictures, pages'
	@echo 'make screenshots  photograph every page, wide and narrow, light and dark'
	@echo 'make anywhere   run the tests in the situations of other machines: folders, locales, oldest'
	@echo '                versions, and so on (half an hour; ONLY=NAME runs one of them)'
	@echo 'make serve      read the built book at http://localhost:$(PORT)'
	@echo 'make lab        open the notebooks in JupyterLab'
	@echo 'make notebooks  run every notebook again and store its outputs'
	@echo 'make bench      time cecore against other libraries (15 minutes; leave the machine alone)'
	@echo 'make libraries  hold the libraries to the claims, and backpropagation to PyTorch; run the'
	@echo '                snippets of the tabs'
	@echo 'make lighthouse  Lighthouse on every page of the built book (leave the machine alone)'
	@echo 'make lock       write requirements.txt, and that of Binder, anew from the ranges in'
	@echo '                pyproject.toml'
	@echo 'make release-check  build the source distribution and the wheel, install each in an empty'
	@echo '                environment and verify it there (TAG=v0.2.0: as for that tag)'
	@echo 'make mutants    change every detail of cecore and of the book, one at a time; a test must'
	@echo '                notice each (a night: 9,000 changes of cecore, 14,000 of the book)'
	@echo 'make mutants-sample  the same for a few dozen changes of the book (a minute)'
	@echo 'make proofs     have Coq check every theorem of the book (a minute; Coq must be installed)'
	@echo 'make clean      remove everything that make made'

book: $(HTML)
	@$(OPEN) 'The book is ready. Open:' $(HTML)

pdf: $(PDF)
	@$(OPEN) 'To print or to hand out:' $(PDF)

# The lab first: a page links to it if it is there.
site: $(INSTALLED)
	$(BIN)/python -m tools.lab.build _build/html/lab $${PYODIDE_DIST:+"$$PYODIDE_DIST"}
	@rm -f _build/html/*.pdf
	$(BUILD)
	@touch $(HTML)
	! $(BIN)/python -m tools.browser || $(BIN)/python -m tools.pdf.build _build/html
	@echo 'The site is ready in _build/html. To read and run it: make serve'

# What to run at each save. All of it is in `make test` as well; types and style are in test_package.
check: $(INSTALLED)
	$(PYTEST) $(QUICK)

test: $(TESTED)
	@echo 'All tests have passed on the files as they are now.'

# In the same loads of the pages that the tests look at.
screenshots: $(INSTALLED)
	SCREENSHOTS=1 $(PYTEST) tests/site/test_in_browser.py -k whole
	@echo 'To look at: _build/screenshots'

anywhere: $(INSTALLED)
	$(BIN)/python -m tools.anywhere $(if $(ONLY),--only $(ONLY))

serve: $(HTML)
	@echo 'Reading room: http://localhost:$(PORT)/book/index.html (Ctrl-C closes it)'
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: $(INSTALLED)
	$(BIN)/python -m jupyterlab --notebook-dir=book

notebooks: $(INSTALLED)
	$(BIN)/python -m tools.notebooks

# Only now, and not in `make test`: no test depends on how fast a machine is.
bench: $(BENCH)/installed $(INSTALLED)
	$(BENCH)/bin/python -m tools.benchmarks
	$(BIN)/python -m tools.benchmarks.workers
	$(BIN)/python -m tools.notebooks book/performance.ipynb book/scale.ipynb

libraries: $(BENCH)/installed $(INSTALLED)
	for name in $$($(BENCH)/bin/python -c 'from cecore.claims.libraries import LIBRARIES; print(*LIBRARIES)'); do \
		$(BENCH)/bin/python -m cecore verify --library $$name --json book/data/verify-$$name.json > /dev/null; \
		test $$? -le 1 || exit 1; done
	$(BENCH)/bin/python -m cecore verify --json book/data/verify-cecore.json > /dev/null
	$(BENCH)/bin/python -m tools.autograd
	$(BENCH)/bin/python -m tools.frameworks
	$(BIN)/python -m tools.notebooks book/libraries.ipynb book/training.ipynb

# Its scores depend on the machine, too: not in `make test`.
lighthouse: $(HTML)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.txt -r pyproject.toml --extra lighthouse
	$(BIN)/python -m tools.lighthouse

lock: $(INSTALLED)
	$(BIN)/uv pip compile pyproject.toml --extra book --extra site --extra test \
		--universal --python-version 3.11 --generate-hashes --output-file requirements.txt
	$(BIN)/python -m tools.binder

# In environments of its own, as the release job does it.
release-check:
	$(PYTHON) -m tools.release $(if $(TAG),--tag $(TAG))

mutants: $(INSTALLED)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.txt -r pyproject.toml --extra mutants
	$(BIN)/python -m tools.mutants.book
	$(BIN)/python -m tools.mutants.package
	! command -v coqc > /dev/null || $(BIN)/python -m tools.mutants.coq

mutants-sample: $(INSTALLED)
	MUTANTS=1 $(BIN)/python -m pytest tests/tools/test_mutants.py

# All of it is in `make test` as well, where Coq is installed.
proofs: $(INSTALLED)
	$(BIN)/python -m tools.coq

clean:
	rm -rf .venv $(BENCH) _build .pytest_cache .ruff_cache .mypy_cache .hypothesis __pycache__
	find cecore tests book tools -name __pycache__ -prune -exec rm -rf {} +

$(LOCKED): requirements.txt
	$(if $(PYTHON),,$(error cecore needs Python 3.11 or later; found none on PATH))
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --no-compile --require-hashes --no-deps -r requirements.txt
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The other libraries. Where pip finds a PyTorch without CUDA, they take 1.6 GB.
$(BENCH)/installed: pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --editable '.[bench]'
	@touch $@

$(HTML): $(INSTALLED) $(BOOK) $(LIST)
	@rm -f _build/html/*.pdf
	$(BUILD)
	@touch $@

# The pages name the PDF as soon as it is there, and no longer when they have changed.
$(PDF): $(HTML)
	$(BIN)/python -m tools.pdf.build _build/html
	@touch $@

$(TESTED): $(INSTALLED) $(FILES) $(LIST)
	$(PYTEST)
	@touch $@
