# Everything a person types; CI calls the same. Both demo and test do all set-up first; the second time that is quick.
# Set-up talks to standard error, so that standard output holds only what the command itself prints.

PYTHON ?= python3
ARGS ?=
export PYTHON
MAKEFLAGS += --no-print-directory

.PHONY: help demo test soak screenshots lint lock docs setup-demo setup-test clean
.DEFAULT_GOAL := help

help:
	@echo "make demo [ARGS=\"--exit --json\"]   a courtroom without hardware: records, transcribes, seals, archives, verifies"
	@echo "make test [ARGS=\"-k journal\"]      linters, type checks, the front end's tests, then every test"
	@echo "make soak [ARGS=\"--seed 7\"]        200 kills and 100 power cuts, 30 minutes of recording, upload through faults, a whole day in the console; under 105 minutes (needs root)"
	@echo "make screenshots                   a whole day in the console by mouse and by keyboard; its pictures into docs/screenshots"
	@echo "make lint                          linters and type checks only"
	@echo "make lock                          write requirements/*.txt anew from pyproject.toml"
	@echo "make docs                          write the settings' tables and the commands' help into docs/"
	@echo "make clean                         remove what set-up made (.venv, node_modules, bundles, caches)"

setup-demo:
	@scripts/system-packages demo
	@scripts/environment demo
	@scripts/frontend

setup-test:
	@scripts/system-packages test
	@scripts/environment test
	@scripts/frontend

demo: setup-demo
	@.venv/bin/hattama demo $(ARGS)

lint: setup-test
	@scripts/lint

test: lint
	@scripts/run-tests $(ARGS)

soak: setup-test
	@failed=0; \
	.venv/bin/python -m bench.loss --kills 200 --cuts 100 --minutes 42 $(ARGS) || failed=1; \
	.venv/bin/python -m bench.endurance --minutes 30 || failed=1; \
	.venv/bin/python -m bench.upload_faults || failed=1; \
	.venv/bin/python -m bench.whole_day --own || failed=1; \
	exit $$failed

screenshots: setup-test
	@.venv/bin/python -m bench.whole_day --pictures docs/screenshots $(ARGS)

lock:
	@scripts/lock

docs: setup-test
	@.venv/bin/python -m scripts.make_docs

clean:
	@rm -rf .venv .make web/ui/node_modules web/ui/.tests web/static/build *.egg-info \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-output
