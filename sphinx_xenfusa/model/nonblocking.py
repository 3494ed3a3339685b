"""Non-blocking VirtIO: two registers by which a frontend asks for an access and learns its outcome while its vCPU runs on.

There are two forms.

The specification's
    Two registers that Xen adds to virtio-pci: the request goes into the one, the outcome is looked for in the other.  The roles
    document says no more: no offsets, no bits.  No implementation is public.
The public one
    A tree derived from Xen (Xilinx/xen at d95c2ba09cb4eeb081e684ad6dde409962287b77, ``xen/common/virtio/vmp.c`` and
    ``virtio_mmio_ind_ext.h``) extends virtio-mmio: :data:`ACCESS` and :data:`ACCESS_DATA`, in a page of its own magic number.

**The public form is modelled**, because it is the only one that can be: its bits by :func:`encode` and :func:`decode`, its
protocol by the rules.  What it has in common with the specification's is what the claims are about: two registers, a request
that returns at once, an outcome that is looked for.  Xen's own tree has neither form (D12).

What the public form says and does not do alike: the header gives the offset 17 bits, and the code reads 16 of them; the header
lets the device ask for a retry, and the code never sets that bit.

Not modelled: which register of the device is accessed, and the messages that carry the access to the backend and its answer
back; interrupts (:mod:`sphinx_xenfusa.model.event_channels` has events without a rate limit).  Xen itself is taken to serve an
access to one of the two registers in bounded time.  Fact sheet 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from sphinx_xenfusa.explore.language import RuleModel, State, array, flag, inlined, one_of, require

# ---- the registers of the public form, to the bit ---------------------------------------------------------------------------

MAGIC = 0x626E6D76
"""What the first register reads, so that a driver of plain virtio-mmio does not take the device for its own."""
VERSION = 2
REGION = 0x1000
"""Size of the page of registers, in bytes."""
LAST_OFFSET = 0x200
"""Registers of the device lie below this, in bytes."""

_WRITE = 1 << 31
_BUSY = 1 << 30
_SIZE = 28
_RETRY = 1 << 27
_OFFSET = (1 << 17) - 1
_WORD = (1 << 32) - 1


class Register(IntEnum):
    """The registers that the extension adds, by their offset in bytes; both are 32 bits wide."""

    ACCESS = 0x18
    """A write asks for an access, a read tells whether it is complete."""
    ACCESS_DATA = 0x1C
    """What is to be written, or what was read."""


ACCESS, ACCESS_DATA = Register
DIRECTLY_READABLE = (0x00, 0x04, 0x0C, Register.ACCESS, Register.ACCESS_DATA, 0x60)
"""Offsets that Xen answers without the backend: magic, version, vendor, the two, interrupt status."""
DIRECTLY_WRITABLE = (Register.ACCESS, Register.ACCESS_DATA, 0x64)
"""Offsets that may be written without the backend: the two, and the acknowledgement of interrupts."""


class Width(IntEnum):
    """The width of an access in bytes."""

    BYTE = 1
    HALF_WORD = 2
    WORD = 4


@dataclass(frozen=True, slots=True)
class AccessWord:
    """The contents of the register ACCESS.

    :param offset: of the register of the device, in bytes from the beginning of the page.
    :param write: whether it is a write.
    :param width: how many bytes.
    :param busy: whether it is still in flight; read only.
    :param retry: whether the device was out of resources, so that the access has to be asked for again; read only.
    """

    offset: int
    write: bool
    width: Width
    busy: bool = False
    retry: bool = False


def encode(word: AccessWord) -> int:
    """The 32-bit number: bit 31 write, bit 30 busy, bits 29 and 28 the width's logarithm, bit 27 retry, bits 16 to 0 offset.

    :raises ValueError: the offset does not fit.
    """
    if not 0 <= word.offset <= _OFFSET:
        raise ValueError(f"found the offset {word.offset:#x}; expected one of 17 bits")
    width = (word.width.bit_length() - 1) << _SIZE
    return (_WRITE * word.write) | (_BUSY * word.busy) | width | (_RETRY * word.retry) | word.offset


def decode(number: int) -> AccessWord:
    """What a 32-bit number in ACCESS means; the bits 26 to 17 mean nothing.

    :raises ValueError: it has no 32 bits, or the width is the one that is not defined.
    """
    if not 0 <= number <= _WORD:
        raise ValueError(f"found {number:#x}; expected a number of 32 bits")
    width = (number >> _SIZE) & 3
    if width == 3:
        raise ValueError("found the width 3; expected 0 for 8, 1 for 16 or 2 for 32 bits")
    return AccessWord(
        number & _OFFSET, bool(number & _WRITE), Width(1 << width), bool(number & _BUSY), bool(number & _RETRY)
    )


def refused(number: int) -> str:
    """Why a word that is written to ACCESS is an error of the frontend, or an empty text.

    Whether an access is in flight is not asked here.  ``vmp_mmio_write``: width, alignment, range, in this order.
    """
    if (number >> _SIZE) & 3 == 3:
        return "no such width"
    asked = decode(number)
    if asked.offset % asked.width:
        return "not aligned"
    if asked.offset >= LAST_OFFSET:
        return "out of range"
    return ""


# ---- the protocol -----------------------------------------------------------------------------------------------------------


class Kind(Enum):
    """What is asked for."""

    READ = "read"
    WRITE = "write"


class Flight(Enum):
    """The access in flight: one at the most."""

    NONE = "none"
    READ = "a read"
    WRITE = "a write"


class Answer(Enum):
    """A message from the backend that Xen has not looked at yet."""

    NONE = "none"
    TO_READ = "the answer to a read"
    TO_WRITE = "the answer to a write"
    RETRY = "out of resources"
    UNEXPECTED = "an answer to nothing"


class Data(Enum):
    """Whose the contents of ACCESS_DATA are."""

    NONE = "nobody's yet"
    FRONTEND = "the frontend's"
    BACKEND = "the backend's"


class Vcpu(Enum):
    """A virtual CPU of the frontend."""

    RUNS = "runs"
    HANDLES_ABORT = "handles an abort: a wrong access is an exception inside the guest"
    BLOCKED = "blocked in Xen"


@dataclass(frozen=True)
class Bounds:
    """The constants.

    :param vcpus: virtual CPUs of the frontend's domain.
    :param nonblocking: whether the device has the extension.  Without it an access to the device is synchronous: the virtual
        CPU is blocked until Xen has the answer.
    """

    vcpus: int = 2
    nonblocking: bool = True


class NonBlocking(State):
    """The two registers, the message in each direction, and the virtual CPUs.

    ``busy``, ``retry``: bits of ACCESS.  ``data``: ACCESS_DATA.  ``flight``: the answer that Xen expects.  ``asked``: a request
    that the backend has not taken.  ``connected``: the backend has connected.  ``dropped``: Xen has dropped an unexpected
    answer.
    """

    vcpu: list[Vcpu] = array(lambda c: c.vcpus, one_of(Vcpu))
    connected: bool = flag()
    busy: bool = flag()
    retry: bool = flag()
    data: Data = one_of(Data)
    flight: Flight = one_of(Flight)
    asked: bool = flag()
    answer: Answer = one_of(Answer)
    dropped: bool = flag()


NONBLOCKING = RuleModel("non-blocking VirtIO", NonBlocking, Bounds())


@inlined
def every_vcpu_takes_steps(s: NonBlocking, c: Bounds) -> bool:
    """Whether each virtual CPU can do something else than look again whether the access is complete."""
    return all(s.vcpu[vcpu] != Vcpu.BLOCKED for vcpu in range(c.vcpus))


@inlined
def some_vcpu_blocked(s: NonBlocking, c: Bounds) -> bool:
    """Whether a virtual CPU is blocked in Xen."""
    return any(s.vcpu[vcpu] == Vcpu.BLOCKED for vcpu in range(c.vcpus))


@inlined
def access_in_flight(s: NonBlocking, c: Bounds) -> bool:
    """Whether the outcome of an access is still to come."""
    return s.busy


@inlined
def flight_as_busy_says(s: NonBlocking, c: Bounds) -> bool:
    """Whether the busy bit and the answer that Xen expects agree, and no data of the backend's came without a request."""
    return s.busy == (s.flight != Flight.NONE) and not completed_without_request(s, c)


