"""Where each tensor comes from, while a network runs: which step made it, or which parameters."""

from __future__ import annotations

import gc
from collections.abc import Iterable

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

ESCAPES = frozenset("array data_ptr dlpack float item numpy tolist".split())  # noqa: SIM905
"""Functions by which numbers leave torch, so that nothing leads from them to what is made of them;
they return no tensor."""
RETURNS = frozenset("as_tensor asarray frombuffer from_numpy full scalar_tensor tensor".split())  # noqa: SIM905
"""Functions by which numbers of Python or numpy come into torch."""
TEMPLATES = frozenset("expand_as reshape_as to type_as view_as".split())  # noqa: SIM905
"""Functions that take the second tensor only as an example of a shape or a type."""
NOWHERE = -1
"""The number of no step."""


class Origins:
    """The steps that made tensors, by number. All tensors are kept: ids name them."""

    def __init__(self, network: nn.Module) -> None:
        self.before = [o for o in gc.get_objects() if issubclass(type(o), Tensor)]
        self.parameters = dict(network.named_parameters())
        self.sizes = {p: t.numel() if t.requires_grad else 0 for p, t in self.parameters.items()}
        self.fixed = {id(each) for each in (*network.parameters(), *network.buffers())}
        self.kept = list[Tensor]()
        self.maker = dict[int, int]()  # of a tensor's id: the number of the step that made it
        # The parameters of which alone a tensor is made.
        self.held: dict[int, tuple[str, ...]] = {
            id(each): (path,) for path, each in self.parameters.items()
        }
        self.held |= {id(each): self.held.get(id(each), ()) for each in self.before}
        self.alike = dict[int, list[Tensor]]()  # of a place in memory: the tensors that are there
        self.escaped = set[int]()  # steps whose numbers left torch
        self.strange = set[int]()  # steps that take what comes from nowhere

    def makers(self, values: object) -> tuple[int, ...]:
        """Return the numbers of the steps that made the tensors in `values`."""
        found = (self.maker.get(id(tensor)) for tensor in tensors(values))
        return tuple(dict.fromkeys(number for number in found if number is not None))

    def taken(self, number: int, values: object) -> None:
        """Note that a step takes values; some may come from nowhere."""
        if self.are_strange(tensors(values)):
            self.strange.add(number)

    def are_strange(self, given: Iterable[Tensor]) -> bool:
        """Return whether one of some tensors comes from nowhere."""
        return any(id(t) not in self.maker and id(t) not in self.held for t in given)

    def of_parameters(self, made: Iterable[Tensor], paths: tuple[str, ...]) -> None:
        """Note tensors that are made of parameters, or constants, alone."""
        for tensor in made:
            self._keep(tensor)
            self.held[id(tensor)] = paths

    def made(self, number: int, made: Iterable[Tensor]) -> None:
        """Note which step made tensors, and what else is in the same memory."""
        for tensor in made:
            if id(tensor) not in self.fixed:  # a layer may return a weight as it is
                self._keep(tensor)
                self.maker[id(tensor)] = number

    def changed(self, tensor: Tensor, sources: Iterable[int]) -> None:
        """Note that a tensor was changed in place: views of it, and what it views, change too."""
        if id(tensor) in self.fixed and any(True for _ in sources):
            self.escaped.add(NOWHERE)  # it is not known who reads the buffer later
        number = self.maker.get(id(tensor))
        if number is None:
            return
        for other in self.alike.get(_memory(tensor), []):
            same = other.data_ptr() == tensor.data_ptr() and other.numel() == tensor.numel()
            if same or _is_all(other) or _is_all(tensor):
                self.maker[id(other)] = number

    def is_known(self, reached: set[int]) -> bool:
        """Return whether all that the steps `reached` take is known."""
        return not (self.strange & reached or self.escaped - reached)

    def _keep(self, tensor: Tensor) -> None:
        self.kept.append(tensor)
        if (memory := _memory(tensor)) and id(tensor) not in self.maker:
            self.alike.setdefault(memory, []).append(tensor)


def tensors(values: object) -> list[Tensor]:
    """Return all tensors in lists, tuples and dictionaries."""
    return [each for each in tree_leaves(values) if isinstance(each, Tensor)]


def version(tensor: Tensor) -> int:
    """Return how often a tensor was changed in place; always 0 where torch does not count that."""
    try:
        return tensor._version
    except RuntimeError:
        return 0


def shape_of(made: object) -> tuple[int, ...] | None:
    """Return the shape of the first tensor, without the two examples."""
    found = tensors(made)
    if not found:
        return None
    shape = tuple(found[0].shape)
    return shape[1:] if shape[:1] == (2,) else shape


def _memory(tensor: Tensor) -> int:
    """Return where the numbers of a tensor begin in memory; 0 where it has no memory of its own."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0


def _is_all(tensor: Tensor) -> bool:
    return tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes()
