"""A terminal small enough to be read: what is on it after all that was written to it."""

from __future__ import annotations

import re

_WRITTEN = re.compile(
    r"\x1b\[(?P<mode>\?25[hl])|\x1b\[(?P<count>[\d;]*)(?P<code>[A-Za-z])|(?P<mark>.)", re.S
)


class Screen:
    """Understands what ganzoo writes: text, \\r, \\n, up, erase a line, colours, the cursor."""

    def __init__(self, text: str, width: int) -> None:
        self.lines: list[str] = [""]
        self.row = self.column = 0
        self.cursor = True
        self.wrapped = 0
        for found in _WRITTEN.finditer(text):
            if found["mode"]:
                self.cursor = found["mode"] == "?25h"
            elif found["code"]:
                self._control(found["code"], found["count"])
            else:
                self._mark(found["mark"], width)

    def _control(self, code: str, count: str) -> None:
        if code == "A":
            self.row -= int(count or 1)
            assert self.row >= 0
        elif code == "K":
            self.lines[self.row] = ""
        else:
            assert code == "m", code

    def _mark(self, mark: str, width: int) -> None:
        if mark == "\r":
            self.column = 0
        elif mark == "\n" or self.column == width:
            self.wrapped += mark != "\n"
            self.row, self.column = self.row + 1, 0
            self.lines += [""] * (self.row + 1 - len(self.lines))
        if mark not in "\r\n":
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + mark + line[self.column + 1 :]
            self.column += 1
