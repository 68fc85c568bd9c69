"""`ganzoo explore` as a process: what its server answers, and what it refuses."""

import asyncio
import http.client
import io
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette

import ganzoo
from ganzoo.draw import latents
from ganzoo.errors import OutputError, UsageError, install
from ganzoo.explore import runtime
from ganzoo.explore.facts import facts
from ganzoo.explore.server import application
from tests import labelled
from tests.cli.commands.test_sweep import generator as by_hand
from tests.conftest import Cli, process


class Server:
    """A running `ganzoo explore`."""

    def __init__(self, ran: subprocess.Popen[str]) -> None:
        assert ran.stdout
        self.process = ran
        lines = [ran.stdout.readline() for _ in range(2)]
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\n", lines[-1])
        assert found, lines
        self.port = int(found[1])
        self.address = lines[-1].strip()

    def ask(
        self, path: str = "/", body: bytes | None = None, method: str = "", **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Status, body and headers of one request, whose path is sent as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()


@contextmanager
def explore(*arguments: object, python: object = sys.executable) -> Iterator[Server]:
    """Run `ganzoo explore ARGUMENTS…` on a free port."""
    command = [python, "-m", "ganzoo", "explore", *arguments, "--port", 0]
    with subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as ran:
        try:
            yield Server(ran)
        finally:
            ran.kill()


@pytest.fixture(scope="module")
def server(exported: Path) -> Iterator[Server]:
    with explore(exported) as running:
        yield running


def z(count: int, seed: int = 7) -> bytes:
    return latents.normal(count, 100, seed).astype("<f4").tobytes()


def test_the_page_and_its_files(server: Server) -> None:
    status, body, headers = server.ask()
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    page = body.decode()
    found = re.search('<script id="facts" type="application/json">(.*?)</script>', page)
    assert found
    facts = json.loads(found[1])
    assert (facts["name"], facts["dim"], facts["height"], facts["channels"]) == ("mlp", 100, 28, 1)
    assert sorted(row["index"] for row in facts["ranking"]) == list(range(100))
    assert len(facts["directions"][0]["vector"]) == 100
    for name in re.findall(r'(?:href|src)="\./([^"]+)"', page):
        assert server.ask(f"/{name}")[0] == 200
    assert server.ask("/main.js")[2]["Content-Type"].startswith("text/javascript")


def test_pixels_are_those_of_sample(server: Server, exported: Path) -> None:
    status, body, _ = server.ask("/draw", z(20))
    expected = ganzoo.load(exported).sample(20, seed=7)
    assert (status, body) == (200, expected.tobytes())
    assert expected.std() > 1


def test_many_at_the_same_time(server: Server, exported: Path) -> None:
    generator = ganzoo.load(exported)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda seed: server.ask("/draw", z(5, seed)), range(24)))
    for seed, (status, body, _) in enumerate(answers):
        assert (status, body) == (200, generator.sample(5, seed).tobytes())


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "localhost:1", "127.0.0.1.nip.io:{}"])
def test_other_hosts_are_refused(server: Server, host: str) -> None:
    status, body, _ = server.ask(Host=host.format(server.port))
    assert (status, b"html" in body) == (421, False)


def test_who_asks_elsewhere_is_told_where_it_answers(server: Server) -> None:
    body = server.ask(Host="localhost:9000")[1].decode()
    assert f"127.0.0.1:{server.port} and localhost:{server.port}" in body


def test_localhost_is_this_host(server: Server) -> None:
    assert server.ask(Host=f"localhost:{server.port}")[0] == 200


def test_browsers_do_not_name_port_80() -> None:
    model = by_hand(lambda z: np.tanh(z[:, :25]).reshape(-1, 1, 5, 5), dim=100)
    page = application(model, "mlp", 80)
    for host in ("127.0.0.1", "localhost", "127.0.0.1:80", "localhost:80"):
        assert status(page, Host=host, Origin=f"http://{host}") == 200
    assert status(page, Host="127.0.0.1", Origin="http://127.0.0.1:81") == 403
    assert status(page, Host="127.0.0.1:81") == 421


