"""Names of folders, files, plugins and runs that cannot be encoded, or steer what shows them."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from markdown_it import MarkdownIt
from PIL import Image

import ganzoo
from ganzoo.errors import PluginError
from ganzoo.printable import DIVIDING
from ganzoo.runs.folder import Run
from tests.conftest import Cli, Result, install

STEERING = re.compile(r"[^\S \n\u3000\xa0]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal acts upon, or what turns the order of words."""

ALL = b"caf\xe9 \x1b[2J\x1b]0;x\x07 new\nline \xe2\x80\xae<img src=x onerror=alert(1)> `a` [b](c:d)"
NAMES = {
    "not UTF-8": b"caf\xe9",
    "nothing of it UTF-8": b"\xff\xfe\x80",
    "escape sequences": b"esc\x1b[2J\x1b[31mx",
    "a title": b"\x1b]0;mine\x07",
    "one byte of escape": b"csi\xc2\x9b31m",
    "a newline": b"new\nline",
    "other ends of lines": b"a\r\nb\x0bc\x0c\xe2\x80\xa8d\xe2\x80\xa9e\xc2\x85f",
    "a tab and a bell": b"tab\tcr\rbel\x07\x08\x08del\x7f",
    "turned around": "bidi\u202eabc\u2066x".encode(),
    "HTML": b"<img src=x onerror=alert(1)>",
    "an end of HTML": b"--><!-- end of ganzoo eval --><script>",
    "Markdown": b"`code` **b** [l](javascript:x) ![i](y) | $x$ # ~~s~~ ```",
    "a table's cell": b"a | b \\| c \\",
    "YAML": b"a: b # c",
    "a shell's words": b"quo'te\"s $HOME;id `id` $(id)",
    "an option": b"--opt",
    "a long name": b"a" * 240,
    "a template": b"{jinja} {{7*7}} {% x %} %s %d",
    "a pattern": b"[faces] *?",
    "of another system": b"c:d\\e",
    "spaces and a dot at the end": b" two  spaces. ",
}
KEPT = {
    "Persian": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "emoji": "\U0001f469\u200d\U0001f4bb",
    "ideographic space": "\u65e5\u672c\u3000\u8a9e",
    "no-break space": "a\xa0b",
    "umlauts": "Gr\xfc\xdfe",
    "composed": "e\u0301",
    "of a private font": "\uf8ff",
}


def pictures(folder: Path, count: int = 16) -> Path:
    """A folder of small pictures in two class folders, which have its own name, too."""
    rng = np.random.default_rng(0)
    for end in ("1", "2"):
        of_class = folder / f"{folder.name[:100]}{end}"
        of_class.mkdir(parents=True)
        for i in range(count // 2):
            Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8)).save(of_class / f"{i}.png")
    return folder


def steers_nothing(*done: Result) -> None:
    """All that was printed can be shown, line by line."""
    for each in done:
        assert each.code == 0, each.err
        assert not STEERING.search(each.out + each.err), (each.out, each.err)
        (each.out + each.err).encode()


def train(cli: Cli, data: Path, *more: object) -> tuple[Result, Path]:
    """A run of one epoch; the last line leads to it."""
    done = cli(
        "train", "cgan_fashion", "--set", "width=4", "--data", os.fspath(data), "--epochs", 1,
        "--batch-size", 8, "--progress", "plain", *more,
    )  # fmt: skip
    steers_nothing(done)
    run = Path(done.out.rstrip("\n").rpartition("\n")[2])
    assert (run / "run.json").is_file()
    return done, run


def shows_only_text(card: str) -> None:
    """Markdown finds in a model card only elements that ganzoo writes: one table, one list."""
    _, front, body = card.split("---\n", 2)
    assert {type(tag) for tag in yaml.safe_load(front)["tags"]} == {str}
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    table = {"table", "thead", "tbody", "tr", "th", "td"}
    known = {"h1", "h2", "p", "ul", "li", "pre", "code"} | table
    shown = re.sub("<!-- [a-z ]+ -->", "", page)
    assert set(re.findall(r"</?([a-zA-Z]\w*)", shown)) == known, shown
    assert (page.count("<table>"), page.count("<tr>"), page.count("<!--")) == (1, 2, 2)
    assert (page.count("<ul>"), page.count("<li>")) == (1, 5)


@pytest.mark.parametrize(
    "name",
    [ALL, *(pytest.param(name, id=why, marks=pytest.mark.slow) for why, name in NAMES.items())],
)
def test_data_of_any_name_is_trained_on_and_shown(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, name: bytes, quick_exports: None
) -> None:
    monkeypatch.chdir(tmp_path)
    data = pictures(tmp_path / os.fsdecode(name))
    _, run = train(cli, data)
    assert not set(run.name) & set(DIVIDING)
    again = cli("resume", run, "--epochs", "+1")
    steers_nothing(again)
    assert again.last == str(run)
    shows_only_text(next((run / "checkpoints").glob("*/README.md")).read_text())
    copy = shutil.copytree(run, run.with_name("copy"))
    steers_nothing(cli("runs"), cli("compare", run, copy), cli("report", run))
    for page in (run / "report.html", Path("compare.html")):
        text = page.read_text()
        assert "<img src=x" not in text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    classes = Run(run).facts().data.classes
    assert len(set(classes)) == 2
    assert json.loads(cli("runs", "--json").out)[-1]["path"]
    if name == ALL:
        return
    exported = cli("export", run)
    steers_nothing(
        exported, cli("sample", exported.last, "--class", "each", "-n", 1),
        cli("sample", exported.last, "-n", 2, "--tar", "x.tar"),
    )  # fmt: skip
    assert ganzoo.load(exported.last).classes == classes


