"""The checks of an architecture. Each is a function that raises, or returns what it found."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from ganzoo.architecture import Architecture
from ganzoo.conformance.breaks import checkpoint
from ganzoo.conformance.devices import train_on_stand_in
from ganzoo.conformance.drawing import images_alone, shapes, truncation, value_range
from ganzoo.conformance.mistakes import labels_used, latents_used, penalty_alone, scores_fit
from ganzoo.conformance.trying import labels, noise, require, short, some, train
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.export.graph import to_onnx
from ganzoo.export.parity import Reference
from ganzoo.runs.weights import model_info
from ganzoo.train.batches import Batches
from ganzoo.train.networks import build, check_apart, count_parameters, draw, seeded
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper
from ganzoo.zoo import catalogue, registry
from ganzoo.zoo.guard import guarded
from ganzoo.zoo.registry import Loaded

CPU = torch.device("cpu")


def contract(loaded: Loaded[Architecture]) -> str:
    """Check that networks and optimizers are as the contract says; types check the rest."""
    gan = loaded.value
    networks = build(gan)
    with guarded("a batch of images", "drawn") as faults, torch.no_grad(), seeded(0, CPU):
        inputs = latents.inputs(2, gan.latent_dim, gan.classes)
        scored = torch.from_numpy(draw(networks[0], *inputs))
        networks[1].eval()(scored, *map(torch.from_numpy, inputs[1:]))
    require(not faults, f"a forward {' and '.join(faults)}: leave that out")
    optimizers = gan.optimizers(*networks)
    check_apart(*networks)
    pair = isinstance(optimizers, tuple) and len(optimizers) == 2
    require(pair, "optimizers returns no pair (of G, D)")
    for which, network, optimizer in zip(("G", "D"), networks, optimizers, strict=True):
        require(isinstance(optimizer, Optimizer), f"the optimizer of {which} is not torch's")
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        own = {id(p) for p in network.parameters() if p.requires_grad}
        frozen = {id(p) for p in network.parameters()} - own  # an optimizer leaves these alone
        require(held <= own | frozen, f"the optimizer of {which} holds other parameters")
        require(
            not hasattr(optimizer.step, "_wrapped_by_lr_sched"),
            f"an LRScheduler changes the learning rate of {which} by a counter that no checkpoint "
            "holds: let schedules={'learning_rate': ...} do it",
        )
        left = f"{len(own - held)} of {len(own)} tensors"
        require(own <= held, f"the optimizer of {which} leaves {left} out")
    catalogue.find(catalogue.datasets(), registry.default_dataset(loaded))
    low, high = gan.image_range
    return f"images {' x '.join(map(str, gan.image_shape))} in [{low:g}, {high:g}]"


def building(loaded: Loaded[Architecture]) -> str:
    """Check that the seed alone decides the weights, and that building does nothing else."""
    gan = loaded.value
    with guarded("the pair of networks", "built") as faults, seeded(0, CPU):
        gan.generator(), gan.discriminator()
    require(not faults, f"building the networks {' and '.join(faults)}")
    one, two, other = (build(gan, seed) for seed in (5, 5, 6))
    for a, b, c in zip(one, two, other, strict=True):
        states = [network.state_dict() for network in (a, b, c)]
        require(not _differing(states[0], states[1]), "two networks of one seed differ")
        changed = _differing(states[0], states[2])
        require(bool(changed), "the weights do not depend on the seed")
    return "the seed decides the weights"


def one_step(loaded: Loaded[Architecture]) -> str:
    """Check that a training step changes both networks, to finite numbers, and nothing else."""
    gan = loaded.value
    with guarded("a training step", "taken") as faults:
        before = TrainState.fresh(gan, short(gan, 1), CPU)
        after = train(gan, 1)
    require(not faults, f"a training step {' and '.join(faults)}")
    kept = list[str]()
    for which in ("generator", "discriminator"):
        old, new = getattr(before, which), getattr(after, which)
        pairs = list(zip(old.parameters(), new.parameters(), strict=True))
        require(all(bool(b.isfinite().all()) for _, b in pairs), f"the {which} is not finite")
        names = [name for name, _ in old.named_parameters()]
        same = [n for n, (a, b) in zip(names, pairs, strict=True) if torch.equal(a, b)]
        require(len(same) < len(pairs), f"the {which} did not change")
        if same:
            kept.append(f"{len(same)} of {len(pairs)} tensors of the {which}: {some(same)}")
    if kept:
        return f"both networks change, and nothing else; but not {', nor '.join(kept)}"
    return "both networks change, and nothing else"


def determinism(loaded: Loaded[Architecture]) -> str:
    """Check that the seed decides the weights after three steps, whatever was drawn before."""
    gan = loaded.value
    states = []
    for drawn_before in (1, 2):
        with guarded("a training run", "repeated"), seeded(drawn_before, CPU):
            random.seed(drawn_before)
            np.random.seed(drawn_before)
            states.append(train(gan, 3, seed=5))
    for which in ("generator", "discriminator"):
        a, b = (getattr(state, which).state_dict() for state in states)
        differing = _differing(a, b)
        require(
            not differing,
            f"the {which}'s {', '.join(differing[:1])} differs between equal runs: something "
            "outside of the networks changes, such as a counter in a global; D.step, D.images_seen "
            "and schedules are functions of the run",
        )
    return "three steps, twice: the same weights"


def devices(loaded: Loaded[Architecture]) -> str:
    """Check that a step needs nothing that an Apple GPU lacks, as far as a CPU can tell."""
    gan = loaded.value
    return train_on_stand_in(gan, noise(gan), short(gan, 1))


def export(loaded: Loaded[Architecture]) -> str:
    """Check that a trained generator can be exported to ONNX and draws there what torch draws."""
    state = train(loaded.value, 1)
    info = model_info(loaded, "none", state.samples_seen)
    model = to_onnx(state.generator, info)
    reference = Reference(Generator(info, partial(draw, state.generator)))
    error = reference.check(model, info).max_error
    return f"ONNX of {model.ByteSize():,} bytes, max error {error:.1e} against torch"


def size(loaded: Loaded[Architecture]) -> str:
    """Report how many parameters the networks have."""
    generator, discriminator = map(count_parameters, build(loaded.value))
    return f"{generator:,} parameters in the generator, {discriminator:,} in the discriminator"


def speed(loaded: Loaded[Architecture]) -> str:
    """Report the images per second on this machine's CPU, in training and drawn by torch."""
    gan = loaded.value
    config = replace(gan.defaults, batch_size=min(gan.defaults.batch_size, 64))
    state = TrainState.fresh(gan, config, CPU)
    stepper, batches = Stepper(gan, state, config, CPU), _batches(gan)
    n = config.batch_size
    train = _rate(lambda: stepper(batches.at(0, n), batches.labels_at(0, n)), n)
    inputs = latents.inputs(64, gan.latent_dim, gan.classes)
    drawn = _rate(lambda: draw(state.generator, *inputs), 64)
    return (
        f"{train:,.0f} images/s in training (batches of {config.batch_size}), {drawn:,.0f} drawn; "
        f"CPU, {torch.get_num_threads()} threads"
    )


CHECKS = (
    contract, building, shapes, truncation, value_range, images_alone, latents_used, labels_used,
    scores_fit, one_step, penalty_alone, determinism, checkpoint, devices, export, size, speed,
)  # fmt: skip


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return the names of what is not equal in two dictionaries of tensors, and of extra state."""
    pairs = ((name, value, other[name]) for name, value in one.items())
    return [
        name for name, a, b in pairs if not (torch.equal(a, b) if isinstance(a, Tensor) else a == b)
    ]


def _batches(gan: Architecture) -> Batches:
    return Batches(noise(gan), gan.image_range, CPU, 0, labels(gan))


def _rate(work: Callable[[], object], images: int, seconds: float = 0.25) -> float:
    """Return the images per second of `work`, which makes `images` in a call.

    The first call is not counted; then `work` is called for at least `seconds`.
    """
    work()
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        work()
        calls += 1
    return calls * images / (time.perf_counter() - start)
