"""What the measures say of themselves, and how their numbers are shown."""

import pytest

from ganzoo.evaluate import judging, nearest
from ganzoo.evaluate.measures import MEASURES, number
from tests.conftest import ROOT


def test_a_measure_of_the_first_pictures_alone_says_of_how_many() -> None:
    of = {
        "wasserstein": judging.LOOKED_AT,
        "diversity": judging.COMPARED,
        "copies": nearest.COMPARED,
    }
    page = (ROOT / "docs/evaluating.md").read_text()
    for name, measure in MEASURES.items():
        count = of.get(name)
        assert measure.sees.endswith(f"of the first {count:,}" if count else ""), name
        assert ("of the first" in measure.sees) == (count is not None), name
        (row,) = (line for line in page.splitlines() if f" | `{name}` | " in line)
        assert f"Of the first {count:,} pictures" in row if count else "first" not in row, name


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0.1234, 1, "0.123"), (1.234, 1, "1.23"), (12.34, 1, "12.3"), (1234.5, 1, "1,234"),
        (0.1, 1, "0.100"), (0.02733, 1, "0.0273"), (0.000167, 1, "0.000167"),
        (-1.2345e-6, 1, "-0.00000123"), (float("nan"), 1, "nan"),
        (9_999_999, 1, "9,999,999"), (3.1191e12, 1e3, "3.12e+15"), (-2e7, 1, "-2.00e+07"),
        (-0.00092, 1e3, "-0.920"), (None, 1e3, "-"), (-1e-7, 1e3, "0.000"), (0.0, 1, "0.000"),
    ],
)  # fmt: skip
def test_a_number_has_three_digits_and_zero_no_sign(
    value: float | None, scale: float, text: str
) -> None:
    assert number(value, scale) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("recall", 0.0905, "0.090"), ("recall", 0.0003, "0.000"), ("density", 1.0149, "1.015"),
        ("density", 1234.5, "1,234.500"), ("density", 2e7, "2.00e+07"),
        ("copies", -0.0001, "0.000"), ("copies", None, "-"), ("precision", float("nan"), "nan"),
        ("frechet", 0.02733, "0.0273"), ("kernel", -0.000374, "-0.374"), ("classes", 1e-9, "0.000"),
    ],
)  # fmt: skip
def test_a_share_has_three_decimals_and_a_distance_three_digits(
    name: str, value: float | None, text: str
) -> None:
    assert MEASURES[name].shown(value) == text
