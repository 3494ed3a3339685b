"""A document printed by Chromium, with the numbers of the pages that its references name.

Chromium lays out our pages for the screen as well, so drawings, tables and fonts are those that a reader knows.  What it needs
for a page grows with the pages that it prints together, and it cannot name the page of a place: so the document is printed in
parts, the places are read from what was printed, the parts are printed again with their numbers, until these are right, and are
bound together.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.paper_document import Document, Numbering

if TYPE_CHECKING:
    from playwright.async_api import Browser

EXTRA = "pip install 'sphinx-xenfusa[pdf]'"
LONGEST = 900.0
"""Seconds that a part may take; it takes some ten."""
PASSES = 5
"""How often a document is printed at the most until the numbers in it are those of its pages; two are enough as a rule."""


def printed(document: Document, folder: Path) -> bytes:
    """The document as PDF.

    :param folder: what it may load, pictures, lies in here; anything else is refused.
    :raises InputError: what prints is missing, or the numbers of the pages never came to rest.
    """
    _demand_packages()
    return asyncio.run(_printed(document, folder.resolve()))


async def _printed(document: Document, folder: Path) -> bytes:
    from sphinx_xenfusa.cli.binding import bound, numbered

    numbering = Numbering()
    async with _browser() as browser:
        for _ in range(PASSES):
            # The first print only tells the pages of the places: it needs no tags.
            tagged = numbering.total > 0
            parts = await _print(browser, document, numbering, folder, tagged=tagged)
            found = numbered(parts)
            if tagged and found == numbering:
                return bound(parts, document, numbering)
            numbering = found
    raise InputError(
        folder, None, f"page numbers that still change after {PASSES} prints", "a document that lies still"
    )


def _demand_packages() -> None:
    missing = [name for name in ("playwright", "pikepdf") if find_spec(name) is None]
    if missing:
        raise InputError("xenfusa audit pdf", None, f"no package {missing[0]}", EXTRA)


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    from playwright.async_api import Error, async_playwright

    own = os.environ.get("XENFUSA_CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as started:
        try:
            browser = await started.chromium.launch(
                executable_path=own, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            )
        except Error as error:
            expected = "Chromium: apt install chromium, or playwright install chromium, or its path in XENFUSA_CHROMIUM"
            reason = str(error).splitlines()[0]
            raise InputError("xenfusa audit pdf", None, f"no browser that starts ({reason})", expected) from error
        try:
            yield browser
        finally:
            await browser.close()


async def _print(
    browser: Browser, document: Document, numbering: Numbering, folder: Path, *, tagged: bool
) -> Sequence[bytes]:
    """The parts, as many at once as there are processors, four at the most: each takes some hundred megabytes."""
    gate = asyncio.Semaphore(min(os.cpu_count() or 1, 4))

    async def one(index: int) -> bytes:
        async with gate:
            return await _print_one(browser, document.part(index, numbering), folder, tagged=tagged)

    return await asyncio.gather(*(one(index) for index in range(document.parts)))


async def _print_one(browser: Browser, text: str, folder: Path, *, tagged: bool) -> bytes:
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(LONGEST):
            return await _pdf_of(browser, text, folder, tagged=tagged)
    except (Error, TimeoutError) as error:
        reason = (str(error) or f"more than {LONGEST:g} s").splitlines()[0]
        found = f"a part of the document that Chromium does not print ({reason})"
        raise InputError(folder, None, found, "pages that it prints; --without leaves some out") from error


async def _pdf_of(browser: Browser, text: str, folder: Path, *, tagged: bool) -> bytes:
    from playwright.async_api import Route

    with tempfile.TemporaryDirectory() as aside:
        source = Path(aside) / "document.html"
        source.write_text(text, encoding="utf-8")
        allowed = (source.as_uri(), folder.as_uri() + "/")

        async def only_the_folder(route: Route) -> None:
            await (route.continue_() if route.request.url.startswith(allowed) else route.abort())

        context = await browser.new_context(java_script_enabled=False)
        await context.route("**/*", only_the_folder)
        page = await context.new_page()
        page.set_default_timeout(0)
        await page.goto(source.as_uri(), wait_until="load")
        pdf = await page.pdf(prefer_css_page_size=True, print_background=True, outline=False, tagged=tagged)
        await context.close()
        return pdf
