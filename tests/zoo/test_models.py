"""Models that are shared: the folder of one, names that work everywhere, and damaged ones."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import Model
from ganzoo.conformance import check
from ganzoo.errors import ModelFileError, OutputError, PluginError, UsageError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.export.packaging import package_model
from ganzoo.export.publishing import publish
from ganzoo.runs.checkpoints import step_of
from ganzoo.runs.folder import Run
from ganzoo.runs.initial import Initial
from ganzoo.runs.weights import load_weights
from ganzoo.zoo import scaffold
from tests.conftest import Cli, install, install_rows, process

SOURCE = '''
from pathlib import Path

from ganzoo import Model


def tiny() -> Model:
    """Tiny garments, for a test."""
    return Model.read(Path(__file__).parent / "tiny-garments")
'''


@pytest.fixture(scope="module")
def published(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `ganzoo publish` writes it."""
    folder = tmp_path_factory.mktemp("published") / "tiny-garments"
    ganzoo.publish(trained, folder, variants=("float32", "float16"), licence="CC0-1.0")
    return folder


@pytest.fixture
def site(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that ships it, installed in this process and for those that it starts."""
    folder = tmp_path / "site"
    install(folder, "tiny-models", SOURCE, {"tiny-garments": "tiny"}, group="ganzoo.models")
    shutil.copytree(published, folder / "tiny-garments")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    return folder


def test_a_published_folder_has_all(published: Path, trained: Path) -> None:
    assert {path.name for path in published.iterdir()} == {
        "README.md", "metrics.jsonl", "model.json", "model.safetensors", "preview.png",
        "tiny-garments-float16.onnx", "tiny-garments-float32.onnx",
    }  # fmt: skip
    model = Model.read(published)
    assert (model.name, model.architecture, model.package) == ("tiny-garments", "mlp_gan", "ganzoo")
    assert (model.size, model.channels, model.licence) == ((28, 28), 1, "CC0-1.0")
    assert [*model.files] == ["float32", "float16"]
    assert (model.options["hidden"], model.settings) == ("16,32", {"seed": 0})
    assert model.data_options == {"count": 64, "seed": 0}
    assert model.training["steps"] == max(map(step_of, (trained / "checkpoints").iterdir()))
    assert model.weights
    assert model.weights.nbytes == (published / "model.safetensors").stat().st_size
    of_run, of_file = ganzoo.load(trained).sample(5), ganzoo.load(published).sample(5)
    assert np.abs(of_run.astype(int) - of_file).max() <= 1
    card = (published / "README.md").read_text()
    assert 'license: "cc0-1.0"\n' in card
    assert "Nobody has judged these weights" in card
    with Image.open(published / "preview.png") as preview:
        assert preview.width > 200


def test_what_was_judged_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_rows(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    run = ganzoo.train(
        "mlp_gan", options={"hidden": 8}, data="toy_garments", data_options={"count": 256},
        max_steps=2, runs=tmp_path / "runs",
    )  # fmt: skip
    judged = run.evaluate(images=100, features="rows")
    model = ganzoo.publish(run, tmp_path / "judged", name="other", variants=["uint8"])
    assert model.scores["frechet"] == judged["frechet"]
    assert model.floors["frechet"] == judged.scores["frechet"].floor
    assert model.judged == "100 pictures, by rows, against toy_garments"
    assert json.loads((tmp_path / "judged" / "evaluation.json").read_text())["images"] == 100
    assert (model.name, [*model.files]) == ("other", ["uint8"])
    assert "Fréchet distance of 100 pictures" in (tmp_path / "judged" / "README.md").read_text()


def test_scores_on_the_way_are_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the same yardstick, up to the checkpoint that is published."""
    install_rows(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    run = ganzoo.train(
        "mlp_gan", options={"hidden": 8}, data="toy_garments", data_options={"count": 256},
        max_steps=3, save_every=1, keep=9, log_every=1, runs=tmp_path / "runs",
    )  # fmt: skip
    several = [
        ganzoo.evaluate(run.path / "checkpoints" / f"step-{step:08d}", images=n, features="rows")
        for step, n in ((1, 110), (2, 110), (2, 100), (3, 110))
    ]
    model = ganzoo.publish(run, tmp_path / "model", variants=["uint8"])
    wanted = [several[0]["frechet"], several[1]["frechet"], several[3]["frechet"]]
    assert [point["frechet"] for point in model.history] == wanted
    assert [point["samples_seen"] for point in model.history] == [32, 64, 96]
    seconds = [point["seconds"] for point in model.history]
    assert seconds == sorted(seconds)
    assert seconds[0] > 0
    assert model.training["seconds"] == round(seconds[-1], 1)
    # The file of a run whose second step was the best while it was trained.
    entries = [
        {"step": step, "samples_seen": 32 * step, "frechet": abs(step - 2) + 1.0}
        for step in (1, 2, 3)
    ]
    with (run.path / "metrics.jsonl").open("a") as file:
        file.writelines(f"{json.dumps(entry)}\n" for entry in entries)
    best = ganzoo.publish(run, tmp_path / "best", variants=["uint8"], best=True)
    assert best.training["steps"] == 2
    assert best.scores["frechet"] == wanted[1]
    assert [point["frechet"] for point in best.history] == wanted[:2]


def test_the_weights_are_the_average_that_the_files_draw(tmp_path: Path) -> None:
    run = ganzoo.train(
        "mlp_gan", options={"hidden": 8}, data="toy_garments", data_options={"count": 64},
        batch_size=8, max_steps=4, ema=100, runs=tmp_path / "runs",
    )  # fmt: skip
    folder = ganzoo.publish(run, tmp_path / "model", variants=["float32"]).folder
    given = ganzoo.load(folder / "model.safetensors")
    assert given.info.weights_sha256 == ganzoo.load(folder).info.weights_sha256
    (raw,) = (run.path / "checkpoints").glob("*/model.safetensors")
    assert given.info.weights_sha256 != ganzoo.load(raw).info.weights_sha256


def test_weights_are_as_precise_as_was_asked(trained: Path, tmp_path: Path) -> None:
    whole = ganzoo.publish(trained, tmp_path / "whole", variants=["uint8"])
    half = ganzoo.publish(trained, tmp_path / "half", variants=["uint8"], weights="float16")
    none = ganzoo.publish(trained, tmp_path / "none", variants=["uint8"], weights="none")
    assert whole.weights
    assert half.weights
    assert none.weights is None
    assert 1.7 < whole.weights.nbytes / half.weights.nbytes < 2
    assert not (tmp_path / "none" / "model.safetensors").exists()
    with pytest.raises(UsageError, match=r"choose of float32, float16, none"):
        ganzoo.publish(trained, tmp_path / "new", weights="bfloat16")
    with pytest.raises(UsageError, match="has no discriminator"):
        Initial.read(tmp_path / "none")
    given, exact = Initial.read(tmp_path / "half").tensors, load_weights(trained).tensors
    assert all(
        torch.allclose(given[n].float(), exact[n].float(), rtol=1e-3, atol=1e-7) for n in given
    )
    pictures = ganzoo.load(tmp_path / "half" / "model.safetensors").sample(4).astype(int)
    assert np.abs(pictures - ganzoo.load(trained).sample(4)).max() <= 2


def test_nothing_is_published_over_something_else(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="is there already"):
        ganzoo.publish(trained, tmp_path / "taken")
    for wrong in ((), ("float64",)):
        with pytest.raises(UsageError, match=r"^variants "):
            ganzoo.publish(trained, tmp_path / "new", variants=wrong)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_no_text_among_the_options_of_the_data_is_published(trained: Path, tmp_path: Path) -> None:
    run = Run(Path(shutil.copytree(trained, tmp_path / "run")))
    known = run.described()
    known["data"]["source"]["options"] |= {"root": "/home/me/secret", "flag": True}
    run.write("run.json", known)
    model = publish(run.path, tmp_path / "made", name="made", variants=("float32",), weights="none")
    assert model.data_options == {"count": 64, "seed": 0, "flag": True}
    assert not [p for p in model.folder.iterdir() if b"/home/me/secret" in p.read_bytes()]


def test_no_path_of_the_data_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also not in the evaluation, which says by which images of this machine it judged."""
    install_rows(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    data = tmp_path / "secret" / "garments.npz"
    data.parent.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (128, 28, 28), np.uint8)
    np.savez(data, x_train=images, x_test=images[::-1])
    run = ganzoo.train(
        "mlp_gan", options={"hidden": 8}, data=data, max_steps=2, runs=tmp_path / "runs"
    )
    judged = run.evaluate(images=100, features="rows")
    assert "secret" in str(judged.against["source"])
    model = ganzoo.publish(run, tmp_path / "model", variants=["float32"])
    assert model.scores["frechet"] == judged["frechet"]
    assert not [p.name for p in model.folder.iterdir() if b"secret" in p.read_bytes()]
    published = Evaluation.read(model.folder / "evaluation.json")
    assert published.scores == judged.scores
    assert published.yardstick == judged.yardstick


def test_what_another_process_made_meanwhile_stays(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with (
        pytest.raises(OutputError, match="model was made by another process meanwhile: choose"),
        scaffold.new_folder(folder, {"model.json": "mine"}),
        scaffold.new_folder(folder, {"model.json": "theirs"}),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (folder / "model.json").read_text() == "theirs"


def test_a_folder_above_is_no_name_of_a_new_one(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("publish", trained, "new/..")
    assert (done.code, "new/.. is no name of a new folder" in done.err) == (6, True), done.err
    assert [*tmp_path.iterdir()] == []


def test_a_name_works_everywhere(site: Path, published: Path, cli: Cli, tmp_path: Path) -> None:
    expected = ganzoo.load(published).sample(3)
    for name in ("tiny-garments", "tiny-models:tiny-garments", "Tiny_Models:tiny-garments"):
        assert np.array_equal(ganzoo.load(name).sample(3), expected)
    done = cli("sample", "tiny-garments", "-n", 3, "--npz", tmp_path / "x.npz")
    assert done.code == 0, done.err
    assert np.array_equal(np.load(tmp_path / "x.npz")["arr_0"], expected)
    for command in ("sweep", "interpolate", "directions"):
        more = ("--dims", 3, "--values", "1,2") if command == "sweep" else ()
        done = cli(command, "tiny-garments", *more, "-o", tmp_path / f"{command}.png")
        assert done.code == 0, done.err
    assert [m.name for m in ganzoo.models()] == ["tiny-garments"]
    assert repr(ganzoo.models()[0]).startswith("<tiny-garments: mlp_gan on toy_garments, 28x28x1, ")


def test_a_sheet_is_called_as_the_model(site: Path, tmp_path: Path) -> None:
    """And torch is not imported for it."""
    path = os.pathsep.join([str(site), *sys.path])
    done = process("-X", "importtime", "-m", "ganzoo", "sample", "tiny-garments", cwd=tmp_path,
                   env={"PYTHONPATH": path})  # fmt: skip
    assert done.out == "tiny-garments-seed0.png\n", done.err
    assert (tmp_path / "tiny-garments-seed0.png").exists()
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.err.splitlines()}
    assert "onnxruntime" in imported
    assert not imported & {"torch", "torchvision", "onnx", "matplotlib", "ganzoo_plugins"}


def test_models_are_listed(site: Path, cli: Cli, tmp_path: Path) -> None:
    done = cli("models")
    assert done.code == 0
    words = done.out.split()
    for word in ("tiny-garments", "mlp_gan,", "toy_garments", "28x28,", "CC0-1.0,", "tiny-models"):
        assert word in words
    (found,) = json.loads(cli("models", "--json").out)
    assert (found["shipped_by"], found["files"]["float16"]["file"]) == (
        "tiny-models", "tiny-garments-float16.onnx",
    )  # fmt: skip
    assert cli("models", "--pictures", tmp_path / "all.png").last == str(tmp_path / "all.png")
    other = shutil.copytree(site / "tiny-garments", site / "spoilt")
    write(other, json.loads((other / "model.json").read_text()) | {"name": "spoilt"})
    (other / "tiny-garments-float32.onnx").unlink()
    source = SOURCE.replace('"tiny-garments"', '"spoilt"')
    install(site, "spoilt-models", source, {"spoilt": "tiny"}, group="ganzoo.models")
    done = cli("models", "--pictures", tmp_path / "rest.png")
    assert (done.code, done.last) == (0, str(tmp_path / "rest.png"))
    assert "spoilt is left out of the sheet: " in done.err
    assert done.err.count("\n") == 1
    assert (tmp_path / "rest.png").read_bytes() == (tmp_path / "all.png").read_bytes()
    with Image.open(tmp_path / "all.png") as pictures:
        assert pictures.width > 200


def test_the_names_of_models_are_whole(
    site: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "mlp-gan-shallow-garment"  # as long as the longest of ganzoo-models
    source = f"from dataclasses import replace\n{SOURCE}".replace(
        'Model.read(Path(__file__).parent / "tiny-garments")',
        f'replace(Model.read(Path(__file__).parent / "tiny-garments"), name="{name}")',
    )
    install(site, "ganzoo-modelz", source, {name: "tiny"}, group="ganzoo.models")
    done = cli("models")
    assert name in done.out.split(), done.err
    assert max(map(len, done.out.splitlines())) <= 80
    assert "…" not in done.out


def test_without_models_the_list_says_how_to_get_some(cli: Cli) -> None:
    done = cli("models")
    assert (done.code, done.out) == (0, "")
    assert "no package with trained models is installed" in done.err


def test_the_nearest_name_is_told(site: Path, cli: Cli, tmp_path: Path) -> None:
    done = cli("sample", "tiny-garment", "--runs", tmp_path / "runs")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "no run or model is called that: did you mean tiny-garments?" in done.err


def test_a_file_and_a_run_go_before(
    site: Path, trained: Path, exported: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path / "runs" / "tiny-garments")
    with pytest.raises(UsageError, match="is run by torch"):
        ganzoo.load("tiny-garments", threads=1, runs=tmp_path / "runs")


def test_two_packages_of_one_name(site: Path, cli: Cli) -> None:
    install(site, "other-models", SOURCE, {"tiny-garments": "tiny"}, group="ganzoo.models")
    done = cli("sample", "tiny-garments", "-o", "x.png")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "write other-models:tiny-garments or tiny-models:tiny-garments" in done.err
    rows = json.loads(cli("models", "--json").out)
    assert [row["shipped_by"] for row in rows] == ["other-models", "tiny-models"]


def test_it_keeps_the_contract(site: Path, published: Path) -> None:
    verdicts = check("tiny-garments")
    assert [v.check for v in verdicts if not v.passed] == []
    assert [v.check for v in verdicts][-3:] == ["contract", "files", "pictures"]
    facts = json.loads((site / "tiny-garments" / "model.json").read_text())
    write(site / "tiny-garments", facts | {"licence": ""})
    assert [v.check for v in check("tiny-garments") if not v.passed] == ["contract"]
    write(site / "tiny-garments", facts | {"image": {"size": [28, 32], "channels": 1}})
    assert [v.check for v in check("tiny-garments") if not v.passed] == ["files"]


def write(folder: Path, facts: object) -> None:
    (folder / "model.json").write_text(json.dumps(facts))


def _file(**changes: object) -> Callable[[Any], Any]:
    return lambda f: f | {"files": {"float32": f["files"]["float32"] | changes}}


@pytest.mark.parametrize(
    "change",
    [
        lambda f: None,
        lambda f: [],
        lambda f: {**f, "schema": 2},
        lambda f: {**f, "files": {}},
        lambda f: {**f, "files": {"float64": f["files"]["float32"]}},
        _file(file="../tiny-garments-float32.onnx"),
        _file(file="/etc/passwd"),
        _file(file="a/b.onnx"),
        _file(file="x.pkl"),
        _file(sha256="0" * 63),
        _file(bytes=-1),
        _file(bytes=10**400),
        lambda f: {**f, "scores": {"frechet": 10**400}},
        lambda f: {**f, "image": {"size": [28, 10**12], "channels": 1}},
        lambda f: {**f, "name": "x" * 1000},
        lambda f: {**f, "name": 7},
        lambda f: {**f, "image": {"size": [28], "channels": 1}},
        lambda f: {**f, "image": {"size": [True, 28], "channels": 1}},
        lambda f: {**f, "scores": {"frechet": float("nan")}},
        lambda f: {**f, "scores": {"frechet": "good"}},
        lambda f: {**f, "training": {"device": {"a": 1}}},
        lambda f: {**f, "options": {"hidden": [1, 2]}},
        lambda f: {**f, "history": [{"frechet": "good"}]},
        lambda f: {**f, "history": {"frechet": 1.0}},
        lambda f: {**f, "weights": {}},
        lambda f: {**f, "weights": f["files"]["float32"]},
        lambda f: {**f, "weights": f["weights"] | {"file": "../model.safetensors"}},
        lambda f: {**f, "licence": ["MIT"]},
        lambda f: {k: v for k, v in f.items() if k != "judged"},
    ],
)
def test_facts_that_cannot_be_are_one_line(
    change: Callable[[Any], Any], published: Path, tmp_path: Path, cli: Cli
) -> None:
    folder = shutil.copytree(published, tmp_path / "model")
    write(folder, change(json.loads((folder / "model.json").read_text())))
    done = cli("sample", folder, "-o", tmp_path / "x.png")
    assert (done.code, done.out, done.err.count("\n")) == (5, "", 1)
    assert str(folder / "model.json") in done.err


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b" " * 2**21])
def test_facts_that_are_no_json(content: bytes, published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(published, tmp_path / "model")
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelFileError, match="is damaged"):
        Model.read(folder)


def test_an_altered_file_is_refused(published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(published, tmp_path / "model")
    file = folder / "tiny-garments-float32.onnx"
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelFileError, match="is not what was published as tiny-garments"):
        ganzoo.load(folder)
    assert Model.read(folder).path("float16").exists()
    file.unlink()
    with pytest.raises(ModelFileError, match="cannot be read: No such file"):
        ganzoo.load(folder)
    with pytest.raises(ModelFileError, match="has no int8: it has float32, float16"):
        Model.read(folder).path("int8")
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelFileError, match="is not what was published as tiny-garments"):
        Model.read(folder).weights_path()


def test_files_without_end_are_not_read(published: Path, tmp_path: Path) -> None:
    """A file of 200 GiB with holes takes no place on a disk, and all of the memory."""
    folder = shutil.copytree(published, tmp_path / "model")
    os.truncate(folder / "tiny-garments-float32.onnx", 200 * 2**30)
    with pytest.raises(ModelFileError, match="is not what was published"):
        Model.read(folder).path()
    os.truncate(folder / "model.json", 200 * 2**30)
    with pytest.raises(ModelFileError, match="is damaged"):
        Model.read(folder)


@pytest.mark.parametrize(
    "change",
    [
        "files={}", "scores={'frechet': 'x'}", "size=(28,)", "folder=None", "name=7",
        "classes=(1 / (n - 1) for n in range(3))",
    ],
)  # fmt: skip
def test_a_model_that_a_package_put_together_is_checked(change: str, site: Path, cli: Cli) -> None:
    source = SOURCE.replace("return Model.read(", "return replace(Model.read(")
    source = source.replace('"tiny-garments")', f'"tiny-garments"), {change})')
    install(site, "odd-models", f"from dataclasses import replace\n{source}", {"odd": "tiny"},
            group="ganzoo.models")  # fmt: skip
    done = cli("sample", "odd")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "says what cannot be: return Model.read(folder)" in done.err
    assert cli("models").code == 0


def test_a_package_whose_model_ends_the_process_is_left_out(site: Path, cli: Cli) -> None:
    source = (
        SOURCE.replace("    return", "    made =")
        + """
    class Ending(Model):
        def to_json(self):
            print("hello")
            raise SystemExit(7)

    return Ending(**vars(made))
"""
    )
    install(site, "odd-models", source, {"odd": "tiny"}, group="ganzoo.models")
    done = cli("models")
    assert (done.code, "tiny-garments" in done.out, "hello" in done.out) == (0, True, False)
    assert "model 'odd' of odd-models 1.2 is left out: cannot be read: SystemExit: 7" in done.err


def test_a_broken_package_is_told(site: Path, cli: Cli) -> None:
    write(site / "tiny-garments", {})
    done = cli("models")
    assert (done.code, done.err.count("\n")) == (0, 2)
    assert "model 'tiny-garments' of tiny-models 1.2 is left out: cannot be used" in done.err
    install(site, "sad-models", "raise RuntimeError('no luck')", {"sad": "sad"},
            group="ganzoo.models")  # fmt: skip
    with pytest.raises(PluginError, match="cannot be imported: RuntimeError: no luck"):
        ganzoo.load("sad")


def test_words_steer_no_terminal(published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(published, tmp_path / "model")
    facts = json.loads((folder / "model.json").read_text())
    write(folder, facts | {"dataset": "a\x1b[2Jb\nc"})
    assert not set("\x1b\n") & set(Model.read(folder).dataset)


def test_a_package_is_made_of_a_run(trained: Path, cli: Cli, tmp_path: Path) -> None:
    words = ("--with-model", trained, "--licence", "MIT", "--dir", tmp_path)
    done = cli("new-plugin", "my-garments", *words)
    assert (done.code, done.last) == (0, str(tmp_path / "ganzoo-my-garments")), done.err
    (entry,), _ = scaffold.entries(Path(done.last))
    assert (entry.kind, entry.name, entry.target) == (
        "model", "my-garments", "ganzoo_my_garments:model",
    )  # fmt: skip
    model = Model.read(Path(done.last) / "ganzoo_my_garments" / "my-garments")
    assert (model.name, model.licence, [*model.files]) == (
        "my-garments",
        "MIT",
        ["int8", "float32"],
    )
    checked = cli("check-plugin", done.last)
    assert (checked.code, checked.last) == (0, "passed (6 of 6 checks hold)"), checked.out
    again = cli("new-plugin", "my-garments", *words)
    assert (again.code, again.err.count("\n")) == (6, 1)


@pytest.mark.parametrize("name", ["My", "a b", "../a", "a-", "größe", ""])
def test_names_that_no_model_can_have(name: str, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot name a model"):
        package_model(trained, name, tmp_path / "new")
    assert not (tmp_path / "new").exists()
