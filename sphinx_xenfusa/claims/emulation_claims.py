"""Claims of the chapter "VirtIO" about synchronous emulation and about non-blocking VirtIO."""

from __future__ import annotations

from sphinx_xenfusa.claims.privilege_claims import PrivilegeClaim
from sphinx_xenfusa.claims.register_claims import TwoRegisters
from sphinx_xenfusa.claims.rule_claims import RuleClaim
from sphinx_xenfusa.claims.rule_properties import (
    Always,
    CanAlwaysReach,
    CanAlwaysStep,
    CanGetStuck,
    Eventually,
    Reachable,
    anything,
)
from sphinx_xenfusa.claims.waiting_claims import (
    BlockingFrontendRejected,
    MayEmulate,
    MayEmulateUnlessNonBlocking,
    NothingSynchronous,
)
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.language import System
from sphinx_xenfusa.model import emulation, nonblocking
from sphinx_xenfusa.model.emulation import EMULATION, Emulation
from sphinx_xenfusa.model.nonblocking import NONBLOCKING, NonBlocking

_TOWARDS = "every device model operation by every backend towards every other domain"

PRIVILEGES: tuple[PrivilegeClaim, ...] = (
    MayEmulate(
        "sync_backend_emulates",
        "A backend may issue every device model operation towards its frontends whose requests are synchronous, so that one "
        "completes, and none towards any other domain.",
        f"{_TOWARDS}; permissions on links that operate",
    ),
    NothingSynchronous(
        "sync_nonblocking_extension",
        "On a link with non-blocking VirtIO the frontend asks through the register of the extension, and no "
        "part of its request "
        "is a device model operation; on the same link without it some part is.",
        "the frontend's access to the register on every link with the extension, and what a request on it asks of Xen",
    ),
    MayEmulateUnlessNonBlocking(
        "sync_privilege",
        "Without non-blocking VirtIO a backend may issue device model operations towards its frontends and "
        "nobody else; with it "
        "the backend may not issue them at all.",
        f"{_TOWARDS}; permissions on links that operate",
    ),
    BlockingFrontendRejected(
        "sync_frontend_unsafe",
        "A platform with a frontend without non-blocking VirtIO in a SafeVM is rejected; without the rule a silent backend "
        "stops a vCPU of the SafeVM, and with the extension it cannot.",
        "the rule on every link to a SafeVM from a backend without control; what that backend may emulate; and every state of "
        "one vCPU that depends on it, in the models of synchronous emulation and of non-blocking VirtIO",
    ),
)
"""The claims that depend on the policy."""


def _emulation(
    vcpus: int, *without: str, hardened: bool = False, named: bool = False
) -> System[Emulation, emulation.Bounds]:
    return EMULATION.system(emulation.Bounds(vcpus, hardened, named), without=without)


def _nonblocking(*without: str, vcpus: int = 2, extension: bool = True) -> System[NonBlocking, nonblocking.Bounds]:
    return NONBLOCKING.system(nonblocking.Bounds(vcpus, extension), without=without)


_SILENT = ("backend", "hostile backend")
_UNAIDED = (*_SILENT, "Control Domain")
_HONEST = ("hostile backend", "Control Domain", "other domain")
_HOSTILE = ("backend", "Control Domain", "other domain")
_SLOTS = "every state of the slots, of the vCPUs and of the ioreq server of one frontend"
_REGISTERS = "every state of the two registers, of the messages, and of the vCPUs of one frontend"

