"""Protobuf's wire format, read strictly: what two readers could take differently is refused.

Nothing is built and nothing is believed: a message is bytes, and its fields are numbered ints and
bytes. https://protobuf.dev/programming-guides/encoding describes the format.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

Value = int | memoryview | None
EMPTY = memoryview(b"")
"""A text or a message that is not there."""


class DamagedError(Exception):
    """These bytes are no message, or not one that every reader would read alike."""


class Reader:
    """Reader of messages; it counts their fields, of which there may be `budget` in all."""

    def __init__(self, budget: int) -> None:
        self.budget = budget

    def fields(self, message: Value) -> Iterator[tuple[int, Value]]:
        """Yield each field's number and value: an int, bytes, or None for what has a fixed size."""
        data, at = as_bytes(message), 0
        while at < len(data):
            self.spend()
            key, at = _varint(data, at)
            if not 8 <= key < 2**32:  # protobuf drops the bits above, and would see another field
                raise DamagedError("a field has no number")
            value: Value = None
            match key & 7:
                case 0:
                    value, at = _varint(data, at)
                case 1:
                    at += 8
                case 2:
                    size, at = _varint(data, at)
                    value = data[at : at + size]
                    at += size
                case 5:
                    at += 4
                case kind:
                    raise DamagedError(f"there is no field of kind {kind}")
            if at > len(data):
                raise DamagedError("it is cut short")
            yield key >> 3, value

    def parts(self, message: Value, once: Container[int]) -> dict[int, list[Value]]:
        """Return the values of each field; DamagedError where one of `once` comes twice."""
        found: dict[int, list[Value]] = {}
        for number, value in self.fields(message):
            if found.setdefault(number, []) and number in once:
                raise DamagedError(f"field {number} is there twice")
            found[number].append(value)
        return found

    def once(self, message: Value, once: Container[int]) -> dict[int, Value]:
        """Return those fields of a message that come at most once; protobuf would merge two."""
        found = self.parts(message, once)
        return {number: values[0] for number, values in found.items() if number in once}

    def ints(self, value: Value) -> Iterator[int]:
        """Yield one int, or each of a packed list of them."""
        if isinstance(value, int):
            yield value
            return
        data, at = as_bytes(value), 0
        while at < len(data):
            self.spend()
            number, at = _varint(data, at)
            yield number

    def spend(self) -> None:
        """Count one more part; DamagedError if there are too many."""
        self.budget -= 1
        if self.budget < 0:
            raise DamagedError("it has too many parts")


def as_int(value: Value) -> int:
    """Return a field that must be an int, or raise DamagedError."""
    if not isinstance(value, int):
        raise DamagedError("a number is not one")
    return value


def signed(number: int) -> int:
    """Return the int64 that protobuf writes as a number from 0 to 2**64 - 1."""
    return number - 2**64 if number >= 2**63 else number


def as_bytes(value: Value) -> memoryview:
    """Return a field that must be bytes or a message, or raise DamagedError."""
    if not isinstance(value, memoryview):
        raise DamagedError("a part is a number")
    return value


def as_text(value: Value) -> str:
    """Return a field that must be UTF-8, or raise DamagedError."""
    try:
        return bytes(as_bytes(value)).decode()
    except UnicodeDecodeError:
        raise DamagedError("a name is not text") from None


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for i, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            if value >= 2**64:
                raise DamagedError("a number is too large")
            return value, at + i + 1
    raise DamagedError("it is cut short")
