"""The classes of an architecture and those of the data: what fits is trained, what not is said."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.errors import DataError
from tests.conftest import Cli, install, write_idx, write_idx_labels

CGAN = ("cgan_fashion", "--set", "width=2", "--set", "latent_dim=4")
BRIEF = ("--batch-size", 4, "--max-steps", 3, "--log-every", 1, "--progress", "plain")
STRANGERS = '''
from ganzoo import Architecture
from ganzoo_plugins.cgan_fashion import cgan_fashion
from ganzoo_plugins.mlp_gan import mlp_gan

PLAIN = mlp_gan(hidden=(8,))


def ten() -> Architecture:
    """Ten classes, and no option for them."""
    return cgan_fashion(width=2, latent_dim=4)


def deaf(*, classes: int = 10) -> Architecture:
    """It has the option, and no use for it."""
    return PLAIN


def wordy(*, classes: str = "many") -> Architecture:
    """Its option of that name is about something else."""
    return PLAIN


def perhaps(*, classes: int | None = None) -> Architecture:
    """Conditional where the data have labels."""
    return cgan_fashion(width=2, latent_dim=4, classes=classes) if classes else PLAIN
'''


@pytest.mark.parametrize("name", ["r1gan", "r3gan", "stylegan2_small"])
def test_conditional_without_labels_is_an_error(name: str, cli: Cli, tmp_path: Path) -> None:
    np.savez(tmp_path / "plain.npz", images=np.zeros((8, 28, 28), np.uint8))
    words = ("train", name, "--data", tmp_path / "plain.npz", "--runs", tmp_path / "runs")
    done = cli(*words, "--set", "conditional=true")
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert f"{name} needs labels to be conditional, and plain has none: " in done.err
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {name: name for name in ("ten", "deaf", "wordy", "perhaps")}
    install(tmp_path / "site", "class-gans", STRANGERS, names)
    monkeypatch.syspath_prepend(tmp_path / "site")


def npz(root: Path, labels: Iterable[int], **more: Any) -> Path:
    """Noise with these labels, as an npz."""
    given = np.array(list(labels))
    images = np.random.default_rng(0).integers(0, 256, (len(given), 28, 28), np.uint8)
    np.savez(root / "noise.npz", images=images, labels=given, **more)
    return root / "noise.npz"


def folder(root: Path, names: Iterable[str]) -> Path:
    """Noise in a folder."""
    rng = np.random.default_rng(0)
    for name in names:
        path = root / "pets" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8)).save(path)
    return root / "pets"


Refused = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path, cli: Cli) -> Refused:
    """What is said of a training that is refused: the same by the shell and by Python."""

    def refused(architecture: str, data: Path, **options: Any) -> str:
        sets = [word for name in options for word in ("--set", f"{name}={options[name]}")]
        done = cli("train", architecture, *sets, "--data", data, *BRIEF,
                   "--runs", tmp_path / "runs")  # fmt: skip
        assert (done.code, done.err.count("\n")) == (4, 1), done.err
        assert not (tmp_path / "runs").exists()
        with pytest.raises(DataError) as raised:
            ganzoo.train(architecture, options=options, data=data, runs=tmp_path / "runs")
        said = str(raised.value)
        assert done.err == f"ganzoo: {said.replace('data=PATH', '--data PATH')}\n"
        return said

    return refused


def test_data_without_labels(tmp_path: Path, refused: Refused) -> None:
    assert refused("cgan_fashion", folder(tmp_path, ["a", "b"])) == (
        "cgan_fashion needs labels, and pets has none: put the images of each class into a folder "
        "of its own"
    )
    folder(tmp_path, ["x/c", "y/d"])
    assert refused("cgan_fashion", tmp_path / "pets") == (
        "cgan_fashion needs labels, and pets has none: 2 of 4 images lie in no class folder, first "
        "a.png: move them into one"
    )
    (tmp_path / "pets" / "dataset.json").write_text('{"labels": [["a.png", [0.1, 0.9]]]}')
    assert "needs labels, and pets has none: its dataset.json has no label for 3 of 4" in refused(
        "cgan_fashion", tmp_path / "pets"
    )
    np.savez(tmp_path / "bare.npz", images=np.zeros((4, 28, 28), np.uint8))
    assert refused("cgan_fashion", tmp_path / "bare.npz") == (
        "cgan_fashion needs labels, and bare has none: save their labels in it as the array "
        "labels, integers (N,)"
    )
    np.savez(tmp_path / "bare.npz", images=np.zeros((4, 28, 28), np.uint8), y=np.ones((4, 3)))
    assert refused("cgan_fashion", tmp_path / "bare.npz") == (
        "cgan_fashion needs labels, and bare has none: its array y is float64 (4, 3), and labels "
        "are integers (N,): save the number of each image's class"
    )
    write_idx(tmp_path / "raw" / "train-images-idx3-ubyte", np.zeros((4, 28, 28), np.uint8))
    said = (
        "cgan_fashion needs labels, and raw has none: put the file of their labels beside them, "
        "train-labels-idx1-ubyte"
    )
    assert refused("cgan_fashion", tmp_path / "raw") == said
    write_idx(tmp_path / "raw" / "t10k-images-idx3-ubyte", np.zeros((4, 28, 28), np.uint8))
    assert refused("cgan_fashion", tmp_path / "raw") == said


def test_a_registered_data_set_without_labels(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
import numpy
from ganzoo import Dataset

def grey():
    "Grey images."
    return Dataset(images=numpy.zeros((4, 28, 28), numpy.uint8))
"""
    install(tmp_path / "site", "grey", source, {"grey": "grey"}, group="ganzoo.datasets")
    monkeypatch.syspath_prepend(tmp_path / "site")
    done = cli("train", "cgan_fashion", "--data", "grey", "--runs", tmp_path / "runs")
    assert (done.code, done.err) == (
        4, "ganzoo: cgan_fashion needs labels, and grey has none: train on others, with "
        "--data PATH\n",
    )  # fmt: skip


