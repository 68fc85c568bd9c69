"""The pages of the lab: what they say of the ten systems is so, and both languages say the same."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
import torch

from ganzoo.config import TrainConfig
from ganzoo.train.schedule import total_steps
from ganzoo.zoo import registry
from tests.conftest import ROOT, Cli
from tests.plugins.test_architectures import NAMES

DOCS = ROOT / "docs"
ENGLISH = DOCS / "from-your-report.md"
LOSSES = {"BCE": "binary cross-entropy on logits, non-saturating", "Wasserstein": "Wasserstein"}


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table of a page, without its head."""
    found = re.findall(r"^\|.*\n\| ---.*\n((?:\|.*\n)+)", text, re.M)
    return [
        [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows.splitlines()]
        for rows in found
    ]


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def shown(name: str, cli: Cli) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("show", name, "--json").out)
    return found


def test_both_tables_have_the_ten_systems() -> None:
    settings, sizes, *_ = tables(ENGLISH.read_text())
    assert [row[0] for row in settings] == [f"`ganzoo train {name}`" for name in NAMES]
    assert [row[0] for row in sizes] == [f"[`{name}`](zoo/{name}.md)" for name in NAMES]


def test_the_settings_are_those_that_show_says(name: str, shown: dict[str, Any]) -> None:
    row = tables(ENGLISH.read_text())[0][NAMES.index(name)]
    _, optimizer, rate, betas, batch, epochs, loss, weights = row
    said = shown["settings"]
    expected = f"{optimizer}, learning rate {float(rate)}" + (f", betas {betas}" if betas else "")
    assert said["optimizers"] == f"{expected}, for both networks"
    more = ", 5 steps of D for each of G" if name == "wgan_clip" else ""
    assert said["training"] == f"{epochs} epochs, batches of {batch} images{more}"
    assert said["loss"] == LOSSES[loss]
    assert shown["options"]["latent_dim"] == 100
    layers = re.findall(r"(?:Linear|Conv\w+) (.+?)[,;]", said["first weights"] + ";")
    assert len(layers) >= 2
    assert weights == ("N(0, 0.02)" if set(layers) == {"0 ± 0.02"} else "torch")
    norms = re.findall(r"BatchNorm\dd (.+?)[,;]", said["first weights"] + ";")
    around_one = {norm for norm in norms if norm != "1"}
    assert bool(around_one) == (name == "dcgan_mnist")
    assert all(re.fullmatch(r"1 ± 0\.0(19|2|21)", norm) for norm in around_one)


def test_data_and_numbers_of_parameters_are_those_of_the_code(
    name: str, shown: dict[str, Any]
) -> None:
    _, data, *given, _ = tables(ENGLISH.read_text())[1][NAMES.index(name)]
    assert data == f"`{registry.load_architecture(name).value.dataset}`"
    assert given == [f"{net['parameters']:,}" for net in shown["networks"].values()]


def test_what_is_special_is_so(name: str, shown: dict[str, Any]) -> None:
    special = tables(ENGLISH.read_text())[1][NAMES.index(name)][-1]
    gan, options = registry.load_architecture(name).value, shown["options"]
    layers = [layer["described"] for net in shown["networks"].values() for layer in net["layers"]]
    kinds = [layer.partition("(")[0] for layer in layers]
    for words, is_so in {
        "batch norm behind LeakyReLU, with an epsilon of 0.8": "eps=0.8" in layers[2]
        and kinds[1:3] == ["LeakyReLU", "BatchNorm1d"],
        "one hidden layer in each network": kinds.count("Linear") == 4,
        "no batch norm": not any("BatchNorm" in kind for kind in kinds),
        "dropout of 0.3 in D": options.get("dropout") == 0.3,
        "the same fakes serve the steps of D and of G": gan.defaults.shared_fakes,
        "G repeats pixels and convolves": "Upsample" in kinds,
        "batch norm behind ReLU": kinds[1:3] == ["ReLU", "BatchNorm1d"],
        "G ends in a Sigmoid: its images are in [0, 1]": gan.image_range == (0, 1),
        "96x96 pixels in colour": gan.image_shape == (3, 96, 96),
        "`--set d_every=2`, `--set g_every=2`": {"d_every", "g_every"} <= options.keys(),
        "5 steps of D on each batch, then one of G": gan.defaults.discriminator_steps == 5,
        "weights clipped to ±0.01 after each step of D": options.get("clip") == 0.01,
    }.items():
        assert is_so or words not in special, words
        special = special.replace(words, "")
    assert special.strip("; ") == ""  # nothing was said that is not looked at here


