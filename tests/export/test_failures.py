"""Why a generator cannot be exported: one line with the author's code, the reason, and a way out.

tests/conformance/flawed.py has more of them, as check-plugin says it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.draw.info import ModelInfo
from ganzoo.errors import ModelFileError
from ganzoo.export.graph import to_onnx

pytestmark = pytest.mark.usefixtures("quick_exports")

INFO = ModelInfo(
    version="0", architecture="mine", plugin={}, options={}, latent={"shape": [6]}, image={},
    dataset="x", samples_seen=0,
)  # fmt: skip


class Generator(nn.Module):
    """A generator whose images a function makes of other images."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.function = nn.Linear(6, 12), function

    def forward(self, z: Tensor) -> Tensor:
        return self.function(self.layer(z).reshape(-1, 1, 3, 4))


def scale(x: Tensor) -> Tensor:
    if x.abs().max() > 1:
        x = x / 2
    return x


def repeat(x: Tensor) -> Tensor:
    while x.mean() > 0:
        x = x - 1
    return x


def by_pillow(x: Tensor) -> Tensor:
    pixels = x.detach().numpy()
    return torch.from_numpy(np.asarray(Image.fromarray(pixels[0, 0])))[None, None]


def refuses(x: Tensor) -> Tensor:
    if torch.compiler.is_exporting():
        raise ValueError("\x1b[96mI am\x1b[0m\nnot exported")
    return x


def start(x: Tensor) -> Tensor:
    return torch.zeros(len(x), 1, 3, 4) + x


def each(x: Tensor) -> Tensor:
    return torch.cat([image[None] for image in x])


def spectrum(x: Tensor) -> Tensor:
    spectrum: Tensor = torch.fft.fft(x).real
    return spectrum


def bessel(x: Tensor) -> Tensor:
    values: Tensor = torch.special.i0e(x)
    return values


def counts(x: Tensor) -> Tensor:
    return x * torch.histc(x)[0]


def grouped(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    kernels = x.mean((2, 3))[:, :, None, None].expand(-1, -1, 3, 3).reshape(n * c, 1, 3, 3)
    return F.conv2d(x.reshape(1, n * c, h, w), kernels, padding=1, groups=n).reshape(n, c, h, w)


def grouped_upwards(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    kernels = x.mean((1, 2, 3)).reshape(n, 1, 1, 1).expand(-1, 1, 4, 4)
    made = F.conv_transpose2d(x.reshape(1, n * c, h, w), kernels, stride=2, groups=n)
    return made.reshape(n, c, *made.shape[2:])


CASES: list[tuple[Callable[[Tensor], Tensor], str]] = [
    (scale, "line N: `if x.abs().max() > 1:` decides by the values of a tensor what is computed"),
    (repeat, "line N: `while x.mean() > 0:` decides by the values of a tensor what is computed"),
    (by_pillow, "line N: `pixels = x.detach().numpy()` leaves torch, and no graph holds what"),
    (refuses, "mine cannot be written as ONNX: ValueError: I am not exported (test_failures.py,"),
    (start, "line N: `return torch.zeros(len(x), 1, 3, 4) + x` takes the batch size as a number"),
    (each, "takes the batch size as a number of Python, which fixes it: compute all images of"),
    (spectrum, "needs an operator that ganzoo does not run: use layers, arithmetic and shapes "
               "(the operator is DFT)"),
    (bessel, "needs torch's bessel_i0e, for which ONNX has no operator: use other functions"),
    (counts, "` fails: aten_histc"),
    (grouped, "` convolves in a group for each image, and a graph has a fixed number of groups"),
    (grouped_upwards, "` convolves in a group for each image, and a graph has a fixed number of"),
    (torch.rand_like, "draws random numbers, and an image must depend on its latent alone"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "words"), CASES, ids=lambda case: getattr(case, "__name__", "")
)
def test_one_line_says_what_to_change(function: Callable[[Tensor], Tensor], words: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        to_onnx(Generator(function), INFO)
    said = str(caught.value)
    assert words in re.sub(r"line \d+", "line N", said)
    assert "test_failures.py, line" in said
    assert said.isprintable()
    assert len(said) < 300


class Last(nn.Module):
    """The last output of a recurrent layer."""

    def forward(self, outputs: tuple[Tensor, Tensor]) -> Tensor:
        return outputs[0][:, None, None]


def test_a_layer_of_torchs_is_named_where_no_line_is_the_authors() -> None:
    with pytest.raises(ModelFileError, match=r"the layer 0 needs an operator .*is LSTM"):
        to_onnx(nn.Sequential(nn.LSTM(6, 3), nn.Identity(), Last()), INFO)


def test_the_size_of_the_batch_may_be_used_by_torchs_functions() -> None:
    model = to_onnx(Generator(lambda x: x + torch.zeros(x.shape[0], 1, 1, 1)), INFO)
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
