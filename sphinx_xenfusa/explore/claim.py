"""Claims: what is said about a model, and the one way in which a search becomes a verdict.

A claim is a named value with a search.  The search counts its cases, keeps the shortest witness that the claim's precondition
occurs, and stops at a smallest counterexample.  :func:`judge` turns that into a verdict: refuted by a counterexample; vacuous
without a witness, or when no mutant of the model is refuted by the same search; confirmed otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import MutantReport, Scope, Verdict, VerdictKind

Model = TypeVar("Model")
ModelIn = TypeVar("ModelIn", contravariant=True)


class BudgetExceeded(Exception):
    """The budget is spent before the search is exhausted: the verdict is inconclusive."""


@dataclass
class Budget:
    """How much a run may cost.

    :param seconds: wall-clock seconds from the making of the object.
    :param cases: number of single checks.
    """

    seconds: float = 600.0
    cases: int = 10**9
    _deadline: float = field(init=False)
    _spent: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._deadline = time.monotonic() + self.seconds

    def spend(self, cases: int) -> None:
        """Account for cases that were checked.

        :raises BudgetExceeded: the cases or the time are used up.
        """
        self._spent += cases
        if self._spent > self.cases:
            raise BudgetExceeded(f"more than {self.cases:,} cases")
        if time.monotonic() > self._deadline:
            raise BudgetExceeded(f"more than {self.seconds:g} seconds")


@dataclass
class Search:
    """What a search has found so far.

    :param cases: single checks made.
    :param relevant: those in which the precondition held.
    :param witness: a shortest trace in which the precondition occurs.
    :param counterexample: a smallest trace that refutes the claim; the search ends with it.
    """

    cases: int = 0
    relevant: int = 0
    witness: Trace | None = None
    counterexample: Trace | None = None


@runtime_checkable
class Claim(Protocol):
    """What the confirmation runs.  Claims of a user's own package implement the same.

    Registered through the entry point group ``sphinx_xenfusa.claims``: each entry point is a sequence of claims.
    """

    @property
    def id(self) -> str:
        """The name by which a requirement asks for the claim (``:confirmed-by:``)."""
        ...

    @property
    def says(self) -> str:
        """What is claimed, in a sentence that a reader without the code understands."""
        ...

    @property
    def statements(self) -> tuple[str, ...]:
        """The tags of the statements that it confirms."""
        ...

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies that it can run under; empty when it depends on none."""
        ...

    @property
    def scope(self) -> Scope:
        """What its search covers."""
        ...

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files, besides the Python files of its own package, that its verdict depends on: part of the cache's key."""
        ...

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search, and judge what was found.

        :param repaired: divergences of the policy that are switched off for this run.
        """
        ...


NOTHING = Scope("none", "nothing: no search exists yet", 0, None, ())
"""The scope of a claim that is announced."""


@dataclass(frozen=True)
class AnnouncedClaim:
    """A claim that is worded and that nothing checks yet: requirements may name it, and it is always *not run*.

    It implements :class:`Claim`, so that it is listed, shown and counted like any other.  The confirmation starts no process
    for it and keeps no verdict of it.

    :param missing: what it takes before the claim can be checked, as it ends a sentence.
    :param policies: the policies that it will run under; empty when it will depend on none.
    """

    id: str
    says: str
    statements: tuple[str, ...]
    missing: str
    policies: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """Nothing is searched."""
        return NOTHING

    @property
    def sources(self) -> tuple[Path, ...]:
        """No verdict of it is kept."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Not run, with the reason; nothing is searched and nothing of the budget is spent."""
        return Verdict(self.id, policy, VerdictKind.NOT_RUN, NOTHING, reason=f"no model yet: {self.missing}")


class Mutant(Protocol[Model]):
    """A small change of a model."""

    @property
    def report(self) -> MutantReport:
        """What was changed, where."""
        ...

    def applied(self, model: Model) -> AbstractContextManager[Model]:
        """The changed model, for the duration of a ``with`` block."""
        ...


class Searchable(Protocol[ModelIn]):
    """A search that can be made on a model and on its mutants."""

    def search(self, model: ModelIn, budget: Budget, *, small: bool) -> Search:
        """Search the whole scope, or the part of it that is enough to tell mutants apart (``small``)."""
        ...


@dataclass(frozen=True)
class Adequacy(Generic[Model]):
    """What became of the mutants.

    :param killers: the mutants that the search refutes, smallest edit first.
    :param survivors: those that it does not.
    :param broken: those on which it broke.
    """

    killers: tuple[MutantReport, ...] = ()
    survivors: tuple[MutantReport, ...] = ()
    broken: tuple[MutantReport, ...] = ()


def _edit_size(report: MutantReport) -> tuple[int, str, str, str]:
    return (len(report.before) + len(report.after), report.where, report.operator, report.after)


def try_mutants(
    searchable: Searchable[Model], model: Model, mutants: Iterable[Mutant[Model]], budget: Budget
) -> Adequacy[Model]:
    """Run the small search on every mutant; a mutant that cannot be run at all is neither killed nor a survivor.

    A small search that refutes the model itself would refute every mutant too: then it tells nothing, and no mutant counts.
    """
    killers: list[MutantReport] = []
    survivors: list[MutantReport] = []
    broken: list[MutantReport] = []
    if searchable.search(model, budget, small=True).counterexample is not None:
        return Adequacy()
    for mutant in mutants:
        with mutant.applied(model) as changed:
            try:
                refuted = searchable.search(changed, budget, small=True).counterexample is not None
            except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError):
                broken.append(mutant.report)
                continue
        (killers if refuted else survivors).append(mutant.report)
    return Adequacy(*(tuple(sorted(reports, key=_edit_size)) for reports in (killers, survivors, broken)))


def judge(
    claim: Claim,
    policy: str | None,
    searchable: Searchable[Model],
    model: Model,
    mutants: Iterable[Mutant[Model]],
    budget: Budget,
) -> Verdict:
    """Search and decide.

    The order matters: a counterexample refutes whatever else was found; a claim whose precondition never occurred, or which no
    mutant refutes, is vacuous even though nothing refuted it.
    """
    found = Search()
    try:
        found = searchable.search(model, budget, small=False)
        if found.counterexample is not None:
            kind, reason, adequacy = VerdictKind.REFUTED, found.counterexample.title, Adequacy[Model]()
        elif found.witness is None or found.relevant == 0:
            kind, reason, adequacy = VerdictKind.VACUOUS, "its precondition never occurs", Adequacy[Model]()
        else:
            adequacy = try_mutants(searchable, model, mutants, budget)
            kind, reason = VerdictKind.CONFIRMED, ""
            if not adequacy.killers:
                kind, reason = VerdictKind.VACUOUS, "no mutant of the model refutes it"
    except BudgetExceeded as error:
        kind, reason, adequacy = VerdictKind.INCONCLUSIVE, f"the budget was spent: {error}", Adequacy[Model]()
    return Verdict(
        claim=claim.id,
        policy=policy,
        kind=kind,
        scope=claim.scope,
        cases=found.cases,
        relevant=found.relevant,
        reason=reason,
        witness=found.witness,
        counterexample=found.counterexample,
        killed=len(adequacy.killers),
        mutants=len(adequacy.killers) + len(adequacy.survivors),
        killer=adequacy.killers[0] if adequacy.killers else None,
        killers=adequacy.killers,
        survivors=adequacy.survivors,
        broken=adequacy.broken,
    )
