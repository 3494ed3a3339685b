"""What a VirtIO link lets its misbehaving end do to the other end: one table, from which the theorems about platforms are put
together.

An entry is an assumption until a claim shows it: ``shown_by`` names the claims whose verdicts do, by id.  That field is the hook
for the models of the ring and of the emulation: when such a claim runs, the entry stands on it, and until then every theorem that
rests on the entry says so among its assumptions (:func:`unbacked`).

What a policy lets a backend ask of Xen is not in the table: the composition finds that by itself, call by call.

Source: the project's semantics, "SafeVM state and interference"; the table of mechanisms (a1 to h1) of the project's survey of
VirtIO implementations; ``xen/common/ioreq.c`` for d3 and d4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points

from sphinx_xenfusa.claims.interference import Interference
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim
from sphinx_xenfusa.model.virtio_service import End


@dataclass(frozen=True, slots=True)
class LinkEffect:
    """Something that one end of a link can do to the other.

    :param misbehaving: the end that does it.
    :param kind: the kind of interference.
    :param on: on which links, by their extensions: with grants, non-blocking.
    :param when: the same in words.
    :param residue: whether it is left over on links that the rules accept: named, and not excluded by the theorems.
    :param mechanisms: the mechanisms of the survey that the entry stands for.
    :param shown_by: the claims that show it; the hook for them.
    :param words: what happens, as it ends a sentence about the end that misbehaves.
    :param source: where it comes from.
    """

    name: str
    misbehaving: End
    kind: Interference
    on: Callable[[bool, bool], bool]
    when: str
    residue: bool
    mechanisms: tuple[str, ...]
    shown_by: tuple[str, ...]
    words: str
    source: str


def _always(grants: bool, nonblocking: bool) -> bool:
    return True


def _with_grants(grants: bool, nonblocking: bool) -> bool:
    return grants


def _blocking(grants: bool, nonblocking: bool) -> bool:
    return not nonblocking


_RING = "the virtqueue of the VirtIO standard, and the drivers that the survey names"

LINK_EFFECTS = (
    LinkEffect(
        "silent emulation",
        End.BACKEND,
        Interference.TIME,
        _blocking,
        "without non-blocking VirtIO",
        False,
        ("d3",),
        ("sync_stuck", "emulation_d3_unanswered"),
        "answers no synchronous request, and the vCPU that made it waits without a time limit",
        "xen/common/ioreq.c:154-191",
    ),
    LinkEffect(
        "emulation out of order",
        End.BACKEND,
        Interference.CONTROL,
        _blocking,
        "without non-blocking VirtIO",
        False,
        ("d4",),
        ("emulation_d4_invalid_state",),
        "sets the state of a synchronous request back, and Xen crashes the frontend's domain",
        "xen/common/ioreq.c:170-196 (D11)",
    ),
    LinkEffect(
        "false completion",
        End.BACKEND,
        Interference.EXCHANGE,
        _always,
        "on every link",
        True,
        ("a4", "c1", "c2", "f2", "h1"),
        ("ffi_virtqueue_interference",),
        "completes what was not in flight, or more of it than was posted, or rewrites the descriptors",
        _RING,
    ),
    LinkEffect(
        "stale mapping",
        End.BACKEND,
        Interference.EXCHANGE,
        _with_grants,
        "with grants",
        True,
        ("g1",),
        ("grants_stale_mapping",),
        "writes a page that the frontend's driver takes back without looking whether it is in use",
        "xen/include/public/grant_table.h:60-65",
    ),
    LinkEffect(
        "withheld completion",
        End.BACKEND,
        Interference.LINK,
        _always,
        "on every link",
        True,
        ("d1", "d2"),
        ("ffi_virtqueue_interference",),
        "completes nothing, or never asks to be notified again",
        _RING,
    ),
    LinkEffect(
        "pinned grant",
        End.BACKEND,
        Interference.LINK,
        _with_grants,
        "with grants",
        True,
        ("g2",),
        ("grants_withheld_unmap",),
        "never gives a granted page back, so that the frontend cannot use it again",
        "xen/include/public/grant_table.h:67-70",
    ),
    LinkEffect(
        "notification storm",
        End.BACKEND,
        Interference.TIME,
        _always,
        "on every link",
        True,
        ("e1",),
        ("ffi_virtqueue_interference",),
        "notifies without end",
        "XSA-391",
    ),
    LinkEffect(
        "false request",
        End.FRONTEND,
        Interference.EXCHANGE,
        _always,
        "on every link",
        True,
        ("a1", "a2", "a3", "b1", "b2", "b3", "f1", "h1"),
        ("ffi_virtqueue_interference",),
        "publishes indices, chains or lengths that are wrong, or changes a descriptor after it was checked",
        _RING,
    ),
    LinkEffect(
        "endless requests",
        End.FRONTEND,
        Interference.LINK,
        _always,
        "on every link",
        True,
        ("e2",),
        ("ffi_virtqueue_interference",),
        "refills the ring faster than the backend empties it, so that the backend's other frontends wait",
        _RING,
    ),
)
"""The table.  A new mechanism of a link goes here, and nowhere else."""

NO_INTERFERENCE = {
    "g3": "A page that is shared whole shows the backend what lies beside the buffer: to be read disturbs nobody's task.",
}
"""Mechanisms of the survey that are in no entry, with the reason."""


@functools.cache
def running_claims() -> frozenset[str]:
    """The ids of this package's claims that something runs: an announced claim shows nothing."""
    ours = __name__.partition(".")[0]
    offered: list[Claim] = []
    for point in entry_points(group=f"{ours}.claims"):
        if point.module.partition(".")[0] == ours:
            offered.extend(point.load())
    return frozenset(one.id for one in offered if not isinstance(one, AnnouncedClaim))


def unbacked(effects: Iterable[LinkEffect], running: frozenset[str]) -> tuple[str, ...]:
    """The names of the entries that no claim shows yet."""
    return tuple(one.name for one in effects if not running.intersection(one.shown_by))


def assumed() -> tuple[str, ...]:
    """What the theorems assume about links because no claim shows it yet, as entries of a scope's assumptions."""
    return tuple(
        f"of a link, by its table and shown by no claim yet: {one.misbehaving} {one.words}"
        for one in LINK_EFFECTS
        if not one.residue and one.name in unbacked(LINK_EFFECTS, running_claims())
    )
