"""Write a package that ships a run's model, as people install it beside ganzoo."""

from __future__ import annotations

import importlib.util
import re
from importlib.resources import files
from pathlib import Path

from ganzoo.errors import UsageError
from ganzoo.export.publishing import publish
from ganzoo.runs.finding import Words
from ganzoo.zoo import catalogue
from ganzoo.zoo.scaffold import filled, new_folder, taken_folder

MODULE = '''\
"""The trained model {name} for ganzoo."""

from pathlib import Path

from ganzoo import Model


def model() -> Model:
    """{summary}."""
    return Model.read(Path(__file__).parent / "{name}")
'''


def package_model(run: Words, name: str, parent: Path = Path(), *, licence: str = "") -> Path:
    """Write the package `ganzoo-NAME` into `parent`: it ships the model of a run as `name`.

    `licence` is that of the weights, an identifier of SPDX. Returns the package's folder. Raises
    UsageError where `name` cannot name a model or is taken, OutputError where the folder exists,
    and what `publish` raises.
    """
    if not re.fullmatch("[a-z][a-z0-9]*([-_][a-z0-9]+)*", name):
        raise UsageError(f"'{name}' cannot name a model: write it like my-faces")
    if taken := [entry for entry in catalogue.models() if entry.name == name]:
        raise UsageError(f"there is a {taken[0].label} already: choose another name")
    package = f"ganzoo-{name.replace('_', '-')}"
    words = {"name": name, "package": package, "module": package.replace("-", "_")}
    folder = parent / package
    if folder.exists():
        raise taken_folder(folder)
    if importlib.util.find_spec(words["module"]):
        raise UsageError(f"there is a module {words['module']} already: choose another name")
    with new_folder(folder, filled(files("ganzoo.export").joinpath("template"), words)) as made:
        module = made / words["module"]
        module.mkdir()
        model = publish(
            run, module / name, name=name, variants=("int8", "float32"), licence=licence
        )
        # The name of somebody's folder, or a stranger's weights, must not end the docstring.
        dataset = model.dataset.replace("\\", "/").replace('"', "'")
        size = "x".join(map(str, model.size))
        summary = f"Pictures of {size} pixels by {model.architecture}, trained on {dataset}"
        (module / "__init__.py").write_text(MODULE.format(name=name, summary=summary), "utf-8")
    return folder
