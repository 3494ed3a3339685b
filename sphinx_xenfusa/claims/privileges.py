"""Claims of the chapter "Privileges" of the roles document."""

from __future__ import annotations

from sphinx_xenfusa.claims.control_claims import NoForeignMapping, WholeCatalogue
from sphinx_xenfusa.claims.link_claims import (
    LinkAdds,
    NeededForService,
    OnlyFrontends,
    RemovedByExtensions,
    UnprivilegedSet,
)
from sphinx_xenfusa.claims.privilege_claims import BeyondFrontends, Subjects
from sphinx_xenfusa.explore.claim import Claim

_PAIRS = "every domain towards itself and every other, every operation with every argument, from every arrangement of the two"

CLAIMS: tuple[Claim, ...] = (
    WholeCatalogue(
        "full_privileges",
        "A domain with full privileges is permitted every operation of the catalogue on every well-formed target.",
        "every operation",
    ),
    BeyondFrontends(
        "full_privileges_exclusive",
        "No domain but the Control Domain is permitted an operation that affects the platform, or another domain without its "
        "consent that is not a frontend of its.",
        _PAIRS,
        Subjects.NOT_CONTROL,
    ),
    UnprivilegedSet(
        "unprivileged",
        "What a domain without any privilege is allowed is exactly what affects nobody else without consent.",
        "every operation by every DomU without a backend towards itself and every other domain",
    ),
    NoForeignMapping(
        "unprivileged_no_foreign_map",
        "No operation that an unprivileged domain is allowed maps memory of another domain that was not granted; by "
        "induction over the steps, no such mapping appears in any reachable state.",
        _PAIRS,
        Subjects.UNPRIVILEGED,
        "maps memory of another domain without a grant",
    ),
    LinkAdds(
        "virtio_privileges",
        "What a VirtIO link lets its backend do that it may not do without the link is mapping the frontend's memory, unless the "
        "link uses grants, and device model operations, unless it uses the non-blocking registers; nothing else.",
        "every operation by every backend without control towards its frontend, with the link and without, on links that operate",
    ),
    OnlyFrontends(
        "virtio_privileges_scoped",
        "A backend without control is denied the mapping of memory and the device model operations towards every domain that is "
        "not its frontend.",
        "every operation of the two families by every backend without control towards every domain that it does not serve",
    ),
    NeededForService(
        "virtio_privileges_needed",
        "Without one of the two privileges that a VirtIO link uses no request completes on it.",
        "one request on every link that operates, and again with each privilege withheld that the link uses",
    ),
    RemovedByExtensions(
        "virtio_privileges_removable",
        "With grants and the non-blocking registers a request completes, and the backend is allowed nothing that affects anybody "
        "without consent.",
        "one request on every link with both extensions; every operation by its backend towards itself and every other domain",
    ),
)
"""The claims of the chapter that the model can check."""
