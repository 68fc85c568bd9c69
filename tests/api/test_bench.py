"""`ganzoo bench-zoo`: each run gets the same time, whatever happens to it or to the others."""

from __future__ import annotations

import json
import math
import os
import re
import signal
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganzoo.api.bench import laps as bench_laps
from ganzoo.api.bench.contest import NOT_BEGUN, compare, contest
from ganzoo.api.bench.judges import Judges
from ganzoo.api.bench.laps import CLOCKS, train_laps
from ganzoo.api.bench.length import TOO_FAST
from ganzoo.api.bench.plan import PLAN, Plan, note, trials
from ganzoo.errors import DataError, ModelFileError, PluginError, UsageError
from ganzoo.evaluate.contest import Lap, tables
from ganzoo.report.of_zoo import write
from ganzoo.runs.clock import seconds_at
from ganzoo.runs.folder import METRICS, Run
from ganzoo.runs.laps import LAPS, Finish, finishes, run_in
from ganzoo.runs.weights import load_generator
from tests.conftest import Cli, install, process
from tests.lives import content
from tests.pages import Page


class Ticks:
    """A clock that goes on by a second each time it is asked, as after each step."""

    def __init__(self, until: float = math.inf) -> None:
        self.now, self.until = 0.0, until

    def over(self) -> bool:
        """Whether it is time to stop."""
        return self.now >= self.until

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of drawn garments."""
    from ganzoo_plugins.toy_garments import draw_garment

    path = tmp_path_factory.mktemp("data") / "garments.npz"
    np.savez(path, images=np.stack([draw_garment(0, i) for i in range(400)]))
    return str(path)


def trained(folder: Path, data: str, ticks: Ticks, **given: Any) -> Generator[Finish]:
    """Train three laps of four steps: what is done before and after them takes no seconds."""
    yield from train_laps(
        "mlp_gan", folder, seconds=12, count=3, clock=ticks, data=data,
        options={"hidden": (8,)}, settings={"batch_size": 16}, device="cpu", **given,
    )  # fmt: skip


def state(folder: Path) -> dict[str, Any]:
    """All that the run in `folder` ends in, and the checkpoints that it keeps."""
    run = run_in(folder)
    assert run
    kept = sorted(path.name for path in (run.path / "checkpoints").iterdir())
    return {"kept": kept, **content(run.path)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, data: str) -> tuple[list[Finish], Any]:
    """The laps of a run that nobody stopped, and its end."""
    folder = tmp_path_factory.mktemp("whole")
    ends = [*trained(folder, data, Ticks())]
    assert [(end.step, end.seconds) for end in ends] == [(4, 4), (8, 8), (12, 12)]
    return ends, state(folder)


def test_the_seconds_of_the_comparison_are_those_of_the_run(tmp_path: Path, data: str) -> None:
    for _ in trained(tmp_path, data, Ticks()):
        pass
    run = run_in(tmp_path)
    assert run
    assert [seconds_at(run, step) for step in (4, 8, 12)] == [4, 8, 12]
    (run.path / LAPS).write_text("[")
    assert seconds_at(run, 8) is None  # there is no entry before step 50


@pytest.mark.parametrize("stops", [(3, 9, 3, 8), (9, 3, 3, 3, 3)])
def test_a_run_that_was_stopped_gets_the_steps_of_one_that_was_not(
    stops: tuple[int, ...], tmp_path: Path, data: str, whole: tuple[list[Finish], Any]
) -> None:
    for after in stops:  # in the middle of a lap, which saves a checkpoint
        ticks = Ticks(until=after)
        assert len([*trained(tmp_path, data, ticks, stop=ticks.over)]) < 3
    ends = [*trained(tmp_path, data, Ticks())]
    assert (ends, state(tmp_path)) == whole


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.api.test_bench import Ticks, trained

class Killer(Ticks):
    def __call__(self):
        if self.now == {after}:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__()

list(trained(Path(sys.argv[1]), sys.argv[2], Killer()))
"""


def test_a_run_that_was_killed_gets_the_steps_of_one_that_was_not(
    tmp_path: Path, data: str, whole: tuple[list[Finish], Any]
) -> None:
    ended = process("-c", KILLED.format(after=8), tmp_path, data)
    assert ended.code == -9, ended.err
    assert len(finishes(tmp_path)) == 1
    ends = [*trained(tmp_path, data, Ticks())]
    assert (ends, state(tmp_path)) == whole


