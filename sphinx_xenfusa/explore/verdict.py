"""The verdict on a claim, and everything that a reader needs in order to believe it or not.

A verdict without its scope says nothing, so the two are one object.  What each kind means is fixed here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sphinx_xenfusa.explore.trace import Trace


class VerdictKind(StrEnum):
    """The closed set of verdicts, worst first."""

    REFUTED = "refuted"
    """The claim is false; the counterexample is a trace."""
    VACUOUS = "vacuous"
    """Nothing could have refuted the claim (no witness, or no mutant that it kills): a failure, not a success."""
    ERROR = "error"
    """The check itself broke, or did not end within its time limit."""
    INCONCLUSIVE = "inconclusive"
    """A bound was hit before the search was exhausted."""
    DIVERGES = "diverges"
    """Refuted under one of Xen's policies exactly as the reviewed register of divergences expects; never counted as covered."""
    NOT_RUN = "not run"
    """Confirmation was switched off, or nothing checks this claim (yet)."""
    NOT_APPLICABLE = "not applicable"
    """The platform cannot operate under that policy; the reason is stated."""
    CONFIRMED = "confirmed"
    """The search was exhausted, the claim holds throughout, it has a witness, and at least one mutant of the model refutes it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was searched, in words and numbers.

    :param name: short name (``A``, or a name of its own).
    :param words: what is covered, in a sentence that a reader without the code understands.
    :param platforms: number of platforms enumerated, symmetric ones counted once; 0 when the claim is not about platforms.
    :param recount: the same number by a second method (Burnside's lemma), ``None`` when there is nothing to count.
    :param assumptions: what the verdict takes for granted.
    """

    name: str
    words: str
    platforms: int
    recount: int | None
    assumptions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``trace/schema.json``."""
        return {
            "name": self.name,
            "words": self.words,
            "platforms": self.platforms,
            "recount": self.recount,
            "assumptions": list(self.assumptions),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scope:
        """The scope that :meth:`to_json` wrote."""
        recount = data["recount"]
        return cls(
            name=str(data["name"]),
            words=str(data["words"]),
            platforms=int(data["platforms"]),
            recount=None if recount is None else int(recount),
            assumptions=tuple(str(text) for text in data["assumptions"]),
        )


@dataclass(frozen=True, slots=True)
class MutantReport:
    """One generated mutation of the model and what became of it.

    :param where: module and line, or catalogue cell.
    :param operator: the mutation operator.
    :param before: the text that was changed.
    :param after: what it was changed to.
    """

    where: str
    operator: str
    before: str
    after: str

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``trace/schema.json``."""
        return {"where": self.where, "operator": self.operator, "before": self.before, "after": self.after}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MutantReport:
        """The report that :meth:`to_json` wrote."""
        return cls(str(data["where"]), str(data["operator"]), str(data["before"]), str(data["after"]))


