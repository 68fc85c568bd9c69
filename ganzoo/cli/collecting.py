"""Write a stream of images to a folder or file, with progress; a killed command can go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from ganzoo.cli.console import note
from ganzoo.draw import collect
from ganzoo.errors import OutputError
from ganzoo.storage import in_words

if TYPE_CHECKING:
    from ganzoo.draw.pixels import Pixels

SINKS: dict[str, type[collect.Sink]] = {
    "--each": collect.Folder,
    "--npz": collect.Npz,
    "--tar": collect.Tar,
}
PLAIN_SECONDS = 10.0  # between two plain lines


def collect_images(
    sink: collect.Sink,
    batches: Callable[[int], Iterator[Pixels]],
    batch_size: int,
    facts: dict[str, str | int],
) -> None:
    """Write the images start, start + 1, … that `batches(start)` yields into `sink`.

    Images that a killed process wrote before are kept, if its `facts` were the same: they say which
    images these are. Where it wrote all of them, nothing is written, but all are drawn again, to
    see that. Raises OutputError where something is in the way or cannot be written, and
    KeyboardInterrupt with the words that say how to go on.
    """
    count = sink.shape[0]
    size = "x".join(map(str, sink.shape[1:]))
    facts = facts | {"n": count, "size": size, "kind": type(sink).__name__}
    if sink.path.exists():
        with _progress(0, count) as progress:
            finished = collect.is_finished(sink, _each(batches(0), progress))
        if finished:
            note(f"{sink.path} is there already, with exactly these images")
            return
    with collect.claim(sink, facts):
        done = sink.resume(batch_size)
        if done:
            note(f"going on at image {done:,} of {count:,}")
        how = "the same command goes on at image"
        try:
            with _progress(done, count) as progress:
                for pixels in batches(done):
                    sink.append(pixels, done)
                    done += len(pixels)
                    progress(done)
            sink.finish()
        except KeyboardInterrupt:
            done = sink.resume(batch_size)  # Ctrl-C may come at any moment: look at what is there
            raise KeyboardInterrupt(f"drawing; {how} {done:,} of {count:,}") from None
        except OSError as error:
            error.filename = error.filename or str(sink.path)
            raise OutputError(f"{in_words(error)}; {how} {done:,} of {count:,}") from error


def _each(batches: Iterator[Pixels], progress: Callable[[int], None]) -> Iterator[Pixels]:
    """Yield the images of `batches` one by one, and tell `progress` how many there were."""
    done = 0
    for pixels in batches:
        yield from pixels
        done += len(pixels)
        progress(done)


@contextmanager
def _progress(start: int, count: int) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr: a bar on a terminal, elsewhere a line every 10 seconds.

    Yields a function to call with the number of images that are written.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(start, count)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} images"),
        BarColumn(),
        TextColumn("{task.fields[speed]:,.0f} images/s"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    speed = _speed(start)
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as bar:
        task = bar.add_task("", total=count, completed=start, speed=0)
        yield lambda done: bar.update(task, completed=done, speed=speed(done))


def _plain(start: int, count: int) -> Callable[[int], None]:
    """Return a function that prints a line of progress every `PLAIN_SECONDS`."""
    speed, printed = _speed(start), time.monotonic()

    def progress(done: int) -> None:
        nonlocal printed
        if time.monotonic() - printed < PLAIN_SECONDS:
            return
        printed = time.monotonic()
        left = timedelta(seconds=round((count - done) / speed(done)))
        note(f"{done:,} of {count:,} images, {speed(done):,.0f} images/s, {left} left")

    return progress


def _speed(start: int) -> Callable[[int], float]:
    """Return a function from the number of images that are written to images per second."""
    began = time.monotonic()
    return lambda done: (done - start) / max(time.monotonic() - began, 1e-9)
