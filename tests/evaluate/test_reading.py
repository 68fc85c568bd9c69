"""Whatever is damaged in the file of an evaluation is named in one line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ganzoo.errors import ModelFileError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import ALWAYS
from tests.judged import evaluation

DAMAGES: list[Any] = [
    b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"schema": 1}', b'{"schema": 2}',
    {"images": "many"}, {"images": 0}, {"images": True}, {"images": 1.5}, {"step": "2"},
    {"step": -1}, {"samples_seen": []}, {"scores": {}}, {"scores": []}, {"scores": None},
    {"scores": {"frechet": 3}}, {"classes": {"shoe": [1]}}, {"classes": {"shoe": ["a", "b"]}},
    {"classes": {"shoe": [math.nan, 0]}}, {"remarks": [1]}, {"remarks": "text"},
    {"features": {}}, {"features": "classifier"}, {"against": {"name": "faces"}},
    {"against": None}, {"model": 3}, {"model": "\ud800"}, {"sha256": None}, {"seed": "0"},
    {"ceiling": None}, {"seconds": math.inf}, {"versions": {"ganzoo": 1}}, {"versions": []},
    {"pictures": {}}, {"more": 1}, {"sheets": []}, {"sheets": {"best": 1}},
    {"frechet": "12"}, {"frechet": None}, {"frechet": []}, {"frechet": True},
    {"frechet": math.nan}, {"frechet": -math.inf}, {"frechet": 10**400},
]  # fmt: skip
"""Content of a file; or what is put into a whole one, "frechet" being the value of that measure."""


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_a_damaged_file_is_named_in_one_line(damage: Any, tmp_path: Path) -> None:
    file, content = tmp_path / "evaluation.json", evaluation().to_json()
    if isinstance(damage, dict) and "frechet" in damage:
        content["scores"]["frechet"]["value"] = damage["frechet"]
    elif isinstance(damage, dict):
        content |= damage
    file.write_bytes(damage if isinstance(damage, bytes) else json.dumps(content).encode())
    with pytest.raises(ModelFileError) as refused:
        Evaluation.read(file)
    assert str(refused.value).startswith(f"{file} ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ALWAYS)
def test_the_measures_that_are_always_there_must_be_there(name: str) -> None:
    content = evaluation().to_json()
    del content["scores"][name]
    with pytest.raises(ModelFileError, match=f"the file is no evaluation: it has no {name}"):
        Evaluation.from_json(content, "the file")


def test_what_only_a_model_has_may_be_missing() -> None:
    content = evaluation(step=None, samples_seen=None).to_json()
    del content["step"], content["samples_seen"]
    assert Evaluation.from_json(content, "the file").step is None
    del content["model"]
    with pytest.raises(ModelFileError, match="it has no 'model'"):
        Evaluation.from_json(content, "the file")
