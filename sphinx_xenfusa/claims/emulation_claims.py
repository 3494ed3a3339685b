"""Claims of the chapter "VirtIO" about synchronous emulation and about non-blocking VirtIO."""

from __future__ import annotations

from sphinx_xenfusa.claims.privilege_claims import PrivilegeClaim
from sphinx_xenfusa.claims.register_claims import TwoRegisters
from sphinx_xenfusa.claims.waiting_claims import (
    BlockingFrontendRejected,
    MayEmulate,
    MayEmulateUnlessNonBlocking,
    NothingSynchronous,
)
from sphinx_xenfusa.explore.claim import Claim

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
        "On a link with non-blocking VirtIO the frontend asks through the register of the extension, and no part of its request "
        "is a device model operation; on the same link without it some part is.",
        "the frontend's access to the register on every link with the extension, and what a request on it asks of Xen",
    ),
    MayEmulateUnlessNonBlocking(
        "sync_privilege",
        "Without non-blocking VirtIO a backend may issue device model operations towards its frontends and nobody else; with it "
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

CLAIMS: tuple[Claim, ...] = (
    *PRIVILEGES,
    TwoRegisters(
        "sync_nonblocking_registers",
        "The extension has exactly two registers, in which every access has one word of its own: the frontend asks through the "
        "one and learns the outcome from the other, and meanwhile its vCPU runs on.",
    ),
)
"""All claims about emulation."""
