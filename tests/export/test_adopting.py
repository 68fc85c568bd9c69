"""ONNX generators of other projects, in the forms that they have, and files that are none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.pixels import to_pixels
from ganzoo.errors import GanzooError, ModelFileError, OutputError, UsageError
from ganzoo.explore import web
from ganzoo.explore.facts import facts
from ganzoo.export import strangers
from ganzoo.export.adopting import Adopted
from tests.conftest import Cli
from tests.export.foreign import (
    FLOAT,
    FORMS,
    HALF,
    INT32,
    INT64,
    UINT8,
    Foreign,
    alike,
    classifier,
    constant,
    crashing,
    custom,
    labelled,
    large,
    many_inputs,
    misnamed,
    mixed,
    not_finite,
    of_batch,
    one_hot,
    perceptron,
    pixels,
    transposed,
    two_channels,
    two_latents,
    typed,
    weight,
    with_psi,
)


def adopted(of: Foreign, tmp_path: Path, **options: Any) -> Adopted:
    of.write(tmp_path / "other.onnx")
    if not any(port[1] == UINT8 for port in of.gives):
        options = {"image_range": (-1, 1)} | options
    return ganzoo.adopt(tmp_path / "other.onnx", tmp_path / "mine.onnx", **of.options, **options)


DTYPES: dict[int, type[np.generic]] = {
    FLOAT: np.float32,
    HALF: np.float16,
    INT64: np.int64,
    INT32: np.int32,
}


def as_it_draws(of: Foreign, path: Path, n: int, label: int) -> NDArray[np.uint8]:
    """Images of seed 3 by onnx's reference, straight from the foreign file, one at a time."""
    session, made = ReferenceEvaluator(str(path)), []
    output = of.options.get("image_output", of.gives[0][0])
    for z in latents.normal(n, 6, seed=3):
        given: dict[str, NDArray[Any]] = {}
        for name, dtype, (batch, *shape) in of.takes:
            rows = batch if isinstance(batch, int) and batch > 0 else 1
            sizes = [rows, *map(int, shape)]
            value = np.full(sizes, label) if dtype in (INT64, INT32) else np.tile(z, rows)
            given[name] = value.reshape(sizes).astype(DTYPES[dtype])
        found: Any = session.run([output], given)
        image = np.asarray(found[0])[:1]
        if image.shape[1] in (1, 3):
            image = image.transpose(0, 2, 3, 1)
        if image.dtype != np.uint8:
            image = to_pixels(image.astype(np.float32).transpose(0, 3, 1, 2), (-1, 1))
        made.append(image)
    return np.concatenate(made)


@pytest.mark.parametrize("form", FORMS)
def test_it_draws_what_the_other_file_draws(form: str, tmp_path: Path) -> None:
    of = FORMS[form]()
    done = adopted(of, tmp_path)
    generator = ganzoo.load(done.path)
    label = 2 if generator.classes else None
    expected = as_it_draws(of, tmp_path / "other.onnx", 10, label or 0)
    assert expected.std() > 10
    images = generator.sample(10, seed=3, label=label)
    assert np.abs(images.astype(int) - expected).max() <= 1
    fixed = {"a batch of four": 4, "one image at a time": 1}
    assert done.batch == fixed.get(form)
    assert generator.info.latent_dim == 6
    assert json.loads(json.dumps(done.to_json()))["image"]["size"] == list(expected.shape[1:3])
    assert len(generator.classes) == (3 if "labels" in form else 0)
    onnx.checker.check_model(onnx.load(done.path), full_check=True)


