"""Pages, translations, and foreign mapping: who is asked twice, and which of two errors a caller sees."""

from __future__ import annotations

import itertools

import pytest

from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.memory import (
    DOMID_SELF,
    PAGE_SIZE,
    Check,
    Memory,
    P2mEntry,
    P2mType,
    Page,
    PageKind,
    Parties,
    PhysmapRequest,
    Space,
    add_to_physmap,
    add_to_physmap_batch,
    forget_domain,
    own_page,
    reached,
    read,
    write,
)

CONTROL, DRIVER, GUEST, NOBODY = 0, 1, 2, 9
MEMORY = Memory(
    pages={10: Page(DRIVER), 20: Page(GUEST), 21: Page(GUEST), 22: Page(GUEST, PageKind.DEVICE), 30: Page(CONTROL)},
    p2m={
        (DRIVER, 0): P2mEntry(10, P2mType.RAM_RW),
        (GUEST, 0): P2mEntry(20, P2mType.RAM_RW),
        (GUEST, 1): P2mEntry(21, P2mType.RAM_RO),
        (GUEST, 2): P2mEntry(22, P2mType.DEVICE),
        (GUEST, 3): P2mEntry(10, P2mType.FOREIGN_RW),
        (CONTROL, 0): P2mEntry(30, P2mType.RAM_RW),
    },
)
PARTIES = Parties(frozenset({CONTROL, DRIVER, GUEST}), hardware=DRIVER, translated=frozenset({CONTROL, DRIVER, GUEST}))


def xen(check: Check, subject: int, target: int) -> bool:
    """Xen's default: oneself, or control."""
    return subject in (target, CONTROL)


def holder(check: Check, subject: int, target: int) -> bool:
    return xen(check, subject, target) or (subject, target) == (DRIVER, GUEST)


def call(caller, domid, foreign, *frames, permits=holder, space=Space.GMFN_FOREIGN, memory=MEMORY):
    return add_to_physmap_batch(memory, PARTIES, permits, PhysmapRequest(caller, domid, foreign, frames, space))


def test_holder_maps_and_a_page_to_be_read_stays_one() -> None:
    made = call(DRIVER, DOMID_SELF, GUEST, (0, 50), (1, 51))
    assert (made.code, made.errs) == (Code.SUCCESS, (Code.SUCCESS, Code.SUCCESS))
    assert made.memory.p2m[DRIVER, 50] == P2mEntry(20, P2mType.FOREIGN_RW)
    assert made.memory.p2m[DRIVER, 51] == P2mEntry(21, P2mType.FOREIGN_RO)
    assert reached(made.memory, DRIVER, writing=True) == {10, 20}
    assert reached(made.memory, DRIVER, writing=False) == {10, 20, 21}


def test_refusal_of_every_frame_is_success_of_the_call() -> None:
    made = call(DRIVER, DRIVER, GUEST, (0, 50), (1, 51), permits=xen)
    assert (made.code, made.errs) == (Code.SUCCESS, (Code.EPERM, Code.EPERM))
    assert made.memory == MEMORY


def test_one_refused_frame_costs_that_frame() -> None:
    made = call(DRIVER, DRIVER, GUEST, (2, 50), (3, 51), (7, 52), (0, 53))
    assert made.errs == (Code.EINVAL, Code.EINVAL, Code.EINVAL, Code.SUCCESS), "device, foreign, nothing, RAM"
    assert {key for key in made.memory.p2m if key[1] >= 50} == {(DRIVER, 53)}


def test_control_cannot_push_a_foreign_mapping_into_an_unprivileged_domain() -> None:
    pushed = call(CONTROL, DRIVER, GUEST, (0, 50), permits=xen)
    assert (pushed.code, pushed.errs) == (Code.SUCCESS, (Code.EPERM,)), (
        "the first check passes, the second has the other subject"
    )
    taken = call(CONTROL, DOMID_SELF, GUEST, (0, 50), permits=xen)
    assert taken.errs == (Code.SUCCESS,)