def test_a_lap_that_was_saved_and_not_noted_is_trained_again(
    tmp_path: Path, data: str, whole: tuple[list[Finish], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(path: Path, content: bytes, **how: object) -> None:
        raise KeyboardInterrupt

    going = trained(tmp_path, data, Ticks())
    next(going)
    with monkeypatch.context() as patch:
        patch.setattr(bench_laps, "write_whole", cut)
        with pytest.raises(KeyboardInterrupt):
            next(going)
    ends = [*trained(tmp_path, data, Ticks())]
    assert (ends, state(tmp_path)) == whole


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"[" * 100_000, b'[{"step": "x"}]', None])
def test_a_run_whose_laps_are_not_known_is_not_thrown_away(
    tmp_path: Path, data: str, damage: bytes | None
) -> None:
    assert len([*trained(tmp_path, data, Ticks())]) == 3
    run = run_in(tmp_path)
    assert run
    if damage is None:
        (run.path / LAPS).unlink()
    else:
        (run.path / LAPS).write_bytes(damage)
    before = content(run.path)
    with pytest.raises(ModelFileError, match=r"laps.json is (lost|damaged).* begins anew"):
        [*trained(tmp_path, data, Ticks())]
    assert content(run.path) == before


LAP = {"seconds": 4.0, "step": 4, "samples_seen": 64, "why": ""}


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"samples_seen": "x"}, "its 'samples_seen' is 'x'"),
        ({"samples_seen": None}, "its 'samples_seen' is None"),
        ({"samples_seen": 10**400}, "its 'samples_seen' is 1000"),
        ({"samples_seen": math.nan}, "its 'samples_seen' is nan"),
        ({"samples_seen": 63}, "its 'samples_seen' fall from 64 to 63"),
        ({"step": 4.5}, "its 'step' is 4.5"),
        ({"step": True}, "its 'step' is True"),
        ({"step": 3}, "its 'step' fall from 4 to 3"),
        ({"seconds": 3}, "its 'seconds' fall from 4.0 to 3"),
        ({"seconds": math.inf}, "its 'seconds' is inf"),
        ({"seconds": -1}, "its 'seconds' is -1"),
        ({"why": None}, "its 'why' is None"),
        ({"lap": 2}, "it has 'lap', which this ganzoo does not know"),
    ],
)
def test_what_is_wrong_in_a_lap_is_said(tmp_path: Path, second: dict[str, Any], words: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").touch()
    file = tmp_path / "run" / LAPS
    file.write_text(json.dumps([LAP, LAP | {"seconds": 8.0}]))
    assert [end.seconds for end in finishes(tmp_path)] == [4, 8]
    file.write_text(json.dumps([LAP, LAP | second]))
    with pytest.raises(ModelFileError) as raised:
        finishes(tmp_path)
    assert str(raised.value).startswith(f"{file} is damaged ({words}")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architectures": [3]}, "its 'architectures' is [3]"),
        ({"seeds": [[1]]}, "its 'seeds' is [[1]]"),
        ({"seeds": [True]}, "its 'seeds' is [True]"),
        ({"seconds": math.nan}, "its 'seconds' is nan"),
        ({"laps": 1.5}, "its 'laps' is 1.5"),
        ({"settings": 3}, "its 'settings' is 3"),
        ({"features": 3}, "its 'features' is 3"),
        ({"device": ...}, "it has no 'device'"),
    ],
)
def test_what_is_wrong_in_a_plan_is_said(
    tmp_path: Path, data: str, blocks: None, change: dict[str, Any], words: str
) -> None:
    wanted = plan(data, "mlp_gan")
    note(wanted, tmp_path)
    kept = json.loads((tmp_path / PLAN).read_bytes()) | change
    kept = {name: value for name, value in kept.items() if value is not ...}
    (tmp_path / PLAN).write_text(json.dumps(kept))
    with pytest.raises(ModelFileError) as raised:
        [*compare(wanted, tmp_path)]
    assert str(raised.value).startswith(f"{tmp_path / PLAN} is damaged ({words}): remove it")


@pytest.mark.parametrize("damage", [b"", b"[]", b"null", b'{"seeds": [0]}'])
def test_a_damaged_plan_is_named(tmp_path: Path, data: str, blocks: None, damage: bytes) -> None:
    (tmp_path / PLAN).write_bytes(damage)
    with pytest.raises(ModelFileError, match=r"plan.json is damaged .*: remove it"):
        [*compare(plan(data, "mlp_gan"), tmp_path)]


