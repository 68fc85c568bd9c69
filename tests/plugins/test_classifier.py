"""The features `classifier`: shipped for two data sets, trained for others, and what they need."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from ganzoo_plugins.classifier import SHIPPED, classifier
from ganzoo_plugins.classifier_onnx import to_onnx
from ganzoo_plugins.classifier_training import train
from onnx import helper, numpy_helper

from ganzoo.data import Images, open_images
from ganzoo.errors import DataError
from ganzoo.evaluate.features import describe
from ganzoo.evaluate.onnx_model import OnnxModel
from ganzoo.storage import cache_folder
from tests.conftest import ROOT

FASHION = pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").is_dir(),
    reason="needs the Debian package dataset-fashion-mnist",
)
TINY = {"width": 4, "shown": 3200}


def stripes(count: int = 300, shape: tuple[int, int, int] = (20, 24, 3)) -> Images:
    """Return noise with stripes: of class 0 they lie, of class 1 they stand."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 80, (count, *shape), np.uint8)
    labels = random.integers(0, 2, count)
    pixels[labels == 0, ::4] += 170
    pixels[labels == 1, :, ::4] += 170
    fingerprint = hashlib.sha256(pixels.tobytes()).hexdigest()
    return Images(
        name="stripes", pixels=pixels, fingerprint=fingerprint, source={},
        labels=labels, classes=("lying", "standing"),
    )  # fmt: skip


def kept() -> set[Path]:
    return set((cache_folder() / "features").glob("classifier-*.onnx"))


def test_it_is_trained_once_and_says_how_often_it_is_right(
    caplog: pytest.LogCaptureFixture,
) -> None:
    images, state, before = stripes(), torch.get_rng_state(), kept()
    with caplog.at_level(logging.WARNING, "ganzoo"):
        model = classifier(**TINY).open(images)
        again = classifier(**TINY).open(images)
    assert caplog.messages == [
        "training the features 'classifier' on 270 images of stripes: it takes minutes, once"
    ]
    assert len(kept() - before) == 1
    assert again.sha256 == model.sha256
    assert model.classes == ["lying", "standing"]
    assert torch.equal(torch.get_rng_state(), state)
    found = re.fullmatch(r"([\d.]+)% of 30 held-back images right", model.note)
    assert found
    assert float(found[1]) >= 90
    features, probabilities = describe(model, images.pixels)
    assert features.shape == (300, 64)
    assert 0.5 < features.std() < 2  # they are standardised, as far as a short training goes
    assert probabilities is not None
    assert (probabilities.argmax(axis=1) == images.labels).mean() >= 0.9


def test_other_labels_or_settings_are_other_features() -> None:
    images = stripes()
    assert images.labels is not None
    others = (
        classifier(**TINY).open(replace(images, labels=1 - images.labels)),
        classifier(**TINY, seed=1).open(images),
        classifier(**TINY | {"shown": 2560}).open(images),
    )
    assert len({classifier(**TINY).open(images).sha256, *(model.sha256 for model in others)}) == 4
    assert classifier(seed=1).version != classifier().version


def test_the_seed_decides_the_network() -> None:
    images = stripes()
    assert images.labels is not None
    used = np.arange(200)
    networks = []
    for seed in (5, 5, 6):
        torch.rand(1)  # what was drawn before does not matter
        networks.append(train(images.pixels, images.labels, used, 2, width=4, seed=seed, shown=640))
    one, same, other = networks
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name]), name
    assert not torch.equal(one.linear.weight, other.linear.weight)


