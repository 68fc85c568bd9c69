"""Studies of one's own latents: each image is that of its latent, and of the class of its row."""

from __future__ import annotations

import numpy as np
import pytest

import ganzoo
from ganzoo.draw import latents, studies
from ganzoo.draw.generator import Generator
from ganzoo.errors import UsageError
from tests import labelled
from tests.cli.commands.test_sweep import generator as by_hand

Z = latents.normal(3, labelled.DIM, seed=11)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return ganzoo.load(labelled.write(tmp_path_factory.mktemp("models") / "x.onnx"))


def test_a_sweep_of_own_latents(model: Generator) -> None:
    sheet = studies.sweep(model, [3, 17], [[-3.0, -0.0], [5.0, 6.0]], z=Z)
    assert sheet.first
    heading, as_it_is = sheet.first
    np.testing.assert_array_equal(as_it_is, model.draw(Z))
    for row, group, column in np.ndindex(3, 2, 2):
        changed = Z.copy()
        changed[row, (3, 17)[group]] = [[-3, 0], [5, 6]][group][column]
        np.testing.assert_array_equal(sheet.images[row, group, column], model.draw(changed)[row])
    assert heading == "as it is"
    assert (sheet.rows, sheet.groups) == (["image 0", "image 1", "image 2"], ["z[3]", "z[17]"])
    assert sheet.columns == ["-3", "0", "5", "6"]
    same = studies.sweep(model, [3, 17], [[-3, 0], [-3, 0]], z=Z)
    assert same.columns == studies.sweep(model, [3, 17], [-3, 0], z=Z).columns == ["-3", "0"]
    np.testing.assert_array_equal(sheet.images[:, 1], model.sweep(17, [5, 6], z=Z))


def test_the_sweep_of_a_seed_has_its_images_as_they_are(model: Generator) -> None:
    sheet = studies.sweep(model, [3], rows=2, seed=7)
    assert sheet.first
    np.testing.assert_array_equal(sheet.first[1], model.sample(2, seed=7))
    of_z = studies.sweep(model, [3], z=latents.normal(2, labelled.DIM))
    of_seed = studies.sweep(model, [3], rows=2)
    np.testing.assert_array_equal(of_z.images, of_seed.images)
    np.testing.assert_array_equal(np.asarray(of_z.draw()), np.asarray(of_seed.draw()))


def test_a_chosen_class_is_that_of_all_rows(model: Generator) -> None:
    bags = model.of("bag")
    sheet = studies.sweep(bags, [3], z=Z)
    assert sheet.first
    np.testing.assert_array_equal(sheet.first[1], model.draw(Z, labels=np.full(3, 8)))
    np.testing.assert_array_equal(bags.way(Z, 2)[:, 0], model.draw(Z[:2], labels=np.full(2, 8)))


def test_what_moves_the_picture_most_is_measured_with_these_latents() -> None:
    """A coordinate that moves the picture only where another one is large."""
    model = by_hand(
        lambda z: np.tanh(np.where(z[:, [0]] > 1, 10 * z[:, [1]], z[:, [2]]))
        .repeat(25, axis=1).reshape(-1, 1, 5, 5)
    )  # fmt: skip
    z = np.zeros((2, 4))
    assert model.most_moving(1, z=z)[0][0] == 2
    z[:, 0] = 2
    assert model.most_moving(1, z=z)[0][0] == 1
    both = model.movement(z=latents.normal(5, 4, seed=3))
    np.testing.assert_array_equal(both, model.movement(rows=5, seed=3))


def test_a_way_leads_through_all_latents_in_order(model: Generator) -> None:
    sheet = studies.interpolation(model, steps=5, z=Z)
    drawn = model.draw(Z)
    np.testing.assert_array_equal(sheet.images[:, 0, 0], drawn[:2])
    labels = latents.labels(3, 10)
    for part in range(2):
        way = latents.slerp(Z[part], Z[part + 1], 5)
        of_one_class = model.draw(way, labels=labels[[part]].repeat(5))
        np.testing.assert_array_equal(sheet.images[part, 0], of_one_class)
    np.testing.assert_array_equal(model.way(Z, 5), sheet.images[:, 0])
    assert sheet.rows == ["image 0 to 1", "image 1 to 2"]
    assert sheet.groups == ["t, from the first image to the second"]
    walk = studies.walk(model, steps=3, z=Z)
    assert walk.columns == ["image 0", "0 to 1", "image 1", "1 to 2", "image 2"]
    np.testing.assert_array_equal(walk.images[0, 0, ::2][:1], drawn[:1])
    of_seeds = studies.interpolation(model, [4, 5])
    np.testing.assert_array_equal(of_seeds.images[0, 0], model.interpolate(4, 5))
    assert studies.interpolation(model).rows == ["seed 0 to 1", "seed 1 to 2", "seed 2 to 3"]


def test_a_grid_of_own_latents(model: Generator) -> None:
    grid = model.grid(z=Z, scale=2)
    drawn = np.asarray(grid)[2 : 2 + 56 : 2, 60 : 60 + 56 : 2]
    np.testing.assert_array_equal(drawn, model.draw(Z)[1, :, :, 0])
    numbered, bare = (model.grid(z=Z, numbered=each).image for each in (True, False))
    assert numbered.height > bare.height


def test_own_latents_stand_alone(model: Generator) -> None:
    for ask in (
        lambda: model.sweep(3, [0], rows=2, z=Z), lambda: model.sweep(3, [0], seed=0, z=Z),
        lambda: model.movement(seed=1, z=Z), lambda: model.most_moving(1, seed=1, z=Z),
        lambda: studies.sweep(model, [3], rows=8, z=Z), lambda: model.grid(3, z=Z),
        lambda: studies.walk(model, [0, 1], z=Z),
    ):  # fmt: skip
        with pytest.raises(UsageError, match="z= says which images to draw: leave "):
            ask()
    for wrong in (Z[0], Z[:, :99], Z[:0]):
        with pytest.raises(UsageError, match=r"latents must have the shape \(n, 100\)"):
            model.sweep(3, [0], z=wrong)
    for ask in (lambda: model.way(Z[:1]), lambda: studies.interpolation(model, z=Z[:1])):
        with pytest.raises(UsageError, match="a way needs two latents or more"):
            ask()
    with pytest.raises(UsageError, match="steps must be at least 2, not 1"):
        model.way(Z, 1)
