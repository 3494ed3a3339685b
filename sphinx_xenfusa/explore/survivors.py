"""What became of the mutants of a model over all runs: which of them nothing kills.

A mutant survives if no run refutes it.  One that no run even reaches survives, too: nothing would notice that edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sphinx_xenfusa.explore.verdict import MutantReport


@dataclass(frozen=True, slots=True)
class Tried:
    """The mutants that one run tried.

    :param killed: those that it refuted.
    :param survived: those that it did not.
    :param broken: those on which the search itself broke, so that nothing is known.
    """

    killed: tuple[MutantReport, ...] = ()
    survived: tuple[MutantReport, ...] = ()
    broken: tuple[MutantReport, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data, four texts a mutant."""
        return {
            "killed": [_row(one) for one in self.killed],
            "survived": [_row(one) for one in self.survived],
            "broken": [_row(one) for one in self.broken],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tried:
        """The lists that :meth:`to_json` wrote.

        :raises KeyError: a list is missing.
        :raises ValueError: a row is none of four texts.
        """
        return cls(*(tuple(_report(row) for row in data[name]) for name in ("killed", "survived", "broken")))


def _row(report: MutantReport) -> list[str]:
    return [report.where, report.operator, report.before, report.after]


def _report(row: Iterable[Any]) -> MutantReport:
    where, operator, before, after = (str(cell) for cell in row)
    return MutantReport(where, operator, before, after)


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that nothing kills.

    :param line: the line of the source that it changes, empty for a cell of a table.
    :param claims: the claims that tried it, sorted; none when no run reaches it.
    :param equivalent: why it changes nothing that could be observed, as reviewed; empty when nobody has reviewed it.
    """

    report: MutantReport
    line: str = ""
    claims: tuple[str, ...] = ()
    equivalent: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``trace/schema.json``."""
        return {
            "mutant": self.report.to_json(),
            "line": self.line,
            "claims": list(self.claims),
            "equivalent": self.equivalent,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Survivor:
        """The survivor that :meth:`to_json` wrote."""
        claims = tuple(str(claim) for claim in data["claims"])
        return cls(MutantReport.from_json(data["mutant"]), str(data["line"]), claims, str(data["equivalent"]))


@dataclass(frozen=True, slots=True)
class Killing:
    """What a claim does to the mutants of the model, under all policies together.

    :param tried: how many could matter to it.
    :param killed: how many of them it kills under some policy.
    :param smallest: the one with the smallest edit of these; ``None`` when it kills none.
    """

    claim: str
    tried: int
    killed: int
    smallest: MutantReport | None

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``trace/schema.json``."""
        return {
            "claim": self.claim,
            "tried": self.tried,
            "killed": self.killed,
            "smallest": None if self.smallest is None else self.smallest.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Killing:
        """What :meth:`to_json` wrote."""
        smallest = None if data["smallest"] is None else MutantReport.from_json(data["smallest"])
        return cls(str(data["claim"]), int(data["tried"]), int(data["killed"]), smallest)


@dataclass(frozen=True, slots=True)
class Mutants:
    """All mutants of a model, and what became of them.

    :param generated: how many different ones there are.
    :param killed: how many of them at least one run refutes.
    :param broken: how many were neither refuted nor survived, because the search broke on them wherever they were tried.
    :param survivors: the rest, in the order of their places.
    :param unknown: the claims of which nothing is known: they were not tried on the mutants, or with other sources.
    :param claims: what each claim does to them, by id.
    """

    generated: int
    killed: int
    broken: int
    survivors: tuple[Survivor, ...]
    unknown: tuple[str, ...] = ()
    claims: tuple[Killing, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``trace/schema.json``."""
        return {
            "generated": self.generated,
            "killed": self.killed,
            "broken": self.broken,
            "survivors": [one.to_json() for one in self.survivors],
            "unknown": list(self.unknown),
            "claims": [one.to_json() for one in self.claims],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Mutants:
        """What :meth:`to_json` wrote.

        :raises KeyError: a key is missing.
        """
        survivors = tuple(Survivor.from_json(one) for one in data["survivors"])
        unknown = tuple(str(one) for one in data["unknown"])
        claims = tuple(Killing.from_json(one) for one in data["claims"])
        return cls(int(data["generated"]), int(data["killed"]), int(data["broken"]), survivors, unknown, claims)


def gather(
    tried: Mapping[str, Iterable[Tried]],
    reachable: Iterable[MutantReport],
    lines: Mapping[MutantReport, str],
    unknown: Iterable[str] = (),
) -> Mutants:
    """What became of every mutant.

    :param tried: what the runs of each claim tried.
    :param reachable: mutants that exist, tried or not.
    :param lines: the source line of each mutant that changes one.
    """
    killed: set[MutantReport] = set()
    broken: set[MutantReport] = set()
    survived: dict[MutantReport, set[str]] = {one: set() for one in reachable}
    for claim, runs in tried.items():
        for run in runs:
            killed |= {*run.killed}
            broken |= {*run.broken}
            for report in run.survived:
                survived.setdefault(report, set()).add(claim)
    everything = {*survived, *killed, *broken}
    # A mutant on which some searches break and which others merely do not refute is still one that nothing kills.
    left = {one for one, claims in survived.items() if one not in killed and (claims or one not in broken)}
    survivors = (Survivor(one, lines.get(one, ""), tuple(sorted(survived[one]))) for one in left)
    return Mutants(
        generated=len(everything),
        killed=len(killed),
        broken=len(everything - killed - left),
        survivors=tuple(sorted(survivors, key=_place)),
        unknown=tuple(sorted(unknown)),
    )


def _place(survivor: Survivor) -> tuple[str, int, str, str, str]:
    report = survivor.report
    file, _, rest = report.where.partition(":")
    number, _, name = rest.partition(" ")
    line = int(number) if number.isdigit() else 0
    return file, line, name, report.operator, report.before + report.after
