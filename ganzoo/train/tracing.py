"""How values flow through a network, found out by running it once and noting what takes what.

A list of layers hides this: it makes a chain of a residual block. Here every function of torch
that runs is noted with the tensors that it takes, so any Python code may stand between layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations
from torch.overrides import TorchFunctionMode

from ganzoo.architecture import Architecture
from ganzoo.draw.network.steps import LAYERS, Call, Flow, Step, as_chain, needed
from ganzoo.train.naming import RESHAPES, is_silent, name_of, of_function, of_layer
from ganzoo.train.networks import count_parameters, described, examples
from ganzoo.train.origins import ESCAPES, RETURNS, TEMPLATES, Origins, shape_of, tensors, version


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

    Where a part computes with what torch does not tell of, such as numpy, so that nobody knows what
    leads to the output, the layers come in the order in which they ran.
    """
    recorder = _Recorder(network)
    for called, tensor in given.items():
        recorder.add(Step(called, "input", shape=shape_of(tensor)), tensor)
    training = network.training
    network.eval()
    try:
        with recorder.listening(), recorder:
            made = network(*given.values())
    finally:
        network.train(training)
    recorder.finish()
    whole = [*recorder.steps, Step(result, "output", recorder.makers([made]), shape_of(made))]
    recorder.taken(len(whole) - 1, made)
    reached = {len(whole) - 1}
    for number in range(len(whole) - 1, -1, -1):
        reached.update(whole[number].takes if number in reached else ())
    known = 0 in reached and recorder.is_known(reached)
    if not known:
        reached = {number for number, step in enumerate(whole) if step.kind in LAYERS}
    steps = needed(whole) if known else as_chain(whole)
    total = count_parameters(network)
    used = sum(step.parameters for step in steps)
    unused = recorder.unused(reached) if used < total else ()
    return Flow(name, tuple(steps), total, unused, known)


