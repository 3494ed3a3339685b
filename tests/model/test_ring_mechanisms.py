"""The ring between two peers: what each behaviour of a peer does to the other side, with and without hardening."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Exploration, Watch
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.language import System
from sphinx_xenfusa.explore.reference import replay
from sphinx_xenfusa.model import notification_ring
from sphinx_xenfusa.model.ring.mechanisms import HOSTILE_DEVICE, HOSTILE_DRIVER, MECHANISMS, STEPS, Found, does
from sphinx_xenfusa.model.ring.peers import ring
from sphinx_xenfusa.model.ring.state import MEASURES, Bounds, DeviceAt, Harm, Peer, Ring, overworked

HARMS = {harm: does(harm) for harm in Harm if harm is not Harm.NONE}
FOUND = {f"{mechanism.id} {one.harm.name}": one for mechanism in MECHANISMS for one in mechanism.found}


@dataclass(frozen=True)
class Searched:
    exploration: Exploration
    harms: dict[str, int]


@functools.cache
def searched(bounds: Bounds) -> Searched:
    """All of a ring's states, with the distance of each harm that can be done."""
    system = ring(bounds)
    watches = [Watch(harm.name, compile_predicate(system, test)) for harm, test in HARMS.items()]
    watches.append(Watch("overworked", compile_predicate(system, overworked)))
    found = NumpyEngine().explore(compile_system(system), watches)
    assert found.complete
    depths = {watch.name: seen.depth for watch, seen in zip(watches, found.watched, strict=True)}
    return Searched(found, {name: depth for name, depth in depths.items() if depth is not None})


def shortest(bounds: Bounds, harm: Harm) -> list[str]:
    """The rules of a shortest trace, found with the engine and replayed with the rules as they are written."""
    system = ring(bounds)
    program = compile_system(system)
    steps = NumpyEngine().shortest(program, compile_predicate(system, HARMS[harm]))
    assert steps is not None
    actions = [program.steps[number].action for number in steps]
    assert replay(system, actions)[-1].harm is harm
    return [str(action) for action in actions]


# The lengths of the shortest traces.  They are not taken from anywhere: a change of the model that changes one changes what the
# page about interference says.
LENGTHS = {
    "a1 JUMPED": 4,
    "a2 UNEXPOSED": 11,
    "a3 HEAD_OUTSIDE": 6,
    "a3 NEXT_OUTSIDE": 7,
    "a4 USED_AHEAD": 2,
    "b1 LOOPED": 8,
    "b2 OVERFLOWED": 9,
    "b2 EMPTY": 7,
    "b3 NESTED": 9,
    "b3 OVERSIZED": 8,
    "c1 FORGED_ID": 7,
    "c1 ID_CHANGED": 9,
    "c2 FORGED_LENGTH": 8,
    "d1 WAITED": 6,
    "d2 UNTOLD": 7,
    "e1 STORMED": 6,
    "e2 GREEDY": 13,
    "f1 CHANGED": 8,
    "f2 REWRITTEN": 9,
    "f2 INDEX_MOVED": 4,
    "h1 NOT_READY": 4,
}


@pytest.mark.parametrize("name", FOUND)
def test_each_harm_is_found_without_hardening_and_its_shortest_trace_replays(name: str) -> None:
    one = FOUND[name]
    assert searched(one.bounds).harms[one.harm.name] == LENGTHS[name]
    assert len(shortest(one.bounds, one.harm)) == LENGTHS[name]


@pytest.mark.parametrize("name", FOUND)
def test_no_harm_is_found_with_all_measures(name: str) -> None:
    assert searched(FOUND[name].bounds.hardened()).harms == {}


def keeps_away(one: Found, measures: tuple[str, ...]) -> bool:
    system = ring(one.bounds.only(*measures))
    watch = Watch(one.harm.name, compile_predicate(system, HARMS[one.harm]), stop=True)
    return NumpyEngine().explore(compile_system(system), [watch]).watched[0].depth is None