@inlined
def outcome_of_a_read(s: NonBlocking, c: Bounds) -> bool:
    """Whether a read is complete and its data can be taken."""
    return not s.busy and s.data == Data.BACKEND


@inlined
def told_to_retry(s: NonBlocking, c: Bounds) -> bool:
    """Whether the device wants the access to be asked for again."""
    return not s.busy and s.retry


@inlined
def nothing_in_flight(s: NonBlocking, c: Bounds) -> bool:
    """Whether no outcome is still to come."""
    return not s.busy


@inlined
def abort_while_in_flight(s: NonBlocking, c: Bounds) -> bool:
    """Whether an access is in flight and a wrong one has become an exception inside the guest."""
    return s.busy and any(s.vcpu[vcpu] == Vcpu.HANDLES_ABORT for vcpu in range(c.vcpus))


@inlined
def abort_in_guest(s: NonBlocking, c: Bounds) -> bool:
    """Whether a wrong access has become an exception inside the guest."""
    return any(s.vcpu[vcpu] == Vcpu.HANDLES_ABORT for vcpu in range(c.vcpus))


@inlined
def answer_dropped(s: NonBlocking, c: Bounds) -> bool:
    """Whether Xen has dropped an answer that it did not expect."""
    return s.dropped


@inlined
def completed_without_request(s: NonBlocking, c: Bounds) -> bool:
    """Whether the backend has got data into the register while nothing was asked, or into a write."""
    return s.data == Data.BACKEND and s.flight == Flight.WRITE


