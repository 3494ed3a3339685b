"""Fact sheet 5 and 6, step by step: synchronous emulation, its extension, and the ways to communicate without VirtIO.

Each test plays a short story on a model as its rules are written, and compares what stands in the state afterwards.
"""

from __future__ import annotations

from typing import Any

import pytest

from sphinx_xenfusa.explore.language import RuleModel, System
from sphinx_xenfusa.model import emulation, nonblocking
from sphinx_xenfusa.model.argo import ARGO
from sphinx_xenfusa.model.emulation import EMULATION
from sphinx_xenfusa.model.nonblocking import NONBLOCKING
from sphinx_xenfusa.model.platform import Device, Domain
from sphinx_xenfusa.model.rules import broken_rules
from sphinx_xenfusa.model.static_shared_memory import SHARED_MEMORY
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

DOMAINS = (
    Domain("hwdom", frozenset({Capability.HARDWARE})),
    Domain("frontend"),
    Domain("other"),
    Domain("safe", criticality=Criticality.SAFE),
)
DISK = (Device("disk"),)


class Story:
    """A model that is led through named steps."""

    def __init__(self, model: RuleModel[Any, Any], bounds: Any = None) -> None:
        self.system: System[Any, Any] = model.system(bounds)
        self.state = self.system.initial()

    def then(self, *steps: str) -> Story:
        """Take steps, by rule and parameters as a trace shows them."""
        for step in steps:
            action = next(one for one in self.system.actions if str(one) == step)
            after = self.system.take(self.state, action)
            assert after is not None, f"{step} cannot be taken"
            self.state = after
        return self

    def can(self, party: str) -> set[str]:
        """The steps that a party can take now."""
        return {str(action) for action, _ in self.system.steps(self.state) if action.rule.party == party}

    def __getitem__(self, field: str) -> str:
        value = self.system.values(self.state)[field]
        return getattr(value, "name", str(value))


def emulated(**bounds: Any) -> Story:
    return Story(EMULATION, emulation.Bounds(**bounds))


@pytest.mark.verifies("XenArch~sync_blocking~1")
@pytest.mark.parametrize("access", ["a read", "a write"])
def test_a_vcpu_is_blocked_from_its_access_to_the_answer(access: str) -> None:
    word = access.split()[-1]
    story = emulated().then(f"access_register(vcpu=0, access={word})")
    assert (story["waits[0]"], story["slot[0]"]) == ("True", "READY")
    assert not [step for step in story.can("frontend") if "vcpu=0" in step]
    assert "do_other_work(vcpu=1)" in story.can("frontend")
    story.then("begin_request(vcpu=0)", "answer_request(vcpu=0)")
    assert (story["waits[0]"], story["slot[0]"]) == ("True", "RESP_READY")
    story.then("look_at_slot(vcpu=0)")
    assert (story["waits[0]"], story["slot[0]"], story["outcome[0]"]) == ("False", "NONE", "ANSWERED")
    assert "do_other_work(vcpu=0)" in story.can("frontend")


@pytest.mark.verifies("XenArch~sync_stuck~1")
def test_with_a_silent_backend_only_the_other_vcpu_goes_on_until_it_asks_to_suspend() -> None:
    story = emulated().then("access_register(vcpu=0, access=read)")
    assert story.can("Xen") == set()
    story.then("shut_down_or_suspend(vcpu=1)")
    assert story["domain"] == "SHUTTING_DOWN"
    assert story.can("frontend") | story.can("Xen") == set()
    story.then("intervene_at_server()")
    assert (story["server"], story["refused"]) == ("ENABLED", "True")
    story.then("destroy_frontend()")
    assert story["domain"] == "DESTROYED"


@pytest.mark.verifies("XenArch~sync_stuck~1")
@pytest.mark.parametrize(
    "stores",
    [["invalid"], ["inprocess", "ready"]],
    ids=["a state that is none", "a state that goes backwards"],
)
def test_a_wrong_state_ends_the_frontend_and_not_the_backend(stores: list[str]) -> None:
    story = emulated().then("access_register(vcpu=0, access=write)")
    for state in stores:
        story.then(f"store_any_state(vcpu=0, state={state}, event=True)", "look_at_slot(vcpu=0)")
    assert (story["domain"], story["backend"]) == ("CRASHED", "ALIVE")


@pytest.mark.verifies("XenArch~sync_stuck~1")
def test_the_state_none_completes_with_all_ones() -> None:
    story = emulated().then("access_register(vcpu=0, access=read)")
    story.then("store_any_state(vcpu=0, state=none, event=True)", "look_at_slot(vcpu=0)")
    assert (story["domain"], story["outcome[0]"]) == ("RUNNING", "ALL_ONES")


@pytest.mark.verifies("XenArch~sync_backend_emulates~1")
def test_a_backend_becomes_the_device_model_of_its_frontend_only(world: Any) -> None:
    here = world(domains=DOMAINS, devices=DISK, links=[("hwdom", "frontend", "")])
    assert here.code("hwdom", "XEN_DMOP_create_ioreq_server", "frontend") == "0"
    assert here.code("hwdom", "XEN_DMOP_create_ioreq_server", "other") == "EPERM"
    assert here.code("other", "XEN_DMOP_create_ioreq_server", "frontend") == "EPERM"


