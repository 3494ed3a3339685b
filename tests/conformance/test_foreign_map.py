"""Fact sheet 2.6: mapping the memory of another domain."""

from __future__ import annotations

import pytest

from sphinx_xenfusa.model.decision import Relation, TargetIs
from sphinx_xenfusa.model.effects import Offered
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.policies import POLICIES

MAPS = {"XENMAPSPACE_gmfn_foreign": "errs[]=EPERM", "XENMEM_acquire_resource": "EPERM"}


@pytest.mark.verifies("XenArch~unprivileged_no_foreign_map~1")
@pytest.mark.parametrize("caller", ["hwdom", "domu", "safe_domu"])
@pytest.mark.parametrize("operation", MAPS)
def test_unprivileged_domain_maps_nobody(world, caller: str, operation: str) -> None:
    here = world()
    for owner in {"hwdom", "ctrldom", "domu", "safe_domu"} - {caller}:
        assert here.code(caller, operation, owner) == MAPS[operation]
    assert here.mapped() == set()


@pytest.mark.verifies("XenArch~unprivileged_no_foreign_map~1", partial=True)
def test_no_other_operation_maps(world) -> None:
    """Whatever an unprivileged domain issues, and whatever it is offered, no mapping without a grant appears."""
    here = world()
    for what in Offered:
        here.offer(what, by="safe_domu", to="domu")
    for operation in catalogue().operations:
        target = "safe_domu" if operation.target == "domain" else None
        for argument in operation.arguments:
            here.call("domu", operation.name, target, argument)
    assert here.mapped() == set()
    assert {(offer.what, offer.to) for offer in here.system.used} <= {(what, 2) for what in Offered}


@pytest.mark.verifies("XenArch~ctrldom_full_privileges~1", partial=True)
@pytest.mark.parametrize("operation", MAPS)
def test_control_maps(world, operation: str) -> None:
    here = world()
    assert here.code("ctrldom", operation, "domu") == "0"
    assert here.mapped() == {("ctrldom", "domu")}


@pytest.mark.parametrize("policy", POLICIES)
def test_own_memory_is_not_foreign(world, policy: str) -> None:
    """od == d is refused with EINVAL before the check."""
    here = world(policy)
    assert here.code("domu", "XENMAPSPACE_gmfn_foreign", "domu") == "EINVAL"
    assert here.code("ctrldom", "XENMAPSPACE_gmfn_foreign", "ctrldom") == "EINVAL"
    assert here.mapped() == set()


def test_control_cannot_push_a_mapping_into_an_unprivileged_domain_under_dummy(world) -> None:
    """The subject of the second check is the owner of the physmap, not the caller."""
    here = world("dummy")
    assert here.code("ctrldom", "XENMEM_add_to_physmap_batch", "domu") == "0"
    second = here.model.policy.decide(
        catalogue().by_name["XENMAPSPACE_gmfn_foreign"], Relation(TargetIs.OTHER, control=False)
    )
    assert second.code == "errs[]=EPERM"


def test_target_holder_maps_its_target_only_under_dummy() -> None:
    """Fact sheet 2.7; and it can then map the target's grant table."""
    for name, denied in MAPS.items():
        operation = catalogue().by_name[name]
        assert POLICIES["dummy"].decide(operation, Relation(TargetIs.OTHER, holds_target=True)).allowed
        assert POLICIES["dummy"].decide(operation, Relation(TargetIs.OTHER)).code == denied


def test_device_memory_onto_the_hardware_domain_only_under_dummy(world) -> None:
    here = world("dummy")
    assert here.code("hwdom", "XENMAPSPACE_dev_mmio", "hwdom") == "0"
    assert here.code("hwdom", "XENMAPSPACE_dev_mmio", "domu") == "EACCES"
    assert here.code("ctrldom", "XENMAPSPACE_dev_mmio", "hwdom") == "EACCES"
    assert here.code("ctrldom", "XENMAPSPACE_dev_mmio", "ctrldom") == "EACCES"
    assert here.code("domu", "XENMAPSPACE_dev_mmio", "domu") == "EACCES"


@pytest.mark.verifies("XenArch~unprivileged_no_foreign_map~1", partial=True)
def test_acquire_resource_of_oneself_leaves_no_foreign_mapping(world) -> None:
    here = world()
    here.call("domu", "XENMEM_acquire_resource", "domu")
    assert here.mapped() == set()
