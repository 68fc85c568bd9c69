"""The command line as users meet it: help at once, errors in one line, nothing left behind."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
import typer

from ganzoo import __version__
from ganzoo.cli.app import build
from tests.conftest import Cli, Ganzoo, install, process

HEAVY = {"torch", "torchvision", "onnxruntime", "onnx", "onnxscript", "matplotlib", "numpy", "PIL"}
TINY = ("--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16")


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["list"], ["--version"]])
def test_nothing_heavy_is_imported_to_look_around(arguments: list[str]) -> None:
    done = process("-X", "importtime", "-m", "ganzoo", *arguments)
    assert done.code == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.err.splitlines()}
    assert "typer" in imported
    assert not imported & HEAVY


def test_sampling_imports_no_torch(exported: Path, tmp_path: Path) -> None:
    done = process("-X", "importtime", "-m", "ganzoo", "sample", exported, "-n", 4, cwd=tmp_path)
    assert done.code == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.err.splitlines()}
    assert "onnxruntime" in imported
    assert not imported & {"torch", "torchvision", "onnx", "matplotlib", "ganzoo_plugins"}


def test_help_wraps_paragraphs_where_the_terminal_ends(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = [line.strip() for line in cli("train", "--help").out.splitlines()]
    assert "Ctrl-C stops it with a checkpoint, and `ganzoo resume` goes on. Started by" in text


def options(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the options of a command and of those below it, with the words that name each."""
    for parameter in (each for each in command.params if not getattr(each, "hidden", False)):
        names = (*parameter.opts, *parameter.secondary_opts)
        yield from ((path, name) for name in names if name.startswith("-"))
    for word, below in getattr(command, "commands", {}).items():
        yield from options(below, *path, word)


