"""A document printed by Chromium, with the numbers of the pages that its references name.

Chromium lays out our pages for the screen as well, so drawings, tables and fonts are those that a reader knows; and of what we
tried it alone prints our own documentation in minutes (see docs/reference/reading).  It cannot name the page of a place, so the
document is printed, the places are read from what was printed, and it is printed again with their numbers, until these are right.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_xenfusa.inputs import InputError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXTRA = "pip install 'sphinx-xenfusa[pdf]'"
PASSES = 4
"""How often a document is printed at the most until the numbers in it are those of its pages; two are enough as a rule."""

_DATES = re.compile(rb"/(?:CreationDate|ModDate) ?\(D:[^)]*\)")


def printed(document: Callable[[Mapping[str, int]], str], folder: Path) -> bytes:
    """The document as PDF.

    :param document: writes its HTML, given the pages of its places; those are not known at first.
    :param folder: what it may load, pictures, lies in here; anything else is refused.
    :raises InputError: what prints is missing, or the numbers of the pages never came to rest.
    """
    _demand_packages()
    pages: Mapping[str, int] = {}
    with _browser() as browser, tempfile.TemporaryDirectory() as aside:
        source = Path(aside) / "document.html"
        for _ in range(PASSES):
            source.write_text(document(pages), encoding="utf-8")
            # The first print only tells the pages of the places; tags and outline cost as much as all the rest.
            pdf = _print(browser, source, folder.resolve(), with_tags=bool(pages))
            found = places(pdf)
            if found == pages:
                return _DATES.sub(lambda date: b" " * len(date[0]), pdf)
            pages = found
    raise InputError(
        folder, None, f"page numbers that still change after {PASSES} prints", "a document that lies still"
    )


def places(pdf: bytes) -> dict[str, int]:
    """The page, from 1, of each place of a PDF that a link leads to."""
    from pypdf import PdfReader

    reader = PdfReader(BytesIO(pdf))
    numbers = {page.indirect_reference: number for number, page in enumerate(reader.pages, start=1)}
    found = {}
    for name, destination in reader.named_destinations.items():
        page = getattr(destination.page, "indirect_reference", None) or destination.page
        if page in numbers:
            found[name.removeprefix("/")] = numbers[page]
    return found


def _demand_packages() -> None:
    missing = [name for name in ("playwright", "pypdf") if find_spec(name) is None]
    if missing:
        raise InputError("xenfusa audit pdf", None, f"no package {missing[0]}", EXTRA)


@contextmanager
def _browser() -> Iterator[Browser]:
    from playwright.sync_api import Error, sync_playwright

    own = os.environ.get("XENFUSA_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as started:
        try:
            browser = started.chromium.launch(
                executable_path=own, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            )
        except Error as error:
            expected = "Chromium: apt install chromium, or playwright install chromium, or its path in XENFUSA_CHROMIUM"
            reason = str(error).splitlines()[0]
            raise InputError("xenfusa audit pdf", None, f"no browser that starts ({reason})", expected) from error
        try:
            yield browser
        finally:
            browser.close()


def _print(browser: Browser, source: Path, folder: Path, *, with_tags: bool) -> bytes:
    context = browser.new_context(java_script_enabled=False)
    allowed = (source.as_uri(), folder.as_uri() + "/")
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(allowed) else route.abort())
    page = context.new_page()
    page.set_default_timeout(0)
    page.goto(source.as_uri(), wait_until="load")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True, outline=with_tags, tagged=with_tags)
    context.close()
    return pdf
