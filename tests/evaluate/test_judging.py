"""All measures of a set of pictures at once: what they see, and whether their errors are right."""

from __future__ import annotations

import numpy as np
import pytest
from ganzoo_plugins.toy_garments import draw_garment

from ganzoo.data import open_splits
from ganzoo.evaluate.features import Described, FeatureModel, Pixels
from ganzoo.evaluate.judging import Judge
from ganzoo.evaluate.sets import Real


def blocks(pixels: Pixels) -> Described:
    """Means of blocks of seven pixels, as (n, 16)."""
    means = pixels.reshape(len(pixels), 4, 7, 4, 7).mean(axis=(2, 4))
    return Described(means.reshape(len(pixels), -1).astype(np.float32))


@pytest.fixture(scope="module")
def judge() -> Judge:
    """A judge of sets of 250 garments."""
    splits = open_splits("toy_garments", (1, 28, 28), options={"count": 500})
    return Judge(Real.choose(splits, 10_000), FeatureModel(describe=blocks, sha256="b"))


def garments(seed: int, count: int = 250) -> Pixels:
    """Draw real garments that are in no data set, uint8 (count, 28, 28, 1)."""
    return np.stack([draw_garment(seed, i) for i in range(count)])[..., None]


def test_real_images_are_chosen_once(judge: Judge) -> None:
    reference, floor = (set(s.indices.tolist()) for s in (judge.real.reference, judge.real.floor))
    assert len(reference) == len(floor) == 250
    assert not reference & floor
    assert (np.diff(judge.real.reference.indices) < 0).any()  # the first are like the others
    fewer = Real.choose(judge.real.splits, 120)
    assert set(fewer.reference.indices.tolist()) < reference


def test_a_judge_that_is_prepared_has_looked_at_the_real_images() -> None:
    seen = list[int]()

    def counted(pixels: Pixels) -> Described:
        seen.append(len(pixels))
        return blocks(pixels)

    splits = open_splits("toy_garments", (1, 28, 28), options={"count": 500})
    judge = Judge(Real.choose(splits, 250), FeatureModel(describe=counted, sha256="b"))
    judge.prepare()
    assert seen == [250, 1, 1, 1, 1]  # a few alone, to see whether the features are steady
    judge.brief(judge.look([garments(1)]))
    assert seen[5:] == [250]


def test_what_goes_wrong_is_seen(judge: Judge) -> None:
    real = garments(1)
    noisy = np.clip(real + np.random.default_rng(0).normal(0, 60, real.shape), 0, 255)
    few = np.tile(real[:10], (25, 1, 1, 1))
    black = np.zeros_like(real)
    good, noise, repeats, nothing = (
        judge.judge(judge.look([pixels.astype(np.uint8)])).values
        for pixels in (real, noisy, few, black)
    )
    assert noise["frechet"] > good["frechet"]
    assert noise["wasserstein"] > good["wasserstein"]
    assert repeats["coverage"][0] < 0.5 < good["coverage"][0]
    assert repeats["diversity"][0] == pytest.approx(good["diversity"][0], abs=0.2)
    assert nothing["diversity"][0] == 0
    assert nothing["frechet"] > noise["frechet"]


def test_the_best_pictures_are_those_among_real_ones(judge: Judge) -> None:
    pixels = garments(1)
    pixels[::2] = np.random.default_rng(0).integers(0, 256, pixels[::2].shape, np.uint8)
    found = judge.judge(judge.look([pixels]))
    assert all(i % 2 for i in found.best)
    assert not any(i % 2 for i in found.worst)


@pytest.mark.slow
def test_seeds_differ_by_what_the_errors_say(judge: Judge) -> None:
    """Over 20 drawings; a standard deviation of 20 is itself uncertain by a sixth."""
    found = [judge.judge(judge.look([garments(100 + i)])).values for i in range(20)]
    for name in ("frechet", "kernel", "precision", "recall", "density", "coverage"):
        spread = np.std([values[name][0] for values in found], ddof=1)
        said = np.mean([np.nan if values[name][1] is None else values[name][1] for values in found])
        assert 0.5 < said / spread < 2, name
