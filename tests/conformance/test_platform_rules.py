"""The rules of the roles document on platforms written by hand."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.devices import default_owners
from sphinx_xenfusa.model.platform import Domain, Platform, safe_vms, unsafe_vms
from sphinx_xenfusa.model.rules import broken_rules, holders_of_full_privileges
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Role, roles_of

HARDWARE, CONTROL = frozenset({Capability.HARDWARE}), frozenset({Capability.CONTROL})
BOTH, NONE = frozenset(Capability), frozenset()
SAFE, UNSAFE = Criticality.SAFE, Criticality.UNSAFE


def platform(*domains: tuple[str, frozenset[Capability], Criticality]) -> Platform:
    return Platform(tuple(Domain(*domain) for domain in domains))


@pytest.mark.verifies("XenArch~roles_closed_set~1")
@pytest.mark.parametrize(
    ("capabilities", "roles"),
    [
        (NONE, {"DomU"}),
        (HARDWARE, {"Hardware Domain"}),
        (CONTROL, {"Control Domain"}),
        (BOTH, {"Hardware Domain", "Control Domain"}),
    ],
)
def test_roles_follow_from_capabilities(capabilities: frozenset[Capability], roles: set[str]) -> None:
    assert roles_of(capabilities) == roles
    assert Domain("one", capabilities).roles == roles


@pytest.mark.verifies("XenArch~roles_closed_set~1", partial=True)
def test_words_for_roles() -> None:
    assert {role.value for role in Role} == {"Hardware Domain", "Control Domain", "DomU"}
    assert {capability.value for capability in Capability} == {"hardware", "control"}
    for word in ("Driver Domain", "dom0", "domU", ""):
        with pytest.raises(ValueError, match="is not a valid Role"):
            Role(word)


@pytest.mark.verifies("XenArch~criticality_closed_set~1")
def test_every_domain_is_safe_or_unsafe() -> None:
    mixed = platform(("a", HARDWARE, UNSAFE), ("b", NONE, SAFE), ("c", CONTROL, SAFE), ("d", NONE, UNSAFE))
    assert safe_vms(mixed) == {"b", "c"}
    assert unsafe_vms(mixed) == {"a", "d"}
    assert {criticality.value for criticality in Criticality} == {"safe", "unsafe"}
    with pytest.raises(ValueError, match="is not a valid Criticality"):
        Criticality("UnSafeVM")


@pytest.mark.verifies("XenArch~hwdom_single~1")
@pytest.mark.parametrize(
    ("kinds", "owners"),
    [((), set()), ((HARDWARE,), {"a"}), ((HARDWARE, HARDWARE), {"a", "b"}), ((HARDWARE, NONE, BOTH), {"a", "c"})],
)
def test_one_hardware_domain(kinds: tuple[frozenset[Capability], ...], owners: set[str]) -> None:
    described = platform(*((name, kind, SAFE) for name, kind in zip("abc", kinds, strict=False)))
    assert ("hwdom_single" in broken_rules(described)) is (len(owners) > 1)
    assert default_owners(described) == owners


@pytest.mark.verifies("XenArch~ctrldom_single~1")
@pytest.mark.parametrize(
    ("kinds", "holders"),
    [((NONE,), set()), ((CONTROL,), {"a"}), ((CONTROL, CONTROL), {"a", "b"}), ((BOTH, HARDWARE, CONTROL), {"a", "c"})],
)
def test_one_control_domain(kinds: tuple[frozenset[Capability], ...], holders: set[str]) -> None:
    described = platform(*((name, kind, SAFE) for name, kind in zip("abc", kinds, strict=False)))
    assert ("ctrldom_single" in broken_rules(described)) is (len(holders) > 1)
    assert holders_of_full_privileges(described) == holders


@pytest.mark.verifies("XenArch~ctrldom_is_safe~1")
@pytest.mark.parametrize("capabilities", [CONTROL, BOTH], ids=["control", "both"])
def test_control_domain_is_a_safe_vm(capabilities: frozenset[Capability]) -> None:
    assert broken_rules(platform(("ctrl", capabilities, UNSAFE), ("victim", NONE, SAFE))) == ("ctrldom_is_safe",)
    assert broken_rules(platform(("ctrl", capabilities, SAFE), ("victim", NONE, UNSAFE))) == ()


@pytest.mark.verifies("XenArch~ctrldom_is_safe~1", partial=True)
def test_hardware_domain_may_be_unsafe() -> None:
    assert broken_rules(platform(("hw", HARDWARE, UNSAFE), ("ctrl", CONTROL, SAFE))) == ()


@pytest.mark.verifies("XenArch~unsafevm_definition~1")
@pytest.mark.parametrize("criticality", [SAFE, UNSAFE])
@pytest.mark.parametrize("task", [False, True])
def test_no_safety_task_in_an_unsafe_vm(criticality: Criticality, task: bool) -> None:
    described = Platform((Domain("one", NONE, criticality, safety_tasks=task), Domain("other", NONE, UNSAFE)))
    broken = ("unsafevm_definition",) if task and criticality is UNSAFE else ()
    assert broken_rules(described) == broken


@pytest.mark.verifies("XenArch~ctrldom_optional~1")
@pytest.mark.parametrize("hardware", [None, SAFE, UNSAFE])
def test_platform_without_a_control_domain_is_accepted(hardware: Criticality | None) -> None:
    domains = [("safe", NONE, SAFE), ("unsafe", NONE, UNSAFE)]
    if hardware is not None:
        domains.append(("hw", HARDWARE, hardware))
    assert broken_rules(platform(*domains)) == ()
    assert holders_of_full_privileges(platform(*domains)) == set()


def test_rules_break_together_in_the_order_of_the_document() -> None:
    described = Platform(
        (
            Domain("one", BOTH, UNSAFE, safety_tasks=True),
            Domain("two", BOTH, SAFE),
        )
    )
    assert broken_rules(described) == ("hwdom_single", "ctrldom_single", "unsafevm_definition", "ctrldom_is_safe")
