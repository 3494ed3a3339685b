"""The short texts that evidence is made of, written as document nodes or, where a page is HTML, as HTML at once.

Ten thousand requirements have ten thousand times evidence.  As nodes each would be a hundred objects, which a dozen transforms,
the search index and the writer look at; written at once it is one node.  Both ways write the same phrases, so that they cannot
say different things.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from docutils import nodes
from sphinx.builders import Builder
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.sphinxext.builder_links import address
from sphinx_xenfusa.sphinxext.page_names import has_pages, link_to_page
from sphinx_xenfusa.trace.record import Place
from sphinx_xenfusa.trace.states import Result


class Strong(NamedTuple):
    """Words that stand out."""

    words: str


class Code(NamedTuple):
    """Words as they stand in a file."""

    words: str


class State(NamedTuple):
    """A state, as symbol and word."""

    result: Result
    words: str = ""


class Ref(NamedTuple):
    """A link: its words, the document and the place that it leads to, and what is said of it there.

    :param code: whether the words are a name as it stands in a file.
    """

    words: str
    docname: str
    anchor: str
    title: str
    code: bool = True


class Placed(NamedTuple):
    """The name of what stands on no page, with file and line."""

    words: str
    place: Place


class Paged(NamedTuple):
    """A name as a link to a page that stands in no document; bare where a builder has no such pages.

    :param page: the name of the page, with ``#`` and a place on it if need be.
    :param code: whether the words are a name as it stands in a file.
    """

    words: str
    page: str
    code: bool = True


class Break(NamedTuple):
    """The end of a line.

    :param after: nothing; it makes the tuple true.
    """

    after: str = "\n"


BREAK = Break()
"""Between two lines of one fact."""

Phrase = str | Strong | Code | State | Ref | Placed | Paged | Break
Phrases = Sequence[Phrase]
Fact = tuple[str, Phrases]
"""A name and what is said under it."""

_LONG = 16
"""A state of this many letters is broken over lines where any other words are."""

SYMBOLS = {
    Result.FAILED: "✗",
    Result.ERROR: "!",
    Result.INCONCLUSIVE: "?",
    Result.DIVERGES: "≠",
    Result.STALE: "↻",
    Result.NOT_RUN: "–",
    Result.PARTIAL: "◐",
    Result.NONE: "∅",
    Result.JUSTIFIED: "§",
    Result.NOT_APPLICABLE: "×",
    Result.PASSED: "✓",
}


def lines_of(said: Phrases) -> list[Phrases]:
    """The lines of what is said under one name."""
    if BREAK not in said:
        return [said]
    made: list[list[Phrase]] = [[]]
    for one in said:
        if one is BREAK:
            made.append([])
        else:
            made[-1].append(one)
    return [line for line in made if line]


def divided(groups: Iterable[Phrase]) -> list[Phrase]:
    """Phrases with commas between them."""
    made: list[Phrase] = []
    for phrase in groups:
        made += [", ", phrase] if made else [phrase]
    return made


def marked(result: Result, words: str = "") -> nodes.inline:
    """A state as symbol and word."""
    return nodes.inline("", _state_words(result, words), classes=_state_classes(result, words))


def marked_parts(result: Result, parts: Sequence[nodes.Node]) -> nodes.inline:
    """A state as symbol and the parts of what is said of it, such as links."""
    return nodes.inline("", "", nodes.Text(f"{SYMBOLS[result]} "), *parts, classes=_state_classes(result, _LONG * "x"))


def _state_words(result: Result, words: str) -> str:
    return f"{SYMBOLS[result]} {words or result.value}"


def _state_classes(result: Result, words: str) -> list[str]:
    """The state, and whether it may be broken over lines: symbol and word of a short one stay together."""
    long = ["xenfusa-long"] if len(words or result.value) >= _LONG else []
    return ["xenfusa-state", f"xenfusa-{result.value.replace(' ', '-')}", *long]


class NodeWriter:
    """Writes phrases as document nodes, for one page.

    :param fromdoc: the document of the page.
    """

    def __init__(self, builder: Builder, fromdoc: str) -> None:
        self._builder = builder
        self._fromdoc = fromdoc

    def inline(self, phrases: Iterable[Phrase]) -> list[nodes.Node]:
        """The phrases one after the other."""
        return [self._one(phrase) for phrase in phrases]

    def paragraph(self, phrases: Iterable[Phrase], *classes: str) -> nodes.paragraph:
        """The phrases as a paragraph."""
        made = nodes.paragraph(classes=list(classes))
        made += self.inline(phrases)
        return made

    def facts(self, facts: Iterable[Fact], *classes: str) -> nodes.field_list:
        """The facts as a list of fields; those of which nothing is said are left out."""
        made = nodes.field_list(classes=["xenfusa-facts", *classes])
        for name, said in facts:
            if said:
                lines = map(self.paragraph, lines_of(said))
                made += nodes.field("", nodes.field_name("", name), nodes.field_body("", *lines))
        return made

    def _one(self, phrase: Phrase) -> nodes.Node:
        match phrase:
            case str():
                return nodes.Text(phrase)
            case Strong():
                return nodes.strong("", phrase.words)
            case Code():
                return nodes.literal("", phrase.words)
            case State():
                return marked(phrase.result, phrase.words)
            case Placed():
                return nodes.inline("", "", nodes.literal("", phrase.words), nodes.Text(f" ({phrase.place})"))
            case Paged():
                shown = nodes.literal("", phrase.words) if phrase.code else nodes.inline("", phrase.words)
                return link_to_page(self._builder, self._fromdoc, phrase.page, shown)
            case Break():
                return nodes.Text("; ")
            case Ref():
                child = nodes.literal("", phrase.words) if phrase.code else nodes.Text(phrase.words)
                return make_refnode(self._builder, self._fromdoc, phrase.docname, phrase.anchor, [child], phrase.title)


class HtmlWriter:
    """Writes phrases as HTML, for one page, in the form in which Sphinx's own writer has them.

    :param fromdoc: the document of the page.
    """

    def __init__(self, builder: Builder, fromdoc: str) -> None:
        self._builder = builder
        self._fromdoc = fromdoc

    def inline(self, phrases: Iterable[Phrase]) -> str:
        """The phrases one after the other."""
        return "".join([html.escape(one) if type(one) is str else self._marked_up(one) for one in phrases])

    def paragraph(self, phrases: Iterable[Phrase], *classes: str) -> str:
        """The phrases as a paragraph."""
        start = f'<p class="{" ".join(classes)}">' if classes else "<p>"
        return f"{start}{self.inline(phrases)}</p>\n"

    def facts(self, facts: Iterable[Fact], *classes: str) -> str:
        """The facts as a list of fields; those of which nothing is said are left out."""
        made = [f'<dl class="{" ".join(("xenfusa-facts", *classes))} field-list simple">\n']
        parity, other = "odd", "even"
        for name, said in facts:
            if said:
                lines = "".join([f"<p>{self.inline(line)}</p>\n" for line in lines_of(said)])
                made.append(
                    f'<dt class="field-{parity}">{html.escape(name)}<span class="colon">:</span></dt>\n'
                    f'<dd class="field-{parity}">{lines}</dd>\n'
                )
                parity, other = other, parity
        return "".join([*made, "</dl>\n"])

    def _marked_up(self, phrase: Phrase) -> str:
        match phrase:
            case Code():
                return _code(phrase.words)
            case Ref():
                return self._link(phrase)
            case Placed():
                return f"<span>{_code(phrase.words)} ({html.escape(str(phrase.place))})</span>"
            case Strong():
                return f"<strong>{html.escape(phrase.words)}</strong>"
            case State():
                words = html.escape(_state_words(phrase.result, phrase.words))
                return f'<span class="{" ".join(_state_classes(phrase.result, phrase.words))}">{words}</span>'
            case Paged():
                return self._to_page(phrase)
            case Break():
                return "; "
        return html.escape(phrase)

    def _to_page(self, link: Paged) -> str:
        words = _code(link.words) if link.code else html.escape(link.words)
        if not has_pages(self._builder):
            return words
        page, mark, anchor = link.page.partition("#")
        target = html.escape(self._builder.get_relative_uri(self._fromdoc, page) + mark + anchor)
        return f'<a class="reference internal" href="{target}">{words}</a>'

    def _link(self, link: Ref) -> str:
        target = html.escape(address(self._builder, self._fromdoc, link.docname, link.anchor))
        title = f' title="{html.escape(link.title)}"' if link.title else ""
        words = _code(link.words) if link.code else html.escape(link.words)
        return f'<a class="reference internal" href="{target}"{title}>{words}</a>'


def _code(words: str) -> str:
    parts = " ".join([f'<span class="pre">{html.escape(word)}</span>' for word in words.split()])
    return f'<code class="docutils literal notranslate">{parts}</code>'


def found_by_search(said: Iterable[Phrases]) -> str:
    """What a reader may look for: the words of authors and the tags; a state, a name or a place is found elsewhere."""
    return " ".join(
        one if isinstance(one, str) else one.words
        for phrases in said
        for one in phrases
        if isinstance(one, (str, Ref, Placed, Paged))
    )
