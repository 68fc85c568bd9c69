"""Documentation is executed: commands and Python blocks, page by page, in one folder each."""

import json
import re
import shlex
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganzoo
import ganzoo.data
from ganzoo.api.run import TrainedRun
from ganzoo.draw.info import ModelInfo
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.report.of_zoo import write
from ganzoo.zoo import catalogue
from tests.conftest import ROOT, Cli, Ganzoo, install, process, write_idx, write_idx_labels
from tests.contests import CONTEST
from tests.export.foreign import transposed

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# What a page may say without the test running it: set-up, which `make test` itself is.
SET_UP = re.compile(r"make (demo|test)$|python3 -m venv |pip install ")
BLOCK = re.compile(r"^(<!-- source.*?-->\n)?```(console|python)\n(.*?)^```$", re.M | re.S)
TINY = ["--max-steps", "2", "--batch-size", "4"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the pages take for granted: small (Fashion-)MNISTs, pictures, scans.npz, plugins/."""
    import shutil

    rng = np.random.default_rng(0)
    images = [
        ("fashion_mnist", "train", 200),
        ("fashion_mnist", "t10k", 120),
        ("mnist", "train", 8),
    ]
    for name, split, count in images:
        where = tmp_path / "data" / name
        digits = rng.integers(0, 256, (count, 28, 28), np.uint8)
        write_idx(where / f"{split}-images-idx3-ubyte", digits)
        write_idx_labels(where / f"{split}-labels-idx1-ubyte", [i % 10 for i in range(count)])
    (tmp_path / "my_faces").mkdir()
    for i in range(8):
        pixels = rng.integers(0, 256, (96, 96, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "my_faces" / f"{i}.png")
    for i in range(8):
        path = tmp_path / "my_garments" / ("bag", "boot")[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8)).save(path)
    masks = rng.integers(0, 256, (8, 28, 28), np.uint8)
    np.savez(tmp_path / "scans.npz", scans=masks[::-1], masks=masks)
    shutil.make_archive(str(tmp_path / "my_faces"), "zip", tmp_path / "my_faces")
    transposed().write(tmp_path / "other.onnx")
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")
    return tmp_path


def pip_install(package: Path, site: Path) -> None:
    """What `pip install -e` does, without a minute of building: a module, and its metadata."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["ganzoo.architectures"]
    if not set(points) & {entry.name for entry in catalogue.architectures()}:
        (module,) = {target.partition(":")[0] for target in points.values()}
        source = (package / f"{module}.py").read_text()
        install(site, project["name"], source, {n: t.partition(":")[2] for n, t in points.items()})


def small(arguments: list[str]) -> list[str]:
    """What makes a command quick; the last of two options holds."""
    if "train" in arguments:
        return TINY
    if "plot" in arguments and "--snapshots" in arguments:
        return ["--snapshots", "all"]  # two steps end no epoch
    if "bench-zoo" in arguments:
        return ["--seconds", "0.1", "--laps", "1", "--seeds", "0", "--images", "100"]
    return []


@pytest.mark.parametrize(
    "page",
    [  # half a minute each; a Chinese page has the commands of the English one
        pytest.param(p, id=p.name, marks=pytest.mark.slow)
        for p in PAGES
        if not p.name.endswith(".zh.md")
    ],
)
def test_a_page_does_what_it_says(page: Path, folder: Path, ganzoo: Ganzoo) -> None:
    env = {"PYTHONPATH": str(folder / "site"), "GANZOO_CACHE": str(folder / "cache")}
    if page.name in {
        "evaluating.md",
        "explore.md",
        "export.md",
        "sampling.md",
        "sweeps.md",
    }:  # they start where README.md ends
        assert ganzoo("train", "mlp_gan", *TINY, cwd=folder, env=env).code == 0
    if page.name == "evaluating.md":
        assert ganzoo("export", "--onnx", cwd=folder, env=env).code == 0
    for source, kind, body in BLOCK.findall(page.read_text()):
        if source:
            continue
        if kind == "python":
            done = process("-c", body, cwd=folder, env=env)
            assert done.code == 0, f"{body}\n{done.err}"
            continue
        for command in re.findall(r"^\$ (.*)$", body, re.M):
            if (given := re.match(r"pip install -e (\S+)$", command)) and not given[1].startswith(
                "'.["
            ):
                pip_install(folder / given[1], folder / "site")
            if SET_UP.match(command):
                continue
            program, *arguments = shlex.split(command)
            assert program in {"ganzoo", "torchrun"}, (
                f"{page.name} has a command that no test runs: {command}"
            )
            arguments += small(arguments)
            if program == "ganzoo":
                done = ganzoo(*arguments, cwd=folder, env=env)
            else:
                done = process("-m", "torch.distributed.run", *arguments, cwd=folder, env=env)
            assert done.code == 0, f"{command}\n{done.err}"


def test_the_tutorials_code_is_the_source_of_the_plugin() -> None:
    page = (ROOT / "docs" / "plugins.md").read_text()
    for name, language in (
        ("ganzoo_lsgan.py", "python"),
        ("test_ganzoo_lsgan.py", "python"),
        ("pyproject.toml", "toml"),
    ):
        source = (ROOT / "plugins" / "ganzoo-lsgan" / name).read_text()
        assert f"```{language}\n{source}```" in page
    stylegan = (ROOT / "tests" / "ports" / "ganzoo_ports" / "stylegan2.py").read_text()
    assert f"```python\n{stylegan}```" in page


def test_the_pages_that_follow_from_the_code_are_those_that_it_gives(tmp_path: Path) -> None:
    assert process(ROOT / "docs" / "generate.py", tmp_path).code == 0
    for page in ("docs/settings.md", "exports/README.md"):
        assert (tmp_path / page).read_text() == (ROOT / page).read_text()
    given = {path.name: path.read_text() for path in (tmp_path / "docs" / "zoo").iterdir()}
    assert len(given) == 19
    assert given == {path.name: path.read_text() for path in (ROOT / "docs" / "zoo").iterdir()}
    for name in given.keys() - {"index.md"}:
        assert f"zoo/{name}" in (ROOT / "mkdocs.yml").read_text()


def test_every_architecture_has_a_picture_of_its_own() -> None:
    """And no picture of a model is older than the model, or of none."""
    zoo = ROOT / "docs" / "zoo"
    shown = {page.name: re.findall(r"\]\((\S+\.(?:png|svg))\)", page.read_text())
             for page in zoo.glob("*.md")}  # fmt: skip
    first = [(zoo / names[0]).read_bytes() for names in shown.values() if names]
    assert len(shown) == 19
    assert len(first) == len(set(first)) >= 18
    named = {(zoo / name).resolve() for names in shown.values() for name in names}
    assert named == {*(ROOT / "docs" / "images" / "zoo").iterdir()}
    for model in (ROOT / "exports").glob("*/preview.png"):
        copy = ROOT / "docs" / "images" / "zoo" / f"{model.parent.name}.png"
        assert copy.read_bytes() == model.read_bytes()


@pytest.mark.slow
def test_the_manual_builds_strictly(tmp_path: Path) -> None:
    done = process("-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path, cwd=ROOT)
    assert done.code == 0, done.err
    reference = (tmp_path / "reference.html").read_text()
    assert "(channels, height, width); channels are 1 or 3." in reference
    assert "gradient_penalty" in reference


def test_modules_and_files_that_the_manual_names_are_there() -> None:
    keys = {
        "schema",
        "architectures",
        "datasets",
        "features",
        *(row.name for row in fields(ModelInfo)),
    }
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        text = page.read_text()
        for path in re.findall(r"`((?:ganzoo|plugins|tests|docs)/[\w./-]+)`", text):
            assert (ROOT / path).exists(), f"{page.name} names {path}"
        for path in re.findall(
            r"`((?:api|cli|data|draw|export|report|runs|train|zoo)/[\w./]+)`", text
        ):
            assert (ROOT / "ganzoo" / path).exists(), f"{page.name} names {path}"
        for name in re.findall(r"(?<![\w./-])ganzoo\.[a-z]\w*(?:\.[A-Za-z_]\w*)*", text):
            if name.split(".")[1] not in keys | {"js"}:
                resolve_name(name)  # AttributeError or ImportError where it is not there


def in_the_reference() -> dict[str, Any]:
    """What the reference describes, by the last part of its name."""
    page, names = (ROOT / "docs" / "reference.md").read_text(), list[str]()
    for name, options in re.findall(r"^::: (\S+)\n((?:    .*\n)*)", page, re.M):
        module = resolve_name(name)
        members = re.search(r"members: \[(.*)\]", options)
        if not isinstance(module, ModuleType):
            names.append(name)
        elif members:
            names += [f"{name}.{member}" for member in members[1].split(", ")]
        else:
            names += [f"{name}.{n}" for n, m in vars(module).items() if _is_of(m, name)]
    return {name.rpartition(".")[2]: resolve_name(name) for name in names}


def _is_of(member: object, module: str) -> bool:
    """Whether a class or a function is defined in a module."""
    return getattr(member, "__module__", "") == module


def test_the_reference_has_what_the_door_offers_and_what_that_returns() -> None:
    described = in_the_reference()
    offered = {*ganzoo.__all__, *ganzoo.data.__all__} - {"__version__"}
    assert offered <= described.keys()
    methods = [method for name, method in vars(TrainedRun).items() if name[0] != "_"]
    foreign = {"Any", "Image", "Iterator", "Module", "None", "Path"}
    for given in [*methods, *(described[name] for name in offered)]:
        function = given.fget if isinstance(given, property) else given
        returned = str(getattr(function, "__annotations__", {}).get("return", ""))
        assert set(re.findall(r"\b[A-Z]\w+", returned)) - foreign <= described.keys(), function


def documented(page: str, heading: str) -> list[list[str]]:
    """The names in the first column of each table below a heading."""
    text = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    tables = re.findall(r"^\| field .*\n\| ---.*\n((?:\|.*\n)+)", text, re.M)
    return [
        [name for row in rows.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
        for rows in tables
    ]


def fields_of(content: object, known: list[str], at: str = "") -> set[str]:
    """The fields of a JSON file as a table names them, down to those that it describes as one."""
    if at in known or not isinstance(content, dict | list):
        return {at}
    if isinstance(content, list):
        return {name for part in content for name in fields_of(part, known, f"{at}[]")}
    found = set[str]()
    for key, value in content.items():
        named = f"{at}.NAME" if any(n.startswith(f"{at}.NAME.") for n in known) else f"{at}.{key}"
        found |= fields_of(value, known, named.removeprefix("."))
    return found


@pytest.mark.usefixtures("blocks")
def test_the_fields_of_the_json_are_those_of_the_manual(cli: Cli, tmp_path: Path) -> None:
    ours, contests = documented((ROOT / "docs" / "evaluating.md").read_text(), "The JSON")
    noise = np.random.default_rng(0).integers(0, 256, (220, 28, 28), np.uint8)
    np.savez(tmp_path / "noise.npz", images=noise)
    where = tmp_path / "noise.npz"
    how = ("--against", where, "--features", "blocks", "-o", tmp_path / "sheets")
    done = cli("eval", where, *how, "--json")
    printed = json.loads(done.out)
    assert fields_of(printed, ours) == set(ours)
    assert Evaluation.from_json(printed, "stdout").sheets == printed["sheets"]
    _, numbers = write(CONTEST, tmp_path)
    assert fields_of(json.loads(numbers.read_bytes()), contests) == set(contests)


def anchors(page: str) -> set[str]:
    """What a link may lead to in a page: its headings, as the manual and GitHub name them."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    words = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings]
    return {re.sub(r"[\s-]+", "-", heading) for heading in words}


def test_links_and_pictures_are_there() -> None:
    for page in [*PAGES, *sorted((ROOT / "docs" / "zoo").glob("*.md")), ROOT / "CONTRIBUTING.md"]:
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text()):
            linked = page.parent / target if target else page
            assert linked.exists(), f"{page.name} links to {target}"
            if anchor:
                assert anchor in anchors(linked.read_text()), f"{page.name} links to #{anchor}"


def test_anchors_are_those_of_the_manual() -> None:
    page = "# A `x_y`, and: z\n```console\n# no heading\n```\n### 1.5 - 3 times\n"
    assert anchors(page) == {"a-x_y-and-z", "15-3-times"}


def test_no_path_or_host_of_a_machine_is_in_a_tracked_file() -> None:
    import subprocess

    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("needs a git checkout")
    words = [str(ROOT) + "/", sys.prefix + "/", str(Path.home()) + "/"]
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ""} and path.is_file():
            text = path.read_text()
            assert not [word for word in words if word in text], name
