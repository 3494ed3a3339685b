"""Reports that were written to deceive or to fill the memory, in every dialect."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sphinx_xenfusa.evidence import reports
from sphinx_xenfusa.evidence.content import Limits, opened
from sphinx_xenfusa.evidence.junit import ATTRIBUTE_LIMIT, RESULT_LIMIT, TAG_LIMIT, WORD_LIMIT
from sphinx_xenfusa.evidence.reports import read_report
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.states import Outcome

DATA = Path(__file__).parent / "data"
XML = sorted(DATA.glob("*.xml"))
ALL = sorted(path for path in DATA.iterdir() if path.suffix != ".md")
HEAD = '<testsuites><testsuite name="pytest" tests="{}" failures="{}" errors="0" skipped="0">'
TAIL = "</testsuite></testsuites>"


def read(text: str | bytes, folder: Path) -> Report:
    path = folder / "results.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_report(path, folder)


def refused(report: Report) -> bool:
    """Whether nothing in a report counts, and the reason stands in one line."""
    counts = any(case.outcome is not Outcome.NOT_RUN for case in report.cases)
    return bool(report.error) and "\n" not in report.error and not counts


def plain_name(report: Report) -> str:
    """The name of a case that needs no escapes."""
    return next(case.name for case in report.cases if re.fullmatch(r"[\w. ]+", case.name))


def body(text: str) -> str:
    """An XML sample without its declaration."""
    return text.partition("?>")[2] if text.startswith("<?xml") else text


@pytest.mark.parametrize("sample", XML, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "prologue",
    [
        "<!DOCTYPE a>",
        '<!DOCTYPE a [<!ENTITY b "c">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        "<!-- " + "x" * 70_000 + " -->\n<?b?><!DOCTYPE a>",
        "<!-- x -->\n" * 7_000 + "<!DOCTYPE a>",
    ],
    ids=["plain", "entity", "external", "after a long comment", "after many comments"],
)
def test_a_document_type_is_refused_in_every_dialect(sample, prologue, tmp_path):
    report = read('<?xml version="1.0"?>' + prologue + body(sample.read_text("utf-8")), tmp_path)
    assert refused(report)
    assert "a document type or entity declaration" in report.error


@pytest.mark.parametrize("sample", ALL, ids=lambda path: path.name)
def test_no_encoding_but_utf_8_is_believed(sample, tmp_path):
    text = sample.read_text("utf-8")
    good = read(text, tmp_path)
    marked = read(text.encode("utf-8-sig"), tmp_path)
    assert (marked.error, marked.cases) == ("", good.cases)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"):
        assert refused(read(text.encode(encoding), tmp_path)), encoding
    name = plain_name(good)
    lie = text.replace(name, name + "é").encode("latin-1")
    report = read(lie, tmp_path)
    assert refused(report)
    assert "the byte 0xe9" in report.error


@pytest.mark.parametrize("sample", ALL, ids=lambda path: path.name)
@pytest.mark.parametrize("control", ["\0", "\x01", "\x08", "\x1b", "\x7f", "\x9b", "\ufffe", "\u202e"], ids=ascii)
def test_control_characters_are_refused_or_shown_as_escapes(sample, control, tmp_path):
    text = sample.read_text("utf-8")
    name = plain_name(read(text, tmp_path))
    report = read(text.replace(name, name + control), tmp_path)
    assert refused(report) or control != "\0"
    for case in report.cases:
        assert all(
            one.isprintable() or one in "\n\t" for one in case.name + case.classname + case.message + case.output
        )


@pytest.mark.parametrize("sample", ALL, ids=lambda path: path.name)
def test_a_name_of_a_megabyte_is_cut(sample, tmp_path):
    text = sample.read_text("utf-8")
    good = read(text, tmp_path)
    name = plain_name(good)
    report = read(
        text.replace(f'"{name}"', f'"{name}{"x" * 1_000_000}"').replace(f" {name}\n", f" {name}{'x' * 1_000_000}\n"),
        tmp_path,
    )
    assert report.error == ""
    assert any("more characters, sha256" in case.name for case in report.cases)
    assert len(repr(report)) < len(repr(good)) + 50_000
    assert [case.outcome for case in report.cases].count(Outcome.PASSED) <= [case.outcome for case in good.cases].count(
        Outcome.PASSED
    )


@pytest.mark.parametrize("size", [10, 70_000, 1_000_000])
@pytest.mark.parametrize("wrong", ["</a>", "\udcff", "\0", "<!DOCTYPE a>", ""], ids=ascii)
def test_the_digest_of_a_faulty_report_is_that_of_the_whole_file(size, wrong, tmp_path):
    text = HEAD.format(1, 0) + '<testcase classname="c" name="a"/>' + " " * size + wrong + "\n" * size
    data = text.encode("utf-8", "surrogateescape")
    report = read(data, tmp_path)
    assert refused(report)
    assert report.sha256 == hashlib.sha256(data).hexdigest()


ATTRIBUTES = " ".join(f'a{i}=""' for i in range(ATTRIBUTE_LIMIT + 1))
NAMES = "".join(f"<a{i}/>" for i in range(WORD_LIMIT + 1))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HEAD.format(1, 0) + f'<testcase classname="c" name="{"x" * TAG_LIMIT}"/>' + TAIL, "a tag of more than"),
        (HEAD.format(0, 0) + f"<!--{'x' * TAG_LIMIT}-->" + TAIL, "a tag of more than"),
        (HEAD.format(1, 0) + f'<testcase classname="c" name="a" {ATTRIBUTES}/>' + TAIL, "1,003 attributes"),
        (HEAD.format(1, 0) + f'<testcase classname="c" name="a"><x>{NAMES}</x></testcase>' + TAIL, "<x> in <testcase>"),
        (f"<robot><suite>{NAMES}</suite></robot>", "different names of elements"),
        (
            HEAD.format(1, 0) + '<testcase classname="c" name="a">' + "<failure/>" * (RESULT_LIMIT + 1),
            "more than 1,000 results",
        ),
        ("[" + "[]," * 2_000_000 + "[]]", "more than 2,000,000 opening brackets"),
        ("1..1\nok 1 " + "x" * 5_000_000, "a very long line"),
    ],
    ids=["tag", "comment", "attributes", "foreign names", "names", "results", "json", "tap"],
)
def test_what_would_fill_the_memory_is_an_error(text, found, tmp_path):
    report = read(text, tmp_path)
    assert refused(report)
    assert found in report.error


def test_too_many_properties_are_an_error(tmp_path):
    path = tmp_path / "r.xml"
    properties = "".join(f'<property name="p{i}" value="{"x" * 900}"/>' for i in range(5_000))
    text = f'{HEAD.format(1, 0)}<testcase classname="c" name="a"><properties>{properties}</properties></testcase>{TAIL}'
    path.write_text(text, encoding="utf-8")
    assert read_report(path, tmp_path).error == ""
    report = read_report(path, tmp_path, limits=Limits(cases=1))
    assert "bytes of names and properties" in report.error
    assert refused(report)


BOUNDED = """
import resource, sys
from pathlib import Path
from sphinx_xenfusa.evidence.reports import read_report
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 60 * 2**20,) * 2)
report = read_report(Path(sys.argv[1]), Path(sys.argv[1]).parent)
print(report.error, [case.outcome.name for case in report.cases])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the memory as Linux does")
@pytest.mark.parametrize(
    ("head", "piece", "tail", "answer"),
    [
        (
            HEAD.format(1, 0) + '<testcase classname="c" name="a"><system-out>',
            "x &lt;\n",
            "</system-out></testcase>" + TAIL,
            " ['PASSED']",
        ),
        (
            HEAD.format(1, 1) + '<testcase classname="c" name="a"><failure><![CDATA[',
            "x <\n",
            "]]></failure></testcase>" + TAIL,
            " ['FAILED']",
        ),
        (HEAD.format(1, 0) + '<testcase classname="c" name="', "x ", '"/>' + TAIL, "a tag of more than"),
        ("1..1\nok 1\n# ", "x" * 1_000 + "\n# ", "\n", " ['PASSED']"),
    ],
    ids=["text", "CDATA", "attribute", "TAP"],
)
def test_a_report_that_is_larger_than_the_memory_is_read(head, piece, tail, answer, tmp_path):
    path = tmp_path / "results.txt"
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        for _ in range(80):
            file.write(piece * (2**20 // len(piece)))
        file.write(tail)
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert answer in done.stdout, done.stderr


def test_more_than_the_memory_holds_is_an_error_of_the_report(tmp_path, monkeypatch):
    def full(content: object) -> object:
        raise MemoryError

    monkeypatch.setattr(reports, "_dialect", full)
    report = read("<testsuites/>", tmp_path)
    assert report.error == "results.txt: found more than the memory holds; expected a test report"


@pytest.mark.parametrize("change", ["in place", "cut", "grown", "too large"])
def test_a_file_that_changes_between_two_passes_is_refused(change, tmp_path):
    path = tmp_path / "r.xml"
    path.write_bytes(b"a" * 300_000)
    with opened(path, tmp_path, Limits(size=400_000), "a report") as content:
        first = content.chunks()
        assert [next(first), next(first)]
        first.close()
        assert content.sha256 == ""
        with path.open("r+b") as file:
            if change == "in place":
                file.seek(70_000)
                file.write(b"b")
            elif change == "cut":
                file.truncate(100_000)
            else:
                file.seek(0, os.SEEK_END)
                file.write(b"a" * (50_000 if change == "grown" else 150_000))
        if change == "grown":  # what was read before is still there, and what is judged is what is hashed
            assert sum(map(len, content.chunks())) == 350_000
            return
        with pytest.raises(InputError, match="400,000 bytes" if change == "too large" else "changed while it was read"):
            list(content.chunks())


DECORATED = f"""<?xml version="1.0"?><!-- {HEAD.format(0, 0)}{TAIL} -->
{HEAD.format(3, 1)}<?pi <testcase classname="c" name="z"/> ?>
<testcase classname="c" name="a"><!-- <failure/> --><failure><![CDATA[</failure></testcase>{TAIL}]]></failure></testcase>
<testcase classname="c" name="b"><system-out><![CDATA[<failure/>]]>]]&gt;</system-out></testcase>
<!-- <testcase classname="c" name="z"/> --><testcase classname="c" name="d"/>
{TAIL}<!-- {TAIL} -->
"""


def test_comments_and_quoted_markup_are_not_results_and_no_prefix_shows_more(tmp_path):
    whole = {case.name: case.outcome for case in read(DECORATED, tmp_path).cases}
    assert whole == {"a": Outcome.FAILED, "b": Outcome.PASSED, "d": Outcome.PASSED}
    complete = len(DECORATED[: DECORATED.rindex("<!--")].encode())
    path = tmp_path / "results.txt"
    for end in reversed(range(len(DECORATED.encode()))):
        os.truncate(path, end)
        report = read_report(path, tmp_path)
        if report.error:
            assert refused(report)
        else:
            assert end >= complete
            assert {case.name: case.outcome for case in report.cases} == whole