@pytest.mark.parametrize(
    ("caller", "domid", "foreign", "code", "errs"),
    [
        (DRIVER, NOBODY, GUEST, Code.ESRCH, ()),
        (DRIVER, GUEST, NOBODY, Code.SUCCESS, (Code.ESRCH,)),
        (DRIVER, CONTROL, NOBODY, Code.EPERM, ()),
        (DRIVER, DRIVER, DRIVER, Code.SUCCESS, (Code.EPERM,)),
        (CONTROL, DRIVER, CONTROL, Code.SUCCESS, (Code.EPERM,)),
        (CONTROL, DRIVER, DRIVER, Code.SUCCESS, (Code.EINVAL,)),
        (DRIVER, DRIVER, NOBODY, Code.SUCCESS, (Code.ESRCH,)),
    ],
)
def test_errors_by_hand(caller, domid, foreign, code, errs) -> None:
    made = call(caller, domid, foreign, (0, 50))
    assert (made.code, made.errs) == (code, errs)


def expected(
    caller: int, domid: int, foreign: int, frame: int, translated: bool, allowed: tuple[bool, bool]
) -> list[Code]:
    """Every error that applies, in Xen's order; written down apart from the model."""
    target = caller if domid == DOMID_SELF else domid
    table = [
        (Code.ESRCH, target == NOBODY),
        (Code.EACCES, not translated),
        (Code.EPERM, not allowed[0]),
        (Code.EPERM, foreign == caller),
        (Code.ESRCH, foreign == NOBODY),
        (Code.EINVAL, foreign == target),
        (Code.EPERM, not allowed[1]),
        (Code.EINVAL, (foreign, frame) not in {(DRIVER, 0), (GUEST, 0), (GUEST, 1), (CONTROL, 0)}),
    ]
    return [code for code, applies in table if applies]


def test_of_several_errors_the_first_is_told() -> None:
    """All callers, translations, owners and frames, with every answer of the two hooks."""
    for caller, domid, foreign, frame, translated, *allowed in itertools.product(
        (CONTROL, DRIVER),
        (CONTROL, DRIVER, GUEST, DOMID_SELF, NOBODY),
        (CONTROL, DRIVER, GUEST, NOBODY),
        range(5),
        (True, False),
        (True, False),
        (True, False),
    ):
        asked = dict(zip(Check, allowed, strict=True))
        parties = PARTIES if translated else Parties(PARTIES.domains, DRIVER, frozenset())
        request = PhysmapRequest(caller, domid, foreign, ((frame, 50),))
        made = add_to_physmap_batch(MEMORY, parties, lambda check, s, t, asked=asked: asked[check], request)
        errors = expected(caller, domid, foreign, frame, translated, tuple(allowed))
        told = made.errs[0] if made.code is Code.SUCCESS else made.code
        assert told is (errors[0] if errors else Code.SUCCESS), (request, errors)


def test_device_memory_is_for_the_hardware_domain_onto_itself() -> None:
    assert call(CONTROL, DOMID_SELF, GUEST, space=Space.DEV_MMIO).code is Code.EACCES
    assert call(CONTROL, DRIVER, GUEST, space=Space.DEV_MMIO).code is Code.EACCES
    assert call(DRIVER, DOMID_SELF, GUEST, space=Space.DEV_MMIO).code is Code.SUCCESS


def test_plain_call_knows_no_foreign_mapping() -> None:
    request = PhysmapRequest(CONTROL, NOBODY, NOBODY, ())
    assert add_to_physmap(request) is Code.ENOSYS
    assert add_to_physmap(PhysmapRequest(DRIVER, DRIVER, GUEST, (), Space.DEV_MMIO)) is Code.SUCCESS


def test_own_page_is_ram_of_the_domain_s_own() -> None:
    assert [own_page(MEMORY, GUEST, gfn) for gfn in range(5)] == [20, 21, None, None, None]


def test_bytes_of_a_page() -> None:
    memory = write(MEMORY, 20, PAGE_SIZE - 3, b"abc")
    assert read(memory, 20, PAGE_SIZE - 4) == b"\0abc"
    assert read(memory, 21) == bytes(PAGE_SIZE)
    assert len(read(write(memory, 20, 0, b"xy"), 20)) == PAGE_SIZE
    for offset in (-1, PAGE_SIZE - 1):
        with pytest.raises(ValueError, match="beyond the page"):
            write(memory, 20, offset, b"xy")


def test_end_of_a_domain_leaves_its_pages_to_nobody() -> None:
    memory = forget_domain(MEMORY, GUEST)
    assert memory.pages[20].owner is None
    assert memory.pages[10].owner == DRIVER
    assert {domid for domid, _ in memory.p2m} == {CONTROL, DRIVER}
