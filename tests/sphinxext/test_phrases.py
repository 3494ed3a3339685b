"""Phrases are written twice, as nodes and as HTML at once; both have to say the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sphinx.builders import Builder
from tests_support import Built, requirement

from sphinx_xenfusa.sphinxext.fragments import html_of
from sphinx_xenfusa.sphinxext.phrases import (
    Code,
    HtmlWriter,
    NodeWriter,
    Phrase,
    Placed,
    Ref,
    State,
    Strong,
    found_by_search,
)
from sphinx_xenfusa.trace.record import Place
from sphinx_xenfusa.trace.states import Result


def _relative(fromdoc: str, todoc: str) -> str:
    return "../" * (len(PurePosixPath(fromdoc).parts) - 1) + f"{todoc}.html"


BUILDER = cast(Builder, SimpleNamespace(get_relative_uri=_relative, format="html", name="html"))
WORDS = st.text(st.sampled_from("ab<>&\"'~1 \t\n…é\u202e"), min_size=1)
PHRASES = st.one_of(
    WORDS,
    st.builds(Strong, WORDS),
    st.builds(Code, WORDS),
    st.builds(State, st.sampled_from(Result), st.one_of(st.just(""), WORDS)),
    st.builds(Placed, WORDS, st.builds(Place, WORDS, st.just(3))),
    st.builds(Ref, WORDS, st.sampled_from(["page", "a/page", "b/page"]), WORDS, WORDS, st.booleans()),
)
SAID = st.lists(PHRASES)


@given(SAID)
def test_html_at_once_is_the_html_of_the_nodes(said: list[Phrase]) -> None:
    at_once, nodes = HtmlWriter(BUILDER, "a/page"), NodeWriter(BUILDER, "a/page")
    assert at_once.inline(said) == html_of(nodes.inline(said))
    assert at_once.paragraph(said, "one", "two") == html_of([nodes.paragraph(said, "one", "two")])


@given(st.lists(st.tuples(WORDS, SAID)))
def test_facts_at_once_are_the_facts_of_the_nodes(facts: list[tuple[str, list[Phrase]]]) -> None:
    at_once, nodes = HtmlWriter(BUILDER, "page").facts(facts), NodeWriter(BUILDER, "page").facts(facts)
    assert at_once == html_of([nodes])
    assert at_once.count("<dd") == sum(bool(said) for _, said in facts)


@given(SAID)
def test_no_word_becomes_markup(said: list[Phrase]) -> None:
    tags = set(re.findall(r"<\s*/?\s*([^\s>]*)", HtmlWriter(BUILDER, "page").inline(said)))
    assert tags <= {"strong", "span", "code", "a"}


def test_the_search_finds_what_authors_wrote_and_tags() -> None:
    said: list[Phrase] = [
        Strong("Below: "),
        State(Result.NONE),
        "their words",
        Code("page.rst:1"),
        Ref("A~a~1", "page", "x", ""),
    ]
    assert found_by_search([said]).split() == ["their", "words", "A~a~1"]


@pytest.mark.parametrize(("builder", "page"), [("html", "sub/other.html"), ("singlehtml", "index.html")])
def test_evidence_links_to_another_document(build: Callable[..., Built], builder: str, page: str) -> None:
    files: dict[str, Any] = {
        "index.rst": "Page\n====\n\n.. toctree::\n\n   sub/other\n\n" + requirement("up"),
        "sub/other.rst": "Other\n=====\n\n" + requirement("down", options=":covers: XenArch~up~1"),
    }
    built = build(files, builder=builder)
    covers = re.search(r"<dt[^>]*>Covers<.*?</dd>", built.page(page), re.DOTALL)
    assert covers is not None
    wanted = "../index.html#XenArch~up~1" if builder == "html" else "#XenArch~up~1"
    assert f'href="{wanted}"' in covers[0]
    assert 'id="XenArch~up~1"' in built.page("index.html")


def test_words_of_an_author_stay_words_on_the_page_and_are_found(build: Callable[..., Built]) -> None:
    options = ":rationale: Gremlins <script>alert(1)</script> & co\n:comment: plain"
    built = build({"index.rst": "Page\n====\n\n" + requirement(options=options)})
    page = built.page("index.html")
    evidence = page[page.index('<div class="xenfusa-evidence') :]
    assert "Gremlins &lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in evidence
    assert "<script>alert" not in page
    assert "gremlin" in (built.out / "searchindex.js").read_text("utf-8")
