"""What is shown while a run goes on: a panel on a terminal, lines elsewhere, JSON for a program."""

from __future__ import annotations

import functools
import io
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from ganzoo import TrainConfig
from ganzoo.api.progress import Display, choose, follow, notebook, panel, plain
from ganzoo.api.progress.sparkline import bar, sparkline
from ganzoo.api.progress.view import Shown, View
from ganzoo.api.signals import signals
from ganzoo.train.events import Drawn, Evaluated, Event, Finished, Logged, Warned
from ganzoo.train.loop import fit
from ganzoo.zoo import registry
from tests.conftest import Cli
from tests.screen import Screen

SATURATED = {"d_real": 0.9991, "d_fake": 0.0009, "loss_d": 1e-4, "loss_g": 1234.5}
TINY = ("--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16", "--batch-size", 8)
GANS: dict[str, dict[str, Any]] = {
    "mlp_gan": {"hidden": (8,)},
    "wgan_clip": {"hidden": 8, "width": 4},
}


@functools.cache
def happening(name: str = "mlp_gan") -> list[Event]:
    """A run of 40 steps, which are 20 epochs of 16 images; it begins to look wrong at step 20."""
    return [*_happening(name)]


def _happening(name: str) -> Iterator[Event]:
    gan = registry.load_architecture(name, GANS[name]).value
    config = TrainConfig(epochs=1000, max_steps=40, batch_size=8, log_every=4)
    for event in fit(gan, np.zeros((16, 28, 28, 1), np.uint8), config):
        if isinstance(event, Logged) and event.state.step > 20:
            event.metrics.update(SATURATED)
        yield event
        if isinstance(event, Logged) and event.state.step == 30:
            yield Warned(event.state, event.epoch, event.steps, "something " * 12)


def shown(**facts: Any) -> Shown:
    common: dict[str, Any] = {"run": Path("runs/gan-noise-001"), "epochs": 20, "steps": 40}
    common |= {"images": 16, "plan": {"training": "40 steps"}, "scores": "logits"}
    return Shown(**common | facts)


