"""Reports, comparisons and model cards: what they say is true, and they need nothing else."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.report import words as in_words
from ganzoo.runs.folder import Run
from tests.conftest import Cli, Ganzoo, process
from tests.pages import Page, needs_nothing

TINY = ("--data", "toy_garments", "--set-data", "count=16", "--epochs", 2, "--batch-size", 8)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run, to write into."""
    return Path(shutil.copytree(trained, tmp_path / trained.name))


def test_a_report_tells_all_of_a_run(run: Path, exported: Path, cli: Cli) -> None:
    done = cli("report", run, "--exports", exported.parent)
    assert (done.code, done.last) == (0, str(run / "report.html")), done.err
    page = Page(Path(done.last))
    assert needs_nothing(page)
    assert sum(a.startswith("data:image/webp") for a in page.addresses) == 6
    for words in (
        "mlp_gan-toy_garments-001",
        "mlp_gan, trained on 64 images of toy_garments (28x28, grey).",
        "generator, 28,128 parameters",
        "0 Linear 1,616 16",  # 100 * 16 + 16
        "Linear 100→16 LeakyReLU 0.2 · BatchNorm1d 1,648 16",  # in the graph
        "Netron (netron.app)",
        "The samples of the last epoch are nearly the same",  # and no more after two steps
        "option hidden 16,32",
        "D(x), at the end",
        f"{exported}, {exported.stat().st_size:,} bytes",
        "3 Gemm",
    ):
        assert words in page.text, words


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ("logits", "At 0.5 it cannot tell them apart. Diversity is"),
        ("wasserstein", "Its scale depends on how the critic is bounded. Diversity is"),
        ("critic", "above 0, the critic tells them apart. Diversity is"),
    ],
)
def test_a_report_explains_what_the_discriminator_gives(
    scores: str, words: str, run: Path, cli: Cli
) -> None:
    Run(run).write("run.json", replace(Run(run).facts(), scores=scores).to_json())
    done = cli("report", run)
    assert done.code == 0, done.err
    text = " ".join(Page(run / "report.html").text.split())
    assert words in text
    assert ("At 0.5" in text) == (scores == "logits")
    assert ("A critic's scores" in text) == (scores != "logits")


@pytest.mark.slow
def test_a_report_says_how_to_do_it_again(tmp_path: Path, cli: Cli, ganzoo: Ganzoo) -> None:
    command = ["train", "mlp_gan", "--set", "hidden=8", "--runs", f"{tmp_path}/my runs"]
    done = ganzoo(*command, *TINY)
    assert cli("resume", done.last, "--epochs", 1).code == 2  # so that does not count
    assert ganzoo("resume", done.last, "--epochs", "+1").code == 0
    assert cli("report", done.last).code == 0
    text = Page(Path(done.last, "report.html")).text
    assert f"ganzoo train mlp_gan --set hidden=8 --runs '{tmp_path}/my runs' --data toy" in text
    assert text.count("ganzoo resume") == 1
    assert f"ganzoo resume '{done.last}' --epochs +1" in text
    assert "epochs 3 batch size 8" in text


