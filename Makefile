# Everything lives in the project's own folder: .venv, node_modules and .tepian.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: setup setup-dev demo test check bench lock migrations reference clean

setup: ## install into .venv and build the front end (does nothing when up to date)
	@$(PYTHON) dev/setup.py

setup-dev:
	@$(PYTHON) dev/setup.py --dev

demo: setup ## a living city in the browser
	@$(BIN)/tepian demo

test: setup-dev ## the tests on the embedded database, and on PostgreSQL when TEPIAN_TEST_DATABASE_URL names one
	@$(BIN)/python dev/test.py

check: setup-dev ## format, lint, types, contracts, migrations, translations, house rules
	@$(BIN)/python dev/check.py

bench: setup-dev ## every promise of speed as a ratio
	@$(BIN)/python -m bench

lock: ## write the locks anew (needs uv)
	@requirements/lock

migrations: setup-dev
	@$(BIN)/python -m django makemigrations --settings tepian.settings.test

reference: setup-dev ## regenerate docs/reference
	@$(BIN)/python dev/reference.py

clean:
	rm -rf .venv node_modules .tepian .bench-venv .bench-ckan-venv src/tepian/ui/static/built