def test_another_number_of_classes(tmp_path: Path, refused: Refused, strangers: None) -> None:
    data = npz(tmp_path, [0, 1, 2, 3, 4, 5, 6])
    hint = "leave its option classes out, and it takes those of the data"
    assert refused("cgan_fashion", data, classes=10) == (
        f"cgan_fashion has 10 classes, and noise has 7: {hint}"
    )
    assert refused("cgan_fashion", data, classes=5) == (
        f"cgan_fashion has 5 classes, and noise has 7: {hint}"
    )
    assert refused("cgan_fashion", data, classes=1) == (
        f"cgan_fashion has 1 class, and noise has 7: {hint}"
    )
    assert refused("ten", data) == (
        "ten has 10 classes, and noise has 7: train it on data of 10, with data=PATH"
    )
    assert refused("cgan_fashion", npz(tmp_path, [1, 2, 3]), classes=3) == (
        "cgan_fashion has 3 classes, and noise has 4 (its labels are from 1 on, and ganzoo counts "
        f"from 0): {hint}"
    )


def test_a_single_class(tmp_path: Path, refused: Refused) -> None:
    said = (
        "cgan_fashion tells classes apart, and all images of noise are of the class {}: add images "
        "of another, or train an architecture without classes"
    )
    assert refused("cgan_fashion", npz(tmp_path, [0, 0, 0])) == said.format("0")
    assert refused("cgan_fashion", npz(tmp_path, [0, 0, 0]), classes=1) == said.format("0")
    names = ["cat", "dog"]
    assert refused("cgan_fashion", npz(tmp_path, [1, 1], classes=names)) == said.format("dog")


def test_a_class_without_images_is_said(tmp_path: Path, cli: Cli) -> None:
    data = npz(tmp_path, [3, 1, 1, 3], classes=list("abcdefghi"))
    done = cli("train", *CGAN, "--data", data, *BRIEF, "--runs", tmp_path / "runs")
    assert done.code == 0, done.err
    assert done.err == (
        "ganzoo: noise has no images of 7 of its 9 classes (a; c; e; f; g and 2 more): what will "
        "be drawn of them means nothing\n"
    )