@pytest.mark.verifies("XenArch~sync_privilege~1")
@pytest.mark.parametrize("extensions", ["", "grants", "nonblocking", "grants nonblocking"])
def test_the_extension_takes_the_device_model_away(world: Any, extensions: str) -> None:
    here = world(domains=DOMAINS, devices=DISK, links=[("hwdom", "frontend", extensions)])
    expected = set() if "nonblocking" in extensions else here.DEVICE_MODEL
    assert here.allowed("hwdom", "frontend") & here.DEVICE_MODEL == expected
    assert here.allowed("hwdom", "other") & here.DEVICE_MODEL == set()


@pytest.mark.verifies("XenArch~sync_nonblocking_extension~1")
def test_a_link_with_the_extension_completes_without_emulation(world: Any) -> None:
    here = world(domains=DOMAINS, devices=DISK, links=[("hwdom", "frontend", "grants nonblocking")])
    completes, steps = here.serves("hwdom", "frontend")
    assert completes
    assert steps[0] == "non-blocking VirtIO register access: 0"
    assert not [step for step in steps if step.split(":")[0] in here.DEVICE_MODEL]
    xen = world("dummy", domains=DOMAINS, devices=DISK, links=[("hwdom", "frontend", "grants nonblocking")])
    assert xen.serves("hwdom", "frontend") == (False, ["non-blocking VirtIO register access: ENOSYS"])


@pytest.mark.verifies("XenArch~sync_nonblocking_registers~1")
def test_a_request_goes_through_access_and_its_outcome_comes_through_access_data() -> None:
    assert {one.name: one.value for one in nonblocking.Register} == {"ACCESS": 0x18, "ACCESS_DATA": 0x1C}
    read = nonblocking.AccessWord(0x70, write=False, width=nonblocking.Width.WORD)
    assert nonblocking.encode(read) == 0x2000_0070
    story = Story(NONBLOCKING).then("connect()", "request_access(vcpu=0, kind=read)")
    assert (story["busy"], story["data"], story["vcpu[0]"]) == ("True", "NONE", "RUNS")
    assert {"do_other_work(vcpu=0)", "look_again(vcpu=0)"} <= story.can("frontend")
    story.then("answer_request()", "receive_answer()")
    assert (story["busy"], story["data"]) == ("False", "BACKEND")
    story.then("take_outcome(vcpu=0)")
    assert story["data"] == "NONE"


@pytest.mark.verifies("XenArch~sync_nonblocking_mitigates~1")
def test_whatever_the_backend_does_both_vcpus_work_on() -> None:
    both = {"do_other_work(vcpu=0)", "do_other_work(vcpu=1)"}
    story = Story(NONBLOCKING).then("connect()", "request_access(vcpu=0, kind=write)")
    assert both <= story.can("frontend")
    for step in ("send_anything(answer=unexpected)", "receive_answer()", "change_connection()"):
        story.then(step)
        assert both <= story.can("frontend")
        assert story["busy"] == "True"
    assert story["dropped"] == "True"
    blocking = Story(NONBLOCKING, nonblocking.Bounds(nonblocking=False))
    blocking.then("connect()", "request_access(vcpu=0, kind=write)")
    assert both & blocking.can("frontend") == {"do_other_work(vcpu=1)"}


@pytest.mark.verifies("XenArch~sync_frontend_unsafe~1")
@pytest.mark.parametrize("extensions", ["grants", "grants nonblocking"])
@pytest.mark.parametrize("frontend", ["frontend", "safe"])
def test_a_frontend_that_blocks_is_rejected_in_a_safevm(world: Any, frontend: str, extensions: str) -> None:
    here = world(domains=DOMAINS, devices=DISK, links=[("hwdom", frontend, extensions)])
    rejected = frontend == "safe" and extensions == "grants"
    assert ("sync_frontend_unsafe" in broken_rules(here.platform)) is rejected


@pytest.mark.verifies("XenArch~other_protocols_exist~1")
def test_a_message_is_delivered_by_argo_and_by_a_shared_page() -> None:
    argo = Story(ARGO).then("register_ring(ring=for peer)", "send_message(claimed=peer, content=1)", "check_message()")
    assert (argo["reply"], argo["checked"], argo["delivered"]) == ("SENT", "1", "False")
    assert argo.then("use_message()")["delivered"] == "True"
    page = Story(SHARED_MEMORY).then(
        "write_message(message=1)", "take_and_reply(reply=0)", "check_reply()", "use_reply()"
    )
    assert (page["delivered"], page["replied"]) == ("True", "True")


@pytest.mark.verifies("XenArch~other_protocols~1")
@pytest.mark.parametrize("model", [ARGO, SHARED_MEMORY], ids=lambda model: model.name)
def test_the_peer_of_another_protocol_is_no_backend(model: RuleModel[Any, Any]) -> None:
    story = Story(model).then("map_memory()", "become_device_model()")
    assert (story["mapped"], story["emulates"]) == ("False", "False")
    assert (story["map_refused"], story["emulation_refused"]) == ("True", "True")
    assert "use_register()" not in story.can("receiver") | story.can("owner")


@pytest.mark.verifies("XenArch~other_protocols~1")
def test_argo_says_why_it_does_not_send() -> None:
    told = Story(ARGO)
    assert told.then("send_message(claimed=peer, content=0)")["reply"] == "ECONNREFUSED"
    assert told.then("send_message(claimed=third, content=0)")["reply"] == "EPERM"
    told.then("register_ring(ring=for peer)")
    for expected in ("SENT", "SENT", "EAGAIN"):
        assert told.then("send_message(claimed=peer, content=0)")["reply"] == expected
    assert told.then("check_message()", "use_message()")["told_of_space"] == "True"
