"""`ganzoo new-plugin`: a package that works, or nothing."""

import json
from pathlib import Path

import pytest

from ganzoo.zoo import scaffold
from tests.conftest import ROOT, Cli


def test_it_writes_a_package_like_the_tutorials(cli: Cli, tmp_path: Path) -> None:
    done = cli("new-plugin", "my_gan", "--dir", tmp_path / "new")
    assert done.code == 0, done.err
    assert done.last == str(tmp_path / "new" / "ganzoo-my-gan")
    files = {path.name for path in Path(done.last).iterdir()}
    assert files == {"README.md", "ganzoo_my_gan.py", "pyproject.toml", "test_ganzoo_my_gan.py"}
    tutorial = {path.name for path in (ROOT / "plugins" / "ganzoo-lsgan").glob("*.*")}
    assert files == {name.replace("lsgan", "my_gan") for name in tutorial}
    written = (Path(done.last) / "pyproject.toml").read_text()
    expected = (ROOT / "plugins" / "ganzoo-lsgan" / "pyproject.toml").read_text()
    assert written.replace("my-gan", "lsgan").replace("my_gan", "lsgan") == expected
    (entry,), source = scaffold.entries(Path(done.last))
    assert source == Path(done.last)
    assert (entry.name, entry.target) == ("my_gan", "ganzoo_my_gan:my_gan")
    assert entry.requires == ("ganzoo>=0.1",)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ganzoo-my-gan"]


@pytest.mark.parametrize("option", ["latent_dim", "width"])
@pytest.mark.parametrize("package", ["new", "tutorial"])
def test_its_options_are_counts(package: str, option: str, cli: Cli, tmp_path: Path) -> None:
    folder = ROOT / "plugins" / "ganzoo-lsgan"
    if package == "new":
        folder = Path(cli("new-plugin", f"my_{option}", "--dir", tmp_path).last)
    done = cli("check-plugin", folder, "--set", f"{option}=0", "--json")
    assert done.code == 3
    (found,) = json.loads(done.out)
    failed = [each["detail"] for each in found["checks"] if not each["passed"]]
    assert any(why.endswith(f": {option} must be at least 1, not 0") for why in failed), failed


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("my-gan", 2, "'my-gan' cannot name an architecture"),
        ("MyGan", 2, "cannot name"),
        ("class", 2, "cannot name"),
        ("gan_", 2, "cannot name"),
        ("größe", 2, "cannot name"),
        ("adam", 2, "'adam' is what the new module imports"),
        ("nn", 2, "is what the new module imports"),
        ("plugins", 2, "there is a module ganzoo_plugins already"),
        ("../x", 2, "cannot name"),
        ("mlp_gan", 2, "there is an architecture 'mlp_gan' of ganzoo 0.1.0 already"),
        ("there", 6, "ganzoo-there is there already"),
    ],
)
def test_bad_names_are_refused(
    cli: Cli, tmp_path: Path, name: str, code: int, message: str
) -> None:
    (tmp_path / "ganzoo-there").mkdir()
    done = cli("new-plugin", name, "--dir", tmp_path)
    assert (done.code, done.err.count("\n")) == (code, 1)
    assert message in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["ganzoo-there"]
