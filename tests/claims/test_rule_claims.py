"""Claims about systems of rules: each form confirms what holds, and refutes what does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import pytest

from sphinx_xenfusa.claims.recount import DisagreementError
from sphinx_xenfusa.claims.rule_claims import Assumption, RuleClaim
from sphinx_xenfusa.claims.rule_properties import (
    Always,
    CanAlwaysReach,
    CanAlwaysStep,
    CanGetStuck,
    Eventually,
    NoInfluence,
    Property,
    Reachable,
    anything,
)
from sphinx_xenfusa.explore.claim import Budget, EveryMutant
from sphinx_xenfusa.explore.engine import Exploration
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.language import ModelError, RuleModel, State, flag, one_of, require, within
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.model.notification_ring import RING, Bounds, DriverAt, NotificationRing


class Door(Enum):
    CLOSED = 0
    OPEN = 1
    JAMMED = 2


@dataclass(frozen=True)
class House:
    limit: int = 3
    jams: bool = False


class Rooms(State):
    door: Door = one_of(Door)
    inside: int = within(0, lambda c: c.limit)
    bell: bool = flag()


HOUSE = RuleModel("house", Rooms, House())


@HOUSE.rule("guest", "the test")
def ring_bell(s: Rooms, c: House) -> None:
    require(not s.bell)
    s.bell = True


@HOUSE.rule("host", "the test")
def open_door(s: Rooms, c: House) -> None:
    require(s.bell and s.door == Door.CLOSED)
    s.door = Door.OPEN


@HOUSE.rule("guest", "the test")
def enter(s: Rooms, c: House) -> None:
    require(s.door == Door.OPEN and s.inside < c.limit)
    s.inside += 1
    s.door = Door.CLOSED
    s.bell = False


@HOUSE.rule("weather", "the test")
def jam(s: Rooms, c: House) -> None:
    require(c.jams and s.door == Door.CLOSED)
    s.door = Door.JAMMED


def rung(s: Rooms, c: House) -> bool:
    return s.bell


def is_open(s: Rooms, c: House) -> bool:
    return s.door == Door.OPEN


def full(s: Rooms, c: House) -> bool:
    return s.inside == c.limit


def not_full(s: Rooms, c: House) -> bool:
    return s.inside < c.limit


def open_only_when_rung(s: Rooms, c: House) -> bool:
    return s.bell or s.door != Door.OPEN


def jammed(s: Rooms, c: House) -> bool:
    return s.door == Door.JAMMED


def run(*properties: Property, budget: Budget | None = None, assumptions: tuple[Assumption, ...] = ()) -> Verdict:
    return RuleClaim("a_claim", "It holds.", "A house.", properties, assumptions).run(None, budget or Budget())


PLAIN = HOUSE.system()
JAMS = HOUSE.system(House(jams=True))


@pytest.mark.parametrize(
    ("one", "kind", "length"),
    [
        (Always(PLAIN, "open", is_open, open_only_when_rung, "open without a bell"), VerdictKind.CONFIRMED, 2),
        (Always(PLAIN, "rung", rung, not_full, "too many"), VerdictKind.REFUTED, 10),
        (Always(PLAIN, "never", jammed, not_full, ""), VerdictKind.VACUOUS, None),
        (Reachable(PLAIN, "full", full, "never full"), VerdictKind.CONFIRMED, 9),
        (Reachable(PLAIN, "jammed", jammed, "never jammed"), VerdictKind.REFUTED, 0),
        (CanAlwaysStep(PLAIN, "not full", not_full, anything, "nobody", ("guest", "host")), VerdictKind.CONFIRMED, 0),
        (CanAlwaysStep(PLAIN, "any", anything, anything, "nobody", ("guest", "host")), VerdictKind.REFUTED, 11),
        (CanAlwaysReach(PLAIN, "not full", not_full, full, "never full"), VerdictKind.CONFIRMED, 0),
        (CanAlwaysReach(JAMS, "not full", not_full, full, "never full"), VerdictKind.REFUTED, 1),
        (CanGetStuck(JAMS, "stuck", not_full, full, "never stuck"), VerdictKind.CONFIRMED, 1),
        (CanGetStuck(PLAIN, "stuck", not_full, full, "never stuck"), VerdictKind.REFUTED, 0),
        (Eventually(PLAIN, "any", anything, full, "not full", (("guest",), ("host",))), VerdictKind.CONFIRMED, 0),
        (Eventually(PLAIN, "any", anything, full, "not full", (("guest",),)), VerdictKind.REFUTED, 0),
        (Eventually(JAMS, "any", anything, full, "not full", (("guest",), ("host",))), VerdictKind.REFUTED, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Property) else None,
)
def test_each_form_of_claim(one: Property, kind: VerdictKind, length: int | None) -> None:
    verdict = run(one)
    assert verdict.kind is kind, verdict.reason
    trace = verdict.counterexample or verdict.witness
    assert (None if trace is None else len(trace.steps)) == length
    if kind is VerdictKind.CONFIRMED:
        assert verdict.killer is not None
        assert verdict.explored[0].states == verdict.cases


@dataclass(frozen=True)
class Wire:
    shared: bool = False


class Office(State):
    secret: int = within(0, 2)
    seen: int = within(0, 2)
    lamp: bool = flag()


OFFICE = RuleModel("office", Office, Wire())


@OFFICE.rule("actor", "the test", to=(1, 2))
def decide(s: Office, c: Wire, to: int) -> None:
    require(s.secret == 0)
    s.secret = to


@OFFICE.rule("observer", "the test")
def look(s: Office, c: Wire) -> None:
    if c.shared:
        s.seen = s.secret
    s.lamp = not s.lamp


def influence(shared: bool) -> NoInfluence:
    system = OFFICE.system(Wire(shared))
    return NoInfluence(system, "it acts", ("actor",), ("observer",), ("seen", "lamp"), "it is seen")


def test_nothing_that_the_actor_does_is_seen_where_nothing_is_shared() -> None:
    verdict = run(influence(False))
    assert verdict.kind is VerdictKind.CONFIRMED
    assert verdict.killer is not None
    assert (verdict.killer.before, verdict.killer.after) == ("c.shared", "not (c.shared)")
    found = influence(False).examine({}, Budget())
    assert found.counterexample is None
    assert found.explored.states == 3 * 3 * 2
    assert found.relevant == 3 * 2 * 2


def test_what_is_shared_is_seen() -> None:
    verdict = run(influence(True))
    assert verdict.kind is VerdictKind.REFUTED
    assert verdict.counterexample is not None
    told = [(step.party, step.outcome) for step in verdict.counterexample.steps]
    assert told == [("actor", "taken in the first run"), ("observer", "taken in both runs")]
    assert verdict.counterexample.steps[-1].changed[0].field == "seen, the first run"


def test_a_step_that_only_one_run_allows_is_seen() -> None:
    rule = next(rule for rule in RING.rules if rule.name == "reap")
    assert rule.party == "driver"
    system = RING.system(Bounds(size=2, buffers=1, forged=1))
    verdict = run(NoInfluence(system, "", ("device",), ("driver",), ("driver",), "the device is seen"))
    assert verdict.kind is VerdictKind.REFUTED
    assert verdict.counterexample is not None


def test_a_field_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModelError, match="no field colour"):
        NoInfluence(OFFICE.system(), "", ("actor",), ("observer",), ("colour",), "").examine({}, Budget())


def test_a_hazard_and_its_mitigation_are_one_claim() -> None:
    def corrupted(s: NotificationRing, c: Bounds) -> bool:
        return s.corrupted

    def forged(s: NotificationRing, c: Bounds) -> bool:
        return s.forgeries > 0

    def intact(s: NotificationRing, c: Bounds) -> bool:
        return not s.corrupted

    weak, hard = (RING.system(Bounds(size=2, buffers=1, forged=1, hardened=hardened)) for hardened in (False, True))
    verdict = run(
        Reachable(weak, "the driver frees what it has not posted", corrupted, "nothing is freed wrongly"),
        Always(hard, "an entry is forged", forged, intact, "the driver frees what it has not posted"),
        assumptions=(Assumption("at most one entry is forged", RING.system(Bounds(size=2, buffers=1))),),
        budget=Budget(mutation=EveryMutant()),
    )
    assert verdict.kind is VerdictKind.CONFIRMED
    assert verdict.witness is not None
    assert len(verdict.witness.steps) == 9
    assert verdict.explored[0].states == 52_480
    assert verdict.explored[0].dropped == (("at most one entry is forged", 8_576),)
    assert verdict.explored[1].never_fired == ()
    killers = {one.where.rpartition(" ")[2] for one in verdict.killers}
    assert {"reap", "forge_used"} <= killers
    assert verdict.survivors


def test_a_system_that_is_too_large_has_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def idle(s: NotificationRing, c: Bounds) -> bool:
        return s.driver == DriverAt.IDLE

    def listed(s: NotificationRing, c: Bounds) -> bool:
        return True

    one = Always(RING.system(Bounds(size=2, buffers=2)), "idle", idle, listed, "")
    verdict = run(one, budget=Budget(cases=5_000))
    assert verdict.kind is VerdictKind.INCONCLUSIVE
    assert "5,000 cases" in verdict.reason


def test_the_states_are_counted_again_by_another_engine() -> None:
    pytest.importorskip("oxidd", reason="the extra bdd is not installed")
    verdict = run(Reachable(PLAIN, "full", full, "never full"))
    assert verdict.explored[0].recount == verdict.explored[0].states


def test_two_engines_that_disagree_give_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("oxidd", reason="the extra bdd is not installed")
    explore = NumpyEngine.explore

    def forgetful(self: NumpyEngine, *arguments: Any) -> Exploration:
        found = explore(self, *arguments)
        return replace(found, states=found.states - 1)

    monkeypatch.setattr(NumpyEngine, "explore", forgetful)
    with pytest.raises(DisagreementError, match=r"house: numpy finds .* bdd finds"):
        run(Reachable(PLAIN, "full", full, "never full"))


def test_verdicts_keep_what_was_explored() -> None:
    verdict = run(Reachable(PLAIN, "full", full, "never full"))
    assert Verdict.from_json(verdict.to_json()).explored == verdict.explored
    assert verdict.explored[0].constants == (("limit", "3"), ("jams", "False"))
    assert (verdict.explored[0].rules, verdict.explored[0].never_fired) == (3, ())


def no_such_field(s: Rooms, c: House) -> bool:
    return s.weight > 3


def test_a_claim_on_an_unknown_field_is_one_clear_error() -> None:
    with pytest.raises(ModelError) as caught:
        run(Reachable(PLAIN, "heavy", no_such_field, "never heavy"))
    line = no_such_field.__code__.co_firstlineno + 1
    assert (
        str(caught.value) == f"test_rule_claims.py:{line}:12: found no field weight; expected one of door, inside, bell"
    )


def test_a_bound_that_is_too_small_for_its_initial_value_is_one_clear_error() -> None:
    class Small(State):
        inside: int = within(0, lambda c: c.limit, initial=3)

    system = RuleModel("small", Small, House()).system(House(limit=2))
    with pytest.raises(ModelError, match="field inside: found the initial value 3; expected a number from 0 to 2"):
        run(Reachable(system, "", anything, ""))


def test_an_unbounded_field_is_one_clear_error() -> None:
    class Unbounded(State):
        inside: int = within(0, lambda c: None)

    system = RuleModel("unbounded", Unbounded, House()).system()
    with pytest.raises(ModelError, match="expected a number, or a function of the constants that gives one"):
        run(Reachable(system, "", anything, ""))


def test_a_field_without_a_declaration_is_one_clear_error() -> None:
    class Forgotten(State):
        inside: int = 0

    def enter(s: Forgotten, c: House) -> None:
        s.inside = 1

    model = RuleModel("forgotten", Forgotten, House())
    model.rule("guest", "the test")(enter)
    with pytest.raises(ModelError, match="found no field inside; expected"):
        run(Reachable(model.system(), "", anything, ""))
