"""Any operator of ONNX with any inputs: a picture or one line, and the process lives."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

import ganzoo
from ganzoo.draw.apart import SECONDS
from ganzoo.errors import ModelFileError
from tests.conftest import Cli
from tests.draw.typed import models

FILES, SOME = 20_000, 40


@pytest.mark.parametrize(
    "seed",
    [pytest.param(0, marks=pytest.mark.slow)]
    + [pytest.param(seed, marks=pytest.mark.tail) for seed in range(1, FILES // SOME)],
)
def test_any_operator_draws_or_is_refused(
    seed: int, exported: Path, tmp_path: Path, cli: Cli
) -> None:
    """Every second file by the command, the others in a library's way."""
    ends = Counter[str]()
    for number, (what, content) in enumerate(models(exported, seed, SOME)):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(content)
        began = time.monotonic()
        if number % 2:
            done = cli("sample", path, "-n", 2, "-o", tmp_path / f"{number}.png")
            assert (done.code, done.err.count("\n")) in [(0, 0), (5, 1)], f"{what}: {done.err}"
            ends["drawn" if done.code == 0 else "refused"] += 1
        else:
            try:
                images = ganzoo.load(path).sample(2)
                assert images.shape[0] == 2, what
                ends["drawn"] += 1
            except ModelFileError:
                ends["refused"] += 1
        assert time.monotonic() - began < 2 * SECONDS + 10, what
    assert min(ends["drawn"], ends["refused"]) > 0, ends
