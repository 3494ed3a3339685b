"""The chapters of a folder as one document: first pages, contents, what is left out, and references to the pages of a print.

It is printed in parts, which are bound together.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sphinx_xenfusa.interop.chapter import Chapter, Heading, LeftOut, breakable
from sphinx_xenfusa.interop.paper import Paper

ELSEWHERE = "https://another-part-of-this-paper.invalid/#"
"""What the address of a place begins with that is in another part of the document; bound together, it is a place of the whole."""
_NUMBER = re.compile("\x00([^\x00]*)\x00")
"""Where the number of a page is to stand; no file with this character is read, and in what is written there is none else."""
_PLACE = re.compile("\x01([^\x01]*)\x01")
"""Where the address of a place is to stand; of what is read this character is no part."""
_LONG_CHAPTER = 100_000
"""Characters from which on the contents have the third level of a chapter, too."""
_PART = 250_000
"""Characters that are printed in one go: what Chromium needs for a page grows with the pages that are printed together."""


@dataclass(frozen=True, slots=True)
class Imprint:
    """What the first page and the head of every page say.

    :param facts: name and value, such as the commit, in their order.
    """

    project: str
    version: str
    facts: Sequence[tuple[str, str]]

    @property
    def title(self) -> str:
        """Project and version."""
        return f"{self.project} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Numbering:
    """What a print tells of its pages.

    :param pages: the page, from 1, of each place.
    :param before: how many pages come before each part.
    :param total: of the whole document; 0 before it was ever printed.
    """

    pages: Mapping[str, int] = field(default_factory=dict)
    before: Sequence[int] = ()
    total: int = 0


class Document:
    """The HTML documents that are printed one by one and bound together: the first pages, then the chapters.

    :param looks: the style sheets of the folder that say how what is ours looks, drawings above all.
    """

    def __init__(self, paper: Paper, imprint: Imprint, looks: Sequence[Path]) -> None:
        self.paper, self.imprint = paper, imprint
        self._looks = looks
        self._left_out = [one for chapter in paper.chapters for one in chapter.left_out]
        self._bodies = [_front(paper, imprint, self._left_out)]
        self._places = [frozenset[str]()]
        for group in _groups(paper.chapters):
            self._bodies.append("".join(_section(number, one) for number, one in group))
            self._places.append(frozenset[str]().union(*(one.places for _, one in group)))
        self._known = frozenset[str]().union(*self._places)
        wanted = {found[1] for body in self._bodies for found in _PLACE.finditer(body)}
        wanted |= {heading.place for heading in self.headings()}
        self._wanted = {self._resolved(one) for one in wanted}

    @property
    def parts(self) -> int:
        """How many there are."""
        return len(self._bodies)

    def headings(self) -> Iterator[Heading]:
        """The headings of the whole document, for its outline, to the third level."""
        for number, chapter in enumerate(self.paper.chapters, start=1):
            yield Heading(2 if chapter.under else 1, chapter.title, f"p{number}")
            if not chapter.under:
                yield from (one for one in chapter.headings[1:] if 1 < one.level <= 3)

    def part(self, index: int, numbering: Numbering) -> str:
        """The HTML of a part, whose references name the pages of a numbering."""
        here = self._places[index]
        digits = len(str(numbering.total)) if numbering.total else 3
        style = Path(__file__).with_name("paper.css").read_text("utf-8")
        before = numbering.before[index] if numbering.before else 0
        words = {
            "PROJECT": self.imprint.title,
            "COMMIT": f"Commit {dict(self.imprint.facts).get('Commit', 'unknown')}",
            "POLICY": f"Policy {dict(self.imprint.facts).get('Policy', 'unknown')}",
        }
        for name, text in words.items():
            style = style.replace(name, _in_css(text))
        style = style.replace("TOTAL", str(numbering.total)).replace("BEFORE", str(before))
        style = style.replace("DIGITS", f"{2.4 + 0.65 * digits:.2f}em")

        def at(found: re.Match[str]) -> str:
            place = self._resolved(found[1])
            # A place that nobody sees is on no page: then that of its chapter.
            page = numbering.pages.get(place) or numbering.pages.get(place.partition("-")[0]) or "0" * digits
            return f'<span class="at">(p.&nbsp;{page})</span>'

        def address(found: re.Match[str]) -> str:
            place = self._resolved(found[1])
            return f"#{place}" if place in here else f"{ELSEWHERE}{place}"

        body = _PLACE.sub(address, _NUMBER.sub(at, self._bodies[index]))
        # Chromium keeps of the places those that a link of the same document leads to.
        kept = "".join(f'<a href="#{place}"></a>' for place in sorted(self._wanted & here))
        sheets = "".join(f'<link rel="stylesheet" href="{html.escape(one.as_uri())}">' for one in self._looks)
        return (
            f'<!DOCTYPE html><html lang="{self.paper.language}"><head><meta charset="utf-8">'
            f"<title>{html.escape(self.imprint.title)}</title>{sheets}<style>{style}</style></head>"
            f'<body class="{"front" if index == 0 else "inner"}">{body}<div hidden>{kept}</div></body></html>'
        )

    def _resolved(self, place: str) -> str:
        return place if place in self._known else place.partition("-")[0]


def _groups(chapters: Sequence[Chapter]) -> Iterator[list[tuple[int, Chapter]]]:
    group: list[tuple[int, Chapter]] = []
    size = 0
    for number, chapter in enumerate(chapters, start=1):
        if group and size + len(chapter.body) > _PART:
            yield group
            group, size = [], 0
        group.append((number, chapter))
        size += len(chapter.body)
    yield group


def _section(number: int, chapter: Chapter) -> str:
    kind = "chapter under" if chapter.under else "chapter"
    return f'<section class="{kind}" id="p{number}">{chapter.body}</section>\n'


def _front(paper: Paper, imprint: Imprint, left_out: Sequence[LeftOut]) -> str:
    facts = "".join(f"<dt>{html.escape(name)}</dt><dd>{breakable(value)}</dd>" for name, value in imprint.facts)
    return (
        f'<header class="cover"><h1>{html.escape(imprint.title)}</h1><dl>{facts}</dl></header>'
        f'<section class="contents"><h1>Contents</h1><ol>{"".join(_contents(paper.chapters))}</ol></section>'
        f'<section class="chapter"><h1>What is not on paper</h1>{"".join(_absent(paper, left_out))}</section>'
    )


def _contents(chapters: Sequence[Chapter]) -> Iterator[str]:
    for number, chapter in enumerate(chapters, start=1):
        yield _entry(2 if chapter.under else 1, chapter.title, f"p{number}")
        deepest = 3 if len(chapter.body) >= _LONG_CHAPTER else 2
        if not chapter.under:
            yield from (_entry(one.level, one.text, one.place) for one in chapter.headings[1:] if one.level <= deepest)


def _entry(level: int, text: str, place: str) -> str:
    words = f'<a href="\x01{place}\x01">{breakable(text)}</a>'
    return f'<li class="level-{level}">{words}<span class="dots"></span>\x00{place}\x00</li>'


def _absent(paper: Paper, left_out: Sequence[LeftOut]) -> Iterator[str]:
    if not left_out and not paper.left_out:
        yield "<p>Everything that the folder has on its pages is in this document.</p>"
        return
    yield "<p>This is in the folder that was printed and not in this document, page by page. Beside it only the controls"
    yield " of a screen were left out.</p>"
    yield '<table class="absent"><thead><tr><th>Page of the folder</th><th>What</th><th>How many</th>'
    yield "<th>Told here</th></tr></thead><tbody>"
    together: dict[tuple[str, str], list[LeftOut]] = {}
    for one in [*paper.left_out, *left_out]:
        together.setdefault(("" if one.rows and not one.place else one.page, one.what), []).append(one)
    for (page, what), alike in together.items():
        at = (
            ", ".join(f'<a href="\x01{one.place}\x01">there</a> \x00{one.place}\x00' for one in alike if one.place)
            or "–"
        )
        numbers = [f"{one.rows:,}" for one in alike] if page else [f"{sum(one.rows for one in alike):,}"]
        rows = " + ".join(numbers) if alike[0].rows else "–"
        where = breakable(page) if page else f"in {len(alike)} {'page' if len(alike) == 1 else 'pages'}"
        yield f"<tr><td>{where}</td><td>{html.escape(what)}</td><td>{rows}</td><td>{at}</td></tr>"
    yield "</tbody></table>"


def _in_css(text: str) -> str:
    """A text within the quotation marks of a style sheet: whatever is no letter, digit or blank as its number."""
    return "".join(one if one.isalnum() or one == " " else f"\\{ord(one):06x}" for one in text)


def looks_of(folder: Path) -> list[Path]:
    """The style sheets of a built folder that are ours."""
    return sorted((folder.resolve() / "_static").glob("xenfusa*.css"))
