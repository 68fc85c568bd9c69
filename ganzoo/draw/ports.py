"""Types and shapes that an ONNX file declares: of inputs, outputs, and values in between."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.draw import schema
from ganzoo.draw.wire import EMPTY, Reader, Value, as_int, as_text, signed

DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
}  # fmt: skip
"""ONNX's numbers for types of numbers, and what numpy calls them."""
OTHERS = {
    4: "uint16", 5: "int16", 8: "texts", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
"""Types that are known by name alone: no input or output of a generator may have them."""
NO_TENSOR = "no tensor"


@dataclass(frozen=True)
class Port:
    """A value's name, type, and shape, None where a dimension is free; () is also no shape."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def in_words(self, batch: int | None = None) -> str:
        """Return all of it in words: "z float32 (n, 100)".

        A free first dimension is `batch`, or n; another one is "?".
        """
        sizes = ["?" if size is None else str(size) for size in self.shape]
        if self.shape[:1] == (None,):
            sizes[0] = "n" if batch is None else str(batch)
        return f"{self.name} {self.dtype} ({', '.join(sizes)})"


class PortReader(Reader):
    """Reader of ValueInfoProto, which declares a value."""

    def port(self, data: Value) -> Port:
        """Return what is declared, `NO_TENSOR` as the type of what is none."""
        parts = self.once(data, schema.PORT)
        name = as_text(parts.get(1, EMPTY))
        tensor = self.once(parts.get(2, EMPTY), schema.TYPE).get(1)
        if tensor is None:
            return Port(name, NO_TENSOR, ())
        described = self.once(tensor, schema.TENSOR_TYPE)
        shape = list[int | None]()
        for number, dim in self.fields(described.get(2, EMPTY)):
            if number == 1:
                size = self.once(dim, schema.SIZE).get(1)
                shape.append(None if size is None else signed(as_int(size)))
        dtype = (DTYPES | OTHERS).get(as_int(described.get(1, 0)), "another type")
        return Port(name, dtype, tuple(shape))
