"""Device trees, source and binary, as nodes with the place of every property; the readers of others do the reading.

Source (``.dts``) is read by Zephyr's ``dtlib`` and, where it uses ``#include`` or ``#define``, through the preprocessor ``pcpp``;
binary (``.dtb``) by ``fdt``.  All of it is untrusted: includes stay below one folder, numbers within 64 bits, macros, files
and nodes within limits, and whatever the readers stumble over is one :class:`~sphinx_xenfusa.inputs.InputError`.

Source: Devicetree Specification v0.4, chapters 2 (tree and values), 5 (binary) and 6 (source).
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import fdt
import pcpp
from devicetree import dtlib

from sphinx_xenfusa.inputs import InputError, decode, read_bytes, read_text, real_path
from sphinx_xenfusa.platforms.configuration import Where

MAGIC = b"\xd0\x0d\xfe\xed"
"""With which a binary device tree begins."""
SIZE_LIMIT = 16 * 1024 * 1024
INCLUDE_LIMIT = 500
"""Files that one tree may include."""
DEPTH_LIMIT = 64
NODE_LIMIT = 20_000
"""Some of what the readers do takes the square of it; boards have a few thousand."""
_MACRO_LIMIT = 50_000
"""Words that all macros within macros of a tree may come to."""
_BITS = 64
WHAT = "a device tree"
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(include|define|undef|if|ifdef|ifndef)\b", re.MULTILINE)
_PARSE_ERROR = re.compile(r"(?P<file>.*?):(?P<line>\d+) \(column \d+\): parse error: (?P<words>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a node: its bytes, and where it is written.

    The accessors raise :class:`~sphinx_xenfusa.inputs.InputError` at its place where the bytes are not what is asked for.
    """

    name: str
    value: bytes
    where: Where

    def cells(self) -> tuple[int, ...]:
        """The value as 32-bit cells.

        :raises InputError: its length is no multiple of four bytes.
        """
        if len(self.value) % 4:
            self.refuse(f"{len(self.value)} bytes", "cells of four bytes")
        return tuple(int.from_bytes(self.value[i : i + 4], "big") for i in range(0, len(self.value), 4))

    def number(self, cells: int = 1) -> int:
        """The value as one number of so many cells.

        :raises InputError: it has another length.
        """
        if len(self.value) != 4 * cells:
            self.refuse(f"{len(self.value)} bytes", f"{cells} {'cell' if cells == 1 else 'cells'} of four bytes")
        return int.from_bytes(self.value, "big")

    def texts(self) -> tuple[str, ...]:
        """The value as a list of texts.

        :raises InputError: it is none: it does not end in a NUL byte, or is not printable ASCII.
        """
        if not self.value.endswith(b"\0"):
            self.refuse("a value that is no text", "a text in quotes")
        parts = self.value[:-1].split(b"\0")
        if not all(0x20 <= byte < 0x7F for part in parts for byte in part):
            self.refuse("a value that is no text", "printable ASCII in quotes")
        return tuple(part.decode("ascii") for part in parts)

    def text(self) -> str:
        """The value as one text.

        :raises InputError: it is no text, or a list of several.
        """
        texts = self.texts()
        if len(texts) != 1:
            self.refuse(f"a list of {len(texts)} texts", "one text")
        return texts[0]

    def refuse(self, found: str, expected: str) -> NoReturn:
        """Refuse the value.

        :raises InputError: always.
        """
        path = f" of {self.where.path}" if self.where.path else ""
        raise InputError(self.where.file, self.where.line, f"{found} in {self.name}{path}", expected)


