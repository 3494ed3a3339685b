"""Claims of the chapter "Privileges" of the roles document."""

from __future__ import annotations

from sphinx_xenfusa.claims.control_claims import NoForeignMapping, WholeCatalogue
from sphinx_xenfusa.claims.privilege_claims import NothingBeyond, Subjects
from sphinx_xenfusa.explore.claim import Claim

_PAIRS = "every domain towards itself and every other, every operation with every argument, from every arrangement of the two"

CLAIMS: tuple[Claim, ...] = (
    WholeCatalogue(
        "full_privileges",
        "A domain with full privileges is permitted every operation of the catalogue on every well-formed target.",
        "every operation",
    ),
    NothingBeyond(
        "full_privileges_exclusive",
        "No domain but the Control Domain is permitted an operation that affects the platform, or another domain without "
        "its consent.",
        _PAIRS,
        Subjects.NOT_CONTROL,
    ),
    NoForeignMapping(
        "unprivileged_no_foreign_map",
        "No operation that an unprivileged domain is allowed maps memory of another domain that was not granted; by "
        "induction over the steps, no such mapping appears in any reachable state.",
        _PAIRS,
        Subjects.NOT_CONTROL,
        "maps memory of another domain without a grant",
    ),
)
"""The claims of the chapter that the model can check."""
