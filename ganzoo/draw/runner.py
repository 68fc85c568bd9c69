"""The process that runs one model for `ganzoo.draw.apart`: `python -m ganzoo.draw.runner`."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from ganzoo.draw.apart import ARRAY, CONTENT, END, ERROR, TEXT, Frame, packed, read, unpacked, write
from ganzoo.draw.untrusted import Contents
from ganzoo.errors import GanzooError

MEMORY = 16 * 2**30
"""Bytes of addresses that this process may have on the CPU, where onnxruntime allocates less. CUDA
takes far more of them than it uses."""


def main() -> None:
    """Open the model that stdin brings, and answer until stdin ends."""
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    questions = _questions(sys.stdin.buffer)
    opened = next(questions)
    texts = [text.decode("utf-8", "surrogateescape") for kind, text in opened if kind == TEXT]
    content = next(content for kind, content in opened if kind == CONTENT)
    path, ir_version, opset, threads, *providers = texts
    try:
        from ganzoo.draw.session import CPU, chosen, open_session

        contents = Contents(int(ir_version), int(opset))
        wanted = "auto" if providers == ["auto"] else providers
        _limit(MEMORY if chosen(wanted) == [CPU] else None)
        session = open_session(content, contents, path, wanted, int(threads) or None)
    except GanzooError as error:
        write(answers, [_error(str(error)), (END, b"")])
        return
    write(answers, [*((TEXT, name.encode()) for name in session.get_providers()), (END, b"")])
    for frames in questions:
        write(answers, [*_run(session, path, frames), (END, b"")])


def _end_with(parent: int) -> None:
    """End this process soon after the one that started it, which may be killed in a long batch."""
    while os.getppid() == parent:  # always so on Windows
        time.sleep(1)
    os._exit(1)


def _run(session: Any, path: str, frames: list[Frame]) -> list[Frame]:
    """Return the values that are asked for, or the error, as frames."""
    from ganzoo.draw.session import why_not_run

    places = [place for place, (kind, _) in enumerate(frames) if kind == ARRAY]
    given = {frames[at - 1][1].decode(): unpacked(frames[at][1]) for at in places}
    names = [name.decode() for _, name in frames[: places[0] - 1]]
    try:
        return [(ARRAY, packed(value)) for value in session.run(names, given)]
    except Exception as error:  # onnxruntime's exceptions have no common base
        batch = max(len(array) for array in given.values() if array.ndim)
        return [_error(why_not_run(error, path, batch))]


def _error(message: str) -> Frame:
    """Return an error as a frame; the path in it may be no text."""
    return ERROR, message.encode("utf-8", "surrogateescape")


def _questions(pipe: IO[bytes]) -> Iterator[list[Frame]]:
    """Yield the frames of each question, until the other process ends."""
    frames = list[Frame]()
    with suppress(EOFError):
        while True:
            frame = read(pipe, sys.maxsize)
            if frame[0] == END:
                yield frames
                frames = []
            else:
                frames.append(frame)


def _limit(memory: int | None) -> None:
    """Limit this process, where the system can: its memory, and no file of it after a crash."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0)):
        if most is not None:
            with suppress(ValueError, OSError):  # a lower one holds already
                resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
