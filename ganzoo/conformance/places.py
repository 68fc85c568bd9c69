"""Where code is when an operator runs: in which layer or loss, or in the backward pass of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ParamSpec, TypeVar

import torch
from torch import nn
from torch.nn.modules import module as modules

from ganzoo.architecture import Architecture

Taken = ParamSpec("Taken")
Given = TypeVar("Given")
ELSEWHERE = "an optimizer, or ganzoo itself"


class Places:
    """Follows what runs while `followed` lasts.

    torch numbers the nodes of the graph for the backward pass as it makes them, one after the
    other. So a node belongs to the place where its number was given out, and what a node does in
    the backward pass belongs to the place of the node. So do nodes that are made there, which are
    those of a double backward.
    """

    def __init__(self) -> None:
        self.names: dict[nn.Module, str] = {}
        self.stack: list[str] = []
        self.nodes: dict[int, str] = {}
        self.numbered = torch._C._autograd._get_sequence_nr()

    def learn(self, root: str, network: nn.Module) -> None:
        """Know the layers of `network` by their names: "generator.2.conv (Conv2d)"."""
        for name, module in network.named_modules(prefix=root):
            self.names[module] = f"{name} ({type(module).__name__})"

    def named(self, gan: Architecture) -> Architecture:
        """The same architecture, whose functions are places by their names."""
        losses = gan.objective
        losses = replace(
            losses,
            discriminator_loss=self._within("discriminator_loss", losses.discriminator_loss),
            generator_loss=self._within("generator_loss", losses.generator_loss),
        )
        after = gan.after_discriminator_step
        if after is not None:
            after = self._within("after_discriminator_step", after)
        return replace(gan, objective=losses, after_discriminator_step=after)

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Follow all modules of the process while this lasts."""

        def enter(module: nn.Module, _: object) -> None:
            self.stack.append(self.names.get(module, type(module).__name__))

        def leave(*_: object) -> None:
            self.stack.pop()

        hooks = (
            modules.register_module_forward_pre_hook(enter),
            modules.register_module_forward_hook(leave, always_call=True),
        )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def now(self) -> str:
        """The present place; to be asked for at each operator, as nodes are told apart by that."""
        node = torch._C._current_autograd_node()
        if node is None:
            place = self.stack[-1] if self.stack else ELSEWHERE
        else:
            place = self.nodes.get(node._sequence_nr(), ELSEWHERE)
        until = torch._C._autograd._get_sequence_nr()
        self.nodes.update(dict.fromkeys(range(self.numbered, until), place))
        self.numbered = until
        return place if node is None else f"the backward pass of {place}"

    def _within(self, name: str, function: Callable[Taken, Given]) -> Callable[Taken, Given]:
        def call(*args: Taken.args, **kwargs: Taken.kwargs) -> Given:
            self.stack.append(name)
            try:
                return function(*args, **kwargs)
            finally:
                self.stack.pop()

        return call
