"""`ganzoo eval` and `ganzoo.evaluate`: the same numbers for the same pictures, and one clear line.

The features are those of a stranger's plugin, which needs no training: means of blocks.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.api.evaluating.evaluator import Evaluator
from ganzoo.api.evaluating.subjects import of_torch
from ganzoo.data import open_splits
from ganzoo.data.pictures import Given
from ganzoo.errors import DataError, GanzooError, ModelFileError, PluginError, UsageError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import MEASURES
from ganzoo.evaluate.opening import open_features
from ganzoo.evaluate.words import meaning
from ganzoo.runs.finding import Found
from ganzoo.storage import read_checked, write_checked
from tests.conftest import Cli

GARMENTS: dict[str, Any] = {
    "against": "toy_garments",
    "data_options": {"count": 600},
    "features": "blocks",
}
"""Real images: of 600 drawn garments, half are compared with."""


pytestmark = pytest.mark.usefixtures("blocks")


def garments(count: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Draw real garments, uint8 (count, 28, 28)."""
    from ganzoo_plugins.toy_garments import draw_garment

    return np.stack([draw_garment(seed, i) for i in range(count)])


def test_a_model_is_between_real_pictures_and_untrained_ones(exported: Path) -> None:
    found = ganzoo.evaluate(exported, images=200, **GARMENTS)
    assert found.images == 200
    assert found.ceiling == "the untrained generator"
    for name in ("frechet", "kernel", "wasserstein"):
        score = found.scores[name]
        assert score.floor is not None
        assert score.ceiling is not None
        assert score.floor < score.value  # two steps of training are no match for real ones
        assert score.floor < score.ceiling
    assert found["precision"] < 0.5 < (found.scores["precision"].floor or 0)
    assert Evaluation.from_json(json.loads(json.dumps(found.to_json())), "here") == found


def test_the_same_seed_gives_the_same_numbers(trained: Path, exported: Path) -> None:
    run = trained / "checkpoints" / "step-00000002" / "model.safetensors"  # keeps no results
    first = ganzoo.evaluate(run, images=200, **GARMENTS)
    again = ganzoo.evaluate(run, images=200, **GARMENTS)
    other = ganzoo.evaluate(run, images=200, seed=1, **GARMENTS)
    onnx = ganzoo.evaluate(exported, images=200, **GARMENTS)
    assert again.scores == first.scores
    assert other["frechet"] != first["frechet"]
    assert onnx["frechet"] == pytest.approx(first["frechet"], rel=1e-2)


