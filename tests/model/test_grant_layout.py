"""Entries of the grant table, byte by byte, against vectors that were written by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.grants import layout as L
from sphinx_xenfusa.model.grants.granter import end_access, grant_access, make_readonly, write_entry
from sphinx_xenfusa.model.grants.layout import EntryV1, FullPage, Header, Op, Status, SubPage, Transitive
from sphinx_xenfusa.model.grants.table import (
    GrantTable,
    create_table,
    entry,
    grown,
    header,
    put_handle,
    status_flags,
    take_handle,
    with_status,
)
from sphinx_xenfusa.model.memory import PAGE_SIZE
from sphinx_xenfusa.model.vocabulary import Architecture

VECTORS_V1 = [
    (EntryV1(0x0000, 0x0000, 0x00000000), "00 00 00 00 00 00 00 00"),
    (EntryV1(0x0001, 0x0002, 0x00000003), "01 00 02 00 03 00 00 00"),
    (EntryV1(0x001D, 0x7FF0, 0x89ABCDEF), "1d 00 f0 7f ef cd ab 89"),
]
VECTORS_V2 = [
    (FullPage(0x0001, 0x0002, 0x0000000100000003), "01 00 02 00 00 00 00 00 03 00 00 00 01 00 00 00"),
    (SubPage(0x0101, 0x0002, 0x0123, 0x0456, 0x0A), "01 01 02 00 23 01 56 04 0a 00 00 00 00 00 00 00"),
    (Transitive(0x0003, 0x0002, 0x0005, 0xDEADBEEF), "03 00 02 00 05 00 00 00 ef be ad de 00 00 00 00"),
]


@pytest.mark.parametrize(("entry_", "text"), VECTORS_V1)
def test_version_1_by_hand(entry_, text) -> None:
    assert L.encode_v1(entry_) == bytes.fromhex(text)
    assert L.decode_v1(bytes.fromhex(text)) == entry_


@pytest.mark.parametrize(("entry_", "text"), VECTORS_V2)
def test_version_2_by_hand(entry_, text) -> None:
    assert L.encode_v2(entry_) == bytes.fromhex(text)
    assert L.decode_v2(bytes.fromhex(text)) == entry_


def test_numbers_of_the_interface() -> None:
    assert [flag.bit_length() - 1 for flag in (L.READONLY, L.READING, L.WRITING, L.PWT, L.PCD, L.PAT, L.SUB_PAGE)] == [
        2, 3, 4, 5, 6, 7, 8,
    ]  # fmt: skip
    assert (L.TRANSFER_COMMITTED, L.TRANSFER_COMPLETED) == (4, 8)
    assert (L.INVALID, L.PERMIT_ACCESS, L.ACCEPT_TRANSFER, L.TRANSITIVE) == (0, 1, 2, 3)
    assert (L.DEVICE_MAP, L.HOST_MAP, L.MAP_READONLY, L.APPLICATION_MAP, L.CONTAINS_PTE) == (1, 2, 4, 8, 16)
    assert (L.SOURCE_GREF, L.DEST_GREF) == (1, 2)
    assert [op.value for op in Op] == list(range(13))
    assert [status.value for status in Status] == [0, *range(-1, -14, -1)]
    assert (L.entries_per_frame(1), L.entries_per_frame(2)) == (512, 256)
    assert [L.status_frames_for(frames) for frames in (1, 8, 9, 64)] == [1, 1, 2, 8]


@given(st.binary(min_size=16, max_size=16))
def test_every_sixteen_bytes_are_an_entry(data) -> None:
    found = L.decode_v2(data)
    again = L.encode_v2(found)
    assert L.decode_v2(again) == found
    assert again[:4] == data[:4] == L.encode_header(Header(found.flags, found.domid))


@given(st.binary(min_size=8, max_size=8))
def test_every_eight_bytes_are_an_entry(data) -> None:
    assert L.encode_v1(L.decode_v1(data)) == data


def test_what_does_not_fit_is_refused() -> None:
    for wrong in (EntryV1(1 << 16, 0, 0), EntryV1(0, -1, 0), EntryV1(0, 0, 1 << 32)):
        with pytest.raises(ValueError, match="format requires"):
            L.encode_v1(wrong)


def test_grant_writes_these_bytes_at_this_place() -> None:
    table = grant_access(GrantTable(), 9, 2, 0x1234, readonly=True)
    assert table.shared[72:80] == bytes.fromhex("05 00 02 00 34 12 00 00")
    assert table.shared[:72] == bytes(72)
    assert table.shared[80:] == bytes(PAGE_SIZE - 80)
    two = GrantTable(version=2, max_version=2, status=bytes(PAGE_SIZE))
    assert grant_access(two, 9, 2, 5, readonly=False).shared[144:160] == bytes.fromhex(
        "0100 0200 00000000 0500000000000000"
    )
    with pytest.raises(ValueError, match="EntryV1 in a table of version 2"):
        write_entry(two, 0, EntryV1(0, 0, 0))
    with pytest.raises(ValueError, match="FullPage in a table of version 1"):
        write_entry(GrantTable(), 0, FullPage(0, 0, 0))


def test_status_bits_are_in_the_entry_or_in_the_status_word() -> None:
    one = with_status(grant_access(GrantTable(), 3, 2, 5, readonly=False), 3, setting=L.READING)
    assert header(one, 3).flags == L.PERMIT_ACCESS | L.READING
    two = GrantTable(version=2, max_version=2, status=bytes(PAGE_SIZE))
    two = with_status(grant_access(two, 3, 2, 5, readonly=False), 3, setting=L.READING | L.WRITING)
    assert header(two, 3).flags == L.PERMIT_ACCESS
    assert two.status[6:8] == b"\x18\0"
    assert status_flags(with_status(two, 3, clearing=L.WRITING), 3) == L.READING


@pytest.mark.parametrize("version", [1, 2])
def test_a_grant_ends_only_unused(version) -> None:
    empty = GrantTable(version=version, max_version=2, status=bytes(PAGE_SIZE) if version == 2 else b"")
    granted = grant_access(empty, 1, 2, 5, readonly=False)
    assert end_access(granted, 1)[1] is True
    assert header(end_access(granted, 1)[0], 1).flags == 0
    for mark in (L.READING, L.READING | L.WRITING):
        used = with_status(granted, 1, setting=mark)
        after, ended = end_access(used, 1)
        assert ended is False
        assert (after == used) is (version == 1), "version 2 has cleared the entry before it looks"
        changed, done = make_readonly(used, 1)
        assert done is not bool(mark & L.WRITING)
        assert bool(header(changed, 1).flags & L.READONLY) is done


@pytest.mark.parametrize(
    ("architecture", "arguments", "wrong"),
    [
        (Architecture.ARM, {"version": 1}, False),
        (Architecture.ARM, {"version": 2}, True),
        (Architecture.X86, {"version": 2}, False),
        (Architecture.X86, {"version": 2, "boot_version": 1}, True),
        (Architecture.X86, {"version": 0}, True),
        (Architecture.X86, {"version": 3, "boot_version": 3}, True),
        (Architecture.X86, {"max_frames": 0}, True),
    ],
)
def test_creation(architecture, arguments, wrong) -> None:
    made = create_table(architecture, **arguments)
    assert (made is Code.EINVAL) is wrong
    assert isinstance(made, GrantTable) is not wrong


def test_growing_keeps_what_is_there() -> None:
    table = grant_access(GrantTable(), 511, 2, 5, readonly=False)
    larger = grown(table, 3)
    assert (larger.frames, larger.entries, len(larger.shared)) == (3, 1536, 3 * PAGE_SIZE)
    assert entry(larger, 511) == entry(table, 511)
    assert grown(larger, 1) == larger
    two = grown(GrantTable(version=2, max_version=2), 9)
    assert (two.status_frames, two.entries) == (2, 2304)


def test_handles_begin_at_zero_one_is_left_and_the_oldest_comes_again() -> None:
    table = GrantTable(max_maptrack_frames=2)
    given_out = []
    while True:
        table, handle = take_handle(table)
        if handle is None:
            break
        given_out.append(handle)
    assert given_out[:3] == [0, 1, 2]
    assert len(given_out) == 2 * 256 - 1 == len(set(given_out))
    table = put_handle(put_handle(table, 7), 5)
    table, first = take_handle(table)
    table, second = take_handle(table)
    assert {first, second} <= {*range(512)} - {5}
    assert take_handle(table)[1] is None
