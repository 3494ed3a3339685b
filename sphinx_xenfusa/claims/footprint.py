"""What each step of the model reads and writes, read off its source: the precondition of the reduction pair by pair.

A platform may be put together from pairs of domains only if a step looks at nothing but its actor, its target, what is between
the two, and a few globals that are named.  This module checks that on the source of :mod:`sphinx_xenfusa.model.effects`, without
running it: every access to the state is followed through the calls, and a form that is not understood is refused, with file and
line.

Its limits: it reads the functions that transform the state and what they call, in the restricted form in which they are written
(no loop, no alias of the state but by assignment of a whole); it takes ``_replace`` and attribute access at their word; that a
relation of two domains reads no more than their view of the platform is not read off the source but compared, pair by pair
(:mod:`sphinx_xenfusa.claims.reduction`).

Source: the project's semantics, "Theorems", on the reduction link by link.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from sphinx_xenfusa.model import effects

ACTOR, TARGET, PLATFORM = "call.subject", "call.target", "PLATFORM"
OWNERS = frozenset({ACTOR, TARGET, PLATFORM})
"""Whose state a step may read or write."""

GLOBALS = frozenset({"hardware", "power", "configuration", "console"})
"""Components of the state that belong to the platform as a whole; ``hardware`` never changes."""

RELATIONS = frozenset({"read", "foreign", "offers", "used"})
"""Components that are sets of pairs of domains: a step may read and write pairs of its actor and its target only."""


class NotLocal(ValueError):
    """A step reads or writes what is not its own, or in a form that is not understood; the message names file and line."""


@dataclass
class Footprint:
    """What one step reads and writes: ``owner.component`` for a domain's, the component's name for the rest."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)


