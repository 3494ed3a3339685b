"""Whatever a file of others says, nothing of it runs on a page, and a reader sees all of it in the order in which it is stored.

Test reports have tests of their own (``test_browser``, ``test_case_pages``); here are requirements, documents of others and the
files in which people agree.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Browsing, names_of_pages, needs_a_browser
from test_pages import report
from tests_support import Built, requirement, run_build, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.sphinxext.spelled_out import html_spelled_out

TURNED, HIDDEN = "\u202e", "\u200b"
NAMES = (
    *("title", "text", "rationale", "comment", "owner", "discharge", "level", "source", "scenario", "platform"),
    *(
        "overlay",
        "why",
        "reason",
        "excuse",
        "person",
        "run",
        "command",
        "target",
        "tool",
        "author",
        "reviewer",
    ),
    *("oft", "described", "tagged", "project"),
)


def hostile(name: str) -> str:
    """Words that would run, or be read in another order, wherever they were taken for anything but words."""
    tag = f"<img src=x onerror=window.ran=1><script>window.ran='{name}'</script>"
    return f"K-{name} {tag}]]>{{{{7*7}}}}{{% x %}} {TURNED}evil{HIDDEN} &lt;b&gt; javascript:alert(1) </title></style>--> \" '"


def quoted(name: str) -> str:
    """The same as a value in YAML."""
    return json.dumps(hostile(name))


def written(name: str) -> str:
    """The same in reStructuredText, as words."""
    return re.sub(r"([\\`*_|])", r"\\\1", hostile(name))


def _files() -> dict[str, str]:
    fields = "".join(
        f":{name}: {written(name)}\n" for name in ("rationale", "comment", "owner", "discharge", "level", "source")
    )
    of_dom = requirement("valueOf", kind="assumption", title=written("title"), text=written("text"), options=fields)
    others = requirement("constructor", title="constructor", options=":covers: XenArch~toString~1\n:needs: XenTest")
    platform = (
        ".. xen:platform:: {}\n   :id: own\n\n   domains: [{{name: hw, roles: [hardware], criticality: unsafe}}]\n\n"
    )
    scenario = ".. xen:scenario:: {}\n\n   platform: own\n   steps:\n     - {{who: hw, does: SCHEDOP_shutdown}}\n\n"
    views = ".. xen:dashboard::\n\n.. xen:matrix::\n\n.. xen:register:: findings, gaps, exclusions, assumptions\n\n"
    views += ".. xen:tests::\n\n.. xen:test-runs::\n\n.. xen:unclaimed::\n\n.. xen:graph:: XenArch~valueOf~1\n\n"
    tests = report(("t", "XenArch~constructor~1", "<skipped/>"))
    line = "=" * 300
    return {
        "index.rst": f"Index\n=====\n\n.. toctree::\n\n   reqs\n   oft\n   upstream\n\n{views}",
        "reqs.rst": f"{written('project')}\n{line}\n\n{of_dom}\n{others}\n{platform.format(written('platform'))}"
        + scenario.format(written("scenario")),
        "oft.rst": f"Market\n======\n\n{written('oft')}\n{line.replace('=', '-')}\n\n`XenMkt~hasOwnProperty~1`\n\n"
        f"Description:\n{written('described')}\n\nTags: {hostile('tagged')}\n\nNeeds:\n - XenArch\n",
        "upstream.rst": "Upstream\n========\n\nThere shall be only one. Readers must know C.\n",
        "overlay.yaml": "document: upstream.rst\nrequirements:\n  - {id: XenArch~o~1, kind: rule, "
        f'title: {quoted("overlay")}, rationale: {quoted("why")}, quote: "There shall be only one."}}\n'
        f'informative:\n  - {{quote: "Readers must know C.", reason: {quoted("reason")}}}\n',
        "justified.yaml": "justifications:\n  - id: XenArch~constructor~1\n"
        f"    reason: {quoted('excuse')}\n    owner: {quoted('person')}\n    expires: 2027-01-01\n",
        "policy.yaml": f"demands:\n  - {{name: d, type: XenArch, level: '<b>{TURNED}', needs: review}}\n",
        "reviews.yaml": f"reviews:\n  - id: XenArch~o~1\n    fingerprint: {'a' * 64}\n    author: {quoted('author')}\n"
        f"    reviewer: {quoted('reviewer')}\n    date: 2026-11-02\n    answers: {{}}\n",
        "r.xml": tests,
        "run.yaml": f"version: 1\nname: {quoted('run')}\ncommand: [{quoted('command')}]\nexit_code: 0\n"
        f"target: {quoted('target')}\ntools: {{a: {quoted('tool')}}}\n"
        f"reports:\n  - file: r.xml\n    sha256: {hashlib.sha256(tests.encode()).hexdigest()}\n",
    }


SETTINGS: dict[str, Any] = {
    "xenfusa_oft": ["oft.rst"],
    "xenfusa_overlays": ["overlay.yaml"],
    "xenfusa_justifications": "justified.yaml",
    "xenfusa_trace_policy": "policy.yaml",
    "xenfusa_reviews": ["reviews.yaml"],
    "xenfusa_test_reports": ["r.xml"],
    "xenfusa_test_runs": ["run.yaml"],
    "xenfusa_today": "2026-11-23",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    verdicts = (verdict("hwdom_single", None, VerdictKind.CONFIRMED),)
    with pytest.MonkeyPatch.context() as patch:
        return run_build(
            tmp_path_factory.mktemp("hostile"), patch, _files(), verdicts=verdicts, html_theme="furo", **SETTINGS
        )


@needs_a_browser
def test_nothing_of_it_runs(built: Built, opened: Browsing) -> None:
    page, shown = (
        opened(built.out, "index.html?t1.any=<img src=x onerror=window.ran=1>#<img src=x onerror=window.ran=1>"),
        "",
    )
    for name in names_of_pages(built.out):
        opened.go(page, built.out, name)
        assert page.evaluate(_WHAT_CAME_OF_IT) == [], name
        shown += page.evaluate("document.body.textContent")
    assert [name for name in NAMES if f"K-{name} <img" not in shown] == []


_WHAT_CAME_OF_IT = """[...document.querySelectorAll("*")].filter(one =>
    window.ran || one.matches("img[src=x]") || one.matches("script") && one.textContent.includes("window.ran")
    || [...one.attributes].some(({name, value}) => name.startsWith("on")
       || ["href", "src", "action"].includes(name) && /^\\s*(javascript|data):/i.test(value) && !one.matches("img"))
).map(one => one.outerHTML.slice(0, 200))"""


def test_everybody_reads_it_in_the_order_in_which_it_is_stored(built: Built) -> None:
    pages = {path.name: path.read_text("utf-8") for path in built.out.rglob("*.html")}
    assert [name for name, text in pages.items() if TURNED in text] == []
    assert "&lt;U+202E&gt;evil" in pages["index.html"]
    assert [line for line in built.warnings if TURNED in line and "[xenfusa." in line] == []


def test_what_steers_a_terminal_is_spelled_out() -> None:
    assert html_spelled_out("<b>\x1b[31mred\x7f</b>\n\tline") == "<b>&lt;U+001B&gt;[31mred&lt;U+007F&gt;</b>\n\tline"


def test_its_author_is_told(built: Built) -> None:
    assert {"xenfusa.harmful_link", "xenfusa.character"} <= {*built.types()}
    found = " of the text of XenArch~valueOf~1; expected text that reads in the order in which it is stored"
    assert any(found in line for line in built.warnings)


def test_links_that_run_are_words(build: Callable[..., Built]) -> None:
    targets = (
        "JavaScript:alert(1)",
        "vbscript:x",
        "data:text/html,1",
        "java\tscript:alert(1)",
        "https://xenproject.org/",
    )
    links = "".join(f"`words <{target}>`__\n" for target in targets)
    made = build({"index.rst": f"T\n=\n\n{links}"})
    assert re.findall(r'<a [^>]*external" href="([^"]*)"', made.page("index.html")) == ["https://xenproject.org/"]
    assert made.types() == ["xenfusa.harmful_link"] * 4


def test_a_table_of_contents_has_none_that_runs(build: Callable[..., Built]) -> None:
    entries = "   Bad <javascript://%0aalert(1)>\n   Good <https://xenproject.org/>\n"
    made = build({"index.rst": f"T\n=\n\n.. toctree::\n\n{entries}"})
    page = made.page("index.html")
    assert ("javascript:" in page, 'href="https://xenproject.org/"' in page) == (False, True)
    assert made.types() == ["xenfusa.harmful_link"]


def test_prose_keeps_the_marks_that_its_language_needs(build: Callable[..., Built]) -> None:
    prose = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u200f(Xen)\u200f"
    assert prose in build({"index.rst": f"T\n=\n\n{prose}\n"}).page("index.html")


def test_a_file_of_a_name_of_others_is_named(tmp_path: Path, build: Callable[..., Built]) -> None:
    name = f"x{TURNED}y<img src=x onerror=window.ran=1>.inc"
    made = build({"index.rst": f"T\n=\n\n.. include:: {name}\n\n.. xen:about::\n", name: requirement()})
    assert "x&lt;U+202E&gt;y&lt;img" in made.page("index.html")
    assert TURNED not in made.page("index.html")
