# Everything is done in .venv/, which the first target that needs it makes: `make` alone lists them.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

# A Python to make .venv with (3.11 or newer); empty: the first that suits.
PYTHON ?=
PORT ?= 8000
# For pytest: make test ARGS="-k swap"
ARGS ?=

RUN := .venv/bin/python -m

# mkdocs-material and its plugins print notices about the future of MkDocs at every start.
export NO_MKDOCS_2_WARNING := 1
export DISABLE_MKDOCS_2_WARNING := true

ifeq ($(CI),true)
export ASRUN_REQUIRE_BROWSER := 1
endif

.PHONY: help serve test site check format lint types layers lock bench mutants test-pythons stability clean .venv FORCE

help: ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1	\2/p' Makefile | awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

serve: .venv ## Serve the site, rebuilt whenever a file is saved: http://127.0.0.1:8000 (PORT=8001)
	@.venv/bin/python tools/serve.py '$(PORT)'

test: .venv ## Run the tests (ARGS="-k word"); those in a browser need chromium
	@$(RUN) pytest -n auto $(ARGS)

site: .venv ## Build the site into site/; exit code 0 says that everything on it was proved
	@$(RUN) mkdocs build --strict

check: export ASRUN_REQUIRE_BROWSER := 1
check: .venv ## All that has to pass before a change is merged: lint, types, layers, test, site
	@failed=; for target in lint types layers test site; do \
	  printf '\n== make %s\n' $$target; \
	  $(MAKE) --no-print-directory $$target || failed="$$failed $$target"; \
	done; \
	if [ -n "$$failed" ]; then printf '\nFailed:%s\n' "$$failed"; exit 1; fi; printf '\nAll passed.\n'

format: .venv ## Format the Python files and mend what ruff can mend by itself
	@$(RUN) ruff format
	@$(RUN) ruff check --fix

lint: .venv ## Check format and style (ruff)
	@$(RUN) ruff format --check
	@$(RUN) ruff check

types: .venv ## Check types (mypy, strict; the pages' script with TypeScript)
	@.venv/bin/python tools/check_types.py

layers: .venv ## Check that no stage of the engine imports what it must not know (import-linter)
	@.venv/bin/lint-imports --no-logo

lock: .venv ## Lock the dependencies again, for every Python (UPGRADE=1 takes newer ones)
	@sh tools/lock.sh $(if $(UPGRADE),--upgrade)

bench: ## Measure what design and README promise (in .venv-bench)
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv-bench requirements/bench.txt
	@.venv-bench/bin/python tools/bench.py $(ARGS)

mutants: .venv ## Break apps, FastAPI and sentences, and see that it is noticed (ARGS="--only framework")
	@.venv/bin/python tools/mutants.py $(ARGS)

test-pythons: ## Run the recorder's cases on every Python from 3.11 that this machine has
	@sh tools/pythons.sh -m pytest -n auto tests/test_cases.py

stability: ## Record everything 20 times on every such Python, and compare (ARGS="--times 5 --only threads")
	@sh tools/pythons.sh tools/stability.py $(ARGS)

clean: ## Delete all that make has made, .venv included
	rm -rf .venv .venv-* .asrun site .site-next .site-old build
	rm -rf .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache hooks/*.egg-info

.venv: .venv/.made

# An environment that was moved with its folder, or whose Python is gone, is made again.
.venv/.made: pyproject.toml requirements/dev.txt $(shell PYTHON='$(PYTHON)' sh tools/venv.sh --sound .venv || echo FORCE)
	@PYTHON='$(PYTHON)' sh tools/venv.sh .venv requirements/dev.txt

FORCE:
