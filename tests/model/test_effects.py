"""The steps that operations take in the state, and what is seen of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.model.effects import (
    PLATFORM,
    Call,
    DomainState,
    Life,
    Offer,
    Offered,
    Power,
    System,
    Touch,
    Transformer,
    affected_without_consent,
    apply,
    touched,
)
from sphinx_xenfusa.model.errors import Code

REASONS = ("poweroff", "reboot", "suspend", "crash", "watchdog", "soft_reset")
ARGUMENTS = ("", *REASONS, "arm", "expires", "R", "q")
SWITCHES = ("D1", "D2", "D4", "D6", "D9")

START = System(hardware=frozenset({2}), domains=(DomainState(), DomainState(), DomainState()))
SUBJECT, TARGET, HARDWARE = 0, 1, 2


def alive(system: System, position: int, life: Life) -> System:
    domains = list(system.domains)
    domains[position] = domains[position]._replace(life=life)
    return system._replace(domains=tuple(domains))


def run(transformer: Transformer, system: System = START, argument: str = "", *, to: int = TARGET, switches: str = ""):
    """One step: what was touched, as (owner, field, after), and the code."""
    after, code = apply(transformer, system, Call(SUBJECT, to, argument, frozenset(switches.split())))
    return [(touch.owner, touch.field, touch.after) for touch in touched(system, after)], code


T = Transformer


@pytest.mark.parametrize(
    ("transformer", "argument", "seen"),
    [
        (T.READ, "", []),
        (T.CONFIGURE_CALLER, "", [(SUBJECT, "configuration", "changed")]),
        (T.CONFIGURE_TARGET, "", [(TARGET, "configuration", "changed")]),
        (T.CONFIGURE_PLATFORM, "", [(PLATFORM, "configuration", "changed")]),
        (T.CHANGE_MEMORY, "", [(TARGET, "memory", "changed")]),
        (T.WRITE_CONSOLE, "", [(PLATFORM, "console", "written")]),
        (T.READ_CONSOLE, "", [(PLATFORM, "console", "read")]),
        (T.PAUSE, "", [(TARGET, "life-cycle", "paused")]),
        (T.RESUME, "", []),
        (T.DESTROY, "", [(TARGET, "life-cycle", "destroyed")]),
        *(
            (T.SHUT_DOWN_CALLER, reason, [(SUBJECT, "life-cycle", "shut down")])
            for reason in REASONS
            if reason != "suspend"
        ),
        (T.SHUT_DOWN_CALLER, "suspend", [(SUBJECT, "life-cycle", "suspended")]),
        *(
            (T.SHUT_DOWN_TARGET, reason, [(TARGET, "life-cycle", "shut down")])
            for reason in REASONS
            if reason != "suspend"
        ),
        (T.SHUT_DOWN_TARGET, "suspend", [(TARGET, "life-cycle", "suspended")]),
        (T.WATCHDOG, "arm", [(SUBJECT, "configuration", "changed")]),
        (T.WATCHDOG, "expires", [(SUBJECT, "life-cycle", "shut down")]),
        (T.DEBUG_KEY, "R", [(PLATFORM, "power", "rebooted")]),
        (T.DEBUG_KEY, "q", [(PLATFORM, "configuration", "changed")]),
        (T.SLEEP, "", [(PLATFORM, "power", "down")]),
        (T.KEXEC, "", [(PLATFORM, "power", "rebooted")]),
        (T.MAP_FOREIGN, "", [(TARGET, "mapped by domain 0", "yes")]),
    ],
)
def test_step(transformer: Transformer, argument: str, seen: list) -> None:
    assert run(transformer, argument=argument) == (seen, Code.SUCCESS)


@pytest.mark.parametrize(
    ("transformer", "life", "becomes", "code"),
    [
        (T.PAUSE, Life.PAUSED, Life.PAUSED, Code.SUCCESS),
        (T.PAUSE, Life.SUSPENDED, Life.SUSPENDED, Code.SUCCESS),
        (T.PAUSE, Life.DESTROYED, Life.DESTROYED, Code.SUCCESS),
        (T.UNPAUSE, Life.PAUSED, Life.RUNNING, Code.SUCCESS),
        (T.UNPAUSE, Life.RUNNING, Life.RUNNING, Code.EINVAL),
        (T.UNPAUSE, Life.SUSPENDED, Life.SUSPENDED, Code.EINVAL),
        (T.RESUME, Life.SUSPENDED, Life.RUNNING, Code.SUCCESS),
        (T.RESUME, Life.SHUT_DOWN, Life.SHUT_DOWN, Code.SUCCESS),
        (T.RESUME, Life.PAUSED, Life.PAUSED, Code.SUCCESS),
        (T.CREATE, Life.DESTROYED, Life.RUNNING, Code.SUCCESS),
        (T.CREATE, Life.RUNNING, Life.RUNNING, Code.EINVAL),
        (T.CREATE, Life.SHUT_DOWN, Life.SHUT_DOWN, Code.EINVAL),
        (T.DESTROY, Life.SHUT_DOWN, Life.DESTROYED, Code.SUCCESS),
        (T.SHUT_DOWN_TARGET, Life.SHUT_DOWN, Life.SHUT_DOWN, Code.SUCCESS),
        (T.SHUT_DOWN_TARGET, Life.DESTROYED, Life.DESTROYED, Code.SUCCESS),
        (T.SHUT_DOWN_TARGET, Life.PAUSED, Life.SHUT_DOWN, Code.SUCCESS),
    ],
)
def test_life_cycle(transformer: Transformer, life: Life, becomes: Life, code: Code) -> None:
    start = alive(START, TARGET, life)
    after, got = apply(transformer, start, Call(SUBJECT, TARGET, "reboot", frozenset()))
    assert (after.domains[TARGET].life, got) == (becomes, code)
    assert after.domains[TARGET].restarted is (transformer is T.CREATE and life is Life.DESTROYED)


@pytest.mark.parametrize("reason", REASONS)
def test_shutdown_of_the_hardware_domain(reason: str) -> None:
    """It stops the machine, whoever brings it about, where Xen's divergence is in force (D1), and nowhere else."""
    power = (PLATFORM, "power", "down" if reason == "poweroff" else "rebooted")
    assert power not in run(T.SHUT_DOWN_TARGET, argument=reason, to=HARDWARE)[0]
    assert power in run(T.SHUT_DOWN_TARGET, argument=reason, to=HARDWARE, switches="D1")[0]

    def itself(transformer: Transformer, switches: str) -> set[int]:
        call = Call(HARDWARE, HARDWARE, reason, frozenset(switches.split()))
        return {touch.owner for touch in touched(START, apply(transformer, START, call)[0])}

    for transformer in (T.SHUT_DOWN_CALLER, T.SHUT_DOWN_TARGET):
        assert itself(transformer, "D2 D9") == {HARDWARE}
        assert itself(transformer, "D1") == {HARDWARE, PLATFORM}


