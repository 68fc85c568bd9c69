"""The same latents and pixels in Node: docs/javascript, run as its page says."""

import json
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.pixels import Pixels, to_pixels
from ganzoo.export.exporting import export_onnx
from ganzoo.export.graph import to_onnx
from ganzoo.export.parity import with_metadata
from ganzoo.runs.weights import model_info
from ganzoo.train.networks import build, draw
from ganzoo.zoo import registry
from tests import labelled
from tests.conftest import ROOT

SOURCE = ROOT / "docs" / "javascript"
PAGE = ROOT / "docs" / "javascript.md"
GOLDEN = ROOT / "tests" / "golden" / "latents.npy"  # 1000 x 100 of seed 7
LATENTS = """
import { writeFileSync } from "node:fs";
import { normal } from "./ganzoo.js";

const [calls, target] = process.argv.slice(2);
const made = JSON.parse(calls).map((call) => Buffer.from(normal(...call).buffer));
writeFileSync(target, Buffer.concat(made));
"""
LABELS = """
import { writeFileSync } from "node:fs";
import { labels } from "./ganzoo.js";

const [calls, target] = process.argv.slice(2);
const made = JSON.parse(calls).map((call) => Buffer.from(labels(...call).buffer));
writeFileSync(target, Buffer.concat(made));
"""
GOLDEN_LABELS = [3, 4, 5, 7, 8, 7, 5, 1, 6, 6, 7, 6, 1, 7, 9, 3]  # of seed 7 and ten classes
CALLS = """
import * as ort from "onnxruntime-web";
import { draw, normal, sample } from "./ganzoo.js";

const session = await ort.InferenceSession.create("model.onnx"), z = normal(3, 100, 7);
const told = await CALL.then(({ pixels }) => [...pixels], ({ message }) => message);
console.log(JSON.stringify(told));
"""


