"""What a verdict on rules rests on, as rows for the reader: the searches of reachable states, and what shows that they bite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sphinx_xenfusa.explore.verdict import Explored

HEADINGS = (
    "System",
    "Constants",
    "Different states",
    "Counted again",
    "Steps",
    "Longest shortest way",
    "Engine and digest",
)
WIDTHS = (16, 26, 12, 12, 12, 8, 14)


def rows(explored: Iterable[Explored]) -> list[Sequence[str]]:
    """One row for each search; a search that was made twice, for two properties of one claim, stands once."""
    made: dict[tuple[str, ...], None] = {}
    for one in explored:
        constants = constants_told(one.constants)
        states = f"{one.states:,}" if one.complete else f"{one.states:,} (up to the counterexample)"
        digest = f"{one.engine}, {one.digest[:12]}" if one.digest else one.engine
        again = "no" if one.recount is None else f"{one.recount:,} (decision diagrams)"
        made.setdefault((one.system, constants, states, again, f"{one.transitions:,}", str(one.depth), digest))
    return list(made)


def constants_told(constants: Sequence[tuple[str, str]]) -> str:
    """The constants in words: numbers and members by name, then what is on, then what is off."""
    named = [(name.replace("_", " "), value) for name, value in constants]
    told = [f"{name} {value}" for name, value in named if value not in {"True", "False"}]
    parts = [", ".join(told)] if told else []
    for word, value in (("on", "True"), ("off", "False")):
        switches = [name for name, one in named if one == value]
        parts += [f"{word}: {', '.join(switches)}"] if switches else []
    return "; ".join(parts) or "none"


def remarks(explored: Iterable[Explored]) -> list[tuple[str, str]]:
    """What a reader has to know beside the numbers: a heading, and a sentence for each of them."""
    made: dict[tuple[str, str], None] = {}
    for one in explored:
        fired = one.rules - len(one.never_fired)
        if one.complete and one.never_fired:
            names = ", ".join(name.replace("_", " ") for name in one.never_fired)
            made.setdefault(("Rules that fired", f"{one.system}: {fired} of {one.rules}; these never did: {names}."))
        elif one.complete:
            made.setdefault(("Rules that fired", f"{one.system}: all {one.rules}."))
        if one.one_sided:
            made.setdefault(("Conditions that went one way only", f"{one.system}: {', '.join(one.one_sided)}."))
        for words, states in one.dropped:
            if states == one.states:
                told = f"{words}: idle, without it there are as many states."
            else:
                told = f"{words}: without it {states:,} states instead of {one.states:,}."
            made.setdefault(("Assumption", told))
    return list(made)
