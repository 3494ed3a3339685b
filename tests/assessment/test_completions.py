"""What is not said: an answer is certain only if it is the same whatever is said, and is given whenever something is open.

Held against all completions of small configurations, tried one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.assessment.completions import breaches
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.rules import ADVICE, ASSUMPTIONS_OF_USE, RULES, Names, Rule
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.configuration import (
    Configuration,
    ConfiguredDevice,
    ConfiguredDomain,
    ConfiguredLink,
    Setting,
    Where,
    missing,
    written,
)

T = TypeVar("T")
HERE = Where("file", 1)
EVERY_RULE = (*RULES, *ADVICE, *ASSUMPTIONS_OF_USE)


def setting(values: Sequence[T]) -> st.SearchStrategy[Setting[T]]:
    unsaid: Setting[T] = missing(HERE, "say it")
    return st.sampled_from(values).map(lambda value: written(value, HERE)) | st.just(unsaid)


BOOL = setting([False, True])


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    capabilities = st.sets(st.sampled_from(list(Capability))).map(frozenset)
    domains = tuple(
        ConfiguredDomain(
            name,
            HERE,
            at,
            written(draw(capabilities), HERE),
            written(False, HERE),
            draw(setting(list(Criticality))),
            draw(BOOL),
        )
        for at, name in enumerate(names)
    )
    owners: list[tuple[str, ...]] = [(), *((name,) for name in names), tuple(names)]
    devices = tuple(
        ConfiguredDevice(
            f"device{at}",
            HERE,
            draw(setting(owners)),
            draw(setting([Reach.SELF, Reach.DMA, Reach.PLATFORM])),
            draw(BOOL),
            written(draw(st.sampled_from([DeviceKind.PERIPHERAL, DeviceKind.UART])), HERE),
            written(False, HERE),
        )
        for at in range(draw(st.integers(0, 1)))
    )
    pairs = (
        draw(st.lists(st.sampled_from(list(itertools.permutations(names, 2))), max_size=2)) if len(names) > 1 else []
    )
    links = tuple(
        ConfiguredLink(
            Protocol.VIRTIO,
            backend,
            frontend,
            Where("file", at),
            draw(st.sampled_from([None, *(one.name for one in devices)])),
            draw(BOOL),
            draw(BOOL),
        )
        for at, (backend, frontend) in enumerate(pairs)
    )
    yes = written(True, HERE)
    policy = written("dummy", HERE)
    return Configuration(
        "x", ("file",), domains, devices, links, written(Architecture.ARM, HERE), policy, yes, yes, yes
    )


def values(one: Setting[T], all_of_them: Sequence[T]) -> Sequence[T]:
    return all_of_them if one.value is None else [one.value]


def completions(one: Configuration) -> Iterator[Platform]:
    """Every platform that a configuration may stand for."""
    names = [domain.name for domain in one.domains]
    both = (False, True)
    domains = [
        itertools.product(values(it.criticality, list(Criticality)), values(it.safety_tasks, both))
        for it in one.domains
    ]
    owners: list[tuple[str, ...]] = [(), *((name,) for name in names)]
    devices = [
        list(
            itertools.product(
                values(it.assigned_to, owners), values(it.reach, list(Reach)), values(it.behind_iommu, both)
            )
        )
        for it in one.devices
    ]
    links = [list(itertools.product(values(it.grants, both), values(it.nonblocking, both))) for it in one.links]
    for of_domains in itertools.product(*domains):
        for of_devices in itertools.product(*devices):
            for of_links in itertools.product(*links):
                yield Platform(
                    tuple(
                        Domain(it.name, it.capabilities.value or frozenset(), *chosen)
                        for it, chosen in zip(one.domains, of_domains, strict=True)
                    ),
                    tuple(
                        Device(it.name, *chosen, it.kind.value or DeviceKind.PERIPHERAL)
                        for it, chosen in zip(one.devices, of_devices, strict=True)
                    ),
                    tuple(
                        Link(it.protocol, it.backend, it.frontend, it.device, *chosen)
                        for it, chosen in zip(one.links, of_links, strict=True)
                    ),
                )


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.name)
@settings(max_examples=20, deadline=None)
@given(configuration=configurations())
def test_an_answer_is_certain_only_if_nothing_open_changes_it(rule: Rule, configuration: Configuration) -> None:
    found = {one.name: one for one in breaches(configuration, rule.broken_by, of_devices=rule.names is Names.DEVICES)}
    seen = [set(rule.broken_by(platform)) for platform in itertools.islice(completions(configuration), 600)]
    ever = set().union(*seen)
    for name, breach in found.items():
        if not breach.asked:
            assert all(name in one for one in seen), f"{name} breaks {rule.name} in some cases only"
    assert ever <= set(found), f"{ever - set(found)} breaks {rule.name} in some case, and nobody is told"
    # Nothing is asked for in vain: what no completion breaks is not open.
    if len(seen) < 600:
        assert set(found) <= ever
