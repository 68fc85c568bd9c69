"""onnxruntime-web in the cache: what is not what was fetched is never used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ganzoo.errors import OutputError
from ganzoo.explore import runtime

FOUND = {"ort.js": b"a script", "ort.wasm": b"a machine"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the files of FOUND, as if npm gave these."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in FOUND.items()}
    monkeypatch.setattr(runtime, "SHA256", hashes)
    folder = tmp_path / f"onnxruntime-web-{runtime.VERSION}"
    folder.mkdir()
    for name, content in FOUND.items():
        (folder / name).write_bytes(content)
    return folder


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a byte": lambda content: b"A" + content[1:],
    "a script before it": lambda content: b"steal();" + content,
    "a script after it": lambda content: content + b";steal()",
    "cut": lambda content: content[:-1],
    "empty": lambda content: b"",
    "another": lambda content: b"x" * len(content),
}


def test_what_was_fetched_is_used(folder: Path) -> None:
    assert runtime.onnxruntime_web(pytest.fail) == FOUND


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("damage", DAMAGE)
def test_what_was_tampered_with_is_fetched_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: str
) -> None:
    (folder / name).write_bytes(DAMAGE[damage](FOUND[name]))
    monkeypatch.setattr(runtime, "_fetch", lambda tell: dict(FOUND))
    told: list[str] = []
    assert runtime.onnxruntime_web(told.append) == FOUND
    assert told == [f"{folder / name} is not what was fetched, and is not used"]
    assert runtime.onnxruntime_web(pytest.fail) == FOUND


def test_where_it_cannot_be_fetched_no_page_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "ort.js").write_bytes(b"steal()")
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(OutputError, match="install npm"):
        runtime.onnxruntime_web()


def test_the_hashes_are_those_of_the_tarball() -> None:
    assert runtime.SHA256.keys() == runtime.FILES.keys()
    assert {len(bytes.fromhex(found)) for found in runtime.SHA256.values()} == {32}
