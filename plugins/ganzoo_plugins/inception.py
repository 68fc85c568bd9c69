"""The features of the standard FID, from weights that the user has or that are downloaded."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ModelFileError, PluginError, broken_library, missing_extra
from ganzoo.evaluate.features import Described, FeatureModel, Features, Pixels, digest
from ganzoo.evaluate.onnx_model import OnnxModel
from ganzoo.storage import cache_folder, is_special, write_whole
from ganzoo_plugins.keeping import kept

if TYPE_CHECKING:
    from ganzoo.data import Images

VERSION = "1"  # change it whenever the same images would give other features
WEIGHTS = "pt_inception-2015-12-05-6726825d.pth"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{WEIGHTS}"
NOTE = (
    "resized as by clean-fid (each channel by Pillow's bicubic filter, in float32), to [-1, 1] as "
    "by pytorch-fid; numbers with real weights are untested"
)
SIDE = 299
AT_A_TIME = 25
"""Images in the network at a time: 250 MB."""


def inception(*, weights: str = "") -> Features:
    """2048 features of the Inception network: the standard FID. It needs a file of weights.

    `weights` is the path of that file, as torch saves it: pytorch-fid's
    pt_inception-2015-12-05-6726825d.pth, which is the same network as torch-fidelity's, or
    torchvision's inception_v3, whose FID is another number. By default the former is downloaded,
    once. Nothing else in the file is run or read.

    The network is tested against torch with random weights. Its numbers with real weights are
    untested: nobody has compared them with another program's.

    Images are made as clean-fid makes them (Parmar et al. 2022): each channel is resized to 299x299
    in float32 by Pillow's bicubic filter, which has no aliasing, and cut to 0..255. Then they go to
    [-1, 1], as in pytorch-fid; clean-fid's own network goes to (x - 128) / 128. Grey images get
    three equal channels.
    """

    def open_features(images: Images) -> FeatureModel:
        path = Path(weights).expanduser() if weights else _downloaded()
        content = _read(path)
        key = hashlib.sha256(VERSION.encode() + content).hexdigest()[:32]
        return kept(
            f"inception-{key}.onnx",
            images,
            lambda converted, file: of_network(OnnxModel(converted, file), path),
            lambda: _to_onnx(content, path),
        )

    return Features(version=VERSION, open=open_features)


def of_network(model: OnnxModel, weights: Path) -> FeatureModel:
    """Return the features that a converted network makes of images of any size."""

    def describe(pixels: Pixels) -> Described:
        parts = (pixels[i : i + AT_A_TIME] for i in range(0, len(pixels), AT_A_TIME))
        return Described(np.concatenate([model.describe(resized(part)).features for part in parts]))

    # The resizing decides the numbers as well, and is no part of the file.
    sha256 = digest(VERSION, model.sha256)
    return FeatureModel(describe=describe, sha256=sha256, note=f"weights of {weights.name}; {NOTE}")


def resized(pixels: Pixels) -> NDArray[np.float32]:
    """Return uint8 images (n, H, W, 1 or 3) as float32 (n, 299, 299, 3) in [-1, 1]."""
    from PIL import Image

    result = np.empty((len(pixels), SIDE, SIDE, 3), np.float32)
    for image, place in zip(pixels, result, strict=True):
        for channel in range(image.shape[2]):
            plane = Image.fromarray(image[..., channel].astype(np.float32))
            plane = plane.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            place[..., channel] = np.asarray(plane).clip(0, 255)
        place[..., image.shape[2] :] = place[..., :1]
    result /= 127.5
    result -= 1
    return result


def _read(path: Path) -> bytes:
    """Return the content of a file of weights; raise ModelFileError where it cannot be read."""
    try:
        if is_special(path):
            raise OSError(errno.EINVAL, "a device or a pipe, not a regular file")
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"the features 'inception' need weights: {path} cannot be read ({error.strerror})",
            "weights",
        ) from error


def _to_onnx(content: bytes, path: Path) -> bytes:
    """Return the content of a file of weights as an ONNX file."""
    import io

    try:
        import torch

        from ganzoo_plugins.inception_graph import to_onnx
    except Exception as error:  # a library that is broken raises what it likes
        why = broken_library(error) or f"{error}{missing_extra(error)}"
        raise PluginError(f"the weights of 'inception' cannot be read: {why}", "weights") from error
    try:  # weights_only: nothing that was pickled is run
        state = torch.load(io.BytesIO(content), "cpu", weights_only=True)
        arrays = {name: np.asarray(tensor.numpy()) for name, tensor in state.items()}
    except Exception as error:  # torch, pickle and zipfile raise what they like
        raise ModelFileError(f"{path} holds no weights that torch saved", "weights") from error
    try:
        converted: bytes = to_onnx(arrays).SerializeToString()
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}", "weights") from error
    except Exception as error:  # onnx's checker: shapes that do not fit
        raise ModelFileError(f"{path}: its weights have other shapes", "weights") from error
    return converted


def _downloaded() -> Path:
    """Return the FID's weights from the cache; download them where it has none, or others."""
    path = cache_folder() / "features" / WEIGHTS
    if not (path.is_file() and hashlib.sha256(_read(path)).hexdigest() == SHA256):
        if os.path.lexists(path):
            logging.getLogger("ganzoo").warning(
                "%s is not what was downloaded, and is downloaded anew", path
            )
        try:
            fetch(URL, path, SHA256)
        except (OSError, ValueError) as error:
            raise PluginError(
                f"the features 'inception' need weights, and {WEIGHTS} cannot be downloaded "
                f"({error}): give the path of such a file in its option 'weights', or use "
                "features='patches'",
                "features",
            ) from error
    return path


def fetch(url: str, path: Path, sha256: str) -> None:
    """Download `url` to `path`, if its content has this SHA-256.

    Raises OSError where it cannot be reached, and ValueError where the content is another. Then no
    file is left.
    """
    import urllib.request

    with urllib.request.urlopen(url, timeout=30) as response:
        content: bytes = response.read()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"its SHA-256 is {found}, not {sha256}")
    write_whole(path, content)
