PROFILE ?= quick
JOBS    ?= 2
ON      ?= local
LAB     ?=
PYTHON  ?= python3
BIN     := .venv/bin
UV      := .tools/bin/uv

.PHONY: help setup reproduce test lab lock bench clean
.DELETE_ON_ERROR:

help:            ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: .venv/.ok ## the environment: happens by itself before every other target

reproduce: .venv/.ok ## every notebook into build/PROFILE (quick or paper), JOBS=2 side by side
	@$(BIN)/credit reproduce --profile $(PROFILE) --jobs $(JOBS) --on $(ON)

test: export OMP_NUM_THREADS = 1
test: export JUPYTER_PATH = $(CURDIR)/.venv/share/jupyter
test: .venv/.ok  ## style, unit tests, theorems, and the stored outputs of the notebooks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder
	@if ls notebooks/*.ipynb > /dev/null 2>&1; then set -x; CREDIT_WORKERS=1 $(BIN)/pytest -q -n 2 \
	  --dist loadfile --no-loadscope-reorder \
	  --nbval --nbval-current-env --nbval-cell-timeout 600 notebooks; fi

lab: export JUPYTER_PATH = $(CURDIR)/.venv/share/jupyter
lab: export MPLBACKEND = module://matplotlib_inline.backend_inline
lab: .venv/.ok   ## the notebooks in JupyterLab; options for it as in LAB='--port 9999 --no-browser'
	$(BIN)/jupyter lab --notebook-dir . --LabApp.default_url=/lab/tree/notebooks \
	  $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB)

bench: .venv/.ok ## ratios to autograd backprop, written to data/results/bench.csv
	$(BIN)/python -m credit.bench

lock: $(UV)      ## requirements.lock after a change of pyproject.toml
	$(UV) lock
	$(UV) export -q --frozen --no-emit-project --prune torch --no-header \
	  --format requirements-txt -o requirements.lock

clean:           ## remove build/; finished runs (runs/) and the environment (.venv) stay
	rm -rf build .snakemake

# JUPYTER_PATH above: a kernel called python3 in somebody's home must not win over this one.
# MPLBACKEND: with another one in the environment, usual on servers, notebooks show no pictures.

# CREDIT_WORKERS above: two notebooks at a time keep two processors busy; with workers of their own
# each would import torch anew for every batch of runs. They come in the order that
# notebooks/conftest.py says, the slowest first. Bytecode below is made at once: where Python is told
# to write none (PYTHONDONTWRITEBYTECODE), every process would compile torch and pandas for itself.

# torch is pinned in pyproject.toml only and comes with `-e .`: where pip is set up with a folder of
# wheels (PIP_FIND_LINKS), a CPU build in it is taken, elsewhere the index's.
.venv/.ok: pyproject.toml requirements.lock | $(UV)
	$(UV) venv -q --allow-existing --python .tools/bin/python .venv
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(UV) pip install -q -p .venv --compile-bytecode \
	  -r requirements.lock -e .
	@touch $@

$(UV):
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not installed: get Python 3.11, 3.12" \
	  "or 3.13, or name one with make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("$(PYTHON)" \
	  " is Python %d.%d: 3.11, 3.12 or 3.13 is needed; name one with make PYTHON=python3.11" % v)'
	$(PYTHON) -m venv --clear .tools # an interrupted one is begun again
	.tools/bin/pip install -q uv==0.13.9
