"""``xenfusa audit pdf``: a folder of pages becomes one document, whose references name the pages that they lead to."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import needs_a_browser
from click.testing import CliRunner

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.interop.paper import Imprint, chapters_of, document
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
<h2 id="far">Far</h2><p>Back to <a href="index.html">the first</a>.</p></div></body></html>"""


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


def test_pages_become_chapters_in_reading_order(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "a-page-of-evidence.html").write_text("<div role=main><h1>Evidence</h1></div>")
    chapters = chapters_of(made)
    assert [one.title for one in chapters] == ["First", "Second", "Evidence"]
    text = document(chapters, Imprint("P", "1", [("Commit", 'a"b\\')]), [], {"p2-far": 7})
    assert re.search(r'<a href="#p2-far" data-kind="page">the far place</a><span class="at">p.7</span>', text)
    assert re.search(r"<text>drawn</text></a><text>whole</text></svg>", text), "HTML within a drawing would end it"
    assert '<a href="https://xen.org/x" data-kind="elsewhere">' in text
    assert 'data-file="data.xml"' in text
    assert "folded words" in text
    for dropped in ("<details", "<script", "ran", ">way<", "¶"):
        assert dropped not in text, dropped
    assert r'content: "a\000022b\00005c"' in text


@needs_a_browser
def test_the_printed_document(tmp_path: Path) -> None:
    from pypdf import PdfReader

    made = folder(tmp_path)
    done = run(made, "--out", tmp_path / "a.pdf")
    assert done.returncode == 0, done.stderr
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(tmp_path / "a.pdf").pages]
    assert "A project 4.20" in pages[0]
    assert "0123abc" in pages[0]
    assert "SHA-256" in pages[0]
    assert "Contents" in pages[1]
    far = next(number for number, text in enumerate(pages, start=1) if "Back to the first" in text)
    assert far > 6
    first = next(text for text in pages if "See the far place" in text)
    assert f"the far place p.{far}" in first
    assert "<https://xen.org/x>" in first
    assert "folded words" in first
    for number, text in enumerate(pages[1:], start=2):
        assert f"Page {number} of {len(pages)}" in text
        assert "A project 4.20" in text
        assert "0123abc" in text
    # Whole rows, under their heading on each page.
    with_rows = [text for text in pages if "row " in text]
    assert all(re.search(r"Na ?me What", text) for text in with_rows)
    for text in with_rows:
        assert text.count("words") == 60 * len(re.findall(r"row \d+", text))
    assert run(made, "--out", tmp_path / "b.pdf").returncode == 0
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


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


@pytest.mark.parametrize("missing", ["index.html", "xenfusa/trace.json"])
def test_a_folder_that_is_none_is_one_error(tmp_path: Path, missing: str) -> None:
    made = folder(tmp_path)
    (made / missing).unlink()
    told = CliRunner().invoke(main, ["audit", "pdf", str(made)])
    assert (told.exit_code, told.output.count("\n")) == (2, 1)
    assert missing.rpartition("/")[2] in told.output
