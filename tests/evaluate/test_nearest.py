"""Which pictures are copies of training images, and what counts as near."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo.evaluate.nearest import near_threshold, nearest_training

Pixels = NDArray[np.uint8]


def images(n: int, seed: int, side: int = 12, channels: int = 1) -> Pixels:
    """Return smooth random images: each is one of a few shapes, brighter or darker, with noise."""
    rng = np.random.default_rng(seed)
    shapes = np.random.default_rng(0).uniform(40, 200, (6, side, side, channels))
    drawn = shapes[rng.integers(0, 6, n)] * rng.uniform(0.5, 1.2, (n, 1, 1, 1))
    return np.clip(drawn + rng.normal(0, 12, drawn.shape), 0, 255).astype(np.uint8)


def apart(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.mean((one.astype(np.float64) - other) ** 2)))


def smaller(image: Pixels, factor: int) -> NDArray[np.float64]:
    """Return the means of square areas; the last of a row or column are what is left."""
    height, width, _ = image.shape
    return np.array(
        [
            [image[y : y + factor, x : x + factor].mean((0, 1)) for x in range(0, width, factor)]
            for y in range(0, height, factor)
        ]
    )


@pytest.mark.parametrize(("side", "channels", "factor"), [(12, 1, 1), (16, 3, 1), (50, 3, 2)])
def test_it_is_a_plain_loop(side: int, channels: int, factor: int) -> None:
    pictures, training = images(20, 1, side, channels), images(70, 2, side, channels)
    if factor > 1:
        ours = [smaller(one, factor) for one in pictures]
        theirs = [smaller(one, factor) for one in training]
    else:
        ours, theirs = list(pictures.astype(float)), list(training.astype(float))
    table = np.array([[np.sqrt(((one - other) ** 2).mean()) for other in theirs] for one in ours])
    found = nearest_training(pictures, training)
    assert found.indices.tolist() == table.argmin(1).tolist()
    np.testing.assert_allclose(found.distances, table.min(1), rtol=1e-6)
    nearest = sorted(range(20), key=lambda i: table[i].min())[:12]
    assert [pair[:2] for pair in found.pairs] == [(i, found.indices[i]) for i in nearest]
    assert found.pairs[0][2] == pytest.approx(table.min(), rel=1e-6)
    assert found.share == (table.min(1) < found.threshold).mean()


def test_the_training_images_are_searched_to_the_last() -> None:
    """3,000 images of 3,072 values are searched in three parts."""
    training = images(3000, 1, 32, 3)
    wanted = [2999, 0, 1500, 7]
    found = nearest_training(training[wanted], training, threshold=3.0)
    assert found.indices.tolist() == wanted
    assert found.distances.tolist() == [0] * 4
    assert found.share == 1


def test_the_threshold_is_what_one_in_a_hundred_real_images_is_below() -> None:
    training, held_back = images(600, 1), images(100, 2)
    plain = [min(apart(one, other) for other in training) for one in held_back]
    threshold = near_threshold(training, held_back)
    assert threshold == pytest.approx(np.quantile(plain, 0.01), rel=1e-4)
    same = nearest_training(images(500, 3), training, held_back)
    assert same.threshold == threshold
    assert same.share < 0.04
    memory = np.concatenate([images(300, 3), training[:200]])
    memoriser = nearest_training(memory, training, held_back)
    assert memoriser.share == pytest.approx(0.4 + 0.6 * same.share, abs=0.02)


def test_without_held_back_images_each_training_image_is_compared_with_the_others() -> None:
    training = images(200, 1)
    plain = [
        min(apart(one, other) for j, other in enumerate(training) if i != j)
        for i, one in enumerate(training)
    ]
    assert near_threshold(training) == pytest.approx(np.quantile(plain, 0.01), rel=1e-4)


@pytest.mark.parametrize("side", [12, 40])
def test_images_that_the_data_has_twice_leave_the_threshold_as_it_is(side: int) -> None:
    once = images(200, 1, side, 3)
    twice = np.concatenate([once, once])
    assert near_threshold(twice) == pytest.approx(near_threshold(once), rel=1e-4)
    known = near_threshold(once, images(100, 2, side, 3))
    leaked = np.concatenate([images(100, 2, side, 3), once[:50]])
    assert near_threshold(once, leaked) == pytest.approx(known, rel=1e-4)
    nothing_else = np.repeat(once[:1], 30, 0)
    assert near_threshold(nothing_else) == 0.5
    assert nearest_training(nothing_else, nothing_else).share == 1


def test_the_error_is_that_of_drawing_again() -> None:
    """Within the factor 1.6, of which 1.16 is the noise of a deviation of 20 values."""
    training, threshold = images(500, 1), near_threshold(images(500, 1)) * 1.1
    found = [nearest_training(images(300, 10 + i), training, None, threshold) for i in range(20)]
    deviation = np.std([of.share for of in found], ddof=1)
    assert 1 / 1.6 < np.mean([of.error for of in found]) / deviation < 1.6
