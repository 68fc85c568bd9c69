"""Which fields of onnx.proto's messages come at most once; all others may be repeated.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto has their names. A field that comes once is
merged by protobuf where it comes twice, and a careless reader would take the other of the two.
"""

from __future__ import annotations

NODE = frozenset({3, 4, 6, 7, 8})
ATTRIBUTE = frozenset({1, 2, 3, 4, 5, 6, 13, 14, 20, 21, 22})
TENSOR = frozenset({2, 3, 8, 9, 12, 14})
PORT = frozenset({1, 2, 3})
TYPE = frozenset({1, 4, 5, 6, 7, 8, 9})
TENSOR_TYPE = frozenset({1, 2})
SIZE = frozenset({1, 2, 3})
OPSET = frozenset({1, 2})
PAIR = frozenset({1, 2})
