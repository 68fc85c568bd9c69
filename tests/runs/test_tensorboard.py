"""What TensorBoard would show of a run, read back by TensorBoard's own reader."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganzoo.errors import install
from ganzoo.runs.folder import Run
from tests.conftest import Cli

TINY = ("--data", "toy_garments", "--set-data", "count=16", "--batch-size", 8, "--tensorboard")


def read(run: Path) -> EventAccumulator:
    found = EventAccumulator(str(run / "tensorboard"), size_guidance={"images": 0, "scalars": 0})
    found.Reload()
    return found


def steps(found: EventAccumulator, tag: str) -> list[int]:
    return [event.step for event in found.Scalars(tag)]


def test_scalars_and_samples_are_those_of_the_run(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "mlp_gan", "--set", "hidden=8", *TINY, "--max-steps", 5, "--runs", tmp_path)
    assert (done.code, done.err) == (0, "")
    run = tmp_path / "mlp_gan-toy_garments-001"
    found = read(run)
    assert set(found.Tags()["scalars"]) == {
        "loss/discriminator", "loss/generator", "probability/real", "probability/fake",
        "gradient norm/discriminator", "gradient norm/generator", "diversity", "images per second",
    }  # fmt: skip
    assert not found.Tags()["graph"]
    lines = Run(run).lines("metrics.jsonl")
    for tag, name in (("loss/generator", "loss_g"), ("diversity", "diversity")):
        logged = {m["step"]: m[name] for m in lines if name in m}
        written = {event.step: event.value for event in found.Scalars(tag)}
        assert written.keys() == logged.keys()
        assert np.allclose([*written.values()], [*logged.values()], atol=1e-5)
    pictures = found.Images("samples")
    assert [picture.step for picture in pictures] == [0, 2, 4, 5]
    with (
        Image.open(io.BytesIO(pictures[-1].encoded_image_string)) as shown,
        Image.open(run / "samples" / "step-00000005.png") as drawn,
    ):
        assert np.array_equal(np.asarray(shown.convert("L")), np.asarray(drawn))


def test_what_a_resumed_run_does_again_is_shown_once(cli: Cli, tmp_path: Path) -> None:
    tiny = ("--set", "hidden=8", "--set", "width=4", *TINY)
    done = cli("train", "wgan_clip", *tiny, "--epochs", 3, "--save-every", 4, "--runs", tmp_path)
    run = Path(done.last)
    (newest,) = (run / "checkpoints").glob("step-00000006")
    (newest / "state.json").write_text("lost")  # so that it goes on from step 4
    done = cli("resume", run, "--tensorboard", "--epochs", 4)
    assert done.code == 0, done.err
    found = read(run)
    assert steps(found, "critic/wasserstein") == [2, 4, 6, 8]
    assert [picture.step for picture in found.Images("samples")] == [0, 2, 4, 6, 8]
    real, fake, estimate = (
        found.Scalars(f"critic/{name}")[0].value for name in ("real", "fake", "wasserstein")
    )
    assert np.isclose(estimate, real - fake, atol=1e-6)


def test_where_it_is_not_installed_one_line_says_so(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for module in ("ganzoo.runs.tensorboard", "torch.utils.tensorboard"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    done = cli("train", "mlp_gan", *TINY, "--runs", tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert install("tensorboard") in done.err
    assert not list(tmp_path.iterdir())