def test_python_gives_the_page_latents_too() -> None:
    model = by_hand(lambda z: np.tanh(z[:, :1].repeat(25, axis=1)).reshape(-1, 1, 5, 5))
    own = latents.normal(2, 4)

    def get(page: Starlette, path: str) -> bytes:
        told = asked(page, "GET", path, Host="localhost:8420")
        return b"".join(message.get("body", b"") for message in told)

    page = application(model, "x", 8420, z=own)
    assert b'"latents":"z.npy"' in get(page, "/")
    np.testing.assert_array_equal(np.load(io.BytesIO(get(page, "/latents.npy"))), own)
    assert b'"latents":""' in get(application(model, "x", 8420), "/")
    with pytest.raises(UsageError, match=r"latents must have the shape \(n, 4\)"):
        application(model, "x", 8420, z=own[:, :3])


def status(page: Starlette, **headers: str) -> int:
    """Of one drawing, asked for without a socket."""
    return int(asked(page, "POST", "/draw", z(1), **headers)[0]["status"])


def asked(
    page: Starlette, method: str, path: str, body: bytes = b"", **headers: str
) -> list[MutableMapping[str, Any]]:
    """The parts of an answer, asked for without a socket."""
    told: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message)

    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": lines,
        "query_string": b"",
    }
    asyncio.run(page(scope, receive, send))
    return told


@pytest.mark.parametrize("origin", ["http://example.org", "null", "http://127.0.0.1:1"])
def test_other_pages_may_not_draw(server: Server, origin: str) -> None:
    assert server.ask("/draw", z(1), Origin=origin)[0] == 403


