"""Claims of the chapter "VirtIO and freedom from interference": announced, because the model that checks them is still to come.

Each says what will be claimed and names the model that it needs.  None is run: their statements read "not run".  When a model
exists, its claim takes the place of the announcement, under the same id.
"""

from __future__ import annotations

from sphinx_xenfusa.claims import channel_claims, emulation_claims, ring_claims, virtio_conformance
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim
from sphinx_xenfusa.model.policies import POLICIES

_REQUESTS = "a model of a VirtIO link from request to answer: frontend, virtqueue, backend and device, a step at a time"
_GRANTS = "a model of the grant table and of the pages that a domain holds while a request is served"
_FOREIGN = "a model of a backend that maps pages of its frontend outside any request"

UNDER_EACH = tuple(POLICIES)
"""What Xen lets a backend do depends on the policy: such a claim will run under every one."""


def _announced(name: str, says: str, missing: str, policies: tuple[str, ...] = ()) -> AnnouncedClaim:
    return AnnouncedClaim(name, says, (f"XenArch~{name}~1",), missing, policies)


CLAIMS: tuple[Claim, ...] = (
    *virtio_conformance.CLAIMS,
    *emulation_claims.CLAIMS,
    *channel_claims.CLAIMS,
    *ring_claims.CLAIMS,
    # Memory of the frontend.
    _announced(
        "mem_arbitrary_map",
        "Without grants, a request completes for a buffer in any page of the frontend only if the backend can map that page.",
        _REQUESTS,
    ),
    _announced(
        "mem_map_privileged",
        "Mapping a page of another domain that was not granted is denied to every domain without a privilege over it.",
        _FOREIGN,
        UNDER_EACH,
    ),
    _announced(
        "mem_grants_voluntary",
        "A map through the grant table succeeds for exactly the page, the domain and the access that were granted, and fails "
        "with the right status for all else.",
        _GRANTS,
        UNDER_EACH,
    ),
    _announced(
        "mem_grants_extension",
        "VirtIO with grants is a link of its own: addresses in the ring are references to grants, in the encoding of the "
        "extension.",
        "a model of VirtIO with grants: how addresses in the ring are encoded and resolved",
    ),
    _announced(
        "mem_grants_no_privilege",
        "With grants, requests complete with an unprivileged backend, and the backend never holds a page that was not granted "
        "to it.",
        _GRANTS,
        UNDER_EACH,
    ),
    _announced(
        "mem_foreign_privilege",
        "Without grants, a backend can map every page of its frontends and no page of any other domain.",
        _FOREIGN,
        UNDER_EACH,
    ),
    _announced(
        "mem_foreign_hazard",
        "Without grants, a backend can change memory of its frontend that was part of no request.",
        _FOREIGN,
        UNDER_EACH,
    ),
    _announced(
        "mem_frontend_unsafe",
        "A platform with a frontend without grants in a SafeVM is rejected; without the rule the backend changes memory of the "
        "SafeVM, and with grants it cannot.",
        "the rule about frontends without grants, and a model of the backend's accesses to the frontend's memory",
        UNDER_EACH,
    ),
    # Emulation for the frontend.
)
"""The claims of the chapter, none of which is checked yet."""
