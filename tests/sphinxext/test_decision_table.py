"""Who may do what: every decision is the policy's, every difference from the document is there, and so is what explains it."""

import re
from collections.abc import Callable, Iterator

import pytest
from tests_support import Built

from sphinx_xenfusa.model.operations import Operation, TargetParameter
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION, Policy
from sphinx_xenfusa.sphinxext.decisions import XENSTORE, Decisions, decisions
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
                if why == XENSTORE:
                    continue
                # Some call of the row differs, does not with these repaired, and does with one of them put back.
                checked += 1
                assert any(
                    differs(*call, row.operation, policy.repaired(why or policy.switches)) is not bool(why)
                    and all(differs(*call, row.operation, policy.repaired(why - {one})) for one in why)
                    for call in open_calls
                ), (row.operation.name, name, why)
    assert checked > 100


def test_what_the_document_knows_nothing_of_is_named_and_nothing_stays_unexplained(found: Decisions) -> None:
    assert not any(row.is_unexplained for row in found.rows)
    named = {(row.operation.name, caller.words) for row in found.rows if row.is_beyond for caller in row.callers}
    # Xen's action XS_PRIV has these two operations and no other (fact sheet, 2.2).
    assert named == {
        ("XEN_DOMCTL_getdomaininfo", "xenstore domain"),
        ("XEN_DOMCTL_get_domain_state", "xenstore domain"),
    }


def test_a_difference_of_the_xenstore_domain_is_one_of_its_capability_alone(found: Decisions) -> None:
    (caller,) = (one for one in CALLERS if one.words == "xenstore domain")
    plain = next(one for one in CALLERS if one.words == "DomU")
    rows = [row for row in found.rows if row.is_beyond]
    for name in ("dummy", "silo", "proposed"):
        policy, counted = POLICIES[name], 0
        for row in rows:
            for target in ("other", "hardware", "control", "safe"):
                counted += differs(caller, target, row.operation, policy.repaired(policy.switches))
                assert not differs(plain, target, row.operation, policy), "a DomU is refused, as the document has it"
        assert found.beyond[name] == counted == 8


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
    assert first.index("the document knows no xenstore domain") < first.index("differs: D")
    assert "nothing says why" not in page
    assert f"took {found.taken:,} decisions, for {len(implemented())} operations" in " ".join(page.split())
    # Without claims there are no pages of policies to lead to.
    assert "xenfusa/policies" not in first