def terminal(width: int, height: int = 24, encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(
        file=file, force_terminal=True, width=width, height=height, color_system=None, _environ={}
    )


def written(console: Console) -> str:
    assert isinstance(console.file, io.TextIOWrapper)
    buffer = console.file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(console.file.encoding)


@pytest.mark.parametrize("name", ["mlp_gan", "wgan_clip"])
@pytest.mark.parametrize(("width", "height"), [(50, 24), (60, 24), (80, 24), (200, 50)])
def test_every_frame_has_one_size(name: str, width: int, height: int) -> None:
    view = View(shown(scores="logits" if name == "mlp_gan" else "wasserstein"))
    console = terminal(width, height)
    sizes = set()
    for event in happening(name):
        view.update(event)
        lines = console.render_lines(panel.draw(view, console.options), pad=False)
        text = ["".join(segment.text for segment in line) for line in lines]
        assert {len(line) for line in text} == {width}
        sizes.add(len(text))
    assert len(sizes) == 1
    assert max(sizes) + 9 <= height  # there is room for the plan
    for label in view.labels.values():
        assert any(label in line for line in text)
    assert ("saturated discriminator" in "".join(text)) == (name == "mlp_gan")


def test_the_panel_stays_and_a_warning_is_above_it() -> None:
    console = terminal(80)
    last = follow(happening(), shown(), Display(lambda run: panel.show(run, console)))
    assert isinstance(last, Finished)
    screen = Screen(written(console), 80)
    assert screen.cursor
    assert screen.wrapped == 0
    warning, rest, *lines, end = screen.lines
    assert (warning + rest).split() == ["warning:", *["something"] * 12]
    assert (screen.row, end) == (len(lines) + 2, "")
    assert len(lines) == 12
    assert "gan-noise-001" in lines[0]
    assert lines[1].startswith("│ epoch 20/20        ━━━━━━━")
    assert lines[2].startswith("│ step 40/40         ━━━━━━━")
    assert "─" not in lines[2]  # all is done
    assert "took 0:0" in lines[2]
    assert "loss G   1.23e+03  " in lines[5]
    assert "D(x)        0.999  " in lines[6]
    assert "▇▇" in lines[6] or "██" in lines[6]
    assert "health   saturated discriminator: D(x) over 0.99" in lines[9]


@pytest.mark.parametrize("width", [50, 80])
def test_two_warnings_keep_their_numbers(width: int) -> None:
    view, console = View(shown()), terminal(width)
    *events, end = happening()
    later = replace(end.state, step=end.state.step + 500)
    alike = [Drawn(state, end.epoch, end.steps, diversity=0.0449) for state in (end.state, later)]
    for event in (*events, *alike):
        view.update(event)
    lines = console.render_lines(panel.draw(view, console.options))
    text = "".join(segment.text for line in lines for segment in line)
    assert "saturated discriminator: " in text
    assert "0.001" in text
    assert "collapsed generator: two" in text
    assert "4%" in text


def test_ascii_is_enough() -> None:
    console = terminal(80, encoding="ascii")
    follow(happening(), shown(), Display(lambda run: panel.show(run, console)))
    assert "| step 40/40         ######" in written(console)


def test_curves_and_bars() -> None:
    assert sparkline([0, 1, 2, 7], 0, 7, 6, 1, False) == ["▁▂▃█  "]
    assert sparkline([9, 0, 15], 0, 15, 2, 2, False) == [" █", "▁█"]  # the last two
    assert sparkline([3, 3], 3, 3, 2, 1, True) == ["__"]
    assert bar(0.25, 8, False) == ("━━", "──────")
    assert bar(0.3, 8, False) == ("━━", "──────")
    assert bar(0.32, 8, False) == ("━━", "╾─────")
    assert bar(1.2, 8, True) == ("########", "")


def test_a_batch_that_reaches_beyond_the_end_begins_no_epoch() -> None:
    gan = registry.load_architecture("mlp_gan", {"hidden": (8,)}).value
    view = View(shown(epochs=1, steps=4, images=50))
    for event in fit(
        gan, np.zeros((50, 28, 28, 1), np.uint8), TrainConfig(epochs=1, batch_size=16)
    ):
        view.update(event)
    assert (view.step, view.seen) == (4, 64)
    assert view.epoch == (1, 1)
    console = terminal(80)
    console.print(panel.draw(view, console.options))
    assert "│ epoch 1/1          ━━━━━━━" in written(console)


def test_a_run_that_is_gone_on_with_shows_what_was_before() -> None:
    earlier = [{"step": 50 * i, "loss_d": i, "d_real": 0.6, "d_fake": 0.4} for i in range(1, 9)]
    view = View(shown(earlier=[*earlier, {"step": 400, "diversity": 0.5}]))
    console = terminal(80)
    console.print(panel.draw(view, console.options))
    assert "8.000  ▁▂▃▄▅▆▇█ " in written(console)
    assert "nothing wrong: D(x) 0.60, D(G(z)) 0.40, diversity 0.50" in written(console)


def test_elsewhere_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    gan = registry.load_architecture("mlp_gan", {"hidden": (8,)}).value
    config = TrainConfig(epochs=2, batch_size=8)
    events = fit(gan, np.zeros((16, 28, 28, 1), np.uint8), config)
    follow(events, shown(epochs=2, steps=4), Display(plain.show))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  loss")[0] for line in lines] == [
        "epoch 1/2  step 2/4",
        "epoch 2/2  step 4/4",
    ]


def evaluated(event: Event, frechet: float, coverage: float) -> Evaluated:
    scores = {"frechet": frechet, "coverage": coverage}
    return Evaluated(event.state, event.epoch, event.steps, scores, 7, 2.94)


def test_judged_pictures_have_curves_in_a_panel_of_the_same_size() -> None:
    view, console, sizes = View(shown(judged=True)), terminal(80, encoding="ascii"), set()
    frame: list[str] = []
    for number, event in enumerate(happening()):
        view.update(event)
        if number % 9 == 0:
            view.update(evaluated(event, 40 / (number + 1), number / 180))
        lines = console.render_lines(panel.draw(view, console.options), pad=False)
        frame = ["".join(segment.text for segment in line) for line in lines]
        sizes.add(len(frame))
    assert sizes == {14}
    assert max(sizes) + 9 <= 24  # there is room for the plan
    last = number - number % 9
    assert f"FD           {40 / (last + 1):.3f}  #" in frame[8]
    assert f"coverage     {last / 180:.3f}  _" in frame[9]
    assert frame[9].rstrip("| ").endswith("0 to 1")
    assert "".join(frame).isascii()


