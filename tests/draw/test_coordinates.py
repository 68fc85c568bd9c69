"""Values of coordinates: the same for all, or a list for each."""

from typing import Any

import numpy as np
import pytest

from ganzoo.draw.coordinates import values_of_each
from ganzoo.errors import UsageError


def test_one_list_is_for_all_and_several_are_one_for_each() -> None:
    assert values_of_each([1, 2.5], 3) == [[1, 2.5]] * 3
    assert values_of_each(np.array([1, 2]), 2) == [[1, 2], [1, 2]]
    assert values_of_each([[1, 2], (3, 4)], 2) == [[1, 2], [3, 4]]
    assert values_of_each(np.array([[1.0], [2.0]]), 2) == [[1], [2]]
    assert values_of_each([[1, 2, 3]], 1) == [[1, 2, 3]]


@pytest.mark.parametrize(
    "values", [[[1, 2]], [[1, 2], [3]], [[1], [2], [3]], [1, [2]], [[[1]], [[2]]]]
)
def test_lists_of_other_lengths_are_refused(values: Any) -> None:
    with pytest.raises(UsageError, match="values must be one list of numbers, or 2 of the same"):
        values_of_each(values, 2)
