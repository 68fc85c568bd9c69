"""The table of damages, in small: features and measures get worse as the damage grows."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks import spoiling
from benchmarks.damages import DAMAGES, judge_damages
from ganzoo.data import open_splits
from ganzoo.evaluate.judging import Judged
from ganzoo.evaluate.opening import judge_of, open_features
from ganzoo.evaluate.sets import Real


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Judged]:
    """Return what the damages of 500 drawn garments got, by features that know no labels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        splits = open_splits("toy_garments", (1, 28, 28), options={"count": 1500})
        opened = open_features("patches", splits.train, {"steps": 200})
        return dict(judge_damages(judge_of(Real.choose(splits, 500), opened)))


def of(table: dict[str, Judged], measure: str, *names: str) -> list[float]:
    return [table[name].values[measure][0] for name in names]


GROWING = (
    ("real", "noise 8", "noise 16", "noise 32", "grey noise"),
    ("real", "blur 0.6", "blur 0.8", "blur 1.2"),
    ("real", "warp 0.5", "warp 1", "warp 2"),
    ("real", "mosaic 2", "mosaic 4"),
    ("real", "JPEG 15"),
    ("real", "ghosts 0.1", "ghosts 0.25", "ghosts 0.5"),
    ("real", "1 class missing", "5 classes missing", "1 class alone"),
    ("real", "25 repeated"),
)


@pytest.mark.slow
@pytest.mark.parametrize("names", GROWING, ids=lambda names: names[-1])
def test_distances_grow_with_the_damage(table: dict[str, Judged], names: tuple[str, ...]) -> None:
    for measure in ("frechet", "kernel"):
        values = of(table, measure, *names)
        assert all(less < more for less, more in pairwise(values)), (measure, values)


@pytest.mark.slow
def test_what_is_hardly_visible_is_a_small_multiple_of_the_floor(table: dict[str, Judged]) -> None:
    (floor,) = of(table, "frechet", "real")
    for value in of(table, "frechet", "noise 2", "noise 4", "blur 0.4", "warp 0.25", "JPEG 40"):
        assert value < 3 * floor


@pytest.mark.slow
def test_missing_kinds_and_repeats_show_in_recall_and_coverage(table: dict[str, Judged]) -> None:
    names = ("real", "5 classes missing", "25 repeated")
    for measure in ("recall", "coverage"):
        real, missing, repeated = of(table, measure, *names)
        assert repeated < missing < 0.85 * real
    precision = of(table, "precision", *names)
    assert min(precision) > 0.8  # each single picture is fine
    assert min(of(table, "precision", "ghosts 0.5", "warp 2", "blur 1.2")) < 0.8


def test_damages_keep_the_shape_and_leave_the_original() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 21, 30, 3), np.uint8)
    before = pixels.copy()
    for name, damage in DAMAGES.items():
        made = damage(pixels)
        assert made.shape == pixels.shape
        assert made.dtype == np.uint8
        assert (made != pixels).any(), name
        np.testing.assert_array_equal(pixels, before)
        np.testing.assert_array_equal(damage(pixels), made)


def test_damages_do_what_they_say() -> None:
    pixels = np.random.default_rng(0).integers(60, 200, (40, 32, 32, 1), np.uint8)
    noise = spoiling.noisy(pixels, 8).astype(float) - pixels
    assert noise.std() == pytest.approx(8, rel=0.02)
    edge = np.zeros((1, 33, 33, 1), np.uint8)
    edge[:, 16, 16] = 255
    spread = spoiling.blurred(edge, 1)[0, :, :, 0] / 255
    assert spread[16, 16] == pytest.approx(1 / (2 * np.pi), abs=0.01)
    assert spread[16, 17] == pytest.approx(np.exp(-0.5) / (2 * np.pi), abs=0.01)
    ramp = np.broadcast_to(np.arange(40, 200, 5, dtype=np.uint8)[None, :, None, None], pixels.shape)
    moved = (spoiling.warped(ramp, 1).astype(float) - ramp)[:, 4:-4, 4:-4]
    assert 0.7 < np.sqrt(np.square(moved / 5).mean()) < 1.3
    blocks = spoiling.mosaic(pixels, 4)
    assert (blocks[:, :4, :4] == blocks[:, :1, :1]).all()
    assert blocks[0, 0, 0, 0] == np.rint(pixels[0, :4, :4].mean())
