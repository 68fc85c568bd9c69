"""A library that is installed and broken is named, and whatever does not need it works."""

from __future__ import annotations

import json
import os
import py_compile
from pathlib import Path

import pytest

from ganzoo.libraries import broken
from tests.conftest import Result, install, process
from tests.flaws import GOOD

RAISED = ("OSError", "ImportError", "RuntimeError", "AttributeError")
LIBRARIES = {
    "torch": ["show", "mlp_gan"],
    "onnxruntime": ["sample", "MODEL", "-o", "x.png"],
    "onnx": ["export", "RUN", "-o", "x.onnx"],
    "matplotlib": ["plot", "RUN", "-o", "plots"],
}
FIRST = dict(zip(LIBRARIES, RAISED, strict=True))
TINY = ("--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16", "--max-steps", 1)


def lay(site: Path, library: str, source: str) -> Path:
    """Lay out a package that hides the library of its name."""
    (site / library).mkdir(parents=True)
    (site / library / "__init__.py").write_text(source)
    return site


def call(site: Path, cwd: Path, *arguments: object) -> Result:
    """Call `ganzoo ARGUMENTS…` where the packages of `site` come first."""
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return process("-P", "-m", "ganzoo", *arguments, cwd=cwd, env={"PYTHONPATH": path})


@pytest.mark.parametrize(
    ("library", "error"),
    [
        pytest.param(name, error, marks=[pytest.mark.slow] if FIRST[name] != error else [])
        for name in LIBRARIES
        for error in RAISED
    ],
)
def test_a_broken_library_is_named(
    tmp_path: Path, exported: Path, trained: Path, library: str, error: str
) -> None:
    site = lay(tmp_path / "site", library, f"raise {error}('libfoo.so.1: cannot open it')")
    places = {"MODEL": exported, "RUN": trained}
    done = call(site, tmp_path, *(places.get(word, word) for word in LIBRARIES[library]))
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1), done.err
    told = f"{library} is installed and cannot be imported: {error}: libfoo.so.1: cannot open it"
    assert told in done.err
    assert "`ganzoo doctor`" in done.err


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def half(", "SyntaxError: "),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("import no_such_dependency", "ModuleNotFoundError: No module named 'no_such_dependency'"),
        ("from ctypes import CDLL\nCDLL('libnone.so.9')", "OSError: libnone.so.9: "),
        ("import onnxruntime.capi", "ModuleNotFoundError: No module named 'onnxruntime.capi'"),
        ("", "AttributeError: module 'onnxruntime' has no attribute "),  # a folder of that name
        ("class Half:\n    pass\nHalf().whole", "AttributeError: 'Half' object has no attribute"),
        ("assert False, 'odd CPU'", "AssertionError: odd CPU"),
        ("raise UserWarning('old')", "UserWarning: old"),
    ],
)
def test_whatever_breaks_it_the_library_is_named(
    tmp_path: Path, exported: Path, source: str, told: str
) -> None:
    site = lay(tmp_path / "site", "onnxruntime", source)
    done = call(site, tmp_path, "sample", exported, "-o", "x.png")
    assert (done.code, done.err.count("\n")) == (3, 1), done.err
    assert f"onnxruntime is installed and cannot be imported: {told}" in done.err


def test_a_damaged_file_of_bytecode_is_named(tmp_path: Path, exported: Path) -> None:
    lay(tmp_path / "site", "onnxruntime", "")
    source = tmp_path / "site" / "onnxruntime" / "__init__.py"
    compiled = source.with_suffix(".pyc")
    py_compile.compile(str(source), str(compiled))
    source.unlink()
    compiled.write_bytes(compiled.read_bytes()[:20])
    done = call(tmp_path / "site", tmp_path, "sample", exported, "-o", "x.png")
    assert (done.code, done.err.count("\n")) == (3, 1), done.err
    assert "onnxruntime is installed and cannot be imported: EOFError: " in done.err


def test_a_mistake_of_a_plugin_is_not_a_librarys() -> None:
    with pytest.raises(AttributeError) as caught:
        exec("import torch\ntorch.no_such_name", {"__name__": "sad_gan"})
    assert broken(caught.value) == ""
    with pytest.raises(OSError, match="no disk") as lost:
        exec("raise OSError('no disk')", {"__name__": "torch.sub"})
    assert broken(lost.value) == "torch"


