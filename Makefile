# HeliID: every command a developer or a new user needs. `make` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
export PYTHONDONTWRITEBYTECODE := 1
OUT ?= out
# one BLAS thread per process: the work is spread over processes
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

.venv/ready-run: pyproject.toml tools/setup.sh
	@bash tools/setup.sh run
	@touch $@

.venv/ready-dev: pyproject.toml tools/setup.sh
	@bash tools/setup.sh dev
	@touch $@ .venv/ready-run

.PHONY: setup
setup: .venv/ready-dev ## Make .venv with all that development and the tests need

.PHONY: run
run: .venv/ready-run ## Open the app on the bundled flight (in the terminal where there is no display)
	@bash tools/run.sh "$(OUT)"

.PHONY: check
check: .venv/ready-dev ## Format, lint, layers, types and the fast tests (under a minute)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	.venv/bin/mypy
	$(PY) -m pytest -q -n 2 -m "not slow and not gui and not bench"

.PHONY: format
format: .venv/ready-dev ## Rewrite the code in the project's format
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.PHONY: test
test: .venv/ready-dev ## The whole test suite (under ten minutes on two cores)
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest -q -n 2 --dist worksteal -m "not bench"

.PHONY: test-gui
test-gui: .venv/ready-dev ## Only the tests that drive the window
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest -q -m gui tests/gui

.PHONY: test-screen
test-screen: .venv/ready-dev ## The window on a screen with a window manager (needs xvfb openbox xdotool)
	xvfb-run -a -s "-screen 0 1920x1080x24" bash -c 'openbox & manager=$$!; sleep 1; \
	  QT_QPA_PLATFORM=xcb $(PY) -m pytest -q tests/gui/test_on_a_screen.py; status=$$?; \
	  kill $$manager; exit $$status'

.PHONY: test-nojit
test-nojit: .venv/ready-dev ## Kernels as plain Python, for coverage and the debugger
	NUMBA_DISABLE_JIT=1 $(PY) -m pytest -q -m "not slow and not gui and not bench" tests/kernels

.PHONY: bench
bench: .venv/ready-dev ## Speed and accuracy of the engine, the exports, the window, the file reader
	$(PY) -m benchmarks.roofline
	$(PY) -m benchmarks.engine
	$(PY) -m benchmarks.search_loop
	$(PY) -m benchmarks.optimisers
	$(PY) -m benchmarks.exports
	$(PY) -m benchmarks.open_csv
	$(PY) -m benchmarks.doctor
	$(PY) -m benchmarks.window

.PHONY: comparison
comparison: .venv/ready-dev ## ABC, AIS, PSO and random compared: stored lattices, live runs (half an hour); writes docs/comparison.md
	$(PY) -m benchmarks.comparison live truth trex aw109
	$(PY) -m benchmarks.comparison

.PHONY: lattices
lattices: .venv/ready-dev ## Train every order of the enumerated lattices anew (two hours; may be cut short)
	$(PY) -m benchmarks.lattice_tables truth trex drone
	$(PY) -m benchmarks.lattice_tables truth trex drone --replicate 1 --some 300

.venv-peers/ready: pyproject.toml benchmarks/peers_env.py | .venv/ready-run
	$(PY) -m benchmarks.peers_env
	@touch $@

.PHONY: bench-peers
bench-peers: .venv/ready-dev .venv-peers/ready ## HeliID beside other packages, same data, same run; writes docs/peers.md (an hour)
	$(PY) -m benchmarks.peers
	PYTHONPATH=. NUMBA_CACHE_DIR=.venv-peers/numba .venv-peers/bin/python -m benchmarks.optimisers
	PYTHONPATH=. NUMBA_CACHE_DIR=.venv-peers/numba .venv-peers/bin/python -m benchmarks.bbob

.PHONY: accuracy
accuracy: .venv/ready-dev ## Free-run accuracy of every case on records no model has seen (an hour)
	$(PY) -m benchmarks.accuracy

.PHONY: screenshots
screenshots: .venv/ready-dev ## Pictures of every view, light and dark, into out/screenshots
	$(PY) -m benchmarks.screenshots --out $(OUT)/screenshots

.PHONY: package
package: .venv/ready-dev ## Build wheel and sdist into dist/
	.venv/bin/python -m hatchling build

GUARDS := heliid/atomic.py,heliid/strict_json.py,heliid/project/*,heliid/search/lines.py,heliid/search/memo.py
.PHONY: guards
guards: .venv/ready-dev ## Every branch of loader, saver, journal and guards must be tried by a test
	@mkdir -p $(OUT)
	COVERAGE_FILE=$(OUT)/guards.coverage $(PY) -m coverage run --branch --include='$(GUARDS)' --omit='heliid/project/r*n*.py' -m pytest -q \
		tests/project tests/frozen tests/test_atomic.py tests/test_strict_json.py tests/search/test_lines.py tests/search/test_run.py
	COVERAGE_FILE=$(OUT)/guards.coverage $(PY) -m coverage report --show-missing --fail-under=100

.PHONY: clean
clean: ## Remove the environment and everything built
	rm -rf .venv .venv-peers build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: torture
torture: .venv/ready-dev ## Trials of saves, files, workers, numbers and the window (COLUMN=release for the long ones)
	QT_QPA_PLATFORM=offscreen $(PY) -m benchmarks.torture --column $(or $(COLUMN),ci) $(ROWS)
