"""Every directive and every role, in every builder: no dead link, nothing loaded from elsewhere, readable without scripts.

XeLaTeX may be missing on a machine that runs the tests, so the TeX file is held against its own structure only.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from every_kind import DIRECTIVES, OFT, ROLES, VERDICTS
from tests_support import Built

from sphinx_xenfusa.sphinxext.domain import XenDomain

FILES = {
    "index.rst": "P\n=\n\n.. toctree::\n\n   parts/reqs\n   parts/views\n   xen/market\n\n"
    + "\n\n".join(ROLES.values())
    + "\n",
    "parts/reqs.rst": "Requirements\n============\n\n" + DIRECTIVES["req"],
    "parts/views.rst": "Views\n=====\n\n"
    + "\n\n".join(text for name, text in DIRECTIVES.items() if name != "req")
    + "\n\n"
    + "\n\n".join(ROLES.values())
    + "\n",
    "parts/old.json": '{"project": "P", "current_version": "1", "versions": {"1": {"needs": {}}}}',
    "xen/market.rst": OFT,
}
WORDS = (
    "XenArch~hwdom_single~1",
    "Another <title> & more",
    "a review of 100 % of it, $ and _",
    "diverges (D1)",
    "SCHEDOP_shutdown",
    "platform: power",
    "all platforms of 1 to 4 domains",
    "drop guard",
    "A <platform> & more",
    "A scenario at 100 %",
    "$ and _ in TeX",
    "It has the devices.",
    "xsm_grant_copy",
    "XSM_HOOK",
    "xenstore domain",
)
"""What has to be found in every format."""


def built_with(build: Callable[..., Built], builder: str, **conf: object) -> Built:
    """The project in a format, on two processes; a warning fails the test."""
    made = build(
        FILES,
        verdicts=VERDICTS,
        builder=builder,
        parallel=2,
        xenfusa_oft=["xen/**.rst"],
        copyright="nobody",
        epub_show_urls="no",
        latex_engine="xelatex",
        **conf,
    )
    assert made.warnings == []
    return made


def test_every_directive_and_every_role_is_in_the_project() -> None:
    assert set(DIRECTIVES) == set(XenDomain.directives)
    assert set(ROLES) == set(XenDomain.roles)
    text = "".join(FILES.values())
    assert [name for name in XenDomain.directives if f".. xen:{name}::" not in text] == []
    assert [name for name in XenDomain.roles if f":xen:{name}:`" not in text] == []


class Page(HTMLParser):
    """A page as a browser without scripts reads it: its words, its anchors, its links, and what it loads."""

    _UNSEEN = ("script", "style", "template")

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.hidden: list[str] = []
        self._unseen = 0
        self._parts: list[str] = []
        text = path.read_text("utf-8")
        if path.parent.name.endswith("singlehtml"):
            # Sphinx's own table of contents beside a single page has dead links (its issue 14221).
            text = text.partition('<div class="sphinxsidebar"')[0]
        self.feed(text)

    @property
    def words(self) -> str:
        """What can be read, with single spaces."""
        return " ".join("".join(self._parts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._unseen += tag in self._UNSEEN
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") not in ("canonical", "next", "prev", "author", "index", "search"):
            self.loaded.append(values.get("href", ""))
        self.loaded += [values[name] for name in ("src", "data", "poster") if name in values and tag != "a"]
        style = values.get("style", "").replace(" ", "")
        if "hidden" in values or "display:none" in style:
            self.hidden.append(values.get("class", tag))

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in self._UNSEEN
        if tag in ("p", "td", "th", "dd", "dt", "li", "summary", "caption", "div"):
            self._parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._parts.append(data)


def pages(out: Path, suffix: str = "html") -> dict[Path, Page]:
    """All pages of an output folder."""
    found = {path: Page(path) for path in sorted(out.rglob(f"*.{suffix}")) if "_static" not in path.parts}
    assert found
    return found


def dead_links(read: dict[Path, Page]) -> Iterator[str]:
    """Each link that leads to no file of the output, or to no anchor of its page."""
    for path, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in read and anchor not in read[target].anchors):
                yield f"{path.name}: {link}"


def loaded_from_elsewhere(out: Path, read: dict[Path, Page]) -> Iterator[str]:
    """Each script, style, picture and font that a page or a style sheet would fetch from another machine."""
    for path, page in read.items():
        for url in page.loaded:
            if urlsplit(url).netloc:
                yield f"{path.name}: {url}"
    for sheet in out.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
        for url in re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')]+)", text):
            if urlsplit(url).netloc:
                yield f"{sheet.name}: {url}"


def test_a_dead_link_and_what_comes_from_elsewhere_are_seen(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here">1</a><a href="#gone">2</a><a href="b.html">3</a><a href="https://x.org">4</a></p>'
        '<script src="https://cdn.example/x.js"></script><p hidden class="xenfusa-x">no</p>'
    )
    (tmp_path / "a.css").write_text(
        '/* url(https://no) */ @import "//fonts.example/f.css"; p { background: url(x.png) }'
    )
    read = pages(tmp_path)
    assert list(dead_links(read)) == ["a.html: #gone", "a.html: b.html"]
    assert list(loaded_from_elsewhere(tmp_path, read)) == [
        "a.html: https://cdn.example/x.js",
        "a.css: //fonts.example/f.css",
    ]
    assert read[tmp_path / "a.html"].hidden == ["xenfusa-x"]


@pytest.mark.parametrize(
    ("builder", "theme"),
    [
        ("html", "basic"),
        ("html", "furo"),
        ("html", "sphinx_rtd_theme"),
        ("html", "pydata_sphinx_theme"),
        ("dirhtml", "furo"),
        ("singlehtml", "basic"),
    ],
)
def test_pages_for_a_browser(build: Callable[..., Built], builder: str, theme: str) -> None:
    out = built_with(build, builder, html_theme=theme).out
    read = pages(out)
    assert list(dead_links(read)) == []
    assert list(loaded_from_elsewhere(out, read)) == []
    said = " ".join(page.words for page in read.values())
    assert [words for words in WORDS if words not in said] == []
    assert [name for page in read.values() for name in page.hidden if "xenfusa" in name or "need" in name] == []


def test_our_part_of_a_page_has_no_script(build: Callable[..., Built]) -> None:
    out = built_with(build, "html").out
    for name in ("parts/reqs.html", "parts/views.html"):
        body = re.search(
            r'<div class="body" role="main">(.*?)<div class="clearer">', (out / name).read_text("utf-8"), re.DOTALL
        )
        assert body is not None
        assert re.findall(r"<script|<style|<iframe|<object|\son\w+=", body[1]) == []
        assert ("<details" in body[1]) is (name in ("parts/reqs.html", "parts/views.html"))


def test_a_book(build: Callable[..., Built]) -> None:
    out = built_with(build, "epub").out
    read = pages(out, "xhtml")
    assert list(dead_links(read)) == []
    assert list(loaded_from_elsewhere(out, read)) == []
    said = " ".join(page.words for page in read.values())
    assert [words for words in WORDS if words not in said] == []


def test_plain_text(build: Callable[..., Built]) -> None:
    out = built_with(build, "text").out
    said = (out / "parts" / "reqs.txt").read_text("utf-8") + (out / "parts" / "views.txt").read_text("utf-8")
    # Words are broken over lines, and borders of tables stand between them.
    letters = re.sub(r"[\s|+=-]", "", said)
    # In a narrow column the next cell stands between the halves of a long word.
    whole = [words for words in WORDS if words != "SCHEDOP_shutdown"]
    assert [words for words in whole if re.sub(r"[\s|+=-]", "", words) not in letters] == []
    assert "<details" not in said


def tex_faults(tex: str) -> list[str]:
    """Where the structure of a TeX document is broken: environments, braces, nodes that no writer wrote."""
    body = tex.partition(r"\begin{document}")[2].partition(r"\end{document}")[0]
    body = re.sub(r"\\begin\{sphinxVerbatim\}.*?\\end\{sphinxVerbatim\}", "", body, flags=re.DOTALL)
    body = re.sub(r"(?<!\\)%.*", "", body)
    faults, open_ones = [], list[str]()
    for kind, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", body):
        if kind == "begin":
            open_ones.append(name)
        elif not open_ones or open_ones.pop() != name:
            faults.append(f"\\end{{{name}}}")
    faults += open_ones
    depth = 0
    for brace in re.findall(r"[{}]", re.sub(r"\\[\\{}]", "", body)):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            faults.append("}")
            depth = 0
    faults += ["{"] * depth
    return faults + re.findall(r"</?(?:details|summary|table|div|span)\b", body)


@pytest.mark.parametrize("broken", [r"\begin{a}\end{b}", r"\begin{a}", "{", "}", "<details>"])
def test_a_broken_structure_is_seen(broken: str) -> None:
    assert tex_faults(r"\begin{document}" + broken + r"\end{document}") != []


def test_paper(build: Callable[..., Built]) -> None:
    out = built_with(build, "latex").out
    (path,) = out.glob("*.tex")
    tex = path.read_text("utf-8")
    assert tex_faults(tex) == []
    said = re.sub(r"\\sphinxhyphen\{\}|\\-|\\allowbreak|\\sphinxbreak|\{\}", "", tex)
    said = re.sub(r"\\sphinxtitleref|\\sphinxstylestrong", "", said).replace("\\", "")
    for words in (
        "SCHEDOP_shutdown",
        "diverges (D1)",
        "all platforms of 1 to 4 domains",
        "drop guard",
        "checkmark",
        "≠",
    ):
        assert words in said, words
    # Every reference of ours has its label.
    labels = set(re.findall(r"\\label\{\\detokenize\{([^}]*)\}\}", tex))
    named = set(re.findall(r"\\hyperref\[\\detokenize\{([^}]*)\}\]", tex))
    assert named
    assert named <= labels


DOCS = Path(__file__).parents[2] / "docs"
WITHOUT_TESTS = "xenfusa.test_report,xenfusa.test_run,xenfusa.expected_test"


@pytest.fixture(scope="module")
def doctrees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of our own documentation: read once, by whichever builder comes first, as in a folder where people build."""
    return tmp_path_factory.mktemp("doctrees")


@pytest.mark.parametrize("builder", ["singlehtml", "epub", "latex"])
def test_our_own_documentation(builder: str, tmp_path: Path, doctrees: Path) -> None:
    """The largest project that we have; without running any claim, and without test reports.

    `make html` builds the pages themselves, and .ci/run looks for dead links in them.
    """
    out = tmp_path / builder
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-j", "2", "-b", builder, "-d", str(doctrees)]
    settings = ["-D", "xenfusa_confirm=off", "-D", f"suppress_warnings={WITHOUT_TESTS}"]
    # Those of an earlier `make html` may be stale by now.
    settings += ["-D", "xenfusa_test_reports=no.xml", "-D", "xenfusa_test_runs=no.yaml"]
    done = subprocess.run([*command, *settings, str(DOCS), str(out)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if builder == "latex":
        (path,) = out.glob("*.tex")
        assert tex_faults(path.read_text("utf-8")) == []
    else:
        read = pages(out, "xhtml" if builder == "epub" else "html")
        assert list(dead_links(read)) == []
        assert list(loaded_from_elsewhere(out, read)) == []