def test_the_numbers_of_the_deviations() -> None:
    """Those that follow from the code or from torch."""
    text = ENGLISH.read_text()
    assert "18,750 steps of 64, and not 18,760" in text
    assert total_steps(TrainConfig(), 60_000) == 18_750
    assert 20 * math.ceil(60_000 / 64) == 18_760
    assert "2 ln 2 = 1.39, and half of it 0.69" in text
    assert (round(2 * math.log(2), 2), round(math.log(2), 2)) == (1.39, 0.69)
    assert "exactly 1 in float32 for logits from 17 on" in text
    one, less = torch.sigmoid(torch.tensor([17.0, 16.0]))
    assert one == 1 > less
    assert "Adam with an epsilon of 1e-8, RMSprop with alpha 0.99 and an epsilon of 1e-8" in text
    for name, expected in (("mlp_gan", {"eps": 1e-8}), ("wgan_clip", {"eps": 1e-8, "alpha": 0.99})):
        gan = registry.load_architecture(name).value
        for optimizer in gan.optimizers(gan.generator(), gan.discriminator()):
            assert expected.items() <= optimizer.param_groups[0].items()
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        torch.nn.BCELoss()(torch.tensor([0.5]), torch.tensor([-0.43]))


def test_what_show_prints_of_mlp_gan_is_on_both_pages(cli: Cli) -> None:
    lines = [line.rstrip() for line in cli("show", "mlp_gan").out.splitlines()]
    for page, least in (("coursework", 30), ("from-your-report", 2)):
        blocks = re.findall(r"^```text\n(.*?)^```$", (DOCS / f"{page}.md").read_text(), re.M | re.S)
        printed = [line for block in blocks for line in block.splitlines() if line not in ("", "…")]
        assert len(printed) >= least
        assert [line for line in printed if line not in lines] == []


CODE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


@pytest.mark.parametrize("page", ["coursework", "from-your-report"])
def test_both_languages_have_the_same_commands_pictures_and_tables(page: str) -> None:
    """So a test that runs the commands of the English page has run those of the Chinese one."""
    english = (DOCS / f"{page}.md").read_text()
    chinese = (DOCS / f"{page}.zh.md").read_text()
    assert f"[中文]({page}.zh.md)" in english
    assert f"[English]({page}.md)" in chinese
    assert CODE.findall(chinese) == CODE.findall(english)
    assert len(re.findall(r"^#", chinese, re.M)) == len(re.findall(r"^#", english, re.M))
    pictures = re.compile(r"!\[.*?\]\((.*?)\)")
    assert pictures.findall(chinese) == pictures.findall(english)
    for theirs, ours in zip(tables(chinese), tables(english), strict=True):
        for one, other in zip(theirs, ours, strict=True):
            assert len(one) == len(other)
            assert re.findall(r"`.*?`", " ".join(one)) == re.findall(r"`.*?`", " ".join(other))
            assert numbers(one) == numbers(other)


def numbers(row: list[str]) -> list[str]:
    """The numbers of a row, in any order: a sentence may turn around in another language."""
    text = re.sub(r"\(.*?\)|96x96|2 ln 2", "", " ".join(row))
    return sorted(re.findall(r"\d[\d,.]*\d|\d", text))