def test_a_run_that_is_gone_on_with_shows_its_scores_and_that_they_worsen() -> None:
    scores = [9, 5.12, 6, 6.5, 7.1, 7.6, 7.93]
    earlier = [
        {"step": i, "epoch": i, "frechet": scores[i - 1], "coverage": 0.1 * i, "yardstick": 7}
        for i in range(1, 8)
    ]
    view = View(shown(judged=True, steps=12, earlier=earlier))
    console = terminal(80)
    console.print(panel.draw(view, console.options))
    assert "FD           7.930  █▁▃▃▅▅▆ " in written(console)
    assert "worsening pictures: FD was 5.12 at epoch 2 and is 7.93 now" in written(console)


def test_scores_that_cannot_be_compared_are_in_no_curve_together() -> None:
    """A resumed run may be judged by other features."""
    earlier = [
        {"step": i, "epoch": i, "frechet": 10.0 * i, "coverage": 0.1, "yardstick": i // 3}
        for i in range(1, 5)
    ]
    view = View(shown(judged=True, earlier=earlier))
    assert view.curves["frechet"] == (30, 40)
    assert len(view.curves["coverage"]) == 2


def test_elsewhere_scores_are_a_line_and_in_one_line_they_come_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    middle = next(e for e in happening() if e.epoch == 3 and isinstance(e, Logged))
    judged = [middle, evaluated(middle, 8.1234, 0.61), happening()[-1]]
    follow(judged, shown(), Display(plain.show))
    lines = capsys.readouterr().out.splitlines()
    step = middle.state.step  # one state, which goes on
    line = f"epoch 3/20  step {step}/40  FD 8.123  coverage 0.610  took 2.9 s"
    assert lines[1:] == [line]
    follow(judged, shown(judged=True), Display(notebook.line))
    assert "  FD 8.123  coverage 0.610" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("scores", "gap"), [("critic", "score gap"), ("wasserstein", "Wasserstein")]
)
def test_a_critic_has_scores_and_their_gap(
    scores: str, gap: str, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(happening("wgan_clip"), shown(scores=scores), Display(plain.show))
    line = capsys.readouterr().out.splitlines()[-1]
    assert f"critic(x) 0.999  critic(G(z)) 9.00e-04  {gap} 0.998" in line
    assert "D(x)" not in line


def test_json_is_all_that_a_program_gets(cli: Cli, tmp_path: Path) -> None:
    done = cli(
        "train", "mlp_gan", *TINY, "--max-steps", 5, "--runs", tmp_path, "--progress", "json"
    )
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["event"], one["step"]) for one in told] == [
        ("started", 0), ("drawn", 0),
        ("logged", 2), ("epoch", 2), ("drawn", 2),
        ("logged", 4), ("epoch", 4), ("drawn", 4),
        ("logged", 5), ("drawn", 5), ("finished", 5),
    ]  # fmt: skip
    run = tmp_path / "mlp_gan-toy_garments-001"
    first, last = told[0], told[-1]
    assert (first["run"], first["steps"], first["epochs"]) == (str(run), 5, 3)
    assert first["plan"]["training"].startswith("5 steps of 8 images")
    assert told[2].keys() >= {"loss_d", "loss_g", "d_real", "d_fake", "images_per_second"}
    assert all(Path(one["picture"]).exists() for one in told if one["event"] == "drawn")
    assert told[4]["diversity"] >= 0
    assert (last["outcome"], last["run"]) == ("completed", str(run))
    done = cli("resume", run, "--max-steps", 8, "--progress", "json")
    first, *_, last = (json.loads(line) for line in done.out.splitlines())
    assert (first["step"], last["step"], last["steps"]) == (5, 8, 8)
    assert last["next"] == f"ganzoo export {run}"


def test_none_leaves_the_runs_folder(cli: Cli, tmp_path: Path) -> None:
    done = cli(
        "train", "mlp_gan", *TINY, "--max-steps", 1, "--runs", tmp_path, "--progress", "none"
    )
    assert (done.out, done.err) == (f"{tmp_path / 'mlp_gan-toy_garments-001'}\n", "")
    assert cli("train", "mlp_gan", "--progress", "loud").code == 2


