"""What one VirtIO request asks of Xen, from the set-up of the link to the completion: which operation, by whom, on what offer.

This is the level of privileges: which doors have to open for a request to complete at all.  The ring itself, its descriptors and
who may write what in it are not here.

Source: the roles document, "VirtIO" and its sections on freedom from interference; fact sheet 4 (grants), 5 (``ioreq``, the
non-blocking registers) for the operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sphinx_xenfusa.model.effects import Offered
from sphinx_xenfusa.model.operations import Family
from sphinx_xenfusa.model.platform import Link


class End(StrEnum):
    """The two ends of a link."""

    BACKEND = "backend"
    FRONTEND = "frontend"


@dataclass(frozen=True, slots=True)
class ServiceStep:
    """One step of a request.

    :param words: what it is for.
    :param end: who takes it, towards the other end.
    :param operation: its name in the catalogue.
    :param offered: what the other end offers for it, if anything.
    """

    words: str
    end: End
    operation: str
    offered: Offered | None = None


CREATE_SERVER = ServiceStep("emulate the device's registers", End.BACKEND, "XEN_DMOP_create_ioreq_server")
MAP_REGISTERS = ServiceStep("take the registers' addresses", End.BACKEND, "XEN_DMOP_map_io_range_to_ioreq_server")
ASK_WITHOUT_BLOCKING = ServiceStep(
    "ask for the register without waiting", End.FRONTEND, "non-blocking VirtIO register access", Offered.PORT
)
MAP_ANY_PAGE = ServiceStep("reach the buffers of the request", End.BACKEND, "XENMAPSPACE_gmfn_foreign")
MAP_GRANTED_PAGE = ServiceStep("reach the buffers of the request", End.BACKEND, "GNTTABOP_map_grant_ref", Offered.PAGE)
INTERRUPT = ServiceStep("signal the completion", End.BACKEND, "XEN_DMOP_set_irq_level")
EVENT = ServiceStep("signal the completion", End.BACKEND, "EVTCHNOP_bind_interdomain", Offered.PORT)


def service(link: Link) -> tuple[ServiceStep, ...]:
    """The steps of one request on a link, in order."""
    emulation = (ASK_WITHOUT_BLOCKING,) if link.nonblocking else (CREATE_SERVER, MAP_REGISTERS)
    buffers = MAP_GRANTED_PAGE if link.grants else MAP_ANY_PAGE
    completion = EVENT if link.nonblocking else INTERRUPT
    return (*emulation, buffers, completion)


def families_needed(link: Link) -> frozenset[Family]:
    """The VirtIO privileges that the backend of a link needs: one for each extension that is not used.

    Source: the roles document, "VirtIO Privileges".
    """
    needed = set()
    if not link.grants:
        needed.add(Family.FOREIGN_MAP)
    if not link.nonblocking:
        needed.add(Family.DEVICE_MODEL)
    return frozenset(needed)
