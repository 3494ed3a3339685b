"""``xenfusa model sweep``."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from sphinx_xenfusa.cli import main


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["model", "sweep", *words])
    return done.exit_code, done.output


def test_the_table_shows_every_combination_in_the_order_given() -> None:
    code, shown = run("notification-ring.small", "--set", "size=2", "--set", "forged=1,0")
    assert code == 0
    first, second = (" ".join(line.split()) for line in shown.splitlines()[2:])
    freed = "freed_what_was_not_posted"
    assert first == f"size=2, forged=1 52,480 139,648 78 {freed}: 1,024 states, first after 9 steps"
    assert second == f"size=2, forged=0 8,576 17,344 77 {freed}: never"


def test_a_search_without_an_end_is_no_answer() -> None:
    code, shown = run("notification-ring.small", "--states", "100")
    assert code == 3
    assert "inconclusive" in shown
    assert "never" not in shown


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("notification-ring",), "expected"),
        (("notification-ring.small", "--set", "size"), "expected NAME=V,V…"),
        (("notification-ring.small", "--set", "size=2", "--set", "size=4"), "each constant once"),
        (("notification-ring.small", "--set", "six=2"), "expected one of size"),
        (("notification-ring.small", "--executor", "ssh://here"), "expected dask-local:N"),
    ],
)
def test_words_that_mean_nothing(words: tuple[str, ...], expected: str) -> None:
    code, shown = run(*words)
    assert code == 2
    assert expected in shown
    assert len(shown.splitlines()) == 1