@pytest.mark.parametrize("name", FOUND)
def test_exactly_the_measures_that_are_listed_keep_a_harm_away(name: str) -> None:
    one = FOUND[name]
    alone = {(measure,) for measure in MEASURES if keeps_away(one, (measure,))}
    assert alone == {measures for measures in one.stopped_by if len(measures) == 1}
    for measures in one.stopped_by:
        assert keeps_away(one, measures)
    # Without any of the sets nothing else helps: all other measures together do not.
    others = set(MEASURES) - {measures[0] for measures in one.stopped_by}
    assert not keeps_away(one, tuple(others))


def test_every_harm_and_every_measure_is_in_the_catalogue() -> None:
    assert {one.harm for one in FOUND.values()} == set(HARMS)
    assert {measure for one in FOUND.values() for sets in one.stopped_by for measure in sets} == set(MEASURES)


@pytest.mark.parametrize("bounds", [*HOSTILE_DRIVER, *HOSTILE_DEVICE])
def test_a_hardened_ring_does_a_bounded_amount_of_work_for_an_arbitrary_peer(bounds: Bounds) -> None:
    assert searched(replace(bounds, counted=STEPS).hardened()).harms == {}
    # What is counted does count: a bound of two steps is met.
    system = ring(replace(bounds, counted=2).hardened())
    assert NumpyEngine().shortest(compile_system(system), compile_predicate(system, overworked)) is not None


@pytest.mark.parametrize("bounds", [*HOSTILE_DRIVER, *HOSTILE_DEVICE])
def test_the_victim_of_a_hostile_peer_can_always_take_a_step(bounds: Bounds) -> None:
    own = "device" if bounds.driver is Peer.HOSTILE else "driver"
    hardened = bounds.hardened()
    system = ring(replace(hardened, lengths=False, links=False, tables=False))
    alone = [action for action in system.actions if action.rule.party == own]
    start = system.initial()
    seen, left = {start.key()}, [start]
    # A sample of states, the nearest ones: all of them are the matter of a claim.
    while left and len(seen) < 300:
        state = left.pop(0)
        if not (own == "device" and state.device is DeviceAt.ASLEEP):
            assert any(system.take(state, action) is not None for action in alone)
        for _, after in system.steps(state):
            if after.key() not in seen:
                seen.add(after.key())
                left.append(after)


def test_between_honest_peers_no_harm_is_done_once_work_and_interrupts_are_bounded() -> None:
    # Neither a greedy driver nor an interrupt after the driver has looked by itself breaks any clause.
    assert searched(Bounds()).harms.keys() == {"GREEDY", "STORMED"}
    assert searched(Bounds().only("budget", "late_eoi")).harms == {}


def test_a_crash_does_nothing_that_silence_does_not() -> None:
    for waits in (False, True):
        crashing = searched(Bounds(device=Peer.CRASHING, waits=waits).only("budget", "late_eoi")).harms
        silent = searched(Bounds(device=Peer.SILENT, waits=waits).only("budget", "late_eoi")).harms
        assert crashing.keys() == silent.keys() == ({"WAITED"} if waits else set())
    assert searched(Bounds(driver=Peer.CRASHING).only("budget", "late_eoi")).harms == {}
    assert searched(Bounds(driver=Peer.SILENT)).harms == {}


SHARED = {
    "driver": {
        "avail_idx",
        "avail_ring",
        "length",
        "leads_to",
        "indirect",
        "table_long",
        "table_nested",
        "kick",
        "ready",
    }
    | {"addressed"},
    "device": {"used_idx", "used_id", "used_length", "avail_event", "interrupt"},
}


def written(system: System[Ring, Bounds], party: str, limit: int = 400) -> set[str]:
    """The fields that the rules of a party change, in the nearest states."""
    start = system.initial()
    seen, left, fields = {start.key()}, [start], set[str]()
    while left and len(seen) < limit:
        state = left.pop(0)
        for action, after in system.steps(state):
            if action.rule.party == party:
                changed = zip(system.values(state).items(), system.values(after).values(), strict=True)
                fields |= {name.partition("[")[0] for (name, old), new in changed if old != new}
            if after.key() not in seen:
                seen.add(after.key())
                left.append(after)
    return fields


