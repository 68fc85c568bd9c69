"""MNIST and Fashion-MNIST: found where people keep them, downloaded where they are not."""

import contextlib
import os
from pathlib import Path
from typing import Literal

from ganzoo import Dataset
from ganzoo.data.idx import find_idx, read_idx
from ganzoo.data.sources import cache_folder
from ganzoo.errors import DataError

Split = Literal["train", "test"]


def fashion_mnist(*, split: Split = "train", download: bool = True) -> Dataset:
    """Fashion-MNIST: 60,000 grey 28x28 garments in ten classes (Xiao et al. 2017)."""
    return _find("fashion_mnist", "FashionMNIST", split, download)


def mnist(*, split: Split = "train", download: bool = True) -> Dataset:
    """MNIST: 60,000 grey 28x28 handwritten digits (LeCun et al. 1998)."""
    return _find("mnist", "MNIST", split, download)


def _find(name: str, torchvision_name: str, split: Split, download: bool) -> Dataset:
    """Look in each place in turn; `torchvision_name` is its class there and its folder on disk."""
    package = name.replace("_", "-")  # the spelling of Debian's package
    raw = Path(torchvision_name, "raw")
    roots = [Path(os.environ["GANZOO_DATA"])] if "GANZOO_DATA" in os.environ else []
    roots += [cache_folder(), Path("data")]
    places = [root / folder for root in roots for folder in (raw, name, package)]
    places.append(Path("/usr/share/datasets", package))
    found = next((path for place in places if (path := find_idx(place, split))), None)
    if found is None and download:
        found = _download(torchvision_name, split)
    if found is None:
        raise DataError(
            f"{name} is not on this machine and could not be downloaded: put its IDX files into "
            f"$GANZOO_DATA/{name}/, or `apt-get install dataset-{package}` where that exists, or "
            "train on drawn garments that need no files: --data toy_garments"
        )
    stat = found.stat()
    return Dataset(
        images=read_idx(found), cache_key=f"{name}-{split}-{stat.st_size}-{stat.st_mtime_ns}"
    )


def _download(torchvision_name: str, split: Split) -> Path | None:
    """Fetch it into the cache by torchvision; None where that fails for want of a network."""
    try:
        from ganzoo.torchvision_shim import datasets
    except ImportError:
        return None
    with (
        contextlib.suppress(OSError, RuntimeError),
        open(os.devnull, "w") as quiet,
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),
    ):
        getattr(datasets, torchvision_name)(cache_folder(), train=split == "train", download=True)
    return find_idx(cache_folder() / torchvision_name / "raw", split)
