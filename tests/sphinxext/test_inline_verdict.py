"""A verdict within a sentence is the record's, in every builder, and is written again when it changes."""

import re
from collections.abc import Callable

import pytest
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind

TITLE = "Page\n====\n\n"
ITEM = requirement(options=":confirmed-by: hwdom_unprivileged")
OTHER = "Other\n=====\n\n"
VERDICTS = (
    verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
    verdict("roles_closed_set", None, VerdictKind.CONFIRMED),
)


def said(page: str) -> list[str]:
    """The list items of a page as text."""
    return [
        " ".join(re.sub(r"<[^>]+>", "", one).split()) for one in re.findall(r"<li><p>(.*?)</p></li>", page, re.DOTALL)
    ]


def files(*targets: str) -> dict[str, str]:
    lines = "".join(f"- :xen:verdict:`{target}`\n" for target in targets)
    return {"index.rst": TITLE + ".. toctree::\n\n   other\n\n" + ITEM, "other.rst": OTHER + lines}


def test_what_each_form_says_and_where_it_leads(build: Callable[..., Built]) -> None:
    built = build(
        files(
            "XenArch~hwdom_single~1",
            "hwdom_unprivileged@dummy",
            "hwdom_unprivileged@specification",
            "hwdom_unprivileged",
            "roles_closed_set",
            "The rule <roles_closed_set>",
        ),
        verdicts=VERDICTS,
    )
    assert built.warnings == []
    page = built.page("other.html")
    assert said(page) == [
        "≠ diverges",
        "≠ diverges (D1)",
        "✓ consistent (document)",
        "≠ diverges (D1)",
        "✓ confirmed, whatever the policy",
        "The rule: ✓ confirmed, whatever the policy",
    ]
    # No requirement names the claim roles_closed_set, so there is nothing to lead to.
    assert page.count('href="index.html#XenArch~hwdom_single~1"') == 4


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("XenArch~hwdom_singel~1", ["the tag of a requirement", "'XenArch~hwdom_single~1'"]),
        ("XenArch~hwdom_single", ["a tag like XenArch~name~1"]),
        ("hwdom_unprivilegd", ["a claim that is installed", "'hwdom_unprivileged'"]),
        ("hwdom_unprivileged@dumy", ["a policy under which hwdom_unprivileged runs", "'dummy'"]),
        ("roles_closed_set@dummy", ["it depends on no policy"]),
        ("<script>", ["a claim that is installed"]),
    ],
)
def test_the_unknown_is_told_and_never_green(build: Callable[..., Built], target: str, words: list[str]) -> None:
    for _ in range(2):
        built = build(files(target), verdicts=VERDICTS)
        assert built.types() == ["xenfusa.verdict"]
        assert built.warnings[0].startswith("docs/other.rst:4: WARNING: ")
        for word in words:
            assert word in built.warnings[0]
    (shown,) = said(built.page("other.html"))
    assert shown.startswith("! unknown: ")
    assert "<script>" not in built.page("other.html").partition("<body>")[2].partition('<div class="sphinxsidebar"')[0]


def test_a_tag_that_stands_twice_has_no_state(build: Callable[..., Built]) -> None:
    twice = files("XenArch~hwdom_single~1")
    built = build(twice | {"index.rst": twice["index.rst"] + ITEM}, verdicts=VERDICTS)
    assert sorted(built.types()) == ["xenfusa.duplicate", "xenfusa.verdict"]
    assert said(built.page("other.html")) == ["! stands more than once"]


def test_off_says_not_run(build: Callable[..., Built]) -> None:
    built = build(files("XenArch~hwdom_single~1", "hwdom_unprivileged@dummy", "hwdom_single"))
    assert said(built.page("other.html")) == ["– not run"] * 3


def test_a_verdict_that_changes_reaches_the_sentence(build: Callable[..., Built]) -> None:
    asked = files("XenArch~hwdom_single~1", "hwdom_unprivileged@dummy")
    build(asked, verdicts=VERDICTS)
    repaired = (VERDICTS[0], verdict("hwdom_unprivileged", "dummy", VerdictKind.CONFIRMED), VERDICTS[2])
    assert said(build(verdicts=repaired).page("other.html")) == ["✓ passed", "✓ holds"]
    moved = {"index.rst": TITLE + ".. toctree::\n\n   other\n   third\n", "third.rst": "Third\n=====\n\n" + ITEM}
    assert 'href="third.html#XenArch~hwdom_single~1"' in build(moved, verdicts=repaired).page("other.html")


@pytest.mark.parametrize(
    ("builder", "name"),
    [
        ("dirhtml", "other/index.html"),
        ("singlehtml", "index.html"),
        ("epub", "other.xhtml"),
        ("latex", "t.tex"),
        ("text", "other.txt"),
    ],
)
def test_every_builder_writes_it_in_text_and_headings(build: Callable[..., Built], builder: str, name: str) -> None:
    heading = "On :xen:verdict:`hwdom_unprivileged@dummy`"
    text = files("hwdom_unprivileged@dummy")
    built = build(
        text | {"other.rst": text["other.rst"] + f"\n{heading}\n{'-' * len(heading)}\n\nWords.\n"},
        verdicts=VERDICTS,
        builder=builder,
        parallel=2,
        epub_show_urls="no",
        copyright="nobody",
        version="1",
    )
    assert built.warnings == []
    assert len(re.findall(r"diverges\s+\(D1\)", built.page(name))) >= 2