@pytest.mark.parametrize("shape", [(16, 16, 1), (28, 28, 1), (40, 30, 3), (96, 96, 3)])
def test_the_file_computes_what_the_network_does(shape: tuple[int, int, int]) -> None:
    images = stripes(64, shape)
    assert images.labels is not None
    network = train(images.pixels, images.labels, np.arange(64), 3, width=4, seed=0, shown=1280)
    with torch.no_grad():
        x = torch.from_numpy(images.pixels).permute(0, 3, 1, 2) / 255
        wanted, logits = network.features(x), network(x)
    model = OnnxModel(to_onnx(network).SerializeToString(), "x.onnx")
    features, probabilities = model.describe(images.pixels)
    assert probabilities is not None
    # Its weights have eleven bits.
    np.testing.assert_allclose(features, wanted.numpy(), atol=0.01)
    np.testing.assert_allclose(probabilities, logits.softmax(1).numpy(), atol=0.01)


def test_what_it_needs() -> None:
    images = stripes()
    assert images.labels is not None
    with pytest.raises(DataError, match=r"stripes has no labels, .* or use features='patches'"):
        classifier().open(replace(images, labels=None))
    with pytest.raises(DataError, match="has 300 labelled images of 1 classes"):
        classifier().open(replace(images, labels=np.zeros(300, np.int64)))
    with pytest.raises(DataError, match="has 99 labelled images of 2 classes"):
        classifier().open(stripes(99))


def test_a_damaged_file_in_the_cache(caplog: pytest.LogCaptureFixture) -> None:
    before = kept()
    whole = classifier(**TINY, seed=7).open(stripes())
    (file,) = kept() - before
    written = file.read_bytes()
    flipped = bytearray(written)
    flipped[len(flipped) // 2] ^= 1  # of a weight: it is a classifier all the same
    for damaged in (written[:1000], bytes(flipped), b"\0" * len(written), written + b"x"):
        file.write_bytes(damaged)
        caplog.clear()
        assert classifier(**TINY, seed=7).open(stripes()).sha256 == whole.sha256
        assert caplog.messages[0] == (
            f"a file in the cache cannot be used, and is made anew: {file} is not what was written"
        )
        assert OnnxModel(file.read_bytes(), file).sha256 == whole.sha256
    for damaged in (b"", b"{", b"[]", b'{"content": "0"}'):
        file.with_suffix(".json").write_bytes(damaged)
        assert classifier(**TINY, seed=7).open(stripes()).sha256 == whole.sha256
    file.with_suffix(".json").unlink()  # as of an earlier ganzoo
    written_at = file.stat().st_mtime_ns
    assert classifier(**TINY, seed=7).open(stripes()).sha256 == whole.sha256
    assert file.stat().st_mtime_ns == written_at


@pytest.mark.parametrize("what", ["a pipe", "a link to nothing", "a folder"])
def test_what_is_no_file_in_the_cache_is_named(what: str, caplog: pytest.LogCaptureFixture) -> None:
    before, images = kept(), stripes(200)
    whole = classifier(**TINY, seed=11).open(images)
    (file,) = kept() - before
    file.unlink()
    if what == "a pipe":
        os.mkfifo(file)
    elif what == "a folder":
        file.mkdir()
    else:
        file.symlink_to("nowhere")
    caplog.clear()
    assert classifier(**TINY, seed=11).open(images).sha256 == whole.sha256
    assert caplog.messages[0].startswith("a file in the cache cannot be used, and is made anew: ")
    assert str(file) in caplog.messages[0]
    if what == "a folder":
        file.rmdir()
    else:
        assert file.is_file()
        file.unlink()


@pytest.mark.parametrize(
    "facts",
    [{}, {"note": "x"}, {"classes": "["}, {"classes": "3", "note": ""},
     {"classes": '["cat", "dog"]', "note": ""}],
)  # fmt: skip
def test_another_file_in_its_place(facts: dict[str, str]) -> None:
    before, images = kept(), stripes(200)
    whole = classifier(**TINY, seed=8).open(images)
    (file,) = kept() - before
    model = onnx.load(file)
    del model.metadata_props[:]
    helper.set_model_props(model, facts)
    file.write_bytes(model.SerializeToString())
    file.with_suffix(".json").unlink()
    assert classifier(**TINY, seed=8).open(images).sha256 == whole.sha256
    file.unlink()


def test_a_file_for_images_of_another_size(caplog: pytest.LogCaptureFixture) -> None:
    before, images = kept(), stripes(200)
    whole = classifier(**TINY, seed=9).open(images)
    (file,) = kept() - before
    other = classifier(**TINY, seed=9).open(stripes(200, (16, 16, 3)))
    (theirs,) = kept() - before - {file}
    file.write_bytes(theirs.read_bytes())
    file.with_suffix(".json").unlink()
    caplog.clear()
    assert classifier(**TINY, seed=9).open(images).sha256 == whole.sha256 != other.sha256
    assert caplog.messages[0] == (
        f"a file in the cache cannot be used, and is made anew: {file} takes images uint8 "
        "(n, 16, 16, 3), not uint8 (1, 20, 24, 3)"
    )


def test_a_file_whose_features_are_not_finite_is_named(caplog: pytest.LogCaptureFixture) -> None:
    before, images = kept(), stripes(200)
    whole = classifier(**TINY, seed=10).open(images)
    (file,) = kept() - before
    model = onnx.load(file)
    for weights in model.graph.initializer:
        array = numpy_helper.to_array(weights)
        if array.dtype.kind == "f":
            weights.CopyFrom(numpy_helper.from_array(np.full_like(array, np.nan), weights.name))
    file.write_bytes(model.SerializeToString())
    file.with_suffix(".json").unlink()
    caplog.clear()
    assert classifier(**TINY, seed=10).open(images).sha256 == whole.sha256
    assert caplog.messages[0].startswith(
        f"a file in the cache cannot be used, and is made anew: {file}: its features are not finite"
    )


def test_what_it_learnt_from_labels_by_chance_cannot_be_trusted() -> None:
    images = stripes(400)
    by_chance = np.random.default_rng(1).integers(0, 2, 400)
    found = classifier(**TINY).open(replace(images, labels=by_chance))
    assert re.match(r"The classifier cannot be trusted: it is right about \d", found.remark)
    assert "of 40 held-back images" in found.remark
    assert not classifier(**TINY).open(images).remark


def test_where_the_cache_cannot_be_written_it_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "features").write_bytes(b"a file in the way")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    assert classifier(**TINY).open(stripes()).sha256
    assert "cannot be kept, and will be made again" in caplog.messages[-1]


