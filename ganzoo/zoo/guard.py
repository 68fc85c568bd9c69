"""Running a plugin's code so that what it prints, changes or raises does no harm."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from typing import Any

from ganzoo.errors import DataError, GanzooError, PluginError, is_out_of_memory, reason


@dataclass(frozen=True)
class Setting:
    """Something that the whole process shares and a plugin must leave alone."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], None]


FOLDER = Setting("the working folder", os.getcwd, os.chdir)


@contextmanager
def guarded(whose: str, done: str) -> Iterator[list[str]]:
    """Run a plugin's code; if it raises, raise PluginError "`whose` cannot be `done`".

    That goes for SystemExit too, and for a KeyboardInterrupt that no Ctrl-C caused. A DataError or
    PluginError passes: its message is for users already. What the code prints goes to stderr, and
    the `settings` that it changed are put back. The yielded list names these faults at the end.
    """
    faults: list[str] = []
    before = [(setting, setting.read()) for setting in settings()]
    with _count_interrupts() as interrupts, divert_stdout() as printed:
        try:
            yield faults
        except (DataError, PluginError):
            raise
        except KeyboardInterrupt as error:
            if interrupts or error.args:
                message = error.args or (f"before {whose} could be {done}",)
                raise KeyboardInterrupt(*message) from None
            raise PluginError(f"{whose} cannot be {done}: {reason(error)}") from error
        except BaseException as error:
            raise PluginError(f"{whose} cannot be {done}: {reason(error)}") from error
        finally:
            faults += _put_back(before)
            if printed():
                faults.append("prints to standard output")


@contextmanager
def explained(what: str, *fields: str) -> Iterator[None]:
    """Turn what a plugin's code raises into a PluginError that begins with `what`.

    It does no more than that, so it is cheap enough for every step of a training. `fields` are the
    settings that `what` names.
    """
    try:
        yield
    except (GanzooError, KeyboardInterrupt):
        raise
    except (
        BaseException
    ) as error:  # GeneratorExit too: a plugin raised it, as nothing yields inside
        if is_out_of_memory(error):  # not the plugin's fault
            raise
        raise PluginError(f"{what}: {reason(error)}", *fields) from error


@contextmanager
def folder_kept() -> Iterator[None]:
    """Put the working folder back at the end, whatever a plugin's code did; `guarded` does it too.

    There is one for the whole process, so no other thread may be in here meanwhile.
    """
    before = [(FOLDER, FOLDER.read())]
    try:
        yield
    finally:
        _put_back(before)


def settings() -> list[Setting]:
    """Return what is watched: settings of Python, and of numpy and torch if they are loaded."""
    found = [
        Setting("Python's random state", random.getstate, random.setstate),
        FOLDER,
    ]
    if numpy := sys.modules.get("numpy.random"):
        found.append(_numpys(numpy))
    if torch := sys.modules.get("torch"):
        found += _torchs(torch)
    return found


def _torchs(torch: Any) -> list[Setting]:
    def read_rng() -> bytes:
        state: bytes = torch.get_rng_state().numpy().tobytes()
        return state

    def write_rng(state: bytes) -> None:
        torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))

    return [
        Setting("torch's random state", read_rng, write_rng),
        Setting("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
        Setting("torch's default device", torch.get_default_device, torch.set_default_device),
        Setting("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
        Setting("torch's gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
        Setting(
            "torch's deterministic mode",
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
        Setting(
            "torch's matmul precision",
            torch.get_float32_matmul_precision,
            torch.set_float32_matmul_precision,
        ),
    ]


@dataclass(frozen=True)
class _NumpyState:
    """State of numpy's global bit generator; `text` is the state in a form that compares."""

    generator: Any
    text: str
    state: Any = field(compare=False)


def _numpys(module: Any) -> Setting:
    def read() -> _NumpyState:
        generator = module.get_bit_generator()
        return _NumpyState(generator, repr(generator.state), generator.state)

    def write(before: _NumpyState) -> None:
        module.set_bit_generator(before.generator)
        before.generator.state = before.state

    return Setting("numpy's random state", read, write)


def _put_back(before: list[tuple[Setting, Any]]) -> list[str]:
    """Restore the settings that were changed, each by itself, and return a fault for each."""
    faults = []
    for setting, value in before:
        with suppress(Exception):  # the working folder may be gone
            if setting.read() != value:
                faults.append(f"changes {setting.name}")
                setting.write(value)
    return faults


class _Stderr:
    """Stand-in for stdout that writes to stderr; `heard` tells whether anything was written."""

    heard = False

    def write(self, text: str) -> int:
        self.heard = True
        return sys.stderr.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


@contextmanager
def divert_stdout() -> Iterator[Callable[[], bool]]:
    """Send to stderr what is printed to stdout, even by code that is not Python's.

    stdout is for the command's answer alone. The yielded function tells if anything was printed.
    """
    stand_in = _Stderr()
    raw: list[bytes] = []
    try:
        sys.stdout.flush()
        kept = os.dup(1)
    except (OSError, ValueError):  # there is no such file: a service, or a closed pipe
        with redirect_stdout(stand_in):
            yield lambda: stand_in.heard
        return
    with tempfile.TemporaryFile() as sink, redirect_stdout(stand_in):
        os.dup2(sink.fileno(), 1)
        try:
            yield lambda: stand_in.heard or os.fstat(sink.fileno()).st_size > 0
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            sink.seek(0)
            raw.append(sink.read())
    if raw[0]:
        sys.stderr.write(raw[0].decode(errors="replace"))


@contextmanager
def _count_interrupts() -> Iterator[list[int]]:
    """Yield a list that grows with every Ctrl-C; what Ctrl-C does stays as it was."""
    pressed: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield pressed
        return

    def note(number: int, frame: Any) -> None:
        pressed.append(number)
        handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, handler)
