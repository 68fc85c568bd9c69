"""A training state as files, safetensors and JSON, and back, exactly. No pickle."""

from __future__ import annotations

import copy
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
from ganzoo.registry import Loaded
from ganzoo.state import TrainState
from ganzoo.storage import Content
from ganzoo.tensors import to_safetensors
from ganzoo.weights import AVERAGE, MODEL, model_info

OPTIMIZERS = "optim.safetensors"
STATE = "state.json"
NETWORKS = ("generator", "discriminator")


def to_files(
    state: TrainState, loaded: Loaded[Architecture], dataset: str, run: bytes = b"{}"
) -> dict[str, Content]:
    """What to write, before `state` changes: all of it, and the `run`'s own facts.

    PluginError where it holds what no file could.
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
    described = model_info(loaded, dataset, state.samples_seen).to_metadata()
    files = {MODEL: to_safetensors(weights, described), OPTIMIZERS: to_safetensors(moments, {})}
    if state.average is not None:
        averages = _prefixed("generator", state.average.state_dict())
        files[AVERAGE] = to_safetensors(averages, described)
    return files | {STATE: [json.dumps(facts).encode()], "run.json": [run]}


def restore(state: TrainState, files: Mapping[str, bytes], step: int | None = None) -> None:
    """Put into a fresh `state` all that the files hold.

    ModelFileError where something is missing, of another shape or of another step than `step`;
    the state is then neither the one nor the other.
    """
    try:
        facts = json.loads(files[STATE])
        if step not in (None, facts["step"]):
            raise ModelFileError(f"it is of step {facts['step']}")
        weights, moments = load(files[MODEL]), load(files[OPTIMIZERS])
        for which in NETWORKS:
            getattr(state, which).load_state_dict(_of(which, weights))
            optimizer = getattr(state, f"{which}_optimizer")
            groups = facts["param_groups"][which]
            _restore_optimizer(optimizer, _names(optimizer, state), groups, moments, facts)
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
    """The names of an optimizer's parameters, in its own order."""
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
    """What an optimizer remembers of its parameters: tensors and plain numbers, by name and key."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, int | float | None] = {}
    for index, values in optimizer.state_dict()["state"].items():
        for key, value in values.items():
            if isinstance(value, Tensor) and "." not in key:
                tensors[f"{names[index]}.{key}"] = value
            elif value is None or isinstance(value, int | float):
                numbers[f"{names[index]}.{key}"] = value
            else:
                kind = type(value).__name__
                raise PluginError(f"an optimizer keeps a {kind} in '{key}': nothing saves that")
    return tensors, numbers


def _groups(optimizer: Optimizer) -> list[dict[str, Any]]:
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
    facts: Mapping[str, Any],
) -> None:
    """Let an optimizer go on where its namesake was; `groups` are its settings."""
    now = optimizer.state_dict()
    index = {name: number for number, name in enumerate(names)}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    expected = _expected(optimizer)
    state: dict[int, dict[str, Any]] = {}
    for name, value in moments.items():
        parameter, _, key = name.rpartition(".")
        if parameter not in index:
            continue  # the other optimizer's
        number = index[parameter]
        shape, like = expected[number].get(key, value).shape, parameters[number]
        if value.shape != shape:
            raise ModelFileError(f"{name} has shape {tuple(value.shape)}, not {tuple(shape)}")
        same = value.shape == like.shape  # then in the order that its parameter has in memory, too
        moment = torch.empty_like(like, dtype=value.dtype).copy_(value) if same else value
        state.setdefault(number, {})[key] = moment
    for name, plain in facts["optimizer_numbers"].items():
        parameter, _, key = name.rpartition(".")
        if parameter in index:
            state.setdefault(index[parameter], {})[key] = plain
    for number, has in state.items():
        if missing := expected[number].keys() - has.keys():
            raise KeyError(f"{names[number]}.{min(missing)}")
    settings = [
        {**saved, "params": group["params"]}
        for saved, group in zip(groups, now["param_groups"], strict=True)
    ]
    optimizer.load_state_dict({"state": state, "param_groups": settings})


def _expected(optimizer: Optimizer) -> list[dict[str, Tensor]]:
    """What an optimizer remembers of each parameter after a step, by trying one on a copy."""
    trial = copy.deepcopy(optimizer)
    parameters = [p for group in trial.param_groups for p in group["params"]]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    trial.step()
    return [
        {key: v for key, v in trial.state[p].items() if isinstance(v, Tensor)} for p in parameters
    ]


def _of(which: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{which}."
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def _prefixed(which: str, tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    if wrong := [name for name, value in tensors.items() if not isinstance(value, Tensor)]:
        raise PluginError(f"the state_dict of its {which} has a '{wrong[0]}' that is no tensor")
    return {f"{which}.{name}": tensor for name, tensor in tensors.items()}