@dataclass(frozen=True, slots=True)
class Explored:
    """One search of all reachable states of a system, as far as it went.

    :param system: the system's name.
    :param constants: its constants, by name and value.
    :param engine: which engine searched.
    :param states: number of different reachable states; all of them, unless a counterexample ended the search.
    :param transitions: number of steps that can be taken from them.
    :param depth: the greatest distance of a state from the initial one.
    :param complete: whether these are all.
    :param rules: number of rules that can be taken under these constants.
    :param never_fired: those of them that no reachable state lets anybody take.
    :param one_sided: the conditions inside rules of which only one side was ever taken.
    :param dropped: for each assumption the number of states without it, or the one with it: the same number says that the
        assumption changes nothing.
    :param digest: SHA-256 over all states, sorted, bit for bit.
    :param recount: the number of states that an engine of another kind counts, which shares no code with the first; ``None``
        where nothing was counted again.
    """

    system: str
    constants: tuple[tuple[str, str], ...]
    engine: str
    states: int
    transitions: int
    depth: int
    complete: bool
    rules: int
    never_fired: tuple[str, ...] = ()
    one_sided: tuple[str, ...] = ()
    dropped: tuple[tuple[str, int], ...] = ()
    digest: str = ""
    recount: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``trace/schema.json``."""
        return {
            "system": self.system,
            "constants": [{"name": name, "value": value} for name, value in self.constants],
            "engine": self.engine,
            "states": self.states,
            "transitions": self.transitions,
            "depth": self.depth,
            "complete": self.complete,
            "rules": self.rules,
            "never_fired": list(self.never_fired),
            "one_sided": list(self.one_sided),
            "dropped": [{"assumption": words, "states": states} for words, states in self.dropped],
            "digest": self.digest,
            "recount": self.recount,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Explored:
        """What :meth:`to_json` wrote.

        :raises KeyError: a key is missing.
        """
        return cls(
            system=str(data["system"]),
            constants=tuple((str(one["name"]), str(one["value"])) for one in data["constants"]),
            engine=str(data["engine"]),
            states=int(data["states"]),
            transitions=int(data["transitions"]),
            depth=int(data["depth"]),
            complete=bool(data["complete"]),
            rules=int(data["rules"]),
            never_fired=tuple(str(one) for one in data["never_fired"]),
            one_sided=tuple(str(one) for one in data["one_sided"]),
            dropped=tuple((str(one["assumption"]), int(one["states"])) for one in data["dropped"]),
            digest=str(data["digest"]),
            recount=None if data["recount"] is None else int(data["recount"]),
        )


@dataclass(frozen=True, slots=True)
class Divergence:
    """One entry of the divergence register, shown by a trace of its own.

    :param id: its number in the register (``D1`` …).
    :param trace: the smallest trace with this divergence alone switched on.
    """

    id: str
    trace: Trace


@dataclass(frozen=True, slots=True)
class Tally:
    """A number that a search counted, for the tables of the pages: a class of what it looked at, and how many are in it.

    :param name: the class, as a reader knows it (the name of a rule, ``accepted``, ``E2``).
    :param words: what is in the class, in a few words.
    :param trace: a shortest trace that shows a member of it; ``None`` where there is nothing to show.
    """

    name: str
    words: str
    number: int
    trace: Trace | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``trace/schema.json``."""
        return {
            "name": self.name,
            "words": self.words,
            "number": self.number,
            "trace": None if self.trace is None else self.trace.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tally:
        """The tally that :meth:`to_json` wrote."""
        trace = None if data["trace"] is None else Trace.from_json(data["trace"])
        return cls(str(data["name"]), str(data["words"]), int(data["number"]), trace)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run of a claim found.

    :param claim: the claim's id.
    :param policy: the policy it ran under, ``None`` for a claim that depends on none.
    :param cases: number of single checks that were made.
    :param relevant: number of those in which the claim's precondition held, so that it could have failed.
    :param reason: one sentence; required for every kind but confirmed.
    :param witness: a trace in which the precondition occurs.
    :param counterexample: a smallest trace that refutes the claim.
    :param killed: how many generated mutants of the model refute the claim.
    :param mutants: how many were tried.
    :param killer: the mutant with the smallest edit among those killed.
    :param killers: all the mutants that it kills.
    :param survivors: those that it does not kill.
    :param broken: those on which its search broke, which count neither way.
    :param explored: the searches of reachable states that it rests on; empty for a claim that enumerates by itself.
    :param divergences: for ``diverges``, each entry with its trace.
    :param tallies: what the search counted, class by class; empty for most claims, and where the search did not end.
    :param seconds: time of the run; shown on the terminal only, never written to a page.
    """

    claim: str
    policy: str | None
    kind: VerdictKind
    scope: Scope
    cases: int = 0
    relevant: int = 0
    reason: str = ""
    witness: Trace | None = None
    counterexample: Trace | None = None
    killed: int = 0
    mutants: int = 0
    killer: MutantReport | None = None
    killers: tuple[MutantReport, ...] = ()
    survivors: tuple[MutantReport, ...] = ()
    broken: tuple[MutantReport, ...] = ()
    explored: tuple[Explored, ...] = ()
    divergences: tuple[Divergence, ...] = ()
    tallies: tuple[Tally, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``trace/schema.json``; ``seconds`` is left out, so that the same run gives the same bytes.

        The three lists of mutants are left out: they are many times longer than the rest, and kept apart
        (:class:`sphinx_xenfusa.explore.survivors.Tried`).
        """
        return {
            "claim": self.claim,
            "policy": self.policy,
            "kind": self.kind.value,
            "scope": self.scope.to_json(),
            "cases": self.cases,
            "relevant": self.relevant,
            "reason": self.reason,
            "witness": None if self.witness is None else self.witness.to_json(),
            "counterexample": None if self.counterexample is None else self.counterexample.to_json(),
            "killed": self.killed,
            "mutants": self.mutants,
            "killer": None if self.killer is None else self.killer.to_json(),
            "explored": [one.to_json() for one in self.explored],
            "divergences": [{"id": entry.id, "trace": entry.trace.to_json()} for entry in self.divergences],
            "tallies": [one.to_json() for one in self.tallies],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """The verdict that :meth:`to_json` wrote, without the lists of mutants.

        :raises KeyError: a key is missing.
        :raises ValueError: the kind is none of :class:`VerdictKind`.
        """

        def trace(key: str) -> Trace | None:
            return None if data[key] is None else Trace.from_json(data[key])

        return cls(
            claim=str(data["claim"]),
            policy=None if data["policy"] is None else str(data["policy"]),
            kind=VerdictKind(data["kind"]),
            scope=Scope.from_json(data["scope"]),
            cases=int(data["cases"]),
            relevant=int(data["relevant"]),
            reason=str(data["reason"]),
            witness=trace("witness"),
            counterexample=trace("counterexample"),
            killed=int(data["killed"]),
            mutants=int(data["mutants"]),
            killer=None if data["killer"] is None else MutantReport.from_json(data["killer"]),
            explored=tuple(Explored.from_json(one) for one in data["explored"]),
            divergences=tuple(
                Divergence(str(entry["id"]), Trace.from_json(entry["trace"])) for entry in data["divergences"]
            ),
            tallies=tuple(Tally.from_json(entry) for entry in data["tallies"]),
        )
