"""Latents: golden numbers, one image at a time, and really normal."""

import numpy as np
import pytest

from ganzoo.draw import latents
from ganzoo.seeds import derive, mix, mix_array, uniform


def test_splitmix_is_the_published_one() -> None:
    # The first outputs of SplitMix64 seeded with 1234567, as in the reference implementation.
    state, gamma = 1234567, 0x9E3779B97F4A7C15
    outputs = [mix(state + k * gamma) for k in range(3)]
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    words = np.array([1234567, 2**64 - 1, 0], np.uint64)
    assert mix_array(words).tolist() == [mix(int(w)) for w in words]


def test_golden_latents() -> None:
    z = latents.normal(2, 3, seed=0)
    assert z.dtype == np.float32
    assert z.tobytes().hex() == GOLDEN


def test_the_formula_of_the_design_in_plain_python() -> None:
    import math

    seed, image, dim = 7, 3, 5
    key = mix(seed)
    numbers = []
    for pair in range(3):
        r = mix((key + image * 3 + pair) % 2**64)
        u1, u2 = ((r >> 32) + 0.5) / 2**32, ((r & 0xFFFFFFFF) + 0.5) / 2**32
        radius = math.sqrt(-2 * math.log(u1))
        numbers += [radius * math.cos(2 * math.pi * u2), radius * math.sin(2 * math.pi * u2)]
    expected = np.array(numbers[:dim], np.float32)
    np.testing.assert_array_equal(latents.normal(4, dim, seed)[image], expected)


@pytest.mark.parametrize("dim", [1, 99, 100])
def test_an_image_depends_on_its_seed_and_index_alone(dim: int) -> None:
    many = latents.normal(10, dim, seed=5)
    for i in (0, 3, 9):
        np.testing.assert_array_equal(latents.normal(1, dim, seed=5, start=i)[0], many[i])
    assert not np.array_equal(latents.normal(10, dim, seed=6), many)


@pytest.mark.parametrize("seed", [0, 2**64 - 1, 2**64, -1])
def test_any_integer_is_a_seed(seed: int) -> None:
    assert np.isfinite(latents.normal(3, 4, seed)).all()
    np.testing.assert_array_equal(latents.normal(3, 4, seed), latents.normal(3, 4, seed % 2**64))


def test_the_numbers_are_normal_and_independent() -> None:
    z = latents.normal(4000, 50, seed=1).astype(np.float64)
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01
    assert abs((z**4).mean() - 3) < 0.1
    correlations = np.corrcoef(z.T) - np.eye(50)
    assert np.abs(correlations).max() < 0.08


def test_streams_and_counters_give_other_seeds() -> None:
    seeds = {derive(0, "a"), derive(0, "b"), derive(1, "a"), derive(0, "a", 0), derive(0, "a", 1)}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_uniform_numbers_belong_to_their_item() -> None:
    u = uniform(3, 8, 1000)
    assert ((u >= 0) & (u < 1)).all()
    assert abs(u.mean() - 0.5) < 0.03
    np.testing.assert_array_equal(uniform(3, 8, 10), u[:10])
    assert not np.array_equal(uniform(3, 9, 10), u[:10])


GOLDEN = "2e8595be6c75603f601842bfbe78d6bead8d8a3f03bed33c"
