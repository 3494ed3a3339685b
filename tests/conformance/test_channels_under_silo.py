"""Fact sheet 2.9: the policy "silo" gives two domains a channel only if one of them holds control, and changes nothing else."""

from __future__ import annotations

import itertools

import pytest

from sphinx_xenfusa.model.effects import Offered
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Domain, Link, Platform
from sphinx_xenfusa.model.policies import POLICIES, relation_of, relation_to_none
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Protocol

OVERRIDDEN = {
    "GNTTABOP_map_grant_ref": "GNTST_permission_denied",
    "GNTTABOP_copy": "GNTST_permission_denied",
    "GNTTABOP_transfer": "GNTST_permission_denied",
    "EVTCHNOP_bind_interdomain": "EPERM",
    "XEN_ARGO_OP_sendv": "EPERM",
    "XEN_ARGO_OP_notify": "EPERM",
}
"""What every domain may do otherwise, and what it gets back from "silo" (xen/xsm/silo.c; argo's notify asks the hook of send)."""
BY_PRIVILEGE = {"EVTCHNOP_alloc_unbound": "EPERM", "XEN_DMOP_create_ioreq_server": "EPERM"}
"""The same for what only a target-holder may do: an ioreq server allocates an unbound port (ioreq.c:375)."""
NOT_OVERRIDDEN = {"GNTTABOP_unmap_grant_ref": "GNTST_bad_handle", "GNTTABOP_unmap_and_replace": "GNTST_bad_handle"}

DOMAINS = (
    Domain("hwdom", frozenset({Capability.HARDWARE})),
    Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE),
    Domain("store", xenstore=True),
    Domain("domu"),
    Domain("other", criticality=Criticality.SAFE),
)
NO_CONTROL = list(itertools.permutations(("hwdom", "store", "domu", "other"), 2))
WITH_CONTROL = [(one, "ctrldom") for one in ("hwdom", "store", "domu", "other")]


def offering(world, policy: str, by: str, to: str, **more):
    here = world(policy, DOMAINS, **more)
    for what in Offered:
        here.offer(what, by=by, to=to)
    return here


@pytest.mark.parametrize(("caller", "target"), NO_CONTROL)
def test_without_control_there_is_no_channel(world, caller: str, target: str) -> None:
    """Although the other end offers it; neither the hardware nor the xenstore capability helps."""
    for name, code in OVERRIDDEN.items():
        here = offering(world, "silo", target, caller)
        assert here.code(caller, name, target) == code, name
        assert here.system.used == frozenset()
        assert offering(world, "dummy", target, caller).code(caller, name, target) == "0", name


@pytest.mark.parametrize(("caller", "target"), [*WITH_CONTROL, *((two, one) for one, two in WITH_CONTROL)])
def test_control_at_either_end_has_channels(world, caller: str, target: str) -> None:
    for name in OVERRIDDEN:
        assert offering(world, "silo", target, caller).code(caller, name, target) == "0", name


@pytest.mark.parametrize("name", NOT_OVERRIDDEN)
def test_giving_a_grant_back_is_not_overridden(world, name: str) -> None:
    here = offering(world, "silo", "domu", "hwdom")
    assert here.code("hwdom", name, "domu") == NOT_OVERRIDDEN[name]
    here.system = here.system._replace(used=here.system.offers)
    assert here.code("hwdom", name, "domu") == "0"


@pytest.mark.parametrize("caller", [domain.name for domain in DOMAINS])
def test_a_domain_has_channels_with_itself(world, caller: str) -> None:
    """Local equals remote (silo.c:29-34): the answers are those of "dummy"."""
    for name in (*OVERRIDDEN, "EVTCHNOP_alloc_unbound"):
        assert world("silo", DOMAINS).code(caller, name, caller) == world("dummy", DOMAINS).code(caller, name, caller)


@pytest.mark.parametrize("backend", ["hwdom", "other"])
@pytest.mark.parametrize("name", BY_PRIVILEGE)
def test_a_target_holder_has_no_channel_either(world, backend: str, name: str) -> None:
    links = [(backend, "domu", "")]
    assert world("dummy", DOMAINS, links=links).code(backend, name, "domu") == "0"
    here = world("silo", DOMAINS, links=links)
    assert here.code(backend, name, "domu") == BY_PRIVILEGE[name]
    assert here.call(backend, name, "domu").decision.by.endswith("isolated by silo")


@pytest.mark.parametrize("backend", ["hwdom", "other"])
def test_foreign_mapping_and_the_other_device_model_operations_are_not_overridden(world, backend: str) -> None:
    links = [(backend, "domu", "")]
    silo, dummy = (world(policy, DOMAINS, links=links).allowed(backend, "domu") for policy in ("silo", "dummy"))
    assert dummy - silo == {*OVERRIDDEN, *BY_PRIVILEGE}
    assert silo >= {"XENMAPSPACE_gmfn_foreign", "XEN_DMOP_set_irq_level", "XEN_DMOP_map_io_range_to_ioreq_server"}


@pytest.mark.parametrize("extensions", ["", "grants"])
def test_virtio_works_with_a_backend_that_holds_control_only(world, extensions: str) -> None:
    """2.9: the recommended unprivileged Hardware Domain with grants does not work on a default Arm build (D8)."""
    for backend, works in (("hwdom", False), ("other", False), ("ctrldom", True)):
        links = [(backend, "domu", extensions)]
        completes, steps = world("silo", DOMAINS, links=links).serves(backend, "domu")
        assert completes is works
        assert works or steps == ["XEN_DMOP_create_ioreq_server: EPERM"]
        assert world("silo", DOMAINS, links=links, repaired=["D8"]).serves(backend, "domu")[0]
        assert world("dummy", DOMAINS, links=links).serves(backend, "domu")[0]


def small_platforms():
    """Two domains of every kind with every way to serve the second, and a third that may hold control."""
    kinds = [frozenset(), *(frozenset({one}) for one in Capability), frozenset(Capability)]
    extensions = [None, *itertools.product((False, True), repeat=2)]
    for first, second, third, store, used in itertools.product(kinds, kinds, kinds, (False, True), extensions):
        domains = (Domain("a", first, xenstore=store), Domain("b", second, Criticality.SAFE), Domain("c", third))
        link = () if used is None else (Link(Protocol.VIRTIO, "a", "b", None, *used),)
        yield Platform(domains, links=link)


def test_what_silo_allows_dummy_allows() -> None:
    """Monotonicity, over every operation and every relation of two domains of the small platforms."""
    silo, dummy = POLICIES["silo"], POLICIES["dummy"]
    towards, alone = set(), set()
    for platform in small_platforms():
        for pair in itertools.product(range(3), repeat=2):
            towards.add((relation_of(platform, *pair, silo), relation_of(platform, *pair, dummy)))
        alone |= {(relation_to_none(platform, one, silo), relation_to_none(platform, one, dummy)) for one in range(3)}
    lost = set()
    for operation in catalogue().operations:
        for under_silo, under_dummy in towards if operation.target == "domain" else alone:
            strict = silo.decide(operation, under_silo)
            loose = dummy.decide(operation, under_dummy)
            assert loose.allowed or not strict.allowed, (operation.name, under_silo, under_dummy)
            if loose.allowed and not strict.allowed:
                lost.add((operation.name, strict.code.value))
    assert lost == {*OVERRIDDEN.items(), *BY_PRIVILEGE.items()}
    assert len(towards) > 20
