"""How tables break names that are too long for them."""

from __future__ import annotations

import pytest

from ganzoo.cli.console import broken


@pytest.mark.parametrize(
    ("name", "width", "lines"),
    [
        ("mlp_gan", 7, ["mlp_gan"]),
        ("a  b", 10, ["a  b"]),
        ("r1gan conditional=false width=4", 25, ["r1gan conditional=false", "width=4"]),
        ("r1gan conditional=false width=4", 17, ["r1gan", "conditional=false", "width=4"]),
        ("r1gan conditional=false width=4", 14, ["r1gan", "conditional=", "false width=4"]),
        ("mlp_gan hidden=8,16,24 slope=1", 14, ["mlp_gan", "hidden=8,16,24", "slope=1"]),
        ("hidden=256,512,1024", 14, ["hidden=256,", "512,1024"]),
        ("dcgan_fashion_transposed", 14, ["dcgan_fashion_", "transposed"]),
        ("ganzoo:mlp_gan/x-y", 8, ["ganzoo:", "mlp_gan/", "x-y"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("网络-人脸", 9, ["网络-人脸"]),  # a letter of these takes two columns
        ("网络-人脸", 8, ["网络-", "人脸"]),
        ("生成对抗网络", 5, ["生成", "对抗", "网络"]),
    ],
)
def test_names_are_broken_between_words(name: str, width: int, lines: list[str]) -> None:
    assert broken(name, width).split("\n") == lines
