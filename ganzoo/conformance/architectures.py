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
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from ganzoo.architecture import Architecture
from ganzoo.conformance.breaks import checkpoint
from ganzoo.conformance.devices import train_on_stand_in
from ganzoo.conformance.mistakes import latents_used, penalty_alone, scores_fit
from ganzoo.conformance.trying import labels, noise, short, tensors, train
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.errors import PluginError
from ganzoo.export.graph import to_onnx
from ganzoo.export.parity import TOLERANCE, Reference
from ganzoo.runs.weights import model_info
from ganzoo.train.batches import Batches
from ganzoo.train.listener import full
from ganzoo.train.networks import build, count_parameters, draw, seeded
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
    optimizers = gan.optimizers(*networks)
    pair = isinstance(optimizers, tuple) and len(optimizers) == 2
    _require(pair, "optimizers returns no pair (of G, D)")
    for which, network, optimizer in zip(("G", "D"), networks, optimizers, strict=True):
        _require(isinstance(optimizer, Optimizer), f"the optimizer of {which} is not torch's")
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        own = {id(p) for p in network.parameters() if p.requires_grad}
        frozen = {id(p) for p in network.parameters()} - own  # an optimizer leaves these alone
        _require(held <= own | frozen, f"the optimizer of {which} holds other parameters")
        _require(
            not hasattr(optimizer.step, "_wrapped_by_lr_sched"),
            f"an LRScheduler changes the learning rate of {which} by a counter that no checkpoint "
            "holds: let schedules={'learning_rate': ...} do it",
        )
        left = f"{len(own - held)} of {len(own)} tensors"
        _require(own <= held, f"the optimizer of {which} leaves {left} out")
    catalogue.find(catalogue.datasets(), registry.default_dataset(loaded))
    low, high = gan.image_range
    return f"images {' x '.join(map(str, gan.image_shape))} in [{low:g}, {high:g}]"


def building(loaded: Loaded[Architecture]) -> str:
    """Check that the seed alone decides the weights, and that building does nothing else."""
    gan = loaded.value
    with guarded("the pair of networks", "built") as faults, seeded(0, CPU):
        gan.generator(), gan.discriminator()
    _require(not faults, f"building the networks {' and '.join(faults)}")
    one, two, other = (build(gan, seed) for seed in (5, 5, 6))
    for a, b, c in zip(one, two, other, strict=True):
        states = [network.state_dict() for network in (a, b, c)]
        _require(_same(states[0], states[1]), "two networks of one seed differ")
        _require(not _same(states[0], states[2]), "the weights do not depend on the seed")
    return "the seed decides the weights"


def shapes(loaded: Loaded[Architecture]) -> str:
    """Check the shapes (n, latent_dim) to (n, C, H, W) to (n,), float32, for n = 1, 2 and 64."""
    gan = loaded.value
    generator, discriminator = (network.eval() for network in build(gan))
    for n in (1, 2, 64):
        with torch.no_grad():
            z, *more = tensors(gan, n, n)
            images = generator(z, *more)
            scores = discriminator(images.float(), *more)
        for which, found, promised in (
            ("images", images, (n, *gan.image_shape)),
            ("scores", scores, (n,)),
        ):
            shape = tuple(found.shape)
            _require(shape == promised, f"batch {n} gives {which} {shape}, not {promised}")
            _require(found.dtype == torch.float32, f"{which} are {found.dtype}, not float32")
            _require(bool(found.isfinite().all()), f"batch {n} gives {which} that are not finite")
    with torch.no_grad(), seeded(0, CPU):  # in training a network may do something else
        z, *more = tensors(gan, 4, 0)
        images = full(generator.train()(z, *more))
        scores = full(discriminator.train()(images.float(), *more))
    for which, found, promised in (
        ("images", images, (4, *gan.image_shape)),
        ("scores", scores, (4,)),
    ):
        shape = tuple(found.shape)
        _require(shape == promised, f"in training, batch 4 gives {which} {shape}, not {promised}")
    return "batches of 1, 2 and 64"


