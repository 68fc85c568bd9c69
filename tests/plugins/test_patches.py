from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_plugins.patches import patches
from ganzoo_plugins.patches_onnx import whitening
from ganzoo_plugins.patches_training import train

from ganzoo.data import Images
from ganzoo.errors import DataError
from ganzoo.evaluate.features import describe


def images(shape: tuple[int, int, int] = (28, 28, 1), count: int = 120) -> Images:
    """Return pictures of a bright rectangle each, somewhere."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 40, (count, *shape), dtype=np.uint8)
    for picture in pixels:
        top, left = random.integers(0, shape[0] // 2), random.integers(0, shape[1] // 2)
        colour = random.integers(128, 256, shape[2])
        picture[top : top + shape[0] // 3, left : left + random.integers(4, 12)] = colour
    return Images(name="shapes", pixels=pixels, fingerprint=str(shape), source={})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    return tmp_path / "features"


@pytest.mark.parametrize("shape", [(28, 28, 1), (16, 16, 3), (96, 96, 3), (40, 64, 3)])
def test_the_file_computes_what_the_network_does(shape: tuple[int, int, int]) -> None:
    """Its features are the components of the means over quarters: variance 1 or less, mean 0."""
    few = images(shape)
    model = patches(steps=2).open(few)
    found = describe(model, few.pixels).features
    assert found.shape == (120, 64)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-3)
    values = found.var(0, ddof=1)
    assert values[0] == pytest.approx(1 / 1.003, rel=1e-3)
    assert (values < 1).all()
    others = np.cov(found.T) - np.diag(values)
    np.testing.assert_allclose(others, 0, atol=1e-3)


@pytest.mark.parametrize("shape", [(16, 1120, 1), (1, 1, 3), (4, 4, 1), (1000, 167, 3)])
def test_images_with_too_short_a_side_are_refused_before_training(
    shape: tuple[int, int, int], caplog: pytest.LogCaptureFixture
) -> None:
    from ganzoo_plugins.classifier import classifier

    blank = np.zeros((120, *shape), np.uint8)
    of = Images(name="x", pixels=blank, fingerprint="", source={}, labels=np.arange(120) % 2)
    for features in (patches(), classifier()):
        with pytest.raises(DataError, match=f"of x are {shape[1]}x{shape[0]}: .* at least") as why:
            features.open(of)
        assert why.value.fields == ("features",)
    assert not caplog.messages


@pytest.mark.parametrize("shape", [(8, 48, 1), (168, 1000, 1)])
def test_images_with_just_enough_of_a_side_are_not_refused(shape: tuple[int, int, int]) -> None:
    few = images(shape) if max(shape) < 100 else replace(images(), pixels=noise(shape))
    assert describe(patches(steps=1).open(few), few.pixels[:2]).features.shape == (2, 64)


def noise(
    shape: tuple[int, int, int], count: int = 100
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)


def test_features_of_an_image_do_not_depend_on_the_others() -> None:
    few = images()
    model = patches(steps=1).open(few)
    alone = describe(model, few.pixels[7:8]).features
    np.testing.assert_allclose(alone[0], describe(model, few.pixels).features[7], atol=1e-5)


def test_a_network_is_trained_once_and_the_same_seed_gives_it_again(cache: Path) -> None:
    few = images()
    first = patches(steps=2).open(few)
    (file,) = cache.glob("*.onnx")
    before = file.stat().st_mtime_ns
    assert patches(steps=2).open(few).sha256 == first.sha256
    assert file.stat().st_mtime_ns == before
    file.unlink()
    assert patches(steps=2).open(few).sha256 == first.sha256
    assert patches(steps=2, seed=1).open(few).sha256 != first.sha256
    assert len(list(cache.glob("*.onnx"))) == 2


def test_training_leaves_the_random_state_of_the_process() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    train(images().pixels, steps=1, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.slow
def test_training_learns_that_a_picture_stays_itself_in_another_place_and_light() -> None:
    few = images((32, 32, 3), 200)
    again = np.roll(few.pixels, 2, axis=2) // 5 * 4 + 30

    def found(steps: int) -> float:
        """Return the share of pictures that are the nearest ones to themselves, moved."""
        model = patches(steps=steps).open(few)
        a, b = (describe(model, pixels).features for pixels in (few.pixels, again))
        nearest = np.square(a[:, None] - b).sum(2).argmin(1)
        return float(np.mean(nearest == np.arange(len(few.pixels))))

    assert found(60) > 3 * found(0)


def test_too_few_images_are_refused_in_one_line() -> None:
    with pytest.raises(DataError, match="has 50 images, and the features 'patches' need at least"):
        patches().open(images(count=50))


def test_a_damaged_file_is_made_anew(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    few = images()
    whole = patches(steps=1).open(few)
    (file,) = cache.glob("*.onnx")
    content = file.read_bytes()
    file.write_bytes(content[:1000])
    caplog.clear()
    assert patches(steps=1).open(few).sha256 == whole.sha256
    assert file.read_bytes() == content
    assert caplog.messages[0].startswith(
        f"a file in the cache cannot be used, and is made anew: {file}"
    )


def test_whitening_makes_components_of_equal_size_but_not_of_noise() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(0, 1, (500, 80)) * np.linspace(10, 0.01, 80)
    matrix, shift = whitening((rows + 5).astype(np.float32))
    found = (rows + 5) @ matrix + shift
    assert found.shape == (500, 64)
    variances = found.var(0)
    assert variances[0] == pytest.approx(1, rel=0.01)
    assert variances[20] == pytest.approx(1, rel=0.02)
    assert 0.9 < variances[62] < 0.999
