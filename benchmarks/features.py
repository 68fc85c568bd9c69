"""Train the classifiers whose features are part of the package, and write their files.

Run `python -m benchmarks.features fashion_mnist` (or `mnist`, or neither for both), in the
environment with the extra `train`, where the images and labels of the data set are at hand. It
trains on all training images with the plugin's own settings, and measures the accuracy of the
written file on the test images. It uses one thread, so that the number of cores does not matter:
190 to 225 seconds on a busy AMD EPYC (AVX-512), torch 2.13. The same seed gives the same file on
one kind of processor with one torch; elsewhere sums of float32 differ in their last bits, and so
does the file's hash. The SHA-256 of the files in plugins/ganzoo_plugins/features/ are:

fashion_mnist 48d016da770df86a2b374a7d48b9dcaa9751dd3f6dafe386800eede55bbcc040
mnist         b537d652245a9eaf94ab245ad5b0bc067002ad35cdd43e082c1839fc3fd1d16d
"""

from __future__ import annotations

import hashlib
import sys
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from ganzoo_plugins.classifier import SEED, SHIPPED, SHOWN, WIDTH
from ganzoo_plugins.classifier_onnx import to_file
from ganzoo_plugins.classifier_training import train

from ganzoo.data import Images, open_images

SHAPE = (1, 28, 28)


def make(name: str) -> bytes:
    """Train on the data set `name`, print how long that takes, and return the file."""
    training, test = (_labelled(name, split) for split in ("train", "test"))
    if SHIPPED.get(training.fingerprint) != name:
        sys.exit(f"these are not the published training images of {name}")
    assert training.labels is not None
    assert test.labels is not None
    torch.set_num_threads(1)
    begun, cpu = time.perf_counter(), time.process_time()
    network = train(
        training.pixels, training.labels, np.arange(len(training.labels)), len(training.classes),
        width=WIDTH, seed=SEED, shown=SHOWN,
    )  # fmt: skip
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    print(f"trained in {took:.0f} s, {cpu:.0f} seconds of CPU")
    return to_file(network, training.classes, test.pixels, test.labels, "test images")


def _labelled(name: str, split: str) -> Images:
    images = open_images(name, SHAPE, options={"split": split})
    if images.labels is None:
        sys.exit(f"{name} has no labels here")
    return images


def main() -> None:
    """Write the files of the data sets that the command names."""
    for name in sys.argv[1:] or SHIPPED.values():
        content = make(name)
        path = Path(str(files("ganzoo_plugins").joinpath("features", f"{name}.onnx")))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        print(f"{path.name}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