def truncation(loaded: Loaded[Architecture]) -> str:
    """Check that a truncation of 1 changes nothing, and that one of 0 leads to one mean image."""
    gan = loaded.value
    if not gan.truncation:
        return "takes none"
    z, *more = tensors(gan, 8, 0)
    more = [torch.zeros_like(label) for label in more]  # each class may have a mean of its own
    with torch.no_grad():
        generator = build(gan)[0].eval()
        usual = generator(z, *more)
        full, none = (generator(z, *more, torch.tensor(psi)) for psi in (1.0, 0.0))
    _require(torch.equal(usual, full), "a truncation of 1 draws other images than none does")
    apart = _difference(gan, none.numpy(), none[:1].numpy())
    _require(apart <= TOLERANCE, f"with a truncation of 0 images still differ, by {apart:.2g}")
    return "1 changes nothing, 0 leads to the mean image"


def value_range(loaded: Loaded[Architecture]) -> str:
    """Check that images differ, and stay in image_range even with weights ten times as large."""
    gan = loaded.value
    generator, _ = build(gan)
    drawn = latents.inputs(64, gan.latent_dim, gan.classes)
    images = draw(generator, *drawn)
    _require(bool((images[0] != images[1]).any()), "all latents give the same image")
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(10)
    far = draw(generator, *drawn)
    low, high = gan.image_range
    inside = all(bool(low <= x.min() and x.max() <= high) for x in (images, far))
    found = f"{min(images.min(), far.min()):.3g} … {max(images.max(), far.max()):.3g}"
    found = f"images reach {found} with weights ten times their size"
    hint = "; let the generator end with nn.Tanh(), or nn.Sigmoid() for 0 … 1"
    clamp = ", or return images.clamp(low, high) where it is not self.training"
    _require(inside, f"{found}, and image_range is {low:g} … {high:g}{hint}{clamp}")
    middle = (low + high) / 2
    halves = [(x >= middle).all() or (x <= middle).all() for x in (images, far)]
    _require(not all(halves), f"{found}: one half of image_range {low:g} … {high:g} only{hint}")
    return found


def images_alone(loaded: Loaded[Architecture]) -> str:
    """Check that an image depends only on its own latent in evaluation mode, not on the batch."""
    gan = loaded.value
    generator, _ = build(gan)
    drawn = latents.inputs(7, gan.latent_dim, gan.classes)
    together = draw(generator, *drawn)
    singly = zip(*(np.split(each, 7) for each in drawn), strict=True)
    alone = np.concatenate([draw(generator, *one) for one in singly])
    error = _difference(gan, together, alone)
    _require(error <= TOLERANCE, f"an image changes by {error:.2g} with the batch it is drawn in")
    return f"the same in a batch of 7, to {error:.1g}"


def one_step(loaded: Loaded[Architecture]) -> str:
    """Check that a training step changes both networks, to finite numbers, and nothing else."""
    gan = loaded.value
    with guarded("a training step", "taken") as faults:
        before = TrainState.fresh(gan, short(gan, 1), CPU)
        after = train(gan, 1)
    _require(not faults, f"a training step {' and '.join(faults)}")
    kept = list[str]()
    for which in ("generator", "discriminator"):
        old, new = getattr(before, which), getattr(after, which)
        pairs = list(zip(old.parameters(), new.parameters(), strict=True))
        _require(all(bool(b.isfinite().all()) for _, b in pairs), f"the {which} is not finite")
        names = [name for name, _ in old.named_parameters()]
        same = [n for n, (a, b) in zip(names, pairs, strict=True) if torch.equal(a, b)]
        _require(len(same) < len(pairs), f"the {which} did not change")
        if same:
            kept.append(f"{len(same)} of {len(pairs)} tensors of the {which}: {same[0]}")
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
        differs = [name for name in a if not _same({name: a[name]}, b)]
        _require(not differs, f"the {which}'s {', '.join(differs[:1])} differs between equal runs")
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
    contract, building, shapes, truncation, value_range, images_alone, latents_used, scores_fit,
    one_step, penalty_alone, determinism, checkpoint, devices, export, size, speed,
)  # fmt: skip


def _require(holds: bool, otherwise: str) -> None:
    """Raise PluginError with the message `otherwise` unless something `holds`."""
    if not holds:
        raise PluginError(otherwise)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether all in `one` is equal to what `other` has of that name: tensors, mostly."""
    pairs = [(one[name], other[name]) for name in one]
    return all(torch.equal(a, b) if isinstance(a, Tensor) else a == b for a, b in pairs)


def _difference(gan: Architecture, one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the largest difference of two batches of images, scaled to the range [-1, 1]."""
    low, high = gan.image_range
    return float(np.abs(one - other).max()) * 2 / (high - low)


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
