"""How a search becomes a verdict."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from sphinx_xenfusa.explore.claim import (
    Budget,
    BudgetExceeded,
    Effort,
    EveryMutant,
    Search,
    UntilOneKills,
    judge,
)
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import MutantReport, Scope, Verdict, VerdictKind


def trace(title: str) -> Trace:
    return Trace(title, (("domain", "running"),), (Step("domain", "call", (), "allowed", (), "xen/common/x.c:1"),))


@dataclass
class NeverAbove:
    """The claim that no number of the model is above a limit; a model is a list of numbers."""

    limit: int = 9
    relevant_from: int = 5
    id: str = "never_above"
    says: str = "No number is above the limit."
    statements: tuple[str, ...] = ("XenArch~never_above~1",)
    policies: tuple[str, ...] = ("specification",)
    sources: tuple[()] = ()
    scope: Scope = field(default_factory=lambda: Scope("toy", "a list of numbers", 0, None, ("numbers are whole",)))
    searched: list[bool] = field(default_factory=list)

    def search(self, model: list[int], budget: Budget, *, small: bool) -> Search:
        self.searched.append(small)
        found = Search()
        for number in model:
            budget.spend(1)
            found.cases += 1
            if number > self.limit:
                found.counterexample = trace(f"{number} is above")
                return found
            if number >= self.relevant_from:
                found.relevant += 1
                found.witness = found.witness or trace(f"{number} is close")
        return found

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        raise NotImplementedError


@dataclass(frozen=True)
class Added:
    """A mutant that adds a number."""

    number: object
    text: str = ""

    @property
    def report(self) -> MutantReport:
        return MutantReport("toy:1", "add", "", self.text or str(self.number))

    @contextlib.contextmanager
    def applied(self, model: list[int]) -> Iterator[list[int]]:
        yield [*model, self.number]


def verdict(model: list[int], *mutants: Added, budget: Budget | None = None, **claim: int) -> Verdict:
    claim = NeverAbove(**claim)
    return judge(claim, "specification", claim, model, mutants, budget or Budget(mutation=EveryMutant()))


def test_refuted() -> None:
    got = verdict([1, 6, 12, 30], Added(99))
    assert got.kind is VerdictKind.REFUTED
    assert got.counterexample == trace("12 is above")
    assert (got.reason, got.cases, got.relevant) == ("12 is above", 3, 1)
    assert (got.killed, got.mutants, got.killer, got.survivors) == (0, 0, None, ())


def test_refuted_although_the_precondition_never_occurred() -> None:
    assert verdict([12]).kind is VerdictKind.REFUTED


def test_vacuous_without_witness() -> None:
    got = verdict([1, 2, 3], Added(99))
    assert got.kind is VerdictKind.VACUOUS
    assert (got.reason, got.witness, got.cases) == ("its precondition never occurs", None, 3)


def test_vacuous_on_an_empty_model() -> None:
    assert verdict([], Added(99)).kind is VerdictKind.VACUOUS


@pytest.mark.parametrize("mutants", [(), (Added(4), Added(8))], ids=["no mutants", "only survivors"])
def test_vacuous_without_a_killed_mutant(mutants: tuple[Added, ...]) -> None:
    got = verdict([1, 6], *mutants)
    assert got.kind is VerdictKind.VACUOUS
    assert (got.reason, got.killed, got.mutants) == ("no mutant of the model refutes it", 0, len(mutants))
    assert got.survivors == tuple(mutant.report for mutant in mutants)


def test_confirmed() -> None:
    claim = NeverAbove()
    mutants = [Added(10, "a longer edit"), Added(4), Added(11)]
    got = judge(claim, "specification", claim, [1, 6, 7], mutants, Budget(mutation=EveryMutant()))
    assert got.kind is VerdictKind.CONFIRMED
    assert (got.claim, got.policy, got.reason, got.scope) == ("never_above", "specification", "", claim.scope)
    assert (got.cases, got.relevant, got.witness, got.counterexample) == (3, 2, trace("6 is close"), None)
    assert (got.killed, got.mutants, got.survivors) == (2, 3, (Added(4).report,))
    assert got.killer == Added(11).report, "the smallest edit"
    assert claim.searched == [False, True, True, True, True], "the model itself, small, before its mutants"


def test_mutants_in_any_order_give_the_same_verdict() -> None:
    mutants = [Added(number) for number in (10, 11, 4, 3, 12)]
    assert verdict([6], *mutants) == verdict([6], *reversed(mutants))


def test_mutant_that_cannot_run_counts_for_nothing() -> None:
    got = verdict([6], Added("text"), Added(12))
    assert (got.kind, got.killed, got.mutants) == (VerdictKind.CONFIRMED, 1, 1)
    assert verdict([6], Added("text")).kind is VerdictKind.VACUOUS


def test_mutants_are_not_made_unless_the_claim_holds() -> None:
    def never() -> Iterator[Added]:
        raise AssertionError("asked for")
        yield

    claim = NeverAbove()
    for model in ([12], [1]):
        judge(claim, None, claim, model, never(), Budget())


@pytest.mark.parametrize("cases", [0, 1, 4])
def test_inconclusive_when_the_cases_are_used_up(cases: int) -> None:
    got = verdict([1, 6, 7, 8, 9], Added(99), budget=Budget(cases=cases))
    assert got.kind is VerdictKind.INCONCLUSIVE
    assert got.reason == f"the budget was spent: more than {cases} cases"


def test_inconclusive_when_the_cases_are_used_up_by_the_mutants() -> None:
    got = verdict([6, 7], Added(99), Added(98), budget=Budget(cases=4, mutation=EveryMutant()))
    assert got.kind is VerdictKind.INCONCLUSIVE
    assert (got.cases, got.relevant, got.killed) == (2, 2, 0)


def test_inconclusive_when_the_time_is_used_up() -> None:
    assert verdict([6], Added(99), budget=Budget(seconds=-1)).kind is VerdictKind.INCONCLUSIVE


def test_budget_that_just_suffices() -> None:
    assert verdict([6, 7], Added(99), budget=Budget(cases=7)).kind is VerdictKind.CONFIRMED
    assert verdict([6, 7], Added(99), budget=Budget(cases=6)).kind is VerdictKind.INCONCLUSIVE


def test_refuted_before_the_budget_is_spent() -> None:
    assert verdict([6, 12, 7], budget=Budget(cases=2)).kind is VerdictKind.REFUTED


def test_budget_counts() -> None:
    budget = Budget(cases=10)
    budget.spend(4)
    budget.spend(6)
    with pytest.raises(BudgetExceeded, match="10 cases"):
        budget.spend(1)


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, AssertionError, BudgetExceeded])
def test_a_broken_search_is_no_killed_mutant(error: type[BaseException]) -> None:
    """What is no fault of the mutant goes through: it must not look like a refutation or a survivor."""

    class Broken:
        def search(self, model: object, budget: Budget, *, small: bool) -> Search:
            raise error

    with pytest.raises(error):
        EveryMutant().try_mutants(Broken(), [], [Added(1)], Budget())


def test_mutant_is_undone_when_the_search_breaks() -> None:
    open_now: list[int] = []

    class Watched(Added):
        @contextlib.contextmanager
        def applied(self, model: list[int]) -> Iterator[list[int]]:
            open_now.append(1)
            try:
                yield model
            finally:
                open_now.pop()

    class Broken:
        def __init__(self, error: Callable[[], BaseException]) -> None:
            self.error = error

        def search(self, model: object, budget: Budget, *, small: bool) -> Search:
            if open_now:
                raise self.error()
            return Search()

    adequacy = EveryMutant().try_mutants(Broken(TypeError), [], [Watched(1)], Budget())
    assert (adequacy.killers, adequacy.survivors, open_now) == ((), (), [])
    with pytest.raises(MemoryError):
        EveryMutant().try_mutants(Broken(MemoryError), [], [Watched(1)], Budget())
    assert open_now == []


KILLERS = [Added(10, "a longer edit"), Added(4), Added(11), Added(3), Added(99)]
"""By size of their edits: 3, 4, 11, 99, the longer one; 3 and 4 survive."""


class Offered:
    """Mutants of which one can be had by its report; tells which were made."""

    def __init__(self, *mutants: Added) -> None:
        self.mutants = mutants
        self.iterated = 0

    def __iter__(self) -> Iterator[Added]:
        self.iterated += 1
        return iter(self.mutants)

    def named(self, report: MutantReport) -> Iterator[Added]:
        return (one for one in self.mutants if one.report == report)


def until_one(claim: NeverAbove, mutants: object, *known: Added) -> Verdict:
    mutation = UntilOneKills(tuple(one.report for one in known))
    return judge(claim, "specification", claim, [1, 6, 7], mutants, Budget(mutation=mutation))


def test_smallest_edit_first_until_one_kills() -> None:
    claim = NeverAbove()
    got = until_one(claim, iter(KILLERS))
    assert (got.kind, got.killed, got.mutants) == (VerdictKind.CONFIRMED, 1, 3)
    assert (got.killer, got.survivors) == (Added(11).report, (Added(3).report, Added(4).report))
    assert claim.searched == [False, True, True, True, True], "the model itself, small, before its mutants"


@pytest.mark.parametrize("mutants", [KILLERS, Offered(*KILLERS)], ids=["a sequence", "by name"])
def test_the_known_killer_is_tried_before_all_others(mutants: object) -> None:
    claim = NeverAbove()
    got = until_one(claim, mutants, KILLERS[0])
    assert (got.kind, got.killer, got.killed, got.mutants) == (VerdictKind.CONFIRMED, KILLERS[0].report, 1, 1)
    assert claim.searched == [False, True, True]


def test_mutants_are_not_made_when_the_known_one_kills() -> None:
    offered = Offered(*KILLERS)
    until_one(NeverAbove(), offered, Added(99))
    assert offered.iterated == 0


@pytest.mark.parametrize("mutants", [KILLERS, Offered(*KILLERS)], ids=["a sequence", "by name"])
@pytest.mark.parametrize("known", [Added(4), Added(1234)], ids=["kills no more", "exists no more"])
def test_a_known_killer_that_is_none_any_more_proves_nothing(known: Added, mutants: object) -> None:
    got = until_one(NeverAbove(), mutants, known)
    assert (got.kind, got.killer, got.killed, got.mutants) == (VerdictKind.CONFIRMED, Added(11).report, 1, 3)
    survivors = Offered(Added(3), Added(4))
    got = until_one(NeverAbove(), survivors, known)
    assert (got.kind, got.killed, got.mutants) == (VerdictKind.VACUOUS, 0, 2)


def test_progress_is_told_at_most_twice_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("sphinx_xenfusa.explore.claim.time.monotonic", lambda: now[0])
    told: list[Effort] = []
    budget = Budget(listener=told.append)
    for _ in range(40):
        now[0] += 0.125
        budget.spend(5)
    assert [one.cases for one in told] == [20, 40, 60, 80, 100, 120, 140, 160, 180, 200]
    assert told[-1].rate == 40
    now[0] += 1
    budget.report(states=800, frontier=7, depth=3)
    budget.report(states=801, frontier=7, depth=3)
    assert (told[-1].states, told[-1].frontier, told[-1].depth) == (800, 7, 3)
    assert told[-1].rate == 800 / 6


@dataclass
class SmallIsWrong(NeverAbove):
    """A claim whose small search refutes the model that its full search does not."""

    def search(self, model: list[int], budget: Budget, *, small: bool) -> Search:
        return super().search([*model, 50] if small else model, budget, small=small)


def test_a_small_search_that_refutes_the_model_itself_kills_nothing() -> None:
    claim = SmallIsWrong()
    got = judge(claim, "specification", claim, [1, 6], [Added(99)], Budget())
    assert (got.kind, got.killed, got.mutants) == (VerdictKind.VACUOUS, 0, 0)
