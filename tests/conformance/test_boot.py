"""Which platforms Xen starts: ``dom0less-bindings.c`` and ``dom0less-build.c``, as vectors written by hand."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.boot import boot, comes_up
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.vocabulary import Capability

HARDWARE, CONTROL = frozenset({Capability.HARDWARE}), frozenset({Capability.CONTROL})
HW, HW2, CTRL, CTRL2 = (
    Domain("hw", HARDWARE),
    Domain("hw2", HARDWARE),
    Domain("ctrl", CONTROL),
    Domain("ctrl2", CONTROL),
)
DOM0, DOMU = Domain("dom0", HARDWARE | CONTROL), Domain("domu")
XS, XS2 = Domain("xs", xenstore=True), Domain("xs2", xenstore=True)
XENS = [name for name in POLICIES if name != "specification"]

# The domains in the order of the device tree; how many are created, by the document and by Xen (all of them: it comes up).
BOOTS = [
    ((), 0, 0),
    ((DOMU,), 1, 1),
    ((DOMU, DOMU, DOMU), 3, 3),
    ((HW, CTRL, DOMU), 3, 3),
    ((DOM0, DOMU), 2, 2),
    ((HW, DOMU, HW2, DOMU), 2, 2),
    ((DOM0, HW), 1, 1),
    ((CTRL, CTRL2), 1, 2),
    ((CTRL, DOMU, CTRL2, DOMU), 2, 4),
    ((CTRL, CTRL2, HW, HW2), 1, 3),
    ((DOM0, CTRL), 1, 2),
    ((XS, XS2), 1, 1),
]


def created(domains: tuple[Domain, ...], policy: str) -> int:
    steps = boot(Platform(domains), POLICIES[policy].switches)
    assert [step.domain for step in steps] == list(range(len(steps)))
    number = len(steps) if comes_up(steps) else len(steps) - 1
    assert comes_up(steps) is (number == len(domains))
    return number


@pytest.mark.verifies("XenArch~hwdom_single~1", "XenArch~ctrldom_single~1")
@pytest.mark.parametrize(("domains", "document", "xen"), BOOTS)
def test_boots_as_far_as_it_should(domains: tuple[Domain, ...], document: int, xen: int) -> None:
    assert created(domains, "specification") == document
    assert [created(domains, policy) for policy in XENS] == [xen] * len(XENS)


@pytest.mark.parametrize(
    ("domains", "rule"), [((HW, HW2), "hwdom_single"), ((CTRL, CTRL2), "ctrldom_single"), ((XS, XS2), "")]
)
def test_the_refusal_names_the_rule_and_its_place(domains: tuple[Domain, ...], rule: str) -> None:
    *_, last = boot(Platform(domains), frozenset())
    assert (last.action, last.rule) == ("refuse a domain at boot", rule)
    assert last.source