@inlined
def two_accesses_in_flight(s: NonBlocking, c: Bounds) -> bool:
    """Whether the busy bit and the answer that Xen expects contradict each other."""
    return s.busy != (s.flight != Flight.NONE)


@NONBLOCKING.rule("frontend", "vmp.c: vmp_mmio_write, VIRTIO_MMIO_ACCESS_DATA", vcpu=lambda c: range(c.vcpus))
def write_data(s: NonBlocking, c: Bounds, vcpu: int) -> None:
    """Write ACCESS_DATA, for a write to come; while an access is in flight that aborts into the guest."""
    require(s.vcpu[vcpu] == Vcpu.RUNS)
    if s.flight != Flight.NONE:
        s.vcpu[vcpu] = Vcpu.HANDLES_ABORT
    else:
        s.data = Data.FRONTEND


@NONBLOCKING.rule("frontend", "vmp.c: vmp_mmio_write, VIRTIO_MMIO_ACCESS", vcpu=lambda c: range(c.vcpus), kind=Kind)
def request_access(s: NonBlocking, c: Bounds, vcpu: int, kind: Kind) -> None:
    """Write ACCESS; while one is in flight, or nobody is connected, that aborts into the guest."""
    require(s.vcpu[vcpu] == Vcpu.RUNS)
    if s.flight != Flight.NONE or s.busy or not s.connected:
        s.vcpu[vcpu] = Vcpu.HANDLES_ABORT
    else:
        s.busy = True
        s.retry = False
        s.asked = True
        if kind == Kind.WRITE:
            s.flight = Flight.WRITE
            s.data = Data.FRONTEND
        else:
            s.flight = Flight.READ
            s.data = Data.NONE
        if not c.nonblocking:
            s.vcpu[vcpu] = Vcpu.BLOCKED


@NONBLOCKING.rule("frontend", "vmp.c: vmp_mmio_write, width, alignment, range", vcpu=lambda c: range(c.vcpus))
def request_wrong_access(s: NonBlocking, c: Bounds, vcpu: int) -> None:
    """Write a word to ACCESS that :func:`refused` refuses."""
    require(s.vcpu[vcpu] == Vcpu.RUNS)
    s.vcpu[vcpu] = Vcpu.HANDLES_ABORT


@NONBLOCKING.rule("frontend", "vmp.c: vmp_mmio_read, VIRTIO_MMIO_ACCESS", vcpu=lambda c: range(c.vcpus))
def look_again(s: NonBlocking, c: Bounds, vcpu: int) -> None:
    """Read ACCESS while the access is in flight: polling."""
    require(s.vcpu[vcpu] == Vcpu.RUNS and s.busy)