def test_watchdog_follows_its_switch() -> None:
    expires = Call(HARDWARE, HARDWARE, "expires", frozenset({"D1"}))
    assert apply(T.WATCHDOG, START, expires)[0].power is Power.REBOOTED
    assert apply(T.WATCHDOG, START, expires._replace(switches=frozenset()))[0].power is Power.UP


def test_mapping_of_own_memory_is_not_foreign() -> None:
    assert run(T.MAP_FOREIGN, to=SUBJECT) == ([], Code.SUCCESS)


USES = {
    T.USE_PAGE: (Offered.PAGE, Code.GNTST_GENERAL_ERROR),
    T.BIND_PORT: (Offered.PORT, Code.EINVAL),
    T.SEND_EVENT: (Offered.PORT, Code.SUCCESS),
    T.SEND_MESSAGE: (Offered.RING, Code.ECONNREFUSED),
}


@pytest.mark.parametrize("transformer", USES)
def test_use_needs_the_offer(transformer: Transformer) -> None:
    what, refusal = USES[transformer]
    right = Offer(what, by=TARGET, to=SUBJECT)
    assert run(transformer, START._replace(offers=frozenset({right}))) == (
        [(TARGET, f"{what} in use by domain 0", "yes")],
        Code.SUCCESS,
    )
    others = {Offer(other, TARGET, SUBJECT) for other in Offered if other is not what}
    wrong = frozenset(
        {Offer(what, TARGET, HARDWARE), Offer(what, HARDWARE, SUBJECT), Offer(what, SUBJECT, TARGET), *others}
    )
    assert run(transformer, START._replace(offers=wrong)) == ([], refusal)


def test_release_needs_the_use() -> None:
    mine = Offer(Offered.PAGE, by=TARGET, to=SUBJECT)
    theirs = Offer(Offered.PAGE, by=TARGET, to=HARDWARE)
    using = START._replace(offers=frozenset({mine, theirs}), used=frozenset({mine, theirs}))
    assert run(T.RELEASE_PAGE, using) == ([(TARGET, "granted page in use by domain 0", "no")], Code.SUCCESS)
    assert run(T.RELEASE_PAGE, using._replace(used=frozenset({theirs}))) == ([], Code.GNTST_BAD_HANDLE)
    assert run(T.RELEASE_PAGE, using._replace(used=frozenset())) == ([], Code.GNTST_BAD_HANDLE)


