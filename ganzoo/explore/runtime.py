"""onnxruntime-web: fetched once by npm, kept in the cache, and hashed before every use."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from ganzoo.errors import OutputError
from ganzoo.storage import cache_folder, write_whole

VERSION = "1.30.0"
SETTINGS = {"npm_config_fetch_retries": "1", "npm_config_loglevel": "error"}
"""Environment variables that make npm give up soon, and say only why."""
INTEGRITY = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4r"
    "KY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
"""Hash of its tarball, as `npm view onnxruntime-web@1.30.0 dist.integrity` has it."""
FILES = {"ort.js": "ort.wasm.bundle.min.mjs", "ort.wasm": "ort-wasm-simd-threaded.wasm"}
"""Files of the 130 MB that the page needs, by their names there: hosts know no `.mjs`."""
SHA256 = {
    "ort.js": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""Hashes of these files in the tarball of `INTEGRITY`."""
NEEDS = f"a page that runs by itself needs onnxruntime-web {VERSION}, which npm fetches once"


def onnxruntime_web(tell: Callable[[str], object] = lambda message: None) -> dict[str, bytes]:
    """Return the two files of onnxruntime-web; OutputError if they are missing and do not come.

    What is in the cache is used only if it is what was fetched: it becomes part of a page that
    others open. If the files have to be fetched, `tell` is called with a line that says so.
    """
    folder = cache_folder() / f"onnxruntime-web-{VERSION}"
    found = {name: _kept(folder / name, tell) for name in FILES}
    if not all(found.values()):
        found = _fetch(tell)
        for name, content in found.items():
            write_whole(folder / name, content)
    return found


def _kept(file: Path, tell: Callable[[str], object]) -> bytes:
    """Return the content of a file in the cache; b"" where it is not there, or is another."""
    if not file.is_file():
        return b""
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() == SHA256[file.name]:
        return content
    tell(f"{file} is not what was fetched, and is not used")
    return b""


def _fetch(tell: Callable[[str], object]) -> dict[str, bytes]:
    npm = shutil.which("npm")
    if npm is None:
        raise OutputError(f"{NEEDS}: install npm (it comes with Node.js)")
    tell(f"fetching onnxruntime-web {VERSION}, 33 MB, this once …")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"onnxruntime-web@{VERSION}"]
        environment = os.environ | SETTINGS
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        packed = Path(folder, f"onnxruntime-web-{VERSION}.tgz")
        if done.returncode or not packed.is_file():
            raise OutputError(f"{NEEDS}, and cannot here: {done.stderr.strip()[:300]}")
        return unpack(packed)


def unpack(packed: Path) -> dict[str, bytes]:
    """Return the files of the tarball that we know; OutputError if this is another one."""
    with packed.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    if (found := f"sha512-{base64.b64encode(digest).decode()}") != INTEGRITY:
        raise OutputError(
            f"what npm calls onnxruntime-web {VERSION} is not what ganzoo knows by that name, and "
            f"is not used: its integrity is {found}"
        )
    with tarfile.open(packed) as archive:
        members = {
            name: archive.extractfile(f"package/dist/{file}") for name, file in FILES.items()
        }
        return {name: member.read() for name, member in members.items() if member}
