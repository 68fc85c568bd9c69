"""`ganzoo resume`: the same bits, or a reason why not; and what a damaged run does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig, registry
from ganzoo.batches import Batches
from ganzoo.cadence import Every
from ganzoo.checkpoint import restore, to_files
from ganzoo.commits import Checkpoints, verified
from ganzoo.errors import ModelFileError, PluginError, UsageError
from ganzoo.optimizers import rmsprop
from ganzoo.state import TrainState
from ganzoo.step import Stepper
from ganzoo.train import CheckpointDue, Logged, fit
from tests.conftest import Cli
from tests.lives import content

CPU = torch.device("cpu")
CONFIG = TrainConfig(batch_size=4, epochs=4, log_every=5, ema=0.9)
GANS: dict[str, dict[str, Any]] = {
    "mlp_gan": {"hidden": (8, 8)},
    "mlp_gan_dropout": {"hidden": (8, 8)},
    "dcgan_fashion": {"width": 2},
    "wgan_clip": {"width": 2},
}
Files = dict[str, bytes]
Numbers = dict[str, Any]


def gan(name: str) -> Architecture:
    return registry.load_architecture(name, GANS[name]).value


def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (22, 28, 28, 1), np.uint8)


def everything(state: TrainState) -> Numbers:
    loaded = registry.load_architecture("mlp_gan")  # of which the files only tell the name
    files = to_files(state, loaded, "none")
    return {name: b"".join(pieces) for name, pieces in files.items()}


def trained(architecture: Architecture, state: TrainState | None, break_after: int | None) -> Any:
    """The files at a break, or at the end; and what was logged until then."""
    logged = []
    files: Files = {}
    events = fit(architecture, pixels(), CONFIG, state=state, save_every=Every(1, "steps"))
    for event in events:
        if isinstance(event, Logged):
            logged.append((event.state.step, event.metrics))
        if isinstance(event, CheckpointDue) and event.state.step == break_after:
            return everything(event.state), logged
    files = everything(event.state)
    return files, logged


def fresh(architecture: Architecture) -> TrainState:
    """As a new process makes it: without the run's weights, were its seed another."""
    state = TrainState.fresh(architecture, CONFIG, CPU)
    for network in (state.generator, state.discriminator, state.average):
        assert network
        for tensor in network.state_dict().values():
            tensor.zero_()
    return state


@pytest.mark.parametrize(
    ("name", "breaks"),
    [("mlp_gan", (1,)), ("mlp_gan", (5, 6)), *((n, (2, 7, 11, 21)) for n in GANS)],
)
def test_with_breaks_it_ends_in_the_same_bits(name: str, breaks: tuple[int, ...]) -> None:
    """In the middle of an epoch, of a window of metrics, after a resume, just before the end."""
    architecture = gan(name)
    expected = trained(architecture, None, None)
    state, logged = None, []
    for end in (*breaks, None):
        files, lines = trained(architecture, state, end)
        logged += lines
        if end:
            state = fresh(architecture)
            restore(state, files, end)
    assert (files, logged) == expected


def weights(state: TrainState) -> list[Tensor]:
    assert state.average
    networks = (state.generator, state.discriminator, state.average)
    return [tensor.clone() for network in networks for tensor in network.state_dict().values()]


def continued(
    forget: Callable[[TrainState], object] = lambda state: None,
    stream: int = CONFIG.seed,
    order: int = CONFIG.seed,
    skipped: int = 0,
) -> list[Tensor]:
    """Weights after five steps behind a break, of which something was not restored."""
    architecture = gan("mlp_gan")
    files, _ = trained(architecture, None, 7)
    state = fresh(architecture)
    restore(state, files)
    forget(state)
    stepper = Stepper(architecture, state, replace(CONFIG, seed=stream), CPU)
    batches = Batches(pixels(), architecture.image_range, CPU, order)
    for _ in range(5):
        stepper(batches.at(state.samples_seen + skipped, CONFIG.batch_size))
    return weights(state)


