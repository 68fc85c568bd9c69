"""A plugin's source folder: written for an author to start from, read before it is installed."""

from __future__ import annotations

import errno
import importlib.util
import keyword
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from ganzoo.errors import OutputError, PluginError, UsageError
from ganzoo.printable import file_name, line
from ganzoo.storage import naming
from ganzoo.zoo import catalogue
from ganzoo.zoo.catalogue import GROUPS, Entry


def create(name: str, parent: Path) -> Path:
    """Write the package `ganzoo-NAME` into `parent`: one architecture `name`, a test, a README.

    Returns its folder. Raises UsageError if `name` is no Python name or is taken; OutputError if
    the folder exists, and holds anything else.
    """
    if not re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise UsageError(f"'{name}' cannot name an architecture: write it like my_gan")
    template = files("ganzoo.zoo").joinpath("template")
    module = template.joinpath("$module.py.in").read_text("utf-8")
    if re.search(rf"^from .* import .*\b{name}\b", module, re.M):
        raise UsageError(f"'{name}' is what the new module imports: choose another name")
    if taken := [e for e in catalogue.architectures() if e.name == name]:
        raise UsageError(f"there is an {taken[0].label} already: choose another name")
    package = f"ganzoo-{name.replace('_', '-')}"
    words = {"name": name, "package": package, "module": f"ganzoo_{name}"}
    if importlib.util.find_spec(words["module"]):
        raise UsageError(f"there is a module {words['module']} already: choose another name")
    folder = parent / package
    written = filled(template, words)
    if folder.exists():
        if _holds(folder, written):  # this command was killed before it could say so
            return folder
        raise taken_folder(folder)
    with new_folder(folder, written):
        return folder


def filled(template: Traversable, words: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a template by name, with `words` in the place of $name and the like."""
    return {
        Template(file.name.removesuffix(".in")).substitute(words): Template(
            file.read_text("utf-8")
        ).substitute(words)
        for file in template.iterdir()
    }


@contextmanager
def new_folder(folder: Path, written: Mapping[str, str]) -> Iterator[Path]:
    """Write files into a new folder, which is whole or not there; yield it to be added to.

    It gets its name when the `with` ends. Raises OutputError where another process has made one of
    that name meanwhile, and where no folder can be called so.
    """
    if folder.name in {"", ".."}:
        raise OutputError(f"{folder} is no name of a new folder: end it with one")
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{file_name(folder.name)}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as temporary:
        made = Path(temporary, folder.name)
        made.mkdir()
        for file, text in written.items():
            with naming(folder / file):
                (made / file).write_text(text, "utf-8")
        yield made
        try:
            os.rename(made, folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise OutputError(
                f"{folder} was made by another process meanwhile: choose another name, or remove it"
            ) from None


def taken_folder(folder: Path) -> OutputError:
    """Return the error of a place that is taken."""
    return OutputError(
        f"{folder} is there already: choose another name, or another parent=", "parent"
    )


def _holds(folder: Path, files: Mapping[str, str]) -> bool:
    """Return whether a folder holds exactly these texts."""
    found = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    return found.keys() == files.keys() and all(
        path.is_file() and path.read_bytes() == files[name].encode() for name, path in found.items()
    )


def entries(folder: Path) -> tuple[list[Entry], Path]:
    """Return what the package in `folder` registers, and the folder to import its modules from.

    It need not be installed. Raises PluginError if its pyproject.toml registers nothing.
    """
    file = folder / "pyproject.toml"
    try:
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        points, name = project.get("entry-points", {}), project["name"]
        found = [
            Entry(
                kind,
                line(key),
                line(name),
                line(project.get("version", "(dynamic)")),
                target,
                tuple(project.get("dependencies", ())),
            )
            for kind, group in GROUPS.items()
            for key, target in points.get(group, {}).items()
        ]
    except OSError as error:
        raise PluginError(
            f"{file} cannot be read: give the folder of a plugin's package"
        ) from error
    except (tomllib.TOMLDecodeError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise PluginError(f"{file} does not describe a package: {error}") from error
    if not found:
        groups = " or ".join(f'[project.entry-points."{group}"]' for group in GROUPS.values())
        raise PluginError(f"{file} registers nothing: add {groups}")
    source = folder / "src" if (folder / "src").is_dir() else folder
    return found, source.resolve()