NOT = [
    (mixed, {}, "depends on the others of its batch: export it in evaluation mode"),
    (alike, {}, "all alike: z changes nothing"),
    (not_finite, {}, "not finite"),
    (with_psi, {}, r"also takes psi float32 \(\)"),
    (two_latents, {}, r"latent_input must say which of these it is: z float32 .*, z2 float32"),
    (two_latents, {"latent_input": "y"}, r"latent_input must be one of z .*, not 'y'"),
    (two_latents, {"latent_input": "z"}, r"also takes z2 float32 \(n, 6\)"),
    (classifier, {}, r"an output float32, .* \(n, channels, height, width\) or .* it has out"),
    (two_channels, {}, r"\(16, 2, 6, 5\), which is neither"),
    (lambda: custom("com.evil"), {}, "custom operators, of 'com.evil'$"),
    (lambda: custom("com.microsoft.nchwc"), {}, "give the file from before, if it was so"),
    (lambda: of_batch(0), {}, "takes 0 times 6 latents in each call, .* from 1 to 65,536"),
    (lambda: of_batch(2**17), {}, "takes 131,072 times 6 latents"),
    (lambda: perceptron(takes=[("z", FLOAT, [2**16, 2**16])]), {}, "65,536 times 65,536 latents"),
    (lambda: perceptron(takes=[("z", FLOAT, ["n", "d"])]), {}, r"it has z float32 \(n, \?\)"),
    (perceptron, {"image_range": None}, r"must say which values .* 16 images have values from -"),
    (perceptron, {"image_range": (0, 1)}, "image_range must fit its values, which are from -"),
    (perceptron, {"image_range": (0, 1)}, "0 to 1 does not: -1 to 1 is more likely$"),
    (perceptron, {"image_range": (0, 255)}, "0 to 255 does not"),
    (perceptron, {"image_range": (-500, 500)}, "-500 to 500 does not"),
    (perceptron, {"image_range": (1, -1)}, r"black and of a larger white, .* not \(1, -1\)"),
    (perceptron, {"image_range": (0, float("inf"))}, "image_range must be two numbers"),
    (perceptron, {"image_range": (float("nan"), 1)}, "image_range must be two numbers"),
    (perceptron, {"image_range": (0, 2e6)}, "from -1e6 to 1e6"),
    (perceptron, {"image_range": (0, 1, 2)}, "image_range must be two numbers"),
    (lambda: pixels("nhwc"), {"image_range": (0, 255)}, "image_range must be left out"),
    (perceptron, {"classes": 10}, "classes must be left out"),
    (perceptron, {"label_input": "z"}, "label_input must be one of nothing, not 'z'"),
    (lambda: labelled(INT64, ["n"]), {"classes": 4}, "^classes must be 3, not 4: .* 0 to 2$"),
    (lambda: labelled(INT64, ["n"]), {"classes": 500}, "^classes must be 3, not 500: "),
    (lambda: labelled(INT32, ["n", 1]), {"classes": [*"abcdef"]}, "^classes must be 3, not 6: "),
    (lambda: labelled(INT64, ["n"]), {"classes": 0}, "classes must be 1 to 100,000, not 0"),
    (lambda: labelled(INT64, ["n"]), {"classes": 2**60}, "classes must be 1 to 100,000"),
    (lambda: labelled(INT64, ["n"]), {"classes": ["a", "", "b"]}, "none of them empty"),
    (lambda: labelled(INT64, ["n"]), {"classes": ["a", "a", "b"]}, "different names"),
    (lambda: labelled(INT64, ["n"]), {"classes": None}, "classes must say how many"),
    (lambda: labelled(INT64, ["n"]), {"classes": "a,b,c"}, "a number, or a list of names"),
    (lambda: many_inputs(5000), {}, r"z7 float32 \(n, 6\), and 4992 more$"),
    (constant, {}, "computed of nothing: z changes nothing"),
    (lambda: typed(TensorProto.FLOAT8E4M3FN), {"image_range": None}, "an output float32, float16"),
    (lambda: typed(TensorProto.INT32), {}, "an output float32, float16 or uint8"),
    (lambda: typed(TensorProto.DOUBLE), {}, r"it has cast float64 \(n, 3, 4, 5\)"),
    (lambda: large([1, 1, 600, 500]), {}, r"\(1, 3, 2400, 2500\): an image may have 16,777,216"),
    (crashing, {}, "it crashed its process"),
]  # fmt: skip


