"""Runs a scenario on the model: what came of each step, against what its author expected.

The steps are taken one after the other in one state.  A step that did not come out as expected changes nothing for those that
follow: they go on from the state that the model is in, and all of them are told.  A domain that does not run makes no call,
and on a machine that is not up nobody does; such a step is impossible, which an author can expect as well.

Decision and effect are those of the claims (:mod:`sphinx_xenfusa.claims.attempts`).  That a domain has to run to act is what
their situations take for granted; here it has to be looked at, because steps follow each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sphinx_xenfusa.claims.attempts import (
    Attempt,
    PrivilegeModel,
    carried_out,
    initial,
    owner_name,
    trace_step,
)
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.model.decision import TargetIs
from sphinx_xenfusa.model.effects import Life, Offer, Power, System
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.policies import POLICIES, relation
from sphinx_xenfusa.model.scenario import (
    Expectation,
    Fault,
    Lived,
    Offering,
    Outcome,
    OutcomeKind,
    Scenario,
    ScenarioStep,
    Target,
)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a step.

    :param told: the step as a trace tells it.
    :param faults: what is not as expected, in words; empty when all is.
    """

    number: int
    line: int
    note: str
    expected: Expectation
    found: Outcome
    told: Step
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScenarioRun:
    """A scenario under one policy.

    :param trace: what holds at first, and every step.
    """

    policy: str
    trace: Trace
    steps: tuple[StepResult, ...]

    @property
    def as_expected(self) -> bool:
        """Whether every step came out as its author expected."""
        return not any(step.faults for step in self.steps)


def run(scenario: Scenario, policy: str, title: str) -> ScenarioRun:
    """Run a scenario under a policy.

    :param policy: the name of a policy of the model.
    :param title: what the scenario shows, for its trace.
    :raises KeyError: the model has no such policy.
    """
    model = PrivilegeModel(catalogue(), POLICIES[policy])
    system = _at_first(scenario)
    start = _told_first(scenario, system)
    results = []
    for number, step in enumerate(scenario.steps, 1):
        told, found, system = _take(model, scenario.platform, system, step)
        expected = step.expected_under(policy)
        faults = tuple(_outcome_faults(expected, found)) + tuple(_change_faults(expected, told))
        results.append(StepResult(number, step.line, step.note, expected, found, told, faults))
    return ScenarioRun(policy, Trace(title, start, tuple(one.told for one in results)), tuple(results))


def _at_first(scenario: Scenario) -> System:
    system = initial(scenario.platform)
    for fact in scenario.given:
        if isinstance(fact, Lived):
            domains = list(system.domains)
            domains[fact.domain] = domains[fact.domain]._replace(life=fact.life)
            system = system._replace(domains=tuple(domains))
        else:
            system = system._replace(offers=system.offers | {Offer(fact.what, by=fact.by, to=fact.to)})
    return system


def _told_first(scenario: Scenario, system: System) -> tuple[tuple[str, str], ...]:
    """What holds at first, as a trace tells it: each domain with its roles and its state, and what is offered."""
    domains = [
        (domain.name, f"{' and '.join(sorted(domain.roles))}, {domain.criticality}, {state.life}")
        for domain, state in zip(scenario.platform.domains, system.domains, strict=True)
    ]
    names = [name for name, _ in domains]
    offers = [
        (names[fact.by], f"offers to {names[fact.to]}: {fact.what}")
        for fact in scenario.given
        if isinstance(fact, Offering)
    ]
    return (*domains, *offers)


def _hindrance(platform: Platform, system: System, who: int) -> str:
    """Why a domain makes no call in this state; empty when it can."""
    if system.power is not Power.UP:
        return f"the machine is {system.power}"
    life = system.domains[who].life
    return "" if life is Life.RUNNING else f"{platform.domains[who].name} is {life}"


def _take(
    model: PrivilegeModel, platform: Platform, system: System, step: ScenarioStep
) -> tuple[Step, Outcome, System]:
    made = _attempt(model, platform, system, step)
    hindrance = _hindrance(platform, system, step.who)
    if hindrance:
        told = replace(trace_step(made), outcome=f"impossible: {hindrance}", changed=(), clause="")
        return _with_written_target(told, step), Outcome(OutcomeKind.IMPOSSIBLE), system
    changed = tuple(
        Change(
            f"{owner_name(platform, touch.owner)}: {_named(platform, touch.field)}", str(touch.before), str(touch.after)
        )
        for touch in made.touches
    )
    told = _with_written_target(replace(trace_step(made), changed=changed), step)
    return told, _outcome(made), made.after


def _attempt(model: PrivilegeModel, platform: Platform, system: System, step: ScenarioStep) -> Attempt:
    policy, pair = model.policy, (step.who, step.whom)
    asked = relation(platform, *pair, step.operation, policy)._replace(
        wrote_domid_self=step.target is Target.DOMID_SELF,
        readable=Fault.UNREADABLE not in step.faults,
        right_version=Fault.WRONG_VERSION not in step.faults,
    )
    if step.target is Target.UNKNOWN:
        # Nobody's domid: what the caller is to itself must not count.
        asked = asked._replace(target=TargetIs.UNKNOWN)
    decision = policy.decide(step.operation, asked)
    return carried_out(model, platform, system, pair, step.operation, step.argument, decision)


def _outcome(made: Attempt) -> Outcome:
    if not made.decision.allowed:
        return Outcome(OutcomeKind.DENIED, made.decision.code)
    return Outcome(OutcomeKind.ALLOWED if made.code is Code.SUCCESS else OutcomeKind.FAILS, made.code)


def _with_written_target(told: Step, step: ScenarioStep) -> Step:
    """The step with its target as it was written, and with what is wrong with the call."""
    parameters = [
        (name, step.target.value if name == "target" and step.target is not Target.DOMAIN else value)
        for name, value in told.parameters
    ]
    parameters += [("fault", fault.value) for fault in sorted(step.faults)]
    return replace(told, parameters=tuple(parameters))


def _named(platform: Platform, field: str) -> str:
    """A field of the state with the name of a domain where its position stands."""
    return re.sub(r"\bby domain (\d+)$", lambda found: f"by {platform.domains[int(found[1])].name}", field)


def _outcome_faults(expected: Expectation, found: Outcome) -> list[str]:
    wanted = expected.outcome
    same = wanted.kind is found.kind and wanted.code in (None, found.code)
    return [] if same else [f"found {found}; expected {wanted}"]


def _change_faults(expected: Expectation, told: Step) -> list[str]:
    if expected.changes is None:
        return []
    wanted = {f"{owner}: {field}": value for owner, field, value in expected.changes}
    found = {change.field: change.after for change in told.changed}
    faults = [
        f"found that {field} did not change; expected {value}" for field, value in wanted.items() if field not in found
    ]
    for field, value in found.items():
        if field not in wanted:
            faults.append(f"found that {field} became {value}; expected no such change")
        elif wanted[field] != value:
            faults.append(f"found that {field} became {value}; expected {wanted[field]}")
    return faults
