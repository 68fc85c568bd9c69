"""Which class is drawn: by name, number, or as the seed has it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo.architecture import Dataset
from ganzoo.draw import latents, studies
from ganzoo.draw.classes import number_of
from ganzoo.draw.directions import along
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.selection import Selection
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.labels import MOST_CHARACTERS, MOST_CLASSES

NAMES = ["Coat", "2", "sandal", "Ankle boot"]


def info(**more: Any) -> ModelInfo:
    return ModelInfo(
        version="0", architecture="x", plugin={"package": "x", "version": "0"}, options={},
        latent={"shape": [2], "dist": "normal", "rng": "gz-normal-v1"},
        image={"layout": "NHWC", "dtype": "uint8", "range": [0, 255], "size": [2, 2],
               "channels": 1},
        dataset="x", samples_seen=0, **more,
    )  # fmt: skip


def label(names: list[str]) -> dict[str, Any]:
    return {"classes": names, "rng": "gz-label-v1"}


def draw(z: NDArray[Any], labels: NDArray[Any], *more: NDArray[Any]) -> NDArray[np.uint8]:
    """Images that tell their class, the first number of their z, and the truncation."""
    first = np.clip(128 + 20 * z[:, 0], 0, 255)
    psi = more[0] * 100 if more else 0
    rest = np.full(len(z), psi)
    return np.stack([labels, first, rest, rest], 1).reshape(-1, 2, 2, 1).astype(np.uint8)


MODEL = Generator(info(label=label(NAMES)), draw)


def classes(pixels: NDArray[np.uint8]) -> list[int]:
    return [int(c) for c in pixels[..., 0, 0, 0].ravel()]


def test_labels_are_a_function_of_seed_and_image() -> None:
    together = latents.labels(200, 7, seed=3)
    alone = [int(latents.labels(1, 7, 3, i)[0]) for i in range(200)]
    assert together.tolist() == alone
    assert together.dtype == np.int64
    assert latents.labels(5, 7, 3 - 2**64, 2).tolist() == alone[2:7]
    # Written down: files that say gz-label-v1 mean these for ever.
    assert latents.labels(12, 10).tolist() == [0, 6, 9, 5, 4, 8, 3, 3, 5, 4, 5, 9]
    assert latents.labels(4, 100_000, seed=2**63).tolist() == [41888, 15639, 19745, 46487]
    counts = np.bincount(latents.labels(70_000, 7, 1), minlength=7)
    assert abs(counts - 10_000).max() < 500  # five standard deviations
    z = latents.normal(70_000, 1, 1)[:, 0]
    means = [z[latents.labels(70_000, 7, 1) == c].mean() for c in range(7)]
    assert np.abs(means).max() < 0.05  # z has nothing to do with the class


def test_a_class_has_a_name_and_a_number() -> None:
    meant: dict[str | int, int] = {
        "Coat": 0, "coat": 0, "2": 1, 2: 2, "SANDAL": 2, "ankle boot": 3, "3": 3, 0: 0,
    }  # fmt: skip
    for word, number in meant.items():
        assert number_of(word, NAMES) == number, word
    for word in ("4", "-1", "boot", "", "٣x", 4, "1.0"):
        with pytest.raises(UsageError, match=r"choose of 0 Coat, 1 2, 2 sandal, 3 Ankle boot$"):
            number_of(word, NAMES)
    with pytest.raises(UsageError, match=r"0 0, .*, 19 19, … 99 99$"):
        number_of("x", [str(i) for i in range(100)])
    for no_label in (1.5, True, None, b"Coat"):
        with pytest.raises(UsageError, match="there is no class"):
            number_of(no_label, NAMES)  # type: ignore[arg-type]


def test_a_name_that_could_be_several_is_none() -> None:
    names = ["Bag", "bag", "straße", "STRASSE"]
    assert [number_of(name, names) for name in names] == [0, 1, 2, 3]
    for word, both in (("BAG", "0 Bag, 1 bag"), ("Strasse", "2 straße, 3 STRASSE")):
        with pytest.raises(UsageError, match=f"'{word}' could be each of {both}: write it as"):
            number_of(word, names)


def test_a_message_is_short_whatever_the_names_are() -> None:
    with pytest.raises(UsageError) as error:
        number_of("y" * 10**5, [f"{number} {'x' * 6000}" for number in range(1000)])
    assert len(str(error.value)) < 1200


def test_images_of_a_seed_are_of_mixed_classes_and_of_one() -> None:
    wanted = latents.labels(30, 4, seed=5).tolist()
    assert classes(MODEL.sample(30, 5)) == wanted
    assert classes(MODEL.sample(30, 5, batch_size=7)) == wanted
    assert classes(np.concatenate(list(MODEL.stream(30, 5, 4, start=8)))) == wanted[8:]
    one = MODEL.of("Sandal").sample(30, 5)
    assert classes(one) == [2] * 30
    np.testing.assert_array_equal(one, MODEL.sample(30, 5, label=2))
    np.testing.assert_array_equal(one[:, 0, 1], MODEL.sample(30, 5)[:, 0, 1])  # the same z
    assert MODEL.classes == tuple(NAMES)


def test_own_latents_have_labels_of_their_own() -> None:
    z = latents.normal(9, 2, 1)
    assert classes(MODEL.draw(z)) == latents.labels(9, 4).tolist()
    assert classes(MODEL.draw(z, labels=np.arange(9) % 4, batch_size=2)) == [*range(4)] * 2 + [0]
    assert classes(MODEL.of(3).draw(z)) == [3] * 9
    for labels in (np.zeros(8, int), np.zeros(9), np.full(9, 4), np.full(9, -1)):
        with pytest.raises(UsageError, match="labels must be"):
            MODEL.draw(z, labels=labels)


def test_studies_keep_the_class() -> None:
    seeds = latents.labels(3, 4, seed=2)
    assert classes(MODEL.sweep(0, [-1, 0, 1, 2], rows=3, seed=2)) == np.repeat(seeds, 4).tolist()
    assert (
        classes(along(MODEL, np.ones(2, np.float32), [0, 1], 3, 2)) == np.repeat(seeds, 2).tolist()
    )
    begin = int(latents.labels(1, 4, seed=6)[0])
    assert classes(MODEL.interpolate(6, 7, 5)) == [begin] * 5
    assert classes(MODEL.of(1).interpolate(6, 7, 5)) == [1] * 5
    assert (MODEL.movement() == MODEL.of(0).movement()).all()


def test_each_class_from_the_same_latents() -> None:
    pixels = MODEL.each(3, seed=4)
    assert classes(pixels) == np.repeat(range(4), 3).tolist()
    assert (pixels[:, :, 0, 1] == pixels[:1, :, 0, 1]).all()
    selection = Selection(generator=MODEL, n=3, seed=4, classes=range(4))
    for batch_size, start in ((64, 0), (5, 0), (2, 6)):
        drawn = np.concatenate(list(selection.batches(batch_size, start)))
        np.testing.assert_array_equal(drawn, pixels.reshape(12, 2, 2, 1)[start:])
    assert list(studies.classes(selection).rows) == NAMES
    own = Selection(generator=MODEL, n=3, z=latents.normal(3, 2, 4), classes=(3, 1))
    np.testing.assert_array_equal(np.concatenate(list(own.batches(4))), [*pixels[3], *pixels[1]])


def test_own_latents_batch_by_batch_are_those_at_once() -> None:
    z = latents.normal(9, 2, 1)
    batches = Selection(generator=MODEL, n=9, z=z).batches(2, 4)
    np.testing.assert_array_equal(np.concatenate(list(batches)), MODEL.draw(z)[4:])


def test_a_model_without_classes_says_so() -> None:
    plain = Generator(info(), lambda z: draw(z, np.zeros(len(z))))
    assert plain.classes == ()
    for ask in (
        lambda: plain.of("x"), lambda: plain.sample(2, label=0),
        lambda: plain.draw(np.zeros((1, 2)), labels=np.zeros(1, int)), plain.each,
    ):  # fmt: skip
        with pytest.raises(UsageError, match=r"x has no classes to choose of|takes no labels"):
            ask()
    with pytest.raises(UsageError, match="takes no truncation"):
        plain.sample(2, truncation=0.5)


def test_a_truncation_is_one_of_the_inputs() -> None:
    model = Generator(info(label=label(NAMES), truncation=True), draw)
    assert model.info.takes() == "latent float32 (n, 2), label int64 (n), truncation float32 ()"
    assert model.sample(1)[0, 1, 0, 0] == 100
    assert model.sample(5, label=1, truncation=0.5)[4, 1, 1, 0] == 50
    assert model.truncated(0).of(1).draw(np.zeros((3, 2)), batch_size=2)[2, 1, 1, 0] == 0
    for wrong in (-0.1, 2.5, np.nan):
        with pytest.raises(UsageError, match="truncation must be from 0 to 2"):
            model.truncated(wrong)


def test_what_a_file_says_of_classes_is_checked() -> None:
    assert ModelInfo.from_metadata(MODEL.info.to_metadata(), "x") == MODEL.info
    plain = info().to_metadata()
    assert "ganzoo.label" not in plain
    assert "ganzoo.truncation" not in plain
    for damaged in (
        label([]), label(["a", "a"]), label(["a", ""]), {"classes": "ab", "rng": "gz-label-v1"},
        label(["a", "\ud800"]), {"classes": ["a", 1], "rng": "gz-label-v1"},
        {"classes": ["a", "b"], "rng": "gz-label-v2"},
    ):  # fmt: skip
        with pytest.raises(ModelFileError, match="damaged ganzoo metadata"):
            ModelInfo.from_metadata(replace(MODEL.info, label=damaged).to_metadata(), "x")


def test_a_file_has_as_many_names_as_a_data_set_may() -> None:
    """The most classes, and the most characters, of those that are longest in JSON."""
    most = [str(number) for number in range(MOST_CLASSES)]
    long = [f"{chr(0x1F600 + number)}" * (MOST_CHARACTERS // 4) for number in range(4)]
    for names in (most, long):
        Dataset(images=np.zeros((1, 2, 2), np.uint8), labels=np.zeros(1, int), classes=tuple(names))
        told = replace(MODEL.info, label=label(names))
        assert ModelInfo.from_metadata(told.to_metadata(), "x") == told
    for names in ([*most, "more"], ["x" * MOST_CHARACTERS, "y"]):
        with pytest.raises(ValueError, match="are too many: 100,000, with 1,048,576, fit"):
            Dataset(
                images=np.zeros((1, 2, 2), np.uint8), labels=np.zeros(1, int), classes=tuple(names)
            )
