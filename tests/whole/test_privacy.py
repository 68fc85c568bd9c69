"""ganzoo opens no connection that was not asked for, and writes nothing outside its places.

`strace` records what really happens, also in C++; the tests are skipped where it is not installed.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.explore.test_server import Server

STRACE = shutil.which("strace")
pytestmark = pytest.mark.skipif(STRACE is None, reason="needs strace")
CALLS = "network,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink"
LIBRARY = """
import sys, time
import ganzoo
ganzoo.load(sys.argv[1]).sample(2)
time.sleep(float(sys.argv[2]))
"""
TINY = ("--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=64", "--max-steps", 2)


@dataclass
class Recorded:
    """A fresh home, and what processes did that were started in it."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def places(self) -> list[Path]:
        """Where files may be made: in the cache, among temporary files, in the working folder."""
        return [self.home / name for name in ("cache", "tmp", "work")]

    def command(self, *arguments: object) -> list[str]:
        """Return `python ARGUMENTS…` as a command that is recorded."""
        traced = [str(STRACE), "-f", "-s", "256", "-e", f"trace={CALLS}", "-o", self.home / "trace"]
        return [str(word) for word in [*traced, sys.executable, *arguments]]

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a user who set none."""
        unset = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "ORT_DISABLE_TELEMETRY")
        inherited = {name: value for name, value in os.environ.items() if name not in unset}
        own = {"HOME": self.home / "home", "GANZOO_CACHE": self.home / "cache"}
        own["TMPDIR"] = self.home / "tmp"
        return inherited | {name: str(path) for name, path in own.items()} | self.env

    def run(self, *arguments: object) -> None:
        """Run `python ARGUMENTS…`, recorded, to a good end."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.home / "work", env=self.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def reached(self) -> set[str]:
        """Return the addresses of other machines to which anything was sent, or of a resolver.

        Many machines have one of their own, at 127.0.0.53: a question to it is a look-up, too.
        """
        sent = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*?sa_family=(AF_\w+)(.*)")
        found = [match.groups() for match in map(sent.search, self._lines()) if match]
        here = re.compile(r'inet_addr\("127\.|"::1"')
        away = {at for _, at in found if not here.search(at) or "htons(53)" in at}
        return {f"{kind}{at}" for kind, at in found if kind != "AF_UNIX" and at in away}

    def made(self) -> set[str]:
        """Return the files and folders that were made where none should be.

        Python's semaphores are files for a moment: tqdm, which torch uses where it is there, has
        one.
        """
        call = re.compile(
            r"\b(open|openat|creat|mkdir|mkdirat|rename\w*|link\w*|symlink)\((.*)\) += (\d+)"
        )
        calls = [match.groups() for match in map(call.search, self._lines()) if match]
        making = [words for name, words, _ in calls if "open" not in name or "O_CREAT" in words]
        paths = [re.findall(r'"([^"]*)"', words)[-1] for words in making]
        whole = {os.path.normpath(self.home / "work" / path) for path in paths} - {os.devnull}
        inside = (*(str(place) for place in self.places), "/dev/shm/sem.")
        at_home = [str(path) for path in (self.home / "home").rglob("*")]
        return {path for path in whole if not path.startswith(inside)} | {*at_home}

    def _lines(self) -> list[str]:
        return (self.home / "trace").read_text(errors="replace").splitlines()


def test_a_look_up_is_seen_wherever_the_resolver_is(tmp_path: Path) -> None:
    lines = [
        '1 connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0',
        '1 connect(3, {sa_family=AF_INET, sin_port=htons(80), inet_addr("127.0.0.1")}) = 0',
        '1 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "::1")}) = 0',
    ]
    asked = lines[1].replace("(80)", "(53)").replace("0.1", "0.53")
    other = lines[1].replace("127.0.0.1", "10.0.0.1")
    for more, count in (([], 0), ([asked], 1), ([other], 1), ([asked, other], 2)):
        (tmp_path / "trace").write_text("\n".join([*lines, *more]))
        assert len(Recorded(tmp_path).reached()) == count


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    for name in ("home", "tmp", "work"):
        (tmp_path / name).mkdir()
    return Recorded(tmp_path)


def test_drawing_sends_nothing_and_leaves_nothing(recorded: Recorded, exported: Path) -> None:
    recorded.run("-m", "ganzoo", "sample", exported, "-n", 4, "-o", "x.png")
    assert (recorded.home / "work" / "x.png").exists()
    assert (recorded.reached(), recorded.made()) == (set(), set())


def test_telemetry_is_what_would_be_seen(recorded: Recorded, exported: Path) -> None:
    """Who sets the variable to 0 wants it. Without ganzoo's setting it is the same."""
    recorded.env["ORT_DISABLE_TELEMETRY"] = "0"
    recorded.run("-m", "ganzoo", "sample", exported, "-n", 4, "-o", "x.png")
    if not recorded.made():
        pytest.skip("this onnxruntime has no telemetry")
    assert any(path.endswith("deviceid") for path in recorded.made())


@pytest.mark.slow
@pytest.mark.parametrize("on", [False, True])
def test_a_library_sends_nothing_in_the_time_that_telemetry_takes(
    recorded: Recorded, exported: Path, on: bool
) -> None:
    if on:  # so that the time is known to be long enough
        recorded.env["ORT_DISABLE_TELEMETRY"] = "0"
    recorded.run("-c", LIBRARY, exported, 45)
    if on and not recorded.made():
        pytest.skip("this onnxruntime has no telemetry")
    assert bool(recorded.reached()) is bool(recorded.made()) is on


@pytest.mark.slow
def test_training_and_looking_at_it_send_nothing(recorded: Recorded) -> None:
    """Each command is recorded by itself, in one home: train, resume, report, export and so on."""
    runs = recorded.home / "work" / "runs"
    recorded.run("-m", "ganzoo", "train", "mlp_gan", *TINY)
    assert (recorded.reached(), recorded.made()) == (set(), set())
    shutil.copytree(runs / "mlp_gan-toy_garments-001", runs / "other")
    for command in (
        ("resume", "--epochs", "+1"),
        ("plot", "--format", "svg"),
        ("report",),
        ("compare", "mlp_gan-toy_garments-001", "other"),
        ("export", "--onnx", "-o", "x.onnx"),
        ("doctor",),
    ):
        recorded.run("-m", "ganzoo", *command)
        assert (recorded.reached(), recorded.made()) == (set(), set()), command


@pytest.mark.slow
def test_the_explorer_answers_this_machine_and_calls_nobody(
    recorded: Recorded, exported: Path
) -> None:
    command = recorded.command("-m", "ganzoo", "explore", exported, "--port", 0)
    with subprocess.Popen(
        command, cwd=recorded.home / "work", env=recorded.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as ran:  # fmt: skip
        try:
            assert Server(ran).ask()[0] == 200
            time.sleep(45)
        finally:
            os.killpg(ran.pid, signal.SIGINT)
    assert ran.returncode == 0
    assert (recorded.reached(), recorded.made()) == (set(), set())
