"""The Python door: it does what the commands do, to the last bit, and prints nothing of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.api.progress import Display
from ganzoo.api.run import TrainedRun
from ganzoo.api.signals import Stop
from ganzoo.api.watching import watch
from ganzoo.errors import GanzooError, PluginError, SettingError
from ganzoo.runs.beginning import begin
from ganzoo.runs.folder import Run
from ganzoo.train.events import Finished, Logged
from tests.conftest import Ganzoo, process
from tests.lives import content

SCRIPT = """
import ganzoo

run = ganzoo.train(
    "mlp_gan", data="toy_garments", data_options={"count": 64}, options={"hidden": (16, 32)},
    epochs=2, batch_size=16, ema=0.9, report=False,
)
run = ganzoo.resume(run, epochs="+1")
exported = run.export("x.onnx")
ganzoo.load("x.onnx").grid(16, seed=3).save("python.png")
"""
COMMANDS = """
train mlp_gan --data toy_garments --set-data count=64 --set hidden=16,32 --epochs 2 --batch-size 16
resume --epochs +1
export -o x.onnx
sample x.onnx -n 16 --seed 3 -o shell.png
"""


def test_a_script_ends_where_the_commands_do(tmp_path: Path, ganzoo: Ganzoo) -> None:
    """In the same weights, metrics, file and picture; without the command line, and in silence."""
    assert len(SCRIPT.strip().splitlines()) <= 15
    folders = {name: tmp_path / name for name in ("python", "shell")}
    for folder in folders.values():
        folder.mkdir()
    silent = "import sys; assert not [m for m in sys.modules if m.startswith('ganzoo.cli')]"
    env = {"OMP_NUM_THREADS": "1"}  # as the commands have it
    done = process("-c", f"{SCRIPT}\n{silent}", cwd=folders["python"], env=env)
    assert (done.code, done.out, done.err) == (0, "", "")
    for line in COMMANDS.strip().splitlines():
        words = [*line.split(), *(["--ema", "0.9", "--no-report"] if "train" in line else [])]
        assert ganzoo(*words, cwd=folders["shell"]).code == 0
    python, shell = (folder / "runs" / "mlp_gan-toy_garments-001" for folder in folders.values())
    assert content(python) == content(shell)
    assert (folders["python"] / "x.onnx").read_bytes() == (folders["shell"] / "x.onnx").read_bytes()
    pictures = [folders[name] / f"{name}.png" for name in folders]
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


def test_importing_imports_nothing_heavy() -> None:
    code = (
        "import sys, ganzoo; dir(ganzoo); "
        "print(sorted({'torch', 'numpy', 'onnxruntime', 'rich', 'typer', 'PIL'} & {*sys.modules}))"
    )
    assert process("-c", code).out == "[]\n"


def test_rooms_are_functions_too() -> None:
    """Whichever comes first: the module that is imported, or the function that is called."""
    code = (
        "import ganzoo; a = ganzoo.runs; import ganzoo.runs.folder, ganzoo.train.schedule; "
        "import inspect; print(a() is not None, len(ganzoo.runs('nowhere')), "
        "'epochs' in inspect.signature(ganzoo.train).parameters)"
    )
    assert process("-c", code).out == "True 0 True\n"


SIGINT_AS_USUAL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
TINY: dict[str, Any] = {
    "data": "toy_garments",
    "data_options": {"count": 32},
    "batch_size": 8,
    "report": False,
}


def test_what_is_wrong_is_an_error_with_names_of_python(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no setting is called 'epoch': did you mean 'epochs'"):
        ganzoo.train("mlp_gan", epoch=3)
    with pytest.raises(PluginError, match="did you mean 'mlp_gan'"):
        ganzoo.train("mlpgan")
    with pytest.raises(GanzooError, match=r"precision='tf32' needs"):
        ganzoo.train("mlp_gan", precision="tf32", runs=tmp_path, **TINY)
    run = ganzoo.train("mlp_gan", options={"hidden": (8,)}, epochs=1, runs=tmp_path, **TINY)
    with pytest.raises(GanzooError, match=r"another run: batch_size=4 \(the run has 8\)"):
        ganzoo.resume(run, batch_size=4)
    with pytest.raises(GanzooError, match=r"epochs takes a number like 30, .* not 'x'"):
        ganzoo.resume(run, epochs="x")
    with pytest.raises(ganzoo.errors.ModelFileError, match="did you mean"):
        ganzoo.resume("mlp_gan-toy_garments-002", runs=tmp_path)


def test_the_core_yields_events_and_can_be_stopped(tmp_path: Path) -> None:
    """`runs.begin` without a display: whoever iterates sees what happens, and may stop it."""
    seen: list[int] = []
    events = begin(
        "mlp_gan",
        options={"hidden": (8,)},
        data="toy_garments",
        data_options={"count": 32},
        settings={"batch_size": 8, "log_every": 1, "report": False},
        runs=tmp_path,
        stop=lambda: len(seen) >= 3,
    )
    for event in events:
        assert not event.state.generator.training
        if isinstance(event, Logged):
            seen.append(event.state.step)
    assert isinstance(event, Finished)
    assert (event.outcome, seen) == ("stopped", [1, 2, 3, 4])
    (run,) = ganzoo.runs(tmp_path)
    assert (run.outcome, run.metrics["step"].tolist()) == ("stopped", [1, 2, 3, 4])
    assert ganzoo.resume(run, epochs=1).outcome == "completed"


def test_a_script_that_is_interrupted_leaves_a_checkpoint_and_stops(tmp_path: Path) -> None:
    code = (
        "import ganzoo; ganzoo.train('mlp_gan', options={'hidden': (8,)}, data='toy_garments', "
        "data_options={'count': 32}, batch_size=8, epochs=100_000, report=False, progress='plain')"
        "; print('went on')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"{SIGINT_AS_USUAL}\n{code}"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout
        for line in running.stdout:
            if "epoch " in line and "step" in line:
                break
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert "went on" not in out
    assert "is stopped, and saved" in err.splitlines()[-1]
    (run,) = ganzoo.runs(tmp_path / "runs")
    assert run.outcome == "stopped"
    assert run.generator.sample(1).shape == (1, 28, 28, 1)


def test_watching_needs_no_process_of_its_own(tmp_path: Path) -> None:
    said: list[str] = []
    events = begin(
        "mlp_gan", options={"hidden": (8,)}, data="toy_garments", data_options={"count": 32},
        settings={"batch_size": 8, "epochs": 1, "report": False}, runs=tmp_path,
    )  # fmt: skip
    watched = watch(events, Display.nothing(), Stop(), said.append)
    assert watched.leads
    assert watched.last.outcome == "completed"
    assert said == []


def test_numbers_and_pictures_of_a_run(trained: Path, tmp_path: Path) -> None:
    run = TrainedRun(trained)
    metrics = run.metrics
    lengths = {len(column) for column in metrics.values()}
    assert lengths == {len(metrics["step"])}
    logged = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss_d"] for line in logged if "loss_d" in line]
    assert metrics["loss_d"][~np.isnan(metrics["loss_d"])].tolist() == losses
    with pytest.raises(KeyError, match="measured were step, "):
        metrics["no_such"]
    for name, picture in {"p.png": run.plot(), "p.svg": run.plot(), "p.pdf": run.plot()}.items():
        picture.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 5_000
    run.strip().save(tmp_path / "strip.png")
    for name, shown in {"grid": run.grid(), "snapshots": run.snapshots([0, 2])}.items():
        for suffix in ("png", "svg", "pdf"):
            shown.save(tmp_path / f"{name}.{suffix}")
        with Image.open(tmp_path / f"{name}.png") as written:
            assert [round(dots) for dots in written.info["dpi"]] == [200, 200]
            np.testing.assert_array_equal(np.asarray(shown), np.asarray(written))
        assert shown._repr_png_() == (tmp_path / f"{name}.png").read_bytes()
        assert b"<svg" in (tmp_path / f"{name}.svg").read_bytes()[:10]
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF-")
    assert run.strip()._repr_png_() == (tmp_path / "strip.png").read_bytes()
    assert run.plot()._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(GanzooError, match=r"pictures are .png, .svg or .pdf"):
        run.plot().save(tmp_path / "p.bmp")
    with pytest.raises(GanzooError, match=r"pictures are .png, .svg or .pdf"):
        run.grid().save(tmp_path / "p.jpg")


def test_its_networks_are_those_that_are_exported(trained: Path, exported: Path) -> None:
    import torch

    run = TrainedRun(trained)
    G, D = run.networks()
    z = np.random.default_rng(0).normal(size=(3, 100)).astype(np.float32)
    assert not any(m.training for network in (G, D) for m in network.modules())
    assert not any(p.requires_grad for network in (G, D) for p in network.parameters())
    images = G(torch.from_numpy(z))
    assert D(images).shape == (3,)
    theirs = ganzoo.load(exported).run(z)
    np.testing.assert_allclose(images.numpy(), theirs, atol=1e-5)
    np.testing.assert_array_equal(run.generator.draw(z), ganzoo.load(trained).draw(z))
    assert run.generator is run.generator


def test_runs_are_a_list_and_a_table(trained: Path) -> None:
    found = ganzoo.runs(trained.parent)
    assert [run.name for run in found] == [trained.name]
    assert found[-1].path == found[trained.name].path == trained
    assert "completed" in repr(found)
    assert f">{trained.name}</td>" in found._repr_html_()
    with pytest.raises(GanzooError, match="no run is called 'x'"):
        found["x"]
    assert trained.name in found[-1]._repr_html_()
    assert "completed" in repr(found[-1])


def test_numbers_of_numpy_are_settings_too(tmp_path: Path) -> None:
    numbers: dict[str, Any] = {"epochs": np.int64(1), "learning_rate": np.float32(0.5)}
    numbers |= {"save_every": 2, "snapshots": [1, 2]}
    run = ganzoo.train("mlp_gan", options={"hidden": np.int64(8)}, runs=tmp_path, **TINY | numbers)
    assert (run.facts.saving.save_every, run.facts.saving.snapshots) == ("2", "1,2")
    assert (run.facts.config.epochs, run.facts.config.learning_rate) == (1, 0.5)


def test_a_run_is_found_after_the_folder_was_changed(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained.parent)
    (run,) = ganzoo.runs(".")
    monkeypatch.chdir(tmp_path)
    assert run.path == trained
    assert len(run.metrics["step"])


@pytest.mark.slow
def test_sigterm_writes_a_checkpoint_before_it_ends_a_script(tmp_path: Path) -> None:
    code = SCRIPT.replace("epochs=2", "epochs=100_000, progress='plain'")
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        for line in running.stdout:
            if "epoch " in line and "step" in line:
                break
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert running.returncode == -signal.SIGTERM
    (run,) = ganzoo.runs(tmp_path / "runs")
    assert run.outcome == "stopped"


@pytest.mark.slow
def test_what_began_a_run_is_noted_as_it_was_typed(tmp_path: Path) -> None:
    words = {"epochs": 1, "options": {"hidden": (8,)}, "runs": str(tmp_path)}
    run = ganzoo.train("mlp_gan", **TINY | words)
    (call,) = run.facts.command
    assert call.startswith("ganzoo.train('mlp_gan', data='toy_garments', ")
    again = eval(call.replace(str(tmp_path), str(tmp_path / "again")), {"ganzoo": ganzoo})
    assert content(again.path) == content(run.path)


@pytest.mark.slow
def test_runs_stand_where_words_stand(trained: Path, tmp_path: Path) -> None:
    from ganzoo.report import figures, gallery, of_several

    run = TrainedRun(trained)
    gallery.animate(run, tmp_path / "x.gif")
    assert figures.write(run, tmp_path)
    other = tmp_path / "other"
    shutil.copytree(trained, other)
    of_several.compare([run, other], tmp_path / "x.html")
    with pytest.raises(GanzooError, match=r"providers and threads are for \.onnx"):
        ganzoo.load(run, threads=1)
    with pytest.raises(GanzooError, match="progress must be one of auto, rich"):
        ganzoo.train("mlp_gan", progress="bar", **TINY)  # type: ignore[arg-type]
    with pytest.raises(GanzooError, match="name another folder with runs="):
        ganzoo.train("mlp_gan", runs="/dev/null/x", epochs=1, **TINY)


def test_damaged_metrics_are_left_out(trained: Path, tmp_path: Path) -> None:
    run = TrainedRun(shutil.copytree(trained, tmp_path / "run"))
    before = len(run.metrics["step"])
    damaged = [
        '{"step": 2, "samples_seen": 9, "loss_d": null}',
        '{"step": "x"}',
        "[[[",
        '{"step": 8}',
        '{"step": 9, "samples_seen": 99, "diversity": [1]}',
    ]
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write("\n".join(damaged))
    assert len(run.metrics["step"]) == before + 1
    assert "completed" in repr(ganzoo.runs(tmp_path))
    assert run.report().exists()


def test_a_run_says_its_losses_and_its_first_weights(tmp_path: Path) -> None:
    options = {"hidden": 64}
    run = ganzoo.train("mlp_gan", options=options, runs=tmp_path, **TINY)
    mean, deviation, least, most = run.facts.initial_weights["generator"]["Linear"]
    assert abs(mean) < 0.01
    assert least <= deviation <= most < 0.2
    written = json.loads((run.path / "run.json").read_text())
    assert written["losses"] == {
        "words": "binary cross-entropy on logits, non-saturating",
        "discriminator": "E[-log sigmoid(D(x))] + E[-log(1 - sigmoid(D(G(z))))]",
        "generator": "E[-log sigmoid(D(G(z)))]",
    }
    assert "E[-log sigmoid(D(G(z)))]" in run.report().read_text()
    card = next(run.path.glob("checkpoints/*/README.md"))
    assert "- loss of G: `E[-log sigmoid(D(G(z)))]`" in card.read_text()
    assert "- optimizer of the generator: `Adam, learning rate 0.0002" in card.read_text()
    for name in ("losses", "initial_weights"):
        del written[name]  # as in a run of before
    (run.path / "run.json").write_text(json.dumps(written))
    before = Run(run.path).facts()
    assert before.losses == {}
    assert before.initial_weights == {}
    written["initial_weights"] = {"generator": {"Linear": ["large"]}}
    (run.path / "run.json").write_text(json.dumps(written))
    with pytest.raises(ganzoo.errors.ModelFileError, match="'Linear' is"):
        Run(run.path).facts()


def test_a_run_says_what_its_optimizers_were_told(tmp_path: Path) -> None:
    run = ganzoo.train(
        "mlp_gan", options={"hidden": 8}, runs=tmp_path, **TINY, discriminator_learning_rate=1e-3
    )
    adam = {"name": "Adam", "learning_rate": 2e-4, "betas": [0.5, 0.999]}
    assert run.facts.optimizers == {
        "generator": adam, "discriminator": adam | {"learning_rate": 1e-3},
    }  # fmt: skip
    written = json.loads((run.path / "run.json").read_text())
    assert written["optimizers"] == run.facts.optimizers
    assert "Adam, learning rate 0.001, betas 0.5, 0.999" in run.report().read_text()
    del written["optimizers"]  # as in a run of before
    (run.path / "run.json").write_text(json.dumps(written))
    assert Run(run.path).facts().optimizers == {}
