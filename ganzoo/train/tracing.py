"""How values flow through a network, found out by running it once and noting what takes what.

A list of layers hides this: it makes a chain of a residual block. Here every function of torch
that runs is noted with the tensors that it takes, so any Python code may stand between layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from ganzoo.architecture import Architecture
from ganzoo.draw.network.steps import Call, Flow, Step, as_chain, needed
from ganzoo.train.naming import RESHAPES, is_silent, name_of, of_function, of_layer
from ganzoo.train.networks import count_parameters, described, examples, own_parameters


def flows(architecture: Architecture, networks: Mapping[str, nn.Module]) -> list[Flow]:
    """Return how values flow through `networks`, which are "generator" and "discriminator".

    Both run once, on two examples, as they do when images are drawn and judged.
    """
    z, image, labels = examples(architecture)
    more = dict(zip(["label"], labels, strict=False))
    given = {"generator": {"z": z, **more}, "discriminator": {"image": image, **more}}
    logits = architecture.objective.scores == "logits"
    results = {"generator": "image", "discriminator": "logit" if logits else "score"}
    return [flow(net, which, given[which], results[which]) for which, net in networks.items()]


@torch.no_grad()
def flow(network: nn.Module, name: str, given: Mapping[str, Tensor], result: str) -> Flow:
    """Return how values flow from `given`, two rows of each, to the output, called `result`.

    Where a part computes with what torch does not tell of, such as numpy, so that nothing leads
    from the first input to the output, the layers come in the order in which they ran.
    """
    recorder = _Recorder(network)
    for called, tensor in given.items():
        recorder.add(Step(called, "input", shape=_shape(tensor)), tensor)
    training = network.training
    network.eval()
    try:
        with recorder.listening(), recorder:
            made = network(*given.values())
    finally:
        network.train(training)
    end = Step(result, "output", recorder.makers([made]), _shape(made))
    steps = needed([*recorder.steps, end])
    reached = {len(steps) - 1}
    for number in range(len(steps) - 1, -1, -1):
        reached.update(steps[number].takes if number in reached else ())
    known = 0 in reached
    if not known:
        steps = as_chain([*recorder.steps, end])
    total = count_parameters(network)
    used = sum(step.parameters for step in steps)
    return Flow(name, tuple(steps), total, recorder.unused() if used < total else (), known)


class _Recorder(TorchFunctionMode):
    """Notes what runs: a function as a step, or as a part of the layer that runs.

    A layer is a module without others in it. All tensors are kept: ids name them.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.steps = list[Step]()
        self.calls = list[Call]()
        self.begun = 0
        self.running: tuple[nn.Module, int] | None = None  # a layer, and the number of its step
        self.kept = list[Tensor]()
        self.maker = dict[int, int]()  # of a tensor's id: the number of the step that made it
        self.held = dict[int, tuple[str, ...]]()  # the parameters of which alone a tensor is made
        self.parameters = dict(network.named_parameters())
        self.counted = set[str]()
        self.fixed = {id(each) for each in (*network.parameters(), *network.buffers())}
        for path, parameter in self.parameters.items():
            self.held[id(parameter)] = (path,)

    def __torch_function__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Call a function of torch, and note what it took and made."""
        made = function(*args, **(kwargs or {}))
        taken, name = _tensors((args, kwargs)), name_of(function)
        if results := taken[:1] if name == "setitem" else _tensors(made):
            self._note(name, args, kwargs or {}, taken, results)
        return made

    def add(self, step: Step, *made: Tensor) -> int:
        """Note a step that made tensors, and return its number."""
        self.steps.append(step)
        self._made(len(self.steps) - 1, made)
        return len(self.steps) - 1

    def makers(self, values: object) -> tuple[int, ...]:
        """Return the numbers of the steps that made the tensors in `values`."""
        found = (self.maker.get(id(tensor)) for tensor in _tensors(values))
        return tuple(dict.fromkeys(number for number in found if number is not None))

    def unused(self) -> tuple[str, ...]:
        """Return the outermost modules and parameters of which nothing was counted."""
        left = [path for path in self.parameters if path not in self.counted]
        used = {path[:end] for path in self.counted for end in _ends(path)}
        outermost = (next(path[:e] for e in _ends(path) if path[:e] not in used) for path in left)
        return tuple(dict.fromkeys(outermost))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note inside the `with` which modules run."""
        handles = list[Any]()
        for path, module in self.network.named_modules():
            if path and "parametrizations" not in path.split("."):
                hooks = self._of_layer(path) if _is_layer(module) else self._of_others(path)
                handles += [
                    module.register_forward_pre_hook(hooks[0], with_kwargs=True),
                    module.register_forward_hook(hooks[1], with_kwargs=True),
                ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _of_others(self, path: str) -> tuple[Any, Any]:
        def before(module: nn.Module, *_: object) -> None:
            self.begun += 1
            self.calls.append(Call(self.begun, path, type_before_parametrizations(module).__name__))

        def after(*_: object) -> None:
            self.calls.pop()

        return before, after

    def _of_layer(self, path: str) -> tuple[Any, Any]:
        def before(module: nn.Module, args: Any, kwargs: Any) -> None:
            if self.running:
                return
            for tensor in _tensors((args, kwargs)):
                self._as_step(tensor)
            own = {f"{path}.{name}" for name, _ in module.named_parameters()}
            again = bool(own) and own <= self.counted
            self.counted |= own
            words, kind = of_layer(module)
            step = Step(
                words + " (again)" * again, kind, parameters=0 if again else own_parameters(module),
                within=tuple(self.calls), details=f"{path}: {described(module)}",
            )  # fmt: skip
            self.running = module, self.add(step)

        def after(module: nn.Module, args: Any, kwargs: Any, made: object) -> None:
            if self.running is None or self.running[0] is not module:
                return
            number, self.running = self.running[1], None
            step = self.steps[number]
            takes = step.takes or self.makers((args, kwargs))
            self.steps[number] = replace(step, takes=takes, shape=_shape(made))
            self._made(number, (t for t in _tensors(made) if id(t) not in self.maker))

        return before, after

    def _note(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], taken: list[Tensor],
        made: list[Tensor],
    ) -> None:  # fmt: skip
        sources = self.makers(taken)
        if self.running:
            number = self.running[1]
            step = self.steps[number]
            others = dict.fromkeys((*step.takes, *(s for s in sources if s != number)))
            self.steps[number] = replace(step, takes=tuple(others))
            self._made(number, made)
        elif not sources:
            paths = tuple(dict.fromkeys(p for t in taken for p in self.held.get(id(t), ())))
            self.kept += made
            self.held |= {id(tensor): paths for tensor in made}
        elif is_silent(name, args) or (name in RESHAPES and _alike(taken, made)):
            self._made(sources[0], made)
        else:
            beside = [self._beside(t) for t in taken if id(t) not in self.maker]
            words = of_function(name, args, kwargs, len(sources), [*filter(None, beside)])
            count = sum(map(self._count, taken))
            within = tuple(self.calls)
            self.add(Step(words, "loose", sources, _shape(made), count, within, name), *made)

    def _made(self, number: int, made: Iterable[Tensor]) -> None:
        for tensor in made:
            if id(tensor) not in self.fixed:  # a layer may return a weight as it is
                self.kept.append(tensor)
                self.maker[id(tensor)] = number

    def _as_step(self, tensor: Tensor) -> None:
        """Make a step of a tensor that is made of parameters alone, and that a layer takes."""
        paths = self.held.get(id(tensor), ())
        if paths and id(tensor) not in self.maker:
            step = Step(
                ", ".join(paths), "weights", shape=_shape(tensor), parameters=self._count(tensor),
                within=tuple(self.calls),
            )  # fmt: skip
            self.add(step, tensor)
            self.maker[id(tensor)] = len(self.steps) - 1

    def _count(self, tensor: Tensor) -> int:
        """Return how many parameters a tensor is made of that are counted nowhere else."""
        found = 0
        for path in self.held.get(id(tensor), ()):
            if self._is_free(path) and path not in self.counted:
                self.counted.add(path)
                parameter = self.parameters[path]
                found += parameter.numel() if parameter.requires_grad else 0
        return found

    def _beside(self, tensor: Tensor) -> str:
        """Return what a tensor is called that no step made, by the parameters in it."""
        paths = self.held.get(id(tensor), ())
        return ", ".join(
            path.rpartition(".")[2] if self._is_free(path) else f"weights of {_layer_of(path)}"
            for path in paths
        )

    def _is_free(self, path: str) -> bool:
        """Return whether a parameter is in no layer, whose call counts it."""
        if "parametrizations" in path.split("."):
            return False
        return not _is_layer(self.network.get_submodule(path.rpartition(".")[0]))


def _is_layer(module: nn.Module) -> bool:
    return all(name == "parametrizations" for name, _ in module.named_children())


def _layer_of(path: str) -> str:
    return path.partition(".parametrizations")[0].split(".")[-2:][0]


def _ends(path: str) -> list[int]:
    """Return where the names of the modules around a parameter end, and its own."""
    return [place for place, letter in enumerate(path) if letter == "."] + [len(path)]


def _tensors(values: object) -> list[Tensor]:
    return [each for each in tree_leaves(values) if isinstance(each, Tensor)]


def _alike(taken: Sequence[Tensor], made: Sequence[Tensor]) -> bool:
    """Return whether the shape stays, or is (n, 1) and becomes (n,)."""
    shapes = [[size for size in each[0].shape[1:] if size != 1] for each in (taken, made)]
    return shapes[0] == shapes[1]


def _shape(made: object) -> tuple[int, ...] | None:
    """Return the shape of the first tensor, without the two examples."""
    tensors = _tensors(made)
    if not tensors:
        return None
    shape = tuple(tensors[0].shape)
    return shape[1:] if shape[:1] == (2,) else shape
