"""Run a model in a process of its own, which may crash, hang or fill its memory without harm.

The processes talk in frames: a kind, a length, and the bytes. An array travels as numpy writes it
into a file, without pickle, so that nothing of what a model's process says is run here.
"""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw.untrusted import Contents
from ganzoo.errors import ModelFileError

SECONDS = 120.0
"""Seconds that a model may take to be opened, or to draw one batch."""
MOST_BYTES = 2**30
"""Most bytes of one answer."""
OURS = str(Path(__file__).parents[2])
"""The folder of the package, which a program may have found by its working folder."""
HEAD = struct.Struct("<cQ")
Frame = tuple[bytes, bytes]
CONTENT, ARRAY, TEXT, END, ERROR = b"C", b"A", b"T", b"E", b"X"


class Apart:
    """An onnxruntime session in a child process; it has the methods of one that ganzoo needs.

    The child is killed when this is not used any more, when an answer takes more than `seconds`,
    and by Ctrl-C while one is waited for. Raises ModelFileError where the child ends by itself.
    """

    def __init__(
        self,
        content: bytes,
        contents: Contents,
        path: str | Path,
        providers: str | Sequence[str],
        threads: int | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """Open a file's content, as `ganzoo.draw.session.open_session` does."""
        self.path, self.seconds, self.late = path, seconds, False
        self.why = f"{path} was stopped while it was run: open it again"
        self.child = subprocess.Popen(
            [sys.executable, "-P", "-m", "ganzoo.draw.runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([OURS, *filter(None, sys.path)])},
            start_new_session=True,  # so that a terminal's Ctrl-C is for us alone
        )
        self.close = weakref.finalize(self, _end, self.child)
        wanted = [providers] if isinstance(providers, str) else list(providers)
        versions = [str(contents.ir_version), str(contents.opset)]
        texts = [str(path), *versions, str(threads or 0), *wanted]
        frames = [(TEXT, text.encode("utf-8", "surrogateescape")) for text in texts]
        self.runs_on = [text.decode() for _, text in self._ask([*frames, (CONTENT, content)])]

    def get_providers(self) -> list[str]:
        """Return the names of the providers that the model runs on."""
        return self.runs_on

    def run(
        self, names: Sequence[str], given: Mapping[str, NDArray[Any]], options: object = None
    ) -> list[NDArray[Any]]:
        """Return the values `names` that the model makes of what it is given."""
        frames = [(TEXT, name.encode()) for name in names]
        for name, array in given.items():
            frames += [(TEXT, name.encode()), (ARRAY, packed(array))]
        found = [unpacked(content) for _, content in self._ask(frames)]
        if len(found) != len(names):
            raise ModelFileError(f"{self.path} gives {len(found)} values, not {len(names)}")
        return found

    def _ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Send a question, and return the frames of the answer.

        Where the child has ended before, the error says again why.
        """
        if not self.close.alive:
            raise ModelFileError(self.why)
        timer = threading.Timer(self.seconds, self._too_late)
        timer.daemon = True
        timer.start()
        try:
            assert self.child.stdin
            write(self.child.stdin, [*frames, (END, b"")])
            answer = [*self._answer()]
        except (BrokenPipeError, EOFError):
            self.why = self._how_it_ended()
            self.close()
            raise ModelFileError(self.why) from None
        except BaseException:  # also Ctrl-C: what the child computes is not waited for
            self.close()
            raise
        finally:
            timer.cancel()
        for kind, content in answer:
            if kind == ERROR:  # of this batch: another one may do
                raise ModelFileError(content.decode("utf-8", "replace"))
        return answer

    def _answer(self) -> Iterator[Frame]:
        """Yield the frames of one answer; EOFError where it is cut short."""
        assert self.child.stdout
        while True:
            kind, content = read(self.child.stdout, MOST_BYTES)
            if kind == END:
                return
            yield kind, content

    def _too_late(self) -> None:
        self.late = True
        self.child.kill()

    def _how_it_ended(self) -> str:
        """Return one line about a child that ended before it answered."""
        if self.late:
            return f"{self.path} is refused: one batch took more than {self.seconds:g} s"
        code = self.child.wait()
        if code >= 0:
            return f"{self.path} cannot be run: the process that tried ended with code {code}"
        return f"{self.path} is refused: it crashed its process ({signal.Signals(-code).name})"


def packed(array: NDArray[Any]) -> bytes:
    """Return an array as numpy writes it into a file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
    return file.getvalue()


def unpacked(content: bytes) -> NDArray[Any]:
    """Return the array of such bytes; ModelFileError where they are none."""
    try:
        found: NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, MemoryError) as error:
        raise ModelFileError(f"the process of a model gives no array: {error}") from error
    return found


def write(pipe: IO[bytes], frames: Iterable[Frame]) -> None:
    """Write frames, and send them."""
    for kind, content in frames:
        pipe.write(HEAD.pack(kind, len(content)))
        pipe.write(content)
    pipe.flush()


def read(pipe: IO[bytes], most: int) -> Frame:
    """Read a frame; EOFError where it is cut short, ModelFileError where it is too long."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        raise EOFError
    kind, length = HEAD.unpack(head)
    if length > most:
        raise ModelFileError(f"the process of a model gives more than {most:,} bytes")
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return kind, content


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child, and leave nothing of it."""
    child.kill()
    for pipe in (child.stdin, child.stdout):
        with suppress(OSError):  # what was not written yet goes nowhere
            pipe.close()  # type: ignore[union-attr]
    child.wait()
