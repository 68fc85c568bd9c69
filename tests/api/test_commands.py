"""What a command does, a function does: held against each other, command by command."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import typer

import ganzoo
from ganzoo.api.run import TrainedRun
from ganzoo.cli.app import build
from ganzoo.errors import DataError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.runs.folder import Run
from tests.conftest import ROOT, Cli
from tests.export.foreign import transposed
from tests.lives import content


@dataclass(frozen=True)
class Place:
    """A run, its ONNX file, a folder for the shell's results and one for Python's."""

    run: Path
    onnx: Path
    cli: Cli
    shell: Path
    python: Path

    @property
    def own(self) -> Path:
        """A file of latents."""
        path = self.shell / "own.npy"
        np.save(path, np.random.default_rng(0).standard_normal((4, 100)))
        return path

    def call(self, *words: object) -> str:
        """What a command prints, which has to go well."""
        done = self.cli(*words)
        assert done.code == 0, done.err
        return done.out

    def same(self, name: str) -> None:
        """Both have written this file, and the same bytes into it."""
        assert (self.shell / name).read_bytes() == (self.python / name).read_bytes()


@pytest.fixture
def place(trained: Path, exported: Path, cli: Cli, tmp_path: Path, blocks: None) -> Place:
    for name in ("shell", "python"):
        (tmp_path / name).mkdir()
    run = shutil.copytree(trained, tmp_path / "runs" / trained.name)
    return Place(run, exported, cli, tmp_path / "shell", tmp_path / "python")


TINY = ("--set-data", "count=32", "--batch-size", 8, "--progress", "none")


def train(at: Place) -> None:
    words = ("mlp_gan", "--set", "hidden=8", "--epochs", 1, "--data", "toy_garments", "--runs")
    shell = at.call("train", *words, at.shell, *TINY).strip()
    python = ganzoo.train(
        "mlp_gan", options={"hidden": (8,)}, epochs=1, data="toy_garments", runs=at.python,
        data_options={"count": 32}, batch_size=8,
    )  # fmt: skip
    assert content(Path(shell)) == content(python.path)


def resume(at: Place) -> None:
    other = shutil.copytree(at.run, at.python / at.run.name)
    at.call("resume", at.run, "--epochs", "+2", "--progress", "none")
    ganzoo.resume(other, epochs="+2")
    assert content(at.run) == content(other)


def export(at: Place) -> None:
    at.call("export", at.run, "-o", at.shell / "x.onnx", "--fp16")
    TrainedRun(at.run).export(at.python / "x.onnx", precision="float16")
    at.same("x.onnx")


def publish(at: Place) -> None:
    words = ("--variants", "[float16, ]", "--licence", "MIT", "--name", "tiny", "--json")
    found = json.loads(at.call("publish", at.run, at.shell / "model", *words))
    made = ganzoo.publish(
        at.run, at.python / "model", variants=["float16"], licence="MIT", name="tiny"
    )
    assert found == made.to_json() | {"path": str(at.shell / "model")}
    for file in sorted(made.folder.iterdir()):
        at.same(f"model/{file.name}")


def models(at: Place) -> None:
    assert (at.call("models"), ganzoo.models()) == ("", [])


def sample(at: Place) -> None:
    at.call("sample", at.onnx, "-n", 9, "--seed", 4, "-o", at.shell / "x.png")
    ganzoo.load(at.onnx).grid(9, seed=4).save(at.python / "x.png")
    at.same("x.png")
    own = ("--z", at.own, "--columns", 3, "--labels", "--scale", 2, "-o")
    at.call("sample", at.onnx, *own, at.shell / "z.png")
    sheet = ganzoo.load(at.onnx).grid(z=np.load(at.own), columns=3, numbered=True, scale=2)
    sheet.save(at.python / "z.png")
    at.same("z.png")


def sweep(at: Place) -> None:
    from ganzoo.draw import studies

    words = ("--dims", "3,17", "--values=-1,0,1", "--rows", 2, "-o")
    at.call("sweep", at.onnx, *words, at.shell / "x.png")
    sheet = studies.sweep(ganzoo.load(at.onnx), [3, 17], [-1, 0, 1], rows=2)
    replace(sheet, title=f"{at.onnx.stem}, seed 0").save(at.python / "x.png")
    at.same("x.png")
    own = ("--dims", "3,17", "--values=-1,0;5,6", "--z", at.own, "-o")
    at.call("sweep", at.onnx, *own, at.shell / "z.gif")
    values = [[-1.0, 0.0], [5.0, 6.0]]
    sheet = studies.sweep(ganzoo.load(at.onnx), [3, 17], values, z=np.load(at.own))
    replace(sheet, title=f"{at.onnx.stem}, own.npy").save(at.python / "z.gif")
    at.same("z.gif")


def adopt(at: Place) -> None:
    transposed().write(at.shell / "other.onnx")
    words = ["adopt", at.shell / "other.onnx", "--range=[-1, 1]", "--json"]
    shown = json.loads(at.call(*words, "-o", at.shell / "x.onnx"))
    made = ganzoo.adopt(at.shell / "other.onnx", at.python / "x.onnx", image_range=(-1, 1))
    assert shown == made.to_json() | {"path": shown["path"]}
    at.same("x.onnx")


def interpolate(at: Place) -> None:
    from ganzoo.draw import studies

    generator = ganzoo.load(at.onnx)
    for name, steps, study in (("x.png", 5, studies.interpolation), ("x.gif", 4, studies.walk)):
        words = ("--seeds", "1,2,5", "--steps", steps, "-o")
        at.call("interpolate", at.onnx, *words, at.shell / name)
        sheet = study(generator, [1, 2, 5], steps)
        replace(sheet, title=at.onnx.stem).save(at.python / name)
        at.same(name)
        own = ("--z", at.own, "--steps", steps, "-o")
        at.call("interpolate", at.onnx, *own, at.shell / f"z-{name}")
        sheet = study(generator, steps=steps, z=np.load(at.own))
        replace(sheet, title=f"{at.onnx.stem}, own.npy").save(at.python / f"z-{name}")
        at.same(f"z-{name}")


def directions(at: Place) -> None:
    from ganzoo.draw import studies
    from ganzoo.draw.directions import principal

    at.call("directions", at.onnx, "--count", 1, "--rows", 2, "-o", at.shell / "x.png")
    generator = ganzoo.load(at.onnx)
    (sheet,) = studies.directions(generator, principal(generator, 1), rows=2)
    replace(sheet, title=f"{at.onnx.stem}, seed 0").save(at.python / "x-1.png")
    at.same("x-1.png")


def project(at: Place) -> None:
    from ganzoo.data.files import read_image
    from ganzoo.data.prepare import fit
    from ganzoo.runs.weights import load_generator
    from ganzoo.train.projection import project as search

    generator, network = load_generator(at.run)
    generator.grid(1).image.resize((28, 28)).save(at.shell / "target.png")
    words = ("--restarts", 1, "--steps", 5, "-o", at.shell / "x.png")
    at.call("project", at.run, at.shell / "target.png", *words)
    target = fit(read_image(at.shell / "target.png"), (28, 28, 1))
    found = search(generator, network, target, restarts=1, steps=5)
    assert np.load(at.shell / "x.npy").tolist() == [found.z.tolist()]
    found.sheet(target, at.run.name).save(at.python / "x.png")
    at.same("x.png")


def explore(at: Place) -> None:
    from ganzoo.explore.web import files

    runtime = {"ort.js": b"", "ort.wasm": b""}
    page = files(at.onnx.read_bytes(), at.onnx.stem, runtime)  # served: tests/explore/test_server
    assert at.onnx.read_bytes() in page.values()


def plot(at: Place) -> None:
    at.call("plot", at.run, "--all", "-o", at.shell)
    for path in TrainedRun(at.run).figures(at.python):
        at.same(path.name)


def animate(at: Place) -> None:
    from ganzoo.report import gallery

    at.call("animate", at.run, "-o", at.shell / "x.gif")
    gallery.animate(Run(at.run), at.python / "x.gif")
    at.same("x.gif")


def report(at: Place) -> None:
    at.call("report", at.run, "-o", at.shell / "x.html")
    TrainedRun(at.run).report(at.python / "x.html")
    at.same("x.html")


def compare(at: Place) -> None:
    from ganzoo.report.of_several import compare as write

    other = shutil.copytree(at.run, at.run.parent / "other")
    at.call("compare", at.run, other, "-o", at.shell / "x.html")
    write([Run(at.run), Run(other)], at.python / "x.html")
    at.same("x.html")


def eval_(at: Place) -> None:
    words = ("--against", "toy_garments", "--set-data", "count=300", "--features", "blocks")
    shown = json.loads(at.call("eval", at.onnx, *words, "--images", 100, "--json"))
    python = ganzoo.evaluate(
        at.onnx, against="toy_garments", data_options={"count": 300}, features="blocks", images=100
    )
    assert Evaluation.from_json(shown, "stdout").scores == python.scores


def bench_zoo(at: Place) -> None:
    from ganzoo.api.bench.contest import compare, contest
    from ganzoo.api.bench.plan import Plan
    from ganzoo.report.of_zoo import write

    words = ("mlp_gan", "--data", "toy_garments", "--seconds", 0.2, "--seeds", 3, "--laps", 1)
    more = ("--features", "blocks", "--images", 100, "-o", at.shell)
    shell = at.call("bench-zoo", *words, *more).splitlines()[-2:]
    plan = Plan(
        architectures=["mlp_gan"], data="toy_garments", seconds=0.2, seeds=[3], laps=1,
        features="blocks", images=100,
    )  # fmt: skip
    python = write(contest(plan, at.python, [*compare(plan, at.python)]), at.python)
    assert [Path(path).name for path in shell] == [path.name for path in python]
    again = at.call("bench-zoo", *words, *more)  # all of it is there: the same page
    assert again.splitlines()[-2:] == shell


def list_(at: Place) -> None:
    from ganzoo.zoo import catalogue

    names = [row["name"] for row in json.loads(at.call("list", "--json"))]
    kinds = (catalogue.architectures(), catalogue.datasets(), catalogue.features())
    assert names == [entry.name for entries in kinds for entry in entries]


def data(at: Place) -> None:
    from ganzoo.data import cached, clear, open_images

    count = {"count": 7}
    with suppress(DataError):  # what other tests decoded
        clear("toy_faces")
    for call in (
        lambda: at.call("data", "clear", "toy_faces", "--json"),
        lambda: clear("toy_faces"),
    ):
        open_images("toy_faces", (3, 32, 32), options=count)
        listed = [one.to_json() for one in cached()]
        assert json.loads(at.call("data", "--json")) == listed
        removed = call()
        rows = json.loads(removed) if isinstance(removed, str) else [r.to_json() for r in removed]
        assert rows == [row for row in listed if row["data"] == "toy_faces"]
        assert len(rows) == 1


def runs(at: Place) -> None:
    shown = json.loads(at.call("runs", "--runs", at.run.parent, "--json"))
    assert shown == [run.to_json() for run in ganzoo.runs(at.run.parent)]
    shutil.copytree(at.run, at.shell / "x")
    shutil.copytree(at.run, at.python / "x")
    (removed,) = json.loads(at.call("runs", "rm", at.shell / "x", "--yes", "--json"))
    assert removed["bytes"] == TrainedRun(at.python / "x").remove().nbytes > 0
    assert not (at.shell / "x").exists()


def open_(at: Place) -> None:
    """In a browser: tests/cli/commands/test_open_report.py."""
    page = TrainedRun(at.run).report()
    os.environ["BROWSER"] = "true"
    try:
        assert at.call("open", at.run) == f"{page}\n"
    finally:
        del os.environ["BROWSER"]


def show(at: Place) -> None:
    critic = ganzoo.show("wgan_clip").settings
    assert critic["loss of D"] == "E[D(G(z))] - E[D(x)]"
    assert critic["optimizers"] == "RMSprop, learning rate 5e-05, for both networks"
    found = ganzoo.show("mlp_gan", options={"hidden": (8,)})
    shown = at.call("show", "mlp_gan", "--set", "hidden=8", "--json")
    assert json.loads(shown) == json.loads(json.dumps(found.to_json()))
    assert found.generator.layers[0].output_shape == (8,)
    of_run = json.loads(at.call("show", at.run, "--json"))
    assert of_run == json.loads(json.dumps(ganzoo.show(at.run).to_json()))


def graph(at: Place) -> None:
    at.call("graph", at.run, "-o", at.shell / "x.html")
    ganzoo.graph(at.run).save(at.python / "x.html")
    at.same("x.html")
    for what, name in (("mlp_gan", "x.svg"), (at.onnx, "y.svg")):
        at.call("graph", what, "-o", at.shell / name)
        ganzoo.graph(what).save(at.python / name)
        at.same(name)


def plugins(at: Place) -> None:
    from ganzoo.zoo.probe import survey

    shown = json.loads(at.call("plugins", "--json"))
    rows = [row["name"] for package in shown for row in package["registers"]]
    assert rows == [finding.entry.name for finding in survey()]


def new_plugin(at: Place) -> None:
    from ganzoo.zoo.scaffold import create

    at.call("new-plugin", "my_gan", "--dir", at.shell)
    made = create("my_gan", at.python)
    for path in made.iterdir():
        at.same(f"{made.name}/{path.name}")


def check_plugin(at: Place) -> None:
    from ganzoo.conformance import check

    (shown,) = json.loads(at.call("check-plugin", "toy_garments", "--json"))
    assert shown["checks"] == [verdict._asdict() for verdict in check("toy_garments")]


def doctor(at: Place) -> None:
    from ganzoo.conformance import machine

    shown = json.loads(at.call("doctor", "--json"))
    assert (shown["versions"], shown["device"]) == machine.look()


COMMANDS: dict[str, Callable[[Place], None]] = {
    function.__name__.strip("_").replace("_", "-"): function
    for function in (
        train, resume, export, adopt, publish, models, sample, sweep, interpolate, directions,
        project, explore, plot, animate, report, open_, compare, eval_, bench_zoo, list_, data,
        runs, show, graph, plugins, new_plugin, check_plugin, doctor,
    )
}  # fmt: skip


LONG = {
    "train", "resume", "export", "publish", "project", "plot", "animate", "report", "open",
    "compare",
    "explore", "bench-zoo",
}  # fmt: skip
"""Those that take seconds; tests of the Python door cover most of it in `make test`."""


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=[pytest.mark.slow] if c in LONG else []) for c in COMMANDS],
)
def test_a_command_does_what_a_function_does(command: str, place: Place) -> None:
    COMMANDS[command](place)


def test_no_command_is_left_out() -> None:
    group = typer.main.get_command(build())
    assert isinstance(group, typer.core.TyperGroup)
    assert set(COMMANDS) == set(group.commands)
    page = (ROOT / "docs" / "python.md").read_text()
    assert all(f"| `ganzoo {command}` |" in page for command in COMMANDS)