def test_a_run_keeps_its_evaluations(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    found = ganzoo.evaluate(run, images=150, **GARMENTS)
    (kept,) = run.glob("evaluations/*/evaluation.json")
    assert Evaluation.read(kept) == found
    assert (found.images, found.against["training_images"]) == (150, 600)
    assert {"best.png", "worst.png"} <= {p.name for p in kept.parent.iterdir()}


def test_a_file_of_weights_is_not_what_its_run_shows(trained: Path, tmp_path: Path) -> None:
    """With a moving average, the run shows that; the file has the weights without it."""
    run = shutil.copytree(trained, tmp_path / "run")
    weights = run / "checkpoints" / "step-00000002" / "model.safetensors"
    assert ganzoo.evaluate(weights, images=150, **GARMENTS).images == 150
    assert not (run / "evaluations").exists()


def test_real_pictures_score_as_the_floor_does(tmp_path: Path) -> None:
    np.savez(tmp_path / "real.npz", images=garments(300, seed=9))
    real = ganzoo.evaluate(tmp_path / "real.npz", images=300, **GARMENTS)
    assert real.ceiling == "grey noise"
    assert real.scores["frechet"].floor == pytest.approx(real["frechet"], rel=0.5)
    assert real["precision"] > 0.8
    assert real["coverage"] > 0.8


def test_training_pictures_are_seen_to_be_copies(tmp_path: Path) -> None:
    np.savez(tmp_path / "copied.npz", images=garments(300, seed=0))
    np.savez(tmp_path / "own.npz", images=garments(300, seed=9))
    shares = [
        ganzoo.evaluate(tmp_path / f"{name}.npz", images=300, **GARMENTS)["copies"]
        for name in ("copied", "own")
    ]
    assert shares[0] > 0.95
    assert shares[1] < 0.2


def test_pictures_come_in_an_order_by_chance(tmp_path: Path) -> None:
    """Measures of pixels look at the first of them, and files are often sorted by class."""
    numbered = np.arange(200, dtype=np.uint8).repeat(28 * 28).reshape(200, 28, 28)
    np.savez(tmp_path / "sorted.npz", images=numbered)
    given = Given.open(tmp_path / "sorted.npz")
    first, again, other = (
        np.concatenate([*given.batches(150, seed, (28, 28, 1))])[:, 0, 0, 0] for seed in (-1, -1, 1)
    )
    assert len(set(first.tolist())) == 150
    assert 70 < first[:50].mean() < 130
    assert (first == again).all()
    assert (first != other).any()


def test_one_array_of_several_is_judged_by_its_name(tmp_path: Path) -> None:
    from ganzoo.api.evaluating.subjects import subject

    np.savez(
        tmp_path / "x.npz", a=np.zeros((3, 28, 28), np.uint8), b=np.ones((4, 28, 28), np.uint8)
    )
    with pytest.raises(DataError, match="2 arrays that can be images, a, b"):
        subject(str(tmp_path / "x.npz"), tmp_path)
    found = subject(f"{tmp_path}/x.npz:b", tmp_path)
    assert (found.name, found.count) == ("x.npz:b", 4)


def test_of_other_images_no_copies_are_looked_for(trained: Path, tmp_path: Path) -> None:
    """It was trained on 64 garments, and is judged against 600."""
    found = ganzoo.evaluate(shutil.copytree(trained, tmp_path / "run"), images=150, **GARMENTS)
    assert "copies" not in found.scores
    assert "nearest" not in found.pictures
    assert any("trained on other images" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("against", "foreign", "vague"),
    [("toy_garments", False, True), ("toy_faces", True, False), ("renamed.npz", False, False)],
)
def test_a_file_is_foreign_to_another_data_set_but_not_to_a_folder(
    exported: Path, tmp_path: Path, against: str, foreign: bool, vague: bool
) -> None:
    """It knows that it was trained on toy_garments, but not with which options."""
    if where := against.endswith(".npz"):
        np.savez(tmp_path / against, images=garments(300, seed=0))
    found = ganzoo.evaluate(
        exported,
        against=tmp_path / against if where else against,
        data_options={} if where else {"count": 300},
        features="blocks",
    )
    remarks = " ".join(found.remarks)
    assert ("copies" in found.scores) == ("nearest" in found.pictures) == (not foreign)
    assert ("It was trained on other images" in remarks) == foreign
    assert ("does not say with which options of toy_garments" in remarks) == vague


def test_pictures_are_named_by_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "drawn"
    folder.mkdir()
    for i, image in enumerate(garments(100, seed=9)):
        Image.fromarray(image).save(folder / f"{i:03d}.png")
    monkeypatch.chdir(folder)
    assert ganzoo.evaluate(".", images=100, **GARMENTS).model == "drawn"


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_files_of_another_program_get_the_numbers_of_their_array(tmp_path: Path, mode: str) -> None:
    pixels = garments(150, seed=9)
    np.savez(tmp_path / "array.npz", images=pixels)
    (tmp_path / "files").mkdir()
    for i, image in enumerate(pixels):
        Image.fromarray(image).convert(mode).save(tmp_path / "files" / f"{i:04d}.png")
    array = ganzoo.evaluate(tmp_path / "array.npz", **GARMENTS)
    files = ganzoo.evaluate(tmp_path / "files", **GARMENTS)
    assert files.scores == array.scores
    assert files.images == 150


def test_grey_pictures_are_compared_with_grey_ones(tmp_path: Path) -> None:
    """As a model of grey images that was trained on pictures in colour draws them."""
    pixels = garments(150, seed=9)
    np.savez(tmp_path / "grey.npz", images=pixels)
    np.savez(tmp_path / "real-grey.npz", images=garments(300, seed=0))
    colours = garments(300, seed=0)[..., None].repeat(3, axis=3)
    np.savez(tmp_path / "real-colour.npz", images=colours)
    scores = [
        ganzoo.evaluate(tmp_path / "grey.npz", against=tmp_path / real, features="blocks").scores
        for real in ("real-grey.npz", "real-colour.npz")
    ]
    assert scores[0] == scores[1]


def test_the_command_prints_the_table_and_json(cli: Cli, exported: Path, tmp_path: Path) -> None:
    options = ["--against", "toy_garments", "--set-data", "count=400", "--features", "blocks"]
    shown = cli("eval", exported, *options, "--images", 150, "-o", tmp_path / "sheets")
    assert shown.code == 0, shown.err
    for words in ("Fréchet distance", "real", "untrained", "150 of seed 0", "blocks 1", "b" * 12):
        assert words in shown.out
    assert (tmp_path / "sheets" / "mlp-best.png").exists()
    read = json.loads(cli("eval", exported, *options, "--images", 150, "--json").out)
    python = ganzoo.evaluate(exported, images=150, **{**GARMENTS, "data_options": {"count": 400}})
    assert Evaluation.from_json(read, "stdout").scores == python.scores
    untimed = shown.out.rpartition("; it took")[0]
    assert untimed == str(python).rpartition("; it took")[0]


def test_each_checkpoint_is_judged(cli: Cli, tmp_path: Path) -> None:
    trained = cli(
        "train", "mlp_gan", "--set", "hidden=16,32", "--data", "toy_garments", "--set-data",
        "count=400", "--max-steps", 4, "--save-every", 2, "--keep", 3, "--runs", tmp_path,
    )  # fmt: skip
    found = [
        *ganzoo.evaluate_checkpoints(trained.last, images=150, features="blocks", runs=tmp_path)
    ]
    assert [evaluation.step for evaluation in found] == [2, 4]
    shown = cli("eval", trained.last, "--each-checkpoint", "--images", 150, "--features", "blocks")
    best = min(found, key=lambda evaluation: evaluation["frechet"])
    assert f"The best of them by Fréchet distance is of step {best.step}" in shown.out
    lines = [line.split() for line in shown.out.splitlines()]
    scores, distance = found[0].scores["frechet"], MEASURES["frechet"].shown
    for what, limit in (("real", scores.floor), ("untrained", scores.ceiling)):
        assert [what, distance(limit)] in [line[:2] for line in lines]
    for evaluation in found:
        row = [str(evaluation.step), str(evaluation.samples_seen), distance(evaluation["frechet"])]
        assert row in [line[:3] for line in lines]
        assert f"step {evaluation.step}: FD {distance(evaluation['frechet'])} of 150" in shown.err


def picture(path: Path, count: int, shape: tuple[int, ...]) -> Path:
    """Write `count` pictures of noise as an .npz."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)
    np.savez(path, images=pixels)
    return path.with_suffix(".npz")


@pytest.mark.parametrize(
    ("count", "shape", "words"),
    [
        (99, (28, 28), "has 99 pictures, and at least 100"),
        (120, (32, 32), "32x32, and the images of .*real.npz are 28x28"),
        (120, (28, 28, 3), "has colours, and the real images are grey"),
        (120, (1, 1), r"given.npz: images of 1x1 are too small: at least 16 pixels a side"),
        (120, (0, 28), r"given.npz: images of 28x0 are too small"),
        (120, (28, 0, 3), r"given.npz: images of 0x28 are too small"),
    ],
)
def test_pictures_that_do_not_fit(
    tmp_path: Path, count: int, shape: tuple[int, ...], words: str
) -> None:
    pictures, real = (picture(tmp_path / "given", count, shape), tmp_path / "real.npz")
    np.savez(real, images=garments(200, seed=0))
    with pytest.raises(DataError, match=words):
        ganzoo.evaluate(pictures, against=real, features="blocks")


def test_a_picture_of_another_size_among_others(tmp_path: Path) -> None:
    for i, image in enumerate(garments(110, seed=9)):
        Image.fromarray(image[: 27 if i == 77 else 28]).save(tmp_path / f"{i:03d}.png")
    with pytest.raises(DataError, match="picture 77 is of 28x27"):
        # Before the features are opened, which fails here, and may take minutes elsewhere.
        ganzoo.evaluate(tmp_path, **GARMENTS, options={"how": "torn"})


@pytest.mark.parametrize("path", ["/dev/zero", "pipe", "pipe.npz"])
def test_a_device_or_a_pipe_is_not_read(
    tmp_path: Path, exported: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if not path.startswith("/"):
        os.mkfifo(path)
    with pytest.raises(DataError, match=f"'{path}' is a device or a pipe"):
        ganzoo.evaluate(exported, against=path)
    with pytest.raises(ModelFileError, match=f"{path} is a device or a pipe"):
        ganzoo.evaluate(path, against="toy_garments")


def test_labels_that_are_no_help_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Then the features are patches, which fail here: two images are equal, and all are few."""
    pixels, cases = garments(200, seed=0), tmp_path / "cases.npz"
    for given, words in (
        (np.zeros(200, int), "they are of 1 class, not of 2 to 200"),
        (np.arange(200) % 150 * 1.0, r"its array labels is float64 \(200,\), and labels are integ"),
        (np.eye(200, 3, dtype=int), r"its array labels is int64 \(200, 3\), and labels are"),
    ):
        np.savez(cases, images=pixels, labels=given)
        splits = open_splits(str(cases), (1, 28, 28))
        few = replace(splits.train, pixels=splits.train.pixels[:50])
        caplog.clear()
        with pytest.raises(DataError, match="has 50 images, and the features 'patches' need"):
            open_features(None, few)
        (message,) = caplog.messages
        assert re.fullmatch(
            f"the labels of cases are not used, and the features are 'patches': {words}.*", message
        )


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raises", "ZeroDivisionError: no blocks today"),
        ("nan", "are not finite"),
        ("huge", r"are not finite, or larger than 1e\+15"),
        ("drifting", "an image has other features each time"),
        ("mixing", "depend on the others in its batch"),
        ("unhashed", "its sha256 is not 64 digits"),
        ("short", r"have the shape \(\d+, 16\)"),
        ("bare", "returned ndarray, not Described"),
        ("shut", "returned NoneType, not a FeatureModel"),
        ("torn", "cannot be opened: ZeroDivisionError: no model today"),
        ("closes", "cannot be described: GeneratorExit"),
        ("inplace", "cannot be described: ValueError: assignment destination is read-only"),
    ],
)
def test_broken_features(exported: Path, how: str, words: str) -> None:
    with pytest.raises(PluginError, match=f"blocks.*{words}"):
        ganzoo.evaluate(exported, options={"how": how}, images=150, **GARMENTS)


