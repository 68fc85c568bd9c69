"""Opens a page in the user's browser."""

from __future__ import annotations

import os
import webbrowser
from contextlib import suppress


def open_page(address: str, *, waiting: bool = False) -> bool:
    """Open a page in a browser with windows; return whether one was found that takes it.

    A text browser would take the terminal. Only one that the user chose, in $BROWSER, is used, and
    only where the command is `waiting` for nothing else.
    """
    with suppress(webbrowser.Error):
        browser = webbrowser.get()
        chosen = waiting and bool(os.environ.get("BROWSER"))
        if chosen or type(browser) is not webbrowser.GenericBrowser:
            return browser.open(address)
    return False