def test_what_is_not_exported_has_a_next_command(run: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli("report", run, "--exports", tmp_path).code == 0
    assert f"ganzoo export {run}" in Page(run / "report.html").text


def test_a_report_names_what_went_wrong(run: Path, cli: Cli) -> None:
    sure = {"d_real": 0.995, "d_fake": 0.004, "loss_d": 0.0, "loss_g": 6.0}
    count = {"samples_seen": 64, "images_per_second": 100.0}
    early = [{"step": i, "seconds": float(i), **count, **sure} for i in range(5)]
    late = [{"step": 9, "seconds": 9.0, **count, **sure, "d_fake": 0.4}]
    Run(run).write_lines("metrics.jsonl", [*early, *late])
    assert cli("report", run).code == 0
    page = Page(run / "report.html")
    assert "epoch 1: saturated discriminator: D(x) over 0.994" in page.text
    assert "Nothing is wrong that ganzoo looks for" in page.text  # it recovered
    Run(run).write_lines("metrics.jsonl", early)
    assert cli("report", run).code == 0
    assert "Nothing is wrong" not in Page(run / "report.html").text


def test_samples_that_are_nearly_the_same_are_not_said_to_differ(run: Path, cli: Cli) -> None:
    count = {"samples_seen": 64, "seconds": 1.0, "images_per_second": 100.0}
    Run(run).write_lines("metrics.jsonl", [{"step": 1, **count, "diversity": 0.0007}])
    assert cli("report", run).code == 0
    text = Page(run / "report.html").text
    assert "have not collapsed" not in text
    assert "nearly the same (their diversity is below 0.25)" in text


def test_a_diverged_run_is_not_called_healthy(run: Path, cli: Cli) -> None:
    how = {"outcome": "diverged", "why": "the generator's loss is nan at step 3", "step": 2}
    Run(run).write("status.json", how)
    assert cli("report", run).code == 0
    text = Page(run / "report.html").text
    assert "it diverged: the generator's loss is nan at step 3" in text
    assert "Nothing is wrong" not in text


def test_a_run_that_diverges_at_once_leaves_its_report(tmp_path: Path, cli: Cli) -> None:
    at_once = ("--lr", 1e30, "--runs", tmp_path, "--report")
    done = cli("train", "mlp_gan", "--set", "hidden=8", *TINY, *at_once)
    assert done.code == 7, done.err
    (run,) = tmp_path.iterdir()
    text = Page(run / "report.html").text
    assert "it diverged: " in text
    assert "Nothing was measured until now" in text
    assert "begin anew with a smaller learning_rate" in text


def test_what_is_missing_is_left_out(run: Path, tmp_path: Path, cli: Cli) -> None:
    """Real images of an older ganzoo, weights that were deleted, a plugin that is not installed."""
    (run / "samples" / "real.png").unlink()
    shutil.rmtree(run / "checkpoints")
    facts = Run(run).facts()
    gone = replace(facts, architecture=replace(facts.architecture, name="gone"))
    Run(run).write("run.json", gone.to_json())
    done = cli("report", run, "-o", tmp_path / "page.html")
    assert (done.code, done.last) == (0, str(tmp_path / "page.html")), done.err
    text = Page(tmp_path / "page.html").text
    assert "no architecture is called 'ganzoo:gone'" in text
    assert "The networks" not in text
    assert "What single latents do" not in text
    assert not (run / "report.html").exists()


def test_a_critics_numbers_have_its_names(tmp_path: Path, cli: Cli) -> None:
    run = cli("train", "wgan_clip", "--set", "width=4", *TINY, "--runs", tmp_path).last
    assert cli("report", run).code == 0
    text = Page(Path(run, "report.html")).text
    assert "critic(x), at the end" in text
    assert "Wasserstein, at the end" in text
    assert "D(x), at the end" not in text
    assert "max steps no limit" in text
    assert "optimizer of the generator RMSprop, learning rate 5e-05" in text
    assert "loss of D E[D(G(z))] - E[D(x)]" in text
    assert "ema no average" in text


def test_a_hinge_loss_is_not_called_wasserstein(trained: Path, tmp_path: Path, cli: Cli) -> None:
    small = ("--set", "width=4", "--set", "size=28")
    run = Path(cli("train", "sngan", *small, *TINY, "--runs", tmp_path).last)
    assert cli("report", run).code == 0
    assert cli("compare", trained, run, "-o", tmp_path / "page.html").code == 0
    for page in (run / "report.html", tmp_path / "page.html"):
        text = Page(page).text
        assert "gap" in text.lower(), page
        assert "Wasserstein" not in text, page
    for card in run.glob("checkpoints/step-*/README.md"):
        assert "score gap" in card.read_text()
    assert "score gap, at the end" in Page(run / "report.html").text


def test_what_users_named_is_text(tmp_path: Path, faces: Path, cli: Cli) -> None:
    data = faces.rename(tmp_path / "<b>&amp; faces")
    done = cli(
        "train", "mlp_gan", "--set", "hidden=8", "--data", data, "--batch-size", 8,
        "--epochs", 2, "--runs", tmp_path / "runs", "--report",
    )  # fmt: skip
    assert done.code == 0, done.err
    text = Path(done.last, "report.html").read_text()
    assert "<b>&amp; faces" not in text
    assert "&lt;b&gt;&amp;amp; faces" in text


def test_training_leaves_pictures_unless_it_shall_not(tmp_path: Path, cli: Cli) -> None:
    done = cli("train", "mlp_gan", "--set", "hidden=8", *TINY, "--runs", tmp_path, "--report")
    run = Path(done.last)
    left = {"report.html", "training.gif", "plots"}
    assert left <= {path.name for path in run.iterdir()}
    done = cli("train", "mlp_gan", "--set", "hidden=8", *TINY, "--runs", tmp_path, "--no-report")
    assert not left & {path.name for path in Path(done.last).iterdir()}
    assert not (json.loads((Path(done.last) / "run.json").read_text())["saving"]["report"])


def test_pictures_that_fail_take_nothing_from_the_training(tmp_path: Path, cli: Cli) -> None:
    done = cli("train", "mlp_gan", "--set", "hidden=8", *TINY, "--runs", tmp_path)
    run = Path(done.last)
    (run / "plots").write_text("in the way")
    again = cli("resume", run, "--report")
    assert (again.code, again.last) == (0, str(run))
    assert "some pictures could not be drawn" in again.err
    assert f"`ganzoo report {run}` draws them" in again.err
    assert (run / "report.html").exists()  # the others are there
    assert json.loads((run / "status.json").read_text())["outcome"] == "completed"


TALKS = """
import os, signal, sys
from ganzoo.cli import main
from torch import nn
forward, what = nn.Tanh.forward, sys.argv[1]
def talk(self, x):
    print("a plugin talks")
    if what == "interrupt" and os.path.exists("DIR/mlp_gan-toy_garments-001/plots"):
        os.kill(os.getpid(), signal.SIGINT)
    return forward(self, x)
nn.Tanh.forward = talk
main(sys.argv[2:])
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["talk", "interrupt"])
def test_pictures_are_drawn_in_silence_and_left_out_after_ctrl_c(tmp_path: Path, what: str) -> None:
    done = process(
        "-c", TALKS.replace("DIR", str(tmp_path)), what, "train", "mlp_gan", "--set", "hidden=8",
        *TINY, "--runs", tmp_path, "--report", "--progress", "json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert json.loads(done.last)["event"] == "finished"
    assert all("event" in json.loads(line) for line in done.out.splitlines())
    assert "a plugin talks" in done.err
    assert ("some pictures are not drawn" in done.err) == (what == "interrupt")
    assert (tmp_path / "mlp_gan-toy_garments-001" / "report.html").exists() == (what == "talk")


def test_runs_are_compared(trained: Path, tmp_path: Path, cli: Cli) -> None:
    runs = [
        Path(cli("train", name, *options, *TINY, "--runs", tmp_path).last)
        for name, options in (
            ("mlp_gan", ("--set", "hidden=8", "--seed", 7)),
            ("wgan_clip", ("--set", "width=4")),
        )
    ]
    page = tmp_path / "page.html"
    done = cli("compare", trained, *runs, "-o", page)
    assert (done.code, done.last) == (0, str(page)), done.err
    read = Page(page)
    assert needs_nothing(read)
    assert "architecture mlp_gan mlp_gan wgan_clip" in read.text
    assert "option width - - 4" in read.text
    assert "seed 0 7 0" in read.text
    assert "latent_dim" not in re.sub("one latent_dim", "", read.text)  # it is the same in all
    assert "Wasserstein estimate" in read.text
    assert re.search(r"last D\(x\) 0\.\d+ 0\.\d+ -", read.text)
    assert "Images 0 to 15 of seed 0" in read.text
    assert "fingerprint" in done.out


def test_a_run_without_weights_is_compared_too(trained: Path, run: Path, cli: Cli) -> None:
    shutil.rmtree(run / "checkpoints")
    other = run.rename(run.with_name("other"))
    done = cli("compare", trained, other, "-o", other / "page.html")
    assert done.code == 0, done.err
    page = Page(other / "page.html")
    assert "other has no checkpoint yet" in page.text
    assert sum(address.startswith("data:image") for address in page.addresses) == 1


@pytest.mark.parametrize(
    ("count", "page", "why"),
    [
        (1, "x.html", "compare takes two to 6 runs, not 1"),
        (2, "x.html", "not with itself"),
        (2, "x.jpg", "x.jpg is none: name it x.html"),
    ],
)
def test_a_comparison_takes_several_runs_and_the_name_of_a_page(
    trained: Path, tmp_path: Path, cli: Cli, count: int, page: str, why: str
) -> None:
    done = cli("compare", *[trained] * count, "-o", tmp_path / page)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert why in done.err
    assert not (tmp_path / page).exists()


def test_the_clock_starts_anew_with_every_resume() -> None:
    entries = [{"step": i, "seconds": s} for i, s in enumerate((1.0, 2.5, 3.0, 0.5, 2.0), 1)]
    assert in_words.seconds_of(entries, []) == pytest.approx(2.0)
    assert in_words.seconds_of(entries, [2]) == pytest.approx(2.5 + 2.0)  # it does not show
    assert in_words.seconds_of(entries, [2, 3]) == pytest.approx(2.5 + 3.0 + 2.0)
    assert in_words.seconds_of(entries, [4, 2, 3, 3]) == pytest.approx(2.5 + 3.0 + 2.0)
    assert [in_words.duration(s) for s in (9.6, 125, 7260)] == ["10 s", "2 min 5 s", "2 h 1 min"]


def test_every_checkpoint_has_a_model_card(trained: Path) -> None:
    card = (trained / "checkpoints" / "step-00000002" / "README.md").read_text()
    front = card.split("---\n")[1]
    assert "pipeline_tag: unconditional-image-generation" in front
    assert "- mlp_gan\n" in front
    assert "TODO" not in card.upper()
    assert "{" not in re.sub(r"```json.*?```", "", card, flags=re.DOTALL)  # all is filled in
    assert "128 images seen, in 2 batches of 64" in card
    assert "| `model.safetensors` |" in card


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_a_comparison_is_one_page_of_paper(run: Path, tmp_path: Path, cli: Cli, kind: str) -> None:
    other = shutil.copytree(run, tmp_path / "other")
    facts = Run(other).facts()
    longer = replace(facts, config=replace(facts.config, learning_rate=0.5, epochs=77))
    Run(other).write("run.json", longer.to_json())
    page = tmp_path / f"page.{kind}"
    done = cli("compare", run, other, "-o", page, "--title", "Mine and yours")
    assert (done.code, done.last) == (0, str(page)), done.err
    content = page.read_bytes()
    if kind == "png":
        with Image.open(page) as picture:
            assert picture.size == (1654, 2338)  # A4, 200 dots to the inch
    elif kind == "pdf":
        assert content.count(b"/Type /Page ") == 1
        box = re.search(rb"/MediaBox \[([\d. ]+)\]", content)
        assert box
        assert [float(side) for side in box[1].split()] == pytest.approx([0, 0, 595, 842], abs=1)
    else:
        text = content.decode()
        for words in ("Mine and yours", "mlp_gan-toy_garments-001", "other", "different", "77",
            "Loss of D", "last D(x)"):  # fmt: skip
            assert f">{words}<" in text, words
        assert text.count("<image") == 2


def test_runs_without_grids_are_compared_all_the_same(run: Path, tmp_path: Path, cli: Cli) -> None:
    shutil.rmtree(run / "samples")
    other = shutil.copytree(run, tmp_path / "other")
    done = cli("compare", run, other, "-o", tmp_path / "page.svg")
    assert done.code == 0, done.err
    assert ">different<" not in (tmp_path / "page.svg").read_text()
    assert "128" in cli("runs", "--runs", tmp_path, "--json").out


def test_a_page_of_paper_keeps_wide_names_apart(run: Path, tmp_path: Path, cli: Cli) -> None:
    wide = shutil.copytree(run, tmp_path / ("W" * 80))
    done = cli("compare", run, wide, "-o", tmp_path / "page.svg")
    assert done.code == 0, done.err
    text = (tmp_path / "page.svg").read_text()
    assert max(map(len, re.findall("W{9,}…?", text))) < 36  # of 9 points, in a half of the page
    assert text.count("…") == 3  # in the title, above its picture, and in the table
