"""`ganzoo sweep` and `ganzoo interpolate`: the right pixels in the right place, and errors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.pictures import Picture
from ganzoo.draw.sheets import Box, Sheet
from ganzoo.errors import UsageError
from tests.conftest import Cli, process

Array = NDArray[Any]


def generator(forward: Callable[[Array], Array], dim: int = 4, channels: int = 1) -> Generator:
    """A model made by hand, of images 5x5 in [-1, 1]."""
    info = ModelInfo(
        version="0", architecture="x", plugin={"package": "x", "version": "0"}, options={},
        latent={"shape": [dim], "dist": "normal", "rng": "gz-normal-v1"},
        image={"layout": "NCHW", "dtype": "float32", "range": [-1, 1], "size": [5, 5],
               "channels": channels},
        dataset="x", samples_seen=0,
    )  # fmt: skip
    return Generator(info, forward)


def noise(rows: int, groups: int, columns: int, side: int = 5, channels: int = 1) -> Array:
    shape = (rows, groups, columns, side, side, channels)
    return np.random.default_rng(0).integers(0, 200, shape, np.uint8)


def array(image: Image.Image | Picture) -> Array:
    """(H, W, C), copied."""
    pixels = np.array(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def cell(picture: Array, sheet: Sheet, *at: int) -> Array:
    """The image (H, W, C) at (row, group, column), no longer enlarged."""
    return unscaled(picture, sheet.box(*at), sheet.images.shape[4])


def unscaled(picture: Array, box: Box, width: int) -> Array:
    """The image (H, W, C) in a box of a sheet, `width` pixels wide again."""
    left, top, right, bottom = box
    scale = (right - left) // width
    return picture[top:bottom:scale, left:right:scale]


def test_every_cell_is_the_image_of_its_latents(exported: Path, tmp_path: Path, cli: Cli) -> None:
    z = latents.normal(2, 100, seed=5)
    own = float(z[1, 17])
    done = cli("sweep", exported, "--dims", "3,17", "--values", f"-10,{own!r},5", "--rows", 2,
               "--seed", 5, "-o", tmp_path / "new" / "x.PNG")  # fmt: skip
    assert (done.code, done.last) == (0, str(tmp_path / "new" / "x.PNG")), done.err
    model = ganzoo.load(exported)
    sheet = Sheet(
        np.zeros((2, 2, 3, 28, 28, 1), np.uint8), rows=["image 0", "image 1"],
        columns=["-10", f"{own:g}", "5"], groups=["z[3]", "z[17]"], title="mlp, seed 5",
        first=("as it is", np.zeros((2, 28, 28, 1), np.uint8)),
        size=155,  # eight of them, and what is between, are 16 cm at 200 dots to the inch
    )  # fmt: skip
    picture = array(Image.open(done.last))
    assert picture.shape == array(sheet.draw()).shape
    for row, group, column in np.ndindex(2, 2, 3):
        changed = z[[row]].copy()
        changed[0, (3, 17)[group]] = (-10, own, 5)[column]
        drawn = cell(picture, sheet, row, group, column)
        np.testing.assert_array_equal(drawn, model.draw(changed)[0])
    for row in range(2):
        as_it_is = unscaled(picture, sheet.first_box(row), 28)
        np.testing.assert_array_equal(as_it_is, model.sample(2, seed=5)[row])
    np.testing.assert_array_equal(cell(picture, sheet, 1, 1, 1), as_it_is)


def test_a_sweep_changes_one_coordinate() -> None:
    seen = []

    def forward(z: Array) -> Array:
        seen.append(z.copy())
        return np.zeros((len(z), 1, 5, 5), np.float32)

    assert generator(forward).sweep(2, [1, -10, 1], rows=3, seed=9).shape == (3, 3, 5, 5, 1)
    z = np.concatenate(seen).reshape(3, 3, 4)
    np.testing.assert_array_equal(z[:, :, 2], [[1, -10, 1]] * 3)
    others = latents.normal(3, 4, seed=9)[:, None, [0, 1, 3]].repeat(3, axis=1)
    np.testing.assert_array_equal(z[:, :, [0, 1, 3]], others)


def test_movement_ranks_what_moves_the_picture() -> None:
    weights = np.array([0.02, -0.1, 0, 0.05], np.float32)
    model = generator(
        lambda z: np.broadcast_to((z @ weights)[:, None, None, None], (len(z), 1, 5, 5))
    )
    movement = model.movement(reach=3)
    assert movement == pytest.approx(np.abs(weights) * 6 * 127.5, abs=1)
    assert movement[2] == 0
    ranked = model.most_moving(4)
    assert ranked == [(index, movement[index]) for index in (1, 3, 0, 2)]
    assert model.most_moving(2) == ranked[:2]
    with pytest.raises(UsageError, match="count must be at least 1, not 0"):
        model.most_moving(0)


def test_movement_is_what_sweeps_show_but_drawn_in_full_batches() -> None:
    weight = np.random.default_rng(0).normal(size=(10, 25)) / 9
    drawn = []

    def forward(z: Array) -> Array:
        drawn.append(len(z))
        return np.tanh(z @ weight).reshape(-1, 1, 5, 5)

    model = generator(forward, dim=10)
    movement = model.movement(2, rows=8, seed=5)
    assert drawn == [64, 64, 32]
    for index in range(10):
        low, high = model.sweep(index, [-2, 2], rows=8, seed=5).astype(int).swapaxes(0, 1)
        assert movement[index] == np.abs(low - high).mean()
    assert model.movement(2, rows=40).shape == (10,)


def test_of_thousands_of_coordinates_the_first_are_tried() -> None:
    model = generator(lambda z: np.tanh(z[:, 2000:2025]).reshape(-1, 1, 5, 5), dim=2**16)
    assert model.movement(rows=1).nonzero()[0].tolist() == list(range(2000, 2025))
    assert len(model.movement(rows=1)) == len(model.most_moving(2**16)) == 2048


def test_of_coordinates_that_move_as_much_the_lower_comes_first() -> None:
    model = generator(lambda z: np.sign(z[:, 1::2]).reshape(-1, 1, 5, 5), dim=50)  # a pixel each
    assert [index for index, _ in model.most_moving(50)] == [*range(1, 50, 2), *range(0, 50, 2)]


def test_auto_says_which_coordinates_and_why(exported: Path, tmp_path: Path, cli: Cli) -> None:
    movement = ganzoo.load(exported).movement()
    best = (-movement).argsort(kind="stable")
    auto = cli("sweep", exported, "--dims", "auto:2", "--rows", 1, "-o", tmp_path / "auto.png")
    assert auto.code == 0, auto.err
    lines = auto.out.splitlines()
    assert lines[1:] == [*(f"z[{i}]  {movement[i]:.1f}" for i in best[:2]), auto.last]
    given = ",".join(map(str, best[:2]))
    cli("sweep", exported, "--dims", given, "--rows", 1, "-o", tmp_path / "given.png")
    assert (tmp_path / "auto.png").read_bytes() == (tmp_path / "given.png").read_bytes()
    five = cli("sweep", exported, "--rows", 1, "-o", tmp_path / "five.png")
    assert len(five.out.splitlines()) == 1 + 5 + 1


def test_an_interpolation_leads_through_image_0_of_each_seed(
    exported: Path, tmp_path: Path, cli: Cli
) -> None:
    done = cli("interpolate", exported, "--seeds", "7,-2,7", "-o", tmp_path / "x.png")
    assert done.code == 0, done.err
    sheet = Sheet(
        np.zeros((2, 1, 8, 28, 28, 1), np.uint8), rows=["seed 7 to -2", "seed -2 to 7"],
        columns=["0", "0.14", "0.29", "0.43", "0.57", "0.71", "0.86", "1"], groups=["t"],
        size=155, title="model",
    )  # fmt: skip
    picture = array(Image.open(done.last))
    model = ganzoo.load(exported)
    for row, column, seed in [(0, 0, 7), (0, 7, -2), (1, 0, -2), (1, 7, 7)]:
        drawn = cell(picture, sheet, row, 0, column)
        np.testing.assert_array_equal(drawn, model.sample(1, seed)[0])
    np.testing.assert_array_equal(
        cell(picture, sheet, 0, 0, 3), model.interpolate(7, -2, steps=8)[3]
    )


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_animations_go_there_and_back_for_ever(
    exported: Path, tmp_path: Path, cli: Cli, suffix: str
) -> None:
    swept = cli("sweep", exported, "--dims", "3,4", "--values", "-9,-3,3,9", "--rows", 2,
                "-o", tmp_path / f"s.{suffix}")  # fmt: skip
    walked = cli("interpolate", exported, "--seeds", "0,1,2", "--steps", 4,
                 "-o", tmp_path / f"w.{suffix}")  # fmt: skip
    longer = cli("interpolate", exported, "--seeds", "0,1", "-o", tmp_path / f"l.{suffix}")
    counts = []
    for done in (swept, walked, longer):
        assert done.code == 0, done.err
        with Image.open(done.last) as movie:
            counts.append(movie.n_frames)  # type: ignore[attr-defined]
            assert movie.info["loop"] == 0
            frames = [array(f.convert("L")) for f in ImageSequence.Iterator(movie)]
        for k in range(1, len(frames) // 2):
            np.testing.assert_array_equal(frames[k], frames[-k])
    assert counts == [2 * 4 - 2, 2 * 7 - 2, 2 * 24 - 2]


@pytest.mark.parametrize("suffix", ["gif", "webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_frames_are_the_columns_of_the_sheet(tmp_path: Path, suffix: str, channels: int) -> None:
    sheet = Sheet(noise(2, 3, 3, channels=channels), columns=["1", "a long one", "3"])
    sheet.save(tmp_path / f"x.{suffix}")
    frames = sheet.frames()
    with Image.open(tmp_path / f"x.{suffix}") as movie:
        shown = [array(f.convert("RGB")) for f in ImageSequence.Iterator(movie)]
    assert len({frame.image.size for frame in frames}) == 1
    for frame, there in zip([*frames, frames[1]], shown, strict=True):
        drawn = array(frame.image.convert("RGB"))
        # A GIF has 256 colours, which is enough for grey.
        allowed = 60 if (suffix, channels) == ("gif", 3) else 0
        assert np.abs(drawn.astype(int) - there).max() <= allowed


def test_frames_are_no_wider_for_there_being_many() -> None:
    few, many = (
        Sheet(noise(1, 2, count, side=60), columns=["3 sigma"] * count).frames()
        for count in (2, 40)
    )
    assert many[0].image.size == few[0].image.size


def test_one_value_is_one_frame(exported: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("sweep", exported, "--dims", "0,0", "--values", "-0", "-o", tmp_path / "x.gif")
    assert done.code == 0, done.err
    with Image.open(done.last) as movie:
        assert movie.n_frames == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [5, 70])
def test_labels_are_outside_of_the_images(channels: int, side: int) -> None:
    images = noise(3, 2, 2, side, channels)
    bare = Sheet(images)
    labelled = Sheet(images, rows=["a", "b", "c"], columns=["-3", "3"], groups=["g", "h"])
    for sheet, has_ink in ((bare, False), (labelled, True)):
        picture = array(sheet.draw())
        for at in np.ndindex(3, 2, 2):
            np.testing.assert_array_equal(cell(picture, sheet, *at), images[at])
            left, top, right, bottom = sheet.box(*at)
            assert (right - left) % side == 0
            picture[top:bottom, left:right] = 255
        assert (picture.min() < 128) == has_ink
    between = bare.box(0, 1, 0).left - bare.box(0, 0, 1).right
    assert between > bare.box(0, 0, 1).left - bare.box(0, 0, 0).right


@pytest.mark.parametrize("long", ["rows", "columns", "groups", "title"])
def test_long_labels_are_whole_and_apart(long: str) -> None:
    labels = {"rows": ["a"], "columns": ["0", "1"], "groups": ["g", "h"], "title": [""]}
    labels[long] = ["-0.000123456789 and so on"] * len(labels[long])
    white = np.full((1, 2, 2, 5, 5, 1), 255, np.uint8)
    (title,) = labels["title"]
    sheet = Sheet(white, labels["rows"], labels["columns"], labels["groups"], title)
    picture = array(sheet.draw())[:, :, 0]
    edge = 8
    inside = picture[edge:-edge, edge:-edge]
    assert (picture < 255).sum() == (inside < 255).sum()  # nothing reaches the edge
    if long == "columns":
        line = picture[sheet.box(0, 0, 0).top - 20 : sheet.box(0, 0, 0).top]
        for group, column in ((0, 0), (1, 0)):
            between = (
                sheet.box(0, group, column).right + sheet.box(0, group, column + 1).left
            ) // 2
            assert (line[4:, between - 2 : between + 2] == 255).all()


def height_of_letters(sheet: Sheet) -> int:
    """Of the heading of the first column, in pixels."""
    first = sheet.box(0, 0, 0)
    inked = (array(sheet.draw())[: first.top, first.left : first.right, 0] < 128).any(axis=1)
    return int(inked.sum())


@pytest.mark.parametrize(("columns", "side"), [(3, 28), (15, 28), (15, 96), (24, 96)])
def test_a_sheet_that_is_printed_15_cm_wide_can_be_read(columns: int, side: int) -> None:
    white = np.full((2, 1, columns, side, side, 1), 255, np.uint8)
    sheet = Sheet(white, rows=["image 0", "image 1"], columns=["0"] * columns, title="model")
    millimetres = 150 * height_of_letters(sheet) / sheet.draw().image.width
    assert millimetres > 1.6  # as the digits of a font of 6.5 points


def test_an_animation_too_large_for_its_format_is_refused(tmp_path: Path) -> None:
    sheet = Sheet(np.zeros((1, 1, 2, 1, 20_000, 1), np.uint8))
    with pytest.raises(UsageError, match=r"20024x25 pixels, and a \.webp file at most 16383"):
        sheet.save(tmp_path / "x.webp")
    sheet.save(tmp_path / "x.gif")
    assert [path.name for path in tmp_path.iterdir()] == ["x.gif"]


def test_slerp_has_exact_ends_and_keeps_the_length() -> None:
    a, b = latents.normal(2, 512, seed=1)
    path = latents.slerp(a, b, 9)
    np.testing.assert_array_equal(path[[0, -1]], [a, b])
    lengths = np.linalg.norm(path, axis=1)
    ends = np.linalg.norm([a, b], axis=1)
    assert (lengths > 0.97 * ends.min()).all()
    assert (lengths < 1.03 * ends.max()).all()
    assert np.linalg.norm((a + b) / 2) < 0.8 * ends.min()  # which a straight line would not
    angles = [np.arccos(a @ z / np.linalg.norm(a) / np.linalg.norm(z)) for z in path[1:]]
    assert np.diff(angles) == pytest.approx(angles[0], rel=0.2)


@pytest.mark.parametrize("factor", [-1, -2.5, 0, 1, 1 + 1e-6, 3])
def test_slerp_is_finite_where_there_is_no_angle(factor: float) -> None:
    a = latents.normal(1, 16)[0]
    b = (a * np.float32(factor)).astype(np.float32)
    for path in (latents.slerp(a, b, 5), latents.slerp(b, a, 5)[::-1]):
        assert np.isfinite(path).all()
        np.testing.assert_array_equal(path[[0, -1]], [a, b])
    assert not latents.slerp(np.zeros_like(a), np.zeros_like(a), 3).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "--dims", "3,100"], "there is no coordinate 100: this model has 0 … 99"),
        (["sweep", "--dims", "-1"], "there is no coordinate -1"),
        (["sweep", "--dims", "1.5"], "--dims takes whole numbers"),
        (["sweep", "--dims", ""], "--dims takes whole numbers with commas between them: 3,17"),
        (["sweep", "--dims", "3,,4"], "not '3,,4'"),
        (["sweep", "--dims", "auto:0"], "auto:3, not 'auto:0'"),
        (["sweep", "--values", "1,x"], "--values takes finite numbers"),
        (["sweep", "--values", "nan"], "--values takes finite numbers"),
        (["sweep", "--values", "1,-inf"], "--values takes finite numbers"),
        (["sweep", "--values", "1e39", "--dims", "0"], "must be finite numbers, as float32"),
        (["sweep", "--values", ""], "--values takes finite numbers"),
        (["sweep", "--rows", "0"], "--rows"),
        (["sweep", "-o", "x.jpg"], "name it x.png"),
        (["interpolate", "--seeds", "1"], "--seeds 1,2"),
        (["interpolate", "--seeds", "1,b"], "--seeds takes whole numbers"),
        (["interpolate", "--seeds", ""], "--seeds takes whole numbers"),
        (["interpolate", "--steps", "1"], "--steps"),
        (["interpolate", "-o", "x"], "x is none of them: name it x.png"),
    ],
)
def test_bad_input_is_one_line(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli,
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = cli(*arguments, exported)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_without_a_model_the_latest_run_is_taken(
    exported: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.chdir(tmp_path)
    for command, name in (("sweep", "sweep-seed3"), ("interpolate", "interpolate-5-6")):
        option = ["--seed", 3, "--dims", 1] if command == "sweep" else ["--seeds", "5,6"]
        by_torch = cli(command, "--runs", trained.parent, *option)
        assert by_torch.last == f"{trained.name}-{name}.png", by_torch.err
        by_onnx = cli(command, exported, *option)
        pictures = [array(Image.open(done.last)).astype(int) for done in (by_torch, by_onnx)]
        pictures = [picture[40:, :250] for picture in pictures]  # without the model's name
        assert np.abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["sweep", "--rows", "1"], "mlp-sweep-seed0.png"),
        (["interpolate", "--seeds", "0,1,2"], "mlp-interpolate-0-1-2.png"),
    ],
)
def test_no_torch_is_imported(
    exported: Path, tmp_path: Path, arguments: list[str], made: str
) -> None:
    command, *options = arguments
    done = process(
        "-X", "importtime", "-m", "ganzoo", command, exported, *options, cwd=tmp_path
    )  # fmt: skip
    assert (done.code, done.last) == (0, made)
    assert (tmp_path / made).is_file()
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.err.splitlines()}
    assert "onnxruntime" in imported
    assert not imported & {"torch", "torchvision", "onnx", "matplotlib", "ganzoo_plugins"}


def test_a_list_may_stand_in_brackets(exported: Path, tmp_path: Path, cli: Cli) -> None:
    files: list[Path] = []
    for dims, values in (
        ("1,20", "-1,0.5,10"),
        ("[1, 20]", "[-1, 0.5, 10]"),
        ("(1,20)", "-1,.5,10"),
    ):
        files.append(tmp_path / f"{len(files)}.png")
        done = cli("sweep", exported, "--dims", dims, f"--values={values}", "-o", files[-1])
        assert done.code == 0, done.err
    assert len({file.read_bytes() for file in files}) == 1
