"""Which evaluations stand side by side."""

from ganzoo.evaluate.ranking import best_of, kinds, ranked
from tests.judged import evaluation


def test_only_what_can_be_compared_is_in_one_group_and_the_best_comes_first() -> None:
    groups = ranked({
        "good": evaluation(3),
        "few": evaluation(1, images=500),
        "bad": evaluation(30),
        "other data": evaluation(2, data="faces"),
        "other features": evaluation(2, features="patches"),
        "middle": evaluation(9),
    })  # fmt: skip
    assert list(groups[0]) == ["good", "middle", "bad"]
    assert {tuple(group) for group in groups[1:]} == {
        ("few",),
        ("other data",),
        ("other features",),
    }
    assert list(groups[-1]) == ["few"]  # of groups of one, that of fewest images is the last


def test_marks_are_in_the_order_of_the_groups() -> None:
    """Also where each group is of one, and the text of the larger number comes later."""
    judged = {"few": evaluation(images=150), "many": evaluation(images=2_000, features="patches")}
    first, second = ranked(judged)
    assert (list(first), list(second)) == (["many"], ["few"])
    assert kinds(judged.values()) == {judged["many"].kind: "[1]", judged["few"].kind: "[2]"}
    assert kinds([judged["few"]]) == {}


def test_as_good_as_the_best_is_what_two_standard_errors_allow() -> None:
    """A distance of 12 has a standard error of 0.24 here."""
    several = [evaluation(value) for value in (12.51, 12, 12.47, 30)]
    assert best_of(several) == (several[1], [several[2]])
    assert best_of(several[:1]) == (several[0], [])


def test_nothing_has_no_groups() -> None:
    assert ranked({}) == []