class _Reader:
    """Follows the accesses of one function with the arguments that it is called with."""

    def __init__(self, module: ModuleType, functions: Mapping[str, ast.FunctionDef], found: Footprint) -> None:
        self._module, self._functions, self._found = module, functions, found

    def follow(self, name: str, arguments: Mapping[str, str]) -> None:
        """Read a function; ``arguments`` says what each parameter stands for, in the words of the first function."""
        meant = dict(arguments)
        for statement in self._functions[name].body:
            self._statement(statement, meant)

    def _fail(self, node: ast.AST, what: str) -> NotLocal:
        place = Path(str(self._module.__file__))
        return NotLocal(
            f"{place}:{getattr(node, 'lineno', 1)}: found {what}; expected an access of the actor, the target, their "
            "pair or a named global"
        )

    def _statement(self, node: ast.stmt, meant: dict[str, str]) -> None:
        if isinstance(node, ast.Assign | ast.Return | ast.Expr | ast.If):
            if isinstance(node, ast.If):
                self._expression(node.test, meant)
                for one in (*node.body, *node.orelse):
                    self._statement(one, meant)
                return
            if node.value is not None:
                self._expression(node.value, meant)
            if isinstance(node, ast.Assign):
                self._assign(node, meant)
            return
        raise self._fail(node, f"the statement {type(node).__name__}")

    def _assign(self, node: ast.Assign, meant: dict[str, str]) -> None:
        (target,) = node.targets
        if not isinstance(target, ast.Name):
            raise self._fail(node, "an assignment to something that is no name")
        meant[target.id] = self._means(node.value, meant)

    def _means(self, node: ast.expr, meant: Mapping[str, str]) -> str:
        """What an expression stands for: a position, the state of a position, the system, or something without consequence."""
        text = ast.unparse(node)
        if isinstance(node, ast.Name):
            return meant.get(node.id, text)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return f"{meant.get(node.value.id, node.value.id)}.{node.attr}"
        if isinstance(node, ast.Subscript) and self._means(node.value, meant) == "system.domains":
            return f"state of {self._means(node.slice, meant)}"
        if isinstance(node, ast.Call):
            return self._call_means(node, meant)
        return "value"

    def _call_means(self, node: ast.Call, meant: Mapping[str, str]) -> str:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "_replace":
            return self._means(function.value, meant)
        if isinstance(function, ast.Name) and function.id in self._functions:
            return "system"
        return "value"

    def _expression(self, node: ast.expr, meant: Mapping[str, str]) -> None:
        if isinstance(node, ast.Call):
            self._call(node, meant)
            return
        if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Starred):
            raise self._fail(node, f"the expression {ast.unparse(node)}")
        if isinstance(node, ast.Attribute):
            self._attribute(node, meant)
        if isinstance(node, ast.Subscript) and self._means(node.value, meant) == "system.domains":
            self._owner(node, self._means(node.slice, meant))
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child, meant)

    def _attribute(self, node: ast.Attribute, meant: Mapping[str, str]) -> None:
        base = self._means(node.value, meant)
        if base == "system":
            if node.attr == "domains":
                raise self._fail(node, "all domains at once")
            if node.attr not in GLOBALS | RELATIONS:
                raise self._fail(node, f"the component {node.attr!r} of the state")
            self._found.reads.add(node.attr)
        elif base.startswith("state of "):
            owner = base.removeprefix("state of ")
            self._owner(node, owner)
            self._found.reads.add(f"{owner}.{node.attr}")

    def _owner(self, node: ast.AST, owner: str) -> None:
        if owner not in OWNERS:
            raise self._fail(node, f"the state of {owner}")

    def _call(self, node: ast.Call, meant: Mapping[str, str]) -> None:
        function = node.func
        values = [*node.args, *(one.value for one in node.keywords)]
        if isinstance(function, ast.Attribute) and function.attr == "_replace":
            self._replaced(node, function, meant)
        elif isinstance(function, ast.Name) and function.id == "_with_domain":
            owner = self._means(node.args[1], meant)
            self._owner(node, owner)
            self._written(node.args[2], owner, meant)
            self._expression(node.args[2], meant)
        elif isinstance(function, ast.Name) and function.id in self._functions:
            for one in values:
                self._expression(one, meant)
            self._into(function.id, node, meant)
        elif isinstance(function, ast.Name) and function.id == "Offer":
            self._pair(node, {one.value for one in node.keywords}, meant)
        else:
            raise self._fail(node, f"a call of {ast.unparse(function)}")

    def _written(self, node: ast.expr, owner: str, meant: Mapping[str, str]) -> None:
        """What of a domain is written: the components that its state is replaced by, or all of it through a name."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_replace":
            if self._means(node.func.value, meant) != f"state of {owner}":
                raise self._fail(node, f"the state of another in place of that of {owner}")
            self._found.writes.update(f"{owner}.{one.arg}" for one in node.keywords)
            return
        raise self._fail(node, f"the whole state {ast.unparse(node)}")

    def _replaced(self, node: ast.Call, function: ast.Attribute, meant: Mapping[str, str]) -> None:
        base = self._means(function.value, meant)
        for one in node.keywords:
            if base == "system":
                if one.arg not in GLOBALS | RELATIONS:
                    raise self._fail(node, f"a write of {one.arg!r}")
                self._found.writes.add(str(one.arg))
                if one.arg in RELATIONS:
                    self._related(one.value, meant)
                    continue
            elif not base.startswith("state of ") and base != "call":
                raise self._fail(node, f"a replacement within {ast.unparse(function.value)}")
            self._expression(one.value, meant)

    def _related(self, node: ast.expr, meant: Mapping[str, str]) -> None:
        """A set of pairs with one pair more or less: the set itself, and a literal of one pair or a name of one."""
        if not (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.Sub) and isinstance(node.right, ast.Set)
        ):
            raise self._fail(node, f"the relation {ast.unparse(node)}")
        self._expression(node.left, meant)
        for member in node.right.elts:
            if isinstance(member, ast.Tuple):
                self._pair(member, set(member.elts), meant)
            elif not isinstance(member, ast.Name):
                raise self._fail(member, f"the member {ast.unparse(member)}")

    def _pair(self, node: ast.AST, members: set[ast.expr], meant: Mapping[str, str]) -> None:
        for one in members:
            owner = self._means(one, meant)
            if owner not in OWNERS:
                raise self._fail(node, f"a pair with {owner}")

    def _into(self, name: str, node: ast.Call, meant: Mapping[str, str]) -> None:
        definition = self._functions[name]
        names = [one.arg for one in definition.args.args]
        given = dict(zip(names, (self._means(one, meant) for one in node.args), strict=False))
        given |= {str(one.arg): self._means(one.value, meant) for one in node.keywords}
        self.follow(name, {one: given.get(one, "value") for one in names})


def footprints(module: ModuleType = effects) -> Mapping[str, Footprint]:
    """What each step of the module reads and writes: the functions that take a system and a call.

    :raises NotLocal: one of them reads or writes what is not its own, or in a form that is not understood.
    """
    tree = ast.parse(inspect.getsource(module))
    functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    found: dict[str, Footprint] = {}
    for name, definition in functions.items():
        if [one.arg for one in definition.args.args] == ["system", "call"]:
            found[name] = Footprint()
            _Reader(module, functions, found[name]).follow(name, {"system": "system", "call": "call"})
    return found
