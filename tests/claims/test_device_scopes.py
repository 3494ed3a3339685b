"""The platforms with a device: complete, symmetric ones once, and as many as the recount says."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from sphinx_xenfusa.claims.device_claims import (
    FORMS,
    recount_any_assignment,
    recount_unassigned,
    unassigned,
    with_any_assignment,
)
from sphinx_xenfusa.claims.scopes import domain_kinds
from sphinx_xenfusa.model.platform import Platform, broken_reference
from sphinx_xenfusa.model.vocabulary import DeviceKind

Key = tuple[object, ...]


def key(platform: Platform) -> Key:
    """What is left of a platform with one device when names and order are forgotten."""
    (device,) = platform.devices
    domains = sorted(
        (sorted(one.capabilities), one.criticality, one.name in device.assigned_to) for one in platform.domains
    )
    return (str(domains), device.kind, device.used_by_xen)


@pytest.mark.parametrize(
    ("enumerated", "recount", "expected"),
    [
        (with_any_assignment, recount_any_assignment, {1: 176, 2: 1672}),
        (unassigned, recount_unassigned, {1: 88, 2: 374}),
    ],
)
def test_every_platform_once_and_as_many_as_the_recount(
    enumerated: Callable[[int], Iterator[Platform]], recount: Callable[[int], int], expected: dict[int, int]
) -> None:
    for most in (1, 2, 3):
        found = Counter(key(platform) for platform in enumerated(most))
        assert set(found.values()) == {1}
        assert len(found) == recount(most)
        assert most == 3 or len(found) == expected[most]
    assert all(broken_reference(platform) is None for platform in enumerated(2))


def test_by_brute_force() -> None:
    """Ordered pairs of kinds, each domain with and without the device, and sorted afterwards."""
    kinds = [(str(sorted(one.capabilities)), one.criticality) for one in domain_kinds(safety_tasks=False)]
    marked = list(itertools.product(kinds, (False, True)))
    pairs = {str(sorted(map(str, chosen))) for chosen in itertools.product(marked, repeat=2)}
    assert (len(marked) + len(pairs)) * len(FORMS) == recount_any_assignment(2)


def test_the_forms_are_every_kind_and_a_uart_twice() -> None:
    assert Counter(form.kind for form in FORMS) == Counter(DeviceKind) + Counter({DeviceKind.UART: 1})
    assert len(FORMS) == 11
