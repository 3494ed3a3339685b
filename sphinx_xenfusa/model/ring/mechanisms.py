"""The catalogue of interference through a ring: what goes wrong, between whom, and what stops it.

The catalogue says where to look; what is found there is computed.  For each harm it gives the smallest ring in which the search
meets it, and each smallest set of measures that keeps it away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from sphinx_xenfusa.explore.language import inlined
from sphinx_xenfusa.model.ring.state import Bounds, Harm, Peer, Ring


class Side(Enum):
    """The two sides of a ring, with the part of a VirtIO link that they are."""

    DRIVER = "frontend"
    DEVICE = "backend"

    @property
    def other(self) -> Side:
        """The other side."""
        return Side.DEVICE if self is Side.DRIVER else Side.DRIVER


@dataclass(frozen=True)
class Found:
    """One harm of a mechanism.

    :param bounds: a small ring, without any hardening, in which it can be met.
    :param stopped_by: each smallest set of measures that keeps it away in that ring.
    """

    harm: Harm
    bounds: Bounds
    stopped_by: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Mechanism:
    """One mechanism of interference.

    :param id: its number in the catalogue.
    :param name: short name, a part of the name of its claim.
    :param what: what happens, in a sentence.
    :param misbehaving: the side that does it; the other one suffers.
    :param found: the harms that it does.
    :param remains: what hardening leaves of it; empty where nothing.
    :param evidence: where it was met outside this model, with the source.
    """

    id: str
    name: str
    what: str
    misbehaving: Side
    found: tuple[Found, ...]
    remains: str
    evidence: str

    @property
    def claim(self) -> str:
        """The id of the claim about it."""
        return f"ring_{self.id}_{self.name}"

    @property
    def direction(self) -> str:
        """From whom to whom."""
        return f"{self.misbehaving.value} to {self.misbehaving.other.value}"


def does(harm: Harm) -> Callable[[Ring, Bounds], bool]:
    """The predicate that a given harm was done."""

    @inlined
    def done(s: Ring, c: Bounds) -> bool:
        return s.harm == harm

    return done


_FROM_DRIVER = Bounds(driver=Peer.HOSTILE, kept=False)
_CHAINS = replace(_FROM_DRIVER, turns=1)
"""For chains the indices need not tell full from empty: one after the other is enough."""
_FROM_DEVICE = Bounds(device=Peer.HOSTILE, kept=False)

MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(
        "a1",
        "available_index_jumps",
        "The driver publishes an index further ahead than the ring is long, and the device takes heads that nobody listed.",
        Side.DRIVER,
        (Found(Harm.JUMPED, _FROM_DRIVER, (("distance_check",),)),),
        "",
        "Firecracker ends its process on such an index, rust-vmm gives an error; crosvm tests for equality only and goes round "
        "until the indices meet (firecracker queue.rs:479, vm-virtio queue.rs:698, crosvm split_queue.rs:320).",
    ),
    Mechanism(
        "a2",
        "available_index_goes_back",
        "The driver sets the index back, and the device takes heads again that it has taken before.",
        Side.DRIVER,
        (Found(Harm.UNEXPOSED, _FROM_DRIVER, (("distance_check",),)),),
        "",
        "To the device a step back is a jump ahead: the same check meets both. The standard forbids the driver to take back what "
        "it exposed (virtio-spec split-ring.tex:321; a test of vm-virtio, test_invalid_avail_idx).",
    ),
    Mechanism(
        "a3",
        "head_outside",
        "The driver lists a head outside the table, and the device reads a descriptor that is none.",
        Side.DRIVER,
        (
            Found(Harm.HEAD_OUTSIDE, replace(_FROM_DRIVER, heads=True), (("head_check",),)),
            Found(Harm.NEXT_OUTSIDE, replace(_CHAINS, links=True), (("next_check",),)),
        ),
        "A device that refuses the head and does not go past it stalls its own queue: the link's service, and nothing else.",
        "All five implementations looked at check it; crosvm and Firecracker leave the head where it is, and the queue stalls "
        "(firecracker queue.rs:531, crosvm split_queue.rs:320, QEMU virtqueue_get_head, Linux __vringh_get_head).",
    ),
    Mechanism(
        "a4",
        "used_index_runs_ahead",
        "The device publishes a used index beyond what it was given, and the driver takes entries that nobody wrote.",
        Side.DEVICE,
        (Found(Harm.USED_AHEAD, _FROM_DEVICE, (("distance_check",), ("in_flight_check",))),),
        "",
        "Linux checks the head of each entry and not the distance (virtqueue_get_buf_ctx_split): its check of heads is enough, "
        "as the search finds too.",
    ),
    Mechanism(
        "b1",
        "chain_loops",
        "A chain of descriptors leads back into itself, and the device walks it for ever.",
        Side.DRIVER,
        (Found(Harm.LOOPED, replace(_CHAINS, links=True), (("count_check",),)),),
        "",
        "Every implementation looked at counts: QEMU, Linux vringh, crosvm and DPDK refuse the chain, Firecracker and rust-vmm "
        "end it quietly (dpdk virtio_net.c:807, vm-virtio chain.rs:164).",
    ),
    Mechanism(
        "b2",
        "chain_lengths",
        "Lengths add up beyond what the sum can hold, so that a long chain looks short; or one is zero, and no progress is made.",
        Side.DRIVER,
        (
            Found(Harm.OVERFLOWED, replace(_CHAINS, links=True, lengths=True), (("checked_sum",),)),
            Found(Harm.EMPTY, replace(_CHAINS, lengths=True), (("refuse_empty",),)),
        ),
        "",
        "CVE-2016-7422: QEMU went on without end, mapping a descriptor of no bytes. QEMU and crosvm refuse both now.",
    ),
    Mechanism(
        "b3",
        "indirect_tables",
        "An indirect table leads to an indirect table, or has more entries than the ring: recursion or work without bound.",
        Side.DRIVER,
        (
            Found(Harm.NESTED, replace(_CHAINS, tables=True), (("one_level",),)),
            Found(Harm.OVERSIZED, replace(_CHAINS, tables=True), (("table_bound",),)),
        ),
        "",
        "DPDK bounds a table by the size of the ring, rust-vmm by what 16 bits count (dpdk virtio_net.c:780; Linux vringh "
        "move_to_indirect).",
    ),
    Mechanism(
        "c1",
        "forged_used_id",
        "The device names a buffer that is not out, and the driver completes it: something that is in use elsewhere is freed.",
        Side.DEVICE,
        (
            Found(Harm.FORGED_ID, _FROM_DEVICE, (("in_flight_check",),)),
            Found(Harm.ID_CHANGED, replace(_FROM_DEVICE, ids=True), (("copy",),)),
        ),
        "A device that names a buffer that is out, before it is done with it, is believed: only taking its access back helps.",
        "Linux stops using the queue where a head is outside the table or is not out (virtio_ring.c, BAD_RING).",
    ),
    Mechanism(
        "c2",
        "forged_used_length",
        "The device says that it wrote more than the buffer holds, and the driver reads on into other memory.",
        Side.DEVICE,
        (Found(Harm.FORGED_LENGTH, replace(_FROM_DEVICE, lengths=True), (("length_check",),)),),
        "A length that fits and is false is believed: the driver then reads what stood in its own buffer before.",
        "In Linux the check was the default, was taken back because devices broke, and is now chosen by each driver; U-Boot has "
        "none. The standard warns of it in a note on the used ring.",
    ),
    Mechanism(
        "d1",
        "withheld_completion",
        "The device does not answer, and a driver that waits for the answer does nothing else.",
        Side.DEVICE,
        (Found(Harm.WAITED, Bounds(device=Peer.SILENT, waits=True, kept=False), (("timeout",),)),),
        "The request is not served: a silent device costs the link its service (L), whatever the ring is like.",
        "The Rust driver virtio-drivers waits in a loop without end (queue.rs:332, add_notify_wait_pop).",
    ),
    Mechanism(
        "d2",
        "withheld_event",
        "The device asks to be notified at an index that does not come, and is not told of new buffers.",
        Side.DEVICE,
        (
            Found(
                Harm.UNTOLD,
                replace(_FROM_DEVICE, waits=True, event_idx=True, events=True),
                (("kick_again",),),
            ),
        ),
        "The device that does this to itself serves nobody, told or not: the link's service (L), as with d1.",
        "An open question on the standard (oasis-tcs/virtio-spec, issue 35): a device that never moves its event index is not "
        "notified again until the index has gone round.",
    ),
    Mechanism(
        "e1",
        "interrupt_storm",
        "The device interrupts without cause, as often as it likes, and the driver's vCPU does nothing else.",
        Side.DEVICE,
        (Found(Harm.STORMED, replace(_FROM_DEVICE, interrupts=True), (("late_eoi",),)),),
        "Each interrupt costs the vCPU that takes it some time, and Xen limits no rate: a share of time (T) remains lost.",
        "XSA-391 (CVE-2021-28711 to 28713): Linux frontends got a late end of interrupt. The standard says only that "
        "notifications without cause have to be handled (split-ring.tex:354).",
    ),
    Mechanism(
        "e2",
        "kick_storm",
        "The driver refills the ring as fast as it is served, and the device serves nobody else. No step of it is forbidden.",
        Side.DRIVER,
        (Found(Harm.GREEDY, _FROM_DRIVER, (("budget",),)),),
        "Each notification costs the device one turn of its loop, and Xen limits no rate: a share of time (T) remains lost.",
        "Firecracker bounded the work for one notification (pull request 5260). The standard lets a driver notify again without "
        "new buffers (packed-ring.tex:464).",
    ),
    Mechanism(
        "f1",
        "descriptor_changed_after_check",
        "The driver changes a descriptor between the device's check and its use.",
        Side.DRIVER,
        (Found(Harm.CHANGED, replace(_CHAINS, lengths=True), (("copy",),)),),
        "",
        "XSA-155 (CVE-2015-8550) in Xen's backends, CVE-2020-14375 in DPDK. The standard forbids the driver to alter what it "
        "exposed, and nobody enforces it.",
    ),
    Mechanism(
        "f2",
        "driver_pages_rewritten",
        "The device writes into the driver's own table or index, and the driver, reading back what it wrote, follows that.",
        Side.DEVICE,
        (
            Found(Harm.REWRITTEN, replace(_FROM_DEVICE, links=True), (("private_links",), ("one_writer",))),
            Found(Harm.INDEX_MOVED, replace(_FROM_DEVICE, heads=True), (("private_index",), ("one_writer",))),
        ),
        "",
        "Linux keeps a copy of its descriptors for itself; one function of it still read a flag from the shared table in the "
        "version looked at (detach_buf_split).",
    ),
    Mechanism(
        "h1",
        "used_before_ready",
        "The driver resets the device and notifies it, and the device reads rings that are no rings any more.",
        Side.DRIVER,
        (Found(Harm.NOT_READY, replace(_FROM_DRIVER, turns=1, resets=True), (("ready_check", "address_check"),)),),
        "",
        "A fuzzer found it in vm-virtio: after a reset every look gave chains of 255 descriptors "
        "(test_regression_timeout_after_reset).",
    ),
)
"""Those of the 21 that go through the ring itself.  Of the others, g1 to g3 go through grants, d3 and d4 through synchronous
emulation: they are in the models of these."""

STEPS = 18
"""More steps on the ring than a hardened side takes between two points where other work can go on, with two descriptors."""

HOSTILE_DRIVER = (
    replace(_FROM_DRIVER, turns=4, counted=STEPS),
    replace(_FROM_DRIVER, heads=True, counted=STEPS),
    replace(_FROM_DRIVER, resets=True, counted=STEPS),
    replace(_CHAINS, links=True, counted=STEPS),
    replace(_CHAINS, tables=True, counted=STEPS),
    replace(_CHAINS, links=True, lengths=True),
)
"""What a hostile driver writes, a few kinds of fields at a time: every kind is in one of them, the index in all."""

HOSTILE_DEVICE = (
    replace(_FROM_DEVICE, ids=True, interrupts=True, counted=STEPS),
    replace(_FROM_DEVICE, ids=True, lengths=True),
    replace(_FROM_DEVICE, ids=True, waits=True, event_idx=True, events=True, counted=STEPS),
)
"""What a hostile device writes, with a driver that goes on with other work and with one that waits for each answer."""
