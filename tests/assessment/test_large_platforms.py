"""Platforms of more domains than the search takes pair by pair: the same is found, in a time that grows with their size."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.assessment.harm import Examination, by_sorts, examination
from sphinx_xenfusa.model.boot import boot, comes_up
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, Protocol, Reach


@st.composite
def platforms(draw: st.DrawFn) -> Platform:
    names = [f"d{at}" for at in range(draw(st.integers(2, 6)))]
    domains = tuple(
        Domain(
            name,
            frozenset(draw(st.sampled_from([(), (), (), ("control",), ("hardware",), ("control", "hardware")]))),
            draw(st.sampled_from(list(Criticality))),
            xenstore=draw(st.booleans()) and name == "d0",
        )
        for name in names
    )
    domains = tuple(
        Domain(one.name, frozenset(map(Capability, one.capabilities)), one.criticality, False, one.xenstore)
        for one in domains
    )
    ends = draw(st.lists(st.sampled_from(list(itertools.permutations(names, 2))), max_size=6))
    links = tuple(
        Link(Protocol.VIRTIO, backend, frontend, None, draw(st.booleans()), draw(st.booleans()))
        for backend, frontend in dict.fromkeys(ends)
    )
    devices = tuple(
        Device(f"v{at}", tuple(draw(st.sampled_from([(), *((one,) for one in names)]))), reach, draw(st.booleans()))
        for at, reach in enumerate(draw(st.lists(st.sampled_from(list(Reach)), max_size=2)))
    )
    return Platform(domains, devices, links, draw(st.sampled_from(list(Architecture))))


def needy(*ends: tuple[str, str]) -> tuple[Link, ...]:
    return tuple(Link(Protocol.VIRTIO, *both, None, grants=False, nonblocking=False) for both in ends)


SERVED_BY_EACH_OTHER = Platform(
    (
        Domain("d0", frozenset({Capability.CONTROL}), Criticality.SAFE),
        *(Domain(name, frozenset(), Criticality.SAFE) for name in ("d1", "d2", "d3")),
    ),
    (),
    needy(("d0", "d1"), ("d1", "d0"), ("d1", "d3")),
)
"""Two domains that serve each other, of which one serves a third: once a part had too few links of the frontend."""


def told(found: Examination) -> tuple[set[tuple[str, str]], set[tuple[str, str, bool, bool]]]:
    harms = {(name, one.kind.value) for one in found.harms for name in (one.by, *one.alike)}
    idle = {(it.backend, it.frontend, it.grants, it.nonblocking) for one in found.idle for it in (one.link, *one.alike)}
    return harms, idle


@pytest.mark.parametrize("policy", list(POLICIES))
@settings(max_examples=25, deadline=None)
@given(platform=platforms())
@example(SERVED_BY_EACH_OTHER)
def test_one_pair_of_each_sort_finds_what_every_pair_finds(policy: str, platform: Platform) -> None:
    chosen = POLICIES[policy]
    if not comes_up(boot(platform, chosen.switches)):
        return
    found, expected = by_sorts(platform, chosen), examination(platform, chosen)
    assert told(found) == told(expected)
    each = {(one.by, one.kind): one for one in expected.harms}
    for one in found.harms:
        other = each[one.by, one.kind]
        assert (set(one.victims), one.machine) == (set(other.victims), other.machine)


def board(domains: int) -> Platform:
    """A Hardware Domain that serves every other domain, one of them a SafeVM, with a link that blocks here and there."""
    special = (
        Domain("control", frozenset({Capability.CONTROL}), Criticality.SAFE, True),
        Domain("io", frozenset({Capability.HARDWARE}), Criticality.UNSAFE),
    )
    others = tuple(
        Domain(f"d{at}", frozenset(), Criticality.UNSAFE if at % 2 else Criticality.SAFE) for at in range(domains - 2)
    )
    links = tuple(Link(Protocol.VIRTIO, "io", one.name, None, True, at % 5 != 0) for at, one in enumerate(others))
    return Platform((*special, *others), (), links)


@pytest.mark.parametrize("policy", ["specification", "silo"])
def test_a_large_platform_is_searched_with_every_trace_on_it(policy: str) -> None:
    large, small = examination(board(300), POLICIES[policy]), examination(board(12), POLICIES[policy])
    assert (large.pairs, large.tried < 60) == (150 * 300, True)
    # The same ways of interfering, by whoever looks alike.
    assert {one.kind for one in large.harms} == {one.kind for one in small.harms}
    assert {one.trace.steps[-1].action for one in large.harms} == {one.trace.steps[-1].action for one in small.harms}
    harms, idle = told(large)
    assert len(idle) == (298 if policy == "silo" else 0)
    assert ("io", "C") in harms or policy == "specification"


def test_the_time_of_the_search_grows_with_the_size() -> None:
    def taken(domains: int) -> float:
        platform = board(domains)
        start = time.process_time()
        examination(platform, POLICIES["silo"])
        return time.process_time() - start

    taken(50)
    few, many = taken(250), taken(1000)
    assert many < 16 * max(few, 0.05)
    assert many < 10
