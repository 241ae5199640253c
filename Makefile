# Everything runs in .venv; `make demo` and `make test` install what is missing.
# The small CPU build of torch: make demo PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test stress check schema goldens clean

demo: .venv/installed
	$(BIN)/neurotrain run specs/quickstart.yaml

test: .venv/installed-test
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -n 2 --dist loadfile

# Long, with a new seed each time; NEUROTRAIN_STRESS_SEED=N repeats one.
stress: .venv/installed-test
	NEUROTRAIN_STRESS=long NEUROTRAIN_STRESS_SEED=$${NEUROTRAIN_STRESS_SEED:-$$(date +%s)} \
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -s tests/stress

check: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

schema: .venv/installed
	$(BIN)/python -m neurotrain.cli.schema

goldens: .venv/installed-test
	$(BIN)/python -m pytest tests/compiler --update-goldens

clean:
	rm -rf .venv build dist

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	$(BIN)/python -m compileall -q neurotrain  # pip does it for all but editable installs
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,lint]'
	touch $@