def test_no_lap_begins_from_another_checkpoint_than_its_own(tmp_path: Path, data: str) -> None:
    ticks = Ticks(until=15)  # in the middle of the third lap, which saves a checkpoint
    last = [*trained(tmp_path, data, ticks, stop=ticks.over)][-1]
    run = run_in(tmp_path)
    assert run
    assert state(tmp_path)["kept"][-2:] == ["step-00000008", "step-00000009"]
    (last.checkpoint(run) / "model.safetensors").write_bytes(b"")
    before = {path: path.is_file() and path.read_bytes() for path in run.path.rglob("*")}
    with pytest.raises(ModelFileError, match=r"step-00000008 cannot be used.*remove"):
        [*trained(tmp_path, data, Ticks())]
    assert before == {path: path.is_file() and path.read_bytes() for path in run.path.rglob("*")}


TWIN = """
from dataclasses import replace

from ganzoo.optimizers import adam
from ganzoo.schedules import linear
from ganzoo_plugins.mlp_gan import mlp_gan

def gan():
    \"\"\"Another package's GAN of the same name.\"\"\"
    return mlp_gan(hidden=(8,))

def broken():
    \"\"\"A GAN that cannot be built.\"\"\"
    raise ZeroDivisionError("no layers today")

def hasty():
    \"\"\"A GAN that diverges at once.\"\"\"
    return replace(mlp_gan(hidden=(8,)), optimizers=adam(1e30))

def slowing():
    \"\"\"A GAN whose learning rate falls to nothing.\"\"\"
    return replace(mlp_gan(hidden=(8,)), schedules={"learning_rate": linear(1, 0)})
"""


@pytest.fixture
def twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: None) -> None:
    """Install another `mlp_gan`, and GANs that cannot be built, that diverge, that slow down."""
    names = {"mlp_gan": "gan", "broken_gan": "broken", "hasty_gan": "hasty", "slowing": "slowing"}
    install(tmp_path / "site", "twin-gan", TWIN, names)
    monkeypatch.setitem(CLOCKS, "wall", Ticks())


def plan(data: str, *architectures: str, **given: Any) -> Plan:
    """A comparison of two steps, of quick features."""
    usual: dict[str, Any] = {
        "seeds": [0],
        "seconds": 2,
        "laps": 1,
        "features": "blocks",
        "images": 100,
    }
    return Plan(
        architectures=architectures, data=data, settings={"batch_size": 16}, device="cpu",
        **usual | given,
    )  # fmt: skip


def compared(wanted: Plan, folder: Path) -> tuple[list[Lap], list[str], str]:
    """The laps of a comparison, what was said, and the text of its page."""
    said: list[str] = []
    found = [*compare(wanted, folder, say=said.append)]
    page, _ = write(contest(wanted, folder, found), folder)
    return found, said, Page(page).text


@pytest.mark.usefixtures("twin")
def test_two_of_one_name_are_told_apart(tmp_path: Path, data: str) -> None:
    both = plan(data, "ganzoo:mlp_gan", "twin-gan:mlp_gan")
    found, _, page = compared(both, tmp_path / "zoo")
    assert [lap.name for lap in found] == ["ganzoo:mlp_gan", "twin-gan:mlp_gan"]
    (table,) = tables(contest(both, tmp_path / "zoo", found))
    assert len(table.results) == 2
    assert all(lap.name in page for lap in found)
    with pytest.raises(PluginError, match="more than once"):
        plan(data, "mlp_gan")


@pytest.mark.usefixtures("blocks")
def test_one_of_two_names_is_no_second_architecture(data: str) -> None:
    with pytest.raises(UsageError, match="each named once"):
        plan(data, "mlp_gan", "ganzoo:mlp_gan")


@pytest.mark.usefixtures("twin")
def test_where_one_fails_the_others_go_on_and_the_page_says_why(tmp_path: Path, data: str) -> None:
    wanted = plan(data, "broken_gan", "hasty_gan", "twin-gan:mlp_gan", seconds=40)
    found, _, page = compared(wanted, tmp_path / "zoo")
    assert [bool(lap.evaluation) for lap in found] == [False, False, True]
    assert "ZeroDivisionError: no layers today" in page
    assert "hasty_gan: the " in page
    assert "Not in any table" in page
    assert "try a smaller" not in page
    with pytest.raises(PluginError, match="no layers today"):  # nothing is left to compare
        [*compare(replace(wanted, architectures=["broken_gan"]), tmp_path / "alone")]


