"""After any edit, the pages are those of a build from nothing."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
from test_pages import MATRIX, TITLE, report, rows
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.confirm.register import REGISTER
from sphinx_xenfusa.explore.verdict import VerdictKind

INDEX = TITLE + ".. toctree::\n\n   pa\n   pb\n   pc\n" + MATRIX
EMPTY = TITLE + "Nothing.\n"
PAGES = ("index.html", "pa.html", "pb.html", "pc.html", "objects.inv", "xenfusa/trace.json")


def pages(built: Built) -> dict[str, bytes]:
    return {name: (built.out / name).read_bytes() for name in PAGES}


@pytest.fixture
def from_nothing(build: Callable[..., Built], tmp_path: Path) -> Callable[..., Built]:
    """Builds a copy of the sources in a folder of its own."""
    numbers: Iterator[int] = count()

    def run(**settings: object) -> Built:
        folder = f"copy{next(numbers)}"
        shutil.copytree(tmp_path / "docs", tmp_path / folder)
        return build(folder=folder, **settings)

    return run


@pytest.mark.parametrize(
    ("before", "edit"),
    [
        pytest.param({"pb": requirement()}, {"pa": requirement(), "pb": EMPTY}, id="moved to a page read earlier"),
        pytest.param({"pa": requirement()}, {"pb": requirement(), "pa": EMPTY}, id="moved to a page read later"),
        pytest.param({"pa": requirement(), "pb": requirement(text="Two.")}, {"pa": EMPTY}, id="first copy removed"),
        pytest.param({"pa": requirement(), "pb": requirement(text="Two.")}, {"pb": EMPTY}, id="second copy removed"),
        pytest.param({"pb": requirement()}, {"pa": requirement(text="Two.")}, id="copy added before"),
        pytest.param({"pa": requirement()}, {"pb": requirement(text="Two.")}, id="copy added behind"),
        pytest.param(
            {"pa": requirement("a", options=":covers: XenArch~b~1"), "pb": requirement("b", options=":needs: XenArch")},
            {"pb": EMPTY, "pc": requirement("b", options=":needs: XenArch")},
            id="what another covers moved",
        ),
        pytest.param(
            {"pa": "See :xen:req:`XenArch~b~1`.\n", "pb": requirement("b")},
            {"pb": EMPTY, "pc": requirement("b")},
            id="what a page links to moved",
        ),
    ],
)
def test_requirements_that_move(
    build: Callable[..., Built], from_nothing: Callable[..., Built], before: Mapping[str, str], edit: Mapping[str, str]
) -> None:
    files = {"index.rst": INDEX, **{f"{name}.rst": EMPTY for name in ("pa", "pb", "pc")}}
    build(files | {f"{name}.rst": TITLE + text for name, text in before.items()})
    edited = build({f"{name}.rst": text if text == EMPTY else TITLE + text for name, text in edit.items()})
    fresh = from_nothing()
    assert pages(edited) == pages(fresh)
    assert edited.types() == fresh.types()


@pytest.mark.parametrize("parallel", [1, 4])
def test_no_copy_of_a_tag_looks_like_a_requirement(build: Callable[..., Built], parallel: int) -> None:
    texts = {f"p{i}.rst": f"P{i}\n==\n\n" + requirement(f"n{i}") for i in (1, 3, 4, 5, 6, 7, 8)}
    texts |= {"p2.rst": "P2\n==\n\n" + requirement(text="Two."), "p10.rst": "P10\n===\n\n" + requirement(text="Ten.")}
    toc = ".. toctree::\n   :glob:\n\n   p*\n"
    built = build({"index.rst": TITLE + toc + MATRIX, **texts}, parallel=parallel)
    for name, text in (("p2", "Two."), ("p10", "Ten.")):
        page = built.page(f"{name}.html")
        assert "Not a requirement: A title" in page
        assert "stands more than once" in page
        assert text in page
        assert "State:" not in page
        assert "need_container" not in page
    assert 'id="XenArch~hwdom_single~1"' in built.page("p2.html")
    assert 'href="p2.html#XenArch~hwdom_single~1"' in built.page("index.html")
    assert "State:" in built.page("p1.html")


def test_another_output_of_the_same_doctrees_takes_nothing_from_this_one(build: Callable[..., Built]) -> None:
    files = {"index.rst": TITLE + requirement(options=":needs: XenTest") + MATRIX}
    settings = {"doctrees": "doctrees", "xenfusa_test_reports": ["r.xml"]}
    built = build({**files, "r.xml": report(("t", "XenArch~hwdom_single~1", ""))}, **settings)
    assert rows(built.page("index.html"))[0].endswith("✓ passed")
    build({"r.xml": report(("t", "XenArch~hwdom_single~1", "<failure>no</failure>"))}, builder="text", **settings)
    assert rows(build(**settings).page("index.html"))[0].endswith("✗ failed")


def test_a_build_that_was_interrupted_is_made_good(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"index.rst": TITLE + requirement(options=":needs: XenTest") + MATRIX}
    settings = {"xenfusa_test_reports": ["r.xml"]}
    build({**files, "r.xml": report(("t", "XenArch~hwdom_single~1", ""))}, **settings)
    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("sphinx.builders.html.StandaloneHTMLBuilder.write_doc", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build({"r.xml": report(("t", "XenArch~hwdom_single~1", "<failure>no</failure>"))}, **settings)
    assert rows(build(**settings).page("index.html"))[0].endswith("✗ failed")


def test_words_of_the_register_reach_the_pages(build: Callable[..., Built]) -> None:
    files = {
        "index.rst": TITLE + requirement(options=":confirmed-by: hwdom_unprivileged"),
        "register.yaml": REGISTER.read_text("utf-8"),
    }
    settings = {
        "xenfusa_divergences": "register.yaml",
        "verdicts": (verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),),
    }
    build(files, **settings)
    reviewed = files["register.yaml"].replace("    document: ", "    document: Reviewed anew. ")
    assert "Reviewed anew." in build({"register.yaml": reviewed}, **settings).page("index.html")


def test_a_requirement_that_sphinx_needs_refuses_is_in_no_matrix(build: Callable[..., Built]) -> None:
    native = ".. req:: Native\n   :id: XenArch~hwdom_single~1\n\n   Text.\n\n"
    built = build({"index.rst": TITLE + native + requirement() + requirement("other") + MATRIX})
    assert built.types() == ["xenfusa.refused"]
    assert [row.split()[0] for row in rows(built.page("index.html"))] == ["XenArch~other~1"]


def test_a_place_in_an_included_file(
    build: Callable[..., Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside.inc").write_text("\n\n" + requirement("two", options=":covers: XenProd~none~1"), "utf-8")
    included = requirement("one", options=":covers: XenProd~none~1")
    built = build(
        {"index.rst": TITLE + ".. include:: within.inc\n\n.. include:: ../beside.inc\n", "within.inc": included}
    )
    assert [str(one.item.place) for one in built.record.items] == ["within.inc:1", "../beside.inc:3"]
    assert built.types() == ["xenfusa.orphaned"] * 2


def test_an_edit_writes_the_pages_that_show_it_and_no_others(build: Callable[..., Built]) -> None:
    files = {f"p{name}.rst": TITLE + requirement(name) for name in "abcd"}
    files |= {"linking.rst": TITLE + "See :xen:req:`XenArch~b~1`.\n", "matrix.rst": TITLE + MATRIX}
    toc = ".. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {name.removesuffix('.rst')}\n" for name in sorted(files))
    before = stamps(build({"index.rst": TITLE + toc, **files}))
    after = stamps(build({"pa.rst": TITLE + requirement("a", text="Xen shall stop.")}))
    # Sphinx writes the parents of a page again for the contents on them; index and search show nothing of a requirement's text.
    assert changed(before, after) == {"pa.html", "matrix.html", "index.html"}
    assert changed(after, stamps(build())) == set()


def stamps(built: Built) -> dict[str, int]:
    """When each page was written; those are left out that Sphinx and sphinx-needs write in every build."""
    always = {"genindex.html", "search.html", "permalink.html"}
    return {path.name: path.stat().st_mtime_ns for path in built.out.glob("*.html") if path.name not in always}


def changed(before: Mapping[str, int], after: Mapping[str, int]) -> set[str]:
    """The pages that were written again."""
    return {name for name, stamp in after.items() if before.get(name) != stamp}
