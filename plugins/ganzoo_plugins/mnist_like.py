"""MNIST and Fashion-MNIST: found where people keep them, otherwise downloaded."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from ganzoo import Dataset
from ganzoo.data.idx import find_idx, idx_dataset
from ganzoo.errors import DataError, broken_library
from ganzoo.storage import DISK, cache_folder

Split = Literal["train", "test"]

GARMENTS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip
DIGITS = tuple("0123456789")


def fashion_mnist(*, split: Split = "train", download: bool = True) -> Dataset:
    """Fashion-MNIST: 60,000 grey 28x28 garments in ten classes (Xiao et al. 2017)."""
    return _find("fashion_mnist", "FashionMNIST", GARMENTS, split, download)


def mnist(*, split: Split = "train", download: bool = True) -> Dataset:
    """MNIST: 60,000 grey 28x28 handwritten digits (LeCun et al. 1998)."""
    return _find("mnist", "MNIST", DIGITS, split, download)


def _find(
    name: str, torchvision_name: str, classes: tuple[str, ...], split: Split, download: bool
) -> Dataset:
    """Look in each place in turn, and return the data set; DataError if it is nowhere.

    `torchvision_name` is its class in torchvision, and its folder on disk.
    """
    package = name.replace("_", "-")  # the spelling of Debian's package
    raw = Path(torchvision_name, "raw")
    roots = [Path(os.environ["GANZOO_DATA"])] if "GANZOO_DATA" in os.environ else []
    roots += [cache_folder(), Path("data")]
    places = [root / folder for root in roots for folder in (raw, name, package)]
    places.append(Path("/usr/share/datasets", package))
    found = next((path for place in places if (path := find_idx(place, split))), None)
    why = "and was not downloaded"
    if found is None and download:
        found, why = _download(torchvision_name, split)
    if found is None:
        raise DataError(
            f"{name} is not on this machine ({why}): put its IDX files into "
            f"$GANZOO_DATA/{name}/, or `apt-get install dataset-{package}` where that exists, or "
            "train on drawn garments that need no files: data='toy_garments'",
            "data",
        )
    return idx_dataset(found, classes)


def _download(torchvision_name: str, split: Split) -> tuple[Path | None, str]:
    """Fetch it into the cache by torchvision; return the file, or None and the reason.

    torchvision writes straight to the final name, so it gets a folder of its own until it is done.
    """
    try:
        from ganzoo.data.download import datasets
    except Exception as error:  # a library that is broken raises what it likes
        return None, f"torchvision cannot download it: {broken_library(error) or error}"
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".download-", dir=cache) as temporary,
        open(os.devnull, "w") as quiet,
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),
    ):
        try:
            getattr(datasets, torchvision_name)(temporary, train=split == "train", download=True)
        except (OSError, RuntimeError) as error:
            return None, f"and the download failed: {' '.join(str(error).split())}"
        for path in Path(temporary).rglob("*"):
            DISK.sync(path)  # or a power cut may leave names without content
        shutil.rmtree(cache / torchvision_name, ignore_errors=True)
        os.rename(Path(temporary, torchvision_name), cache / torchvision_name)
    return find_idx(cache / torchvision_name / "raw", split), ""