def other_average(state: TrainState) -> None:
    assert state.average
    state.average.load_state_dict(state.generator.state_dict())


@pytest.mark.parametrize(
    "change",
    [
        {"forget": lambda state: state.generator_optimizer.state.clear()},
        {"forget": lambda state: state.discriminator_optimizer.state.clear()},
        {"forget": other_average},
        {"stream": 1},
        {"order": 1},
        {"skipped": -CONFIG.batch_size},
    ],
)
def test_what_is_not_restored_is_noticed(change: dict[str, Any]) -> None:
    """The test above could fail: each part of the state decides what the weights become."""
    files, _ = trained(gan("mlp_gan"), None, 12)
    expected = fresh(gan("mlp_gan"))
    restore(expected, files)
    pairs = list(zip(weights(expected), continued(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    pairs = list(zip(weights(expected), continued(**change), strict=True))
    assert not all(torch.equal(a, b) for a, b in pairs)


def test_metrics_that_were_not_reported_are_part_of_the_state() -> None:
    files, _ = trained(gan("mlp_gan"), None, 7)
    state = fresh(gan("mlp_gan"))
    restore(state, files)
    assert {step for step, _ in state.metrics.known["loss_g"]} == {7}


def damaged(files: Files, name: str, change: Callable[[dict[str, Tensor]], object]) -> Files:
    tensors = load(files[name])
    change(tensors)
    return files | {name: save(tensors)}


def wider(tensors: dict[str, Tensor]) -> None:
    name = next(n for n in tensors if n.endswith((".exp_avg", "0.weight")))
    tensors[name] = torch.zeros(tensors[name].shape[0] + 1, *tensors[name].shape[1:])


@pytest.mark.parametrize("name", ["model.safetensors", "ema.safetensors", "optim.safetensors"])
@pytest.mark.parametrize("change", [wider, lambda tensors: tensors.pop(min(tensors))])
def test_files_that_do_not_fit_are_refused(
    name: str, change: Callable[[dict[str, Tensor]], object]
) -> None:
    architecture = gan("mlp_gan")
    files, _ = trained(architecture, None, 3)
    with pytest.raises(ModelFileError, match=r"does not fit|has shape|lacks"):
        restore(fresh(architecture), damaged(files, name, change))


@pytest.mark.parametrize("missing", ["model.safetensors", "optim.safetensors", "ema.safetensors"])
def test_a_file_that_is_missing_is_named(missing: str) -> None:
    architecture = gan("mlp_gan")
    files, _ = trained(architecture, None, 3)
    del files[missing]
    with pytest.raises(ModelFileError, match=f"it lacks '{missing}'"):
        restore(fresh(architecture), files)


def test_a_checkpoint_under_another_ones_name_is_refused() -> None:
    files, _ = trained(gan("mlp_gan"), None, 3)
    with pytest.raises(ModelFileError, match="it is of step 3"):
        restore(fresh(gan("mlp_gan")), files, 4)


def test_an_optimizer_with_a_list_is_refused_before_anything_is_lost() -> None:
    state = TrainState.fresh(gan("mlp_gan"), CONFIG, CPU)
    parameter = next(state.generator.parameters())
    state.generator_optimizer.state[parameter] = {"history": [1, 2]}
    with pytest.raises(PluginError, match="keeps a list in 'history'"):
        everything(state)


def test_an_optimizer_of_strange_parameters_is_refused() -> None:
    state = TrainState.fresh(gan("mlp_gan"), CONFIG, CPU)
    stranger = nn.Parameter(torch.zeros(1))
    state.generator_optimizer = rmsprop()(nn.ParameterList([stranger]), state.discriminator)[0]
    with pytest.raises(PluginError, match="parameters of neither network"):
        everything(state)


class Counting(torch.optim.SGD):
    """With attributes, and numbers that are not of its parameters' type."""

    def __init__(self, parameters: Any, rate: float) -> None:
        super().__init__(parameters, lr=rate)
        self.scale = 0.5

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                of = self.state[p]
                of["sum"] = of.get("sum", torch.zeros_like(p, dtype=torch.float64)) + p.grad
                of["count"] = of.get("count", torch.zeros((), dtype=torch.int64)) + 1
                of["plain"] = of.get("plain", 0) + 1
                p.data -= group["lr"] * self.scale * (of["sum"] / of["count"]).to(p.dtype)


def test_an_optimizer_with_numbers_of_its_own_goes_on_exactly() -> None:
    architecture = replace(
        gan("mlp_gan"),
        optimizers=lambda g, d: (Counting(g.parameters(), 0.1), Counting(d.parameters(), 0.1)),
    )
    files, first = trained(architecture, None, 7)
    state = fresh(architecture)
    restore(state, files)
    files, second = trained(architecture, state, None)
    assert (files, first + second) == trained(architecture, None, None)


TINY = ("mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16",
        "--batch-size", 8, "--log-every", 3, "--save-every", 1)  # fmt: skip


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of seven steps, three and a half epochs."""
    from ganzoo.cli import main

    runs = tmp_path_factory.mktemp("half")
    with pytest.raises(SystemExit):
        main([*map(str, ("train", *TINY, "--max-steps", 7, "--keep", 3, "--runs", runs))])
    return runs / "mlp_gan-toy_garments-001"


@pytest.fixture
def run(half: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(half, tmp_path / "run")


@pytest.fixture(scope="module")
def longer(half: Path) -> dict[str, Any]:
    """What a run of six epochs ends in that was asked for at once."""
    from ganzoo.cli import main

    with pytest.raises(SystemExit):
        main([*map(str, ("train", *TINY, "--epochs", 6, "--runs", half.parent))])
    return content(half.parent / "mlp_gan-toy_garments-002")


def same(run: Path, expected: dict[str, Any]) -> bool:
    """Whether it ends like that, but for the picture of where it once ended before."""
    found = content(run)
    found.pop("step-00000007.png", None)
    return found == expected


def test_a_longer_run_is_that_run(run: Path, longer: dict[str, Any], cli: Cli) -> None:
    done = cli("resume", run, "--epochs", 4)
    assert done.code == 0, done.err
    assert f"resumed       {run}, at step 7 of 8" in done.out
    assert cli("resume", run, "--epochs", "+2").code == 0
    assert same(run, longer)
    done = cli("resume", run)
    assert (done.code, done.last) == (0, str(run))
    assert "at step 12 of 12\n" in done.out
    assert f"complete      longer with: ganzoo resume {run} --epochs +10\n" in done.out
    assert same(run, longer)
    history = [json.loads(line) for line in (run / "resumes.jsonl").read_text().splitlines()]
    assert [(h["step"], h["epochs"]) for h in history] == [(7, 4), (8, 6), (12, 6)]


def test_a_resume_remembers_what_an_earlier_one_was_asked(run: Path, cli: Cli) -> None:
    assert cli("resume", run, "--epochs", 10, "--max-steps", 9, "--keep", 1).code == 0
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["step-00000009"]
    assert "at step 9 of 9" in cli("resume", run).out
    assert "12 steps of 8" in cli("resume", run, "--max-steps", 12).out
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["step-00000012"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--lr", 0.1], "--lr is what the architecture says, not 0.1"),
        (["--batch-size", 16, "--seed", 3], "--batch-size is 8, not 16; --seed is 0, not 3"),
        (["--set", "hidden=16"], "--set hidden is 8, not 16"),
        (["--seed", 1], "--seed is 0, not 1"),
        (["--precision", "bf16", "--ema", 0.9], "--ema is what the architecture says, not 0.9; -"),
        (
            ["--epochs", 2],
            "the run has done 7 steps already, 3.5 epochs, and was to end after 4",
        ),
        (["--epochs", "-3"], "--epochs takes a number like 30, or +10, not '-3'"),
        (["--keep-every", "5 minutes"], "--keep-every takes steps or epochs, not minutes"),
        (["--save-every", "5 eons"], "'5 eons' is not like 500 (steps), '2 epochs' or '10 min"),
    ],
)
def test_another_run_is_refused(run: Path, cli: Cli, arguments: list[object], words: str) -> None:
    before = content(run)
    done = cli("resume", run, *arguments)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert words in done.err
    assert content(run) == before
    assert not (run / "resumes.jsonl").exists()


def test_what_the_run_has_may_be_said_again(run: Path, cli: Cli) -> None:
    assert cli("resume", run, "--batch-size", 8, "--seed", 0, "--set", "hidden=8").code == 0


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def test_the_newest_that_is_whole_wins(run: Path, longer: dict[str, Any], cli: Cli) -> None:
    newest = run / "checkpoints" / "step-00000007"
    flip(newest / "optim.safetensors")
    shutil.copytree(newest.with_name("step-00000005"), newest.with_name("step-00000009"))
    done = cli("resume", run, "--epochs", 6)
    assert done.code == 0
    assert f"{newest}/optim.safetensors is damaged: it is not what was written" in done.err
    assert f"{newest.with_name('step-00000009')} is rejected: it is of step 5" in done.err
    assert "at step 6 of 12" in done.out
    assert same(run, longer)


def test_where_none_is_whole_nothing_is_begun(run: Path, cli: Cli) -> None:
    for checkpoint in (run / "checkpoints").iterdir():
        flip(checkpoint / "state.json")
    before = sorted(p.name for p in run.rglob("*"))
    done = cli("resume", run)
    assert done.code == ModelFileError.exit_code
    assert done.err.count("\n") == 4
    assert done.err.splitlines()[-1].startswith(f"ganzoo: no checkpoint of {run} can be gone on")
    assert sorted(p.name for p in run.rglob("*")) == before


def test_a_damaged_description_is_put_back(run: Path, longer: dict[str, Any], cli: Cli) -> None:
    written = (run / "run.json").read_text()
    (run / "run.json").write_text(written.replace('"seed": 0', '"seed": 1'))
    done = cli("resume", run, "--epochs", 6)
    assert f"{run}/run.json is not what it was: it is put back" in done.err
    assert (run / "run.json").read_text() == written
    assert same(run, longer)
    (run / "run.json").unlink()
    assert cli("resume", run).code == 0


def test_a_run_without_a_checkpoint_begins_anew(
    run: Path, longer: dict[str, Any], cli: Cli
) -> None:
    shutil.rmtree(run / "checkpoints")
    done = cli("resume", run, "--epochs", 6)
    assert "at step 0 of 12" in done.out
    assert same(run, longer)


def test_other_images_are_refused_and_moved_ones_found(tmp_path: Path, cli: Cli) -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 28, 28), np.uint8)
    np.savez(tmp_path / "a.npz", images=images)
    command = ("train", "mlp_gan", "--set", "hidden=8", "--data", tmp_path / "a.npz", "--max-steps",
               2, "--runs", tmp_path)  # fmt: skip
    run = cli(*command).last
    (tmp_path / "a.npz").rename(tmp_path / "b.npz")
    done = cli("resume", run, "--epochs", "+1")
    assert (done.code, done.err.count("\n")) == (4, 1)
    images[0, 0, 0] ^= 1
    np.savez(tmp_path / "c.npz", images=images)
    done = cli("resume", run, "--epochs", "+1", "--data", tmp_path / "c.npz")
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert "are not the 16 that the run was begun with: give those with --data" in done.err
    assert cli("resume", run, "--epochs", "+1", "--data", tmp_path / "b.npz").code == 0


def test_other_circumstances_are_told(run: Path, cli: Cli) -> None:
    shutil.rmtree(run / "checkpoints")  # they would say better
    facts = json.loads((run / "run.json").read_text())
    facts["versions"]["torch"], facts["threads"] = "1.0", 77
    (run / "run.json").write_text(json.dumps(facts))
    now = f"threads was 77, is {torch.get_num_threads()}; torch was 1.0, is {torch.__version__}"
    assert f"ganzoo: not bit for bit what it would have been: {now}\n" in cli("resume", run).err


def test_there_must_be_a_run(tmp_path: Path, cli: Cli) -> None:
    for arguments in (["--runs", tmp_path], [tmp_path / "none"], [tmp_path]):
        done = cli("resume", *arguments)
        assert (done.code, done.err.count("\n")) == (5, 1), done.err


def test_half_a_line_of_metrics_is_cut(run: Path, longer: dict[str, Any], cli: Cli) -> None:
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 8, "epoch": 4}\n{"step": 9, "ep')
    assert cli("resume", run, "--epochs", 6).code == 0
    assert same(run, longer)


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("500", Every(500, "steps")),
        ("1 step", Every(1, "steps")),
        ("2 epochs", Every(2, "epochs")),
        ("3e", Every(3, "epochs")),
        ("0.5 minutes", Every(0.5, "minutes")),
        ("10m", Every(10, "minutes")),
    ],
)
def test_how_often(text: str, every: Every) -> None:
    assert Every.parse(text) == every


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "2 weeks", "0.5 epochs", "inf", "1 e 2"])
def test_how_not(text: str) -> None:
    with pytest.raises(UsageError):
        Every.parse(text)


def test_a_checkpoint_when_it_is_due() -> None:
    def due(every: Every) -> list[int]:
        events = fit(gan("mlp_gan"), pixels(), CONFIG, save_every=every)
        return [e.state.step for e in events if isinstance(e, CheckpointDue)]

    assert due(Every(8, "steps")) == [8, 16, 22]
    assert due(Every(1, "epochs")) == [6, 11, 17, 22]
    assert due(Every(3, "epochs")) == [17, 22]
    assert due(Every(1e-9, "minutes")) == [*range(1, 23)]
    assert due(Every(60, "minutes")) == [22]


def test_a_kept_checkpoint_is_whole(run: Path) -> None:
    found = [*Checkpoints(run / "checkpoints").newest_first()]
    assert [path.name for path in found] == [f"step-{n:08d}" for n in (7, 6, 5)]
    assert all(verified(path) for path in found)


def test_a_checkpoint_is_not_a_run(run: Path, cli: Cli) -> None:
    checkpoint = run / "checkpoints" / "step-00000007"
    before = sorted(checkpoint.iterdir())
    done = cli("resume", checkpoint)
    assert (done.code, done.err) == (
        5, f"ganzoo: {checkpoint} is a checkpoint, not a run: give {run}\n"
    )  # fmt: skip
    assert sorted(checkpoint.iterdir()) == before


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "checkpoints" / ".tmp-mine").mkdir(parents=True)
    (tmp_path / ".notes.tmp").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert cli("resume", tmp_path).code == 5
    assert sorted(tmp_path.rglob("*")) == before


def test_which_run_is_the_latest_must_be_known(run: Path, cli: Cli) -> None:
    (run / "run.json").write_text('{"broken')
    done = cli("resume", "--runs", run.parent)
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert f"name it, as in `ganzoo resume {run}`" in done.err


def test_a_run_of_before_is_said_to_be_one(run: Path, cli: Cli) -> None:
    shutil.rmtree(run / "checkpoints")
    facts = json.loads((run / "run.json").read_text())
    del facts["saving"]
    (run / "run.json").write_text(json.dumps(facts))
    done = cli("resume", run)
    assert done.code == 5
    assert "was begun by a ganzoo that could not go on with runs" in done.err


def test_a_run_that_lost_its_checkpoints_says_so(run: Path, cli: Cli) -> None:
    shutil.rmtree(run / "checkpoints")
    assert f"{run} has no checkpoint: it begins anew" in cli("resume", run).err