def test_consent_is_given_to_one_domain() -> None:
    own = Touch(SUBJECT, "memory", "original", "changed")
    offered = Touch(TARGET, "granted page in use", "no", "yes", offered_to=SUBJECT)
    stolen = offered._replace(offered_to=HARDWARE)
    platform = Touch(PLATFORM, "power", "up", "down")
    assert affected_without_consent((own, offered), SUBJECT) == frozenset()
    assert affected_without_consent((own, stolen), SUBJECT) == {TARGET}
    assert affected_without_consent((platform, own._replace(owner=TARGET)), SUBJECT) == {PLATFORM, TARGET}


DOMAIN_STATES = st.builds(
    DomainState,
    life=st.sampled_from(Life),
    restarted=st.booleans(),
    memory=st.sampled_from(["original", "changed"]),
    configuration=st.sampled_from(["original", "changed"]),
)
POSITIONS = st.integers(0, 3)
OFFERS = st.frozensets(st.builds(Offer, st.sampled_from(Offered), POSITIONS, POSITIONS), max_size=6)
SYSTEMS = st.builds(
    System,
    hardware=st.frozensets(POSITIONS, max_size=2),
    domains=st.tuples(*[DOMAIN_STATES] * 4),
    power=st.sampled_from(Power),
    configuration=st.sampled_from(["original", "changed"]),
    console=st.sampled_from(["original", "written", "read"]),
    foreign=st.frozensets(st.tuples(POSITIONS, POSITIONS), max_size=3),
    offers=OFFERS,
    used=OFFERS,
)
CALLS = st.builds(
    Call, POSITIONS, POSITIONS, st.sampled_from(ARGUMENTS), st.frozensets(st.sampled_from(SWITCHES), max_size=5)
)


@given(st.sampled_from(Transformer), SYSTEMS, CALLS)
def test_a_step_reaches_subject_target_and_platform_only(transformer: Transformer, system: System, call: Call) -> None:
    after, _ = apply(transformer, system, call)
    for position in set(range(4)) - {call.subject, call.target}:
        assert after.domains[position] == system.domains[position]
    assert {touch.owner for touch in touched(system, after)} <= {call.subject, call.target, PLATFORM}
    assert (after.hardware, after.offers) == (system.hardware, system.offers)
    assert {mapper for mapper, _ in after.foreign ^ system.foreign} <= {call.subject}
    assert {(offer.by, offer.to) for offer in after.used ^ system.used} <= {(call.target, call.subject)}


@given(SYSTEMS, SYSTEMS)
def test_touched_sees_every_difference(before: System, after: System) -> None:
    """Every field of the state that can change is named by :func:`touched`; equal states touch nothing."""
    assert touched(before, before) == ()
    assert touched(before, before._replace()) == ()
    after = after._replace(hardware=before.hardware, offers=before.offers)
    assert bool(touched(before, after)) is (before != after)
    one = before._replace(foreign=after.foreign)
    assert bool(touched(before, one)) is (before.foreign != after.foreign)


@pytest.mark.parametrize("name", [name for name in System._fields if name not in ("hardware", "offers", "domains")])
def test_each_component_of_the_system_is_seen(name: str) -> None:
    changed = {
        "power": Power.DOWN,
        "configuration": "changed",
        "console": "written",
        "read": frozenset({(0, 1)}),
        "foreign": frozenset({(0, 1)}),
        "used": frozenset({Offer(Offered.PAGE, 1, 0)}),
    }
    assert len(touched(START, START._replace(**{name: changed[name]}))) == 1


@pytest.mark.parametrize("name", DomainState._fields)
def test_each_component_of_a_domain_is_seen(name: str) -> None:
    changed = {"life": Life.PAUSED, "restarted": True, "memory": "changed", "configuration": "changed"}
    state = START.domains[TARGET]._replace(**{name: changed[name]})
    (touch,) = touched(START, START._replace(domains=(START.domains[0], state, START.domains[2])))
    assert touch.owner == TARGET
    assert touch.before != touch.after


def test_a_restart_is_remembered() -> None:
    """What happens to a domain after it was started anew does not undo that."""
    created = apply(T.CREATE, alive(START, TARGET, Life.DESTROYED), Call(SUBJECT, TARGET, "", frozenset()))[0]
    paused = apply(T.PAUSE, created, Call(SUBJECT, TARGET, "", frozenset()))[0]
    assert (paused.domains[TARGET].life, paused.domains[TARGET].restarted) == (Life.PAUSED, True)


def test_giving_back_needs_no_offer_any_more() -> None:
    """A page that is in use may be released after its owner withdrew the offer; taking it anew may not."""
    page = Offer(Offered.PAGE, by=TARGET, to=SUBJECT)
    in_use = START._replace(used=frozenset({page}))
    assert affected_without_consent(touched(in_use, START), SUBJECT) == frozenset()
    assert affected_without_consent(touched(START, in_use), SUBJECT) == {TARGET}
