"""Shared by all tests: a private cache, small data, and `ganzoo` called as a user calls it."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import main
from ganzoo.config import TrainConfig

if TYPE_CHECKING:
    from ganzoo.runs.job import Job
    from tests.lives import Nursery

ROOT = Path(__file__).parents[1]
_SANDBOX = Path(tempfile.mkdtemp(prefix="ganzoo-tests-"))
# Nothing of the user's is read or written: these are read each time they are needed.
os.environ["GANZOO_CACHE"] = str(_SANDBOX / "cache")
os.environ.pop("GANZOO_DATA", None)
os.environ["GANZOO_REPORT"] = "0"  # but where it is what a test is about
os.environ.pop("GANZOO_RUNS", None)
# `make test &` has SIGINT ignored, nohup SIGHUP, and a process that is started inherits that; what
# has a handler it does not inherit. We go on as we were told, and processes of ours can be stopped.
for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


def tail(cases: Iterable[tuple[object, ...]], *, test: int, ci: int) -> list[Any]:
    """Parameters of a long tail: one in `test` for `make test`, of the rest one in `ci` for CI.

    `make test-long` runs all. Numbers that have no factor in common with what `cases` count up
    reach each of their values.
    """

    def marks(place: int) -> list[pytest.MarkDecorator]:
        if place % test == 0:
            return []
        return [pytest.mark.slow if place % ci == 0 else pytest.mark.tail]

    return [pytest.param(*case, marks=marks(place)) for place, case in enumerate(cases)]


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on stdout: the path of what was made."""
        return self.out.rstrip().rpartition("\n")[2]


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Call `ganzoo ARGUMENTS…` in this process, through its public door."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Result(ended.value.code, captured.out, captured.err)

    return call


Ganzoo = Callable[..., Result]


@pytest.fixture(scope="session")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where `ganzoo` processes are forked that start at once."""
    from tests.lives import nursery

    with nursery(tmp_path_factory.mktemp("lives")) as made:
        yield made


@pytest.fixture(scope="session")
def ganzoo(lives: Nursery) -> Ganzoo:
    """Call `ganzoo ARGUMENTS…` in a process of its own, with `cwd` and `env`.

    For what must not happen to ours, such as importing a broken plugin. It takes no seconds to
    start, as `process` does, but has imported torch before it begins.
    """

    def call(*arguments: object, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Result:
        ended = lives.live(*arguments, cwd=cwd, env=env)
        return Result(ended.code, ended.out, ended.err)

    return call


def process(
    *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Result:
    """Run `python ARGUMENTS…` as a process of its own."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | dict(env or {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def install(
    site: Path,
    package: str,
    source: str | Mapping[str, str],
    names: Mapping[str, str],
    *,
    group: str = "ganzoo.architectures",
    requires: str = "ganzoo",
) -> None:
    """Lay out a package as pip would: modules, and metadata with entry points in `group`.

    `source` is that of a module called as the package, or of several by their names; `names` are
    of functions in the one module, or "module:function".
    """
    module = package.replace("-", "_")
    site.mkdir(exist_ok=True)
    for name, text in ({module: source} if isinstance(source, str) else source).items():
        (site / f"{name}.py").write_text(text)
    info = site / f"{module}-1.2.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {package}", "Version: 1.2"]
    (info / "METADATA").write_text("\n".join([*lines, f"Requires-Dist: {requires}", ""]))
    points = [f"{name} = {f if ':' in f else f'{module}:{f}'}" for name, f in names.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *points]))


ROWS = '''
import numpy as np

from ganzoo.evaluate.features import Described, FeatureModel, Features


def rows() -> Features:
    """Means of the rows of pixels."""
    model = FeatureModel(
        describe=lambda pixels: Described(pixels.mean(axis=(2, 3), dtype=np.float32)),
        sha256="a" * 64,
    )
    return Features(version="1", open=lambda images: model)
'''


def install_rows(site: Path) -> None:
    """Lay out a stranger's features, which need no training: `rows`."""
    install(site, "row-features", ROWS, {"rows": "rows"}, group="ganzoo.features")


def make_job(
    name: str, options: Mapping[str, object], config: TrainConfig, images: int = 16
) -> Job:
    """An architecture, and noise for it to be trained on."""
    from ganzoo.data import Images
    from ganzoo.runs.job import Job
    from ganzoo.train.device import choose
    from ganzoo.train.precision import Precision
    from ganzoo.train.world import ALONE
    from ganzoo.zoo import registry

    loaded = registry.load_architecture(name, options)
    channels, height, width = loaded.value.image_shape
    shape = (images, height, width, channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    noise = Images(name="noise", pixels=pixels, fingerprint="", source={"path": "nowhere"})
    return Job(
        loaded=loaded, images=noise, config=config, device=choose("cpu"),
        precision=Precision("fp32", "test"), world=ALONE,
    )  # fmt: skip


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of twelve PNG files, 20x24, in two folders."""
    rng = np.random.default_rng(0)
    for i in range(12):
        path = tmp_path / "faces" / f"part{i % 2}" / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (24, 20, 3), np.uint8)).save(path)
    return tmp_path / "faces"


def write_idx(path: Path, images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Path:
    """Write uint8 images (N, H, W) as MNIST's files are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0\0\x08\x03" + struct.pack(">3I", *images.shape) + images.tobytes())
    return path


def write_idx_labels(path: Path, labels: Sequence[int]) -> Path:
    """Write labels as MNIST's files are."""
    path.write_bytes(b"\0\0\x08\x01" + struct.pack(">I", len(labels)) + bytes(labels))
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run: mlp_gan, two steps on drawn garments."""
    runs = tmp_path_factory.mktemp("runs")
    with pytest.raises(SystemExit) as ended:
        main([
            "train", "mlp_gan", "--set", "hidden=16,32", "--data", "toy_garments",
            "--set-data", "count=64", "--batch-size", "64", "--max-steps", "2", "--runs", str(runs),
        ])  # fmt: skip
    assert ended.value.code == 0
    return runs / "mlp_gan-toy_garments-001"


@pytest.fixture(scope="session")
def quick_exports() -> Iterator[None]:
    """Have torch.onnx read the source of its 500 operators once: half a second of every export."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    read_once = staticmethod(functools.cache(ONNXRegistry.from_torchlib))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", read_once)
        yield


@pytest.fixture(scope="session")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory, quick_exports: None) -> Path:
    """The ONNX file of `trained`."""
    from ganzoo.export.exporting import export_onnx

    return export_onnx(trained, tmp_path_factory.mktemp("exports") / "mlp.onnx").path


@pytest.fixture
def blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the plugin of features `blocks`: means of blocks of pixels."""
    from tests.judged import BLOCKS

    site = tmp_path / "site"
    install(site, "own-features", BLOCKS, {"blocks": "blocks"}, group="ganzoo.features")
    monkeypatch.syspath_prepend(site)


@pytest.fixture(scope="session", autouse=True)
def _sandbox() -> Iterator[None]:
    yield
    shutil.rmtree(_SANDBOX, ignore_errors=True)
