"""Hostile test reports in a real browser: whatever they hold is shown as text, and nothing of it runs.

Needs Playwright for Python and a Chromium: the one that ``XENFUSA_CHROMIUM`` names, or Debian's.
"""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_A_BROWSER, Seen, served
from test_case_pages import FILES, failure, report
from tests_support import Built

pytestmark = NEEDS_A_BROWSER

DATA = Path(__file__).parents[1] / "evidence" / "data"
RUN = "window.ran=(window.ran||0)+1;alert(1);console.log(1)"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f'"><img src=x onerror="{RUN}">',
    f"'><svg onload='{RUN}'><a xlink:href='javascript:{RUN}'>x</a></svg>",
    f"</pre></details></td></table><iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"]]><script>{RUN}</script><![CDATA[",
    f"&lt;script&gt;{RUN}&lt;/script&gt; &#60;img src=x onerror={RUN}&#62;",
    f"javascript:{RUN}",
    f'" onmouseover="{RUN}" autofocus onfocus="{RUN}" x="',
    "<style>@import '//127.0.0.1:9/x.css';</style><link rel=stylesheet href=//127.0.0.1:9/y.css>",
    f"<!--><img src=//127.0.0.1:9/z.png onerror={RUN}>-->",
    f'`<a href="javascript:{RUN}">` `x <javascript:{RUN}>`_ :download:`/etc/passwd` |release| .. raw:: html',
    "{{ 7*7 }} {% raw %} [[copy('id')]] << 7*7 >> ${7*7} #{7*7}",
    '"] or __import__("os").system("touch xenfusa-ran") or ["',
)
ALL = " ".join(PAYLOADS)
TABLES = """Tables
======

.. needtable::
   :filter: type == "XenTest"
   :columns: id, title, xen_outcome, xen_targets, xen_verifies

.. needtable::
   :filter: type == "xen_rule"
   :columns: id, title, xen_test, xen_verifies_back

.. needlist::
   :filter: type == "XenTest"

.. xen:tests::

.. xen:tests::
   :list: unreadable, stale, unknown, unlinked, only-failing, never-came, skipped, flaky, partially-linked

.. xen:summary::

.. xen:matrix::
   :columns: requirement, tests, state
"""


def visit(browser: Any, origin: str, names: list[str]) -> tuple[Seen, str]:
    """Open each page, unfold all of it, move over everything and focus it; what was seen, and the words."""
    seen, words = Seen(), []
    page = browser.new_page()
    seen.watch(page, origin)
    for name in names:
        page.goto(origin + name, wait_until="load")
        page.evaluate(
            """() => {
                document.querySelectorAll('details').forEach(one => { one.open = true; });
                for (const one of document.querySelectorAll('body *')) {
                    for (const kind of ['mouseover', 'mouseenter', 'focus', 'click'])
                        if (kind !== 'click' || one.tagName === 'SUMMARY')
                            one.dispatchEvent(new MouseEvent(kind, {bubbles: true, cancelable: true}));
                }
                document.querySelectorAll('details').forEach(one => { one.open = true; });
            }"""
        )
        page.wait_for_timeout(30)
        if page.evaluate("typeof window.ran") != "undefined":
            seen.errors.append(f"a script of a report ran on {name}")
        seen.errors += [
            f"{name}: {found}"
            for found in page.evaluate(
                """() => [...document.querySelectorAll('*')].flatMap(one =>
                    [...one.attributes].filter(a => a.value.includes('window.ran') && a.name !== 'title'
                        && !(a.name === 'value')).map(a => one.tagName + ' ' + a.name))"""
            )
        ]
        words.append(page.evaluate("document.body.innerText"))
    page.close()
    return seen, "\n".join(words)


# --- reports ----------------------------------------------------------------------------------------------------------


def of_pytest() -> str:
    cases = []
    for number, one in enumerate(PAYLOADS):
        tag = "XenArch~one~1" if number % 2 else "XenArch~two~1"
        cases.append((one, f"{one} {number}", tag, failure(one, one, f"{one}\n" * 40)))
        cases.append((one, f"{one} passed {number}", tag, ""))
        cases.append((one, f"{one} unknown {number}", f"XenArch~{one}~1", ""))
    return report(*cases)


HOSTILE_ATTRIBUTES = {"name", "classname", "message", "file", "url", "value"}


def of_xml(path: Path) -> str:
    """A report of some tool with script in the fields of its cases."""
    root = ElementTree.fromstring(path.read_text("utf-8"))
    for case in [*root.iter("testcase"), *root.iter("test")]:
        for element in case.iter():
            for name in HOSTILE_ATTRIBUTES & set(element.attrib):
                element.set(name, f"{element.get(name)} {ALL}")
            if element.tag in ("failure", "error", "skipped", "system-out", "system-err", "msg", "status"):
                element.text = f"{element.text or ''} {ALL}"
    return ElementTree.tostring(root, encoding="unicode")


def of_json(path: Path) -> str:
    def hostile(data: Any, key: str = "") -> Any:
        if isinstance(data, dict):
            return {name: hostile(value, name) for name, value in data.items()}
        if isinstance(data, list):
            return [hostile(value, key) for value in data]
        free = {"name", "classname", "message", "text", "log", "reason", "file", "identifier"}
        return f"{data} {ALL}" if isinstance(data, str) and key in free else data

    return json.dumps(hostile(json.loads(path.read_text("utf-8"))))


def of_tap() -> str:
    return f"TAP version 13\n1..3\nok 1 - {ALL}\nnot ok 2 - {ALL}\n# {ALL}\nok 3 - x # SKIP {ALL}\n".replace(
        " #{", " {"
    )


def hostile_reports() -> dict[str, str]:
    reports = {"<img src=x onerror=window.ran=1>'\".xml": of_pytest(), "hostile.tap": of_tap()}
    for path in sorted(DATA.glob("*.xml")):
        reports[f"h-{path.name}"] = of_xml(path)
    for path in sorted(DATA.glob("*.json")):
        reports[f"h-{path.name}"] = of_json(path)
    return reports


def test_what_runs_is_seen(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        f"<p>{PAYLOADS[0]}<b onmouseover='window.x=1; fetch(\"http://127.0.0.1:9/\")'>b</b><a href='javascript:window.ran'>"
    )
    with served(tmp_path) as origin:
        seen, _ = visit(browser, origin, ["a.html"])
    assert seen.dialogs == ["1"]
    assert "1" in seen.messages
    assert any(url.startswith("http://127.0.0.1:9/") for url in seen.requests)
    assert "a script of a report ran on a.html" in seen.errors
    assert "a.html: A href" in seen.errors


@pytest.mark.parametrize("theme", ["furo", "sphinx_rtd_theme", "pydata_sphinx_theme"])
def test_nothing_of_a_hostile_report_runs(build: Callable[..., Built], browser: Any, theme: str) -> None:
    reports = hostile_reports()
    files = {**FILES, "index.rst": FILES["index.rst"] + "   tables\n", "tables.rst": TABLES, **reports}
    built = build(files, html_theme=theme, xenfusa_test_reports=sorted(reports))
    used = {one.dialect for one in built.record.reports if not one.error}
    assert len(used) >= 9, {one.file: one.error for one in built.record.reports}
    pages = sorted(path.relative_to(built.out).as_posix() for path in (built.out / "xenfusa" / "tests").glob("*.html"))
    assert len(pages) > 40
    if theme != "furo" and not os.environ.get("XENFUSA_EVERY_PAGE"):
        pages = pages[::4]  # there the same elements stand among others
    names = [*pages, "index.html", "reqs.html", "totals.html", "tables.html", "search.html?q=window", "genindex.html"]
    with served(built.out) as origin:
        seen, words = visit(browser, origin, names)
    assert seen == Seen()
    for one in PAYLOADS:
        assert one.split("\n")[0] in words, one
    assert not Path("xenfusa-ran").exists()
    assert ">49<" not in words


def test_a_million_standard_entities_are_fine(build: Callable[..., Built]) -> None:
    bad = (
        "t.A",
        "test_x",
        "XenArch~one~1",
        f"<failure message='m'>x</failure><system-out>{'&lt;' * 1_000_000}</system-out>",
    )
    built = build({**FILES, "r.xml": report(bad)}, xenfusa_test_reports=["r.xml"])
    (one,) = built.record.reports
    assert one.error == ""
    assert "<<<<" in one.cases[0].output
