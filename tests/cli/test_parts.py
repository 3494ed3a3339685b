"""Plain text says what a terminal shows: the same lines, but for colours."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.cli import tables
from sphinx_xenfusa.cli.parts import Column, Part, Table, Words, plain, width_of
from sphinx_xenfusa.cli.run_options import shown_progress
from sphinx_xenfusa.cli.terminal import draw
from sphinx_xenfusa.explore.claim import Effort
from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind

TEXT = st.text(alphabet="ab \n→é漢,", max_size=60)
SHORT = st.text(alphabet="abc-", min_size=1, max_size=9)
CELLS = st.lists(st.tuples(SHORT, TEXT, TEXT, TEXT), max_size=4)
COLUMNS = [Column("claim", whole=True), Column("could fail", right=True), Column("reason"), Column("why")]
VERDICT = Verdict(
    "a_claim", None, VerdictKind.REFUTED, Scope("F", "nothing", 0, None, ()), 1_000, 10, reason="it fails"
)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def drawn(part: Part, width: int) -> str:
    """What the library draws that draws on terminals, without trailing blanks."""
    stream = io.StringIO()
    draw(stream, [part], width)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def table(rows: list[tuple[str, ...]], gap: int = 2) -> Table:
    made = Table(COLUMNS, gap)
    for row in rows:
        made.add_row(*map(Words, row))
    return made


@given(CELLS, st.integers(60, 160), st.integers(1, 2))
def test_a_table_is_laid_out_as_on_a_terminal(rows: list[tuple[str, ...]], width: int, gap: int) -> None:
    made = table(rows, gap)
    assert plain([made], width) == drawn(made, width)


@given(TEXT, st.integers(8, 80))
def test_a_text_is_cut_as_on_a_terminal(text: str, width: int) -> None:
    assert plain([Words(text)], width) == drawn(Words(text), width)


@given(st.lists(st.tuples(*[st.text(alphabet="ab \n\t→é漢,", max_size=60)] * 4), max_size=4), st.integers(24, 60))
def test_no_character_is_lost_and_no_line_too_long(rows: list[tuple[str, ...]], width: int) -> None:
    lines = plain([table(rows)], width).splitlines()
    assert max(map(width_of, lines)) <= width
    told = "".join(line for line in lines if "-" not in line)
    cells = "".join(cell for row in rows for cell in row) + "".join(column.head for column in COLUMNS)
    assert sorted("".join(told.split())) == sorted("".join(cells.split()))


def test_a_terminal_gets_colours_and_a_file_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal, file = Terminal(), io.StringIO()
    assert tables.is_narrow(terminal)
    assert not tables.is_narrow(file)
    for stream in (terminal, file):
        tables.show_on(stream, tables.verdict_parts([VERDICT], narrow=True))
    assert "\x1b[1;31mrefuted" in terminal.getvalue()
    assert "\x1b" not in file.getvalue()
    for words in ("a_claim", "any policy", "refuted", "1,000", "0 of 0", "a_claim, any policy: it fails"):
        assert words in terminal.getvalue()
        assert words in file.getvalue()


def test_a_terminal_shows_how_far_the_runs_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with shown_progress() as shown:
        assert shown.watch is not None
        shown.watch("a_claim", "dummy", Effort(cases=5, rate=2.0))
        shown.tell(3, 7, VERDICT)
    assert "a_claim under dummy: 5 cases" in terminal.getvalue()
    assert "3/7" in terminal.getvalue()


def test_where_nobody_looks_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    with shown_progress() as shown:
        shown.tell(3, 7, VERDICT)
        assert shown.watch is None
    assert file.getvalue() == ""
