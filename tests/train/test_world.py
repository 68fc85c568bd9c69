"""Several processes, real ones, train what one does."""

from __future__ import annotations

import copy
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import logsigmoid

from ganzoo.errors import DeviceError, UsageError
from ganzoo.seeds import derive
from ganzoo.train.batches import Batches
from ganzoo.train.state import TrainState
from ganzoo.train.world import ALONE, World
from tests import rank
from tests.conftest import ROOT, Ganzoo, install_rows
from tests.lives import content

ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
SLOW = pytest.mark.slow
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node")


def torchrun(processes: int, *command: object, site: Path = ROOT) -> None:
    done = subprocess.run(
        [*TORCHRUN, str(processes), *map(str, command)],
        env=ENVIRONMENT | {"PYTHONPATH": f"{ROOT}{os.pathsep}{site}"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("processes", [2, pytest.param(4, marks=SLOW)])
def test_processes_end_in_the_weights_of_one(processes: int, tmp_path: Path) -> None:
    """Two have no batch norm, so a share of a batch knows nothing of the rest.

    The networks of `labelled` get labels: each process those of its own images.
    """
    without_norm = ["mlp_gan_relu", "labelled"]
    subprocess.run(
        [sys.executable, "-m", "tests.rank", tmp_path, *without_norm], env=ENVIRONMENT, check=True
    )
    torchrun(processes, "-m", "tests.rank", tmp_path, *without_norm, "mlp_gan")
    right = {name: load_file(tmp_path / f"{name}-alone") for name in without_norm}
    right["mlp_gan"] = emulate("mlp_gan", processes)
    for name, expected in right.items():
        leader = load_file(tmp_path / f"{name}-0")
        for key, value in expected.items():
            tolerance = 1e-6 if key == "metrics" else 1e-9  # metrics are float32
            torch.testing.assert_close(leader[key], value, rtol=0, atol=tolerance)
        for other in range(1, processes):
            ours = load_file(tmp_path / f"{name}-{other}")
            assert all(torch.equal(ours[key], leader[key]) for key in leader)


def emulate(name: str, processes: int) -> dict[str, Tensor]:
    """One process that does what several should, with the batch-norm statistics of each share."""
    torch.set_default_dtype(torch.float64)
    try:
        gan, config, pixels = rank.setting(name)
        state = TrainState.fresh(gan, config, torch.device("cpu"))
        replicas = [copy.deepcopy((state.generator, state.discriminator)) for _ in range(processes)]
        batches = Batches(pixels, gan.image_range, torch.device("cpu"), config.seed)
        latents = torch.Generator()

        def update(which: int, losses: list[Tensor]) -> None:
            network = (state.generator, state.discriminator)[which]
            for replica in replicas:
                replica[which].zero_grad()
            (sum(losses) / processes).backward()  # type: ignore[union-attr]
            for p, *theirs in zip(
                network.parameters(), *(r[which].parameters() for r in replicas), strict=True
            ):
                p.grad = sum((q.grad for q in theirs), torch.zeros_like(p))
            (state.generator_optimizer, state.discriminator_optimizer)[which].step()
            synchronise()

        def synchronise() -> None:
            with torch.no_grad():
                for which, network in enumerate((state.generator, state.discriminator)):
                    for b, *theirs in zip(
                        network.buffers(), *(r[which].buffers() for r in replicas), strict=True
                    ):
                        mean = sum(theirs) / processes if b.is_floating_point() else theirs[0]
                        for buffer in (b, *theirs):
                            buffer.copy_(mean)
                    for p, *copies in zip(
                        network.parameters(),
                        *(r[which].parameters() for r in replicas),
                        strict=True,
                    ):
                        for q in copies:
                            q.copy_(p)

        def draw() -> list[Tensor]:
            z = torch.randn(rank.BATCH, gan.latent_dim, generator=latents).chunk(processes)
            return [G(part) for (G, _), part in zip(replicas, z, strict=True)]

        for step in range(rank.STEPS):
            real = batches.at(step * rank.BATCH, rank.BATCH).chunk(processes)
            latents.manual_seed(derive(config.seed, "latents", step))
            update(1, [
                -logsigmoid(D(x)).mean() - logsigmoid(-D(fake.detach())).mean()
                for (_, D), x, fake in zip(replicas, real, draw(), strict=True)
            ])  # fmt: skip
            update(0, [
                -logsigmoid(D(fake)).mean()
                for (_, D), fake in zip(replicas, draw(), strict=True)
            ])  # fmt: skip
        tensors = {f"G.{k}": v for k, v in state.generator.state_dict().items()}
        return tensors | {f"D.{k}": v for k, v in state.discriminator.state_dict().items()}
    finally:
        torch.set_default_dtype(torch.float32)


def start_training(runs: Path) -> subprocess.Popen[str]:
    """Two processes that would train for hours."""
    return subprocess.Popen(
        [*TORCHRUN, "2", "-m", "ganzoo", "train", "mlp_gan_shallow", "--data", "toy_garments",
         "--set-data", "count=64", "--epochs", "1000000", "--runs", str(runs)],
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def ranks(launcher: int) -> dict[int, int]:
    """The processes that torchrun started, by rank."""
    found = {}
    for child in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
        variables = Path(f"/proc/{child}/environ").read_text().split("\0")
        number = next((v[5:] for v in variables if v.startswith("RANK=")), None)
        if number is not None:
            found[int(number)] = int(child)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@SLOW
@pytest.mark.parametrize("victim", [0, 1])
def test_when_one_process_is_killed_the_other_ends(victim: int, tmp_path: Path) -> None:
    launcher = start_training(tmp_path)
    wait_for(lambda: list(tmp_path.glob("*/checkpoints/step-*")))
    os.kill(ranks(launcher.pid)[victim], signal.SIGKILL)
    killed = time.monotonic()
    _, errors = launcher.communicate(timeout=30)
    assert time.monotonic() - killed < 30
    assert launcher.returncode != 0
    assert "another process of this run ended" in errors


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@SLOW
@pytest.mark.parametrize("who", ["0", "1", "torchrun"])
def test_a_signal_stops_both_in_good_order(who: str, tmp_path: Path) -> None:
    launcher = start_training(tmp_path)
    wait_for(lambda: list(tmp_path.glob("*/checkpoints/step-*")))
    workers = ranks(launcher.pid)
    if who == "torchrun":  # as a terminal's Ctrl-C: the processes are in sessions of their own
        launcher.send_signal(signal.SIGINT)
    else:
        os.kill(ranks(launcher.pid)[int(who)], signal.SIGTERM)
    out, _ = launcher.communicate(timeout=60)
    (run,) = tmp_path.iterdir()
    name = "SIGINT" if who == "torchrun" else "SIGTERM"
    assert re.search(f"stopped by {name} after step .* go on with: ganzoo resume {run}", out)
    assert not [pid for pid in workers.values() if Path(f"/proc/{pid}").exists()]
    assert '"outcome": "stopped"' in (run / "status.json").read_text()
    assert '"processes": 2' in (run / "run.json").read_text()


@SLOW
@pytest.mark.parametrize("victim", [0, 1])
def test_torchrun_starts_anew_what_was_killed(victim: int, tmp_path: Path) -> None:
    """The same command goes on with the run that it began, and ends in the same bits."""
    arguments = [
        "-m", "ganzoo", "train", "mlp_gan", "--set", "hidden=16", "--data", "toy_garments",
        "--set-data", "count=640", "--batch-size", 16, "--epochs", 15, "--save-every", 20,
        "--log-every", 7, "--ema", 0.99, "--runs",
    ]  # fmt: skip
    torchrun(2, *arguments, tmp_path / "whole")
    command = [*TORCHRUN, "2", "--max-restarts", "3", *arguments, tmp_path / "killed"]
    with subprocess.Popen(
        [*map(str, command)], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as launcher:  # fmt: skip
        wait_for(lambda: list(tmp_path.glob("killed/*/checkpoints/step-*")))
        workers = ranks(launcher.pid)
        os.kill(workers[victim], signal.SIGKILL)
        out, errors = launcher.communicate(timeout=120)
    assert launcher.returncode == 0, errors
    assert "resumed " in out
    assert not [pid for pid in workers.values() if Path(f"/proc/{pid}").exists()]
    runs = [*(tmp_path / "killed").iterdir()]
    assert len(runs) == 1
    assert content(runs[0]) == content(tmp_path / "whole" / runs[0].name)


@SLOW
def test_the_leader_judges_and_the_others_wait(tmp_path: Path) -> None:
    """And they end in the same bits as without."""
    install_rows(tmp_path / "site")
    arguments = [
        "-m", "ganzoo", "train", "mlp_gan", "--set", "hidden=16", "--data", "toy_garments",
        "--set-data", "count=240", "--batch-size", 40, "--epochs", 3,
    ]  # fmt: skip
    judged = ["--eval-every", 4, "--eval-images", 100, "--eval-features", "rows", "--keep-best"]
    torchrun(2, *arguments, "--runs", tmp_path / "plain")
    torchrun(2, *arguments, *judged, "--runs", tmp_path / "judged", site=tmp_path / "site")
    plain, found = (content(next((tmp_path / name).iterdir())) for name in ("plain", "judged"))
    scores = [line for line in found["metrics"] if "frechet" in line]
    assert [line["step"] for line in scores] == [4, 8, 12, 16, 18]  # and the end
    found["metrics"] = [line for line in found["metrics"] if "frechet" not in line]
    assert found == plain


MEET = """
import os, signal, sys, time, torch
from ganzoo.train.world import joined
rank, restarts = int(os.environ["RANK"]), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
if restarts and rank == int(sys.argv[1]):
    time.sleep(1)
with joined(torch.device("cpu")) as world:
    world.barrier()
    if restarts < 2 and rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    world.barrier()
"""


@SLOW
@pytest.mark.parametrize("late", [0, 1])
def test_who_is_started_anew_does_not_wait_for_the_dead(late: int, tmp_path: Path) -> None:
    """torchrun's store still holds their addresses, and whoever is early would read them."""
    (tmp_path / "meet.py").write_text(MEET)
    torchrun(2, "--max-restarts", 2, tmp_path / "meet.py", late)


def test_one_process_alone_does_without_messages() -> None:
    tensor = torch.ones(3)
    ALONE.average([tensor])
    assert ALONE.leads
    assert ALONE.agree(False, True) == [False, True]
    assert ALONE.tell(b"x") == b"x"
    assert torch.equal(tensor, torch.ones(3))


def test_a_batch_that_cannot_be_shared_out_is_refused() -> None:
    assert World(1, 4).share(64) == 16
    with pytest.raises(
        UsageError, match=r"66 images cannot be shared by 4 .*multiple of 4, like batch_size=64"
    ):
        World(1, 4).share(66)


def test_variables_that_lead_nowhere_are_one_line(tmp_path: Path, ganzoo: Ganzoo) -> None:
    """As after `RANK=1 WORLD_SIZE=2 ganzoo train …` by hand."""
    result = ganzoo(
        "train", "mlp_gan", "--data", "toy_garments", "--runs", tmp_path,
        env={"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"},
    )  # fmt: skip
    assert result.code == DeviceError.exit_code
    assert result.err.splitlines()[-1].startswith("ganzoo: process 1 of 2: another process of this")
