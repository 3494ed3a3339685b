"""Who may do what: every decision is the policy's, every difference from the document is there, and so is what explains it."""

import re
from collections.abc import Callable, Iterator

import pytest
from tests_support import Built

from sphinx_xenfusa.model.operations import Operation, TargetParameter
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION, Policy
from sphinx_xenfusa.sphinxext.decisions import Decisions, decisions
from sphinx_xenfusa.terms.callers import CALLERS, ITSELF, Caller, answers, decide, implemented


@pytest.fixture(scope="module")
def found() -> Decisions:
    return decisions()


def targets(caller: Caller, operation: Operation) -> Iterator[str]:
    if operation.target is TargetParameter.NONE:
        yield caller.name
    else:
        yield from (name for _, name in ((ITSELF, caller.name), *caller.targets))


def differs(caller: Caller, target: str, operation: Operation, policy: Policy) -> bool:
    return (
        decide(caller, target, operation, policy).allowed
        is not decide(caller, target, operation, SPECIFICATION).allowed
    )


def test_every_operation_and_caller_is_in_one_row_with_what_the_policies_answer(found: Decisions) -> None:
    told = [(row.operation.name, caller.words) for row in found.rows for caller in row.callers]
    assert sorted(told) == sorted((one.name, caller.words) for one in implemented() for caller in CALLERS)
    for row in found.rows[::9]:
        for name, policy in POLICIES.items():
            assert {answers(caller, row.operation, policy) for caller in row.callers} == {row.answers[name]}


def test_every_difference_is_there_and_no_other(found: Decisions) -> None:
    calls = [
        (caller, target, operation)
        for operation in implemented()
        for caller in CALLERS
        for target in targets(caller, operation)
    ]
    assert found.taken == len(calls) * len(POLICIES)
    assert found.different["specification"] == 0
    for name in ("dummy", "silo"):
        assert found.different[name] == sum(differs(*call, POLICIES[name]) for call in calls)
    for row in found.rows[::9]:
        for name, policy in POLICIES.items():
            any_differs = any(
                differs(caller, target, row.operation, policy)
                for caller in row.callers
                for target in targets(caller, row.operation)
            )
            assert bool(row.differences[name]) is any_differs


def test_what_explains_a_difference_is_needed_for_it_and_enough(found: Decisions) -> None:
    checked = 0
    for row in found.rows[::5]:
        for name, explanations in row.differences.items():
            calls = [(caller, target) for caller in row.callers for target in targets(caller, row.operation)]
            policy = POLICIES[name]
            open_calls = [call for call in calls if differs(*call, row.operation, policy)]
            for why in explanations:
                # Some call of the row differs, does not with these repaired, and does with one of them put back.
                checked += 1
                assert any(
                    differs(*call, row.operation, policy.repaired(why or policy.switches)) is not bool(why)
                    and all(differs(*call, row.operation, policy.repaired(why - {one})) for one in why)
                    for call in open_calls
                ), (row.operation.name, name, why)
    assert checked > 100


def test_no_difference_stays_unexplained(found: Decisions) -> None:
    assert not any(row.is_unexplained for row in found.rows)
    assert set(found.unexplained.values()) == {0}


def test_what_the_xenstore_domain_gets_beyond_a_domu_is_one_divergence(found: Decisions) -> None:
    (caller,) = (one for one in CALLERS if one.words == "xenstore domain")
    d24 = frozenset({"D24"})
    rows = [row for row in found.rows if any(d24 in told for told in row.differences.values())]
    # Xen's action XS_PRIV has these two operations and no other (fact sheet, 2.2).
    assert {(row.operation.name, *(one.words for one in row.callers)) for row in rows} == {
        ("XEN_DOMCTL_getdomaininfo", "xenstore domain"),
        ("XEN_DOMCTL_get_domain_state", "xenstore domain"),
    }
    for name in ("dummy", "silo", "proposed"):
        policy = POLICIES[name]
        calls = [(caller, target, row.operation) for row in rows for target in ("other", "hardware", "control", "safe")]
        assert all(differs(*call, policy) for call in calls), "it is let through, and the document refuses it"
        assert not any(differs(*call, policy.repaired(d24)) for call in calls), "the one switch makes it a DomU again"
        assert all(differs(*call, policy.repaired(policy.switches - d24)) for call in calls), "no other one does"


def test_the_page_shows_the_differences_first_and_says_what_ran(build: Callable[..., Built], found: Decisions) -> None:
    built = build({"index.rst": "Page\n====\n\n.. xen:decisions::\n"})
    assert built.warnings == []
    page = built.page("index.html")
    first, second = [one for one in re.findall(r"<table.*?</table>", page, re.DOTALL) if "xenfusa-decisions" in one]
    rows = [len(re.findall(r"<tr", one)) - 1 for one in (first, second)]
    assert sum(rows) == len(found.rows)
    assert rows[0] == sum(any(row.differences.values()) for row in found.rows)
    assert f"({rows[0]} rows of {len(found.rows)})" in first
    assert "differs" not in second
    assert "differs: D24" in first
    assert "nothing says why" not in page
    assert f"took {found.taken:,} decisions, for {len(implemented())} operations" in " ".join(page.split())
    # Without claims there are no pages of policies to lead to.
    assert "xenfusa/policies" not in first
