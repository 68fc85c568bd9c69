"""Which evaluations stand side by side."""

from ganzoo.evaluate.ranking import ranked
from tests.judged import evaluation


def test_only_what_can_be_compared_is_in_one_group_and_the_best_comes_first() -> None:
    groups = ranked({
        "good": [evaluation(3)],
        "few": [evaluation(1, images=500)],
        "bad": [evaluation(30)],
        "other data": [evaluation(2, data="faces")],
        "other features": [evaluation(2, features="patches")],
        "none": [],
        "middle": [evaluation(9)],
    })  # fmt: skip
    assert list(groups[0]) == ["good", "middle", "bad"]
    assert {tuple(group) for group in groups[1:]} == {
        ("few",),
        ("other data",),
        ("other features",),
    }


def test_of_several_evaluations_the_one_counts_that_most_others_have() -> None:
    groups = ranked({
        "both": [evaluation(3, images=500, step=9), evaluation(4, step=5), evaluation(5, step=7)],
        "large": [evaluation(1)],
    })  # fmt: skip
    (group,) = groups
    assert [(name, e["frechet"], e.step) for name, e in group.items()] == [
        ("large", 1, 2), ("both", 5, 7),
    ]  # fmt: skip


def test_more_images_count_where_nothing_else_decides() -> None:
    (group,) = ranked({"one": [evaluation(3, images=500), evaluation(2, images=9_000)]})
    assert group["one"].images == 9_000
    assert ranked({}) == []
