"""Completion of shells, asked as their scripts ask: by variables, in a process of its own."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.zoo import catalogue, options, registry, source
from tests.conftest import ROOT, Result, install, process

BROKEN = "print('loud')\nraise SystemExit(3)\ndef loud(*, wide: bool = True): ..."


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with two runs, one of them damaged, hostile ones, and a plugin that cannot load."""
    for name in ("one-001", "two-001", "$(touch pwned)", "-rf", "=ls"):
        (tmp_path / "runs" / name / "checkpoints" / "step-00000005").mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").write_text("{" if name == "two-001" else "{}")
    (tmp_path / "mine.onnx").touch()
    install(tmp_path / "site", "loud-gan", BROKEN, {"loud": "loud", "gone": "nowhere:gone"})
    info = tmp_path / "site" / "sad-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[ganzoo.architectures\n=\0")
    return tmp_path


def ask(place: Path, *words: str, shell: str = "bash") -> Result:
    """What a shell gets where the cursor stands at the end of the last of `words`."""
    env = {"_GANZOO_COMPLETE": f"complete_{shell}", "PYTHONPATH": paths(place)}
    if shell == "bash":
        env |= {"COMP_WORDS": "\n".join(("ganzoo", *words)), "COMP_CWORD": str(len(words))}
    else:
        env["_TYPER_COMPLETE_ARGS"] = " ".join(("ganzoo", *words))
    return process("-m", "ganzoo", cwd=place, env=env)


def paths(place: Path) -> str:
    return os.pathsep.join(map(str, (place / "site", ROOT, ROOT / "plugins")))


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["tr"], "train"),
        (["train", "r"], "r1gan r3gan"),
        (["train", "lou"], "loud"),
        (["show", "ganzoo", ":", "r1"], "r1gan"),
        (["show", "o"], "one-001"),
        (["graph", "w"], "wgan_clip wgan_gp"),
        (["train", "--data", "toy"], "toy_faces toy_garments"),
        (["eval", "--features", ""], "classifier inception patches"),
        (["train", "mlp_gan", "--eval-features", "cl"], "classifier"),
        (["train", "mlp_gan", "--device", "c"], "cpu cuda"),
        (["train", "mlp_gan", "--precision", "b"], "bf16"),
        (["train", "mlp_gan", "--discriminator-e"], "--discriminator-every"),
        (["train", "r1gan", "--set", "c"], "channels= classes= conditional="),
        (["train", "r1gan", "--set", "cond"], "conditional=no conditional=yes"),
        (["train", "r1gan", "--set", "size", "=", "9"], "96"),
        (["train", "r1gan", "--set", "conditional", "="], "no yes"),
        (["train", "mlp_gan", "--set", "latent-dim", "="], "100"),
        (["train", "mlp_gan", "--set", "lat"], "latent_dim= latent_dim=100"),
        (["train", "r1gan", "--set", "=", "siz"], "size=128 size=256 size=28 size=32 size=48 "
         "size=64 size=96"),
        (["train", "x", "--data", "mnist", "--set-data", "split", "=", "t"], "test train"),
        (["eval", "--features", "patches", "--set", "nothing"], ""),
        (["train", "loud", "--set", "wi"], "wide=no wide=yes"),
        (["train", "gone", "--set", ""], ""),
        (["train", "no_such", "--set", ""], ""),
        (["resume", ""], "one-001 two-001"),
        (["runs", "rm", "one-001", "t"], "two-001"),
        (["runs", ""], "rm"),
        (["sample", ""], "mine.onnx one-001 two-001"),
        (["sample", "runs/one-001/"], "runs/one-001/checkpoints/step-00000005"),
        (["sample", "runs/"], ""),
        (["sample", "--runs", "elsewhere", "o"], ""),
        (["compare", "one-001", "tw"], "two-001"),
        (["data", "clear", "mni"], "mnist"),
        (["check-plugin", "patch"], "patches"),
    ],
)  # fmt: skip
def test_bash_is_offered(place: Path, words: list[str], offered: str) -> None:
    done = ask(place, *words)
    assert (done.code, done.err, done.out.split()) == (0, "", offered.split())
    assert not (place / "pwned").exists()


def test_zsh_and_fish_are_offered_the_same(place: Path) -> None:
    zsh = ask(place, "train", "r1gan", "--set", "size=9", shell="zsh")
    assert zsh.out.strip() == "_arguments '*: :((\"size=96\"))'"
    files = ask(place, "sample", "exports/", shell="zsh")
    assert (files.out.strip(), files.err) == ("_files", "")


def test_the_folder_of_runs_is_also_that_of_the_environment(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "runs").rename(place / "elsewhere")
    assert ask(place, "resume", "").out == ""
    monkeypatch.setenv("GANZOO_RUNS", "elsewhere")
    assert ask(place, "resume", "o").out.split() == ["one-001"]


