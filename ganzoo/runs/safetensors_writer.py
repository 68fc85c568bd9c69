"""A writer of the safetensors format that does not copy the tensors; the library reads the files.

A file has three parts: the length of the header, the header in JSON, and the tensors one after
another (https://huggingface.co/docs/safetensors). The library's `save` copies all of it twice,
which costs as much time as hashing it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import PluginError
from ganzoo.storage import Content

_DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def to_safetensors(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Content:
    """Return a file's content in pieces: the header, then the memory of each tensor.

    Tensors on the CPU are not copied, so write the pieces before they change. Raises PluginError
    for a tensor of a type that the format does not have.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    pieces: list[memoryview] = []
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda t: (-t[1].element_size(), t[0])):
        if tensor.dtype not in _DTYPES:
            raise PluginError(f"'{name}' cannot be saved: it is of type {tensor.dtype}")
        flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        begin, end = end, end + len(flat)
        shape = list(tensor.shape)
        offsets = [begin, end]
        header[name] = {"dtype": _DTYPES[tensor.dtype], "shape": shape, "data_offsets": offsets}
        pieces.append(memoryview(flat.numpy()))  # type: ignore[arg-type]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return [len(text).to_bytes(8, "little") + text, *pieces]


def metadata(content: bytes) -> dict[str, str]:
    """Return the metadata in the header of a file's `content`; the library gives only tensors.

    The library must have read the content without an error before.
    """
    length = int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8 : 8 + length])
    return dict(header.get("__metadata__") or {})
