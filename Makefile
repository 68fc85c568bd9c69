# `make demo` and `make test` need Python >= 3.11 and pip, and set up everything else themselves.
PYTHON ?= python3
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DEV = .venv/bin
# A second environment without the extra `train`: what a user has who only samples and explores.
BASE = .venv-base/bin

.PHONY: demo test test-ci test-long zoo models docs notebooks pages lint format clean

# Faces of 96x96 pixels, drawn by code: about five minutes on two cores, set-up included.
demo: .venv/ready .venv-base/ready
	$(DEV)/ganzoo train r1gan --set size=96 --data toy_faces --max-steps 2400 --log-every 50
	$(DEV)/ganzoo export --onnx -o exports/demo-faces.onnx --force
	! $(BASE)/python -c 'import torch' 2>/dev/null  # no torch from here on
	$(BASE)/ganzoo sample exports/demo-faces.onnx -n 64 -o exports/demo-faces.png
	@echo
	@echo "64 faces      exports/demo-faces.png"
	@echo "the report    $$(ls -td runs/r1gan-toy_faces-*/report.html | head -n 1)"
	@echo "play with it  $(BASE)/ganzoo explore exports/demo-faces.onnx"
	@echo "go on         $(DEV)/ganzoo resume --max-steps 10000"
	@echo "your own      $(DEV)/ganzoo train r1gan --set size=96 --data A_FOLDER_OF_PICTURES"

PYTEST = GANZOO_BASE_PYTHON=$(BASE)/python $(DEV)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

test: .venv/ready .venv-base/ready
	$(PYTEST)

# What takes long; of kills, crashes and damaged files a fixed part.
test-ci: .venv/ready .venv-base/ready
	$(PYTEST) -m 'slow and not tail'

# What takes long, all of it: 20,000 damaged files, 300 kills, a crash before every call.
test-long: .venv/ready .venv-base/ready
	$(PYTEST) -m 'slow or tail'

# Every architecture on real data, 200 steps each: eight minutes on two cores. `make zoo FACES=…` takes your faces.
zoo: .venv/ready .venv-base/ready
	$(DEV)/python -m benchmarks.zoo --base-python $(BASE)/python $(if $(FACES),--faces $(FACES))

# The wheels of ganzoo and of its trained models, in dist/.
MODELS = plugins/ganzoo-models/ganzoo_models
models: .venv/ready
	rm -rf $(MODELS)/*/
	cd exports && tar -cf - */model.json */README.md */*.onnx */*.safetensors | tar -xf - -C ../$(MODELS)
	$(DEV)/python -m pip wheel --quiet --no-deps --wheel-dir dist . plugins/ganzoo-models

# The manual as a site, in site/.
docs: .venv/ready
	$(DEV)/python -m mkdocs build --strict

# The pages that follow from the code and the models: docs/zoo/, docs/settings.md, exports/README.md;
# a test compares them. `python docs/generate.py --pictures` draws their pictures, too.
pages: .venv/ready
	$(DEV)/python docs/generate.py

# The outputs in docs/notebooks/, each notebook executed in an environment of its own.
notebooks: .venv/ready
	$(DEV)/python docs/executing.py docs/notebooks/*.ipynb

lint: .venv/ready
	$(DEV)/ruff format --check .
	$(DEV)/ruff check .
	$(DEV)/mypy
	$(DEV)/lint-imports --no-cache

format: .venv/ready
	$(DEV)/ruff format .
	$(DEV)/ruff check --fix .

# pip before 25.1 does not know dependency groups.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(DEV)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(DEV)/python $(PIP_INSTALL) --editable '.[train,explore]' --group dev
	touch $@

.venv-base/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-base
	$(BASE)/python $(PIP_INSTALL) --editable '.[explore]'
	touch $@

clean:
	rm -rf .venv .venv-base dist site
