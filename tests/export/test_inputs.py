"""Files of generators that take more than latents: labels, and a truncation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.session import from_bytes
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.export.graph import to_onnx
from ganzoo.export.parity import Reference, with_metadata
from ganzoo.train.networks import draw

pytestmark = pytest.mark.usefixtures("quick_exports")
NAMES = ["Coat", "Bag", "Boot"]


class Styled(nn.Module):
    """A mapping network with a mean, and labels beside z: what a small StyleGAN has."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.classes = nn.Embedding(3, 4)
        self.mapping = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2))
        self.register_buffer("mean", torch.full((16,), 0.1))
        self.synthesis = nn.Sequential(
            nn.Linear(16, 64), nn.Unflatten(1, (4, 4, 4)), nn.Upsample(scale_factor=2),
            nn.Conv2d(4, 1, 3, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor, labels: Tensor, truncation: Tensor | None = None) -> Tensor:
        w = self.mapping(torch.cat([z, self.classes(labels)], 1))
        if truncation is not None:
            w = self.mean + truncation * (w - self.mean)
        images: Tensor = self.synthesis(w)
        return images


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return Styled().eval()


LABEL = {"classes": NAMES, "rng": "gz-label-v1"}


def described(label: dict[str, Any] = LABEL, truncation: bool = True) -> ModelInfo:
    return ModelInfo(
        version="0", architecture="styled", plugin={"package": "x", "version": "0"}, options={},
        latent={"shape": [4], "dist": "normal", "rng": "gz-normal-v1"},
        image={"layout": "NCHW", "dtype": "float32", "range": [-1, 1], "size": [8, 8],
               "channels": 1},
        dataset="x", samples_seen=0, label=label, truncation=truncation,
    )  # fmt: skip


INFO = described()


@pytest.fixture(scope="module")
def model(network: nn.Module) -> onnx.ModelProto:
    return to_onnx(network, INFO)


def test_it_draws_what_torch_draws_with_every_setting(
    network: nn.Module, model: onnx.ModelProto
) -> None:
    torchs = Generator(INFO, partial(draw, network))
    assert Reference(torchs).check(model, INFO).passes("float32")
    opened = from_bytes(with_metadata(model, INFO), "x", "CPU")
    for label, truncation in ((None, None), ("boot", 0.5), (0, 0.0), ("Bag", 1.5)):
        ours, theirs = (
            generator.sample(9, 3, label=label, truncation=truncation).astype(int)
            for generator in (opened, torchs)
        )
        assert np.abs(ours - theirs).max() <= 1
    assert (opened.sample(9, truncation=0) == opened.sample(1, truncation=0)).all()
    assert (opened.sample(9) != opened.sample(9, truncation=0.9)).any()
    np.testing.assert_array_equal(opened.sample(9), opened.sample(9, truncation=1))


def test_a_truncation_that_is_ignored_is_found(model: onnx.ModelProto) -> None:
    """Parity is measured with one as well."""

    class Ignores(Styled):
        def forward(self, z: Tensor, labels: Tensor, truncation: Tensor | None = None) -> Tensor:
            images: Tensor = super().forward(z, labels)
            return images if truncation is None else images + 0 * truncation

    torch.manual_seed(0)
    with pytest.raises(ModelFileError, match="differ from torch"):
        Reference(Generator(INFO, partial(draw, Ignores().eval()))).check(model, INFO)


def test_the_first_layer_is_found_behind_labels(model: onnx.ModelProto) -> None:
    opened = from_bytes(with_metadata(model, INFO), "x", "CPU")
    assert opened.first_layer is not None
    inputs = opened.of(1).inputs(np.zeros((5, 4), np.float32))
    assert opened.first_layer(*inputs).shape == (5, 16)


def rename(model: onnx.ModelProto) -> None:
    model.graph.input[1].name = "klass"
    for node in model.graph.node:
        node.input[:] = ["klass" if name == "label" else name for name in node.input]


def as_int32(model: onnx.ModelProto) -> None:
    model.graph.input[1].type.tensor_type.elem_type = onnx.TensorProto.INT32


def one_more(model: onnx.ModelProto) -> None:
    extra = onnx.helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, [1])
    model.graph.input.append(extra)


def one_less(model: onnx.ModelProto) -> None:
    del model.graph.input[1]


def of_one_size(model: onnx.ModelProto) -> None:
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_value = 2


def swapped(model: onnx.ModelProto) -> None:
    first, second, third = list(model.graph.input)
    del model.graph.input[:]
    model.graph.input.extend([second, first, third])


@pytest.mark.parametrize("change", [rename, as_int32, one_more, one_less, of_one_size, swapped])
def test_a_file_with_other_inputs_is_refused(
    model: onnx.ModelProto, change: Callable[[onnx.ModelProto], None]
) -> None:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    change(changed)
    with pytest.raises(ModelFileError, match=r"latent float32 \(n, 4\), label int64 \(n\), trunc"):
        from_bytes(with_metadata(changed, INFO), "x", "CPU")


@pytest.mark.parametrize("info", [described(label={}), described(truncation=False)])
def test_inputs_that_the_metadata_do_not_tell_of_are_refused(
    model: onnx.ModelProto, info: ModelInfo
) -> None:
    with pytest.raises(ModelFileError, match="should map latent"):
        from_bytes(with_metadata(model, info), "x", "CPU")


def test_labels_that_no_class_has_never_reach_the_graph(model: onnx.ModelProto) -> None:
    few = described(label={"classes": [*NAMES, "a class too many"], "rng": "gz-label-v1"})
    opened = from_bytes(with_metadata(model, few), "x", "CPU")
    with pytest.raises(ModelFileError):  # onnxruntime checks it: the table has three rows
        opened.of(3).sample(1)
    with pytest.raises(UsageError, match="labels must be from 0 to 3"):
        opened.draw(np.zeros((1, 4)), labels=np.array([4]))