def test_the_plan_says_how_many_classes_there_are(tmp_path: Path, cli: Cli) -> None:
    data = npz(tmp_path, [0, 1, 2, 0])
    done = cli("train", *CGAN, "--data", data, *BRIEF, "--runs", tmp_path / "runs")
    assert (done.code, done.err) == (0, "")
    plan = "data          noise, 4 images, 28x28, grey, its array images, 3 classes: 0 … 2\n"
    assert plan in done.out
    assert re.search(r"^architecture  cgan_fashion .*\bclasses=3\b", done.out, re.MULTILINE)
    named = folder(tmp_path, ("cat/0", "dog/1", "dog/2", "e\x1b[2J\nmu/3"))
    done = cli("train", *CGAN, "--data", named, *BRIEF, "--runs", tmp_path / "runs")
    assert "data          pets, 4 images, 28x28, grey, 3 classes: cat … e?[2J?mu\n" in done.out
    done = cli("train", "mlp_gan", "--set", "hidden=8", "--data", data, *BRIEF,
               "--runs", tmp_path / "runs")  # fmt: skip
    assert "data          noise, 4 images, 28x28, grey, its array images\n" in done.out


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize(
    ("name", "option", "classes"),
    [("deaf", 3, 0), ("wordy", "many", 0), ("perhaps", 3, 3), ("cgan_fashion", 3, 3)],
)
def test_an_option_called_classes(
    name: str, option: object, classes: int, tmp_path: Path, cli: Cli
) -> None:
    data = npz(tmp_path, [0, 1, 2, 0])
    done = cli("train", name, "--data", data, *BRIEF, "--runs", tmp_path / "runs")
    assert (done.code, done.err) == (0, "")
    facts = json.loads(Path(done.last, "run.json").read_text())
    assert facts["architecture"]["options"]["classes"] == option
    assert facts["data"]["classes"] == [str(i) for i in range(classes)]
    assert bool(facts["data"]["labels"]) == bool(classes)
    done = cli("resume", done.last, "--epochs", 4)
    assert (done.code, done.err) == (0, "")


@pytest.mark.usefixtures("strangers")
def test_without_labels_an_option_is_left_alone(tmp_path: Path, cli: Cli) -> None:
    done = cli("train", "perhaps", "--data", folder(tmp_path, ["a", "b", "c", "d"]), *BRIEF,
               "--runs", tmp_path / "runs")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    facts = json.loads(Path(done.last, "run.json").read_text())
    assert facts["architecture"]["options"]["classes"] is None


PETS = ("cat/0", "cat/1", "dog/2", "dog/3")


def renamed(data: Path) -> None:
    (data / "dog").rename(data / "doe")


def without(data: Path) -> None:
    for path in [*data.rglob("*.png")]:
        path.rename(data / path.name)


def moved(data: Path) -> None:
    (data / "cat" / "1.png").rename(data / "dog" / "1.png")


def another_order(data: Path) -> None:
    (data / "cat").rename(data / "emu")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (renamed, "are of other classes (cat; doe) than the run was begun with (cat; dog)"),
        (moved, "have other labels than at the beginning"),
        (without, "have no labels any more (put the images of each class into a folder of its own"),
        (another_order, "are not the 4 that the run was begun with"),
    ],
)
def test_a_run_does_not_go_on_with_other_labels(
    change: Callable[[Path], None], words: str, tmp_path: Path, cli: Cli
) -> None:
    data = folder(tmp_path, PETS)
    done = cli("train", *CGAN, "--data", data, *BRIEF, "--runs", tmp_path / "runs")
    assert (done.code, done.err) == (0, "")
    shutil.copytree(data, tmp_path / "copy")
    change(data)
    failed = cli("resume", done.last, "--epochs", 4)
    assert (failed.code, failed.err.count("\n")) == (4, 1)
    assert f"the images in '{data}' {words}" in failed.err
    assert failed.err.rstrip().endswith("with --data PATH, or begin a new run with `ganzoo train`")
    with pytest.raises(DataError, match=re.escape(words)):
        ganzoo.resume(done.last, epochs=4)
    done = cli("resume", done.last, "--epochs", 4, "--data", tmp_path / "copy")
    assert (done.code, done.err) == (0, "")


def test_a_run_that_needs_no_labels_goes_on_without(tmp_path: Path, cli: Cli) -> None:
    data = folder(tmp_path, PETS)
    done = cli("train", "mlp_gan", "--set", "hidden=8", "--data", data, *BRIEF,
               "--runs", tmp_path / "runs")  # fmt: skip
    without(data)
    assert cli("resume", done.last, "--epochs", 4).code == 0


