"""What the measures say of themselves."""

from ganzoo.evaluate import judging, nearest
from ganzoo.evaluate.measures import MEASURES
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