def test_its_own_page_may_draw(server: Server) -> None:
    assert server.ask("/draw", z(1), Origin=f"http://localhost:{server.port}")[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/../server.py", "/..%2fserver.py", "/%2e%2e/%2e%2e/errors.py", "//etc/passwd", "/etc/passwd",
     "/mlp.onnx", "/page/main.js", "/main.js/", "/main.js%00", "/__init__.py"],
)  # fmt: skip
def test_nothing_else_can_be_read(server: Server, path: str) -> None:
    assert server.ask(path)[:2] == (404, b"there is no such file")


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (z(257), 413, "at most 256 images"),
        (b"\0" * 10_000_000, 413, "at most 256 images"),
        (b"", 400, "100 float32 numbers"),
        (z(1)[:-1], 400, "100 float32 numbers"),
        (np.full((1, 100), np.nan, "<f4").tobytes(), 400, "finite"),
    ],
)
def test_latents_that_make_no_sense(server: Server, body: bytes, status: int, told: str) -> None:
    found, answer, _ = server.ask("/draw", body)
    assert (found, told in answer.decode()) == (status, True)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of ten classes that takes a truncation."""
    return labelled.write(tmp_path_factory.mktemp("classes") / "x.onnx", truncation=True)


@pytest.fixture(scope="module")
def with_classes(drawn: Path) -> Iterator[Server]:
    with explore(drawn) as running:
        yield running


def test_the_facts_of_a_model_with_classes(drawn: Path) -> None:
    generator = ganzoo.load(drawn)
    known = facts(generator, "x")
    assert known["classes"] == list(labelled.NAMES)
    assert known["found_in"] == {"ranking": None, "directions": 0}
    assert known["truncation"] is True
    assert " · 10 classes · " in known["about"]
    assert facts(generator.of("bag"), "x")["found_in"] == {"ranking": 8, "directions": 8}


@pytest.mark.parametrize(
    ("query", "labels", "truncation"),
    [
        ("?labels=7,3,0", [7, 3, 0], 1),
        ("?labels=9%2C9%2C9&truncation=0.5", [9, 9, 9], 0.5),
        ("?truncation=2e-1&labels=1,2,3", [1, 2, 3], 0.2),
        ("", None, 1),
    ],
)
def test_labels_and_truncation(
    drawn: Path, with_classes: Server, query: str, labels: list[int] | None, truncation: float
) -> None:
    status, body, _ = with_classes.ask(f"/draw{query}", z(3))
    model, given = ganzoo.load(drawn).truncated(truncation), latents.normal(3, 100, 7)
    expected = model.draw(given, labels=None if labels is None else np.array(labels))
    assert (status, body) == (200, expected.tobytes())


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("labels=1,2", "labels must be integers (3,)"),
        ("labels=1,2,3,4", "labels must be integers (3,)"),
        ("labels=1,2,10", "labels must be from 0 to 9"),
        ("labels=1,2,999999999999999999999", "labels are a number for each image"),
        ("labels=", "labels are a number for each image"),
        ("labels=1,-2,3", "labels are a number for each image"),
        ("labels=1,2.0,3", "labels are a number for each image"),
        ("labels=1,%D9%A3,3", "labels are a number for each image"),
        ("labels=1,2,3&labels=1,2,3", "labels and truncation, each once at most"),
        ("label=3", "labels and truncation, each once at most"),
        ("truncation=3", "truncation must be from 0 to 2"),
        ("truncation=nan", "truncation must be from 0 to 2"),
        ("truncation=half", "truncation is a number, not 'half'"),
    ],
)
def test_labels_that_make_no_sense(with_classes: Server, query: str, told: str) -> None:
    status, body, _ = with_classes.ask(f"/draw?{query}", z(3))
    assert (status, body.decode().count("\n")) == (400, 0)
    assert told in body.decode()


@pytest.mark.parametrize(
    ("query", "told"),
    [("labels=0", "takes no labels"), ("truncation=1", "takes no truncation")],
)
def test_what_a_model_does_not_take(server: Server, query: str, told: str) -> None:
    status, body, _ = server.ask(f"/draw?{query}", z(1))
    assert (status, told in body.decode()) == (400, True)


HEADS = {
    "nothing": b"",
    "a letter": b"G",
    "half of a line": b"GET / HT",
    "half of a head": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-a: b",
    "all but the end": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    "half of a second one": b"GET / HTTP/1.1\r\nHost: {host}\r\n\r\nGET / HT",
    "a head without its body": b"POST /draw HTTP/1.1\r\nHost: {host}\r\n"
    b"Content-Length: 400\r\n\r\nxx",
    "half of a chunk": b"POST /draw HTTP/1.1\r\nHost: {host}\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n10\r\nxx",
}


def half_sent(server: Server, head: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(head.replace(b"{host}", f"127.0.0.1:{server.port}".encode()))
    return connection


def test_half_sent_heads_keep_nobody_waiting(server: Server) -> None:
    opened = [half_sent(server, HEADS["half of a head"]) for _ in range(100)]
    assert [server.ask()[0] for _ in range(5)] == [200] * 5
    assert server.ask("/draw", z(2))[0] == 200
    for connection in opened:
        connection.close()


@pytest.mark.slow
def test_what_never_comes_to_its_end_is_ended(server: Server) -> None:
    began = time.monotonic()
    opened = {why: [half_sent(server, head) for _ in range(12)] for why, head in HEADS.items()}
    trickling = half_sent(server, b"GET / HTTP/1.1\r\nX-a: ")
    trickling.settimeout(0.5)
    gone = False
    while not gone and time.monotonic() < began + 20:  # a byte now and then does not help
        try:
            trickling.sendall(b"x")
            gone = trickling.recv(1) == b""
        except TimeoutError:
            continue
        except OSError:
            gone = True
    trickling.close()
    assert gone
    assert server.ask()[0] == 200
    for why, connections in opened.items():
        for connection in connections:
            answer = b"".join(iter(lambda c=connection: c.recv(2**16), b""))  # type: ignore[misc]
            assert (b" 408 " in answer) == (why in ("a head without its body", "half of a chunk"))
            connection.close()
    assert time.monotonic() < began + 20


def test_drawing_is_no_reading(server: Server) -> None:
    assert server.ask("/draw")[0] == 404
    assert server.ask("/", b"x")[0] == 405


@pytest.mark.parametrize(
    "sent", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_it_ends_calmly(exported: Path, sent: signal.Signals) -> None:
    with explore(exported) as running:
        assert running.ask()[0] == 200
        running.process.send_signal(sent)
        _, told = running.process.communicate(timeout=30)
        assert running.process.returncode == {signal.SIGINT: 0}.get(sent, -sent)
        assert told == f"ganzoo: {exported}: finding out what moves the picture …\n"


def test_a_browser_that_goes_away_is_no_news(exported: Path) -> None:
    with explore(exported) as running:
        with socket.create_connection(("127.0.0.1", running.port)) as gone:
            head = f"POST /draw HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
            gone.sendall(f"{head}Content-Length: 400\r\n\r\n{'x' * 20}".encode())
            time.sleep(0.2)  # until it is being read
        assert running.ask("/draw", z(1))[0] == 200
        running.process.send_signal(signal.SIGINT)
        assert running.process.communicate(timeout=30)[1].count("\n") == 1


@pytest.mark.slow
def test_a_run_is_explored_by_torch(trained: Path) -> None:
    with explore(trained) as running:
        assert len(running.ask("/draw", z(2))[1]) == 2 * 28 * 28


def test_a_port_that_is_taken(exported: Path, cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = cli("explore", exported, "--port", port)
    assert (result.code, result.err.count("\n")) == (6, 1)
    assert f"port {port} cannot be used" in result.err
    assert "--port" in result.err


def test_a_model_that_is_none(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    result = cli("explore", tmp_path / "x.onnx", "--port", 0)
    assert (result.code, result.err.count("\n")) == (5, 1)


def test_without_the_extra() -> None:
    code = (
        "import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None\n"
        "from ganzoo.cli import main; main(['explore', 'x.onnx'])"
    )
    done = process("-c", code)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert install("explore") in done.err


def test_pages_without_npm(exported: Path, tmp_path: Path) -> None:
    done = process(
        "-m", "ganzoo", "export", exported, "--web", tmp_path / "page",
        env={"PATH": str(tmp_path), "GANZOO_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    assert (done.code, done.err.count("\n")) == (6, 1)
    assert "install npm" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["x.onnx", "x"])
def test_nothing_is_fetched_for_a_model_that_is_none(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(runtime, "_fetch", pytest.fail)
    result = cli("export", tmp_path / missing, "--web", tmp_path / "page")
    assert (result.code, result.err.count("\n")) == (5, 1)
    assert f"{missing} does not exist" in result.err


def test_what_takes_long_is_announced(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "npm").write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    (tmp_path / "npm").chmod(0o755)
    done = process(
        "-m", "ganzoo", "export", exported, "--web", tmp_path / "page",
        env={"PATH": str(tmp_path), "GANZOO_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    told, failed = done.err.splitlines()
    assert (done.code, "fetching onnxruntime-web" in told, "33 MB" in told) == (6, True, True)
    assert "and cannot here: no network" in failed


def test_another_onnxruntime_web_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tgz").write_bytes(b"something else")
    with pytest.raises(OutputError, match="its integrity is sha512-"):
        runtime.unpack(tmp_path / "x.tgz")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--web", "x", "-o", "x.onnx"], "leave -o out"),
        (["--single-file", "x.onnx"], "name it x.html"),
        (["--web", "x", "--fp16"], "leave --fp16 out"),
        (["--web", "x", "--opset", "18"], "leave --opset out"),
        (["--web", "x", "--ir-version", "9"], "leave --ir-version out"),
        ([], "is exported already: --web or --single-file makes a page of it"),
    ],
)
def test_options_that_contradict(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli,
    options: list[str], told: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    result = cli("export", exported, *options)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert told in result.err
