"""`hf:user/name`: models of the Hub, against a server on loopback that answers as it does."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

import ganzoo
from tests.conftest import Result, process

COMMIT, OLD = "a" * 40, "b" * 40


class Repository:
    """A repository with the files of a folder, at two commits, behind a server."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, list[str]()
        repository = self

        class Answers(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self.answer(body=False)

            def do_GET(self) -> None:
                self.answer(body=True)

            def answer(self, *, body: bool) -> None:
                path = unquote(self.path.partition("?")[0])
                repository.asked.append(f"{self.command} {path}")
                user, _, rest = path.removeprefix("/").partition("/resolve/")
                revision, _, name = rest.partition("/")
                file = repository.folder / name
                commit = {"main": COMMIT, COMMIT: COMMIT, "old": OLD, OLD: OLD}.get(revision)
                if user == "anna/gated":
                    self.refuse(403, "GatedRepo")
                elif user == "anna/busy":
                    self.refuse(418, "")
                elif user == "anna/else":
                    self.refuse(200, "")
                elif user != "anna/garments":
                    self.refuse(401, "RepoNotFound")
                elif commit is None:
                    self.refuse(404, "RevisionNotFound")
                elif not name or not file.is_file():
                    self.refuse(404, "EntryNotFound", commit)
                else:
                    content = file.read_bytes()
                    self.send_response(200)
                    self.send_header("X-Repo-Commit", commit)
                    self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    if body:
                        self.wfile.write(content)

            def refuse(self, code: int, word: str, commit: str = "") -> None:
                self.send_response(code)
                self.send_header("X-Error-Code", word)
                if commit:
                    self.send_header("X-Repo-Commit", commit)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def repository(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    folder = tmp_path_factory.mktemp("hub") / "garments"
    ganzoo.publish(trained, folder, variants=("float32", "float16"), licence="MIT")
    found = Repository(folder)
    yield found
    found.server.shutdown()
    found.server.server_close()


Call = Callable[..., Result]


@pytest.fixture
def call(repository: Repository, tmp_path: Path) -> Call:
    """Run ganzoo in a folder of its own, with its own cache of the Hub."""
    repository.asked.clear()

    def run(*words: object, **more: str) -> Result:
        there = {"HF_ENDPOINT": repository.address, "HF_HOME": str(tmp_path / "hf"), **more}
        return process("-m", "ganzoo", *words, cwd=tmp_path, env=there)

    return run


def test_a_model_is_fetched_once(call: Call, repository: Repository, tmp_path: Path) -> None:
    done = call("sample", "hf:anna/garments", "-n", 3, "--npz", "x.npz")
    assert (done.code, done.err) == (0, ""), done.err
    expected = ganzoo.load(repository.folder).sample(3)
    assert np.array_equal(np.load(tmp_path / "x.npz")["arr_0"], expected)
    fetched = {line.rpartition("/")[2] for line in repository.asked if line.startswith("GET")}
    assert fetched == {"model.json", "garments-float32.onnx"}
    assert not [line for line in repository.asked if "telemetry" in line]
    repository.asked.clear()
    assert call("sample", "hf:anna/garments@main").out == "garments-seed0.png\n"
    assert not [line for line in repository.asked if line.startswith("GET")]
    offline = call("sample", "hf:anna/garments", "-o", "y.png", HF_HUB_OFFLINE="1")
    assert offline.code == 0, offline.err
    away = call("sample", "hf:anna/garments", "-o", "z.png", HF_ENDPOINT="http://127.0.0.1:9")
    assert away.code == 0, away.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("hf:anna/nothing", "there is no such repository, or it is private"),
        ("hf:anna/gated", "its owner has to let you in"),
        ("hf:anna/garments@v9", "it has no revision v9"),
        ("hf:anna/busy", "not in the Hub's cache, and the Hub answers with HTTP 418: try again"),
        ("hf:anna/else", "what answers is not the Hub: see HF_ENDPOINT"),
        ("hf:anna", "names nothing on the Hub: write hf:user/name"),
        ("hf:anna/garments@../../../../x", "names nothing on the Hub"),
        ("hf:../../etc", "names nothing on the Hub"),
        ("hf:anna/garments@", "names nothing on the Hub"),
        ("hf:anna/a--b", "cannot be fetched"),
    ],
)
def test_what_is_not_there_is_one_line(words: str, message: str, call: Call) -> None:
    done = call("sample", words)
    assert (done.code, done.out, done.err.count("\n")) == (5, "", 1), done.err
    assert message in done.err


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("HF_HUB_OFFLINE", "1", "HF_HUB_OFFLINE lets nothing be fetched"),
        # The Hub's client tries again for half a minute.
        pytest.param("HF_ENDPOINT", "http://127.0.0.1:9", "the Hub cannot be reached: are you off",
                     marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_without_the_hub_it_says_so(name: str, value: str, why: str, call: Call) -> None:
    done = call("sample", "hf:anna/garments", **{name: value})
    assert (done.code, done.err.count("\n")) == (5, 1), done.err
    assert f"model.json is not in the Hub's cache, and {why}" in done.err


def test_an_address_that_is_none_is_one_line(call: Call) -> None:
    done = call("sample", "hf:anna/garments", HF_ENDPOINT="nonsense")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "hf:anna/garments cannot be fetched: " in done.err


def test_a_revision_is_what_is_drawn_from(call: Call, repository: Repository) -> None:
    done = call("sample", "hf:anna/garments@old")
    assert done.code == 0, done.err
    assert any(OLD in line for line in repository.asked)


def test_what_is_damaged_in_the_cache_can_be_fetched_anew(call: Call, tmp_path: Path) -> None:
    assert call("sample", "hf:anna/garments").code == 0
    store = tmp_path / "hf" / "hub" / "models--anna--garments"
    for pattern in ("*.onnx", "model.json"):
        (file,) = store.glob(f"snapshots/*/{pattern}")
        file.resolve().write_bytes(b"{")
        done = call("sample", "hf:anna/garments")
        assert (done.code, done.err.count("\n")) == (5, 1)
        assert f"remove {store} to fetch it anew" in done.err
    shutil.rmtree(store)
    assert call("sample", "hf:anna/garments").code == 0


def test_weights_are_fetched_once(call: Call, repository: Repository, tmp_path: Path) -> None:
    """Offline those in the cache are used; where there are none, and where they are damaged, a line
    says so."""
    words = ("train", "mlp_gan", "--set", "hidden=16,32", "--data", "toy_garments", "--set-data",
             "count=16", "--batch-size", 8, "--max-steps", 1,
             "--init", "hf:anna/garments")  # fmt: skip
    assert call(*words).code == 0
    assert call(*words, HF_HUB_OFFLINE="1").code == 0
    store = tmp_path / "hf" / "hub" / "models--anna--garments"
    (weights,) = store.glob("snapshots/*/model.safetensors")
    weights.resolve().write_bytes(weights.read_bytes()[:-1] + b"?")
    done = call(*words, HF_HUB_OFFLINE="1")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "is not what was published as garments" in done.err
    weights.unlink()
    done = call(*words, HF_HUB_OFFLINE="1")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "model.safetensors is not in the Hub's cache" in done.err


def test_a_run_begins_with_weights_of_the_hub(call: Call, tmp_path: Path) -> None:
    done = call("train", "mlp_gan", "--set", "hidden=16,32", "--data", "toy_garments",
                "--set-data", "count=16", "--batch-size", 8, "--max-steps", 1,
                "--init", "hf:anna/garments")  # fmt: skip
    assert done.code == 0, done.err
    facts = json.loads((tmp_path / done.out.splitlines()[-1] / "run.json").read_text())
    assert (facts["origin"]["name"], facts["origin"]["fresh"]) == ("garments", [])