@dataclass(frozen=True, slots=True)
class Node:
    """A node with its properties by name and its children in their order."""

    name: str
    path: str
    where: Where
    properties: Mapping[str, Property]
    children: tuple[Node, ...]

    def get(self, name: str) -> Property | None:
        """A property, or ``None``."""
        return self.properties.get(name)

    def has(self, name: str) -> bool:
        """Whether a property stands there, whatever its value."""
        return name in self.properties

    def is_compatible(self, *names: str) -> bool:
        """Whether the node says that it is one of these.

        :raises InputError: its ``compatible`` is no list of texts.
        """
        said = self.properties.get("compatible")
        return said is not None and not set(names).isdisjoint(said.texts())

    def walk(self) -> Iterator[Node]:
        """The node and all below it, in their order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Tree:
    """A device tree.

    :param files: the files that it was read from.
    :param phandles: the nodes by their phandles.
    """

    root: Node
    files: tuple[str, ...]
    phandles: Mapping[int, Node]

    def node(self, path: str) -> Node | None:
        """The node of a path, or ``None``."""
        found: Node | None = self.root
        for name in path.strip("/").split("/"):
            if name and found is not None:
                found = next((child for child in found.children if child.name == name), None)
        return found

    def referred(self, one: Property, phandle: int) -> Node:
        """The node that a cell of a property refers to.

        :raises InputError: there is none.
        """
        if phandle not in self.phandles:
            one.refuse(f"the phandle {phandle:#x}, which no node has", "the phandle of a node of this tree")
        return self.phandles[phandle]


def is_binary(data: bytes) -> bool:
    """Whether bytes begin as a binary device tree does."""
    return data.startswith(MAGIC)


def read_tree(path: Path, root: Path, name: str | None = None, include: Sequence[Path] = ()) -> Tree:
    """Read a device tree, source or binary, whichever it is.

    :param root: the folder below which all that it includes has to stand.
    :param include: folders in which ``#include`` looks, after that of the file.
    :param name: the file as the user named it.
    :raises InputError: it cannot be read, is neither, or includes something that cannot be read or stands elsewhere.
    """
    shown = name or str(path)
    try:
        data = read_bytes(path, limit=SIZE_LIMIT, what=WHAT)
    except InputError as error:
        raise InputError(shown, error.line, error.found, error.expected) from error
    if is_binary(data):
        return _binary(data, shown)
    return _source(decode(data, Path(shown), what=f"{WHAT} in source form"), path, root, shown, include)


# --- source -----------------------------------------------------------------------------------------------------------


class _Files:
    """The files that a source includes: below one folder, and not without end."""

    def __init__(self, path: Path, root: Path, shown: str) -> None:
        self._root = root.resolve()
        self._shown = {str(path.resolve()): shown}
        self._start = path.resolve().parent
        self._prefix = Path(shown).parent
        self._opened = 0

    @property
    def names(self) -> tuple[str, ...]:
        """All files, as they are shown."""
        return tuple(self._shown.values())

    def shown(self, file: str) -> str:
        """A file as the user would name it."""
        return self._shown.get(os.path.realpath(file), file)

    def opened(self, file: str, at: Where) -> str:
        """The text of a file that is included.

        :raises InputError: it is not below the folder, there are too many, or it cannot be read.
        """
        real = real_path(Path(file))
        if not real.is_relative_to(self._root):
            raise InputError(at.file, at.line, f"an include of {file}", f"a file below {self._root.name}/ ({WHAT})")
        self._opened += 1
        if self._opened > INCLUDE_LIMIT:
            raise InputError(
                at.file, at.line, f"more than {INCLUDE_LIMIT} includes", f"{WHAT} that does not include itself"
            )
        self._shown[str(real)] = str(self._prefix / os.path.relpath(real, self._start))
        return read_text(real, limit=SIZE_LIMIT, what=f"{WHAT} in source form")


class _Preprocessor(pcpp.Preprocessor):
    """The preprocessor, with includes and macros kept within bounds."""

    def __init__(self, files: _Files) -> None:
        super().__init__()
        self._files = files
        self._at = Where("", 1)
        self._expanded = 0

    def include(self, tokens: list[Any], original_line: list[Any]) -> Iterator[Any]:
        self._note(tokens)
        yield from super().include(tokens, original_line)

    def on_file_open(self, is_system_include: bool, includepath: str) -> io.StringIO:
        if not Path(includepath).exists():
            raise FileNotFoundError(includepath)
        return io.StringIO(self._files.opened(includepath, self._at))

    def on_include_not_found(
        self, is_malformed: bool, is_system_include: bool, curdir: str, includepath: str
    ) -> NoReturn:
        found = "an include without a file" if is_malformed else f"an include of {includepath}, which is not there"
        raise InputError(
            self._at.file, self._at.line, found, "a file beside the tree, or below a folder given with --include"
        )

    def on_error(self, file: str, line: int, msg: str) -> NoReturn:
        raise InputError(self._files.shown(file), line, f"what the preprocessor refuses: {msg}", WHAT)

    def expand_macros(self, tokens: list[Any], expanding_from: Sequence[str] = ()) -> list[Any]:
        self._note(tokens)
        expanded: list[Any] = super().expand_macros(tokens, list(expanding_from))
        self._expanded += len(expanded) if expanding_from else 0
        if self._expanded > _MACRO_LIMIT:
            found = f"macros within macros of more than {_MACRO_LIMIT:,} words"
            raise InputError(self._at.file, self._at.line, found, f"{WHAT} of a reasonable size")
        return expanded

    def _note(self, tokens: list[Any]) -> None:
        if tokens:
            self._at = Where(self._files.shown(tokens[0].source), tokens[0].lineno)


class _Text(io.StringIO):
    """A text as an open file, of which the reader asks the name."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