@pytest.mark.parametrize("name", KEPT.values(), ids=KEPT)
def test_what_can_be_shown_is_shown(tmp_path: Path, name: str) -> None:
    from ganzoo.data import open_images
    from ganzoo.printable import file_name, line, names, one_line, printable

    assert {line(name), printable(name), file_name(name), *names([name])} == {name}
    assert one_line(name).split() == name.split()
    assert open_images(str(pictures(tmp_path / name)), (1, 28, 28)).name == name


def test_a_run_of_a_stranger_steers_nothing(
    tmp_path: Path, trained: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each text in run.json, resumes.jsonl and status.json is one that steers."""
    monkeypatch.chdir(tmp_path)
    bad = "\x1b[2J\x1b]0;t\x07\udce9\n<img src=x onerror=alert(1)>\u202e"
    runs = [shutil.copytree(trained, tmp_path / name) for name in ("a", "b")]
    for run in runs:
        facts = json.loads((run / "run.json").read_text())
        for part, name in [
            ("data", "name"), ("data", "fingerprint"), ("device", "reason"), ("device", "name"),
            ("precision", "reason"), ("precision", "name"), ("architecture", "version"),
        ]:  # fmt: skip
            facts[part][name] += bad
        facts["versions"][f"numpy{bad}"] = bad
        facts["data"] |= {"skipped": [bad], "source": {"path": f"/nowhere/{bad}"}}
        facts["command"] = ["ganzoo", "train", bad]
        facts["optimizers"] = {f"generator{bad}": {"name": bad, "learning_rate": bad}}
        facts["launch"] = bad
        (run / "run.json").write_text(json.dumps(facts))
        status = {"outcome": f"failed{bad}", "why": bad, "step": 2, "time": bad}
        (run / "status.json").write_text(json.dumps(status))
        entries = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        lines = [json.dumps(entry | {f"loss{bad}": 1.0}) for entry in entries]
        (run / "metrics.jsonl").write_text("\n".join(lines))
    (tmp_path / "b").rename(tmp_path / f"b{bad}")
    other = tmp_path / f"b{bad}"
    for words in (
        ["runs", "--runs", tmp_path], ["compare", "a", other], ["report", other],
        ["plot", other, "-o", "plots"], ["sample", other, "-n", 1], ["resume", other],
    ):  # fmt: skip
        steers_nothing(cli(*words))
    for command, name in (("export", "nothing\x1b[2J"), ("show", bad), ("train", bad)):
        failed = cli(command, name)
        assert failed.code not in (0, 1), failed.err
        assert failed.err.count("\n") == 1
        assert not STEERING.search(failed.out + failed.err)
    for page in (other / "report.html", tmp_path / "compare.html"):
        assert "<img src=x" not in page.read_text()
    assert not STEERING.search(repr(ganzoo.runs(tmp_path)) + repr(ganzoo.runs(tmp_path)[0]))
    assert "\x1b" not in ganzoo.runs(tmp_path)._repr_html_()


def test_the_last_line_is_the_run_wherever_it_is(tmp_path: Path, cli: Cli) -> None:
    done, run = train(cli, pictures(tmp_path / "new\nline"), "--runs", tmp_path / "two  spaces")
    assert run.parent == tmp_path / "two  spaces"
    assert done.out.count("\n") == len(done.out.splitlines())


@pytest.mark.parametrize("name", ["esc\x1b[2J", "a/../../b", "caf\udce9", "ok\u202e"])
def test_plugins_of_any_name(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source = '''
from ganzoo import Dataset
import numpy as np

def odd(count: int = 16) -> Dataset:
    """Noise \x1b[2J of a stranger."""
    return Dataset(images=np.zeros((count, 28, 28), np.uint8))
'''
    site = tmp_path / "site"
    install(site, "own-data", source, {"plain": "odd"}, group="ganzoo.datasets")
    points = f"[ganzoo.datasets]\n{name} = own_data:odd\n"
    info = site / "own_data-1.2.dist-info"
    (info / "entry_points.txt").write_bytes(points.encode(errors="surrogateescape"))
    monkeypatch.syspath_prepend(site)
    listed = cli("list")
    steers_nothing(listed)
    if name.isascii():
        done = cli(
            "train", "mlp_gan", "--set", "hidden=4", "--data", f"own-data:{name}", "--epochs", 1,
            "--runs", tmp_path / "runs", "--progress", "plain",
        )  # fmt: skip
        assert not STEERING.search(done.out + done.err)
        if done.code == 0:
            assert Path(done.last).parent == tmp_path / "runs"
    with pytest.raises(PluginError):
        ganzoo.train("no\x1b[2J")


def test_every_print_goes_through_one_filter() -> None:
    from tests.conftest import ROOT

    found = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "ganzoo").rglob("*.py")
        if re.search(r"(?<![\w.])print\(", file.read_text())
    }
    child = "ganzoo/zoo/probe.py"  # it prints JSON for its parent
    assert found == {"ganzoo/api/terminal.py", "ganzoo/cli/console.py", child}
