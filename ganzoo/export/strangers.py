"""Which inputs and outputs of somebody else's ONNX generator are latents, labels and images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto

from ganzoo.draw import graph
from ganzoo.draw.form import MAX_BATCH, is_possible
from ganzoo.draw.info import MAX_LATENTS, MAX_NUMBERS
from ganzoo.draw.ports import Port
from ganzoo.draw.untrusted import Contents
from ganzoo.errors import ModelFileError, UsageError

FLOATS = ("float32", "float16")
WHOLE = ("int64", "int32")
WANTED = {
    "latent_input": "an input float32 (n, latent_dim) or (n, latent_dim, 1, 1)",
    "label_input": "an input int64 (n) or (n, 1) for labels",
    "image_output": "an output float32, float16 or uint8 (n, channels, height, width) or "
    "(n, height, width, channels)",
}
"""What each port should be, in words, by the parameter that names it."""
MOST_BESIDE = 2**24
"""Most bytes of a file that are not weights. As objects they can take sixty times the memory."""
MOST_LISTED = 8
"""Most inputs or outputs that an error names."""


@dataclass(frozen=True)
class Taken:
    """The inputs of a generator: z, and the labels where it takes any."""

    latent: Port
    label: Port | None

    @property
    def latent_dim(self) -> int:
        """Numbers that make one image."""
        dim = self.latent.shape[1]
        assert dim is not None
        return dim

    @property
    def batch(self) -> int | None:
        """Images of each call, as the file says; None is any number, which some write as -1."""
        size = self.latent.shape[0]
        return None if size == -1 else size


def parsed(content: bytes, contents: Contents) -> ModelProto:
    """Return a file that `untrusted.inspect` passed as onnx has it, in memory that is known.

    Raises ModelFileError where onnx could not read it, or where far more is in it than weights.
    """
    graph.read(content, "it")
    if (beside := len(content) - contents.weights) > MOST_BESIDE:
        raise ModelFileError(
            f"it has {beside:,} bytes that are not raw weights, and may have {MOST_BESIDE:,}"
        )
    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        raise ModelFileError(f"it is damaged: {' '.join(str(error).split())[:200]}") from None
    if any(isinstance(node.name, bytes) for node in model.graph.node):
        raise ModelFileError("it is damaged: a name is not text")
    return model


def find_inputs(
    contents: Contents, model: ModelProto, z_name: str | None = None, label_name: str | None = None
) -> Taken:
    """Return which inputs of `model` are z and the labels: those named, or the only fitting ones.

    z is float32 or float16, (n, latent_dim) or (n, latent_dim, 1, 1); labels are int64 or int32,
    (n,) or (n, 1). Old files list their weights as inputs, which are left out. Raises UsageError
    where a name is wrong or needed, ModelFileError where there is no such input, where there is a
    further one, or where the batch cannot be.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [port for port in contents.inputs if port.name not in weights]
    z = _chosen(inputs, "latent_input", z_name, _is_latent)
    rest = [port for port in inputs if port is not z]
    label = None
    if label_name is not None or any(map(_is_label, rest)):
        label = _chosen(rest, "label_input", label_name, _is_label)
    if others := [port for port in rest if port is not label]:
        raise ModelFileError(
            f"it also takes {_listed(others)}: ganzoo gives a generator latents and labels alone"
        )
    takes = Taken(z, label)
    if not is_possible(takes.batch, takes.latent_dim):
        raise ModelFileError(
            f"it takes {takes.batch:,} times {takes.latent_dim:,} latents in each call, which is "
            f"not possible: export it with another batch, from 1 to {MAX_BATCH:,}, or with any"
        )
    return takes


def find_image(contents: Contents, image: str | None = None) -> Port:
    """Return which output is the images: the one named, or the only one of four dimensions.

    Raises UsageError where a name is wrong or needed, ModelFileError where there is no image.
    """
    return _chosen(contents.outputs, "image_output", image, _is_image)


def layout(shape: Sequence[int]) -> str:
    """Return "NCHW" or "NHWC" for the shape of a batch of images; ModelFileError if it is neither.

    Where it could be both, as (n, 3, 3, 3), it is NCHW.
    """
    if math.prod(shape[1:]) > MAX_NUMBERS:
        raise ModelFileError(f"it draws {tuple(shape)}: an image may have {MAX_NUMBERS:,} numbers")
    if len(shape) == 4 and min(shape[1:]) >= 1:
        if shape[1] in (1, 3) and min(shape[2:]) >= 2:
            return "NCHW"
        if shape[3] in (1, 3) and min(shape[1:3]) >= 2:
            return "NHWC"
    raise ModelFileError(
        f"it draws {tuple(shape)}, which is neither (n, channels, height, width) nor "
        "(n, height, width, channels) with 1 or 3 channels and at least 2x2 pixels"
    )


def _is_latent(port: Port) -> bool:
    match port.shape:
        case (_, int(dim)) | (_, int(dim), 1, 1):
            return port.dtype in FLOATS and 1 <= dim <= MAX_LATENTS
    return False


def _is_label(port: Port) -> bool:
    match port.shape:
        case (_,) | (_, 1):
            return port.dtype in WHOLE
    return False


def _is_image(port: Port) -> bool:
    return port.dtype in (*FLOATS, "uint8") and len(port.shape) == 4


def _chosen(
    ports: Sequence[Port], what: str, name: str | None, fits: Callable[[Port], bool]
) -> Port:
    """Return the port that is called `name`, or the only one that fits; `what` is in WANTED."""
    if name is not None:
        found = [port for port in ports if port.name == name]
        if not found:
            raise UsageError(f"{what} must be one of {_listed(ports)}, not {name!r}", what)
    else:
        found = [port for port in ports if fits(port)]
        if len(found) > 1:
            raise UsageError(f"{what} must say which of these it is: {_listed(found)}", what)
    if not found or not fits(found[0]):
        raise ModelFileError(f"{WANTED[what]} is needed, and it has {_listed(found or ports)}")
    return found[0]


def _listed(ports: Sequence[Port]) -> str:
    """Return ports in words: "z float32 (n, 100), y int64 (n)"."""
    shown = [replace(port, name=port.name[:60], shape=port.shape[:8]) for port in ports]
    more = [f"and {len(ports) - MOST_LISTED} more"] if len(ports) > MOST_LISTED else []
    return ", ".join([*(port.in_words() for port in shown[:MOST_LISTED]), *more]) or "nothing"
