"""Who may import whom: the linter's contract holds, and it is the one that is meant."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def test_imports_go_downwards_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_files_are_one_idea_long() -> None:
    for path in [*(ROOT / "ganzoo").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        lines = len(path.read_text().splitlines())
        assert lines <= 300, f"{path} has {lines} lines"
    assert len((ROOT / "plugins/ganzoo-lsgan/ganzoo_lsgan.py").read_text().splitlines()) <= 40
