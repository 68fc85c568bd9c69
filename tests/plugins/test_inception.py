import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_plugins import inception as plugin
from ganzoo_plugins.inception import fetch, inception, of_network, resized
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

import ganzoo.data.download  # noqa: F401  torchvision can be imported after it
from ganzoo.data import Images
from ganzoo.errors import GanzooError, ModelFileError
from ganzoo.evaluate.features import describe, digest


def network(classes: int) -> nn.Module:
    """Return torchvision's network with random weights that keep numbers alive to the end."""
    from torchvision.models.inception import Inception3

    torch.manual_seed(0)
    made: nn.Module = Inception3(classes, aux_logits=False, init_weights=False).eval()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.get_buffer("running_mean").normal_(0, 0.1)
            module.get_buffer("running_var").uniform_(0.05, 0.2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
    made.fc = nn.Identity()
    return made


def saved(made: nn.Module, classes: int, path: Path) -> str:
    state = {**made.state_dict(), "fc.weight": torch.zeros(classes, 2048)}
    torch.save(state, path)
    return str(path)


class FidMean(nn.Module):
    """The mean around each pixel as TensorFlow takes it: of what is inside the image."""

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class Maximum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, stride=1, padding=1)


def as_fid(made: nn.Module) -> nn.Module:
    """Change the pooling in a network of torchvision's, as the FID's weights want it.

    torchvision's pooling keeps the size, and the convolution behind it has the name branch_pool. It
    sees only pooled images, so what it sees is computed anew from the block's input.
    """
    for name, block in made.named_children():
        if hasattr(block, "branch_pool") and name.startswith("Mixed"):
            pool = Maximum() if name == "Mixed_7c" else FidMean()
            block.register_forward_pre_hook(
                lambda module, given: setattr(module, "given", given[0])
            )
            block.get_submodule("branch_pool").register_forward_pre_hook(
                lambda module, pooled, block=block, pool=pool: (pool(block.given),)
            )
    return made


def images() -> Images:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    return Images(name="few", pixels=pixels, fingerprint="", source={})


def features_of(path: str) -> NDArray[np.float32]:
    few = images()
    return describe(inception(weights=path).open(few), few.pixels).features


def assert_same(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> None:
    assert found.shape == wanted.shape == (3, 2048)
    assert wanted.std() > 0.01
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * wanted.max())


@pytest.mark.slow
@pytest.mark.parametrize("classes", [1000, 1008])
def test_features_are_what_the_network_computes_in_torch(
    classes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    made = network(classes)
    path = saved(made, classes, tmp_path / "weights.pth")
    x = torch.from_numpy(resized(images().pixels)).permute(0, 3, 1, 2)
    with torch.no_grad():
        wanted = (as_fid(made) if classes == 1008 else made)(x).numpy()
    assert_same(features_of(path), wanted)
    (file,) = (tmp_path / "cache/features").glob("*.onnx")
    before = file.stat().st_mtime_ns
    assert_same(features_of(path), wanted)
    assert file.stat().st_mtime_ns == before  # it was written once


def test_the_hash_is_of_the_resizing_as_well_and_the_note_says_what_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file: Any = SimpleNamespace(sha256="a" * 64)
    model = of_network(file, Path("some/weights.pth"))
    assert model.sha256 == digest("1", "a" * 64)
    for words in ("weights of weights.pth", "clean-fid", "pytorch-fid", "are untested"):
        assert words in model.note
    monkeypatch.setattr(plugin, "VERSION", "2")
    assert of_network(file, Path("x")).sha256 == digest("2", "a" * 64)
    file.sha256 = "b" * 64
    assert of_network(file, Path("x")).sha256 == digest("2", "b" * 64)


def test_weights_that_are_none_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"gone\.pth cannot be read"):
        features_of(str(tmp_path / "gone.pth"))
    with pytest.raises(ModelFileError, match=r"/dev/zero cannot be read \(a device or a pipe"):
        features_of("/dev/zero")
    torch.save({"fc.weight": torch.zeros(1008, 2048)}, tmp_path / "other.pth")
    with pytest.raises(ModelFileError, match="not of Inception v3"):
        features_of(str(tmp_path / "other.pth"))
    torch.save({"fc.weight": torch.zeros(10, 2048)}, tmp_path / "ten.pth")
    with pytest.raises(ModelFileError, match="are of 10 classes"):
        features_of(str(tmp_path / "ten.pth"))


def test_what_was_pickled_into_weights_is_not_run(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return (tmp_path.joinpath("harm").mkdir, ())

    torch.save({"fc.weight": Harm()}, tmp_path / "harmful.pth")
    with pytest.raises(ModelFileError, match="holds no weights"):
        features_of(str(tmp_path / "harmful.pth"))
    assert not (tmp_path / "harm").exists()


@pytest.fixture
def server() -> Iterator[str]:
    """Serve the same few bytes under every address of the loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"weights")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}/file"
        made.shutdown()
        thread.join()


def test_a_download_is_kept_only_if_its_content_is_right(server: str, tmp_path: Path) -> None:
    path = tmp_path / "features/weights.pth"
    with pytest.raises(ValueError, match="its SHA-256 is"):
        fetch(server, path, "0" * 64)
    assert not path.exists()
    fetch(server, path, hashlib.sha256(b"weights").hexdigest())
    assert path.read_bytes() == b"weights"


def test_without_weights_and_network_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(GanzooError, match=r"cannot be downloaded .* its option 'weights'"):
        inception().open(images())
    assert not caplog.messages
    file = tmp_path / "features" / plugin.WEIGHTS
    file.parent.mkdir()
    file.write_bytes(b"damaged")
    with pytest.raises(GanzooError, match=r"cannot be downloaded"):
        inception().open(images())
    assert caplog.messages == [f"{file} is not what was downloaded, and is downloaded anew"]


def test_images_are_resized_as_clean_fid_does() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 40, 36, 3), dtype=np.uint8)
    made = resized(pixels)
    assert made.shape == (3, 299, 299, 3)
    assert made.dtype == np.float32
    assert made.min() == -1  # cut to 0..255: the bicubic filter goes beyond
    assert made.max() == 1
    plain = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    # Pillow's and torch's bicubic filters with antialiasing are the same where images grow, but
    # for the coefficient: -0.5 and, where nothing is averaged, -0.75. So compare smaller ones.
    small = resized(pixels.repeat(10, 1).repeat(10, 2))
    plain = plain.repeat_interleave(10, 2).repeat_interleave(10, 3)
    wanted = F.interpolate(plain, (299, 299), mode="bicubic", antialias=True).clamp(0, 255)
    np.testing.assert_allclose(small, wanted.permute(0, 2, 3, 1).numpy() / 127.5 - 1, atol=1e-4)


def test_grey_images_get_three_equal_channels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 1), dtype=np.uint8)
    made = resized(pixels)
    np.testing.assert_array_equal(made, resized(pixels.repeat(3, axis=3)))