@NONBLOCKING.rule("frontend", "vmp.c: vmp_mmio_read, VIRTIO_MMIO_ACCESS_DATA", vcpu=lambda c: range(c.vcpus))
def take_outcome(s: NonBlocking, c: Bounds, vcpu: int) -> None:
    """Read ACCESS_DATA after ACCESS has told that the access is complete."""
    require(s.vcpu[vcpu] == Vcpu.RUNS and not s.busy and s.data == Data.BACKEND)
    s.data = Data.NONE


@NONBLOCKING.rule("frontend", "roles document, VirtIO", vcpu=lambda c: range(c.vcpus))
def do_other_work(s: NonBlocking, c: Bounds, vcpu: int) -> None:
    """Anything that has nothing to do with the device."""
    require(s.vcpu[vcpu] == Vcpu.RUNS)


@NONBLOCKING.rule("frontend", "roles document, VirtIO", vcpu=lambda c: range(c.vcpus))
def finish_abort(s: NonBlocking, c: Bounds, vcpu: int) -> None:
    """The guest's own handler of the exception ends."""
    require(s.vcpu[vcpu] == Vcpu.HANDLES_ABORT)
    s.vcpu[vcpu] = Vcpu.RUNS


@inlined
def expected(s: NonBlocking) -> bool:
    """Whether the answer that came is to the access in flight."""
    return (s.answer == Answer.TO_READ and s.flight == Flight.READ) or (
        s.answer == Answer.TO_WRITE and s.flight == Flight.WRITE
    )


@NONBLOCKING.rule("Xen", "vmp.c: vmp_receive_msg")
def receive_answer(s: NonBlocking, c: Bounds) -> None:
    """Take a message of the backend: complete the access in flight, or drop the message."""
    require(s.answer != Answer.NONE)
    if expected(s) or (s.answer == Answer.RETRY and s.flight != Flight.NONE):
        if s.answer == Answer.RETRY:
            s.retry = True
        if s.answer == Answer.TO_READ:
            s.data = Data.BACKEND
        s.flight = Flight.NONE
        s.busy = False
        s.asked = False
        for vcpu in range(c.vcpus):
            if s.vcpu[vcpu] == Vcpu.BLOCKED:
                s.vcpu[vcpu] = Vcpu.RUNS
    else:
        s.dropped = True
    s.answer = Answer.NONE


@NONBLOCKING.rule("backend", "vmp.c: virtio_msg_bus_get_state")
def connect(s: NonBlocking, c: Bounds) -> None:
    """Connect; before that every access is an error."""
    require(not s.connected)
    s.connected = True


@NONBLOCKING.rule("backend", "vmp.c: vmp_receive_msg")
def answer_request(s: NonBlocking, c: Bounds) -> None:
    """Answer the request."""
    require(s.connected and s.asked and s.answer == Answer.NONE)
    s.asked = False
    if s.flight == Flight.READ:
        s.answer = Answer.TO_READ
    else:
        s.answer = Answer.TO_WRITE


@NONBLOCKING.rule("backend", "virtio_mmio_ind_ext.h: error retry")
def ask_for_retry(s: NonBlocking, c: Bounds) -> None:
    """Be out of resources."""
    require(s.connected and s.asked and s.answer == Answer.NONE)
    s.asked = False
    s.answer = Answer.RETRY


@NONBLOCKING.rule("hostile backend", "the shared page is writable for the backend", answer=Answer)
def send_anything(s: NonBlocking, c: Bounds, answer: Answer) -> None:
    """Send any message at any time, or take the last one back."""
    s.answer = answer


@NONBLOCKING.rule("hostile backend", "the shared page is writable for the backend")
def change_connection(s: NonBlocking, c: Bounds) -> None:
    """Connect or disconnect at any time."""
    s.connected = not s.connected


SYSTEMS = {
    "any backend": NONBLOCKING.system(),
    "without the extension": NONBLOCKING.system(Bounds(nonblocking=False)),
}
"""What is counted by other tools as well."""
