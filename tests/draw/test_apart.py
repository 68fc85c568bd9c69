"""Models that are run in a process of their own: what they do to it, and what is left of it."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import ganzoo
from ganzoo.draw.apart import ARRAY, HEAD, Apart, read, write
from ganzoo.draw.runner import MEMORY
from ganzoo.draw.session import from_bytes, load_onnx
from ganzoo.draw.untrusted import Contents
from ganzoo.errors import ModelFileError
from tests.conftest import ROOT, Cli


def altered(exported: Path, target: Path, *nodes: onnx.NodeProto, **constants: object) -> Path:
    """Write the model with `nodes`, which come last and make `image` of `before`."""
    model = onnx.load(exported)
    model.graph.node[-1].output[0] = "before"
    model.graph.node.extend(nodes)
    for name, numbers in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(np.array(numbers), name))
    target.write_bytes(model.SerializeToString())
    return target


@pytest.fixture
def sine(exported: Path, tmp_path: Path) -> Path:
    """A generator with an operator that no export of ganzoo's writes: sin(x)."""
    return altered(exported, tmp_path / "sine.onnx", helper.make_node("Sin", ["before"], ["image"]))


@pytest.fixture
def crashing(exported: Path, tmp_path: Path) -> Path:
    """A generator that ends the process that runs it, with a mean of nothing."""
    nodes = [
        helper.make_node("Mean", ["before", ""], ["mean"]),
        helper.make_node("Add", ["before", "mean"], ["image"]),
    ]
    return altered(exported, tmp_path / "crashing.onnx", *nodes)


@pytest.fixture
def endless(exported: Path, tmp_path: Path) -> Path:
    """A generator of few bytes that multiplies for hours."""
    size = 2**13
    nodes = [
        helper.make_node("ReduceMax", ["before"], ["most"], keepdims=0),
        helper.make_node("Expand", ["most", "shape"], ["m0"]),
        *(helper.make_node("MatMul", [f"m{i}", f"m{i}"], [f"m{i + 1}"]) for i in range(50)),
        helper.make_node("ReduceMax", ["m50"], ["top"], keepdims=0),
        helper.make_node("Add", ["before", "top"], ["image"]),
    ]
    return altered(exported, tmp_path / "endless.onnx", *nodes, shape=[size, size])


def test_a_strangers_model_draws_what_it_would_here(exported: Path, sine: Path) -> None:
    apart, here = load_onnx(sine), load_onnx(exported)
    z = np.random.default_rng(0).normal(size=(300, 100)).astype(np.float32)
    np.testing.assert_allclose(apart.run(z), np.sin(here.run(z)), atol=1e-6)
    assert apart.runs_on == here.runs_on
    assert here.first_layer
    assert apart.first_layer
    np.testing.assert_array_equal(apart.first_layer(z[:5]), here.first_layer(z[:5]))


def test_a_crash_is_one_line_and_the_process_lives(
    crashing: Path, tmp_path: Path, cli: Cli
) -> None:
    generator = ganzoo.load(crashing)
    with pytest.raises(ModelFileError, match=r"crashing\.onnx is refused: it crashed its process"):
        generator.sample(2)
    done = cli("sample", crashing, "-o", tmp_path / "x.png")
    assert (done.code, done.err.count("\n")) == (5, 1), done.err
    assert not (tmp_path / "x.png").exists()


def test_a_batch_has_its_time(endless: Path) -> None:
    session = Apart(endless.read_bytes(), Contents(9, 20), endless, "auto", seconds=10)
    began = time.monotonic()
    with pytest.raises(ModelFileError, match="one batch took more than 10 s"):
        session.run(["image"], {"latent": np.zeros((1, 100), np.float32)})
    assert time.monotonic() - began < 60
    assert session.child.poll() is not None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_its_process_has_a_limit_of_memory_and_leaves_no_core(sine: Path) -> None:
    session = Apart(sine.read_bytes(), Contents(9, 20), sine, "CPU")
    told = Path(f"/proc/{session.child.pid}/limits").read_text()
    for what, most in (("Max address space", MEMORY), ("Max core file size", 0)):
        assert re.search(rf"^{what} +{most} ", told, re.MULTILINE), told