def run(*arguments: object, cwd: Path) -> str:
    """What a command prints; it must not fail."""
    done = subprocess.run(
        [str(a) for a in arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of docs/javascript, where Node is there to run it."""
    if not shutil.which("node"):
        pytest.skip("needs Node, which is not installed")
    return shutil.copytree(
        SOURCE, tmp_path / "javascript", ignore=shutil.ignore_patterns("node_modules")
    )


@pytest.fixture(scope="session")
def node_modules(pytestconfig: pytest.Config) -> Path:
    """What docs/javascript/package.json asks for, installed once into pytest's cache."""
    if not (npm := shutil.which("npm")):
        pytest.skip("needs npm, which is not installed")
    package = SOURCE / "package.json"
    version = json.loads(package.read_text())["dependencies"]["onnxruntime-web"]
    assert pytestconfig.cache
    home = pytestconfig.cache.mkdir(f"onnxruntime-web-{version}")
    if not (home / "node_modules").exists():
        with tempfile.TemporaryDirectory(dir=home) as made:
            shutil.copy(package, made)
            flags = ["--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]
            done = subprocess.run(
                [npm, "install", *flags, "--fetch-retries=1", "--loglevel=error"],
                cwd=made,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"npm cannot install onnxruntime-web {version}: {done.stderr[:300]}")
            try:
                Path(made, "node_modules").rename(home / "node_modules")
            except OSError:  # another process was faster
                assert (home / "node_modules").exists()
    return home / "node_modules"


@pytest.fixture
def installed(folder: Path, node_modules: Path) -> Path:
    """`folder` after `npm install`."""
    (folder / "node_modules").symlink_to(node_modules)
    return folder


def in_node(folder: Path, *calls: tuple[int, int, int, int]) -> NDArray[np.uint32]:
    """The bits of `normal(count, dim, seed, start)` of each call, one behind the other."""
    (folder / "latents.mjs").write_text(LATENTS)
    texts = [[count, dim, str(seed), start] for count, dim, seed, start in calls]
    run("node", "latents.mjs", json.dumps(texts), "latents.bin", cwd=folder)
    return np.fromfile(folder / "latents.bin", "<u4")


def bits(z: NDArray[np.float32]) -> NDArray[np.uint32]:
    assert z.dtype == np.float32
    return np.ascontiguousarray(z).view(np.uint32).ravel()


def test_golden_latents_in_numpy_and_torch() -> None:
    golden = np.load(GOLDEN)
    assert golden.shape == (1000, 100)
    z = latents.normal(1000, 100, seed=7)
    np.testing.assert_array_equal(bits(z), bits(golden))
    seen: list[torch.Tensor] = []
    identity = torch.nn.Flatten()
    identity.register_forward_hook(lambda module, given, made: seen.append(given[0].clone()))
    draw(identity, z)  # what a generator of torch's gets
    np.testing.assert_array_equal(bits(seen[0].numpy()), bits(golden))


def test_golden_latents_in_node(folder: Path) -> None:
    np.testing.assert_array_equal(in_node(folder, (1000, 100, 7, 0)), bits(np.load(GOLDEN)))


def test_any_seed_start_and_size_in_node(folder: Path) -> None:
    calls = [
        (33, 3, 7, 0),
        (3, 1, 0, 0),
        (2, 7, -1, 5),
        (2, 4, 2**64 - 1, 2**40 + 1),
        (2, 5, 2**70 + 3, 9),
        (1, 100, 2**53 + 1, 999),
    ]
    expected = [bits(latents.normal(*call)) for call in calls]
    np.testing.assert_array_equal(in_node(folder, *calls), np.concatenate(expected))


def test_labels_in_node(folder: Path) -> None:
    """The same integers as Python's, at every seed, start and number of classes."""
    calls = [
        (16, 10, 7, 0),
        (1000, 10, 0, 0),
        (5, 1, -1, 3),
        (50, 1000, 2**64 - 1, 2**40 + 1),
        (9, 100_000, 2**70 + 3, 9),
    ]
    (folder / "labels.mjs").write_text(LABELS)
    texts = [[count, classes, str(seed), start] for count, classes, seed, start in calls]
    run("node", "labels.mjs", json.dumps(texts), "labels.bin", cwd=folder)
    expected = np.concatenate([latents.labels(*call) for call in calls])
    np.testing.assert_array_equal(np.fromfile(folder / "labels.bin", "<i8"), expected)
    assert expected[:16].tolist() == GOLDEN_LABELS


def drawn_in_node(folder: Path, model: Path, *arguments: object) -> NDArray[np.int64]:
    """The images that node.mjs writes, one below the other."""
    shutil.copy(model, folder / "model.onnx")
    printed = run("node", "node.mjs", "model.onnx", *arguments, "-o", "out.pnm", cwd=folder)
    assert printed.strip() == "out.pnm"
    with Image.open(folder / "out.pnm") as images:
        return np.asarray(images).astype(int)


def assert_same(images: NDArray[np.int64], expected: Pixels) -> None:
    """Within 1 of 255, and not only because there is nothing to see."""
    assert expected.std() > 1
    assert np.abs(images.reshape(expected.shape) - expected).max() <= 1


def test_pixels_in_node(exported: Path, installed: Path) -> None:
    images = drawn_in_node(installed, exported, "-n", 20, "--seed", 7)
    assert_same(images, ganzoo.load(exported).sample(20, seed=7))


@pytest.mark.parametrize("precision", [pytest.param("float16", marks=pytest.mark.slow), "int8"])
def test_small_models_of_pixels_in_node(
    trained: Path, installed: Path, tmp_path: Path, precision: str
) -> None:
    model = export_onnx(trained, tmp_path / "x.onnx", precision=precision, uint8=True).path
    images = drawn_in_node(installed, model, "-n", 20, "--seed", 7)
    assert_same(images, ganzoo.load(model).sample(20, seed=7))


@pytest.mark.parametrize("uint8", [False, True])
def test_a_fixed_batch_in_node(trained: Path, installed: Path, tmp_path: Path, uint8: bool) -> None:
    model = export_onnx(trained, tmp_path / "x.onnx", batch=8, uint8=uint8).path
    images = drawn_in_node(installed, model, "-n", 20, "--seed", 7)
    assert_same(images, ganzoo.load(model).sample(20, seed=7))


def test_colours_and_another_range_in_node(installed: Path, tmp_path: Path) -> None:
    """A model that is no more than its latents: 5 numbers, and an image of 3 channels, 2 x 4."""
    constants = {
        "weights": np.random.default_rng(0).normal(0.5, 0.7, (5, 24)).astype(np.float32),
        "shape": np.array([-1, 3, 2, 4]),
    }
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["latent", "weights"], ["flat"]),
            helper.make_node("Reshape", ["flat", "shape"], ["image"]),
        ],
        "colours",
        [helper.make_tensor_value_info("latent", TensorProto.FLOAT, ["batch", 5])],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 2, 4])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), tmp_path / "m.onnx")
    images = drawn_in_node(installed, tmp_path / "m.onnx", "-n", 6, "--seed=-3", "--range=0,1")
    floats = (latents.normal(6, 5, seed=-3) @ constants["weights"]).reshape(6, 3, 2, 4)
    expected = to_pixels(floats, (0, 1))
    assert {0, 255} < set(expected.ravel().tolist())
    assert_same(images, expected)


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (["--classes", 10], None),
        (["--classes", ",".join(labelled.NAMES)], None),
        (["--class", 7], 7),
        (["--classes", ",".join(labelled.NAMES), "--class", "sneaker"], 7),
    ],
)
def test_classes_in_node(
    installed: Path, tmp_path: Path, options: list[object], chosen: int | None
) -> None:
    model = labelled.write(tmp_path / "x.onnx")
    images = drawn_in_node(installed, model, "-n", 20, "--seed", 7, *options)
    assert_same(images, ganzoo.load(model).sample(20, seed=7, label=chosen))


