"""Device trees: every property with its place, what is included below one folder only, and whatever else is there one error."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.platforms.configuration import Where
from sphinx_xenfusa.platforms.device_tree import INCLUDE_LIMIT, Tree, read_tree

PLAIN = """/dts-v1/;

/ {
	#address-cells = <2>;
	chosen {
		xen,xen-bootargs = "xsm=silo";
		guest: domU1 {
			compatible = "xen,domain", "multiboot,module";
			direct-map;
			memory = <0 0x20000>;
		};
	};
	user { friend = <&guest>; };
};
&guest { vpl011; };
"""


def tree(folder: Path, text: str, name: str = "board.dts") -> Tree:
    folder.joinpath(name).write_text(text, "utf-8")
    return read_tree(folder / name, folder, name)


def property_of(found: Tree, path: str, name: str) -> tuple[bytes, Where]:
    node = found.node(path)
    assert node is not None
    one = node.properties[name]
    return one.value, one.where


def test_every_property_has_its_bytes_and_its_line(tmp_path: Path) -> None:
    found = tree(tmp_path, PLAIN)
    domain = "/chosen/domU1"
    assert property_of(found, "/chosen", "xen,xen-bootargs") == (b"xsm=silo\0", Where("board.dts", 6, "/chosen"))
    assert property_of(found, domain, "direct-map") == (b"", Where("board.dts", 9, domain))
    assert property_of(found, domain, "vpl011") == (b"", Where("board.dts", 15, domain))
    assert property_of(found, domain, "memory") == (struct.pack(">2I", 0, 0x20000), Where("board.dts", 10, domain))
    node = found.node(domain)
    assert node is not None
    assert node.where == Where("board.dts", 7, domain)
    assert node.is_compatible("xen,domain")
    assert not node.is_compatible("xen,domain-shared-memory-v1")


def test_a_phandle_leads_to_its_node(tmp_path: Path) -> None:
    found = tree(tmp_path, PLAIN)
    user = found.node("/user")
    assert user is not None
    friend = user.properties["friend"]
    assert found.referred(friend, friend.number()).path == "/chosen/domU1"
    with pytest.raises(InputError, match=r"board.dts:13: found the phandle 0x63, which no node has"):
        found.referred(friend, 99)


def test_what_is_included_keeps_its_own_lines(tmp_path: Path) -> None:
    tmp_path.joinpath("soc.dtsi").write_text("/ {\n\tsoc {\n\t\treg = <1>;\n\t};\n};\n", "utf-8")
    tmp_path.joinpath("bits.h").write_text("#define CONTROL 0x1\n#define BOTH (CONTROL | 0x2)\n", "utf-8")
    text = '/dts-v1/;\n#include "bits.h"\n/include/ "soc.dtsi"\n/ {\n\tdomU {\n\t\tcapabilities = <BOTH>;\n\t};\n};\n'
    found = tree(tmp_path, text)
    assert property_of(found, "/soc", "reg") == (struct.pack(">I", 1), Where("soc.dtsi", 3, "/soc"))
    assert property_of(found, "/domU", "capabilities") == (struct.pack(">I", 3), Where("board.dts", 6, "/domU"))
    assert set(found.files) == {"board.dts", "bits.h", "soc.dtsi"}


def test_a_header_is_looked_for_where_the_user_says(tmp_path: Path) -> None:
    tmp_path.joinpath("headers").mkdir()
    tmp_path.joinpath("headers", "bits.h").write_text("#define ONE 1\n", "utf-8")
    tmp_path.joinpath("board.dts").write_text("/dts-v1/;\n#include <bits.h>\n/ { one = <ONE>; };\n", "utf-8")
    with pytest.raises(InputError, match=r"board.dts:2: found an include of bits.h, which is not there"):
        read_tree(tmp_path / "board.dts", tmp_path, "board.dts")
    found = read_tree(tmp_path / "board.dts", tmp_path, "board.dts", [tmp_path / "headers"])
    assert found.root.properties["one"].number() == 1


@pytest.mark.parametrize("include", ['/include/ "../outside.dtsi"', '#include "../outside.dtsi"'])
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, include: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    tmp_path.joinpath("outside.dtsi").write_text("/ { secret; };\n", "utf-8")
    with pytest.raises(InputError, match=r"board.dts:2: found an include of .*; expected a file below inside/"):
        tree(inside, f"/dts-v1/;\n{include}\n/ {{ }};\n")


def test_a_link_to_the_outside_is_outside(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    tmp_path.joinpath("outside.dtsi").write_text("/ { secret; };\n", "utf-8")
    inside.joinpath("near.dtsi").symlink_to(tmp_path / "outside.dtsi")
    with pytest.raises(InputError, match="expected a file below inside/"):
        tree(inside, '/dts-v1/;\n/include/ "near.dtsi"\n/ { };\n')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"expected '/dts-v1/;' at start of file"),
        ("/dts-v1/;\n/ {\n\tx = <;\n};\n", r"board.dts:3: "),
        ("/dts-v1/;\n/ {\n\tx = <&nobody>;\n};\n", r"board.dts:2: .*undefined node label 'nobody'"),
        ("/dts-v1/;\n/ { x = <(1 << (1 << 40))>; };\n", ""),
        ("/dts-v1/;\n/ { x = <(1 << (0 - 1))>; };\n", "expected a shift by a positive number"),
        ("/dts-v1/;\n/ { x = <(1 / 0)>; };\n", ""),
        ("/dts-v1/;\n/ { x = <0x10000000000000000>; };\n", "expected a number of 64 bits"),
        (
            '/dts-v1/;\n/ { x = /incbin/ ("/etc/passwd"); };\n',
            r"board.dts:2: .*expected a device tree without /incbin/",
        ),
        ('/dts-v1/;\n/include/ "board.dts"\n/ { };\n', ""),
        ('/dts-v1/;\n#include "board.dts"\n/ { };\n', ""),
        ("/dts-v1/;\n#if 1\n/ { };\n", r"board.dts:2: "),
        ("/dts-v1/;\n/ " + "{ a " * 200 + "{" + "};" * 201, "64 within each other"),
        ("/dts-v1/;\n/ { x = <" + "(" * 5000 + "1" + ")" * 5000 + ">; };\n", ""),
        ("/dts-v1/;\n/ { a { phandle = <1>; }; b { phandle = <1>; }; };\n", "duplicated phandle"),
        ("/dts-v1/;\n/ { a { phandle = [01]; }; };\n", "bad phandle length"),
    ],
)
def test_a_source_that_is_none_is_one_error(tmp_path: Path, text: str, said: str) -> None:
    if not said:
        # Whatever comes of it: an error, or a number of 64 bits; and it comes soon.
        try:
            tree(tmp_path, text)
        except InputError as error:
            assert error.file == "board.dts"
        return
    with pytest.raises(InputError, match=said):
        tree(tmp_path, text)


def test_macros_do_not_grow_without_end(tmp_path: Path) -> None:
    lines = [f"#define A{n} A{n + 1} A{n + 1} A{n + 1} A{n + 1}" for n in range(30)]
    with pytest.raises(InputError, match="words"):
        tree(tmp_path, "/dts-v1/;\n" + "\n".join([*lines, "#define A30 1", "/ { x = <A0>; };\n"]))


def test_a_file_that_includes_itself_in_turn_ends(tmp_path: Path) -> None:
    tmp_path.joinpath("one.dtsi").write_text('/include/ "two.dtsi"\n', "utf-8")
    tmp_path.joinpath("two.dtsi").write_text('/include/ "./one.dtsi"\n', "utf-8")
    with pytest.raises(InputError, match=f"{INCLUDE_LIMIT} includes|recursive"):
        tree(tmp_path, '/dts-v1/;\n/include/ "one.dtsi"\n/ { };\n')


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "how", "said"),
    [
        ("[01 02 03]", "cells", "found 3 bytes in x of /; expected cells of four bytes"),
        ("<1 2>", "number", "found 8 bytes in x of /; expected 1 cell of four bytes"),
        ("<1>", "text", "found a value that is no text in x of /; expected a text in quotes"),
        ('"a", "b"', "text", "found a list of 2 texts in x of /; expected one text"),
        ('"\\x07"', "text", "expected printable ASCII in quotes"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_where_it_stands(tmp_path: Path, value: str, how: str, said: str) -> None:
    one = tree(tmp_path, f"/dts-v1/;\n/ {{\n\tx = {value};\n}};\n").root.properties["x"]
    with pytest.raises(InputError) as refused:
        getattr(one, how)()
    assert said in str(refused.value)
    assert str(refused.value).startswith("board.dts:3: ")


# --- binary -----------------------------------------------------------------------------------------------------------


def binary(properties: dict[str, bytes]) -> bytes:
    """A binary device tree with one node below the root, written by hand (Devicetree Specification, chapter 5)."""
    strings = b"".join(name.encode() + b"\0" for name in properties)
    offsets, at = {}, 0
    for name in properties:
        offsets[name] = at
        at += len(name) + 1
    body = struct.pack(">I", 1) + b"\0\0\0\0" + struct.pack(">I", 1) + b"domU\0\0\0\0"
    for name, value in properties.items():
        body += struct.pack(">3I", 3, len(value), offsets[name]) + value + b"\0" * (-len(value) % 4)
    body += struct.pack(">3I", 2, 2, 9)
    reserved = bytes(16)
    start = 40 + len(reserved)
    total = start + len(body) + len(strings)
    head = struct.pack(">10I", 0xD00DFEED, total, start, start + len(body), 40, 17, 16, 0, len(strings), len(body))
    return head + reserved + body + strings


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\0",
        b"\0\0\0\0",
        b"xen,domain\0",
        b"a\0\0b\0",
        b"ABC\0",
        b"\0ABC",
        struct.pack(">2I", 0, 0x41424300),
        struct.pack(">I", 3),
        b"\1\2\3",
        b"\xff\xfe\0",
        b"a\0b",
    ],
)
def test_a_binary_tree_gives_the_bytes_that_stand_in_it(tmp_path: Path, value: bytes) -> None:
    tmp_path.joinpath("board.dtb").write_bytes(binary({"first": b"\0\0\0\1", "x": value}))
    found = read_tree(tmp_path / "board.dtb", tmp_path, "board.dtb")
    assert property_of(found, "/domU", "x") == (value, Where("board.dtb", None, "/domU"))


@given(value=st.binary(max_size=24))
def test_any_value_of_a_binary_tree_is_read_as_it_is(tmp_path_factory: pytest.TempPathFactory, value: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.dtb"
    path.write_bytes(binary({"x": value}))
    node = read_tree(path, path.parent).node("/domU")
    assert node is not None
    assert node.properties["x"].value == value


@given(cut=st.integers(0, 120), at=st.integers(0, 120), byte=st.integers(0, 255))
def test_rubbish_is_one_error(tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, byte: int) -> None:
    data = bytearray(binary({"compatible": b"xen,domain\0", "memory": bytes(8)}))
    data[min(at, len(data) - 1)] = byte
    path = tmp_path_factory.getbasetemp() / "rubbish.dtb"
    path.write_bytes(bytes(data[: len(data) - cut]))
    try:
        read_tree(path, path.parent, "rubbish.dtb")
    except InputError as error:
        assert error.file == "rubbish.dtb"


def test_other_files_are_no_device_trees(tmp_path: Path) -> None:
    tmp_path.joinpath("x.dtb").write_bytes(b"\x7fELF\xff\xfe")
    with pytest.raises(
        InputError, match=r"x.dtb:1: found the byte 0xff; expected a device tree in source form in UTF-8"
    ):
        read_tree(tmp_path / "x.dtb", tmp_path, "x.dtb")
    with pytest.raises(InputError, match="no such file"):
        read_tree(tmp_path / "none.dts", tmp_path, "none.dts")