@pytest.mark.usefixtures("blocks")
def test_too_few_images_to_judge_by_are_said_before_the_training(tmp_path: Path, data: str) -> None:
    few, folder = tmp_path / "few.npz", tmp_path / "zoo"
    with np.load(data) as kept:
        np.savez(few, images=kept["images"][:199])
    with pytest.raises(
        DataError, match=r"99 real images of few \(half of its 199\).*so 200 images"
    ):
        [*compare(plan(str(few), "mlp_gan"), folder)]
    assert not folder.exists()


@pytest.mark.usefixtures("twin")
def test_features_that_fail_for_one_do_not_end_the_comparison(
    tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judges.evaluation

    def moody(self: Judges, run: Run, finish: Finish) -> Any:
        if "twin" in str(run.path):
            raise PluginError("no blocks today")
        return judge(self, run, finish)

    monkeypatch.setattr(Judges, "evaluation", moody)
    wanted = plan(data, "twin-gan:mlp_gan", "ganzoo:mlp_gan")
    found, _, page = compared(wanted, tmp_path / "zoo")
    assert [lap.why for lap in found] == ["it cannot be judged: no blocks today", ""]
    assert "twin-gan:mlp_gan: it cannot be judged: no blocks today" in page


@pytest.mark.usefixtures("twin")
def test_a_run_of_other_images_is_left_out(tmp_path: Path, data: str) -> None:
    mine, folder = tmp_path / "mine.npz", tmp_path / "zoo"
    with np.load(data) as kept:
        images = kept["images"]
    np.savez(mine, images=images)
    wanted = plan(str(mine), "ganzoo:mlp_gan")
    (lap,) = compare(wanted, folder)
    assert lap.evaluation
    np.savez(mine, images=255 - images)
    old, new = compare(replace(wanted, seeds=[0, 1]), folder)
    assert (old.evaluation, new.why) == (None, "")
    assert new.evaluation
    assert old.why == (
        "it cannot be judged: it was trained on other images of mine than there are now: remove "
        f"{folder / 'ganzoo-mlp_gan-seed0'}, and it is trained anew"
    )
    run = run_in(folder / "ganzoo-mlp_gan-seed1")
    assert run
    drawn = contest(wanted, folder, [old, new]).pictures["mlp_gan"]
    assert np.array_equal(drawn, load_generator(run.path)[0].sample(8))
    np.savez(mine, images=images // 2)
    with pytest.raises(DataError, match="trained on other images of mine"):
        [*compare(wanted, folder)]


@pytest.mark.usefixtures("twin")
def test_more_names_and_seeds_are_added_to_the_page(tmp_path: Path, data: str) -> None:
    folder = tmp_path / "zoo"
    compared(plan(data, "ganzoo:mlp_gan"), folder)
    found, said, page = compared(plan(data, "twin-gan:mlp_gan", seeds=[1]), folder)
    assert [(lap.name, lap.seed, lap.why) for lap in found] == [
        ("twin-gan:mlp_gan", 1, ""),
        ("ganzoo:mlp_gan", 0, ""),
        ("twin-gan:mlp_gan", 0, NOT_BEGUN),
        ("ganzoo:mlp_gan", 1, NOT_BEGUN),
    ]
    assert said == ["run 1 of 1: twin-gan:mlp_gan, seed 1; 2 s of training left"]
    assert "seeds: 0, 1" in page
    assert f"ganzoo:mlp_gan, seed 1: {NOT_BEGUN}." in page
    kept = json.loads((folder / PLAN).read_bytes())
    assert kept["architectures"] == ["ganzoo:mlp_gan", "twin-gan:mlp_gan"]
    with pytest.raises(UsageError, match=r"with seconds=2, not 3\.0"):
        [*compare(plan(data, "ganzoo:mlp_gan", seconds=3.0), folder)]


@pytest.mark.usefixtures("twin")
def test_an_architecture_may_be_named_with_options(tmp_path: Path, data: str) -> None:
    folder = tmp_path / "zoo"
    wide, other = "ganzoo:mlp_gan hidden=16", "ganzoo:mlp_gan latent-dim=5 hidden=8,9"
    found, _, page = compared(plan(data, wide), folder)
    found, _, page = compared(plan(data, other), folder)
    spelled = "mlp_gan hidden=8,9 latent_dim=5"  # in the order of their names
    assert [(lap.name, lap.why) for lap in found] == [(spelled, ""), ("mlp_gan hidden=16", "")]
    assert spelled in page
    run = run_in(folder / "ganzoo-mlp_gan-hidden=8,9-latent_dim=5-seed0")
    assert run
    assert load_generator(run.path)[0].info.latent_dim == 5
    assert json.loads((folder / PLAN).read_bytes())["architectures"] == [wide, f"ganzoo:{spelled}"]
    outside = plan(data, "ganzoo:mlp_gan hidden=../../x")
    assert trials(outside, folder)[0].folder.parent == folder
    with pytest.raises(PluginError, match="'width' is not an option: write key=value"):
        plan(data, "ganzoo:mlp_gan width")
    with pytest.raises(UsageError, match="architectures must be one or more, each named once"):
        plan(data, "ganzoo:mlp_gan hidden=8 latent_dim=5", "ganzoo:mlp_gan latent_dim=5 hidden=8")


@pytest.mark.usefixtures("twin")
def test_a_plugin_that_is_gone_is_left_out(
    tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "zoo"
    compared(plan(data, "twin-gan:mlp_gan"), folder)
    monkeypatch.setenv("GANZOO_PLUGINS", "ganzoo,own-features")
    found, said, _ = compared(plan(data, "mlp_gan"), folder)
    assert [lap.name for lap in found] == ["mlp_gan"]
    assert said[0].startswith("twin-gan:mlp_gan is left out: ")


@pytest.mark.usefixtures("twin")
def test_it_says_what_is_trained_now_and_how_much_is_left(tmp_path: Path, data: str) -> None:
    wanted = plan(data, "ganzoo:mlp_gan", "twin-gan:mlp_gan", seeds=[0, 1], seconds=75)
    said: list[str] = []
    going = compare(wanted, tmp_path / "zoo", say=said.append)
    next(going)
    assert said == ["run 1 of 4: ganzoo:mlp_gan, seed 0; 5 min 0 s of training left"]
    next(going)
    assert said[1] == "run 2 of 4: twin-gan:mlp_gan, seed 0; 3 min 45 s of training left"
    del going
    again: list[str] = []
    next(compare(wanted, tmp_path / "zoo", say=again.append))
    assert again == []  # the first is done


@pytest.mark.parametrize("when", ["training", "judging"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
@pytest.mark.usefixtures("twin")
def test_a_signal_has_the_exit_code_of_training(
    when: str,
    number: int,
    code: int,
    cli: Cli,
    tmp_path: Path,
    data: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Signalled(Ticks):
        def __call__(self) -> float:
            if self.now == 4:
                os.kill(os.getpid(), number)
            return super().__call__()

    def evaluation(self: Judges, run: Run, finish: Finish) -> None:
        os.kill(os.getpid(), number)
        raise AssertionError("it goes on")

    if when == "training":
        monkeypatch.setitem(CLOCKS, "wall", Signalled())
    monkeypatch.setattr(Judges, "evaluation", evaluation)
    ended = cli(
        "bench-zoo", "twin-gan:mlp_gan", "--data", data, "--seconds", 9, "--laps", 1,
        "--features", "blocks", "--images", 100, "-o", tmp_path / "zoo",
    )  # fmt: skip
    assert ended.code == code
    assert "ganzoo: stopped; what is finished is saved, and the same command goes on" in ended.err
    place = tmp_path / "zoo" / "twin-gan-mlp_gan-seed0"
    assert len(finishes(place)) == (when == "judging")


class Slow(Ticks):
    """A clock that goes on by four and a half seconds with each step."""

    def __call__(self) -> float:
        self.now += 4.5
        return self.now


@pytest.mark.usefixtures("twin")
def test_the_shell_shows_what_came_of_it_and_warns_of_long_steps(
    cli: Cli, tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setitem(CLOCKS, "wall", Slow())
    done = cli(
        "bench-zoo", "ganzoo:mlp_gan", "twin-gan:mlp_gan", "--data", data, "--seconds", 2,
        "--laps", 2, "--seeds", "0,1", "--features", "blocks", "--images", 100, "-o", tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    warned = (
        "ganzoo:mlp_gan, seed 0 was trained for 4.5 s instead of 1 s, at 4.5 s a step: give more"
    )
    assert done.err.count(warned) == 1
    assert done.err.count("was trained for") == 4  # once for each run
    assert "ganzoo:mlp_gan, seed 0, 9 s, 2 steps: FD " in done.err
    assert (
        max(map(len, done.out.removesuffix(f"{tmp_path}/bench-zoo.json\n").split("\n")[:-2])) <= 80
    )
    words = " ".join(done.out.split())
    assert "architecture FD precision recall coverage ─" in words
    assert re.search(r"ganzoo:mlp_gan \S+ ± \S+ [\d.]+ [\d.]+ [\d.]+ ", words)
    assert "architecture seconds steps per s ─" in words
    assert "ganzoo:mlp_gan 9.00 2 " in words
    assert "seed 1: it was trained for 9 s instead of 2 s." in words


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("width", [80, 140])
def test_names_with_options_are_broken_between_words(
    width: int, cli: Cli, tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setitem(CLOCKS, "wall", Slow())
    done = cli(
        "bench-zoo", "mlp_gan hidden=8,16,24 latent_dim=100", "--data", data, "--seconds", 2,
        "--laps", 1, "--seeds", "0,1", "--features", "blocks", "--images", 100, "-o", tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    table = done.out.partition("FD: ")[0].splitlines()
    assert max(map(len, table)) <= width
    assert "…" not in done.out
    words = [line.split() for line in table]
    heads = ["architecture", "FD", "precision", "recall", "coverage"]
    if width == 80:  # two tables
        assert heads in words
        assert any(line[:2] == ["mlp_gan", "hidden=8,16,24"] for line in words)
        assert ["latent_dim=100"] in words
    else:
        assert [*heads, "seconds", "steps", "per", "s"] in words
        name = ["mlp_gan", "hidden=8,16,24", "latent_dim=100"]
        assert any(line[:3] == name for line in words)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("width", [60, 80, 84])
def test_no_head_of_a_table_is_cut(
    width: int, cli: Cli, tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may be shorter than the head of its column, and than "real images"."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setitem(CLOCKS, "wall", Slow())
    done = cli(
        "bench-zoo", "mlp_gan", "--data", data, "--seconds", 2, "--laps", 1, "--seeds", "0",
        "--features", "blocks", "--images", 100, "-o", tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "…" not in done.out
    table = done.out.partition("FD: ")[0].splitlines()
    assert max(map(len, table)) <= width
    heads = {word for line in table for word in line.split()}
    assert {"architecture", "precision", "recall", "coverage", "seconds", "images", "per"} <= heads


def scheduled(folder: Path, data: str, ticks: Ticks) -> list[Finish]:
    """Train an architecture with a schedule for 160 seconds, in two laps."""
    return [
        *train_laps(
            "slowing", folder, seconds=160, count=2, clock=ticks, data=data, device="cpu",
            settings={"batch_size": 4, "log_every": 1},
        )
    ]  # fmt: skip


@pytest.mark.usefixtures("twin")
def test_schedules_come_near_their_end_with_the_seconds(tmp_path: Path, data: str) -> None:
    folder = tmp_path / "zoo"
    ends = scheduled(folder, data, Ticks())
    assert [(end.step, end.why) for end in ends] == [(80, ""), (160, "")]
    (path,) = folder.iterdir()  # the run that was measured is gone
    run = Run(path)
    assert run.facts().config.max_steps == 200  # a quarter more, as a run must not end early
    last = [line for line in run.lines(METRICS) if "loss_d" in line][-1]
    assert last["scheduled/learning_rate_g"] == pytest.approx(2e-4 * (1 - 159 / 200))


class Hurrying(Ticks):
    """A clock by which steps are fast once their speed was measured."""

    def __call__(self) -> float:
        self.now += 1 if self.now < 12 else 0.1
        return self.now


@pytest.mark.usefixtures("twin")
def test_a_run_whose_schedules_end_too_early_is_told_of(tmp_path: Path, data: str) -> None:
    folder = tmp_path / "zoo"
    (end,) = scheduled(folder, data, Hurrying())
    assert (end.step, end.why) == (200, TOO_FAST)
    assert scheduled(folder, data, Ticks()) == [end]  # it is not trained on