class _Places:
    """Where nodes and properties are written, as far as a source was read."""

    def __init__(self) -> None:
        self.nodes: dict[str, Where] = {}
        self.properties: dict[tuple[str, str], Where] = {}


class _Source(dtlib.DT):
    """The reader of sources, which also notes where nodes and properties are written.

    Overrides four methods that are not public ones: ``tests/platforms/test_device_tree.py`` has a test for each.
    """

    def __init__(self, file: Path, files: _Files, places: _Places) -> None:
        self._files = files
        self._places = places
        self._inside: list[str] = []
        super().__init__(str(file), ())

    def _open(self, filename: str, mode: str = "r", **kwargs: Any) -> _Text:
        path = Path(self.filename).parent / filename
        here = self._here()
        if "b" in mode:
            raise InputError(here.file, here.line, f"the contents of {filename} as a value", f"{WHAT} without /incbin/")
        if not path.exists():
            raise InputError(here.file, here.line, f"an include of {filename}, which is not there", f"a file ({WHAT})")
        return _Text(self._files.opened(str(path), here), os.path.realpath(path))

    def _next_token(self) -> Any:
        token = super()._next_token()
        if token.id == dtlib._T.PROPNODENAME and self._inside:
            self._places.properties[self._inside[-1], token.val] = self._here()
        elif token.id == dtlib._T.NUM and token.val >> _BITS:
            self._parse_error(f"expected a number of {_BITS} bits")
        return token

    def _parse_node(self, node: dtlib.Node) -> dtlib.Node:
        path = node.path
        self._places.nodes.setdefault(path, self._here())
        if len(self._inside) >= DEPTH_LIMIT or len(self._places.nodes) > NODE_LIMIT:
            self._parse_error(f"expected no more than {NODE_LIMIT:,} nodes, {DEPTH_LIMIT} within each other")
        self._inside.append(path)
        super()._parse_node(node)
        self._inside.pop()
        return node

    def _eval_shift(self) -> int:
        # As the reader has it, but for results that would fill the memory.
        value: int = self._eval_add()
        while True:
            if self._check_token("<<"):
                value = value << min(self._count(), _BITS) & (1 << _BITS) - 1
            elif self._check_token(">>"):
                value >>= min(self._count(), _BITS)
            else:
                return value

    def _count(self) -> int:
        count: int = self._eval_add()
        if count < 0:
            self._parse_error("expected a shift by a positive number")
        return count

    def _here(self) -> Where:
        return Where(self._files.shown(self.filename), self._lineno)


def _source(text: str, path: Path, root: Path, shown: str, include: Sequence[Path]) -> Tree:
    files = _Files(path, root, shown)
    places = _Places()
    try:
        if not _DIRECTIVE.search(text):
            return _tree_of_source(_Source(path, files, places), places, files)
        with tempfile.TemporaryDirectory(prefix="xenfusa-") as folder:
            preprocessed = Path(folder, "tree.dts")
            preprocessed.write_text(_preprocessed(text, path, files, include), "utf-8")
            return _tree_of_source(_Source(preprocessed, files, places), places, files)
    except dtlib.DTError as error:
        raise _located(str(error), files, places, shown) from error
    except (RecursionError, ValueError, ArithmeticError) as error:
        raise InputError(shown, None, f"what its reader cannot take ({type(error).__name__})", WHAT) from error


