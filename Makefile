# make demo    environment in .venv, starter index, one query with its table and plot
# make test    everything that CI runs
# make lint    style and types only
# make bench   the figures of the README and the pages; an interrupted run goes on where it stopped
#              make bench-pxrd those of measured patterns, make bench-xanes those of XANES

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed
OUT    := out

# faiss, torch, numba and BLAS each start a thread pool; one thread each is faster than pools that fight for the cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test lint bench bench-pxrd bench-xanes format environment clean

environment: $(READY)

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV); the first time this takes some minutes."
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable ".[cpu,dev]"
	touch $@

demo: $(READY)
	mkdir -p $(OUT)
	$(BIN)/xsearch query examples/spectra/rutile.xy --index starter --plot $(OUT)/demo.png
	@echo "The plot is in $(OUT)/demo.png. Next: $(BIN)/xsearch query YOUR_FILE"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --quiet

bench: $(READY)
	$(BIN)/python -m benchmarks.run; found=$$?; $(BIN)/python -m benchmarks.render; exit $$found

bench-pxrd: $(READY)
	$(BIN)/python -m benchmarks.run pxrd_measured
	$(BIN)/python -m benchmarks.render

bench-xanes: $(READY)
	$(BIN)/python -m benchmarks.run xanes_measured xanes known_compounds
	$(BIN)/python -m benchmarks.render

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(OUT) .pytest_cache .mypy_cache .ruff_cache