BLOCKING: tuple[RuleClaim, ...] = (
    RuleClaim(
        "sync_blocking",
        "A vCPU that makes a synchronous request, to read or to write, takes no step until the request is "
        "complete; a backend that "
        "follows the protocol completes it; another vCPU of the same domain runs on.",
        f"{_SLOTS} with two vCPUs, with any backend; that a request is completed: one vCPU, and a backend and a Xen that go on "
        "whenever they can",
        (
            Reachable(_emulation(2, *_HONEST), "a vCPU waits for a write", emulation.write_waits, "no write waits"),
            Reachable(
                _emulation(2, *_HONEST),
                "one vCPU waits and the other runs",
                emulation.one_waits_and_another_runs,
                "no vCPU runs while another waits",
            ),
            Reachable(
                _emulation(1, *_HONEST), "the backend has answered", emulation.answered, "no request is answered"
            ),
            Eventually(
                _emulation(1, *_HONEST),
                "a vCPU waits for a backend that follows the protocol",
                emulation.first_vcpu_waits,
                emulation.first_vcpu_waits_no_more,
                "a vCPU waits for ever although its backend follows the protocol",
                (("backend",), ("Xen",)),
            ),
            Always(
                _emulation(2),
                "a vCPU has made a synchronous request",
                emulation.access_pending,
                emulation.all_wait_whose_access_is_pending,
                "a vCPU runs on although its request is not complete",
            ),
        ),
    ),
    RuleClaim(
        "sync_stuck",
        "When the backend stays silent and the Control Domain does nothing, a vCPU that made a synchronous request never runs "
        "again; and what the Control Domain can do is to destroy one of the two domains.",
        f"{_SLOTS} with two vCPUs and a backend that does nothing",
        (
            CanGetStuck(
                _emulation(2, *_UNAIDED),
                "a vCPU waits for a silent backend; no way leads to its running again",
                emulation.first_vcpu_waits,
                emulation.first_vcpu_runs,
                "every vCPU that waits can run again",
            ),
            CanAlwaysReach(
                _emulation(2, *_SILENT),
                "a vCPU waits, and the Control Domain can act",
                emulation.first_vcpu_waits,
                emulation.first_vcpu_waits_no_more,
                "not even the Control Domain can end the wait",
            ),
        ),
    ),
    RuleClaim(
        "emulation_d3_unanswered",
        "A synchronous request that is never answered keeps the vCPU for ever, and holds up the shutdown of "
        "its whole domain; a Xen "
        "with a time limit would end both, and non-blocking VirtIO does not have them.",
        f"{_SLOTS} with two vCPUs and a backend that does nothing; the same with a time limit, which Xen has not",
        (
            CanGetStuck(
                _emulation(2, *_UNAIDED),
                "a request is never answered",
                emulation.first_vcpu_waits,
                emulation.first_vcpu_waits_no_more,
                "every request is answered",
            ),
            CanGetStuck(
                _emulation(2, *_UNAIDED),
                "a domain cannot shut down for a request that is never answered",
                emulation.shutdown_held_up,
                emulation.ended,
                "every shutdown ends",
            ),
            CanAlwaysReach(
                _emulation(2, *_HONEST),
                "a domain wants to shut down while a request is pending, and its backend follows the protocol",
                emulation.shutdown_held_up,
                emulation.ended,
                "a shutdown does not end although every request is answered",
            ),
            Always(
                _emulation(2, *_HONEST),
                "a shutdown waits",
                emulation.shutdown_held_up,
                emulation.some_vcpu_waits,
                "a shutdown waits for nothing",
            ),
            CanAlwaysReach(
                _emulation(2, *_UNAIDED, hardened=True),
                "a vCPU waits for a silent backend, under a Xen with a time limit",
                emulation.first_vcpu_waits,
                emulation.first_vcpu_waits_no_more,
                "a vCPU waits for ever in spite of the time limit",
            ),
            Always(
                _nonblocking(),
                "an access without blocking is in flight",
                nonblocking.access_in_flight,
                nonblocking.every_vcpu_takes_steps,
                "a vCPU waits although it does not block",
            ),
        ),
        tags=("XenArch~sync_stuck~1",),
    ),
    RuleClaim(
        "emulation_d4_invalid_state",
        "By a state that is none, or that goes backwards, a backend makes Xen crash the frontend's domain; "
        "by the state NONE it "
        "completes a request with all-ones.  A Xen that disables the backend's server instead would crash nobody.",
        f"{_SLOTS} with two vCPUs and a backend that stores what it likes; the same with a Xen that disables "
        f"such a server, which "
        "Xen does not do",
        (
            Reachable(
                _emulation(2, *_HOSTILE),
                "the frontend's domain is crashed for what the backend stored",
                emulation.crashed,
                "the frontend's domain is never crashed",
            ),
            Reachable(
                _emulation(2, *_HOSTILE, named=True),
                "the frontend's domain is crashed for a state that goes backwards",
                emulation.crashed,
                "no state that has a name has the frontend's domain crashed",
            ),
            Always(
                _emulation(2, *_HOSTILE),
                "a vCPU waits for a hostile backend",
                emulation.some_vcpu_waits,
                emulation.waits_on_what_has_a_name,
                "Xen goes on waiting on a state that is none",
            ),
            Reachable(
                _emulation(2, *_HOSTILE),
                "a request is completed with all-ones while its backend is there",
                emulation.backend_chose_all_ones,
                "no request is completed with all-ones",
            ),
            Always(
                _emulation(2, *_HOSTILE, hardened=True),
                "a vCPU waits for a hostile backend, under a hardened Xen",
                emulation.first_vcpu_waits,
                emulation.not_crashed,
                "the frontend's domain is crashed by a hardened Xen",
            ),
            Always(
                _emulation(2, *_HONEST),
                "a vCPU waits for a backend that follows the protocol",
                emulation.some_vcpu_waits,
                emulation.not_crashed,
                "a backend that follows the protocol has its frontend crashed",
            ),
        ),
        tags=("XenArch~sync_stuck~1",),
    ),
    RuleClaim(
        "emulation_server_is_its_creators",
        "Nobody but the domain that has created an ioreq server destroys it, the Control Domain included.",
        f"{_SLOTS} with one vCPU, any backend, the Control Domain and another domain",
        (
            Reachable(
                _emulation(1),
                "another domain tries to destroy the server and is refused",
                emulation.stranger_refused,
                "nobody is refused",
            ),
            Always(
                _emulation(1),
                "another domain tries to destroy the server and is refused",
                emulation.stranger_refused,
                emulation.server_as_its_creator_left_it,
                "a domain destroys the server of another",
            ),
        ),
        tags=("XenArch~sync_backend_emulates~1",),
    ),
    RuleClaim(
        "sync_nonblocking_mitigates",
        "With non-blocking VirtIO and any behaviour of the backend, the frontend's vCPUs can always take a step other than to "
        "look again; without it the same access blocks.",
        f"{_REGISTERS}: two vCPUs, or one, and a backend that follows the protocol, does anything, or does nothing",
        (
            CanAlwaysStep(
                _nonblocking(vcpus=1),
                "the outcome of an access is still to come",
                nonblocking.access_in_flight,
                anything,
                "a vCPU can do nothing but look again",
                (
                    "write_data",
                    "request_access",
                    "request_wrong_access",
                    "take_outcome",
                    "do_other_work",
                    "finish_abort",
                ),
            ),
            Always(
                _nonblocking(),
                "the outcome of an access is still to come",
                nonblocking.access_in_flight,
                nonblocking.every_vcpu_takes_steps,
                "a vCPU waits for the backend",
            ),
            Always(
                _nonblocking(*_SILENT),
                "an access without a backend is an abort inside the guest",
                nonblocking.abort_in_guest,
                nonblocking.every_vcpu_takes_steps,
                "a vCPU waits without a backend",
            ),
            Reachable(
                _nonblocking("hostile backend"),
                "a read is complete",
                nonblocking.outcome_of_a_read,
                "nothing completes",
            ),
            Reachable(
                _nonblocking(extension=False),
                "without the extension the same access blocks",
                nonblocking.some_vcpu_blocked,
                "nothing blocks without the extension",
            ),
        ),
    ),
    RuleClaim(
        "nonblocking_one_access",
        "One access is in flight at the most, whatever the backend sends: Xen drops an answer that it does "
        "not expect, and nothing "
        "reaches the register of the outcome that was not asked for.",
        f"{_REGISTERS}: two vCPUs and any backend",
        (
            Reachable(
                _nonblocking(),
                "Xen drops an answer that it does not expect",
                nonblocking.answer_dropped,
                "Xen drops nothing",
            ),
            Reachable(
                _nonblocking("hostile backend"),
                "a second access while one is in flight is an abort inside the guest",
                nonblocking.abort_while_in_flight,
                "no second access is an abort",
            ),
            CanAlwaysReach(
                _nonblocking("hostile backend"),
                "an access is in flight, and the backend follows the protocol",
                nonblocking.access_in_flight,
                nonblocking.nothing_in_flight,
                "an access stays in flight for ever",
            ),
            Reachable(
                _nonblocking("hostile backend"),
                "the device asks to be asked again",
                nonblocking.told_to_retry,
                "no device asks to be asked again",
            ),
            Always(
                _nonblocking(),
                "Xen drops an answer that it does not expect",
                nonblocking.answer_dropped,
                nonblocking.flight_as_busy_says,
                "an outcome comes without its request",
            ),
        ),
        tags=("XenArch~sync_nonblocking_registers~1",),
    ),
)
"""The claims about waiting, which depend on no policy."""

CLAIMS: tuple[Claim, ...] = (
    *PRIVILEGES,
    *BLOCKING,
    TwoRegisters(
        "sync_nonblocking_registers",
        "The extension has exactly two registers, in which every access has one word of its own: the frontend asks through the "
        "one and learns the outcome from the other, and meanwhile its vCPU runs on.",
    ),
)
"""All claims about emulation."""