def _preprocessed(text: str, path: Path, files: _Files, include: Sequence[Path]) -> str:
    preprocessor = _Preprocessor(files)
    for folder in include:
        preprocessor.add_path(str(folder))
    preprocessor.parse(text, str(path.resolve()))
    output = io.StringIO()
    preprocessor.write(output)
    return output.getvalue()


def _located(said: str, files: _Files, places: _Places, shown: str) -> InputError:
    """What the reader of sources says, with the place."""
    found = _PARSE_ERROR.fullmatch(said)
    if found is not None and "/plugin/" in found["words"]:
        expected = "the device tree with the overlay applied (fdtoverlay does it)"
        return InputError(files.shown(found["file"]), int(found["line"]), "an overlay (/plugin/)", expected)
    if found is not None:
        return InputError(files.shown(found["file"]), int(found["line"]), found["words"], f"{WHAT} in source form")
    path, _, words = said.partition(": ")
    where = places.nodes.get(path)
    if where is None:
        return InputError(shown, None, said, f"{WHAT} in source form")
    return InputError(where.file, where.line, f"{words} in {path}", f"{WHAT} in source form")


def _tree_of_source(read: _Source, places: _Places, files: _Files) -> Tree:
    def made(node: dtlib.Node) -> Node:
        where = places.nodes[node.path]
        properties = {
            name: Property(name, bytes(one.value), _at(places.properties.get((node.path, name), where), node.path))
            for name, one in node.props.items()
        }
        children = tuple(made(child) for child in node.nodes.values())
        return Node(node.name, node.path, _at(where, node.path), properties, children)

    return _tree(made(read.root), files.names)


def _at(where: Where, path: str) -> Where:
    return Where(where.file, where.line, path)


def _tree(root: Node, files: tuple[str, ...]) -> Tree:
    phandles: dict[int, Node] = {}
    for node in root.walk():
        one = node.get("phandle") or node.get("linux,phandle")
        if one is None:
            continue
        number = one.number()
        if phandles.setdefault(number, node) is not node:
            one.refuse(f"the phandle {number:#x}, which {phandles[number].path} has, too", "a phandle of its own")
    return Tree(root, files, phandles)


# --- binary -----------------------------------------------------------------------------------------------------------


def _binary(data: bytes, shown: str) -> Tree:
    try:
        read = fdt.parse_dtb(data)
    # The reader raises whatever the bytes lead it to, Exception itself included.
    except Exception as error:
        found = f"bytes that are no binary device tree ({error or type(error).__name__})"
        raise InputError(shown, None, found, "a device tree of version 16 or 17, whole") from error
    nodes = 0

    def made(node: fdt.Node, parent: str, depth: int) -> Node:
        nonlocal nodes
        nodes += 1
        if depth > DEPTH_LIMIT or nodes > NODE_LIMIT:
            found = f"more than {NODE_LIMIT:,} nodes, or more than {DEPTH_LIMIT} within each other"
            raise InputError(shown, None, found, f"{WHAT} of a reasonable size")
        path = f"{parent.rstrip('/')}/{node.name}" if parent else "/"
        where = Where(shown, None, path)
        properties = {one.name: Property(one.name, _bytes_of(one), where) for one in node.props}
        children = tuple(made(child, path, depth + 1) for child in node.nodes)
        return Node("/" if path == "/" else node.name, path, where, properties, children)

    return _tree(made(read.root, "", 0), (shown,))


def _bytes_of(one: fdt.Property) -> bytes:
    """The bytes of a property, of which the reader has guessed the type."""
    match one:
        case fdt.PropStrings():
            return b"".join(text.encode("ascii") + b"\0" for text in one.data)
        case fdt.PropWords():
            return b"".join(word.to_bytes(one.word_size // 8, "big") for word in one.data)
        case fdt.PropBytes():
            return bytes(one.data)
    return b""
