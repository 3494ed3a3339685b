"""Non-blocking VirtIO: the two registers to the bit, and a protocol in which nobody waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.explore.reference import reach
from sphinx_xenfusa.model import nonblocking
from sphinx_xenfusa.model.nonblocking import (
    DIRECTLY_READABLE,
    DIRECTLY_WRITABLE,
    MAGIC,
    NONBLOCKING,
    REGION,
    AccessWord,
    Bounds,
    Register,
    Vcpu,
    Width,
    decode,
    encode,
    refused,
)


def test_the_device_calls_itself_by_another_name_than_virtio_mmio() -> None:
    assert MAGIC.to_bytes(4, "little") == b"vmnb"


def test_two_registers_of_32_bits_within_the_page_are_added() -> None:
    assert {one.name: one.value for one in Register} == {"ACCESS": 0x18, "ACCESS_DATA": 0x1C}
    assert all(one % 4 == 0 and one + 4 <= REGION for one in Register)
    assert set(Register) <= set(DIRECTLY_READABLE) & set(DIRECTLY_WRITABLE)


@pytest.mark.parametrize(
    ("word", "number"),
    [
        (AccessWord(0, write=False, width=Width.BYTE), 0x0000_0000),
        (AccessWord(0, write=True, width=Width.BYTE), 0x8000_0000),
        (AccessWord(0, write=False, width=Width.BYTE, busy=True), 0x4000_0000),
        (AccessWord(0, write=False, width=Width.HALF_WORD), 0x1000_0000),
        (AccessWord(0, write=False, width=Width.WORD), 0x2000_0000),
        (AccessWord(0, write=False, width=Width.BYTE, retry=True), 0x0800_0000),
        (AccessWord(0x1FFFF, write=False, width=Width.BYTE), 0x0001_FFFF),
        (AccessWord(0x70, write=True, width=Width.WORD, busy=True), 0xE000_0070),
    ],
)
def test_every_bit_of_the_access_register_has_its_place(word: AccessWord, number: int) -> None:
    assert encode(word) == number
    assert decode(number) == word


@given(
    st.builds(AccessWord, st.integers(0, 0x1FFFF), st.booleans(), st.sampled_from(Width), st.booleans(), st.booleans())
)
def test_what_is_encoded_is_decoded_to_the_same(word: AccessWord) -> None:
    assert decode(encode(word)) == word


@given(st.integers(0, 2**32 - 1))
def test_any_word_is_an_access_or_refused(number: int) -> None:
    if (number >> 28) & 3 == 3:
        assert refused(number) == "no such width"
        with pytest.raises(ValueError, match="found the width 3"):
            decode(number)
    else:
        word = decode(number)
        assert encode(word) == number & 0xF801_FFFF
        assert (refused(number) == "") == (word.offset % word.width == 0 and word.offset < 0x200)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (0x2000_0002, "not aligned"),
        (0x1000_0001, "not aligned"),
        (0x2000_01FC, ""),
        (0x2000_0200, "out of range"),
        (0x3000_0000, "no such width"),
    ],
)
def test_a_wrong_access_is_refused_with_its_reason(number: int, why: str) -> None:
    assert refused(number) == why


@pytest.mark.parametrize("number", [-1, 2**32])
def test_a_number_that_fits_no_register_is_an_error(number: int) -> None:
    with pytest.raises(ValueError, match="expected a number of 32 bits"):
        decode(number)
    with pytest.raises(ValueError, match="expected one of 17 bits"):
        encode(AccessWord(2**17, write=False, width=Width.BYTE))


HONEST = ("hostile backend",)
NOBODY = ("backend", "hostile backend")


def path(
    predicate: Callable[..., bool], without: tuple[str, ...] = (), bounds: Bounds | None = None
) -> list[str] | None:
    of = NONBLOCKING.system(bounds, without=without)
    found = reach(of)
    key = found.first(lambda one: of.holds(predicate, of.thaw(one)))
    return None if key is None else [action.rule.name for action in found.path(key)]


def test_a_frontend_asks_by_one_register_and_learns_the_outcome_from_the_other() -> None:
    asked = ["connect", "request_access", "answer_request", "receive_answer"]
    assert path(nonblocking.outcome_of_a_read, HONEST) == asked
    assert path(nonblocking.told_to_retry, HONEST) == ["connect", "request_access", "ask_for_retry", "receive_answer"]


@pytest.mark.parametrize("without", [(), HONEST, NOBODY], ids=["hostile", "honest", "none"])
def test_with_any_backend_every_vcpu_can_always_do_something_else_than_poll(without: tuple[str, ...]) -> None:
    of = NONBLOCKING.system(without=without)
    for key in reach(of).parents:
        state = of.thaw(key)
        able = {
            dict(action.arguments)["vcpu"]
            for action, _ in of.steps(state)
            if action.rule.party == "frontend" and action.rule.name != "look_again"
        }
        assert able == {0, 1}


def test_without_the_extension_the_same_access_blocks() -> None:
    assert path(nonblocking.some_vcpu_blocked, bounds=Bounds(nonblocking=False)) == ["connect", "request_access"]
    assert path(nonblocking.some_vcpu_blocked) is None


def test_a_second_access_while_one_is_in_flight_is_an_abort_inside_the_guest() -> None:
    of = NONBLOCKING.system(without=HONEST)
    state = next(of.thaw(key) for key in reach(of).parents if of.thaw(key).busy and of.thaw(key).vcpu[1] is Vcpu.RUNS)
    second = next(action for action in of.actions if str(action) == "request_access(vcpu=1, kind=read)")
    later = of.take(state, second)
    assert later is not None
    assert (later.vcpu[1], later.busy, later.flight) == (Vcpu.HANDLES_ABORT, state.busy, state.flight)
    data = next(action for action in of.actions if str(action) == "write_data(vcpu=1)")
    clobbered = of.take(state, data)
    assert clobbered is not None
    assert (clobbered.vcpu[1], clobbered.data) == (Vcpu.HANDLES_ABORT, state.data)


def test_an_access_before_the_backend_has_connected_is_an_abort() -> None:
    assert path(nonblocking.abort_in_guest, NOBODY) == ["request_access"]


def test_xen_drops_what_it_does_not_expect() -> None:
    assert path(nonblocking.answer_dropped) == ["send_anything", "receive_answer"]
    assert path(nonblocking.answer_dropped, HONEST) is None
    assert path(nonblocking.completed_without_request) is None
    assert path(nonblocking.two_accesses_in_flight) is None
