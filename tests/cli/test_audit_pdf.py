"""``xenfusa audit pdf``: a folder of pages becomes one document, whose references name the pages that they lead to."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from browsing import needs_a_browser
from click.testing import CliRunner

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.interop.chapter import breakable
from sphinx_xenfusa.interop.paper import Selection, paper_of
from sphinx_xenfusa.interop.paper_document import ELSEWHERE, Document, Imprint, Numbering
from sphinx_xenfusa.trace.record import Documented, TraceRecord
from sphinx_xenfusa.trace.serialise import dumps

ROWS = "".join(f"<tr><td>row {number}</td><td>{'words ' * 60}</td></tr>" for number in range(120))
INDEX = """<!doctype html><html><head><link rel="next" href="second.html"></head><body><nav>way</nav><div role="main">
<h1 id="top-of-it">First<a class="headerlink" href="#top-of-it">¶</a></h1>
<p>See <a href="second.html#far">the far place</a>, <a href="https://xen.org/x">Xen</a> and <a href="data.xml">data</a>.</p>
<svg><a href="second.html#far"><text>drawn</text></a><text>whole</text></svg>
<details><summary>More</summary><p>folded words</p></details><script>document.body.textContent = "ran"</script>
</div></body></html>"""
SECOND = f"""<!doctype html><html><body><div role="main"><h1 id="second">Second</h1>
<table class="xenfusa-table"><thead><tr><th>Name</th><th>What</th></tr></thead><tbody>{ROWS}</tbody></table>
<h2 id="far">Far</h2><p>Back to <a href="index.html">the first</a>.</p>
<table class="xenfusa-table"><caption>Across</caption>
<colgroup>{"<col>" * 8}</colgroup><thead><tr>{"<th>Head</th>" * 8}</tr></thead>
<tbody>{f"<tr>{'<td>recommendation</td>' * 7}<td>XenArch~hwdom_virtio_privileges_of_it~1</td></tr>" * 12}</tbody></table>
</div></body></html>"""
DETAILS = """<!doctype html><html><body><div role="main"><h1>Details</h1>
<p><a href="#row-2">row two</a>, <a href="https://xen.org/y">https://xen.org/y</a></p>
<table class="xenfusa-table xenfusa-survivors"><thead><tr><th>Place</th></tr></thead>
<tbody><tr><td>flipped</td></tr><tr id="row-2"><td>dropped <a href="#row-2">2</a></td></tr></tbody></table>
<details class="xenfusa-card-graph"><summary>Around</summary><svg><text>neighbour</text></svg></details>
<div class="xenfusa-stepper"><p>Witness: w</p><div class="xenfusa-drawing"><svg><text>lane</text></svg></div>
<table><caption><span>Witness, step by step</span></caption>
<tbody><tr><th>Step</th></tr><tr><td>few</td></tr></tbody></table></div>
<div class="xenfusa-stepper"><p>Witness: many</p><table><caption>Witness, step by step</caption><tbody><tr><th>Step</th></tr>
<tr><td>many</td></tr><tr><td>2</td></tr><tr><td>3</td></tr><tr><td>4</td></tr></tbody></table></div>
<div class="xenfusa-stepper"><table><caption>Divergence D1, step by step</caption><tbody><tr><th>Step</th></tr>
<tr><td>found</td></tr><tr><td>2</td></tr><tr><td>3</td></tr><tr><td>4</td></tr></tbody></table></div>
</div></body></html>"""


def folder(tmp_path: Path) -> Path:
    made = tmp_path / "html"
    (made / "xenfusa").mkdir(parents=True)
    (made / "index.html").write_text(INDEX)
    (made / "second.html").write_text(SECOND)
    (made / "data.xml").write_text("<a/>")
    commit = Documented("0123abc", dirty=False)
    record = TraceRecord("A project", "4.20", (), "dummy", "off", (), (), (), (), (), documented=commit)
    (made / "xenfusa" / "trace.json").write_text(dumps(record))
    return made


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """In a process of its own: this one may have the browser of other tests open, and Playwright allows one."""
    command = [sys.executable, "-m", "sphinx_xenfusa.cli", "audit", "pdf", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def html_of(made: Path, selection: Selection | None = None, numbering: Numbering | None = None) -> tuple[str, str]:
    """The first pages, and the first part of the chapters."""
    paper = paper_of(made, selection or Selection())
    document = Document(paper, Imprint("P", "1", [("Commit", 'a"b\\')]), [])
    return document.part(0, numbering or Numbering()), document.part(1, numbering or Numbering())


def test_pages_become_chapters_in_reading_order(tmp_path: Path) -> None:
    made = folder(tmp_path)
    for name, title in (("b", "Second claim"), ("index", "Claims"), ("a", "First claim")):
        (made / "xenfusa" / "claims").mkdir(exist_ok=True)
        (made / "xenfusa" / "claims" / f"{name}.html").write_text(f"<div role=main><h1>{title}</h1><h2>Part</h2></div>")
    chapters = paper_of(made, Selection()).chapters
    titles = ["First", "Second", "Claims", "First claim", "Second claim"]
    assert [one.title for one in chapters] == titles
    assert [one.under for one in chapters] == [False, False, False, True, True]
    front, text = html_of(made, numbering=Numbering({"p2-far": 7, "p2": 3}, (0, 2), 9))
    assert re.search(r'<a href="#p2-far" data-kind="page">the far place</a><span class="at">\(p.&nbsp;7\)</span>', text)
    assert re.search(r"<text>drawn</text></a><text>whole</text></svg>", text), "HTML within a drawing would end it"
    assert 'Xen</a><span class="url"> &lt;https://<wbr>xen' not in text, "a short address is not broken"
    assert 'Xen</a><span class="url"> &lt;https://xen.org/x&gt;</span>' in text
    assert 'data</a><span class="url"> (file data.xml)</span>' in text
    assert "folded words" in text
    for dropped in ("<details", "<script", "ran", ">way<", "¶", "\x00", "\x01"):
        assert dropped not in text.partition("<body")[2], dropped
    assert r'content: "Commit a\000022b\00005c"' in text
    # The contents: chapters and their sections, claims as sections of their index, without their own.
    entries = re.findall(r'<li class="level-(\d)"><a href="([^"]*)">(.*?)</a>', front)
    assert [(level, words) for level, _, words in entries] == [
        ("1", "First"),
        ("1", "Second"),
        ("2", "Far"),
        ("1", "Claims"),
        ("2", "Part"),
        ("2", "First claim"),
        ("2", "Second claim"),
    ]
    assert entries[2][1] == f"{ELSEWHERE}p2-far"
    assert "Everything that the folder has" in front
    _, text = html_of(made, numbering=Numbering({"p2": 3}, (0, 2), 9))
    assert '<span class="at">(p.&nbsp;3)</span>' in text, "a place that is on no page: that of its chapter"


def test_what_is_not_on_paper_is_told_where_it_stood_and_in_front(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "details.html").write_text(DETAILS)
    (made / "search.html").write_text("<div role=main><h1>Search</h1></div>")
    front, text = html_of(made, Selection(without=["second*"]))
    assert "flipped" not in text
    assert "a page, as asked for with --without" in front
    assert "Not on paper: the mutants that nothing kills, 2 rows. It is on the page details.html." in text
    assert "Not on paper: the steps of a witness, 4 rows." in text
    for kept in ("few", "found"):
        assert f"<td>{kept}</td>" in text
    assert "<td>many</td>" not in text
    assert "lane" not in text
    assert "neighbour" not in text
    assert re.search('the far place</a><span class="url"> \\(not on paper\\)', text)
    # What led to a row leads to what is told of it.
    assert re.search(r'row two</a>.*<span id="p2-row-2"></span>Not on paper', text, re.DOTALL)
    assert 'href="#p2-row-2"' in text
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>", front)
    assert [(page, many) for page, _, many in rows] == [
        ("search.html", "–"),
        ("second.html", "–"),
        ("details.html", "2"),
        ("details.html", "4"),
        ("in 1 page", "1"),
        ("in 1 page", "1"),
    ]
    _, whole = html_of(made, Selection(everything=True))
    for kept in ("flipped", "many", "lane", "neighbour", "Search"):
        assert kept in whole
    assert "Not on paper" not in whole


def test_pages_that_are_folders_are_chapters_too(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "second.html").rename(made / "aside.html")
    for name, title in (("second", "As a folder"), ("xenfusa/claims", "Claims"), ("xenfusa/claims/a", "One claim")):
        (made / name).mkdir(parents=True)
        (made / name / "index.html").write_text(
            f'<div role=main><h1>{title}</h1><a href="../aside.html#far">far</a></div>'
        )
    (made / "index.html").write_text(INDEX.replace('"second.html', '"second/'))
    chapters = paper_of(made, Selection()).chapters
    assert [(one.title, one.under) for one in chapters] == [
        ("First", False),
        ("As a folder", False),
        ("Second", False),
        ("Claims", False),
        ("One claim", True),
    ]
    assert 'href="#p2" data-kind="page">the far place' in html_of(made)[1]


def test_long_words_break_where_a_reader_expects_it() -> None:
    assert (
        breakable("XenArch~hwdom_virtio_privileges~1 of it") == "XenArch~<wbr>hwdom_<wbr>virtio_<wbr>privileges~1 of it"
    )
    assert breakable("inconclusive & diverges") == "inconclusive &amp; diverges"
    assert max(len(piece) for piece in breakable("0123abcd" * 8).split("<wbr>")) == 32


@needs_a_browser
def test_the_printed_document(tmp_path: Path) -> None:
    import pikepdf
    from pypdf import PdfReader

    made = folder(tmp_path)
    done = run(made, "--out", tmp_path / "a.pdf")
    assert (done.returncode, done.stderr) == (0, "")
    reader = PdfReader(tmp_path / "a.pdf")
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert "A project 4.20" in pages[0]
    assert "0123abc" in pages[0]
    assert "SHA-256" in pages[0]
    assert "Contents" in pages[1]
    far = next(number for number, text in enumerate(pages, start=1) if "Back to the first" in text)
    assert far > 6
    first = next(text for text in pages if "See the far place" in text)
    assert f"the far place (p. {far})" in first
    assert re.search(rf"Far \(p. {far}\)", pages[1]), "the contents have sections"
    assert "<https://xen.org/x>" in first
    assert "folded words" in first
    for number, text in enumerate(pages[1:], start=2):
        assert f"Page {number} of {len(pages)}" in text
        assert "A project 4.20" in text
        assert "Commit 0123abc" in text
        assert "Policy dummy" in text
    # Whole rows, under their heading on each page.
    with_rows = [text for text in pages if "row " in text]
    assert all("Name What" in text for text in with_rows)
    for text in with_rows:
        assert text.count("words") == 60 * len(re.findall(r"row \d+", text))
    # Many columns lie across the sheet, and break no word.
    across = [number for number, page in enumerate(reader.pages) if page.mediabox.width > page.mediabox.height]
    assert across
    assert sum(pages[number].count("recommendation") for number in across) == 7 * 12
    # The outline has the sections, too; its places, and those of the contents, are pages of this document.
    outline = [(one.title, reader.get_destination_page_number(one) + 1) for one in flat(reader.outline)]
    assert [title for title, _ in outline] == ["First", "Second", "Far"]
    assert outline[2][1] == far
    links = [one.get_object() for one in reader.pages[1]["/Annots"]]
    assert {reader.named_destinations[one["/Dest"]].page.idnum for one in links} == {
        reader.pages[page - 1].indirect_reference.idnum for _, page in outline
    }
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        tree = pdf.Root.StructTreeRoot
        keys = [int(key) for kid in tree.ParentTree.Kids for key in list(kid.Nums)[::2]]
        assert keys == sorted(set(keys))
        assert {int(page.obj.StructParents) for page in pdf.pages} <= set(keys)
        names = [str(name) for kid in tree.IDTree.Kids for leaf in kid.Kids for name in list(leaf.Names)[::2]]
        assert len(names) == len(set(names)) > 8
        assert (str(pdf.Root.Lang), str(pdf.docinfo.Title), str(pdf.docinfo.Author)) == (
            "en",
            "A project 4.20",
            "A project",
        )
        assert "/CreationDate" not in pdf.docinfo
    assert run(made, "--out", tmp_path / "b.pdf").returncode == 0
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def flat(outline: list[Any]) -> list[Any]:
    return [one for item in outline for one in (flat(item) if isinstance(item, list) else [item])]


def test_what_is_missing_is_one_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = folder(tmp_path)
    monkeypatch.setenv("XENFUSA_CHROMIUM", str(tmp_path / "none"))
    if importlib.util.find_spec("playwright") is not None:
        started = run(made)
        assert (started.returncode, started.stderr.count("\n")) == (2, 1)
        assert "apt install chromium" in started.stderr
    monkeypatch.setattr("sphinx_xenfusa.cli.printing.find_spec", lambda name: None)
    told = CliRunner().invoke(main, ["audit", "pdf", str(made)])
    assert (told.exit_code, told.output.count("\n")) == (2, 1)
    assert "pip install 'sphinx-xenfusa[pdf]'" in told.output


@needs_a_browser
def test_a_part_that_is_not_printed_is_one_error(tmp_path: Path) -> None:
    script = "from sphinx_xenfusa.cli import main, printing; printing.LONGEST = 0.001; main()"
    command = [sys.executable, "-c", script, "audit", "pdf", str(folder(tmp_path))]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, told.stderr.count("\n")) == (2, 1), told.stderr
    assert "does not print (more than 0.001 s)" in told.stderr


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ('<a href="http://[x">x</a>', "<a>x</a>"),
        ('<a href="javascript:alert(1)">x</a>', "<a>x</a>"),
        ('<a href="file:///etc/passwd">x</a>', "<a>x</a>"),
        ('<a href="%00x">x</a>', '<a data-kind="file">x</a><span class="url"> (not on paper)</span>'),
        ('<base href="/"><meta http-equiv=refresh content="0;url=x"><link rel=stylesheet href=x>x', "x"),
        ('<img src="data:image/png;base64,AA=="> x', '<img src="data:image/png;base64,AA=="> x'),
        (
            '<svg><a xlink:href="#it"><text>x</text></a></svg>',
            '<svg><a href="#p1-it" data-kind="page"><text>x</text></a></svg>',
        ),
        ('<img alt="\x01p1\x01"> x', '<img alt="\ufffdp1\ufffd"> x'),
    ],
)
def test_pages_of_others_do_nothing_on_paper(tmp_path: Path, body: str, written: str) -> None:
    (tmp_path / "index.html").write_text(f'<main role=main><h1 id="it">T</h1>{body}</main>')
    assert f'<h1 id="p1-it">T</h1>{written}</section>' in html_of(tmp_path)[1]


@pytest.mark.parametrize("picture", ["../secret.png", "%00", "https://elsewhere.example/x.png"])
def test_a_picture_is_one_of_the_folder_or_none(tmp_path: Path, picture: str) -> None:
    (tmp_path / "index.html").write_text(f'<main role=main><h1>T</h1><img src="{picture}"></main>')
    found = re.search(r'<img src="([^"]*)">', html_of(tmp_path)[1])
    assert found is not None
    there = Path(unquote(urlsplit(found[1]).path))
    assert found[1].startswith("file:///")
    assert not there.is_file()


@pytest.mark.parametrize("missing", ["index.html", "xenfusa/trace.json"])
def test_a_folder_that_is_none_is_one_error(tmp_path: Path, missing: str) -> None:
    made = folder(tmp_path)
    (made / missing).unlink()
    told = CliRunner().invoke(main, ["audit", "pdf", str(made)])
    assert (told.exit_code, told.output.count("\n")) == (2, 1)
    assert missing.rpartition("/")[2] in told.output


def test_a_pattern_that_fits_no_page_and_a_place_that_is_none_are_one_error(tmp_path: Path) -> None:
    made = folder(tmp_path)
    told = CliRunner().invoke(main, ["audit", "pdf", str(made), "--without", "no/*"])
    assert (told.exit_code, told.output.count("\n")) == (2, 1)
    assert "no page that --without 'no/*' fits" in told.output
    told = CliRunner().invoke(main, ["audit", "pdf", str(made), "--out", str(tmp_path / "none" / "a.pdf")])
    assert (told.exit_code, told.output.count("\n")) == (2, 1)
    assert "expected" in told.output
