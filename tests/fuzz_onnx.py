"""Thousands of damaged model files, each opened by `ganzoo sample` in a process of its own.

`python -m tests.fuzz_onnx MODEL.onnx… --count 20000`. Every process must end within its limits,
with exit code 0 or 5 and at most one line on stderr. Processes are forked from one that has
imported everything, so that a file takes milliseconds. Needs fork: Linux or macOS.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import onnx

DRAW = ("-n", "2", "-o")
CPU_SECONDS, MEMORY, WALL_SECONDS = 20, 8 * 2**30, 60
NUMBERS = (0, 1, -1, 2, 7, 255, 2**20, 2**31 - 1, -(2**31), 2**40, 2**62, -(2**63))
WORDS = ("", "x", "latent", "image", "Loop", "If", "Conv", "Gemm", "Resize", "Expand", "Identity",
         "ai.onnx", "com.microsoft", "../../etc/passwd", "\u0000", "a" * 300)  # fmt: skip
JSON = ("", "{}", "[]", "null", "1e999", "NaN", "-1", '{"shape": [1e9]}', '"x"', "[" * 5000,
        '{"layout": "NHWC", "dtype": "uint8", "range": [0, 255], "size": [65536, 65536], '
        '"channels": 3}', '{"shape": [100], "dist": "normal", "rng": "gz-normal-v2"}')  # fmt: skip


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One damaged file: of its bytes, or of what they mean."""
    how = rng.random()
    if how < 0.3:
        return _mutate_bytes(bytearray(content), rng)
    if how < 0.6:
        return _mutate_wire(content, rng)
    model = onnx.load_from_string(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        _mutate_message(model, rng)
    try:
        return bytes(model.SerializeToString())
    except ValueError:  # protobuf refuses to write it
        return _mutate_bytes(bytearray(content), rng)


def _mutate_bytes(data: bytearray, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        # Half of the time near the beginning or the end: there is the structure, not the weights.
        reach = len(data) if rng.random() < 0.5 else min(2000, len(data))
        at = rng.randrange(reach) if rng.random() < 0.5 else len(data) - 1 - rng.randrange(reach)
        match rng.randrange(5):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                data[at:at] = rng.randbytes(rng.randrange(1, 20))
            case 3:
                del data[at : at + rng.randrange(1, 40)]
            case 4 if len(data) > 1000:
                start = rng.randrange(len(data) - 100)
                data[at:at] = data[start : start + rng.randrange(100)]
        if len(data) < 2:
            break
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.05 else data)


def _mutate_wire(content: bytes, rng: random.Random) -> bytes:
    """One field, at any depth, as no library writes it: another kind, a strange tag, twice."""
    fields = list(_fields(content))
    if not fields:
        return content[: len(content) // 2]
    at, number, kind, value = rng.choice(fields)
    if kind == 2 and rng.random() < 0.8 and (inner := _mutate_wire(value, rng)) != value:
        new = _tag(number, 2) + varint(len(inner)) + inner
    else:
        body = varint(len(value)) + value if kind == 2 else value
        new = rng.choice((
            _tag(number, rng.randrange(8)) + body,
            varint((number << 3 | kind) | 1 << rng.randrange(20, 63)) + body,
            (_tag(number, kind) + body) * 2,
            _tag(rng.randrange(30), kind) + body,
            _tag(number, kind)[:-1] + bytes([_tag(number, kind)[-1] | 0x80, 0]) + body,
            b"",
        ))  # fmt: skip
    old = len(_tag(number, kind)) + len(value) + (len(varint(len(value))) if kind == 2 else 0)
    return content[:at] + new + content[at + old :]


def _fields(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Where each field begins, its number, kind and value, until it is no message any more."""
    at = 0
    while at < len(data):
        start = at
        key, at = _read(data, at)
        number, kind = key >> 3, key & 7
        first = at
        if kind == 0:
            _, at = _read(data, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            size, first = _read(data, at)
            at = first + size
        if kind not in (0, 1, 2, 5) or not number or at > len(data):
            return
        yield start, number, kind, data[first:at]


def _read(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    return value, at + 1


def _tag(number: int, kind: int) -> bytes:
    return varint(number << 3 | kind)


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    parts = []
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def _mutate_message(message: Any, rng: random.Random) -> None:
    """Change one field somewhere below `message`, whatever it is."""
    while True:
        fields = message.ListFields()
        if not fields:
            return
        descriptor, value = rng.choice(fields)
        if descriptor.message_type is None:
            break
        if not descriptor.is_repeated:
            message = value
        elif rng.random() < 0.15:
            _mutate_list(value, rng)
            return
        elif value:
            message = rng.choice(value)
    new = _other(descriptor, rng)
    try:
        if not descriptor.is_repeated:
            setattr(message, descriptor.name, new)
        elif value and rng.random() < 0.7:
            value[rng.randrange(len(value))] = new
        else:
            value.append(new)
    except (ValueError, TypeError):
        message.ClearField(descriptor.name)


def _mutate_list(messages: Any, rng: random.Random) -> None:
    one = rng.randrange(len(messages)) if len(messages) else 0
    match rng.randrange(3):
        case 0 if len(messages):
            del messages[one]
        case 1 if len(messages):
            messages.add().CopyFrom(messages[one])
        case _ if len(messages) > 1:
            other = rng.randrange(len(messages))
            messages[one].CopyFrom(messages[other])


def _other(descriptor: Any, rng: random.Random) -> Any:
    if descriptor.cpp_type == descriptor.CPPTYPE_STRING:
        if descriptor.type == descriptor.TYPE_BYTES:
            return rng.randbytes(rng.randrange(64))
        return rng.choice(JSON if descriptor.name == "value" else WORDS)
    if descriptor.cpp_type in (descriptor.CPPTYPE_FLOAT, descriptor.CPPTYPE_DOUBLE):
        return rng.choice((0.0, -1.0, 1e38, float("nan"), float("inf")))
    number = rng.choice(NUMBERS) if rng.random() < 0.6 else rng.randrange(32)
    return max(-(2**31), min(number, 2**31 - 1)) if "32" in str(descriptor.type) else number


def run(
    models: Sequence[Path], count: int, seed: int = 0, keep: Path | None = None
) -> Counter[str]:
    """Open `count` damaged files; how many ended how. Files that ended badly are kept in `keep`."""
    import PIL.Image

    import ganzoo.draw.session  # noqa: F401 - imported once, not in each child
    from ganzoo.cli import main

    PIL.Image.preinit()
    with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        main(["sample", "missing.onnx", *DRAW, "x.png"])  # and so is what commands need as they run
    contents = [path.read_bytes() for path in models]
    ended: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="ganzoo-fuzz-") as folder:
        for number in range(count):
            rng = random.Random(f"{seed} {number}")
            path = Path(folder, "model.onnx")
            path.write_bytes(mutate(rng.choice(contents), rng))
            how = _open(path, Path(folder))
            ended[how] += 1
            if how not in ("0", "5") and keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}.onnx").write_bytes(path.read_bytes())
    return ended


def _open(path: Path, folder: Path) -> str:
    """Exit code of `ganzoo sample`, or what else happened."""
    said = folder / "stderr"
    child = os.fork()
    if child == 0:
        _sample(path, folder, said)
    start = time.monotonic()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() - start > WALL_SECONDS:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return f"no end after {WALL_SECONDS} s"
        time.sleep(0.001)
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    lines = said.read_text(errors="replace").splitlines()
    if len(lines) > 1 or any("Traceback" in line for line in lines):
        return f"said too much: {lines[-1][:100]}"
    return str(os.WEXITSTATUS(status)) if os.WEXITSTATUS(status) in (0, 5) else f"exit: {lines}"


def _sample(path: Path, folder: Path, said: Path) -> None:
    from ganzoo.cli import main

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    code = 1
    try:
        main(["sample", str(path), *DRAW, str(folder / "out.png")])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
        sys.stderr.flush()
    finally:
        os._exit(code)


def main() -> None:
    """Print how files ended; exit with 1 where one ended otherwise than with 0 or 5."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_onnx", description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for files that end badly")
    arguments = parser.parse_args()
    start = time.monotonic()
    ended = run(arguments.models, arguments.count, arguments.seed, arguments.keep)
    print(f"{arguments.count} files in {time.monotonic() - start:.0f} s")
    for how, times in ended.most_common():
        print(f"{times:8} {how}")
    sys.exit(0 if set(ended) <= {"0", "5"} else 1)


if __name__ == "__main__":
    main()