# What is part of the package.


@pytest.mark.parametrize("name", SHIPPED.values())
def test_the_files_are_small_and_are_those_that_were_measured(name: str) -> None:
    content = files("ganzoo_plugins").joinpath("features", f"{name}.onnx").read_bytes()
    assert len(content) <= 1_000_000
    stated = (ROOT / "benchmarks/features.py").read_text()
    assert f"{name} {hashlib.sha256(content).hexdigest()}" in " ".join(stated.split())


@FASHION
def test_fashion_mnist_needs_no_training(caplog: pytest.LogCaptureFixture) -> None:
    training = open_images("fashion_mnist", (1, 28, 28))
    test = open_images("fashion_mnist", (1, 28, 28), options={"split": "test"})
    with caplog.at_level(logging.WARNING, "ganzoo"):
        model = classifier().open(training)
    assert not caplog.messages
    assert tuple(model.classes) == training.classes
    probabilities = describe(model, test.pixels).probabilities
    assert probabilities is not None
    right = float((probabilities.argmax(axis=1) == test.labels).mean())
    assert right >= 0.925
    assert model.note == f"{right:.1%} of 10,000 test images right"


@FASHION
@pytest.mark.slow
def test_training_on_real_fashion_mnist() -> None:
    """A sixth of what the shipped file has seen."""
    training = open_images("fashion_mnist", (1, 28, 28))
    model = classifier(shown=60_000).open(training)
    assert float(model.note.partition("%")[0]) >= 88
