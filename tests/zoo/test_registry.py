"""Plugins found by metadata: real packages on a real path, in processes of their own."""

import json
from pathlib import Path

import pytest

from ganzoo.zoo import catalogue, registry
from tests.conftest import Ganzoo, install, process

GOOD = '''
from ganzoo_plugins.mlp_gan import mlp_gan

def guest(*, latent_dim: int = 7):
    """A guest."""
    return mlp_gan(latent_dim=latent_dim, hidden=(8,))
'''


def test_a_strangers_plugin_is_listed_without_importing_it(tmp_path: Path) -> None:
    source = GOOD + "\nopen('imported', 'w')\n"
    install(tmp_path / "site", "guest-gan", source, {"guest": "guest"})
    done = process("-m", "ganzoo", "list", "--json", cwd=tmp_path,
                   env={"PYTHONPATH": str(tmp_path / "site")})  # fmt: skip
    rows = {row["name"]: row for row in json.loads(done.out)}
    assert rows["guest"] == {
        "kind": "architecture", "name": "guest", "package": "guest-gan", "version": "1.2",
        "summary": "A guest.",
    }  # fmt: skip
    assert rows["mlp_gan"]["package"] == "ganzoo"
    assert not (tmp_path / "imported").exists()


def test_a_summary_is_found_where_the_function_only_passes_through(tmp_path: Path) -> None:
    sources = {
        "guest_gan": "from guest_nets import gan as guest",
        "guest_nets": GOOD.replace("guest(", "gan("),
    }
    install(tmp_path / "site", "guest-gan", sources, {"guest": "guest"})
    listed = process("-m", "ganzoo", "list", "--json", env={"PYTHONPATH": str(tmp_path / "site")})
    rows = {row["name"]: row for row in json.loads(listed.out)}
    assert rows["guest"]["summary"] == "A guest."


def test_a_run_names_the_package_that_it_misses(tmp_path: Path, ganzoo: Ganzoo) -> None:
    install(tmp_path / "site", "guest-gan", GOOD, {"guest": "guest"})
    env = {"PYTHONPATH": str(tmp_path / "site")}
    train = ("train", "guest", "--data", "toy_garments", "--set-data", "count=8", "--max-steps", 1)
    run = ganzoo(*train, cwd=tmp_path, env=env)
    assert run.code == 0, run.err
    done = ganzoo("sample", run.last, cwd=tmp_path)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert f"{run.last} needs the plugin of guest-gan 1.2" in done.err


def test_a_package_with_damaged_metadata_is_left_out(tmp_path: Path) -> None:
    install(tmp_path / "site", "guest-gan", GOOD, {"guest": "guest"})
    points = tmp_path / "site" / "guest_gan-1.2.dist-info" / "entry_points.txt"
    points.write_text("[ganzoo.architectures]\nno equals sign")
    done = process("-m", "ganzoo", "list", env={"PYTHONPATH": str(tmp_path / "site")})
    assert done.code == 0, done.err
    assert "mlp_gan" in done.out


def test_a_name_registered_twice_is_an_error_with_a_way_out(tmp_path: Path, ganzoo: Ganzoo) -> None:
    install(tmp_path / "site", "guest-gan", GOOD, {"mlp_gan": "guest"})
    env = {"PYTHONPATH": str(tmp_path / "site")}
    done = ganzoo("show", "mlp_gan", env=env)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "write ganzoo:mlp_gan or guest-gan:mlp_gan" in done.err
    guest = ganzoo("show", "guest-gan:mlp_gan", "--json", env=env)
    assert json.loads(guest.out)["options"] == {"latent_dim": 7}
    ours = ganzoo("show", "ganzoo:mlp_gan", "--json", env=env)
    assert json.loads(ours.out)["options"]["latent_dim"] == 100


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(catalogue.UnknownNameError, match="did you mean 'mlp_gan'"):
        registry.load_architecture("mlpgan")


def test_options_reach_the_architecture_and_are_recorded() -> None:
    loaded = registry.load_architecture("mlp_gan", {"latent_dim": "5"})
    assert loaded.value.latent_dim == 5
    assert loaded.describe()["options"] == {"latent_dim": 5, "hidden": (256, 512), "slope": 0.2}


def test_every_built_in_has_a_summary_that_fits_a_line() -> None:
    for entry in [*catalogue.architectures(), *catalogue.datasets()]:
        assert 10 < len(entry.summary()) <= 90, entry.name
