"""What run.json says: read as it was written, and one line where something is missing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ganzoo import TrainConfig
from ganzoo.errors import ModelFileError
from ganzoo.runs.facts import Facts, Resumed
from ganzoo.runs.folder import Run
from ganzoo.runs.saving import Saving
from tests.conftest import make_job


def facts() -> Facts:
    job = make_job("mlp_gan", {"hidden": (8, 16)}, TrainConfig(epochs=3, ema=0.9))
    return replace(job.facts(Saving(keep=3), ("ganzoo", "train")), created="2026-01-01")


def as_read(facts: Facts) -> Any:
    return json.loads(json.dumps(facts.to_json()))


def test_they_come_back_as_they_were() -> None:
    said = facts()
    read = Facts.from_json(as_read(said), "run.json")
    assert as_read(read) == as_read(said)
    assert (read.config, read.saving, read.circumstances) == (
        said.config,
        said.saving,
        said.circumstances,
    )
    assert read.architecture.qualified == "ganzoo:mlp_gan"
    assert read.data.spec() == ("nowhere", {})


def test_a_run_of_a_newer_ganzoo_says_to_upgrade() -> None:
    wanted = r"^run.json has schema 2, and this ganzoo reads 1: upgrade ganzoo$"
    with pytest.raises(ModelFileError, match=wanted):
        Facts.from_json({**as_read(facts()), "schema": 2}, "run.json")


def test_a_setting_of_a_newer_ganzoo_says_to_upgrade() -> None:
    content = as_read(facts())
    content["config"]["no_such"] = 1
    wanted = r"^run.json has a setting that this ganzoo does not know, 'no_such': upgrade ganzoo$"
    with pytest.raises(ModelFileError, match=wanted):
        Facts.from_json(content, "run.json")


def test_the_array_of_an_npz_is_named_where_it_is_known() -> None:
    content = as_read(facts())
    for source, spec in (
        ({"path": "x.npz", "array": "masks"}, "x.npz:masks"),
        ({"path": "x.npz", "array": "a:b", "split": "train"}, "x.npz:a:b"),
        ({"path": "x.npz"}, "x.npz:*"),  # before there was the field: the first that fits
        ({"path": "X.NPZ"}, "X.NPZ:*"),
        ({"path": "pictures"}, "pictures"),
        ({"path": "x.zip"}, "x.zip"),
    ):
        content["data"]["source"] = source
        read = Facts.from_json(content, "run.json")
        assert read.data.spec() == (spec, {})
        assert as_read(read)["data"]["source"] == source
    content["data"]["source"] = {"path": "x.npz", "array": 3}
    with pytest.raises(ModelFileError, match="'array' is 3"):
        Facts.from_json(content, "run.json")


def without(content: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    *parents, last = path
    changed = json.loads(json.dumps(content))
    place = changed
    for name in parents:
        place = place[name]
    del place[last]
    return dict(changed)


NEWER = ("eval_every", "eval_images", "eval_features", "keep_best")
NEWER_CONFIG = (
    "generator_learning_rate",
    "discriminator_learning_rate",
    "beta1",
    "beta2",
    "augment",
    "ema_growth",
)
"""Settings that a file of an older ganzoo does not have."""
OPTIONAL = [
    ("schema",), ("scores",), ("command",), ("launch",), ("optimizers",),
    ("losses",), ("initial_weights",),
    ("data", "classes"), ("data", "labels"),
    *(("saving", name) for name in NEWER), *(("config", name) for name in NEWER_CONFIG),
]  # fmt: skip


def paths(content: dict[str, Any]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [(name,) for name in content]
    for part in ("architecture", "data", "config", "saving", "device", "precision"):
        found += [(part, name) for name in content[part]]
    return found


def test_every_field_that_is_missing_is_named_in_one_line() -> None:
    content = as_read(facts())
    for path in paths(content):
        if path in OPTIONAL:
            Facts.from_json(without(content, path), "run.json")
            continue
        with pytest.raises(ModelFileError) as error:
            Facts.from_json(without(content, path), "runs/x/run.json")
        said = str(error.value)
        assert said.startswith(f"runs/x/run.json has no '{path[-1]}'"), path
        assert "\n" not in said


def test_a_newer_setting_that_is_missing_has_its_default() -> None:
    """So a run of an older ganzoo can be gone on with."""
    content = as_read(facts())
    for name in NEWER:
        del content["saving"][name]
    read = Facts.from_json(content, "run.json")
    assert read.saving == Saving(keep=3)
    assert (read.config, read.saving.judged()) == (facts().config, None)


def test_an_average_of_before_does_not_begin_to_grow() -> None:
    """Its half-life was the same from the start: so the run goes on bit for bit."""
    content = as_read(facts())
    assert content["config"].pop("ema_growth") == 0.1
    assert Facts.from_json(content, "run.json").config == replace(facts().config, ema_growth=0)


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"epochs": "three"}},
        {"saving": {"keep": 0}},
        {"data": 7},
        {"data": {"images": 0}},
        {"data": {"images": -64}},
        {"data": {"images": True}},
        {"processes": "two"},
        {"processes": 0},
        {"threads": 0},
        {"command": [1]},
        {"versions": {"torch": {}}},
        {"optimizers": {"generator": 3}},
        {"optimizers": {"generator": {"betas": 0.5}}},
        {"optimizers": {"generator": {"betas": [None]}}},
    ],
)
def test_every_field_that_makes_no_sense_is_called_damage(change: dict[str, Any]) -> None:
    content = as_read(facts())
    for name, value in change.items():
        content[name] = content[name] | value if isinstance(value, dict) else value
    with pytest.raises(ModelFileError, match=r"run\.json is damaged"):
        Facts.from_json(content, "run.json")


def test_a_setting_that_is_a_book_is_cut_in_the_message() -> None:
    content = as_read(facts())
    content["saving"]["keep_every"] = "0" * 5000
    with pytest.raises(ModelFileError, match="is damaged: keep_every: '000") as told:
        Facts.from_json(content, "run.json")
    assert len(str(told.value)) < 300


@pytest.mark.parametrize("size", [[28], [28, 28, "1"], [28, 28, 0], [28, 28, 1, 1]])
def test_a_size_that_is_none_is_shown(size: list[Any]) -> None:
    content = as_read(facts())
    content["data"]["size"] = size
    words = f"run.json is damaged: 'size' is {size}"
    with pytest.raises(ModelFileError, match=re.escape(words)):
        Facts.from_json(content, "run.json")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({}, "has no 'package'"),
        ({"path": 3}, "'path' is 3"),
        ({"package": "ganzoo", "name": "toy_garments"}, "has no 'options'"),
    ],
)
def test_a_source_that_names_no_images_is_damage(source: dict[str, Any], words: str) -> None:
    content = as_read(facts())
    content["data"]["source"] = source
    with pytest.raises(ModelFileError, match=words):
        Facts.from_json(content, "run.json")


@pytest.mark.parametrize("content", [[], "text", None, 3])
def test_what_is_no_object_is_damage(content: Any) -> None:
    with pytest.raises(ModelFileError, match="damaged: it has no fields"):
        Facts.from_json(content, "run.json")


def test_the_latest_resume_counts(tmp_path: Path) -> None:
    said = facts()
    run = Run.create(tmp_path, "x", said)
    line = Resumed(
        time="now",
        step=4,
        command=("ganzoo", "resume"),
        launch=None,
        config={"epochs": 9, "max_steps": None, "log_every": 50},
        saving={"keep": 5},
        circumstances=said.circumstances,
    )
    run.write_lines("resumes.jsonl", [line.to_json(), {**line.to_json(), "epochs": 12}])
    assert run.begun_as().config.epochs == 3
    assert (run.facts().config.epochs, run.facts().config.ema) == (12, 0.9)
    assert run.facts().saving == Saving(keep=5)
    assert [entry.step for entry in run.resumes()] == [4, 4]
    damaged: list[Any] = [
        "text",
        3,
        None,
        [line.to_json()],
        {**line.to_json(), "command": [{}]},
        {**line.to_json(), "versions": {"torch": None}},
        {"step": "four"},
        {**line.to_json(), "epochs": 0},
        {**line.to_json(), "saving": {"x": 1}},
    ]
    run.write_lines("resumes.jsonl", [line.to_json(), *damaged])
    assert run.facts().config.epochs == 9
    assert len(run.resumes()) == 1


def test_names_of_classes_are_texts() -> None:
    content = as_read(facts())
    for classes in ([1, 2], ["a", None], "ab"):
        content["data"]["classes"] = classes
        with pytest.raises(ModelFileError, match=r"^run.json is damaged: 'classes' is "):
            Facts.from_json(content, "run.json")