def test_no_option_is_cut_off_in_80_columns(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    every = [*options(typer.main.get_command(build()))]
    shown = {path: cli(*path, "--help").out for path in dict.fromkeys(path for path, _ in every)}
    assert len(shown) > 25
    for path, name in every:
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", shown[path]), (path, name)


def test_help_says_what_export_does_by_default(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """In brackets, rich takes words for its own and leaves them out."""
    monkeypatch.setenv("COLUMNS", "200")
    text = cli("export", "--help").out
    for default in ("any number", "20", "the lowest that has the opset"):
        assert f"Default: {default}." in text


def test_version_and_bare_call(cli: Cli) -> None:
    assert cli("--version").out.strip() == f"ganzoo {__version__}"
    assert "train" in cli("--help").out
    assert cli().code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "mlp_gam"], 3, "no architecture is called 'mlp_gam'; did you mean 'mlp_gan'?"),
        (["train", "mlp_gan", "--set", "depth=3"], 3, "no option 'depth'; its options are latent"),
        (["train", "mlp_gan", "--set", "latent_dim=x"], 3, "latent_dim=x is not of type int"),
        (["train", "mlp_gan", "--set", "latent_dim"], 3, "write key=value"),
        (["train", "mlp_gan", "--set", "hidden="], 3, "hidden= is not of type tuple[int, ...]"),
        (["train", "mlp_gan", "--set", "lr=0.1"], 3, "; --lr 0.1 is a setting of its training"),
        (["train", "mlp_gan", "--set", "batch-size=4"], 3, "; --batch-size 4 is a setting of its"),
        (["train", "mlp_gan", "--set", "snapshots=1"], 3, "; --snapshots 1 is a setting of its"),
        (
            ["train", "mlp_gan", *TINY, "--batch-size", "1"],
            2,
            "--batch-size 1 gives one image to each update, and batch norm needs two: "
            "--batch-size 2 is the least",
        ),
        (["train", "mlp_gan", *TINY, "--snapshots", "-1"], 2, "--snapshots takes whole numbers"),
        (["train", "mlp_gan", "--data", r"C:\faces\toy"], 4, r"no folder or file 'C:\faces\toy'"),
        (["train", "mlp_gan", "--data", "./missing"], 4, "no folder or file 'missing'"),
        (["train", "mlp_gan", "--data", "empty/"], 4, "empty holds no images"),
        (["train", "mlp_gan", "--data", "bad/"], 4, "bad/broken.png"),
        (["train", "mlp_gan", "--data", "toy_garment"], 4, "did you mean 'toy_garments'?"),
        (["train", "mlp_gan", "--data", "mnist", "--set-data", "download=no"], 4, "toy_garments"),
        (["train", "mlp_gan", "--set-data", "count=x", "--data", "toy_faces"], 3, "count=x is not"),
        (["train", "mlp_gan", *TINY, "--device", "gpu"], 2, "no device is called 'gpu'"),
        (["train", "mlp_gan", *TINY, "--batch-size", "0"], 2, "batch-size"),
        (["train", "mlp_gan", *TINY, "--lr", "-1"], 2, "--lr must be a positive number"),
        (["train", "mlp_gan", *TINY, "--lr", "x"], 2, "--lr"),
        (["train", "mlp_gan", *TINY, "--speed", "9"], 2, "--speed"),
        (["train"], 2, "Missing argument"),
        (["trian"], 2, "No such command 'trian'"),
        (["show", "mlp"], 3, "did you mean 'mlp_gan'?"),
        (["sample", "text.onnx"], 5, "text.onnx is not an ONNX file"),
        (["sample", "missing.onnx"], 5, "missing.onnx does not exist"),
        (["sample"], 5, "no run below 'runs' has a checkpoint"),
        (["sample", "text.onnx", "--z", "z.npy", "-n", "3"], 2, "leave -n and --seed out"),
        (["sample", "text.onnx", "-n", "0"], 2, "-n"),
        (["export", "--onnx"], 5, "`ganzoo train NAME` makes one"),
        (["export", "empty"], 5, "is a folder without a run in it"),
        (["export", "empty", "-o", "x"], 5, "is a folder without a run in it"),
        (["sample", "text.onnx", "-o", "x.jpg"], 2, "name it x.png"),
        (["train", "mlp_gan", *TINY, "--device", "cpu:3"], 2, "no device is called 'cpu:3'"),
        (
            ["train", "mlp_gan", *TINY, "--set", "latent_dim=-1"],
            3,
            "latent_dim must be at least 1, not -1",
        ),
        (
            ["show", "wgan_clip", "--set", "width=1"],
            3,
            "ganzoo 0.1.0: width must be at least 2, not 1",
        ),
    ],
)
def test_errors_are_one_line_with_an_exit_code(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], code: int, message: str,
) -> None:  # fmt: skip
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    (tmp_path / "text.onnx").write_text("hello")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    done = cli(*arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith("ganzoo: ")
    assert message in done.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_where_there_is_none(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "mlp_gan", *TINY, "--device", "cuda", "--runs", tmp_path / "runs")
    assert (done.code, done.err.count("\n")) == (8, 1)
    assert "use --device cpu" in done.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_trains_exports_and_samples(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "dcgan_anime96", "--set", "width=4", "--data", "toy_faces", "--set-data",
               "count=16", "--batch-size", 8, "--max-steps", 3, "--device", "cuda",
               "--runs", tmp_path)  # fmt: skip
    assert done.code == 0, done.err
    assert cli("export", done.last, "-o", tmp_path / "x.onnx").code == 0
    assert cli("sample", tmp_path / "x.onnx", "-o", tmp_path / "x.png").code == 0


def test_a_plugin_that_raises_at_import(tmp_path: Path, ganzoo: Ganzoo) -> None:
    install(tmp_path / "site", "sad-gan", "raise RuntimeError('no luck')", {"sad": "sad"})
    done = ganzoo("train", "sad", cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")})
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "'sad' of sad-gan 1.2 cannot be imported: RuntimeError: no luck" in done.err


def test_what_a_plugin_says_is_printed_as_it_is(tmp_path: Path, ganzoo: Ganzoo) -> None:
    source = "def odd():\n    '''[/odd] [red].'''\n    raise RuntimeError('[/tmp/x]')"
    install(tmp_path / "site", "odd-gan", source, {"odd": "odd", "mlp_gan": "odd"})
    env = {"PYTHONPATH": str(tmp_path / "site"), "COLUMNS": "200"}
    assert "[/odd] [red]." in process("-m", "ganzoo", "list", env=env).out
    doctor = ganzoo("doctor", env=env)
    assert doctor.code == 0, doctor.err
    assert doctor.out.count("RuntimeError: [/tmp/x]") == 2  # a name registered twice has two rows
    narrow = ganzoo("doctor", env=env | {"COLUMNS": "70"}).out
    assert re.search(r"features {6}patches *\n {15}version 1, steps=", narrow)


def test_small_data_gets_smaller_batches(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "dcgan_anime96", "--set", "width=2", "--data", "toy_faces",
               "--set-data", "count=40", "--max-steps", 1, "--runs", tmp_path)  # fmt: skip
    assert "16, not 512: the data set is small" in done.out
    assert "1 steps of 16 images, 0.4 epochs" in done.out


@pytest.mark.parametrize("words", [["list"], ["sample", "--help"]])
def test_a_reader_that_has_had_enough_is_no_error(words: list[str]) -> None:
    command = [sys.executable, "-m", "ganzoo", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.wait(60) == 141
        assert running.stderr is not None
        assert running.stderr.read() == b""


def test_the_plan_says_how_often_a_critic_is_trained(cli: Cli, tmp_path: Path) -> None:
    tiny = ("--set", "hidden=8", "--set", "width=4", "--data", "toy_garments", "--max-steps", 1)
    done = cli("train", "wgan_clip", *tiny, "--set-data", "count=16", "--runs", tmp_path)
    assert "steps         5 of the discriminator on each batch, 1 of the generator" in done.out


def test_the_plan_says_how_images_are_augmented(cli: Cli, tmp_path: Path) -> None:
    given = ("train", "mlp_gan", *TINY, "--max-steps", 1, "--no-report", "--runs", tmp_path)
    assert "\naugmented" not in cli(*given).out
    done = cli(*given, "--augment").out
    said = "\naugmented     what the discriminator sees, by DiffAugment"
    assert f"{said}; --no-augment leaves that out\n" in done
    assert f"{said}\n" in cli("resume", done.splitlines()[-1], "--max-steps", 2).out


def test_the_plan_says_what_is_hardly_meant(cli: Cli, tmp_path: Path) -> None:
    asked = ("--batch-size", 40, "--epochs", 5, "--snapshots", "0,5,6,100", "--runs", tmp_path)
    plan = cli("train", "mlp_gan", *TINY, *asked).out.partition("epoch ")[0]
    assert "repeated      each image is 2.5 times in a batch: there are fewer" in plan
    assert (
        "snapshots     none after epoch 6, 100: the run ends in epoch 5"
        in cli("train", "mlp_gan", *TINY, *asked).out
    )
    usual = ("--batch-size", 16, "--epochs", 5, "--snapshots", "0,5", "--runs", tmp_path)
    plan = cli("train", "mlp_gan", *TINY, *usual).out
    assert "repeated" not in plan
    assert "snapshots" not in plan


def test_one_image_in_a_batch_is_enough_without_batch_norm_of_vectors(
    cli: Cli, tmp_path: Path
) -> None:
    small = ("--set", "width=2", "--set-data", "count=4", "--max-steps", 1, "--batch-size", 1)
    for name in ("dcgan_fashion", "r1gan"):
        data = ("--data", "toy_garments", "--snapshots", 99, "--no-report")
        assert cli("train", name, *small, *data, "--runs", tmp_path).code == 0


def test_debug_shows_a_traceback(ganzoo: Ganzoo) -> None:
    done = ganzoo("--debug", "show", "nothing")
    assert "Traceback" in done.err
    assert "UnknownNameError" in done.err


def test_an_unwritable_folder_is_an_error_of_input_and_output(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = cli("train", "mlp_gan", *TINY, "--max-steps", 1, "--runs", tmp_path / "file" / "runs")
    assert (done.code, done.err.count("\n")) == (6, 1)
    assert str(tmp_path / "file") in done.err


def test_the_plan_is_printed_before_training(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "mlp_gan", *TINY, "--max-steps", 3, "--batch-size", 8, "--runs", tmp_path)
    plan = done.out.partition("epoch ")[0]
    for fact in (
        "mlp_gan of ganzoo", "hidden=8, ", "7,880 parameters", "6,289 parameters", "toy_garments",
        "16 images", "28x28", "3 steps of 8 images", "seed 0", "device",
    ):  # fmt: skip
        assert fact in plan, fact
    assert done.last == str(tmp_path / "mlp_gan-toy_garments-001")
    assert re.search(r"step 3/3 .*loss D .*loss G .*D\(x\) .*D\(G\(z\)\) .*images/s", done.out)


def test_list_and_doctor_as_json(cli: Cli) -> None:
    rows = json.loads(cli("list", "--json").out)
    names = {row["name"] for row in rows if row["package"] == "ganzoo"}
    assert {"mlp_gan", "dcgan_fashion", "dcgan_anime96", "wgan_clip", "toy_faces"} <= names
    found = json.loads(cli("doctor", "--json").out)
    assert found["versions"]["torch"] == version("torch")
    assert "toy_faces" in {d["name"] for d in found["datasets"] if d["ok"]}
    assert all(a["ok"] for a in found["architectures"])
    assert found["device"].startswith(("cpu (", "cuda", "mps"))


def test_show_prints_layers_and_a_table(cli: Cli) -> None:
    done = cli("show", "dcgan_anime96", "--set", "width=4")
    assert "ConvTranspose2d(100, 32, kernel_size=(4, 4)" in done.out
    assert "3 x 96 x 96" in done.out
    shown = json.loads(cli("show", "mlp_gan", "--json").out)
    assert shown["networks"]["generator"]["parameters"] == 561_168


def test_no_table_cuts_a_word(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = cli("show", "mlp_gan_shallow").out
    table = shown[shown.index("layer") : shown.index("discriminator")]
    assert "…" not in table
    kinds = [line.split() for line in table.splitlines()]
    assert ["1", "LeakyRe", "0", "128"] in kinds
    assert ["LU"] in kinds
