from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.interop.scan import Limits, scan
from sphinx_xenfusa.trace.linker import link
from sphinx_xenfusa.trace.record import Place

XEN = Path(__file__).resolve().parents[2] / "../shared/data/xen-docs-fusa"


def item(name: str) -> str:
    return f"Title\n-----\n\n`XenProd~{name}~1`\n\nDescription:\nXen shall {name}.\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for file in ("b/two.rst", "a/ten10.rst", "a/ten9.rst", "a/.hidden/no.rst", "one.rst"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(item(Path(file).stem))
    (root / "picture.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "outside.rst").write_text(item("outside"))
    return root


def names(root: Path, *paths: Path) -> list[str]:
    scanned = scan(paths, root)
    assert scanned.findings == ()
    assert [found.place.file for found in scanned.items] == list(scanned.files)
    return [found.tag.name for found in scanned.items]


def test_a_folder_is_read_in_the_order_of_its_names_hidden_and_other_files_left_out(tree: Path) -> None:
    assert names(tree, tree) == ["ten9", "ten10", "two", "one"]


def test_the_order_and_repetition_of_arguments_do_not_matter(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "b")
    assert names(tree, tree / "one.rst", Path("two.rst"), Path("../a"), tree / "a", Path("../one.rst")) == [
        "ten9",
        "ten10",
        "two",
        "one",
    ]


@pytest.mark.parametrize("argument", ["../outside.rst", "a/../../outside.rst", ".."])
def test_what_stands_outside_of_the_root_is_refused_and_the_rest_is_read(tree: Path, argument: str) -> None:
    scanned = scan([tree / argument, tree / "one.rst"], tree)
    assert scanned.files == ("one.rst",)
    (finding,) = scanned.findings
    assert finding.subtype == "input"
    assert finding.place is not None
    assert finding.place.file in ("../outside.rst", "..")
    assert "out of the root" in finding.message


def test_symbolic_links_are_followed_within_the_root_only(tree: Path, tmp_path: Path) -> None:
    (tree / "a/out.rst").symlink_to(tmp_path / "outside.rst")
    (tree / "a/out").symlink_to(tmp_path)
    (tree / "a/nowhere.rst").symlink_to(tree / "gone.rst")
    (tree / "a/again.rst").symlink_to(tree / "one.rst")
    (tree / "a/circle").symlink_to(tree / "a")
    (tree / "a/self.rst").symlink_to(tree / "a/self.rst")
    (tree / "a/picture").symlink_to(tmp_path / "outside.png")
    scanned = scan([tree / "a"], tree)
    assert scanned.files == ("a/ten9.rst", "a/ten10.rst", "one.rst")
    assert [(finding.subtype, str(finding.place)) for finding in scanned.findings] == [
        ("input", "a/nowhere.rst:1"),
        ("input", "a/out:1"),
        ("input", "a/out.rst:1"),
        ("input", "a/self.rst:1"),
    ]


def test_a_link_to_a_folder_elsewhere_in_the_root_is_followed(tree: Path) -> None:
    (tree / "b/more").symlink_to(tree / "a")
    assert names(tree, tree / "b") == ["ten9", "ten10", "two"]


def test_a_glob_that_matches_nothing_or_leads_out_is_a_finding(tree: Path) -> None:
    scanned = scan([tree / "one.rst"], tree, sources=["../*.rst", "/etc/*", "src/**/*.c", "a/*.rst"])
    assert scanned.files == ("a/ten9.rst", "a/ten10.rst", "one.rst")
    assert [finding.about for finding in scanned.findings] == ["../*.rst", "/etc/*", "src/**/*.c"]


@pytest.mark.parametrize("content", [b"a\0b", b"x" * 1000])
def test_a_file_that_cannot_be_read_is_a_finding_and_the_rest_is_read(tree: Path, content: bytes) -> None:
    (tree / "a/ten9.rst").write_bytes(content)
    scanned = scan([tree], tree, limits=Limits(file_bytes=500))
    assert [found.tag.name for found in scanned.items] == ["ten10", "two", "one"]
    (finding,) = scanned.findings
    assert (finding.subtype, finding.place) == ("input", Place("a/ten9.rst", 1))


def test_what_is_missing_or_no_file_is_a_finding(tree: Path) -> None:
    os.mkfifo(tree / "pipe.rst")
    scanned = scan([tree / "gone", tree / "picture.png", tree / "pipe.rst", tree / "one.rst"], tree)
    assert [found.tag.name for found in scanned.items] == ["one"]
    assert [finding.about for finding in scanned.findings] == ["gone", "picture.png", "pipe.rst"]


def test_there_is_a_limit_of_files(tree: Path) -> None:
    scanned = scan([tree], tree, limits=Limits(files=2))
    assert len(scanned.files) == 2
    assert ["found more than 2 files" in finding.message for finding in scanned.findings] == [True]


@pytest.mark.parametrize("name", ["a\nb.rst", "a\u202eb.rst", "a\udcffb.c", "a\x1bb.md"])
def test_a_file_name_that_cannot_be_shown_is_refused(tree: Path, name: str) -> None:
    (tree / name).write_text(item("x") + "[impl->dsn~a~1]")
    scanned = scan([tree], tree)
    assert len(scanned.files) == 4
    (finding,) = scanned.findings
    assert finding.about.isprintable()
    assert "cannot be shown" in finding.message


SUFFIXES = ["rst", "md", "c", "xml", "oreqm", "dts"]
WHOLE = (
    "Title\n-----\n\n`req~a~1`\n\nText, more.\n\nRationale:\nWhy.\n\nCovers:\n\n- `feat~x~1`\n- `feat~x~1`\n\nNeeds: dsn\n\n"
    "Tags: a, b\n\nStatus: draft\n\nOther\n-----\n\narch --> dsn : req~b~1\n\n.. [doc->req~a~1]\n\n<!-- [doc->req~a~1] -->\n"
)


@pytest.mark.parametrize("suffix", ["rst", "md", "c"])
def test_line_ends_byte_order_mark_and_trailing_blanks_change_nothing(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a.{suffix}"
    file.write_text(WHOLE)
    plain = scan([file], tmp_path)
    assert len(plain.items) == {"rst": 3, "md": 3, "c": 2}[suffix]
    for text in (WHOLE.replace("\n", "\r\n"), "\ufeff" + WHOLE, WHOLE.replace("\n", " \t\n"), WHOLE + "\n\n \n"):
        file.write_bytes(text.encode())
        assert scan([file], tmp_path) == plain


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(SUFFIXES),
    st.binary()
    | st.lists(st.sampled_from([*WHOLE.encode().splitlines(), b"\xff", b"\0", b"<specdocument>", b"<a>"])).map(
        b"\n".join
    ),
)
def test_no_bytes_break_the_scan(tmp_path: Path, suffix: str, data: bytes) -> None:
    file = tmp_path / f"any.{suffix}"
    file.write_bytes(data)
    scanned = scan([file], tmp_path)
    file.unlink()
    assert all(finding.place is not None and finding.place.line >= 1 for finding in scanned.findings)


@pytest.mark.parametrize("suffix", ["rst", "md"])
def test_bytes_that_are_no_utf_8_are_a_finding_and_the_rest_is_read(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(WHOLE.encode().replace(b"Why.", b"W\xe4rum."))
    scanned = scan([tmp_path], tmp_path)
    assert [str(one.tag) for one in scanned.items][:2] == ["req~a~1", "arch~b~1"]
    (finding,) = scanned.findings
    assert (finding.subtype, finding.place) == ("input", Place(f"a.{suffix}", 9))
    assert "0xe4" in finding.message


@pytest.mark.parametrize("data", ["`req~a~1`".encode("utf-16"), b"`req~a~1`\n\0\n"])
def test_what_is_no_text_is_a_finding(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.md").write_bytes(data)
    scanned = scan([tmp_path], tmp_path)
    assert scanned.items == ()
    assert [finding.subtype for finding in scanned.findings] == ["input"]


def test_ten_thousand_items_are_scanned_fast(tmp_path: Path) -> None:
    """Less than half a second on an idle machine; the bound leaves room for a busy one."""
    for number in range(200):
        (tmp_path / f"{number}.rst").write_text("\n".join(item(f"r{number}.{one}") for one in range(50)))
    before = time.process_time()
    scanned = scan([tmp_path], tmp_path)
    assert time.process_time() - before < 4
    assert (len(scanned.items), scanned.findings) == (10_000, ())


@pytest.mark.shared
def test_xens_own_tree_is_scanned_whole() -> None:
    if not XEN.is_dir():
        pytest.skip(f"needs Xen's docs/fusa in {XEN}")
    scanned = scan([XEN], XEN)
    assert scanned.findings == ()
    assert len(scanned.items) == 61
    linked = link(scanned.items)
    assert (len(linked.links), linked.findings) == (64, ())
