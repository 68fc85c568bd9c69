"""Runs and checkpoints: what is written, and that it is whole or refused."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, load_file, save

from ganzoo import TrainConfig
from ganzoo.draw import latents
from ganzoo.draw.pixels import from_file
from ganzoo.errors import GanzooError, ModelFileError, PluginError
from ganzoo.report import words
from ganzoo.runs.folder import Run
from ganzoo.runs.job import Job
from ganzoo.runs.recorder import Evaluate, record
from ganzoo.runs.saving import Saving
from ganzoo.runs.scores import Examined
from ganzoo.runs.state_files import restore, to_files
from ganzoo.runs.weights import load_generator, weights_sha256
from ganzoo.train.events import Evaluated, Event, Warned
from ganzoo.train.loop import fit
from ganzoo.train.state import TrainState
from tests.conftest import Cli, make_job


def test_a_runs_folder(trained: Path) -> None:
    files = sorted(p.relative_to(trained).as_posix() for p in trained.rglob("*") if p.is_file())
    parts = ["MANIFEST.json", "README.md", *FILES]
    assert files == [
        *(f"checkpoints/step-00000001/{part}" for part in parts),
        *(f"checkpoints/step-00000002/{part}" for part in parts),
        "lock",
        "metrics.jsonl",
        "run.json",
        "samples/epoch-0000.png",
        "samples/epoch-0001.png",
        "samples/epoch-0002.png",
        "samples/real.png",
        "status.json",
    ]
    facts = json.loads((trained / "run.json").read_text())
    assert facts["architecture"]["options"] == {
        "latent_dim": 100,
        "hidden": [16, 32],
        "slope": 0.2,
    }
    assert facts["data"]["images"] == 64
    assert json.loads((trained / "status.json").read_text())["outcome"] == "completed"
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 1, 2, 2]
    assert {"loss_d", "loss_g", "d_real", "d_fake", "images_per_second"} <= lines[0].keys()
    assert {"step", "epoch", "samples_seen", "diversity"} == lines[1].keys()


def test_a_checkpoint_holds_all_that_training_needs(trained: Path) -> None:
    folder = trained / "checkpoints" / "step-00000002"
    weights = load_file(folder / "model.safetensors")
    moments = load_file(folder / "optim.safetensors")
    state = json.loads((folder / "state.json").read_text())
    assert (state["step"], state["samples_seen"]) == (2, 128)
    assert state["param_groups"]["generator"][0]["betas"] == [0.5, 0.999]
    trainable = [n for n in weights if "running" not in n and "num_batches" not in n]
    expected = {f"{n}.{k}" for n in trainable for k in ("exp_avg", "exp_avg_sq", "step")}
    assert set(moments) == expected


def fresh() -> tuple[Job, TrainState]:
    job = make_job("mlp_gan", {"hidden": (8,)}, TrainConfig(batch_size=4))
    return job, TrainState.fresh(job.loaded.value, job.config, torch.device("cpu"))


def test_settings_that_an_optimizer_changed_come_back() -> None:
    """As a schedule changes the learning rate."""
    job, state = fresh()
    state.generator_optimizer.param_groups[0]["lr"] = 0.125
    files = {name: b"".join(parts) for name, parts in to_files(state, job.loaded, "x").items()}
    _, again = fresh()
    restore(again, files)
    assert again.generator_optimizer.param_groups[0]["lr"] == 0.125


def test_a_moment_of_another_shape_is_refused() -> None:
    """It might be broadcast otherwise."""
    job, state = fresh()
    for parameter in state.discriminator.parameters():
        parameter.grad = torch.ones_like(parameter)
    state.discriminator_optimizer.step()
    files = {name: b"".join(parts) for name, parts in to_files(state, job.loaded, "x").items()}
    moments = load(files["optim.safetensors"])
    name = next(name for name in moments if len(moments[name].shape) == 2)
    files["optim.safetensors"] = save(moments | {name: torch.zeros(1)})
    with pytest.raises(ModelFileError, match=rf"{name} has shape \(1,\)"):
        restore(fresh()[1], files)


class Noisy(torch.nn.Module):
    """A generator that draws noise of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.image = torch.nn.Parameter(torch.zeros(1, 1, 28, 28))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return (self.image + torch.randn(len(z), 1, 28, 28)).tanh()


