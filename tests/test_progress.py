"""What is shown while a run goes on: two lines on a terminal, plain lines elsewhere."""

import io
import os
import signal

import numpy as np
import pytest
from rich.console import Console

from ganzoo import TrainConfig, registry
from ganzoo.cli.progress import follow
from ganzoo.cli.signals import signals
from ganzoo.train import Finished, fit


@pytest.mark.parametrize("width", [80, 200])
def test_a_terminal_gets_lines_that_fit(width: int) -> None:
    gan = registry.load_architecture("mlp_gan", {"hidden": (8,)}).value
    config = TrainConfig(epochs=1000, max_steps=40, batch_size=8, log_every=4)
    events = fit(gan, np.zeros((16, 28, 28, 1), np.uint8), config)
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=width, color_system=None)
    last = follow(events, 1000, 40, console)
    assert isinstance(last, Finished)
    shown = screen.getvalue().removesuffix("\x1b[?25h").rpartition("\x1b[2K")[2]
    bar, metrics = (line for line in shown.splitlines() if line.strip())
    assert "epoch 20/1000" in bar
    assert "step 40/40" in bar
    assert all(word in metrics for word in ("loss D", "loss G", "D(x)", "D(G(z))", "images/s"))
    assert max(len(bar), len(metrics)) <= width


def test_elsewhere_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    gan = registry.load_architecture("mlp_gan", {"hidden": (8,)}).value
    config = TrainConfig(epochs=2, batch_size=8)
    follow(fit(gan, np.zeros((16, 28, 28, 1), np.uint8), config), 2, 4)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  loss")[0] for line in lines] == [
        "epoch 1/2  step 2/4",
        "epoch 2/2  step 4/4",
    ]


def test_a_second_ctrl_c_leaves_at_once_and_a_second_sigterm_does_not() -> None:
    with signals() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
        assert stop.told == signal.SIGTERM
    with signals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