@pytest.mark.parametrize(("of", "options", "why"), NOT)
def test_what_is_no_generator_or_not_said(
    of: Callable[[], Foreign], options: dict[str, Any], why: str, tmp_path: Path
) -> None:
    made = of()
    made.options = {k: v for k, v in made.options.items() if k not in options}
    with pytest.raises(GanzooError, match=why) as caught:
        adopted(made, tmp_path, **options)
    assert isinstance(caught.value, ModelFileError | UsageError)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "mine.onnx").exists()


def field(number: int, content: bytes) -> bytes:
    """One field of bytes, as protobuf writes it."""
    size = len(content)
    return bytes([number << 3 | 2, *([size & 127 | 128, size >> 7] if size > 127 else [size])]) + (
        content
    )


DAMAGED = {
    "a name of a node": field(1, field(1, b"out") + field(2, b"x") + field(3, b"\xff")
                              + field(4, b"Relu")),
    "a declared value": field(13, field(1, b"\xff")),
    "an annotation": field(14, b"\xff\xff\xff"),
    "metadata of the graph": field(16, b"\xff\xff\xff"),
    "numbers that are cut short": field(5, b"\x08\x01\x10\x07" + field(8, b"x")
                                        + field(7, b"\xff")),
}  # fmt: skip
"""Fields of a graph that onnx could not read, or would read as no text."""


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_where_only_onnx_reads(name: str, tmp_path: Path) -> None:
    other = perceptron().write(tmp_path / "other.onnx")
    # Protobuf merges a graph that comes twice, and ganzoo refuses it: the graph is written anew.
    model = onnx.load(other)
    graph = model.graph.SerializeToString() + DAMAGED[name]
    model.ClearField("graph")
    whole = bytes([7 << 3 | 2, len(graph) & 127 | 128, len(graph) >> 7]) + graph
    other.write_bytes(model.SerializeToString() + whole)
    with pytest.raises(ModelFileError, match="damaged") as caught:
        ganzoo.adopt(other, tmp_path / "mine.onnx", image_range=(-1, 1))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "mine.onnx").exists()


