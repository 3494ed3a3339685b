"""Claims of the chapter "VirtIO and freedom from interference": one list of what stands in a module for each subject."""

from __future__ import annotations

from sphinx_xenfusa.claims import (
    channel_claims,
    emulation_claims,
    grant_claims,
    memory_claims,
    ring_claims,
    virtio_conformance,
)
from sphinx_xenfusa.explore.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *virtio_conformance.CLAIMS,
    *emulation_claims.CLAIMS,
    *channel_claims.CLAIMS,
    *ring_claims.CLAIMS,
    *memory_claims.PRIVILEGES,
    *grant_claims.CLAIMS,
)
"""The claims of the chapter."""
