"""Mutants of rules: the same operators as for plain Python functions, applied to the source of rules and of what they call.

A mutant is a changed source of one function.  It is compiled with the rest of the system as it is; what cannot be compiled any
more is broken and counts neither way.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sphinx_xenfusa.explore.language import INLINED, ModelError, Source, System, source_of
from sphinx_xenfusa.explore.mutation import Edit, edits
from sphinx_xenfusa.explore.verdict import MutantReport

Sources = Mapping[Callable[..., Any], Source]
"""The sources that differ from what is written: none for the model itself, one for a mutant."""

UNCHANGED: Sources = {}
"""The model itself."""


@dataclass(frozen=True)
class RuleMutant:
    """One edit of one function."""

    report: MutantReport
    source: Source
    position: int

    @contextlib.contextmanager
    def applied(self, model: Sources) -> Iterator[Sources]:
        """The model with the function changed."""
        # The tree is shared: a copy is edited, and the edit is found again by its position.
        tree = copy.deepcopy(self.source.tree)
        edit = _nth(edits(tree), self.position)
        edit.do()
        changed = Source(self.source.function, ast.fix_missing_locations(tree))
        yield {**model, self.source.function: changed}


@dataclass(frozen=True)
class RuleMutants:
    """All mutants of the rules of some systems, and of the inlined functions that they call; made when they are asked for."""

    systems: tuple[System[Any, Any], ...]

    def __iter__(self) -> Iterator[RuleMutant]:
        """All of them, in the order of the sources."""
        for source in sources(self.systems):
            yield from mutants_of_source(source)

    def named(self, report: MutantReport) -> Iterator[RuleMutant]:
        """Those that a report names: several where a line has the same text more than once."""
        name = report.where.rpartition(" ")[2]
        for source in sources(self.systems):
            if source.name == name:
                yield from (one for one in mutants_of_source(source) if one.report == report)


def sources(systems: Iterable[System[Any, Any]]) -> tuple[Source, ...]:
    """The sources of all rules of the systems and of the inlined functions that they call, each once."""
    found: dict[Callable[..., Any], Source] = {}
    for system in systems:
        for rule in system.rules:
            found.setdefault(rule.source.function, rule.source)
    for source in list(found.values()):
        _called(source, found)
    return tuple(found.values())


def _called(source: Source, found: dict[Callable[..., Any], Source]) -> None:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            with contextlib.suppress(KeyError):
                function = source.resolve(node.func.id)
                if callable(function) and getattr(function, INLINED, False) and function not in found:
                    found[function] = source_of(function)
                    _called(found[function], found)


@functools.cache
def mutants_of_source(source: Source) -> tuple[RuleMutant, ...]:
    """All mutants of one function."""
    found = []
    for position, edit in enumerate(edits(source.tree)):
        line = getattr(edit.node, "lineno", source.tree.lineno)
        place = f"{source.file}:{line} {source.name}"
        found.append(RuleMutant(MutantReport(place, edit.operator, edit.before, edit.after), source, position))
    return tuple(found)


def _nth(found: Iterator[Edit], position: int) -> Edit:
    for number, edit in enumerate(found):
        if number == position:
            return edit
    raise ModelError("a mutant", f"no edit number {position}", "the source that it was made from")