class _Recorder(TorchFunctionMode, Origins):
    """Notes what runs: a function as a step, or as a part of the layer that runs.

    A layer is a module without others in it.
    """

    def __init__(self, network: nn.Module) -> None:
        TorchFunctionMode.__init__(self)
        Origins.__init__(self, network)
        self.network = network
        self.steps = list[Step]()
        self.calls = list[Call]()
        self.begun = 0
        self.running: tuple[nn.Module, int] | None = None  # a layer, and the number of its step
        self.owners = dict[str, int]()  # of a parameter's path: the step that counts it
        self.lent = dict[str, int]()  # the same, of a layer that does not run, or not yet

    def __torch_function__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Call a function of torch, and note what it took and made."""
        taken, name = tensors((args, kwargs)), name_of(function)
        before = [*map(version, taken)]
        made = function(*args, **(kwargs or {}))
        changed = [t for t, old in zip(taken, before, strict=True) if version(t) != old]
        if results := [*tensors(made), *changed]:
            self._note(name, args, kwargs or {}, taken, results)
            for tensor in changed:
                self.changed(tensor, self.makers(taken) if not self.running else ())
        elif name in ESCAPES:
            self._escape(self.makers(taken))
        return made

    def add(self, step: Step, *made: Tensor) -> int:
        """Note a step that made tensors, and return its number."""
        self.steps.append(step)
        self.made(len(self.steps) - 1, made)
        return len(self.steps) - 1

    def finish(self) -> None:
        """Count the parameters of layers whose weights were used, but which did not run."""
        for path, number in self.lent.items():
            if path not in self.owners:
                self.owners[path] = number
                step, more = self.steps[number], self.sizes[path]
                self.steps[number] = replace(step, parameters=step.parameters + more)

    def unused(self, kept: Set[int]) -> tuple[str, ...]:
        """Return the outermost modules and parameters of which no step that is kept counts any."""
        counted = {path for path, number in self.owners.items() if number in kept}
        left = [path for path in self.parameters if path not in counted]
        used = {path[:end] for path in counted for end in _ends(path)}
        outermost = (next(path[:e] for e in _ends(path) if path[:e] not in used) for path in left)
        return tuple(dict.fromkeys(outermost))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note inside the `with` which modules run."""
        handles = list[Any]()
        for path, module in self.network.named_modules():
            if isinstance(module, torch.jit.ScriptModule):
                continue  # no Python runs in it: what it returns comes from nowhere
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
            for tensor in tensors((args, kwargs)):
                self._as_step(tensor)
            own = {p for each in module.parameters() for p in self.held.get(id(each), ())}
            fresh = own - {*self.owners}
            again = bool(own) and not fresh
            self.owners |= dict.fromkeys(fresh, len(self.steps))
            words, kind = of_layer(module)
            step = Step(
                words + " (again)" * again, kind, parameters=sum(self.sizes[p] for p in fresh),
                within=tuple(self.calls), details=f"{path}: {described(module)}",
            )  # fmt: skip
            self.running = module, self.add(step)
            self.taken(self.running[1], (args, kwargs))

        def after(module: nn.Module, args: Any, kwargs: Any, made: object) -> None:
            if self.running is None or self.running[0] is not module:
                return
            number, self.running = self.running[1], None
            step = self.steps[number]
            takes = step.takes or self.makers((args, kwargs))
            self.steps[number] = replace(step, takes=takes, shape=shape_of(made))
            self.made(number, [t for t in tensors(made) if id(t) not in self.maker])

        return before, after

    def _note(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], taken: list[Tensor],
        made: list[Tensor],
    ) -> None:  # fmt: skip
        sources = self.makers(taken[:1] if name in TEMPLATES else taken)
        if self.running:
            number = self.running[1]
            self._take(number, sources)
            self._lend(number, taken)
            self.made(number, made)
        elif not sources:
            if not self.are_strange(taken) and not (name in RETURNS and self.escaped):
                paths = tuple(dict.fromkeys(p for t in taken for p in self.held.get(id(t), ())))
                self.of_parameters(made, paths)
        elif self._says_nothing(name, args, taken, made):
            self.made(sources[0], made)
        else:
            beside = [self._beside(t) for t in taken if id(t) not in self.maker]
            words = of_function(name, args, kwargs, len(sources), [*filter(None, beside)])
            count = sum(map(self._count, taken))
            within = tuple(self.calls)
            step = Step(words, "loose", sources, shape_of(made), count, within, name)
            self.taken(len(self.steps), taken)
            self._lend(len(self.steps), taken)
            self.add(step, *made)

    def _says_nothing(
        self, name: str, args: Sequence[Any], taken: list[Tensor], made: list[Tensor]
    ) -> bool:
        """Return whether what a function returns counts as the first that it is given."""
        if id(taken[0]) not in self.maker:
            return False
        if len(self.makers(taken)) > 1 and name not in TEMPLATES:
            return False
        return is_silent(name, args) or (name in RESHAPES and _alike(taken, made))

    def _take(self, number: int, sources: Iterable[int]) -> None:
        """Let a step take earlier ones, too."""
        step = self.steps[number]
        takes = dict.fromkeys((*step.takes, *(s for s in sources if s != number)))
        self.steps[number] = replace(step, takes=tuple(takes))

    def _escape(self, sources: Iterable[int]) -> None:
        if self.running:
            self._take(self.running[1], sources)
        else:
            self.escaped.update(sources)

    def _lend(self, number: int, taken: Iterable[Tensor]) -> None:
        """Note which step uses weights of a layer that has not run."""
        for path in (p for t in taken for p in self.held.get(id(t), ())):
            if id(self.parameters[path]) in self.fixed and path not in self.owners:
                self.lent.setdefault(path, number)

    def _as_step(self, tensor: Tensor) -> None:
        """Make a step of a tensor that is made of parameters alone, and that a layer takes."""
        paths = self.held.get(id(tensor), ())
        if paths and id(tensor) not in self.maker:
            step = Step(
                ", ".join(paths), "weights", shape=shape_of(tensor), parameters=self._count(tensor),
                within=tuple(self.calls),
            )  # fmt: skip
            self._lend(self.add(step, tensor), [tensor])
            self.maker[id(tensor)] = len(self.steps) - 1

    def _count(self, tensor: Tensor) -> int:
        """Return how many parameters a tensor is made of that are counted nowhere else."""
        found = 0
        for path in self.held.get(id(tensor), ()):
            if self._is_free(path) and path not in self.owners:
                self.owners[path] = len(self.steps)
                found += self.sizes[path]
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


def _alike(taken: Sequence[Tensor], made: Sequence[Tensor]) -> bool:
    """Return whether the shape stays, or is (n, 1) and becomes (n,)."""
    shapes = [[size for size in each[0].shape[1:] if size != 1] for each in (taken, made)]
    return shapes[0] == shapes[1]