def test_much_that_is_no_weight_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two bytes in a file, protobuf makes an object of a hundred."""
    of = perceptron()
    of.weights["w"] = weight(6, 60)
    other = of.write(tmp_path / "other.onnx")
    beside = other.stat().st_size - (6 * 60 * 4 + 4 * 8)
    monkeypatch.setattr(strangers, "MOST_BESIDE", beside - 1)
    with pytest.raises(ModelFileError, match="bytes that are not raw weights"):
        ganzoo.adopt(other, tmp_path / "mine.onnx", image_range=(-1, 1))
    monkeypatch.setattr(strangers, "MOST_BESIDE", beside)
    ganzoo.adopt(other, tmp_path / "mine.onnx", image_range=(-1, 1))


def test_what_is_in_the_way_is_kept(tmp_path: Path, cli: Cli) -> None:
    other = perceptron().write(tmp_path / "x.onnx")
    before = other.read_bytes()
    (tmp_path / "link.onnx").symlink_to("x.onnx")
    (tmp_path / "hard.onnx").hardlink_to(other)
    for name in ("x.onnx", "link.onnx", "hard.onnx"):
        done = cli("adopt", other, "--range=-1,1", "--force", "-o", tmp_path / name)
        assert (done.code, "is the file to adopt itself" in done.err) == (6, True), done.err
    assert other.read_bytes() == before
    os.mkfifo(tmp_path / "pipe.onnx")
    (tmp_path / "nowhere.onnx").symlink_to("none.onnx")
    with (tmp_path / "huge.onnx").open("wb") as file:
        file.truncate(2**40)
    for name in ("pipe.onnx", "nowhere.onnx", "huge.onnx"):
        done = cli("adopt", other, "--range=-1,1", "-o", tmp_path / name)
        assert (done.code, "say --force" in done.err) == (6, True), done.err
    assert (tmp_path / "pipe.onnx").is_fifo()
    assert (tmp_path / "nowhere.onnx").is_symlink()


@pytest.mark.parametrize(
    ("of", "count", "remark"),
    [
        (labelled(INT64, ["n"]), 2, "the file draws label 2, too"),
        (labelled(INT64, ["n"]), 3, ""),
        (one_hot(), 4, "label 3 draws what all higher ones do"),
        (one_hot(), 50, "label 49 draws what all higher ones do"),
        (one_hot(), 3, ""),
    ],
)
def test_a_number_of_classes_that_hardly_fits_is_said_once(
    of: Foreign, count: int, remark: str, tmp_path: Path, cli: Cli
) -> None:
    other = of.write(tmp_path / "x.onnx")
    done = cli("adopt", other, "--range=-1,1", "--classes", count, "-o", tmp_path / "y.onnx")
    assert done.code == 0, done.err
    assert done.err.count("\n") == bool(remark)
    assert remark in done.err


@pytest.mark.parametrize(
    ("end", "wrong", "right"), [("Tanh", "0,1", "-1,1"), ("Sigmoid", "-1,1", "0,1")]
)
def test_a_range_that_hardly_fits_is_said_once(
    end: str, wrong: str, right: str, tmp_path: Path, cli: Cli
) -> None:
    of = perceptron(weights=perceptron().weights | {"w": weight(6, 60) / 10})
    of.nodes[-1].op_type = end
    other = of.write(tmp_path / "x.onnx")
    done = cli("adopt", other, f"--range={wrong}", "-o", tmp_path / "wrong.onnx")
    assert done.code == 0, done.err
    assert done.err.count("\n") == 1
    assert f"the range is more likely {right.replace(',', ' to ')}" in done.err
    done = cli("adopt", other, f"--range={right}", "-o", tmp_path / "right.onnx")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("1" * 5000, "--classes must be 1 to 100,000, not"),
        ("cat,,dog", "--classes must be different names, none of them empty"),
        ("", "none of them empty"),
        ("-3", "--classes takes a whole number, or names, not '-3'"),
        ("3.0", "--classes takes a whole number, or names, not '3.0'"),
    ],
)
def test_words_for_classes(words: str, why: str, tmp_path: Path, cli: Cli) -> None:
    other = labelled(INT64, ["n"]).write(tmp_path / "x.onnx")
    done = cli("adopt", other, "--range=-1,1", f"--classes={words}", "-o", tmp_path / "y.onnx")
    assert (done.code, why in done.err) == (2, True), done.err


def test_the_default_path_ends_in_onnx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    perceptron().write(tmp_path / "x.pb")
    monkeypatch.chdir(tmp_path)
    done = cli("adopt", "x.pb", "--range=-1,1")
    assert (done.code, done.last) == (0, str(Path("exports", "x.onnx"))), done.err


def test_weights_outside_are_refused_with_a_way_to_one_file(tmp_path: Path) -> None:
    model = onnx.load(perceptron().write(tmp_path / "whole.onnx"))
    onnx.save(model, tmp_path / "other.onnx", save_as_external_data=True, size_threshold=0)
    with pytest.raises(ModelFileError, match=r"onnx\.save\(onnx\.load") as caught:
        ganzoo.adopt(tmp_path / "other.onnx", tmp_path / "mine.onnx", image_range=(-1, 1))
    code = str(caught.value).split("`")[1]
    code = code.replace("MODEL.onnx", str(tmp_path / "other.onnx")).replace(
        "WHOLE.onnx", str(tmp_path / "one.onnx")
    )
    eval(code, {"onnx": onnx})
    done = ganzoo.adopt(tmp_path / "one.onnx", tmp_path / "mine.onnx", image_range=(-1, 1))
    assert ganzoo.load(done.path).sample(2).shape == (2, 4, 5, 3)


@pytest.mark.usefixtures("blocks")
def test_all_commands_work_with_it(tmp_path: Path, cli: Cli) -> None:
    transposed().write(tmp_path / "other.onnx")
    mine = tmp_path / "mine.onnx"
    done = cli("adopt", tmp_path / "other.onnx", "--range=-1,1", "-o", mine)
    assert (done.code, done.last) == (0, str(mine)), done.err
    assert "latent float32 (n, 6) to image float32 (n, 1, 8, 8)" in done.out
    for words in (
        ["sample", mine, "-n", 4, "-o", tmp_path / "s.png"],
        ["interpolate", mine, "-o", tmp_path / "i.png"],
        ["sweep", mine, "--dims", 0, "-o", tmp_path / "w.png"],
        ["directions", mine, "--count", 2, "-o", tmp_path / "d.png"],
        ["eval", mine, "--against", "toy_garments", "--images", 100, "--features", "blocks"],
    ):
        made = cli(*words)
        assert made.code == 0, made.err
    page = web.files(mine.read_bytes(), "mine", {"ort.js": b"", "ort.wasm": b""})
    assert page[web.MODEL] == mine.read_bytes()
    assert facts(ganzoo.load(mine), "mine")["dim"] == 6  # what `ganzoo explore` shows
    refused = cli("eval", mine)
    assert (refused.code, "--against" in refused.err) == (2, True), refused.err
    again = cli("adopt", mine, "--range=-1,1", "-o", tmp_path / "x.onnx")
    assert (again.code, "is a file of ganzoo already" in again.err) == (2, True)
    same = cli("adopt", tmp_path / "other.onnx", "--range=-1,1", "-o", mine, "--json")
    assert json.loads(same.out)["latent_dim"] == 6
    wrong = cli("adopt", tmp_path / "other.onnx", "--range", "-1", "-o", tmp_path / "x.onnx")
    assert (wrong.code, "--range=-1,1" in wrong.err) == (2, True)
    unsaid = cli("adopt", tmp_path / "other.onnx", "-o", tmp_path / "x.onnx")
    assert (unsaid.code, "--range must say" in unsaid.err) == (2, True)


def test_another_file_is_kept(tmp_path: Path) -> None:
    done = adopted(perceptron(), tmp_path)
    before = done.path.read_bytes()
    with pytest.raises(OutputError, match="is not this model"):
        adopted(transposed(), tmp_path)
    assert done.path.read_bytes() == before
    adopted(transposed(), tmp_path, force=True)
    assert done.path.read_bytes() != before


def test_the_least_metadata_make_a_model(tmp_path: Path) -> None:
    """The table of docs/adopting.md: what a file needs that was never adopted."""
    of = misnamed()
    renamed = {"image": "latent", "latent": "flat", "label": "image"}
    for each in of.nodes:
        for names in (each.input, each.output):
            names[:] = [renamed.get(name, name) for name in names]
    of.takes, of.gives = [("latent", FLOAT, ["n", 6])], [("image", FLOAT, ["n", 3, 4, 5])]
    model = onnx.load(of.write(tmp_path / "x.onnx"))
    least = {
        "ganzoo.schema": "1",
        "ganzoo.latent": '{"shape": [6], "dist": "normal", "rng": "gz-normal-v1"}',
        "ganzoo.image": '{"layout": "NCHW", "dtype": "float32", "range": [-1, 1], "size": [4, 5], '
        '"channels": 3}',
    }
    helper.set_model_props(model, least)
    onnx.save(model, tmp_path / "x.onnx")
    generator = ganzoo.load(tmp_path / "x.onnx")
    assert generator.sample(3).shape == (3, 4, 5, 3)
    assert repr(generator) == "<generator 4x5x3, float32, CPUExecutionProvider>"
    for name in least:
        helper.set_model_props(model, {k: v for k, v in least.items() if k != name})
        onnx.save(model, tmp_path / "y.onnx")
        with pytest.raises(ModelFileError, match=rf"{name} is missing|no ganzoo metadata"):
            ganzoo.load(tmp_path / "y.onnx")
