"""An extension added to the ``extensions`` of a ``conf.py``: the text is edited, as little as possible, and never run.

Python's own parser says where the list stands; what is written around it, comments and layout included, stays as it is.  A
file in which it cannot be seen what the list will be is refused: nothing is guessed.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.inputs import InputError

NAME = "extensions"
_HARMLESS = frozenset({"append", "extend", "insert", "index", "count", "copy", "remove"})
"""What may be asked of the list elsewhere: no more than a name that stands in the call gets lost by it."""


@dataclass(frozen=True, slots=True)
class _Literal:
    """A list or tuple that is written out, and where it stands in the text.

    :param begin: the offset of its first character, of a bracket if it has one.
    :param end: the offset behind its last character.
    """

    node: ast.List | ast.Tuple
    begin: int
    end: int


def with_extension(text: str, extension: str, path: Path) -> str:
    """The text of a ``conf.py`` with one more extension, at the end of the list; the same text if it has it already.

    :param path: names the file in messages.
    :raises InputError: the text is no Python, or what its ``extensions`` are cannot be seen without running it.
    """
    tree = _parsed(text, path)
    if any(_names(node, extension) for node in _values(tree)):
        return text
    edited = _edited(text, tree, extension, path)
    if _elements(_parsed(edited, path)) != [*_elements(tree), extension]:
        raise _refused(path, None, "a list that cannot be edited as it is written", extension)
    return edited


def with_settings(text: str, settings: Sequence[str]) -> str:
    """The text with lines at its end, after an empty one."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if not settings:
        return text
    gap = "" if not text or text.endswith(("\n\n", "\r\n\r\n")) else newline
    ended = text if not text or text.endswith("\n") else text + newline
    return ended + gap + "".join(line + newline for line in settings)


def _parsed(text: str, path: Path) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(path, line, f"text that is no Python ({reason})", "a conf.py of Sphinx") from error


def _refused(path: Path, line: int | None, found: str, extension: str) -> InputError:
    by_hand = f'{NAME} = [*{NAME}, "{extension}"]'
    return InputError(path, line, found, f"a list that is written out; add this line by hand below it: {by_hand}")


def _edited(text: str, tree: ast.Module, extension: str, path: Path) -> str:
    """The text with the extension in the last list that counts.

    :raises InputError: there is none that can be edited.
    """
    said: ast.expr | None = None
    literal: ast.List | ast.Tuple | None = None
    fault: ast.expr | None = None
    for statement in tree.body:
        value = _assigned(statement)
        if value is not None and not isinstance(statement, ast.AugAssign):
            said, literal, fault = value, _literal_in(value), None
        elif value is not None:
            said, literal = said or value, _literal_in(value) or literal
        else:
            fault = fault or _fault(statement)
    if fault is not None:
        found = "extensions that depend on what the file does when it is run"
        raise _refused(path, fault.lineno, found, extension)
    if literal is not None:
        return _with_element(text, _located(text, literal), extension)
    if said is not None:
        raise _refused(path, said.lineno, "extensions that are computed", extension)
    if _may_come_from_elsewhere(tree):
        raise _refused(path, None, "no extensions, but names that come from another module", extension)
    return with_settings(text, [f'{NAME} = ["{extension}"]'])


def _assigned(statement: ast.AST) -> ast.expr | None:
    """What a statement sets the extensions to, or adds to them; ``None`` if it does neither."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == NAME:
            return value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name == NAME:
            return value
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value) if name == NAME:
            return value
    return None


def _literal_in(value: ast.expr) -> ast.List | ast.Tuple | None:
    """The list that is written out in a value: the value itself, or the last one of a sum."""
    match value:
        case ast.List() | ast.Tuple():
            return value
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _literal_in(right) or _literal_in(left)
    return None


def _fault(statement: ast.stmt) -> ast.expr | None:
    """Where a statement does to the extensions what could undo an edit: sets them on a condition, takes from them."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return None  # names of its own
    for node in ast.walk(statement):
        match node:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add()) if name == NAME:
                continue
            case ast.Attribute(value=ast.Name(id=name), attr=method) if name == NAME and method not in _HARMLESS:
                return node
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) if name == NAME:
                return node
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if name == NAME and not _only_added(statement, node):
                return node
    return None


def _only_added(statement: ast.stmt, name: ast.Name) -> bool:
    """Whether a name is set in a statement by ``+=`` alone."""
    return any(
        isinstance(node, ast.AugAssign) and node.target is name and isinstance(node.op, ast.Add)
        for node in ast.walk(statement)
    )


