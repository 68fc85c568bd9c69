"""What is drawn of a run: curves, strip, animation."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.draw.pixels import from_file, grid, save_png, ungrid
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import ModelFileError
from ganzoo.objectives import non_saturating, relativistic
from ganzoo.report import curves, gallery
from ganzoo.report.curves import Curve
from ganzoo.runs.folder import Run
from ganzoo.runs.quantities import EVEN
from tests.conftest import Cli


def curve(*values: float) -> Curve:
    return Curve("x", np.arange(len(values), dtype=float), np.array(values, float))


def test_smoothing_moves_no_peak_and_keeps_both_ends() -> None:
    rising = curve(*range(20))
    for window in (1, 4, 7, 100):
        np.testing.assert_allclose(rising.smoothed(window), rising.values)
    peak = curve(0, 0, 0, 0, 9, 0, 0, 0, 0)
    assert peak.smoothed(3).tolist() == [0, 0, 0, 3, 3, 3, 0, 0, 0]
    assert peak.smoothed(0).tolist() == peak.values.tolist()
    assert curve().smoothed(5).tolist() == []


def test_epochs_are_counted_by_images(trained: Path) -> None:
    entries = [{"samples_seen": 30, "loss_d": 2.0}, {"samples_seen": 60, "diversity": 1.0}]
    facts = Run(trained).facts()
    of_sixty = replace(facts, data=replace(facts.data, images=60))
    found = curves.curve(entries, "loss_d", of_sixty)
    assert (found.at.tolist(), found.values.tolist()) == ([0.5], [2.0])


def test_a_critic_is_not_called_a_probability(critic: Run) -> None:
    charts = {chart.name: chart for chart in curves.charts(critic)}
    assert list(charts) == ["losses", "critic", "wasserstein", "diversity"]
    real, fake = (c.values for c in charts["critic"].curves)
    np.testing.assert_allclose(charts["wasserstein"].curves[0].values, real - fake, rtol=1e-6)
    assert charts["critic"].limits is None


def test_a_gap_is_an_estimate_of_a_wasserstein_objective_only(critic: Run) -> None:
    critic.write("run.json", replace(critic.facts(), scores="critic").to_json())  # hinge, say
    charts = {chart.name: chart for chart in curves.charts(critic)}
    assert list(charts) == ["losses", "critic", "gap", "diversity"]
    assert charts["gap"].title == "Gap of the critic's scores"
    real, fake = (c.values for c in charts["critic"].curves)
    np.testing.assert_allclose(charts["gap"].curves[0].values, real - fake, rtol=1e-6)


def test_plot_draws_all_of_a_run(trained: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("plot", trained, "-o", tmp_path)
    assert done.code == 0, done.err
    names = ["diversity", "losses", "probabilities", "real-and-generated", "strip"]
    assert sorted(tmp_path.iterdir()) == [tmp_path / f"{name}.png" for name in names]
    with Image.open(tmp_path / "losses.png") as light:
        assert light.size == (1280, 640)
        assert np.asarray(light)[2, 2].tolist() == [255] * 4
    assert cli("plot", trained, "-o", tmp_path, "--dark", "--no-smooth").code == 0
    with Image.open(tmp_path / "losses.png") as dark:
        assert np.asarray(dark)[2, 2, :3].max() < 40


def test_an_svg_names_no_other_address_and_is_the_same_each_time(
    trained: Path, tmp_path: Path, cli: Cli
) -> None:
    texts = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert cli("plot", trained, "-o", folder, "--format", "svg").code == 0
        texts.append((folder / "probabilities.svg").read_text())
    assert texts[0] == texts[1]
    assert set(re.findall(r'(\S+)="https?:', texts[0])) == {"xmlns", "xmlns:xlink"}
    assert "prefers-color-scheme: dark" in texts[0]
    assert "var(--series-1)" in texts[0]
    assert "#0072b2" not in texts[0].partition("</style>")[2]


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_all_figures_are_of_the_format_that_is_asked_for(
    trained: Path, tmp_path: Path, cli: Cli, kind: str
) -> None:
    done = cli("plot", trained, "-o", tmp_path, "--format", kind, "--title", "Mine & <b>")
    assert done.code == 0, done.err
    written = sorted(tmp_path.iterdir())
    assert {path.suffix for path in written} == {f".{kind}"}
    begin = {"svg": b"<svg", "pdf": b"%PDF-"}[kind]
    assert all(begin in path.read_bytes()[:200] for path in written)
    if kind == "svg":
        losses = (tmp_path / "losses.svg").read_text()
        for words in ("Mine &amp; &lt;b&gt;: Losses", "2 ln 2", ">epoch<", ">loss<"):
            assert words in losses, words


def test_a_picture_for_a_document_has_200_dots_to_the_inch(trained: Path, tmp_path: Path) -> None:
    sheet = gallery.beside_real(Run(trained))
    for suffix in (".png", ".svg", ".pdf"):
        sheet.save(tmp_path / f"x{suffix}")
    with Image.open(tmp_path / "x.png") as picture:
        (width, height), dots = picture.size, picture.info["dpi"]
    assert [round(each) for each in dots] == [200, 200]
    svg = (tmp_path / "x.svg").read_text()
    assert f'width="{width / 200}in" height="{height / 200}in"' in svg
    with Image.open(
        io.BytesIO(base64.b64decode(svg.partition("base64,")[2].partition('"')[0]))
    ) as same:
        np.testing.assert_array_equal(np.asarray(same), np.asarray(sheet.draw()))
    box = re.search(rb"/MediaBox \[ ([\d. ]+) \]", (tmp_path / "x.pdf").read_bytes())
    assert box
    assert [float(side) for side in box[1].split()] == pytest.approx(
        [0, 0, width * 72 / 200, height * 72 / 200]
    )


def test_losses_that_are_known_are_compared_with_a_blind_discriminator(trained: Path) -> None:
    facts = Run(trained).facts()
    lines = curves.even(facts.losses)
    assert lines == {2 * np.log(2): "D: 2 ln 2", np.log(2): "G: ln 2"}
    objectives = {
        text: loss
        for of in (non_saturating(), relativistic())
        for text, loss in zip(of.formulas, (of.discriminator_loss, of.generator_loss), strict=True)
    }
    assert objectives.keys() == EVEN.keys()
    images = torch.zeros(4, 1, 2, 2)
    for formula, (value, _) in EVEN.items():
        blind: Any = lambda shown: shown.flatten(1).sum(1)  # noqa: E731
        assert objectives[formula](blind, images, images).item() == pytest.approx(value)
    assert curves.even({"discriminator": "E[D(G(z))] - E[D(x)]"}) == {}


def test_the_diversity_stands_on_an_axis_from_nothing_to_that_of_real_images() -> None:
    assert curves.diversity([curve(0.4, 0.9)]).limits == (0, 1.05)
    beyond = curves.diversity([curve(0.4, 1.4), curve()]).limits
    assert beyond
    assert beyond == pytest.approx((0, 1.47))


@pytest.mark.parametrize("epochs", ["1,5,10,20", "[1, 5,10,20]", "20,10,5,1"])
def test_one_sheet_shows_the_epochs_that_are_named(
    trained: Path, tmp_path: Path, cli: Cli, epochs: str
) -> None:
    run = longer(trained, tmp_path, epochs=21)
    done = cli("plot", run.path, "--snapshots", epochs, "-o", tmp_path / "plots")
    assert done.code == 0, done.err
    with Image.open(tmp_path / "plots" / "snapshots.png") as shown:
        grids = [from_file(run.path / "samples" / f"epoch-{n:04d}.png") for n in (1, 5, 10, 20)]
        images = [ungrid(whole, 64, (28, 28)) for whole in grids]
        sheet = Sheet(
            np.stack([each.reshape(8, 8, *each.shape[1:])[:4, :4] for each in images], axis=1),
            groups=[f"epoch {n}" for n in (1, 5, 10, 20)],
        )
        np.testing.assert_array_equal(np.asarray(shown), np.asarray(sheet.draw()))


def test_many_snapshots_stand_in_rows(trained: Path, tmp_path: Path, cli: Cli) -> None:
    run = longer(trained, tmp_path, epochs=12)
    five = gallery.snapshot_sheet(run, "0,1,2,3,4").image
    whole = gallery.snapshot_sheet(run, "all", title="mine").image
    assert whole.width == five.width
    assert 3 * five.height < whole.height < 4 * five.height


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("3,40", "there is no sample grid of epoch 40"),
        ("7,20,21,22", "there is no sample grid of epochs 7, 20 to 22"),
        ("often", "--snapshots takes whole numbers with commas between them: 1,5,10,20"),
        ("²", "not '²'"),
        ("9" * 5000, "--snapshots takes whole numbers"),
    ],
)
def test_epochs_that_are_not_there_are_told_those_that_are(
    trained: Path, tmp_path: Path, cli: Cli, given: str, words: str
) -> None:
    run = longer(trained, tmp_path, epochs=12)
    (run.path / "samples" / "epoch-0007.png").unlink()
    done = cli("plot", run.path, "--snapshots", given, "-o", tmp_path / "plots")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert words in done.err
    assert "longer has sample grids of the epochs 0 to 6, 8 to 11" in done.err
    assert not (tmp_path / "plots").exists()


def test_many_epochs_are_told_in_few_words() -> None:
    assert gallery.ranges([]) == "none"
    assert gallery.ranges([0, 1, 5, 10, 11, 12]) == "0, 1, 5, 10 to 12"
    assert gallery.ranges(range(0, 100, 10)) == "0, 10, 20, 30, 40, 50, …, 90"


@pytest.mark.parametrize("count", [1, 5, 16, 64])
@pytest.mark.parametrize("shape", [(28, 28, 1), (96, 80, 3), (16, 16, 3)])
def test_ungrid_undoes_grid(count: int, shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)
    sheet = grid(images)[0]
    np.testing.assert_array_equal(ungrid(sheet, count, shape[:2]), images)
    with pytest.raises(ValueError, match="no grid of"):
        ungrid(sheet[1:], count, shape[:2])


def test_the_strip_shows_the_same_latents_at_five_moments(trained: Path, tmp_path: Path) -> None:
    run = longer(trained, tmp_path, epochs=9)
    strip = gallery.strip(run)
    assert list(strip.groups) == ["epoch 0", "epoch 2", "epoch 4", "epoch 6", "epoch 8"]
    assert strip.images.shape == (4, 5, 4, 28, 28, 1)
    whole = ungrid(from_file(run.path / "samples" / "epoch-0004.png"), 64, (28, 28))
    np.testing.assert_array_equal(strip.images[1, 2, 3], whole[8 + 3])


def test_real_images_stand_beside_generated_ones(trained: Path) -> None:
    sheet = gallery.beside_real(Run(trained))
    assert list(sheet.groups) == ["real: toy_garments", "epoch 2"]
    assert sheet.images.shape == (8, 2, 8, 28, 28, 1)


@pytest.mark.parametrize(
    ("images", "shape"), [(2, (1, 2)), (5, (1, 3)), (40, (5, 7)), (63, (7, 8))]
)
def test_few_real_images_stand_beside_as_many(
    trained: Path, tmp_path: Path, images: int, shape: tuple[int, int]
) -> None:
    run = longer(trained, tmp_path, epochs=1)
    facts = run.facts()
    run.write("run.json", replace(facts, data=replace(facts.data, images=images)).to_json())
    pixels = np.zeros((images, 28, 28, 1), np.uint8)
    save_png(grid(pixels), run.path / "samples" / "real.png")
    sheet = gallery.beside_real(run)
    assert (sheet.images.shape[0], sheet.images.shape[2]) == shape


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_has_a_frame_for_each_grid(
    trained: Path, tmp_path: Path, cli: Cli, suffix: str
) -> None:
    path = tmp_path / f"x{suffix}"
    done = cli("animate", trained, "-o", path)
    assert (done.code, done.last) == (0, str(path))
    with Image.open(path) as moving:
        assert getattr(moving, "n_frames", 1) == 3
        whole = moving.size
    assert cli("animate", trained, "-o", path, "--rows", 3, "--columns", 4).code == 0
    with Image.open(path) as moving:
        assert (whole[0] - moving.size[0], whole[1] - moving.size[1]) == (4 * 58, 5 * 58)


def test_an_mp4_takes_ffmpeg(trained: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("animate", trained, "-o", tmp_path / "x.mp4")
    if shutil.which("ffmpeg"):
        assert (tmp_path / "x.mp4").read_bytes()[4:8] == b"ftyp"
    else:
        assert done.code == 2
        assert "needs ffmpeg, which is not installed: name it .webp or .gif" in done.err


def test_a_number_that_is_none_in_the_name_of_a_grid(trained: Path, tmp_path: Path) -> None:
    run = longer(trained, tmp_path, epochs=3)
    (run.path / "samples" / "epoch-²³.png").write_bytes(b"")
    (run.path.parent / f"{run.path.name}-²").mkdir()
    assert len(gallery.snapshots(run)) == len(list((run.path / "samples").glob("epoch-0*.png")))
    assert Run.create(run.path.parent, run.path.name, run.facts()).path.name.endswith("-001")


def test_a_long_run_is_shown_by_some_of_its_grids(trained: Path, tmp_path: Path) -> None:
    frames = gallery.frames(longer(trained, tmp_path, epochs=100))
    assert len(frames) == gallery.MAX_FRAMES


def test_a_checkpoint_means_its_run(trained: Path, tmp_path: Path, cli: Cli) -> None:
    checkpoint = trained / "checkpoints" / "step-00000002"
    before = sorted(checkpoint.iterdir())
    assert cli("plot", checkpoint, "-o", tmp_path).code == 0
    assert (tmp_path / "losses.png").exists()
    assert sorted(checkpoint.iterdir()) == before


@pytest.mark.parametrize("name", ["p.png", "p.SVG", "p.pdf"])
def test_a_folder_of_charts_is_not_called_like_a_picture(
    trained: Path, tmp_path: Path, cli: Cli, name: str
) -> None:
    done = cli("plot", trained, "-o", tmp_path / name)
    assert (done.code, list(tmp_path.iterdir())) == (6, [])
    assert "is to be a folder of pictures: leave" in done.err
    (tmp_path / name).mkdir()
    assert cli("plot", trained, "-o", tmp_path / name).code == 0


@pytest.mark.parametrize("command", ["plot", "animate", "report"])
def test_what_is_no_run_is_said_in_one_line(tmp_path: Path, cli: Cli, command: str) -> None:
    done = cli(command, tmp_path)
    assert done.code == ModelFileError.exit_code
    assert done.err.count("\n") == 1
    assert "is a folder without a run in it" in done.err


def test_snapshots_are_drawn_of_the_epochs_asked_for(tmp_path: Path, cli: Cli) -> None:
    done = cli(
        "train", "mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16",
        "--epochs", 6, "--batch-size", 8, "--runs", tmp_path, "--snapshots", "1,4",
    )  # fmt: skip
    names = sorted(path.name for path in Path(done.last, "samples").iterdir())
    assert names == [*(f"epoch-000{epoch}.png" for epoch in (0, 1, 4, 6)), "real.png"]
    done = cli(
        "train", "mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=40",
        "--epochs", 4, "--batch-size", 64, "--runs", tmp_path, "--snapshots", "2",
    )  # fmt: skip
    names = sorted(path.name for path in Path(done.last, "samples").iterdir())
    assert names == [*(f"epoch-000{epoch}.png" for epoch in (0, 3, 4)), "real.png"]  # 2 is passed
    refused = cli("train", "mlp_gan", "--data", "toy_garments", "--snapshots", "often")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--snapshots takes whole numbers with commas between them: 1,5,10,20" in refused.err


def longer(trained: Path, tmp_path: Path, epochs: int) -> Run:
    """The run, as if it had gone on; a grid of noise for each epoch."""
    run = Run(tmp_path / "longer")
    shutil.copytree(trained, run.path)
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        images = rng.integers(0, 256, (64, 28, 28, 1), np.uint8)
        save_png(grid(images), run.path / "samples" / f"epoch-{epoch:04d}.png")
    return run


@pytest.fixture
def critic(tmp_path: Path, cli: Cli) -> Run:
    """A Wasserstein GAN after a few steps."""
    done = cli(
        "train", "wgan_clip", "--set", "width=4", "--data", "toy_garments", "--set-data",
        "count=16", "--epochs", 2, "--batch-size", 8, "--log-every", 1, "--runs", tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    return Run(Path(done.last))


def bomb(path: Path) -> None:
    """Write a small PNG that says it has 400 million pixels."""
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    path.write_bytes(made.getvalue())


def huge(path: Path) -> None:
    """Write a file of a terabyte that takes no place on the disk."""
    path.touch()
    os.truncate(path, 2**40)


def half(path: Path, whole: bytes) -> None:
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda path, _: os.mkfifo(path), "it is a device or a pipe"),
        (lambda path, _: path.symlink_to("/dev/zero"), "it is a device or a pipe"),
        (lambda path, _: bomb(path), "exceeds limit"),
        (half, ""),
        (lambda path, _: path.write_bytes(b"%!PS-Adobe"), "it is damaged, or no PNG"),
        (lambda path, _: huge(path), "it has more than 268,435,456 bytes"),
        (lambda path, _: path.mkdir(), "Is a directory"),
    ],
)  # fmt: skip
def test_a_grid_that_cannot_be_read_is_named_and_not_waited_for(
    trained: Path, tmp_path: Path, damage: Any, why: str, cli: Cli
) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    for name in ("real.png", max(gallery.snapshots(Run(run)), key=lambda s: s.epoch).path.name):
        file = run / "samples" / name
        whole = file.read_bytes()
        file.unlink()
        damage(file, whole)
        for command in ("plot", "report"):
            done = cli(command, run)
            assert done.code == 5, done.err
            assert f"{file} is no sample grid of {run}: " in done.err
            assert why in done.err
        shutil.rmtree(file) if file.is_dir() else file.unlink()
        file.write_bytes(whole)
    assert cli("plot", run).code == 0
