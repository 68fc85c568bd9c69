"""Why a generator cannot be exported: its author's line, the reason, and what to write instead."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from traceback import FrameSummary, extract_stack, extract_tb, walk_tb
from typing import Any

import torch
from numpy.typing import NDArray
from onnxscript import ir
from torch import fx, nn

from ganzoo.draw.untrusted import OPERATORS
from ganzoo.errors import GanzooError, ModelFileError, line_of_user, plain, reason
from ganzoo.export.names import module_of

BY_VALUES = (
    "decides by the values of a tensor what is computed, and a graph computes the same for every "
    "image: write torch.where(condition, a, b)"
)
RANDOM = (
    "draws random numbers, and an image must depend on its latent alone: draw them in __init__ and "
    "keep them with register_buffer"
)
HINTS = {
    "Bernoulli": RANDOM,
    "Dropout": "drops values in evaluation mode too: use nn.Dropout, or training=self.training",
    "If": BY_VALUES,
    "Loop": BY_VALUES,
    "Multinomial": RANDOM,
    "NonZero": "chooses values by a mask in brackets: write torch.where(mask, a, b)",
    "RandomNormal": RANDOM,
    "RandomNormalLike": RANDOM,
    "RandomUniform": RANDOM,
    "RandomUniformLike": RANDOM,
}
"""What an operator that ganzoo does not run comes from, and what to write instead."""
GROUPED = (
    "convolves in a group for each image, and a graph has a fixed number of groups: multiply the "
    "features, convolve with weights that all images share, and demodulate"
)
OTHERS = "needs an operator that ganzoo does not run: use layers, arithmetic and shapes"
LONGEST = 60
"""Characters of a line of code that a message quotes."""


def check(model: ir.Model, network: nn.Module, inputs: Sequence[NDArray[Any]]) -> None:
    """Raise ModelFileError where `model` is of one batch size, or holds what ganzoo does not run.

    It was made from `network` with the `inputs`, and its nodes still say from which line.
    """
    batch = model.graph.inputs[0].shape
    if batch is not None and isinstance(batch[0], int):
        raise ModelFileError(_fixed_batch(network, inputs))
    for node in model.graph:
        if node.op_type not in OPERATORS:
            place = _place(_frames(node.metadata_props.get("pkg.torch.onnx.stack_trace", "")))
            hint = HINTS.get(node.op_type, OTHERS)
            raise ModelFileError(f"{place or _layer(node)} {hint} (the operator is {node.op_type})")


def explain(error: BaseException) -> str:
    """Return in one line why the exporter failed: it wraps the reason in advice on its stages."""
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    root, words, at = causes[-1], str(causes[-1]).strip(), _node(causes)
    node = _place(_frames(at.meta.get("stack_trace") or "")) if at else ""
    place = node or _place(extract_tb(root.__traceback__))
    if isinstance(root, GanzooError):
        return words
    if at and "conv" in str(at.target) and isinstance(_groups(at), fx.Node):
        return f"{place or 'its forward'} {GROUPED}"
    if type(root).__name__ == "GuardOnDataDependentSymNode":
        return f"{place or 'its forward'} {BY_VALUES}"
    if missing := re.search(r"No ONNX function found for <OpOverload\(op='([\w.]+)'", words):
        name = missing[1].rpartition(".")[2].lstrip("_")
        lacks = f"needs torch's {name}, for which ONNX has no operator"
        return f"{place or 'its forward'} {lacks}: use other functions of torch"
    if ".numpy()" in words:
        leaves = "leaves torch, and no graph holds what is computed elsewhere"
        return f"{place or 'its forward'} {leaves}: use functions of torch"
    if node or type(root).__module__.partition(".")[0] in ("onnxscript", "torch"):
        first = plain(next(iter(words.splitlines()), type(root).__name__))  # the rest is advice
        return f"{place or 'its forward'} fails: {first[:300]}"
    return reason(root)


def _fixed_batch(network: nn.Module, inputs: Sequence[NDArray[Any]]) -> str:
    """Return in one line where the forward of `network` makes the batch a number of Python."""
    frame = None
    with suppress(Exception):  # torch's insides may change; the sentence is true without a line
        frame = _where_fixed(network, inputs)
    place = _place([frame]) if frame else ""
    instead = "write z.shape[0], not len(z) or int(...), or -1 in a reshape"
    if frame and re.search(r"\b(for|range|split|chunk|unbind)\b", frame.line or ""):
        instead = "compute all images of a batch at once, without a loop over them"
    takes = "takes the batch size as a number of Python, which fixes it"
    return f"{place or 'its forward'} {takes}: {instead}"


def _where_fixed(network: nn.Module, inputs: Sequence[NDArray[Any]]) -> FrameSummary | None:
    """Return the line at which torch first needs the size of the batch as a number."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental import symbolic_shapes as shapes

    sizes: list[torch.SymInt | int] = []
    told: list[FrameSummary | None] = []

    class Told(shapes.ShapeEnv):
        def evaluate_expr(self, *args: Any, **kwargs: Any) -> Any:
            found = super().evaluate_expr(*args, **kwargs)
            if sizes and not told and str(sizes[0]).isdigit():  # it was a symbol before
                told.append(line_of_user(extract_stack()))
            return found

    mode = FakeTensorMode(shape_env=Told(), allow_non_fake_inputs=True)
    static, batch = shapes.DimDynamic.STATIC, shapes.DimDynamic.DUCK  # all inputs share the batch
    fakes = []
    for each in inputs:
        free: Any = shapes.StatelessSymbolicContext([batch, static, static][: each.ndim])
        fakes.append(mode.from_tensor(torch.from_numpy(each), symbolic_context=free))
    sizes.append(fakes[0].shape[0])
    with mode, torch.no_grad():
        network.eval()(*fakes)
    return told[0] if told else None


def _place(frames: Iterable[FrameSummary]) -> str:
    """Return the author's innermost line: "gan.py, line 7: `n = len(z)`"; "" without one."""
    frame = line_of_user(frames)
    if frame is None:
        return ""
    code = plain(frame.line or "")
    code = code if len(code) <= LONGEST else f"{code[: LONGEST - 1]}…"
    return f"{os.path.basename(frame.filename)}, line {frame.lineno}" + f": `{code}`" * bool(code)


def _layer(node: ir.Node) -> str:
    """Return the layer that a node is of, where all code is torch's: "the layer 3.conv"."""
    name = module_of(node)
    return f"the layer {name}" if name else "its forward"


def _frames(trace: str) -> list[FrameSummary]:
    """Return the frames of a stack trace as the exporter writes it down."""
    found = re.findall(r'File "(.+)", line (\d+), in (\S+)\n\s*(.*)', trace)
    return [FrameSummary(file, int(n), name, line=line) for file, n, name, line in found]


def _groups(node: fx.Node) -> object:
    """Return the groups of a convolution: a number, or the node that computes it."""
    schema = getattr(node.target, "_schema", None)
    names = [argument.name for argument in schema.arguments] if schema else []
    return dict(zip(names, node.args, strict=False)).get("groups") or node.kwargs.get("groups")


def _node(causes: list[BaseException]) -> fx.Node | None:
    """Return the node that the exporter was at when it raised the errors."""
    for error in causes:
        for frame, _ in walk_tb(error.__traceback__):
            node = frame.f_locals.get("node")
            if isinstance(node, fx.Node):
                return node
    return None