def test_nothing_that_steers_a_terminal_gets_into_a_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colours = {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm-256color"}
    for name, value in colours.items():
        monkeypatch.setenv(name, value)
    done = cli("train", "mlp_gan", *TINY, "--max-steps", 4, "--runs", tmp_path)
    assert "\x1b" not in done.out + done.err
    assert "\r" not in done.out
    assert "epoch 2/2  step 4/4  loss D " in done.out


def test_in_a_notebook_one_output_is_updated(capsys: pytest.CaptureFixture[str]) -> None:
    class Handle:
        def __init__(self) -> None:
            self.shown: list[Any] = []

        def update(self, picture: Any) -> None:
            self.shown.append(picture)

    handle = Handle()

    def display(picture: Any, *, display_id: bool) -> Handle:
        assert display_id
        handle.update(picture)
        return handle

    follow(happening(), shown(), Display(lambda run: notebook.cell(run, display)))
    first, *_, last = handle.shown
    assert "step 0/40 " in repr(first)
    assert "step 40/40 " in repr(last)
    assert "<pre" in last._repr_html_()
    assert "\x1b" not in repr(last)
    assert {len(line) for line in repr(last).splitlines()} == {80}
    assert capsys.readouterr().out.split() == ["warning:", *["something"] * 12]


def test_below_a_notebook_one_line_is_rewritten(capsys: pytest.CaptureFixture[str]) -> None:
    follow(happening(), shown(), Display(notebook.line))
    screen = Screen(capsys.readouterr().out, 80)
    *warning, line, end = screen.lines
    assert "".join(warning).split() == ["warning:", *["something"] * 12]
    assert line.startswith("epoch 20/20  step 40/40  took 0:0")
    assert "D(x) 0.999" in line
    assert end == ""


def test_a_file_gets_lines_even_where_a_notebook_is_near(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert choose("auto", environment={"JPY_PARENT_PID": "1"}).show is plain.show
    assert choose("rich", environment={}).show is panel.show


def on_terminal(*command: object, until: bytes, then: bytes, cwd: Path) -> tuple[int, bytes, bool]:
    """Run on a terminal of 80x24, and type something; the exit code, the output, what echo was."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
    running = subprocess.Popen(
        [sys.executable, "-m", "ganzoo", *map(str, command)], cwd=cwd,
        env=environment | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
        stdin=follower, stdout=follower, stderr=follower,
        preexec_fn=lambda: os.login_tty(follower),  # noqa: PLW1509  (its own Ctrl-C)
    )  # fmt: skip
    out = b""
    while until not in out:
        out += os.read(leader, 65536)
    os.write(leader, then)
    started = time.monotonic()
    while running.poll() is None:
        assert time.monotonic() < started + 60
        out += _available(leader)
    out += _available(leader)
    echo = bool(termios.tcgetattr(follower)[3] & termios.ECHO)
    os.close(leader)
    os.close(follower)
    return running.returncode, out, echo


def _available(file: int) -> bytes:
    import select

    return os.read(file, 65536) if select.select([file], [], [], 0.05)[0] else b""


def test_ctrl_c_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    code, out, echo = on_terminal(
        "train", "mlp_gan", *TINY, "--epochs", 100000,
        until=b"nothing wrong", then=b"\r\rls\x03", cwd=tmp_path,
    )  # fmt: skip
    assert code == 130
    assert echo
    assert b"^C" not in out
    screen = Screen(out.decode(), 80)
    assert screen.cursor
    *plan, look, stopped, rest, path, end = screen.lines
    top = next(i for i, line in enumerate(plan) if line.startswith("╭"))
    assert plan[0].startswith("architecture  mlp_gan of ganzoo")
    assert plan[-1].startswith("╰")
    assert [len(line) for line in plan[top:]] == [80] * 12
    assert look == "to look at it: ganzoo report runs/mlp_gan-toy_garments-001"
    assert (stopped + rest).startswith("stopped by SIGINT after step ")
    assert (path, end) == ("runs/mlp_gan-toy_garments-001", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_the_first_step_a_signal_ends_it_at_once(number: signal.Signals) -> None:
    """As long as nobody asks: while plugins are imported, images prepared, networks built."""
    with signals(signal.SIGINT, signal.SIGTERM) as stop:
        with pytest.raises(KeyboardInterrupt, match="before the training began"):
            os.kill(os.getpid(), number)
        assert stop.received == number


def test_a_second_ctrl_c_leaves_at_once_and_a_second_sigterm_does_not() -> None:
    with signals(signal.SIGINT, signal.SIGTERM) as stop:
        stop.patient = True
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
        assert stop.told == signal.SIGTERM
    with signals(signal.SIGINT, signal.SIGTERM) as stop:
        stop.patient = True
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
