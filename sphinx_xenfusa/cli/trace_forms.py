"""The forms in which ``xenfusa trace`` tells what it found.

What one form takes is imported when it is asked for: the template engine alone takes longer than a small trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import click

from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.interop.plain_report import SYMBOLS, Verbosity, monochrome, plain_report
from sphinx_xenfusa.trace.judgement import Judgement, Order
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.snapshot import Snapshot

_COLOURS = {SYMBOLS[Order.DEFECT]: "red", SYMBOLS[Order.JUSTIFIED]: "yellow", SYMBOLS[Order.IN_ORDER]: "green"}


@dataclass(frozen=True, slots=True)
class Told:
    """What is told, and how.

    :param coloured: whether the plain form has colours.
    :param notes: what a reader has to know of how the trace was made.
    """

    record: TraceRecord
    judgement: Judgement
    verbosity: Verbosity
    coloured: bool
    notes: tuple[str, ...]


def _paint(line: str) -> str:
    """The symbol and the word at the head of a line in colour."""
    colour = _COLOURS.get(line.lstrip()[:1])
    if colour is None:
        return line
    head, colon, rest = line.partition(":")
    return click.style(head, fg=colour, bold=True) + colon + rest


def _plain(told: Told) -> str:
    paint = _paint if told.coloured else monochrome
    return plain_report(told.record, told.judgement, told.verbosity, paint=paint, notes=told.notes)


def _html(told: Told) -> str:
    from sphinx_xenfusa.interop.html_report import html_report

    return html_report(told.record, told.judgement, notes=told.notes)


def _json(told: Told) -> str:
    from sphinx_xenfusa.trace.serialise import dumps

    _say_notes(told)
    return dumps(told.record)


def _aspec(told: Told) -> str:
    from sphinx_xenfusa.interop.aspec import write_aspec

    _say_notes(told)
    return write_aspec(told.record)


def _say_notes(told: Told) -> None:
    """Beside a form that is for programs."""
    for note in told.notes:
        say(note)


FORMS: Mapping[str, Callable[[Told], str]] = {"plain": _plain, "html": _html, "json": _json, "aspec": _aspec}
"""What writes each form."""


def changes(told: Told, base: Snapshot, form: str) -> str:
    """What changed since a baseline, in a form.

    :raises KeyError: changes have no such form.
    """
    from sphinx_xenfusa.interop.diff_formats import html_page, plain_text
    from sphinx_xenfusa.interop.diff_report import difference_json, report
    from sphinx_xenfusa.trace.canonical import dumps
    from sphinx_xenfusa.trace.diff import compare
    from sphinx_xenfusa.trace.impact import impact
    from sphinx_xenfusa.trace.snapshot import snapshot

    _say_notes(told)
    difference = compare(base, snapshot(told.record, "now"))
    asked = impact(difference)
    forms: Mapping[str, Callable[[], str]] = {
        "plain": lambda: plain_text(report(difference, asked)),
        "html": lambda: html_page(report(difference, asked)),
        "json": lambda: dumps(difference_json(difference, asked)),
    }
    return forms[form]()