def test_features_that_leave_the_working_folder(exported: Path, tmp_path: Path) -> None:
    before = Path.cwd()
    ganzoo.evaluate(exported, options={"how": "strays"}, images=150, **GARMENTS)
    assert Path.cwd() == before


def test_features_of_several_widths(exported: Path) -> None:
    """Of batches of 250 and 50."""
    with pytest.raises(PluginError, match="features have 9 and 16 numbers"):
        ganzoo.evaluate(exported, options={"how": "wide"}, images=300, **GARMENTS)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"NaN",
        b"true",
        b'"1.5"',
        b"[" * 100_000,
        "copies",
        "digit",
        None,
        "pipe",
    ],
)
def test_a_damaged_cache_is_measured_again(
    exported: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    content: bytes | str | None,
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    first = ganzoo.evaluate(exported, images=120, **GARMENTS)
    caplog.clear()
    kept = [*tmp_path.glob("cache/evaluations/*.json")]
    for file in kept:
        text, measured = file.read_text(), read_checked(file)["values"]
        file.unlink()
        if content is None:
            file.mkdir()  # it cannot be written either
        elif content == "pipe":
            os.mkfifo(file)
        elif content == "digit":
            file.write_text(re.sub(r"\.\d", ".0", text))
        elif isinstance(content, str):  # a measure that is missing
            del measured[content]
            write_checked(file, {"values": measured})
        elif content in (b"NaN", b"true", b'"1.5"'):  # in place of one number
            write_checked(file, {"values": {**measured, "frechet": [json.loads(content), None]}})
        else:
            file.write_bytes(content)
    assert ganzoo.evaluate(exported, images=120, **GARMENTS) == replace(
        first, seconds=ANY, pictures={}
    )
    assert sorted(caplog.messages) == sorted(
        f"{file} is not what was written, and what it told of is measured anew" for file in kept
    )


def test_a_run_that_is_removed_while_it_is_judged_does_not_come_back(
    trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Path(shutil.copytree(trained, tmp_path / trained.name))
    judged = of_torch(Found("run", run))
    evaluator = Evaluator.open(judged, ("toy_garments", {"count": 600}), 100, "blocks")
    shutil.rmtree(run)
    found = evaluator.evaluate(judged)
    assert found["frechet"] > 0
    assert found.sheets == {}
    assert not run.exists()
    assert caplog.messages == [f"the evaluation is not kept in {run}: No such file or directory"]


def test_data_that_repeats_itself_is_no_fault_of_the_pictures(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", images=garments(1, seed=0).repeat(300, axis=0))
    found = ganzoo.evaluate(tmp_path / "one.npz", against=tmp_path / "one.npz", features="blocks")
    assert any("Even of real pictures" in sentence for sentence in meaning(found))
    assert not any("No picture is near" in sentence for sentence in meaning(found))


def test_what_cannot_be_judged(tmp_path: Path, exported: Path, trained: Path) -> None:
    pictures = picture(tmp_path / "given", 120, (28, 28))
    cases: list[tuple[type[GanzooError], str, dict[str, object]]] = [
        (UsageError, "with against=DATA", {"model": pictures, "against": None}),
        (UsageError, "images must be at least 100", {"model": exported, "images": 99}),
        (DataError, "so 200 images in all; against=DATA names others", {
            "model": exported, "data_options": {"count": 150},
        }),
        (PluginError, "no features is called 'block'; did you mean", {
            "model": exported, "features": "block",
        }),
        (GanzooError, "nowhere", {"model": "nowhere"}),
    ]  # fmt: skip
    for kind, words, changed in cases:
        given = {**GARMENTS, **changed}
        with pytest.raises(kind, match=words):
            ganzoo.evaluate(given.pop("model"), **given)


def test_a_file_of_own_data_does_not_know_where_that_is(
    cli: Cli, exported: Path, tmp_path: Path
) -> None:
    import onnx

    model = onnx.load(exported)
    for pair in model.metadata_props:
        if pair.key == "ganzoo.dataset":
            pair.value = '"my_faces"'
    onnx.save(model, tmp_path / "own.onnx")
    done = cli("eval", tmp_path / "own.onnx")
    assert (done.code, done.err) == (
        2,
        "ganzoo: own was trained on my_faces, and does not say where that is: name the real images "
        "with --against PATH\n",
    )
