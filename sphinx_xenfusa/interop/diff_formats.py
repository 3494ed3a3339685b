"""A report of a difference as plain text for e-mail, as Markdown, and as one HTML page."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator

from sphinx_xenfusa.interop.diff_report import Note, Report, Row
from sphinx_xenfusa.trace.acceptance import marked_changes
from sphinx_xenfusa.trace.word_diff import Part, WordDiff, visible

WIDTH = 76
"""Columns of plain text, so that it survives being quoted in an e-mail."""


def plain_text(report: Report) -> str:
    """The report for a terminal or an e-mail: ASCII but for the texts themselves; ``[-gone-]`` and ``{+come+}``."""
    lines = [*_wrap(report.title, ""), *(line for words in report.summary for line in _wrap(words, "  "))]
    for section in report.sections:
        lines += ["", section.heading, "-" * min(len(section.heading), WIDTH)]
        for row in section.rows:
            lines += _wrap(f"{row.symbol} {row.word:<8} {row.subject}", "    ")
            for note in row.notes:
                lines += _wrap(_plain(note), "      ", "    ")
    return "\n".join(lines) + "\n"


def _plain(note: Note) -> str:
    return note.words if note.diff is None else f"{note.words}: {marked_changes(note.diff)}"


def _wrap(words: str, further: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        visible(words),
        WIDTH,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")


def markdown(report: Report) -> str:
    """The report as Markdown; what the texts hold is escaped."""
    lines = [f"# {_escaped(report.title)}", "", *(f"- {_escaped(words)}" for words in report.summary)]
    for section in report.sections:
        lines += ["", f"## {_escaped(section.heading)}", ""]
        for row in section.rows:
            lines.append(f"- `{row.symbol}` {row.word} **{_escaped(row.subject)}**")
            lines += [f"  - {_note_in_markdown(note)}" for note in row.notes]
    return "\n".join(lines) + "\n"


def _escaped(words: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(visible(words).split()))


def _note_in_markdown(note: Note) -> str:
    if note.diff is None:
        return _escaped(note.words)
    marks = {Part.REMOVED: "~~", Part.ADDED: "**", Part.SAME: ""}
    words = (f"{marks[part]}{_escaped(text)}{marks[part]}" for part, text in note.diff.parts)
    return f"{_escaped(note.words)}{_how(note.diff)}: {' '.join(words)}"


def _how(diff: WordDiff) -> str:
    """How it was compared, where that was not by words."""
    return "" if diff.pieces == "words" else f" (too long for words; compared by {diff.pieces})"


_STYLE = """
body { font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #999; padding: .4rem; overflow-wrap: anywhere; }
th:first-child { width: 8rem; }
code { font-size: 1em; }
del { background: #fbe3e4; color: #000; }
ins { background: #e2f3e3; color: #000; }
p { margin: .2rem 0; }
"""


def html_page(report: Report) -> str:
    """The report as one HTML page: no script, nothing from elsewhere, every text escaped."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{_h(report.title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_h(report.title)}</h1>",
        *(f"<p>{_h(words)}</p>" for words in report.summary),
    ]
    for section in report.sections:
        parts.append(f"<h2>{_h(section.heading)}</h2>")
        parts.append("<table><thead><tr><th>Change</th><th>What</th></tr></thead><tbody>")
        parts += [_html_row(row) for row in section.rows]
        parts.append("</tbody></table>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _h(words: str) -> str:
    return html.escape(visible(words))


def _html_row(row: Row) -> str:
    notes = "".join(f"<p>{_note_in_html(note)}</p>" for note in row.notes)
    return f"<tr><td>{_h(row.symbol)} {_h(row.word)}</td><td><code>{_h(row.subject)}</code>{notes}</td></tr>"


def _note_in_html(note: Note) -> str:
    if note.diff is None:
        return _h(note.words)
    return f"{_h(note.words)}{_how(note.diff)}: {' '.join(_html_parts(note.diff))}"


def _html_parts(diff: WordDiff) -> Iterator[str]:
    """The parts; a sign stands beside each, because a colour or a line through it is not read aloud."""
    for part, text in diff.parts:
        if part is Part.REMOVED:
            yield f"[-<del>{_h(text)}</del>-]"
        elif part is Part.ADDED:
            yield f"{{+<ins>{_h(text)}</ins>+}}"
        else:
            yield _h(text)
