"""Fact sheet 2.7: what a backend is given in Xen is the target relation, more than the document says, and of one target."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sphinx_xenfusa.model.effects import Life, Power
from sphinx_xenfusa.model.platform import Device, Domain
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

TABLE = Path(__file__).parents[2].parent / "shared" / "spec" / "xsm_hooks.tsv"

HWDOM = Domain("hwdom", frozenset({Capability.HARDWARE}))
CTRLDOM = Domain("ctrldom", frozenset({Capability.CONTROL}), Criticality.SAFE)
DOMUS = (Domain("driver"), Domain("frontend"), Domain("second"), Domain("stranger", criticality=Criticality.SAFE))
DOMAINS = (HWDOM, CTRLDOM, *DOMUS)
BACKENDS = ("hwdom", "driver")

OF_THE_TARGET_HOLDER = [
    *(
        "SCHEDOP_remote_shutdown",
        "XENMEM_populate_physmap",
        "XENMEM_decrease_reservation",
        "XENMEM_remove_from_physmap",
    ),
    *("HVMOP_set_param", "HVMOP_get_param", "EVTCHNOP_alloc_unbound", "EVTCHNOP_status", "EVTCHNOP_reset"),
    *("GNTTABOP_setup_table", "GNTTABOP_query_size", "XENMEM_acquire_resource", "XENMEM_access_op"),
    *("XEN_DOMCTL_getdomaininfo", "XEN_DOMCTL_get_domain_state"),
    *("XENMAPSPACE_gmfn_foreign", "XEN_DMOP_create_ioreq_server", "XEN_DMOP_set_irq_level"),
]
"""2.7: the two families of the document, and what comes with them."""
WITH_THE_RESOURCE = {"XEN_DOMCTL_memory_mapping", "XEN_DOMCTL_bind_pt_irq", "XEN_DOMCTL_unbind_pt_irq"}
"""2.4: the caller itself has to hold the memory range or the interrupt."""
OF_CONTROL = ["XEN_DOMCTL_pausedomain", "XEN_DOMCTL_destroydomain", "XEN_DOMCTL_set_target", "XENMEM_claim_pages"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", OF_THE_TARGET_HOLDER)
def test_the_target_holder_passes_every_hook_but_those_of_control(world, backend: str, name: str) -> None:
    linked = world("dummy", DOMAINS, links=[(backend, "frontend", "")])
    assert linked.call(backend, name, "frontend").decision.allowed
    assert not world("dummy", DOMAINS).call(backend, name, "frontend").decision.allowed


@pytest.mark.parametrize("name", OF_CONTROL)
def test_the_target_holder_has_no_control(world, name: str) -> None:
    assert world("dummy", DOMAINS, links=[("driver", "frontend", "")]).code("driver", name, "frontend") == "EPERM"


@pytest.mark.parametrize("name", sorted(WITH_THE_RESOURCE))
def test_mapping_of_resources_needs_the_resource(world, name: str) -> None:
    for backend, code in (("driver", "EPERM"), ("hwdom", "0")):
        assert world("dummy", DOMAINS, links=[(backend, "frontend", "")]).code(backend, name, "frontend") == code


@pytest.mark.shared
@pytest.mark.skipif(not TABLE.is_file(), reason="../shared/spec/xsm_hooks.tsv is not there")
def test_the_target_holder_passes_exactly_what_the_table_says(world) -> None:
    """The whole catalogue; a Hardware Domain as the backend holds the resources that a second gate asks for."""
    rows = csv.reader(TABLE.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    passes = {
        row[2]: "target_holder" in row[7] or row[7].startswith(("any", "XSM_HOOK (")) for row in rows if row[0] == "op"
    }
    here = world("dummy", DOMAINS, links=[("hwdom", "frontend", "")])
    allowed = here.allowed("hwdom", "frontend")
    towards = {one.name for one in here.model.catalogue.operations if one.is_service and one.target == "domain"}
    # dev_mmio is mapped by the Hardware Domain onto itself only (2.6).
    assert allowed == {name for name in towards if passes[name]} - {"XENMAPSPACE_dev_mmio"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_is_held_over_one_target(world, backend: str) -> None:
    here = world("dummy", DOMAINS, links=[(backend, "frontend", "")])
    for other in {"hwdom", "ctrldom", "driver", "second", "stranger"} - {backend}:
        assert here.allowed(backend, other) == here.OFFERED
    assert here.allowed("frontend", backend) == here.OFFERED


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("extensions", [("", ""), ("", "grants"), ("nonblocking", "grants")])
def test_two_frontends_that_need_it_get_it_neither(world, backend: str, extensions: tuple[str, str]) -> None:
    """2.7: a non-control backend that serves several frontends cannot be expressed; the document has both served."""
    links = list(zip((backend, backend), ("frontend", "second"), extensions, strict=True))
    here = world("dummy", DOMAINS, links=links)
    for frontend in ("frontend", "second"):
        assert here.allowed(backend, frontend) == here.OFFERED
        assert not here.serves(backend, frontend)[0]
        assert world("specification", DOMAINS, links=links).serves(backend, frontend)[0]
        repaired = world("dummy", DOMAINS, links=links, repaired=["D7", "D12"])
        assert repaired.serves(backend, frontend)[0]


def test_a_frontend_with_both_extensions_leaves_the_pointer_free(world) -> None:
    links = [("driver", "frontend", "grants nonblocking"), ("driver", "second", "")]
    here = world("dummy", DOMAINS, links=links)
    assert here.allowed("driver", "frontend") == here.OFFERED
    assert here.allowed("driver", "second") > here.OFFERED | here.MAPPING | here.DEVICE_MODEL
    assert here.serves("driver", "second")[0]


def test_grants_take_nothing_from_the_target_holder(world) -> None:
    """It is all or nothing: what the emulation needs brings the foreign map with it."""
    plain, granted = (world("dummy", DOMAINS, links=[("driver", "frontend", used)]) for used in ("", "grants"))
    assert granted.allowed("driver", "frontend") == plain.allowed("driver", "frontend") >= plain.MAPPING


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_a_control_domain_nobody_sets_it(world, backend: str) -> None:
    here = world("dummy", (HWDOM, *DOMUS), links=[(backend, "frontend", "")])
    assert here.allowed(backend, "frontend") == here.OFFERED
    assert not here.serves(backend, "frontend")[0]
    assert world("specification", (HWDOM, *DOMUS), links=[(backend, "frontend", "")]).serves(backend, "frontend")[0]


def test_control_serves_any_number_of_frontends(world) -> None:
    links = [("ctrldom", "frontend", ""), ("ctrldom", "second", "")]
    here = world("dummy", DOMAINS, links=links)
    assert here.serves("ctrldom", "frontend")[0]
    assert here.serves("ctrldom", "second")[0]


def test_a_target_holder_stops_its_target(world) -> None:
    """What the document keeps for the Control Domain: to shut another domain down."""
    here = world("dummy", DOMAINS, links=[("driver", "frontend", "")])
    assert here.code("driver", "SCHEDOP_remote_shutdown", "frontend", "crash") == "0"
    assert here.state("frontend").life is Life.SHUT_DOWN
    assert here.power is Power.UP
    document = world("specification", DOMAINS, links=[("driver", "frontend", "")])
    assert document.code("driver", "SCHEDOP_remote_shutdown", "frontend", "crash") == "EPERM"


def test_a_target_holder_of_the_hardware_domain_stops_the_machine(world) -> None:
    """2.8: remote_shutdown of the Hardware Domain by control or by the target-holder."""
    here = world("dummy", DOMAINS, links=[("driver", "hwdom", "")])
    assert here.code("driver", "SCHEDOP_remote_shutdown", "hwdom", "poweroff") == "0"
    assert here.power is Power.DOWN


def test_nonblocking_virtio_is_not_in_xen(world) -> None:
    """D12: the frontend's access to the registers has nothing behind it, with whatever privilege."""
    for policy in ("dummy", "silo", "proposed"):
        for backend in ("ctrldom", "hwdom"):
            here = world(policy, DOMAINS, links=[(backend, "frontend", "nonblocking")])
            assert here.serves(backend, "frontend") == (False, ["non-blocking VirtIO register access: ENOSYS"])
    repaired = world("dummy", DOMAINS, links=[("hwdom", "frontend", "nonblocking")], repaired=["D12"])
    assert repaired.serves("hwdom", "frontend")[0]
    assert world("specification", DOMAINS, links=[("hwdom", "frontend", "nonblocking")]).serves("hwdom", "frontend")[0]


def test_the_served_device_does_not_matter_to_the_privileges(world) -> None:
    """Who owns what is served is a rule about platforms, not a check of Xen."""
    device = Device("disk", assigned_to=("stranger",))
    with_device = world("dummy", DOMAINS, links=[("driver", "frontend", "")], devices=[device])
    without = world("dummy", DOMAINS, links=[("driver", "frontend", "")])
    assert with_device.allowed("driver", "frontend") == without.allowed("driver", "frontend")