def _may_come_from_elsewhere(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and any(alias.name in ("*", NAME) for alias in node.names)
        for node in ast.walk(tree)
    )


def _values(tree: ast.Module) -> Iterator[ast.expr]:
    """What the extensions are set to or are added, anywhere in the file."""
    for node in ast.walk(tree):
        if (value := _assigned(node)) is not None:
            yield value
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=arguments) if name == NAME:
                yield from arguments


def _names(node: ast.expr, extension: str) -> bool:
    return any(isinstance(one, ast.Constant) and one.value == extension for one in ast.walk(node))


def _elements(tree: ast.Module) -> list[str]:
    """The elements of the last list that is written out, as they are understood."""
    found: list[str] = []
    for statement in tree.body:
        value = _assigned(statement)
        literal = None if value is None else _literal_in(value)
        if literal is not None:
            found = [
                one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else ast.dump(one)
                for one in literal.elts
            ]
    return found


def _located(text: str, node: ast.List | ast.Tuple) -> _Literal:
    return _Literal(node, _offset(text, node.lineno, node.col_offset), _end(text, node))


def _end(text: str, node: ast.expr) -> int:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return _offset(text, node.end_lineno, node.end_col_offset)


def _offset(text: str, line: int, column: int) -> int:
    """The offset in the text of a place that Python's parser names by line and by bytes."""
    lines = _lines(text)
    before = sum(map(len, lines[: line - 1]))
    return before + len(lines[line - 1].encode("utf-8")[:column].decode("utf-8"))


def _lines(text: str) -> list[str]:
    """The lines as Python's parser counts them: a form feed ends none, other than ``str.splitlines`` has it."""
    return list(io.StringIO(text, newline=""))


def _with_element(text: str, literal: _Literal, extension: str) -> str:
    """The text with one more element at the end of a list or tuple."""
    elements = literal.node.elts
    if not elements:
        return _with_first_element(text, literal, extension)
    last = elements[-1]
    behind, comma = _behind(text, _end(text, last), literal.end)
    written = _quoted(extension, text, elements)
    begin = _offset(text, last.lineno, last.col_offset)
    line_begin = text.rfind("\n", 0, begin) + 1
    indent = text[line_begin:begin]
    on_its_own_line = not indent.strip()
    line_end = text.find("\n", behind)
    closing_is_below = -1 < line_end < literal.end
    if on_its_own_line and closing_is_below:
        newline = "\r\n" if text[line_end - 1] == "\r" else "\n"
        rest = text[behind:line_end].rstrip("\r")
        first = text[:behind] + ("" if comma else ",") + rest + newline
        return f"{first}{indent}{written}{',' if comma else ''}{newline}{text[line_end + 1 :]}"
    gap = "\n" + indent if on_its_own_line and "\n" in text[literal.begin : literal.end] else " "
    tail = "," if comma and len(elements) > 1 else ""
    return f"{text[:behind]}{'' if comma else ','}{gap}{written}{tail}{text[behind:]}"


def _with_first_element(text: str, literal: _Literal, extension: str) -> str:
    inside = literal.begin + 1
    written = f'"{extension}"'
    between = text[inside : literal.end - 1]
    if "\n" not in between:
        comma = "," if isinstance(literal.node, ast.Tuple) else ""
        return f"{text[:inside]}{written}{comma}{text[inside + len(between) :]}"
    line_end = text.index("\n", inside)
    newline = "\r\n" if text[line_end - 1] == "\r" else "\n"
    return f"{text[: line_end + 1]}    {written},{newline}{text[line_end + 1 :]}"


def _behind(text: str, begin: int, end: int) -> tuple[int, bool]:
    """The offset behind an element, the brackets around it and the comma after it, and whether there is a comma.

    Nothing else but blanks and comments can stand there.

    :param begin: the offset behind the element itself.
    :param end: the offset behind the list.
    """
    behind = at = begin
    while at < end:
        character = text[at]
        if character == "#":
            at = text.index("\n", at)
        at += 1
        if character == ",":
            return at, True
        if character == ")" and at < end:  # the one at the end is that of the list
            behind = at
    return behind, False


def _quoted(extension: str, text: str, elements: Sequence[ast.expr]) -> str:
    """The name in the quotes that the last name before it has."""
    for one in reversed(elements):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            quote = text[_offset(text, one.lineno, one.col_offset) :].lstrip("rRbBuUfF")[:1]
            return f"{quote}{extension}{quote}" if quote in ("'", '"') else f'"{extension}"'
    return f'"{extension}"'
