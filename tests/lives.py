"""Real `ganzoo` processes that start at once, so that many can be begun and killed.

A nursery, which has imported everything and computed nothing, forks one for each command. They
compute with one thread, and share nothing but the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from safetensors import safe_open

from tests.conftest import ROOT


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, or minus the signal that killed it, and its words."""

    code: int
    out: str
    err: str


class Nursery:
    """The process that forks; use `nursery` for one that ends."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.pids: list[int] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.lives"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True,
        )  # fmt: skip
        assert self.process.stdin
        assert self.process.stdout
        self.orders, self.answers = self.process.stdin, self.process.stdout

    def start(
        self, *commands: list[object], cwd: Path = ROOT, env: Mapping[str, str] | None = None
    ) -> list[int]:
        """Begin `ganzoo COMMAND` for each, with `env` beside our variables; their process numbers.

        Of `env`, PYTHONPATH is seen by the process, and what libraries read at import is not.
        """
        self.end()
        names = []
        for _ in commands:
            self.count += 1
            names.append(str(self.folder / f"life-{self.count:04d}"))
        self.names = names
        words = [[str(word) for word in command] for command in commands]
        order = [words, names, str(cwd), dict(env or {})]
        print(json.dumps(order), file=self.orders, flush=True)
        self.pids = json.loads(self.answers.readline())
        return self.pids

    def errors(self) -> list[str]:
        """What those that were begun have said on stderr until now."""
        files = [Path(f"{name}.err") for name in self.names]
        return [file.read_text() if file.exists() else "" for file in files]

    def end(self) -> None:
        """Kill those that a test began that did not wait for them."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.pids:
            self.wait()

    def wait(self) -> list[Ended]:
        """How those that were begun ended."""
        codes = json.loads(self.answers.readline())
        self.pids = []
        return [
            Ended(code, Path(f"{name}.out").read_text(), Path(f"{name}.err").read_text())
            for code, name in zip(codes, self.names, strict=True)
        ]

    def live(
        self, *command: object, cwd: Path = ROOT, env: Mapping[str, str] | None = None,
        kill: tuple[float, signal.Signals] | None = None,
    ) -> Ended:  # fmt: skip
        """One life, which gets a signal after so many seconds, if it is still there."""
        (pid,) = self.start(list(command), cwd=cwd, env=env)
        if kill:
            time.sleep(kill[0])
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kill[1])
        (ended,) = self.wait()
        return ended


@contextlib.contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery whose processes write what they say below `folder`."""
    made = Nursery(folder)
    try:
        yield made
    finally:
        made.end()
        made.orders.close()
        made.process.wait()
        made.answers.close()


def content(run: Path) -> dict[str, Any]:
    """All that a run ends in, but for times: hashes of tensors and pictures, numbers."""
    newest = max((run / "checkpoints").glob("step-*"))
    found: dict[str, Any] = {"checkpoint": newest.name}
    for file in sorted(newest.glob("*.safetensors")):
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118
                raw = opened.get_tensor(name).numpy().tobytes()
                found[f"{file.name} {name}"] = hashlib.sha256(raw).hexdigest()
    found["state"] = json.loads((newest / "state.json").read_bytes())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    timeless = [{k: v for k, v in m.items() if k not in TIMES} for m in lines]
    for picture in sorted((run / "samples").glob("*.png")):
        found[picture.name] = hashlib.sha256(picture.read_bytes()).hexdigest()
    return found | {"metrics": timeless}


TIMES = {"seconds", "images_per_second", "evaluation_seconds"}


def _main() -> None:
    # What commands import as they run; the first optimizer step takes a second for torch._dynamo.
    for module in (
        "ganzoo.api.watching", "ganzoo.cli.app", "ganzoo.runs.beginning", "ganzoo.runs.resuming",
        "ganzoo_plugins.drawing", "ganzoo_plugins.mlp_gan", "packaging.requirements",
        "PIL.PngImagePlugin", "torch._dynamo", "typer._coercion",
    ):  # fmt: skip
        import_module(module)
    from ganzoo.cli import main

    for line in sys.stdin:
        commands, names, cwd, env = json.loads(line)
        pids = [
            _fork(main, command, name, cwd, env)
            for command, name in zip(commands, names, strict=True)
        ]
        print(json.dumps(pids), flush=True)
        statuses = {pid: os.waitpid(pid, 0)[1] for pid in pids}
        print(json.dumps([os.waitstatus_to_exitcode(statuses[pid]) for pid in pids]), flush=True)


def _fork(main: Any, command: list[str], name: str, cwd: str, env: dict[str, str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        streams: list[IO[str]] = []
        for number, ending in ((1, "out"), (2, "err")):
            stream = open(f"{name}.{ending}", "w")
            os.dup2(stream.fileno(), number)
            streams.append(stream)
        sys.stdout, sys.stderr = streams
        os.chdir(cwd)
        os.environ.update(env)
        sys.path[:1] = [cwd, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
        main(command)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _main()
