# Everything from a fresh machine with Python 3.11+ and make:
#   make book        build the book into _build/html, with warnings as errors
#   make test        lint, tests and notebooks (some need Chromium or PostgreSQL; Debian's root gets them)
#   make pdf         the built book as one PDF, _build/pcmlib.pdf (needs Chromium)
#   make lowest      test the package's core on the lowest versions that pyproject.toml admits
#   make lab         open JupyterLab on the notebooks
#   make notebooks   execute the notebooks in place, keep the outputs that are checked
#   make repo URL=https://github.com/NAME/pcmlib    set the project's address
#   make clean       remove what was built; .venv and the user's cache stay

PYTHON ?= python3
BIN := .venv/bin
ENV := .venv/.installed

# One process for each core takes the tests, one file at a time.
SHARED := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

CORE := base device crossbar schemes tasks network training nn interop book/live sweep commands

.PHONY: book test pdf lowest lab notebooks repo clean

book: $(ENV)
	rm -rf _build/html _build/jupyter_execute _build/.doctrees
	PCMLIB_BOOK=1 $(BIN)/jupyter-book build . -W -n --keep-going
	$(BIN)/python book/check_site.py _build/html

test lowest: export OMP_NUM_THREADS = 1  # else torch's threads spin on the core of the other process
test: $(ENV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest $(SHARED) tests

pdf: $(ENV)
	test -f _build/html/index.html || $(MAKE) book
	$(BIN)/python book/pdf.py

lowest:
	rm -rf _build/lowest
	$(PYTHON) -m venv _build/lowest
	$(PYTHON) tests/lowest.py > _build/lowest/requirements.txt
	_build/lowest/bin/python -m pip install --quiet --requirement _build/lowest/requirements.txt
	_build/lowest/bin/python -m pip install --quiet --no-deps --editable . \
	  --config-settings editable_mode=compat
	_build/lowest/bin/python -m pytest $(CORE:%=tests/%)

lab: $(ENV)
	$(BIN)/jupyter lab notebooks

notebooks: $(ENV)
	$(BIN)/python book/notebooks.py execute

repo: $(ENV)
	$(BIN)/python book/notebooks.py repository "$(URL)"

clean:
	rm -rf _build .pytest_cache .hypothesis .ruff_cache
	find pcmlib -name __pycache__ -exec rm -rf {} +

# The environment: the locked versions, then the package itself in place (by path: otherwise a script
# in the folder above would find the clone, which has the package's name, instead of the package).
$(ENV): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11+ is needed. Name one with: make PYTHON=/path/to/python3"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv, which takes some minutes"
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . \
	  --config-settings editable_mode=compat
	touch $(ENV)