def test_labels_of_bad_images_are_left_out_with_them(tmp_path: Path, cli: Cli) -> None:
    data = folder(tmp_path, ("cat/0", "cat/1", "cat/2", "dog/3", "dog/4", "emu/5"))
    (data / "cat" / "1.png").write_bytes(b"no image")
    arguments = ("train", *CGAN, "--data", data, *BRIEF, "--runs", tmp_path / "runs")
    assert cli(*arguments).code == 4
    skipped = cli(*arguments, "--skip-bad")
    assert (skipped.code, skipped.err) == (0, "")
    (data / "cat" / "1.png").unlink()
    gone = cli(*arguments)
    facts = [json.loads(Path(run.last, "run.json").read_text()) for run in (skipped, gone)]
    assert facts[0]["data"]["labels"] == facts[1]["data"]["labels"]
    assert facts[0]["data"]["images"] == 5
    assert cli("resume", gone.last, "--epochs", 4).code == 0
    (data / "emu" / "5.png").write_bytes(b"no image")
    last = cli(*arguments, "--skip-bad")
    assert last.code == 0
    assert "pets has no images of 1 of its 3 classes (emu): what will be drawn" in last.err


def test_a_test_split_of_other_classes(tmp_path: Path, cli: Cli) -> None:
    """A class folder in one part is a class of both, so that it has the same number."""
    data = folder(tmp_path, ("train/cat/0", "train/dog/1", "train/dog/2", "test/emu/3"))
    done = cli("train", *CGAN, "--data", data, "--batch-size", 3, "--max-steps", 1,
               "--runs", tmp_path / "runs")  # fmt: skip
    assert done.code == 0
    assert "pets has no images of 1 of its 3 classes (emu)" in done.err
    assert "held back     the images below test/ (1): for tests, not trained on" in done.out


def test_built_in_data_sets_with_labels(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images of another size are resized, as for any architecture."""
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    images = np.random.default_rng(0).integers(0, 256, (12, 28, 28), np.uint8)
    for name in ("mnist", "fashion_mnist"):
        write_idx(tmp_path / name / "train-images-idx3-ubyte", images)
        labels = [*range(10), 0, 1]
        write_idx_labels(tmp_path / name / "train-labels-idx1-ubyte", labels)
    few, many = ("--set-data", "download=no"), ("--set-data", "count=64")
    for name, classes, options in [
        ("mnist", 10, few), ("fashion_mnist", 10, few), ("toy_garments", 10, many),
        ("toy_faces", 24, many),
    ]:  # fmt: skip
        done = cli("train", *CGAN, "--data", name, *options, *BRIEF, "--runs", tmp_path / "runs")
        assert done.code == 0, done.err
        assert re.search(rf"data +{name}, \d+ images, 28x28, grey, {classes} classes: ", done.out)


def test_a_run_does_not_go_on_with_another_number_of_classes(tmp_path: Path, cli: Cli) -> None:
    data = folder(tmp_path, PETS)
    done = cli("train", *CGAN, "--data", data, *BRIEF, "--runs", tmp_path / "runs")
    run = Path(done.last)
    shutil.rmtree(run / "checkpoints")  # each has a copy of run.json
    told = json.loads((run / "run.json").read_text())
    told["architecture"]["options"]["classes"] = 7
    (run / "run.json").write_text(json.dumps(told))
    failed = cli("resume", run)
    assert failed.code == 4
    assert "cgan_fashion is now of 7 classes, and the run was begun with 2: " in failed.err


def test_names_that_are_no_utf_8_are_written_and_drawn(tmp_path: Path, cli: Cli) -> None:
    """As a zip from another system leaves them; whoever trained would lose the weights."""
    data, other = folder(tmp_path, PETS), os.fsencode(tmp_path / "pets") + b"/caf\xe9"
    try:
        os.rename(data / "cat", other)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    done = cli("train", *CGAN, "--data", data, *BRIEF, "--runs", tmp_path / "runs")
    assert (done.code, done.err) == (0, "")
    assert set(ganzoo.load(done.last).classes) == {"caf\\udce9", "dog"}
    assert cli("resume", done.last, "--epochs", 4).code == 0


def test_many_long_names_are_written_and_drawn(tmp_path: Path, cli: Cli) -> None:
    names = [f"class number {number}" for number in range(4000)]  # 88,000 characters
    data = npz(tmp_path, [0, 1, 3999, 3] * 2, classes=np.array(names))
    done = cli("train", *CGAN, "--data", data, *BRIEF, "--runs", tmp_path / "runs")
    assert done.code == 0, done.err
    assert ganzoo.load(done.last).classes == tuple(names)
