"""Claims: what is said about a model, and the one way in which a search becomes a verdict.

A claim is a named value with a search.  The search counts its cases, keeps the shortest witness that the claim's precondition
occurs, and stops at a smallest counterexample.  :func:`judge` turns that into a verdict: refuted by a counterexample; vacuous
without a witness, or when no mutant of the model is refuted by the same search; confirmed otherwise.

One mutant that the search refutes is enough to show that the claim can fail: a run tries mutants until it has one, the smallest
that is known first (:class:`UntilOneKills`).  What becomes of all the others is the question of the mutation run
(:class:`EveryMutant`), whose answers are recorded.  The budget that a claim is run with says which of the two is wanted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Explored, MutantReport, Scope, Tally, Verdict, VerdictKind

Model = TypeVar("Model")
ModelIn = TypeVar("ModelIn", contravariant=True)
ModelOut = TypeVar("ModelOut")


class BudgetExceeded(Exception):
    """The budget is spent before the search is exhausted: the verdict is inconclusive."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How far a search is.

    :param cases: single checks made so far, those on mutants included.
    :param states: distinct states found so far; 0 for a search that has none.
    :param frontier: states that are found and not yet expanded.
    :param depth: steps from the initial states.
    :param rate: states, or without states cases, in a second since the run began.
    """

    cases: int
    states: int = 0
    frontier: int = 0
    depth: int = 0
    rate: float = 0.0


Listener = Callable[[Effort], None]
"""Told how far a search is."""

_BETWEEN_REPORTS = 0.5
"""Seconds: nobody reads faster."""


@dataclass
class Budget:
    """How much a run may cost, what of the mutants it is to find out, and who is told how far it is.

    :param seconds: wall-clock seconds from the making of the object.
    :param cases: number of single checks.
    :param mutation: which mutants are tried.
    :param listener: told how far the search is, at most twice a second.
    """

    seconds: float = 600.0
    cases: int = 10**9
    mutation: Mutation = field(default_factory=lambda: UntilOneKills())
    listener: Listener | None = None
    _begun: float = field(init=False)
    _spent: int = field(init=False, default=0)
    _told: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self._told = time.monotonic()

    def spend(self, cases: int) -> None:
        """Account for cases that were checked.

        :raises BudgetExceeded: the cases or the time are used up.
        """
        self._spent += cases
        now = time.monotonic()
        if self._spent > self.cases:
            raise BudgetExceeded(f"more than {self.cases:,} cases")
        if now - self._begun > self.seconds:
            raise BudgetExceeded(f"more than {self.seconds:g} seconds")
        if self.listener is not None and now - self._told >= _BETWEEN_REPORTS:
            self._tell(now, self.listener, states=0, frontier=0, depth=0)

    def report(self, *, states: int, frontier: int = 0, depth: int = 0) -> None:
        """Tell how far a search over states is.  Cheap enough to be called for every frontier: most calls do nothing.

        :param states: distinct states found so far.
        :param frontier: states that are found and not yet expanded.
        :param depth: steps from the initial states.
        """
        now = time.monotonic()
        if self.listener is not None and now - self._told >= _BETWEEN_REPORTS:
            self._tell(now, self.listener, states=states, frontier=frontier, depth=depth)

    def _tell(self, now: float, listener: Listener, *, states: int, frontier: int, depth: int) -> None:
        self._told = now
        rate = (states or self._spent) / max(now - self._begun, _BETWEEN_REPORTS)
        listener(Effort(self._spent, states, frontier, depth, rate))


@dataclass
class Search:
    """What a search has found so far.

    :param cases: single checks made.
    :param relevant: those in which the precondition held.
    :param witness: a shortest trace in which the precondition occurs.
    :param counterexample: a smallest trace that refutes the claim; the search ends with it.
    :param explored: the searches of reachable states that were made.
    :param tallies: what was counted class by class, for the pages; only a search that was exhausted has them.
    """

    cases: int = 0
    relevant: int = 0
    witness: Trace | None = None
    counterexample: Trace | None = None
    explored: list[Explored] = field(default_factory=list)
    tallies: tuple[Tally, ...] = ()


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


@runtime_checkable
class Named(Protocol[ModelOut]):
    """Mutants of which one can be had without making the others; that is all that a claim may offer beside an iteration."""

    def named(self, report: MutantReport) -> Iterator[Mutant[ModelOut]]:
        """The mutants that a report names; none when there is none any more."""
        ...


class Mutation(Protocol):
    """Which mutants a run tries."""

    def try_mutants(
        self, searchable: Searchable[Model], model: Model, mutants: Iterable[Mutant[Model]], budget: Budget
    ) -> Adequacy[Model]:
        """Run the small search on mutants.

        A mutant that cannot be run at all is neither killed nor a survivor.  A small search that refutes the model itself would
        refute every mutant too: then it tells nothing, and no mutant counts.
        """
        ...


@dataclass(frozen=True)
class UntilOneKills:
    """Mutants, smallest edit first, until the search refutes one: what shows that the claim can fail.

    :param known: mutants that an earlier mutation run found to be killed; they are tried before all others.  One that does not
        exist any more, or that the search does not refute any more, proves nothing and costs nothing but its own search.
    """

    known: tuple[MutantReport, ...] = ()

    def try_mutants(
        self, searchable: Searchable[Model], model: Model, mutants: Iterable[Mutant[Model]], budget: Budget
    ) -> Adequacy[Model]:
        """Try until one is killed."""
        tried = _Tried(searchable, model, budget)
        if tried.model_is_refuted():
            return Adequacy()
        again: tuple[MutantReport, ...] = ()
        if isinstance(mutants, Named):
            again = self.known
            for report in self.known:
                if any(tried.kills(mutant) for mutant in mutants.named(report)):
                    return tried.adequacy()
        for mutant in sorted(mutants, key=lambda one: (one.report not in self.known, edit_size(one.report))):
            if mutant.report not in again and tried.kills(mutant):
                break
        return tried.adequacy()


@dataclass(frozen=True)
class EveryMutant:
    """Every mutant of the model: the mutation run."""

    def try_mutants(
        self, searchable: Searchable[Model], model: Model, mutants: Iterable[Mutant[Model]], budget: Budget
    ) -> Adequacy[Model]:
        """Try them all."""
        tried = _Tried(searchable, model, budget)
        if not tried.model_is_refuted():
            for mutant in mutants:
                tried.kills(mutant)
        return tried.adequacy()


def edit_size(report: MutantReport) -> tuple[int, str, str, str]:
    """The order of mutants: the length of the edit, then whatever makes the order the same each time."""
    return (len(report.before) + len(report.after), report.where, report.operator, report.after)


class _Tried(Generic[Model]):
    """The mutants that were tried so far, and what became of each."""

    def __init__(self, searchable: Searchable[Model], model: Model, budget: Budget) -> None:
        self._searchable, self._model, self._budget = searchable, model, budget
        self._killers: list[MutantReport] = []
        self._survivors: list[MutantReport] = []
        self._broken: list[MutantReport] = []

    def model_is_refuted(self) -> bool:
        """Whether the small search refutes the model itself."""
        return self._searchable.search(self._model, self._budget, small=True).counterexample is not None

    def kills(self, mutant: Mutant[Model]) -> bool:
        """Whether the small search refutes a mutant."""
        with mutant.applied(self._model) as changed:
            try:
                refuted = self._searchable.search(changed, self._budget, small=True).counterexample is not None
            except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError):
                self._broken.append(mutant.report)
                return False
        (self._killers if refuted else self._survivors).append(mutant.report)
        return refuted

    def adequacy(self) -> Adequacy[Model]:
        """What became of them, smallest edit first."""
        lists = (self._killers, self._survivors, self._broken)
        return Adequacy(*(tuple(sorted(reports, key=edit_size)) for reports in lists))


def judge(
    claim: Claim,
    policy: str | None,
    searchable: Searchable[Model],
    model: Model,
    mutants: Iterable[Mutant[Model]],
    budget: Budget,
) -> Verdict:
    """Search and decide.

    :param mutants: made only when they are asked for; those of a large model had better be :class:`Named` as well.

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
            adequacy = budget.mutation.try_mutants(searchable, model, mutants, budget)
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
        explored=tuple(found.explored),
        tallies=found.tallies,
    )
