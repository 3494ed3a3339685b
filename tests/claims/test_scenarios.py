"""Scenarios on the model: the steps follow each other, and every one is held against what was expected."""

from __future__ import annotations

from sphinx_xenfusa.claims.scenarios import ScenarioRun, run
from sphinx_xenfusa.platforms.scenario_yaml import scenario_from_yaml

PLATFORM = """\
platform:
  domains:
    - {name: hw, roles: [hardware], criticality: unsafe}
    - {name: ctrl, roles: [control], criticality: safe}
    - {name: brake, criticality: safe}
    - {name: media, criticality: unsafe}
"""


def ran(steps: str, policy: str = "specification", given: str = "") -> ScenarioRun:
    lines = "\n".join(f"  - {{{line}}}" for line in steps.splitlines())
    return run(scenario_from_yaml(f"{PLATFORM}{given}\nsteps:\n{lines}\n", "s.yaml"), policy, "A scenario")


def outcomes(one: ScenarioRun) -> list[str]:
    return [str(step.found) for step in one.steps]


def test_state_is_carried_from_step_to_step() -> None:
    one = ran(
        "who: ctrl, does: XEN_DOMCTL_createdomain, to: media, expect: fails EINVAL\n"
        "who: ctrl, does: XEN_DOMCTL_destroydomain, to: media, expect: allowed\n"
        "who: ctrl, does: XEN_DOMCTL_createdomain, to: media, expect: allowed, "
        "changes: {media: {life-cycle: running, restarted: yes}}"
    )
    assert one.as_expected
    assert [len(step.told.changed) for step in one.steps] == [0, 1, 2]


def test_a_domain_that_does_not_run_makes_no_call() -> None:
    steps = "who: brake, does: SCHEDOP_yield, expect: impossible"
    one = ran(steps, given="given: [{domain: brake, is: paused}]")
    assert one.as_expected
    assert one.steps[0].told.outcome == "impossible: brake is paused"
    assert ("brake", "DomU, safe, paused") in one.trace.initial
    assert outcomes(ran(steps)) == ["allowed"]
    assert not ran(steps).as_expected


def test_what_ends_the_machine_ends_it_for_all() -> None:
    steps = (
        "who: hw, does: SCHEDOP_shutdown, with: poweroff, expect: allowed\n"
        "who: brake, does: SCHEDOP_yield, expect: allowed"
    )
    assert outcomes(ran(steps)) == ["allowed", "allowed"]
    stopped = ran(steps, "dummy")
    assert outcomes(stopped) == ["allowed", "impossible"]
    assert stopped.steps[1].faults == ("found impossible; expected allowed",)


def test_nothing_after_a_wrong_step_is_hidden() -> None:
    one = ran(
        "who: brake, does: XEN_DOMCTL_pausedomain, to: media, expect: allowed\n"
        "who: ctrl, does: XEN_DOMCTL_pausedomain, to: media, expect: allowed, changes: {media: {life-cycle: paused}}"
    )
    assert outcomes(one) == ["denied EPERM", "allowed"]
    assert [bool(step.faults) for step in one.steps] == [True, False]
    assert len(one.trace.steps) == 2


def test_offers_are_needed_and_used_by_name() -> None:
    step = "who: brake, does: GNTTABOP_map_grant_ref, to: media, expect: allowed"
    without = ran(step)
    assert outcomes(without) == ["fails GNTST_general_error"]
    offered = ran(step, given="given: [{domain: media, offers: page, to: brake}]")
    assert offered.as_expected
    assert offered.steps[0].told.changed[0].field == "media: granted page in use by brake"
    elsewhere = ran(step, given="given: [{domain: media, offers: page, to: hw}]")
    assert outcomes(elsewhere) == ["fails GNTST_general_error"]


def test_errors_come_in_xens_order() -> None:
    call = "does: XEN_DOMCTL_pausedomain, to: unknown domid"
    one = ran(
        f"who: media, {call}, faults: [wrong version, unreadable arguments], expect: denied EFAULT\n"
        f"who: media, {call}, faults: [wrong version], expect: denied EACCES\n"
        f"who: media, {call}, expect: denied EPERM\n"
        f"who: ctrl, {call}, expect: denied ESRCH"
    )
    assert one.as_expected, [step.faults for step in one.steps]
    assert one.steps[1].told.parameters == (("target", "unknown domid"), ("fault", "wrong version"))


def test_domid_self_is_told_as_it_is_written() -> None:
    one = ran("who: ctrl, does: XEN_DOMCTL_pausedomain, to: DOMID_SELF, expect: denied EINVAL")
    assert outcomes(one) == ["denied EINVAL"]
    assert one.steps[0].told.parameters == (("target", "DOMID_SELF"),)


def test_changes_are_all_that_changes() -> None:
    call = "who: hw, does: SCHEDOP_shutdown, with: poweroff, expect: allowed, changes: "
    assert ran(call + "{hw: {life-cycle: shut down}}").as_expected
    more = ran(call + "{hw: {life-cycle: shut down}}", "dummy")
    assert more.steps[0].faults == ("found that platform: power became down; expected no such change",)
    other = ran(call + "{hw: {life-cycle: paused}}")
    assert other.steps[0].faults == ("found that hw: life-cycle became shut down; expected paused",)
    less = ran(call + "{hw: {life-cycle: shut down}, media: {memory: changed}}")
    assert less.steps[0].faults == ("found that media: memory did not change; expected changed",)
    assert ran(call + "{}").steps[0].faults == ("found that hw: life-cycle became shut down; expected no such change",)


def test_a_code_that_is_left_open_matches_any_and_a_stated_one_only_itself() -> None:
    call = "who: media, does: XEN_DOMCTL_pausedomain, to: brake, expect: denied"
    assert ran(call).as_expected
    assert ran(call + " EPERM").as_expected
    assert ran(call + " EINVAL").steps[0].faults == ("found denied EPERM; expected denied EINVAL",)
