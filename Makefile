# make demo    environment in .venv, starter index, one query with its table and plot
# make test    everything that CI runs
# make lint    style, types and spelling only
# make docs    the documentation site in out/site; its tutorials are run, its links checked
# make bench   the figures of the README and the pages; an interrupted run goes on where it stopped
#              make bench-pxrd those of measured patterns, make bench-xanes those of XANES

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed
DOCS   := $(VENV)/.docs
OUT    := out

# faiss, torch, numba and BLAS each start a thread pool; one thread each is faster than pools that fight for the cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test pytest lint docs bench bench-pxrd bench-xanes format environment clean

environment: $(READY)

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV); the first time this takes some minutes."
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable ".[cpu,dev]"
	touch $@

$(DOCS): $(READY)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable ".[docs]"
	touch $@

demo: $(READY)
	mkdir -p $(OUT)
	$(BIN)/xsearch query examples/spectra/rutile.xy --index starter --plot $(OUT)/demo.png
	@echo "The plot is in $(OUT)/demo.png. Next: $(BIN)/xsearch query YOUR_FILE, or in the browser: $(BIN)/xsearch serve"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell README.md CONTRIBUTING.md CHANGELOG.md docs examples

docs: export NO_MKDOCS_2_WARNING = 1
docs: $(DOCS)
	$(BIN)/python -m mkdocs build --quiet
	@echo "The site is in $(OUT)/site; open $(OUT)/site/index.html."

test: $(READY)  # both at once, for mypy has one thread alone
	$(MAKE) --jobs 2 lint pytest

pytest: $(READY)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --durations 20 --quiet

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
