"""Claims about systems of rules: each form confirms what holds, and refutes what does not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pytest

from sphinx_xenfusa.claims.rule_claims import Assumption, RuleClaim
from sphinx_xenfusa.claims.rule_properties import (
    Always,
    CanAlwaysReach,
    CanAlwaysStep,
    CanGetStuck,
    Eventually,
    Property,
    Reachable,
    anything,
)
from sphinx_xenfusa.explore.claim import Budget, EveryMutant
from sphinx_xenfusa.explore.language import RuleModel, State, flag, one_of, require, within
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


def test_verdicts_keep_what_was_explored() -> None:
    verdict = run(Reachable(PLAIN, "full", full, "never full"))
    assert Verdict.from_json(verdict.to_json()).explored == verdict.explored
    assert verdict.explored[0].constants == (("limit", "3"), ("jams", "False"))
    assert (verdict.explored[0].rules, verdict.explored[0].never_fired) == (3, ())
