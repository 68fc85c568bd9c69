"""The page, served to this machine alone, with the model behind it.

What a stranger's page in the same browser may try is refused: another Host (DNS rebinding), another
Origin, more than a few images at once, a request that never comes to its end. The files are in
memory, so that no path leads anywhere.
"""

from __future__ import annotations

import asyncio
import functools
import io
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganzoo.draw.checking import Own, check_latents
from ganzoo.draw.generator import Generator
from ganzoo.errors import GanzooError, OutputError, UsageError
from ganzoo.explore.facts import facts, most_images
from ganzoo.explore.html import INDEX, POLICY, page
from ganzoo.explore.impatience import PATIENCE, Impatient
from ganzoo.explore.query import labels_and_truncation

TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".npy": "application/octet-stream",
}
LATENTS = "latents.npy"
"""What the page fetches where it begins with latents of the user's own."""
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


AT_ONCE = 64
"""Requests that are answered or wait for an answer at a time; another one gets 503."""


def listen(port: int) -> socket.socket:
    """Return a socket of 127.0.0.1 that takes connections; OutputError if the port is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise OutputError(
            f"port {port} cannot be used ({error.strerror}): choose another port=, or 0",
            "port",
        ) from error
    return listening


def serve(app: Starlette, listening: socket.socket) -> None:
    """Answer requests until the process is interrupted."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        http=Impatient,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listening])


def application(
    generator: Generator, name: str, port: int, *, z: Own = None, z_name: str = "z.npy"
) -> Starlette:
    """Return the server of a model's page, at http://127.0.0.1:PORT and http://localhost:PORT.

    With your own latents `z`, (n, latent_dim), the page begins with these, and calls them `z_name`.
    """
    dim, most = generator.info.latent_dim, most_images(generator)
    known = {**facts(generator, name), "source": "server", "batch": min(most, 16)}
    own = {} if z is None else {LATENTS: _npy(check_latents(z, dim))}
    files = {**page({**known, "latents": z_name if own else ""}), **own}
    one_thread = ThreadPoolExecutor(1)  # the drawing itself uses all CPUs

    async def file(request: Request) -> Response:
        asked = request.path_params["name"] or INDEX
        if asked not in files:
            raise HTTPException(404, "there is no such file")
        return Response(files[asked], media_type=TYPES[Path(asked).suffix])

    async def draw(request: Request) -> Response:
        body = bytearray()
        try:
            async with asyncio.timeout(PATIENCE):
                async for piece in request.stream():
                    body += piece
                    if len(body) > most * dim * 4:
                        raise HTTPException(413, f"at most {most} images at once")
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except TimeoutError:
            raise HTTPException(408, "the latents did not come", {"Connection": "close"}) from None
        if not body or len(body) % (4 * dim):
            raise HTTPException(400, f"latents are {dim} float32 numbers for each image")
        z = np.frombuffer(bytes(body), "<f4").reshape(-1, dim)
        try:
            labels, truncation = labels_and_truncation(request.query_params.multi_items())
            work = functools.partial(
                generator.with_settings(truncation=truncation).draw, z, labels=labels
            )
            pixels = await asyncio.get_running_loop().run_in_executor(one_thread, work)
        except GanzooError as error:
            raise HTTPException(400 if isinstance(error, UsageError) else 500, str(error)) from None
        return Response(pixels.tobytes(), media_type="application/octet-stream")

    hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]
    if port == 80:  # which browsers leave out
        hosts += ["127.0.0.1", "localhost"]
    return Starlette(
        routes=[Route("/draw", draw, methods=["POST"]), Route("/{name:path}", file)],
        middleware=[Middleware(_Guard, hosts=hosts)],
    )


def _npy(z: NDArray[np.float32]) -> bytes:
    """Return latents as the content of an .npy file."""
    encoded = io.BytesIO()
    np.save(encoded, z)
    return encoded.getvalue()


class _Guard:
    """Middleware that refuses other hosts, other pages and too many requests, and adds headers.

    Requests are counted, and not connections as uvicorn does: one that asks nothing takes no place.
    """

    def __init__(self, app: ASGIApp, hosts: list[str]) -> None:
        self.app, self.hosts, self.answering = app, hosts, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, answer = Headers(scope=scope), self.app
        if self.answering >= AT_ONCE:
            answer = PlainTextResponse("too many requests at once", 503)
        elif headers.get("host") not in self.hosts:
            told = f"this page answers to {' and '.join(self.hosts)} alone: forward that very port"
            answer = PlainTextResponse(told, 421)
        elif headers.get("origin") not in {None, *(f"http://{host}" for host in self.hosts)}:
            answer = PlainTextResponse("other pages may not draw here", 403)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        self.answering += 1
        try:
            await answer(scope, receive, send_with_headers)
        finally:
            self.answering -= 1
