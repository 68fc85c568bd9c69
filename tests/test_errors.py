"""What an error tells to do next."""

import json

import pytest

from ganzoo.errors import ModelFileError, install, missing_extra, reason

CHECKOUT = "file:///home/me/my%20gans/ganzoo"


@pytest.mark.parametrize(
    ("noted", "command"),
    [
        (
            {"url": CHECKOUT, "dir_info": {"editable": True}},
            "pip install -e '/home/me/my gans/ganzoo[train]'",
        ),
        ({"url": CHECKOUT, "dir_info": {}}, "pip install '/home/me/my gans/ganzoo[train]'"),
        (
            {"url": "https://a.org/ganzoo-0.1.0-py3-none-any.whl", "archive_info": {}},
            "pip install 'ganzoo[train] @ https://a.org/ganzoo-0.1.0-py3-none-any.whl'",
        ),
        (
            {"url": "https://a.org/ganzoo.git", "vcs_info": {"vcs": "git", "commit_id": "1"}},
            "pip install 'ganzoo[train] @ git+https://a.org/ganzoo.git'",
        ),
        (None, "pip install 'ganzoo[train]'"),
    ],
)
def test_an_extra_is_installed_from_where_ganzoo_was(
    noted: dict[str, object] | None, command: str
) -> None:
    """Another package on PyPI has the name of one that was installed from a checkout."""
    assert install("train", json.dumps(noted) if noted else "") == command


def test_an_import_that_fails_names_the_extra_of_its_package() -> None:
    error = ModuleNotFoundError("No module named 'onnx'", name="onnx.helper")
    assert missing_extra(error) == f"; install ganzoo with its extra 'train': {install('train')}"
    assert missing_extra(ModuleNotFoundError("No module named 'mine'", name="mine")) == ""


def test_a_reason_is_one_line_and_names_no_class_of_ganzoo() -> None:
    assert reason(ValueError("\x1b[96mtoo\x1b[0m\nwide")) == "ValueError: too wide"
    assert reason(ModelFileError("odd.onnx is damaged")) == "odd.onnx is damaged"
    assert reason(ZeroDivisionError()) == "ZeroDivisionError"
