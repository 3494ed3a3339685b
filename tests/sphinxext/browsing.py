"""Pages opened from disk in a real browser, as a reader of a folder opens them; and what is heard meanwhile.

Needs Playwright for Python and a Chromium: the one that ``XENFUSA_CHROMIUM`` names, or Debian's.  A test module that opens pages
says ``pytestmark = NEEDS_A_BROWSER`` and uses the fixture ``opened`` (see conftest): each page that it opens is closed at the
end of the test, and the test fails if something was heard from one of them: a message or an error in its console, a dialog, a
request that leaves its folder.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = os.environ.get("XENFUSA_CHROMIUM") or shutil.which("chromium") or ""
NEEDS_A_BROWSER = [
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="Playwright is not installed"),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium: set XENFUSA_CHROMIUM, or install Debian's"),
]


def needs_a_browser(test: Callable[..., None]) -> Callable[..., None]:
    """Mark one test of a module of which others need none."""
    for mark in NEEDS_A_BROWSER:
        test = mark(test)
    return test


OF_THEMES = ("[PST]: ", "Got invalid theme mode")
"""What the pydata theme tells the console of itself."""
OF_OTHERS = ("permalink.html",)
"""Pages that sphinx-needs writes for a server; nothing of ours leads there."""
WIDE, NARROW = (1400, 1000), (400, 800)
"""Sizes of a window; 320 wide is what WCAG asks for: 1280 at 400 %."""


@dataclass
class Seen:
    """What happened while a page was open."""

    dialogs: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: Any, origin: str) -> None:
        """Note what happens on a page; requests are noted that do not begin with the origin."""
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: self._hear(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._note(request.url, origin))

    def forget(self) -> None:
        """Drop what was heard up to now, for tests in which something has to be heard."""
        for heard in (self.dialogs, self.messages, self.errors, self.requests):
            heard.clear()

    def _hear(self, text: str) -> None:
        if not text.startswith(OF_THEMES):
            self.messages.append(text)

    def _note(self, url: str, origin: str) -> None:
        if not url.startswith((origin, "data:")):
            self.requests.append(url)


@dataclass
class Browsing:
    """Opens pages for one test."""

    browser: Any
    kept: list[tuple[Any, Seen, str]] = field(default_factory=list)

    def __call__(
        self,
        folder: Path,
        name: str,
        *,
        dark: bool = False,
        window: tuple[int, int] = WIDE,
        javascript: bool = True,
        **more: Any,
    ) -> Any:
        """The page (Playwright's) of a file of a built folder, opened from disk.

        :param name: the file, relative to the folder; may end with ``?query#anchor``.
        :param more: further settings of a browser context of Playwright, such as ``reduced_motion="reduce"``.
        """
        settings = {"color_scheme": "dark" if dark else "light", "java_script_enabled": javascript, **more}
        context = self.browser.new_context(viewport={"width": window[0], "height": window[1]}, **settings)
        page, seen = context.new_page(), Seen()
        origin = folder.resolve().as_uri() + "/"
        seen.watch(page, origin)
        self.kept.append((page, seen, name))
        page.goto(origin + name, wait_until="load")
        return page

    def go(self, page: Any, folder: Path, name: str) -> None:
        """Open another file of the same folder in the same page."""
        page.goto(folder.resolve().as_uri() + "/" + name, wait_until="load")

    def seen(self, page: Any) -> Seen:
        """What was heard of an opened page up to now."""
        return next(seen for one, seen, _ in self.kept if one is page)

    def done(self, page: Any) -> None:
        """Close one page already, where a test opens many; what was heard of it counts."""
        page.context.close()

    def close(self) -> None:
        """Close all pages, and fail if something was heard of one."""
        for page, _, _ in self.kept:
            page.context.close()
        assert [(name, seen) for _, seen, name in self.kept if seen != Seen()] == []


def names_of_pages(folder: Path) -> list[str]:
    """Every page of a built folder, but for those of others."""
    names = (one.relative_to(folder).as_posix() for one in sorted(folder.rglob("*.html")) if "_static" not in one.parts)
    return [name for name in names if name not in OF_OTHERS]


def names_in_theme(folder: Path, theme: str) -> list[str]:
    """The pages to look at in a theme: all of them in furo, one in four in the others.

    There the same elements stand among others.

    With ``XENFUSA_EVERY_PAGE`` all of them in each.
    """
    names = names_of_pages(folder)
    return names if theme == "furo" or os.environ.get("XENFUSA_EVERY_PAGE") else names[::4]


class _Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing of it.

    :param headers_of_all: name and value of each header that every answer has.
    """

    def __init__(self, *request: Any, headers_of_all: tuple[tuple[str, str], ...], **how: Any) -> None:
        self._headers_of_all = headers_of_all
        super().__init__(*request, **how)

    def end_headers(self) -> None:
        for name, value in self._headers_of_all:
            self.send_header(name, value)
        super().end_headers()

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # a browser asks for it by itself
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def served(folder: Path, *headers: tuple[str, str]) -> Iterator[str]:
    """The address of a folder that is served on this machine, each answer with these headers."""
    handler = partial(_Quiet, directory=str(folder), headers_of_all=headers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def started_browser() -> Iterator[Any]:
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()
