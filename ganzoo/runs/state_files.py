"""A training state as safetensors and JSON files, and back, bit for bit; no pickle."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor
from torch.optim import Optimizer

from ganzoo.architecture import Architecture
from ganzoo.errors import ModelFileError, PluginError
from ganzoo.runs.safetensors_writer import to_safetensors
from ganzoo.runs.weights import AVERAGE, MODEL, model_info
from ganzoo.storage import Content
from ganzoo.train.state import TrainState
from ganzoo.zoo.registry import Loaded

OPTIMIZERS = "optim.safetensors"
STATE = "state.json"
NETWORKS = ("generator", "discriminator")


def to_files(
    state: TrainState,
    loaded: Loaded[Architecture],
    dataset: str,
    run: bytes = b"{}",
    classes: tuple[str, ...] = (),
) -> dict[str, Content]:
    """Return the files of a checkpoint by name: all of `state`, and run.json with the bytes `run`.

    `dataset` is the name of the data, and `classes` are those of its classes.
    Write them before `state` changes: they share its memory. Raises PluginError where the state
    holds something that cannot be saved.
    """
    weights: dict[str, Tensor] = {}
    moments: dict[str, Tensor] = {}
    facts: dict[str, Any] = {"step": state.step, "samples_seen": state.samples_seen}
    facts |= {"metrics": state.metrics.known, "param_groups": {}, "optimizer_numbers": {}}
    for which in NETWORKS:
        weights |= _prefixed(which, getattr(state, which).state_dict())
        optimizer = getattr(state, f"{which}_optimizer")
        tensors, numbers = _moments(optimizer, _names(optimizer, state))
        moments |= tensors
        facts["optimizer_numbers"] |= numbers
        facts["param_groups"][which] = _groups(optimizer)
    if state.augment is not None:
        weights |= _prefixed("augment", state.augment.state_dict())
    info = model_info(loaded, dataset, state.samples_seen, classes=classes)
    described = info.to_metadata()
    files = {MODEL: to_safetensors(weights, described), OPTIMIZERS: to_safetensors(moments, {})}
    if state.average is not None:
        averages = _prefixed("generator", state.average.state_dict())
        files[AVERAGE] = to_safetensors(averages, described)
    return files | {STATE: [json.dumps(facts).encode()], "run.json": [run]}


def restore(state: TrainState, files: Mapping[str, bytes], step: int | None = None) -> None:
    """Copy into a fresh `state` all that the files hold.

    Raises ModelFileError where something is missing, has another shape, or is of another step than
    `step`. The state is then half restored: throw it away.
    """
    try:
        facts = json.loads(files[STATE])
        if step not in (None, facts["step"]):
            raise ModelFileError(f"it is of step {facts['step']}")
        weights, moments = load(files[MODEL]), load(files[OPTIMIZERS])
        for which in NETWORKS:
            optimizer = getattr(state, f"{which}_optimizer")
            groups, numbers = facts["param_groups"][which], facts["optimizer_numbers"]
            _restore_optimizer(optimizer, _names(optimizer, state), groups, moments, numbers)
        for which in NETWORKS:
            getattr(state, which).load_state_dict(_of(which, weights))
        if state.augment is not None:
            state.augment.load_state_dict(_of("augment", weights))
        if state.average is not None:
            state.average.load_state_dict(_of("generator", load(files[AVERAGE])))
        state.step, state.samples_seen = int(facts["step"]), int(facts["samples_seen"])
        pending = facts["metrics"].items()
        state.metrics.known = {name: [(s, value) for s, value in of] for name, of in pending}
    except KeyError as error:
        raise ModelFileError(f"it lacks {error}") from error
    except (SafetensorError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise ModelFileError(f"it does not fit: {' '.join(str(error).split())}") from error


def _names(optimizer: Optimizer, state: TrainState) -> list[str]:
    """Return the names of an optimizer's parameters, in the optimizer's own order."""
    known: dict[Tensor, str] = {}
    for which in NETWORKS:
        known |= {p: f"{which}.{name}" for name, p in getattr(state, which).named_parameters()}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if any(p not in known for p in parameters):
        raise PluginError("an optimizer changes parameters of neither network: nothing saves them")
    return [known[p] for p in parameters]


def _moments(
    optimizer: Optimizer, names: list[str]
) -> tuple[dict[str, Tensor], dict[str, int | float | None]]:
    """Return the state of an optimizer: tensors, and plain numbers, both by "parameter.key"."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, int | float | None] = {}
    for index, values in optimizer.state_dict()["state"].items():
        if not isinstance(index, int) or not isinstance(values, dict):
            raise PluginError(f"an optimizer keeps '{index}' for no parameter: nothing saves that")
        for key, value in values.items():
            if "." in str(key):
                raise PluginError(f"an optimizer has the key '{key}': nothing saves a dot")
            if isinstance(value, Tensor):
                tensors[f"{names[index]}.{key}"] = value
            elif value is None or isinstance(value, int | float):
                numbers[f"{names[index]}.{key}"] = value
            else:
                kind = type(value).__name__
                raise PluginError(f"an optimizer keeps a {kind} in '{key}': nothing saves that")
    return tensors, dict(sorted(numbers.items()))


