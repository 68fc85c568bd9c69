"""Reports, comparisons and model cards: what they say is true, and they need nothing else."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ganzoo.report import story
from ganzoo.run import Run
from tests.conftest import Cli, process

TINY = ("--data", "toy_garments", "--set-data", "count=16", "--epochs", 2, "--batch-size", 8)


class Page(HTMLParser):
    """What a page says, and every address that it names."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(path.read_text())
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "href", "xlink:href", "action", "srcset", "data"}
        self.addresses += [value or "" for name, value in attrs if name in names]

    def handle_data(self, data: str) -> None:
        if self.lasttag not in {"style", "script"}:
            self.words.append(data)


def needs_nothing(page: Page) -> bool:
    return all(address.startswith(("data:", "#")) for address in page.addresses)


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
        "two of them differ 13% as much as two real ones",
        "--set hidden 16,32",
        "D(x), at the end",
        f"{exported}, {exported.stat().st_size:,} bytes",
        "3 Gemm",
    ):
        assert words in page.text, words


def test_a_report_says_how_to_do_it_again(tmp_path: Path, cli: Cli) -> None:
    command = ["train", "mlp_gan", "--set", "hidden=8", "--runs", f"{tmp_path}/my runs"]
    done = process("-m", "ganzoo", *command, *TINY)
    assert cli("resume", done.last, "--epochs", 1).code == 2  # so that does not count
    assert process("-m", "ganzoo", "resume", done.last, "--epochs", "+1").code == 0
    assert cli("report", done.last).code == 0
    text = Page(Path(done.last, "report.html")).text
    assert f"ganzoo train mlp_gan --set hidden=8 --runs '{tmp_path}/my runs' --data toy" in text
    assert f"ganzoo resume '{done.last}' --epochs +1" in text
    assert "epochs 3 batch size 8" in text


def test_what_is_not_exported_has_a_next_command(run: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli("report", run, "--exports", tmp_path).code == 0
    assert f"ganzoo export {run} --onnx" in Page(run / "report.html").text


def test_a_report_names_what_went_wrong(run: Path, cli: Cli) -> None:
    sure = {"d_real": 0.995, "d_fake": 0.004, "loss_d": 0.0, "loss_g": 6.0}
    count = {"samples_seen": 64, "images_per_second": 100.0}
    early = [{"step": i, "seconds": float(i), **count, **sure} for i in range(5)]
    late = [{"step": 9, "seconds": 9.0, **count, **sure, "d_fake": 0.4}]
    Run(run).write_lines("metrics.jsonl", [*early, *late])
    assert cli("report", run).code == 0
    page = Page(run / "report.html")
    assert "epoch 1: the discriminator is saturated: since step 0 D(x) is above 0.995" in page.text
    assert "Nothing is wrong that ganzoo looks for" in page.text  # it recovered
    Run(run).write_lines("metrics.jsonl", early)
    assert cli("report", run).code == 0
    assert "Nothing is wrong" not in Page(run / "report.html").text


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
    assert "pictures could not be drawn" in again.err
    assert f"`ganzoo report {run}` tries again" in again.err
    assert json.loads((run / "status.json").read_text())["outcome"] == "completed"


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
    assert "--set width - - 4" in read.text
    assert "seed 0 7 0" in read.text
    assert "latent_dim" not in re.sub("one latent_dim", "", read.text)  # it is the same in all
    assert "Wasserstein estimate of critics" in read.text
    assert "fingerprint" in done.out


@pytest.mark.parametrize(("count", "why"), [(1, "1 runs are not 2 to 6"), (2, "not with itself")])
def test_a_comparison_takes_several(
    trained: Path, tmp_path: Path, cli: Cli, count: int, why: str
) -> None:
    done = cli("compare", *[trained] * count, "-o", tmp_path / "x.html")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert why in done.err


def test_the_clock_starts_anew_with_every_resume() -> None:
    entries = [{"seconds": s} for s in (1.0, 2.5, 0.5, 1.5, 2.0)]
    assert story.seconds_of(entries) == pytest.approx(4.5)
    assert [story.duration(s) for s in (9.6, 125, 7260)] == ["10 s", "2 min 5 s", "2 h 1 min"]


def test_every_checkpoint_has_a_model_card(trained: Path) -> None:
    card = (trained / "checkpoints" / "step-00000002" / "README.md").read_text()
    front = card.split("---\n")[1]
    assert "pipeline_tag: unconditional-image-generation" in front
    assert "- mlp_gan\n" in front
    assert "TODO" not in card.upper()
    assert "{" not in re.sub(r"```json.*?```", "", card, flags=re.DOTALL)  # all is filled in
    assert "128 images seen, in 2 batches of 64" in card
    assert "| `model.safetensors` |" in card