EVERYTHING = Bounds(
    heads=True, lengths=True, links=True, tables=True, resets=True, ids=True, events=True, interrupts=True
)


@pytest.mark.parametrize("side", ["driver", "device"])
def test_a_hostile_peer_writes_its_own_pages_and_with_two_writers_some_of_the_others(side: str) -> None:
    hostile = replace(EVERYTHING, **{"driver": Peer.SILENT, "device": Peer.SILENT, side: Peer.HOSTILE})
    own = written(ring(hostile.hardened()), f"hostile {side}")
    assert own == SHARED[side]
    others = written(ring(hostile), f"hostile {side}") - own
    assert others == ({"used_idx"} if side == "driver" else {"leads_to", "avail_idx"})


@pytest.mark.parametrize("side", ["driver", "device"])
def test_what_an_honest_peer_writes_into_shared_memory_a_hostile_peer_may_write(side: str) -> None:
    system = ring(Bounds(event_idx=True))
    hostile = replace(EVERYTHING, event_idx=True, **{side: Peer.HOSTILE}).hardened()
    forging = [action for action in ring(hostile).actions if action.rule.party == f"hostile {side}"]
    others = ring(hostile)
    state = system.initial()
    for _ in range(60):
        # The one who has not moved for longest moves next.
        steps = [step for step in system.steps(state) if step[0].rule.name not in {"do_other_work", "serve_others"}]
        action, after = steps[-1] if len(steps) % 2 else steps[0]
        if action.rule.party == side:
            then = {
                name: value for name, value in system.values(after).items() if name.partition("[")[0] in SHARED[side]
            }
            state_then = state
            for name, value in then.items():
                if system.values(state_then)[name] != value:
                    one_step = [others.take(state_then, forge) for forge in forging]
                    state_then = next(one for one in one_step if one is not None and others.values(one)[name] == value)
            found = others.values(state_then)
            assert {name: found[name] for name in then} == then
        state = after


def test_on_the_measured_ring_a_forged_head_takes_nine_steps() -> None:
    # The same number as a solver gave for it (interference.tsv): satisfiable at 9 and at no number below.
    system = notification_ring.RING.system(notification_ring.Bounds(forged=1))
    program = compile_system(system)
    steps = NumpyEngine().shortest(program, compile_predicate(system, corrupted))
    assert steps is not None
    assert [program.steps[number].action.rule.name for number in steps].count("forge_used") == 1
    assert len(steps) == 9


def corrupted(s: notification_ring.NotificationRing, c: notification_ring.Bounds) -> bool:
    return s.corrupted


def test_without_says_no_measure() -> None:
    with pytest.raises(ValueError, match="no measure"):
        Bounds().hardened("prayer")
    with pytest.raises(ValueError, match="no measure"):
        Bounds().only("prayer")


INTERFERENCE = Path(__file__).parents[2].parent / "shared/spec/interference.tsv"
ELSEWHERE = {"g1", "g2", "g3", "d3", "d4"}


@pytest.mark.skipif(not INTERFERENCE.exists(), reason="the facts are not beside the checkout")
def test_the_catalogue_has_every_mechanism_of_the_facts_with_the_same_victim() -> None:
    rows = list(csv.DictReader(INTERFERENCE.read_text("utf-8").splitlines(), delimiter="\t"))
    facts = {row["id"]: row["direction"] for row in rows if row["id"] not in ELSEWHERE and row["direction"] != "either"}
    ours = {one.id: one.direction.replace(" to ", "->") for one in MECHANISMS}
    assert len(rows) == 21
    assert {row["id"] for row in rows} - ELSEWHERE == ours.keys()
    assert facts.items() <= ours.items()