def test_ctrl_c_ends_what_computes_for_hours(endless: Path, tmp_path: Path) -> None:
    sheet = str(tmp_path / "x.png")
    program = [sys.executable, "-m", "ganzoo", "sample", str(endless), "-o", sheet]
    process = subprocess.Popen(
        program, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (children := children_of(process.pid)):
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(2)  # it computes
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_what_is_killed_takes_its_model_with_it(sine: Path) -> None:
    code = f"import ganzoo; G = ganzoo.load({str(sine)!r}); print('open', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.readline()
    children = children_of(process.pid)
    assert children
    process.kill()
    process.communicate()
    until = time.monotonic() + 30  # it reads the end of its questions, and ends
    while any(running(child) for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_what_is_killed_in_a_long_batch_takes_its_model_with_it(endless: Path) -> None:
    code = f"import ganzoo; ganzoo.load({str(endless)!r}).sample(1)"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while not (children := children_of(process.pid)):
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(2)  # it computes
    process.kill()
    process.wait()
    until = time.monotonic() + 30
    while any(running(child) for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_an_error_names_a_path_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.onnx")
    with pytest.raises(ModelFileError, match=r"caf.*\.onnx is not an ONNX file that can be run"):
        Apart(b"no model", Contents(9, 20), path, "auto")


def test_an_error_leaves_the_model_usable(sine: Path) -> None:
    session = Apart(sine.read_bytes(), Contents(9, 20), sine, "auto")
    with pytest.raises(ModelFileError, match="cannot be run"):
        session.run(["image"], {"latent": np.zeros((1, 7), np.float32)})
    (images,) = session.run(["image"], {"latent": np.zeros((1, 100), np.float32)})
    assert images.shape == (1, 1, 28, 28)


def test_what_has_ended_says_again_why(crashing: Path) -> None:
    session = Apart(crashing.read_bytes(), Contents(9, 20), crashing, "auto")
    for _ in range(2):
        with pytest.raises(ModelFileError, match="crashed its process"):
            session.run(["image"], {"latent": np.zeros((1, 100), np.float32)})


def test_a_library_that_is_interrupted_waits_for_nothing(endless: Path) -> None:
    session = Apart(endless.read_bytes(), Contents(9, 20), endless, "auto")
    began, us = time.monotonic(), threading.main_thread().ident or 0
    threading.Timer(2, signal.pthread_kill, [us, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        session.run(["image"], {"latent": np.zeros((1, 100), np.float32)})
    assert time.monotonic() - began < 60
    assert session.child.poll() is not None


def test_what_is_not_there_is_said(sine: Path) -> None:
    with pytest.raises(ModelFileError, match="this onnxruntime has no NowhereExecutionProvider"):
        Apart(sine.read_bytes(), Contents(9, 20), sine, "Nowhere")


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def running(pid: int) -> bool:
    """Whether there is such a process, and not only what is left of one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_nothing_is_left_when_it_is_not_used_any_more(sine: Path) -> None:
    before = set(children_of(os.getpid()))
    generator = load_onnx(sine)
    # A child of an earlier test may end at any time, so only the new ones are looked at.
    new = set(children_of(os.getpid())) - before
    assert new
    del generator
    until = time.monotonic() + 10  # the thread of the last timer may still hold it for a moment
    while new & set(children_of(os.getpid())) and time.monotonic() < until:
        time.sleep(0.01)
    assert not new & set(children_of(os.getpid()))


def test_what_this_process_made_runs_here(sine: Path) -> None:
    before = children_of(os.getpid())
    generator = from_bytes(sine.read_bytes(), sine, "CPU", ours=True)
    assert generator.sample(1).shape == (1, 28, 28, 1)
    assert children_of(os.getpid()) == before


def test_an_answer_that_is_cut_short_or_too_long() -> None:
    pipe = io.BytesIO()
    write(pipe, [(ARRAY, b"12345")])
    assert read(io.BytesIO(pipe.getvalue()), 5) == (ARRAY, b"12345")
    with pytest.raises(ModelFileError, match="more than 4 bytes"):
        read(io.BytesIO(pipe.getvalue()), 4)
    for cut in (0, 3, HEAD.size, HEAD.size + 4):
        with pytest.raises(EOFError):
            read(io.BytesIO(pipe.getvalue()[:cut]), 5)