def _groups(optimizer: Optimizer) -> list[dict[str, Any]]:
    """Return the settings of each parameter group; raise PluginError where JSON cannot hold one."""
    groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    try:
        json.dumps(groups)
    except TypeError as error:
        raise PluginError(f"an optimizer's settings cannot be saved: {error}") from error
    return groups


def _restore_optimizer(
    optimizer: Optimizer,
    names: list[str],
    groups: list[dict[str, Any]],
    moments: Mapping[str, Tensor],
    numbers: Mapping[str, int | float | None],
) -> None:
    """Give a fresh optimizer the saved `moments`, `numbers` and settings (`groups`).

    First the optimizer takes a step with gradients of zero. This shows which tensors it keeps, and
    the saved ones must have the same shapes and types. The step may change the weights, so restore
    those afterwards. Hooks of the optimizer, which may count its steps, do not see this one.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    with torch.no_grad():  # what torch wraps around the step for its hooks also does this
        inspect.unwrap(type(optimizer).step)(optimizer)
    optimizer.zero_grad()
    expected = {name: dict(optimizer.state[p]) for name, p in zip(names, parameters, strict=True)}
    optimizer.state.clear()
    known = dict(zip(names, parameters, strict=True))
    for name, value in {**moments, **numbers}.items():
        owner, _, key = name.rpartition(".")
        if owner not in known:
            continue  # the other optimizer's
        like = expected[owner].get(key)
        if isinstance(value, Tensor) and isinstance(like, Tensor):
            if (value.shape, value.dtype) != (like.shape, like.dtype):
                raise ModelFileError(f"{name} has shape {tuple(value.shape)}, {value.dtype}")
            value = like.copy_(value)  # noqa: PLW2901
        optimizer.state[known[owner]][key] = value
    for owner, parameter in known.items():
        has = optimizer.state.get(parameter, {})
        if has and (missing := expected[owner].keys() - has.keys()):
            raise KeyError(f"{owner}.{min(missing)}")
    for group, saved in zip(optimizer.param_groups, groups, strict=True):
        group.update(saved)


def _of(which: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of one network, by its own names."""
    prefix = f"{which}."
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def _prefixed(which: str, tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return a network's tensors by "network.name"; raise PluginError for a value of other type."""
    if wrong := [name for name, value in tensors.items() if not isinstance(value, Tensor)]:
        raise PluginError(
            f"the state_dict of its {which} has a '{wrong[0]}' that is no tensor: keep a buffer, "
            "or let get_extra_state return a tensor"
        )
    return {f"{which}.{name}": tensor for name, tensor in tensors.items()}