@pytest.mark.slow
def test_a_conditional_dcgan_in_node(installed: Path, tmp_path: Path, quick_exports: None) -> None:
    loaded = registry.load_architecture("ganzoo:cgan_fashion", {"width": 4})
    info, model = model_info(loaded, "none", 0, classes=labelled.NAMES), tmp_path / "x.onnx"
    model.write_bytes(with_metadata(to_onnx(build(loaded.value)[0].eval(), info), info))
    images = drawn_in_node(installed, model, "-n", 20, "--seed", 7, "--classes", 10)
    assert_same(images, ganzoo.load(model).sample(20, seed=7))


def told_in_node(folder: Path, call: str) -> NDArray[np.int64] | str:
    """The pixels that a call of `sample` or `draw` gives, or its error."""
    (folder / "call.mjs").write_text(CALLS.replace("CALL", call))
    told = json.loads(run("node", "call.mjs", cwd=folder))
    return told if isinstance(told, str) else np.array(told)


def test_labels_and_truncation_of_your_own_in_node(installed: Path) -> None:
    model = ganzoo.load(labelled.write(installed / "model.onnx", truncation=True))
    z, chosen = latents.normal(3, 100, 7), np.array([7, 7, 3])
    for call, expected in {
        "draw(ort, session, z, [-1, 1], { labels: [7, 7, 3] })": model.draw(z, labels=chosen),
        "draw(ort, session, z, [-1, 1], { classes: 10 })": model.draw(z),
        "draw(ort, session, z, undefined, { label: 3, truncation: 0.5 })": model.of(3)
        .truncated(0.5)
        .draw(z),
        "sample(ort, session, { n: 3, start: 5, classes: 10, truncation: 0 })": model.truncated(
            0
        ).sample(8)[5:],
    }.items():
        told = told_in_node(installed, call)
        assert not isinstance(told, str), told
        assert_same(told, expected)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("sample(ort, session)", "this model has classes: give a label, or say which classes"),
        ("sample(ort, session, { label: 'shoe' })", "there is no class shoe"),
        ("sample(ort, session, { label: 'BAG', classes: ['Bag', 'bag'] })", "several classes are"),
        ("sample(ort, session, { label: 10, classes: 10 })", "there is no class 10: they are 0 to"),
        ("draw(ort, session, z, [-1, 1], { labels: [1, 2] })", "2 labels for 3 images"),
        ("draw(ort, session, z, [-1, 1], { labels: [1, -2, 3] })", "there is no class -2"),
        ("sample(ort, session, { label: 1, truncation: 1 })", "this model takes no truncation"),
    ],
)
def test_classes_that_make_no_sense_in_node(installed: Path, call: str, why: str) -> None:
    labelled.write(installed / "model.onnx")
    told = told_in_node(installed, f"(async () => {call})()")
    assert isinstance(told, str)
    assert why in told


@pytest.mark.parametrize("truncation", ["NaN", "Infinity", "-0.1", "2.5", "'much'"])
def test_a_truncation_that_makes_no_sense_in_node(installed: Path, truncation: str) -> None:
    """Python refuses the same; such a number would draw black squares, or anything."""
    labelled.write(installed / "model.onnx", truncation=True)
    call = f"(async () => sample(ort, session, {{ label: 1, truncation: {truncation} }}))()"
    told = told_in_node(installed, call)
    assert told == f"truncation is from 0 to 2, not {truncation.strip(chr(39))}"


def test_a_label_for_a_model_without_classes_in_node(exported: Path, installed: Path) -> None:
    shutil.copy(exported, installed / "model.onnx")
    told = told_in_node(installed, "(async () => sample(ort, session, { label: 1 }))()")
    assert told == "this model takes no label"


def test_the_commands_of_the_page(exported: Path, installed: Path) -> None:
    shutil.copy(exported, installed / "model.onnx")
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    lines = commands.splitlines()
    (command,) = (line for line in lines if line.startswith("node "))
    set_up = [line for line in lines if line.startswith(("cd docs/javascript", "npm install"))]
    assert len(set_up) == 2
    output = installed / run(*shlex.split(command), cwd=installed).strip()
    assert output.stat().st_size > 1000


def test_the_code_of_the_page_is_the_source() -> None:
    page = PAGE.read_text()
    script = SOURCE / "ganzoo.js"  # a copy, so that the folder works wherever it is copied to
    assert not script.is_symlink()
    assert script.read_text() == (ROOT / "ganzoo" / "explore" / "page" / "ganzoo.js").read_text()
    for name in ("ganzoo.js", "node.mjs"):
        assert f"```js\n{(SOURCE / name).read_text()}```" in page


def test_what_the_browser_opens_is_there(installed: Path) -> None:
    page = (installed / "browser.html").read_text()
    imported = re.findall(r'from "(\./[^"]+)"', page)
    assert len(imported) == 2
    assert all((installed / path).exists() for path in imported)
    assert "//" not in page.replace(" // ", "")  # nothing comes from another host