def test_samples_depend_on_the_seed_alone(tmp_path: Path) -> None:
    """Also where a generator draws from torch's own random numbers, and leave those alone."""
    job = make_job("mlp_gan", {"hidden": (8,)}, TrainConfig(batch_size=8, epochs=1))
    noisy = replace(job.loaded.value, generator=Noisy)
    job = replace(job, loaded=replace(job.loaded, value=noisy))
    for runs, elsewhere in ((tmp_path / "a", 1), (tmp_path / "b", 2)):
        run = Run.create(runs, "x", job.facts(Saving()))
        torch.manual_seed(elsewhere)
        events = fit(noisy, job.images.pixels, job.config)
        started = next(record(run, events, job))
        assert torch.equal(torch.randn(3), torch.randn(3, generator=seeded_with(elsewhere)))
        assert started.state.step == 0
    first, second = (tmp_path / name / "x-001/samples/epoch-0000.png" for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def seeded_with(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_model_file_is_enough_to_draw_from(trained: Path, tmp_path: Path) -> None:
    alone = tmp_path / "somewhere.safetensors"
    shutil.copy(trained / "checkpoints" / "step-00000002" / "model.safetensors", alone)
    generator, network = load_generator(alone)
    assert generator.info.architecture == "mlp_gan"
    assert generator.info.samples_seen == 128
    assert generator.info.weights_sha256 == weights_sha256(network.state_dict())
    for source in (trained, trained / "checkpoints" / "step-00000002"):
        again, _ = load_generator(source)
        np.testing.assert_array_equal(again.sample(4), generator.sample(4))
    with safe_open(alone, "pt") as opened:
        assert opened.metadata()["ganzoo.schema"] == "1"


def test_the_grid_of_a_run_is_what_sample_draws(trained: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("sample", trained, "-o", tmp_path / "x.png")
    assert done.code == 0
    drawn, kept = tmp_path / "x.png", trained / "samples" / "epoch-0002.png"
    np.testing.assert_array_equal(from_file(drawn), from_file(kept))


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


FILES = ["model.safetensors", "optim.safetensors", "run.json", "state.json"]


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_found(trained: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "step-00000002"
    shutil.copytree(trained / "checkpoints" / "step-00000002", copy)
    damage(copy / name)
    with pytest.raises(ModelFileError, match=f"{name} is damaged"):
        load_generator(copy)


def test_a_model_card_is_for_people_to_edit(trained: Path, tmp_path: Path, cli: Cli) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    newest = run / "checkpoints" / "step-00000002"
    with (newest / "README.md").open("a") as card:
        card.write("Mine.")
    assert cli("sample", newest, "-o", tmp_path / "x.png").code == 0
    (newest / "README.md").unlink()
    assert cli("sample", newest, "-o", tmp_path / "x.png").code == 0
    resumed = cli("resume", run)
    assert (resumed.code, "damaged" in resumed.err) == (0, False)
    assert "at step 2 of 2" in resumed.out


@pytest.mark.parametrize("name", ["MANIFEST.json", "model.safetensors"])
def test_a_checkpoint_that_lacks_a_file_is_refused(
    trained: Path, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "step-00000002"
    shutil.copytree(trained / "checkpoints" / "step-00000002", copy)
    (copy / name).unlink()
    with pytest.raises(ModelFileError, match="no whole checkpoint"):
        load_generator(copy)


def test_what_is_no_model_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(ModelFileError, match="not a safetensors file"):
        load_generator(tmp_path / "text.safetensors")
    with pytest.raises(ModelFileError, match="does not exist"):
        load_generator(tmp_path / "missing")


def test_somebody_elses_safetensors_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelFileError, match="was not written by ganzoo"):
        load_generator(tmp_path / "x.safetensors")


def test_runs_are_numbered_and_the_latest_is_found(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="`ganzoo train NAME` makes one"):
        Run.latest(tmp_path)
    facts = make_job("mlp_gan", {}, TrainConfig()).facts(Saving())
    paths = [Run.create(tmp_path, "a-b", facts).path.name for _ in range(3)]
    assert paths == ["a-b-001", "a-b-002", "a-b-003"]
    (tmp_path / "a-b-1234").mkdir()
    assert Run.create(tmp_path, "a-b", facts).path.name == "a-b-1235"
    for name in ("a-b-002", "a-b-001"):
        (tmp_path / name / "checkpoints" / "step-00000001").mkdir(parents=True)
    assert Run.latest(tmp_path).path.name == "a-b-002"


def test_only_the_newest_checkpoints_are_kept(tmp_path: Path, cli: Cli) -> None:
    done = cli(
        "train", "mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16",
        "--epochs", 4, "--batch-size", 8, "--runs", tmp_path,
    )  # fmt: skip
    kept = sorted(p.name for p in Path(done.last, "checkpoints").iterdir())
    assert kept == ["step-00000006", "step-00000008"]
    assert len(list(Path(done.last, "samples").glob("epoch-*"))) == 5


def test_a_run_that_fails_says_why_and_keeps_its_last_checkpoint(tmp_path: Path) -> None:
    job = make_job("mlp_gan", {"hidden": (8,)}, TrainConfig(batch_size=8))
    calls = iter(range(1000))

    def fails_late(D, real, fake):  # type: ignore[no-untyped-def]
        return D(fake).mean() * (float("inf") if next(calls) >= 2 else 1.0)

    gan = job.loaded.value
    broken = replace(gan, objective=replace(gan.objective, generator_loss=fails_late))
    events = fit(broken, job.images.pixels, job.config)
    run = Run.create(tmp_path, "x", job.facts(Saving()))
    with pytest.raises(
        GanzooError, match=r"loss is -?inf at step 3; the last good .*step-00000002; try"
    ):
        list(record(run, events, job))
    status = json.loads((run.path / "status.json").read_text())
    assert status["outcome"] == "diverged"
    assert "loss is" in status["why"]
    generator, _ = load_generator(run.path)
    assert np.isfinite(generator.run(latents.normal(2, 100))).all()


def test_a_run_that_is_stopped_shows_what_it_draws_then(tmp_path: Path) -> None:
    job = make_job("mlp_gan", {"hidden": (8,)}, TrainConfig(batch_size=4, epochs=3))
    run = Run.create(tmp_path, "x", job.facts(Saving()))
    events = fit(job.loaded.value, job.images.pixels, job.config, stop=iter([False, True]).__next__)
    assert [*record(run, events, job)][-1].state.step == 2
    assert (run.path / "samples" / "step-00000002.png").exists()
    run.cut_metrics(2, mid_window=True)
    assert not (run.path / "samples" / "step-00000002.png").exists()


@pytest.mark.parametrize(
    ("mid_window", "in_turn", "left"),
    [(True, True, [1, 2]), (False, True, [1, 2, 2]), (False, False, [1, 2])],
)
def test_what_was_measured_after_a_checkpoint_is_cut_off(
    tmp_path: Path, mid_window: bool, in_turn: bool, left: list[int]
) -> None:
    run = Run(tmp_path)
    lines = [{"step": step, "samples_seen": 8 * step} for step in (1, 2, 3)]
    judged = [{**line, "frechet": 5.0} for line in lines[1:]]
    run.write_lines("metrics.jsonl", [*lines, *judged])
    run.cut_metrics(2, mid_window=mid_window, judged=in_turn)
    found = run.lines("metrics.jsonl")
    assert [line["step"] for line in found] == left
    assert [line["step"] for line in found if "frechet" in line] == [2] * in_turn


def test_so_does_one_that_is_stopped_after_an_epoch_without_a_snapshot(tmp_path: Path) -> None:
    job = make_job("mlp_gan", {"hidden": (8,)}, TrainConfig(batch_size=8, epochs=9))
    run = Run.create(tmp_path, "x", job.facts(Saving()))
    stop = iter([False, False, False, True]).__next__
    events = fit(job.loaded.value, job.images.pixels, job.config, stop=stop)
    state = [*record(run, events, job, snapshots={1})][-1].state
    grids = sorted(path.stem for path in (run.path / "samples").iterdir())
    assert grids == ["epoch-0000", "epoch-0001", "real", f"step-{state.step:08d}"]
    assert words.images_seen(run) == state.samples_seen
    assert words.epochs(run) == "2"
    (run.path / "samples" / f"step-{state.step:08d}.png").unlink()
    assert words.epochs(run) == "2"  # was measured
    run.write_lines("metrics.jsonl", [])
    assert words.epochs(run) == "1"  # was drawn


def judged(tmp_path: Path, evaluate: Evaluate) -> tuple[Run, list[Event]]:
    """A run of four steps, two epochs, whose pictures are judged after step 3 and at the end."""
    job = make_job("mlp_gan", {"hidden": (8,)}, TrainConfig(batch_size=8, epochs=2, log_every=9))
    saving = Saving(keep=1, keep_best=True, eval_every="3")
    run = Run.create(tmp_path, "x", job.facts(saving))
    events = fit(
        job.loaded.value, job.images.pixels, job.config,
        eval_every=saving.judged(), save_evaluated=saving.keep_best,
    )  # fmt: skip
    folder = run.path / "checkpoints"
    checkpoints = saving.checkpoints(folder, 16, 8, set(), lambda: run.lines("metrics.jsonl"))
    return run, [*record(run, events, job, checkpoints, evaluate=evaluate)]


def test_pictures_are_judged_before_the_checkpoint(tmp_path: Path) -> None:
    seen: list[int] = []

    def evaluate(state: TrainState) -> Examined:
        seen.append(state.step)
        time.sleep(0.3)
        distance = 5.5 if state.step == 3 else 6.5
        return Examined({"frechet": distance, "coverage": 0.25}, images=100, yardstick=7)

    began = time.perf_counter()
    run, events = judged(tmp_path, evaluate)
    took = time.perf_counter() - began
    assert seen == [3, 4]
    kinds = [type(event).__name__ for event in events if event.state.step == 4]  # one state
    at = kinds.index("Evaluated")
    assert kinds[at - 1 : at + 2] == ["EvaluationDue", "Evaluated", "CheckpointDue"]
    told, _ = (event for event in events if isinstance(event, Evaluated))
    assert told.scores == {"frechet": 5.5, "coverage": 0.25}
    assert (told.yardstick, told.seconds >= 0.3) == (7, True)
    lines = run.lines("metrics.jsonl")
    line, end = (line for line in lines if "frechet" in line)
    assert end["step"] == 4
    assert line.pop("evaluation_seconds") >= 0.3
    assert line.pop("seconds") <= end["seconds"] <= took - 0.6  # it is no time of training
    assert line == {
        "step": 3, "epoch": 1, "samples_seen": 24, "frechet": 5.5, "coverage": 0.25,
        "eval_images": 100, "yardstick": 7,
    }  # fmt: skip
    kept = sorted(path.name for path in (run.path / "checkpoints").iterdir())
    assert kept == ["step-00000003", "step-00000004"]  # the best, and the latest


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PluginError("mine: its features are not finite"), "mine: its features are not finite"),
        (np.linalg.LinAlgError("no convergence"), "LinAlgError: no convergence"),
        (MemoryError(), "MemoryError"),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
    ],
)
def test_a_judgement_that_fails_ends_no_training(
    tmp_path: Path, error: Exception, said: str
) -> None:
    def evaluate(state: TrainState) -> Examined:
        raise error

    run, events = judged(tmp_path, evaluate)
    text, _ = (event.text for event in events if isinstance(event, Warned))
    assert text.partition(" (test_recorder.py, line ")[0] == (
        f"the pictures could not be judged: {said}"
    )
    assert events[-1].state.step == 4
    assert not [line for line in run.lines("metrics.jsonl") if "frechet" in line]


def test_ctrl_c_in_a_judgement_ends_the_training(tmp_path: Path) -> None:
    def evaluate(state: TrainState) -> Examined:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(tmp_path, evaluate)
    (run,) = tmp_path.iterdir()
    assert json.loads((run / "status.json").read_text())["outcome"] == "interrupted"


def test_a_run_whose_reader_gives_up_says_so(tmp_path: Path) -> None:
    job = make_job("mlp_gan", {"hidden": (8,)}, TrainConfig(batch_size=8))
    run = Run.create(tmp_path, "x", job.facts(Saving()))
    recorded = record(run, fit(job.loaded.value, job.images.pixels, job.config), job)
    next(recorded)
    status = run.path / "status.json"
    assert json.loads(status.read_text())["outcome"] == "running"
    recorded.close()
    assert json.loads(status.read_text())["outcome"] == "interrupted"


def test_a_damaged_neighbour_does_not_hide_the_latest_run(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "good", make_job("mlp_gan", {}, TrainConfig()).facts(Saving()))
    for name in ("good-001", "bad-001", "worse-001"):
        (tmp_path / name / "checkpoints" / "step-00000001").mkdir(parents=True)
    (tmp_path / "worse-001" / "run.json").write_text("{}")
    assert Run.latest(tmp_path) == run
