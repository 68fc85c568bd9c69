"""What Python's door does with remarks where a program does not say what else."""

from __future__ import annotations

import logging

from ganzoo.printable import one_line

_log = logging.getLogger("ganzoo")


def log(remark: str) -> None:
    """Log a remark, in one line, as a warning of the logger `ganzoo`."""
    _log.warning(one_line(remark))
