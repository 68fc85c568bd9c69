"""An evaluation as a script prints it, and as a notebook shows it."""

from ganzoo.evaluate.text import text
from ganzoo.evaluate.words import meaning
from tests.judged import SCORES, evaluation

FOUND = evaluation(
    12.5, step=1200, seed=7, model="mine", images=500,
    scores={name: SCORES[name] for name in ("kernel", "precision", "recall", "coverage")},
    classes={"shirt": (0.52, 0.1), "<b>": (0.0, 0.4), "外套": (0.48, 0.5)},
    remarks=("A remark.",),
)  # fmt: skip
PRINTED = """\
                                               untrained
 measure            value       ±       real   generator
─────────────────────────────────────────────────────────
 Fréchet distance    12.5   0.250     0.0200        74.0
 KID x 1000          50.0    1.00   -0.00200         300
 precision          0.700   0.010      0.950       0.000
 recall             0.200   0.010      0.960       0.000
 coverage           0.500   0.010      0.970       0.000

 class   drawn    real
────────────────────────────────────────────────────
 shirt   52.0%   10.0%   ██████████████████████████
 <b>      0.0%   40.0%
 外套    48.0%   50.0%   ████████████████████████

The Fréchet distance of 500 pictures is 12.5, of real pictures 0.0200, of the
untrained generator 74.0.
70% of its pictures lie among real ones, and 20% of the real ones lie among its
pictures; 50% of the real ones have a picture close to them.
It hardly draws <b>.
With fewer images a Fréchet distance is larger, and precision and density of bad
pictures change much: compare them only with others of 500. KID has no such
bias.
A remark.

pictures: 500 of seed 7, mine, step 1,200 (abababababab)
real: 500 of toy_garments, test (toy_garments)
features: classifier 1 of ganzoo (classifiercl), 93.1% of 10,000 test images
right
ganzoo 0.1.0; it took 41 s"""


def test_printing_shows_the_tables_what_they_mean_and_how_to_get_them_again() -> None:
    assert str(FOUND) == PRINTED


def test_a_sentence_names_few_classes_and_counts_many() -> None:
    shares = {f"a, {n}": (0.0, 0.1) for n in range(9)} | {"b": (1.0, 0.1)}
    assert "It hardly draws 9 of the 10 classes." in meaning(evaluation(12.5, classes=shares))


def test_what_is_worse_than_untrained_is_said() -> None:
    worse = evaluation(80.0)
    assert meaning(worse)[0].endswith(
        "of the untrained generator 74.0: it is farther from real pictures than what was never "
        "trained."
    )
    assert "never" not in meaning(evaluation(60.0))[0]


def test_where_there_is_room_the_table_says_what_each_measure_sees() -> None:
    wide, narrow = text(FOUND, 200).splitlines(), text(FOUND, 20).splitlines()
    assert wide[3].endswith("74.0   distance of all pictures to all real ones, as two clouds")
    assert max(len(line) for line in wide[:8]) <= 200
    assert narrow[:8] == PRINTED.splitlines()[:8]  # the numbers are there all the same
    assert max(map(len, narrow[8:])) <= 40


def test_the_table_of_classes_is_as_wide_as_the_terminal() -> None:
    shares = {"t" * 200: (0.9, 0.5), "衣" * 100: (0.1, 0.5)}
    for columns in (40, 80, 120):
        lines = text(evaluation(classes=shares), columns).split("\n\n")[1].splitlines()
        widths = [sum(2 if letter == "衣" else 1 for letter in line) for line in lines]
        assert columns - 3 <= max(widths) <= columns  # room for 100.0%, twice
        assert "t…   " in lines[2]
        assert "衣…   " in lines[3]
        assert lines[2].count("█") == 8
        assert lines[3].count("█") == 1


def test_words_of_data_neither_control_the_terminal_nor_break_a_table() -> None:
    found = text(
        evaluation(
            model="\x1b[2J", classes={"a\nb\x1b[31m": (0.9, 0.1), "\u202ec\x07": (0.1, 0.9)},
            remarks=("\x1b]0;title\x07.",),
        )
    )  # fmt: skip
    assert " a b?[31m   90.0%   10.0%   █" in found
    assert " ?c?        10.0%   90.0%   █" in found
    assert "\n?]0;title?.\n" in found
    assert all(letter.isprintable() or letter == "\n" for letter in found)


def test_it_is_short_in_a_list() -> None:
    assert repr([FOUND]) == (
        "[<mine, step 1,200: Fréchet distance 12.5, 500 images of seed 7, classifier>]"
    )
    assert repr(evaluation(step=None, model="a.zip")).startswith("<a.zip: Fréchet")


def test_a_notebook_shows_the_same() -> None:
    shown = FOUND._repr_html_().replace(' style="text-align: left"', "")
    assert shown.count("<tr>") == 6 + 4
    assert "<td>12.5</td><td>0.250</td><td>0.0200</td><td>74.0</td><td>distance of all" in shown
    assert "<td>&lt;b&gt;</td><td>0.0%</td><td>40.0%</td>" in shown
    for words in ("It hardly draws &lt;b&gt;.<br>", "A remark.</p>", "500 of seed 7, mine, step"):
        assert words in shown