@pytest.mark.parametrize("value", ["nonsense", "complete_tcsh", "complete_bash"])
def test_what_is_not_understood_prints_nothing(place: Path, value: str) -> None:
    done = process("-m", "ganzoo", env={"_GANZOO_COMPLETE": value, "COMP_WORDS": "ganzoo x"})
    assert (done.out, done.err) == ("", "")


def test_nothing_heavy_is_imported_to_complete(place: Path) -> None:
    """And no plugin, though its options are known."""
    env = {"_GANZOO_COMPLETE": "complete_bash", "COMP_CWORD": "4"}
    env |= {"COMP_WORDS": "ganzoo train r1gan --set si", "PYTHONPATH": paths(place)}
    code = (
        "import sys\nfrom ganzoo.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = process("-c", code, cwd=place, env=env)
    *offered, imported = done.out.splitlines()
    assert "size=96" in offered
    heavy = {
        "pydantic",
        "torch",
        "numpy",
        "onnxruntime",
        "PIL",
        "matplotlib",
        "ganzoo_plugins",
        "loud_gan",
    }
    assert not {*imported.split()} & heavy


def test_the_source_says_what_the_function_takes() -> None:
    """Each option of each built-in plugin, its default, and each word that is offered for it."""
    listed = defaults = 0
    for entry in (*catalogue.architectures(), *catalogue.datasets(), *catalogue.features()):
        function, _ = registry.import_function(entry)
        known = source.options(entry.target)
        assert [option.name for option in known] == list(inspect.signature(function).parameters)
        for option in known:
            default = inspect.signature(function).parameters[option.name].default
            if option.default is not None:
                given = options.resolve(function, {option.name: option.default}, entry.label)
                assert given[option.name] == default
                defaults += 1
            for word in option.words:
                options.resolve(function, {option.name: word}, entry.label)
                listed += 1
    assert listed > 30
    assert defaults > 70


def test_options_are_read_however_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "written.py").write_text(
        "import typing\nfrom typing import Literal\nfrom far import Far\n"
        "Near = Literal['a', 'b']\nDEEP = 3\n"
        "def gan(plain, first: Near = 'a', *, far: Far = 1, none: 'bool | None' = None,\n"
        "        both: typing.Literal['x'] | str = 'x', deep: int = DEEP, made=print()): ...\n"
        "made = print\n"
    )
    (tmp_path / "far.py").write_text("from typing import Literal\nFar = Literal[1, 2]\n")
    (tmp_path / "loop.py").write_text("Loop = Loop\ndef gan(*, loop: Loop = 1): ...")
    (tmp_path / "bad.py").write_text("def gan(:")
    code = (
        "from ganzoo.zoo.source import options\n"
        "for each in options('written:gan'): print(tuple(each))\n"
        "print(options('written:made'), options('bad:gan'), options('none:gan'))\n"
        "print(options('loop:gan')[0].words)"
    )
    done = process("-c", code, env={"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))})
    assert done.out.splitlines() == [
        "('plain', (), None)",
        "('first', ('a', 'b'), 'a')",
        "('far', ('1', '2'), '1')",
        "('none', ('yes', 'no', 'none'), 'none')",
        "('both', (), 'x')",
        "('deep', (), '3')",
        "('made', (), None)",
        "[] [] []",
        "()",
    ], done.err


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_is_installed_for_the_shell(shell: str, tmp_path: Path) -> None:
    """The options find out which shell it is; without that, a variable asks for the script."""
    script = process("-m", "ganzoo", env={"_GANZOO_COMPLETE": f"source_{shell}"})
    assert (script.code, script.err) == (0, "")
    assert f"_GANZOO_COMPLETE=complete_{shell}" in script.out
    assert script.out.startswith(
        {"bash": "_ganzoo_completion() {", "zsh": "#compdef ganzoo"}[shell]
    )
    if not any((Path(folder) / shell).exists() for folder in os.environ["PATH"].split(":")):
        pytest.skip(f"there is no {shell}")
    command = f"{sys.executable} -m ganzoo --install-completion; exit $?"
    done = subprocess.run(
        [shell, "-c", command], env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{shell} completion installed in {tmp_path}" in done.stdout


def test_bash_completes_at_its_prompt(place: Path) -> None:
    """What a person sees: bash itself calls the function of the script."""
    code = (
        f'ganzoo() {{ {sys.executable} -m ganzoo "$@"; }}\n'
        'eval "$(_GANZOO_COMPLETE=source_bash ganzoo)"\n'
        'export -f ganzoo; env() { while [[ $1 == *=* ]]; do local -x "$1"; shift; done; "$@"; }\n'
        "COMP_WORDS=(ganzoo train r1gan --set size = 9); COMP_CWORD=6\n"
        '_ganzoo_completion ganzoo 9 =; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", code], cwd=place, env=os.environ | {"PYTHONPATH": paths(place)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("96\n", "")