@pytest.mark.parametrize("content", [b"[caf\xe9]\nx = y:z\n", b"[group]\nno equals sign\n"])
def test_damaged_entry_points_of_a_stranger_are_named(tmp_path: Path, content: bytes) -> None:
    site = tmp_path / "site"
    install(site, "stranger", "", {})
    (site / "stranger-1.2.dist-info" / "entry_points.txt").write_bytes(content)
    done = call(site, tmp_path, "list", "--json")
    assert (done.code, done.err) == (0, "")
    assert "mlp_gan" in {row["name"] for row in json.loads(done.out)}
    done = call(site, tmp_path, "train", "mlp_gan", *TINY)  # torch reads them all
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1), done.err
    assert "torch is installed and cannot be imported: " in done.err
    assert "stranger-1.2.dist-info/entry_points.txt cannot be read: reinstall" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("broken_by", ["raise OSError('libfoo.so')", "entry points"])
def test_the_doctor_survives_and_says_what_is_broken(tmp_path: Path, broken_by: str) -> None:
    site = tmp_path / "site"
    if broken_by == "entry points":
        install(site, "stranger", "", {})
        (site / "stranger-1.2.dist-info" / "entry_points.txt").write_bytes(b"\xe9")
    else:
        lay(site, "torch", broken_by)
    done = call(site, tmp_path, "doctor", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    told = "torch is installed and cannot be imported: "
    assert told in found["versions"]["torch"]
    assert told in found["device"]
    assert "cannot" not in found["versions"]["onnxruntime"]
    states = {row["name"]: row["state"] for row in found["architectures"] + found["datasets"]}
    assert (states["mlp_gan"], states["toy_faces"]) == ("unavailable", "ok")
    details = [row["detail"] for row in found["architectures"]]
    assert all(told in detail for detail in details), details
    assert ("stranger-1.2.dist-info" in done.err) is (broken_by == "entry points")


@pytest.mark.slow
def test_the_doctor_survives_a_library_that_ends_the_process(tmp_path: Path) -> None:
    site = lay(tmp_path / "site", "onnx", "import os\nos.abort()")
    done = call(site, tmp_path, "doctor", "--json")
    assert done.code == 0, done.err
    versions = json.loads(done.out)["versions"]
    assert "ends the process that runs it, with exit status -6" in versions["onnx"]
    assert "cannot" not in versions["torch"]


def test_a_training_does_not_end_for_want_of_pictures(tmp_path: Path) -> None:
    site = lay(tmp_path / "site", "matplotlib", "raise OSError('libfoo.so')")
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    env = {"PYTHONPATH": path, "GANZOO_REPORT": "1"}
    done = process("-P", "-m", "ganzoo", "train", "mlp_gan", *TINY, cwd=tmp_path, env=env)
    assert (done.code, done.last) == (0, "runs/mlp_gan-toy_garments-001"), done.err
    assert "no pictures can be drawn: matplotlib is installed and cannot be imported" in done.err
    assert done.err.count("\n") == 1


USED = """
def __getattr__(name):  # what is used of it takes its time
    import time
    time.sleep(9)
"""
INTERRUPTED = f"""
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
time.sleep(0.1)
print("imported to the end")
{USED}
"""
LOST = f"""
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000): pass
except BaseException as error:
    raise ImportError("initialization failed") from error
{USED}
"""


@pytest.mark.parametrize("source", [INTERRUPTED, LOST, f"exec({LOST!r})"])
def test_ctrl_c_waits_for_the_import_of_a_library(
    tmp_path: Path, exported: Path, source: str
) -> None:
    """Inside, it would be an error of another name, or abort()."""
    done = call(lay(tmp_path / "site", "onnxruntime", source), tmp_path, "sample", exported)
    assert (done.code, done.err) == (130, "ganzoo: interrupted\n")
    assert done.out == ("imported to the end\n" if source == INTERRUPTED else "")


def test_ctrl_c_does_not_wait_for_the_import_of_a_plugin(tmp_path: Path) -> None:
    slow = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(250)\n"
    install(tmp_path / "site", "slow-gan", slow + GOOD, {"slow": "gan"})
    done = call(tmp_path / "site", tmp_path, "show", "slow")
    assert (done.code, done.err.count("\n")) == (130, 1), done.err
