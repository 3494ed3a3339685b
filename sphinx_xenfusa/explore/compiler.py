"""From the source of rules to a :class:`~sphinx_xenfusa.explore.program.Program`; what is outside the subset is refused.

What the constants decide is decided here: loops are unrolled, conditions over constants chosen, functions marked ``inlined``
replaced by their bodies, tables of ``tabulated`` functions made.  What is left is bounded: every expression has an interval, and
where the interval does not prove that an assignment or an index stays in its bounds, a check is put in front of it.
"""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, NoReturn

from sphinx_xenfusa.explore.expressions import COMPUTE, as_number, comparison, compute, joined, negation
from sphinx_xenfusa.explore.language import (
    INLINED,
    Domain,
    Field,
    ModelError,
    Source,
    System,
    Tabulated,
    require,
    source_of,
)
from sphinx_xenfusa.explore.program import (
    Branch,
    Check,
    Choice,
    Compiled,
    Const,
    Element,
    Expr,
    Let,
    Load,
    Local,
    Logic,
    Lookup,
    Program,
    Require,
    Statement,
    Store,
)

LIMIT = 2**62
"""No value may get as large as this: every engine then counts in 64-bit words without overflow."""

_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_COMPARISON: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "==",
    ast.IsNot: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


@dataclass(frozen=True)
class Typed:
    """An expression that depends on the state, and the enumeration that its codes are of."""

    expression: Expr
    enumeration: type[Enum] | None = None


@dataclass(frozen=True)
class _TheState:
    """What the first parameter of a rule stands for."""


@dataclass(frozen=True)
class _Array:
    """An array of the state, before an index is applied to it."""

    field: Field


@dataclass
class _Scope:
    """The names of one function: what they stand for, and under which name they are kept at run time."""

    source: Source
    names: dict[str, Any]
    value_only: bool
    runtime: dict[str, str] = field(default_factory=dict)


def compile_system(system: System[Any, Any], changed: Mapping[Callable[..., Any], Source] | None = None) -> Program:
    """Compile all actions of a system.

    :param changed: other sources of functions, of rules or inlined ones: a mutant.
    :raises ModelError: a rule is outside the language.
    """
    branches: dict[str, int] = {}
    steps: list[Compiled] = []
    off = []
    for action in system.actions:
        compiler = Compiler(system, branches, changed or {})
        source = (changed or {}).get(action.rule.source.function, action.rule.source)
        body = compiler.rule(source, dict(action.arguments))
        if body is None:
            off.append(action)
        else:
            steps.append(Compiled(action, body))
    return Program(system.name, system.fields, tuple(steps), tuple(off), tuple(branches))


def compile_predicate(
    system: System[Any, Any], function: Callable[..., bool], changed: Mapping[Callable[..., Any], Source] | None = None
) -> Expr:
    """Compile a predicate of the state and the constants, written like a function marked ``inlined``.

    :raises ModelError: it is outside the language, can leave bounds, or gives no truth value.
    """
    compiler = Compiler(system, {}, changed or {})
    source = (changed or {}).get(function) or source_of(function)
    value = compiler.inline_value(source, [_TheState(), system.constants], source.tree)
    expression = compiler.expression(source, source.tree, value)
    if not expression.truth:
        compiler.refuse(source, source.tree, "a predicate that gives a number", "one that gives True or False")
    if compiler.body:
        compiler.refuse(source, source.tree, "an index that may lie outside", "one whose bounds fit the array")
    return expression


class _Off(Exception):
    """The constants disable the action."""


class Compiler:
    """Compiles one action, or one predicate.

    :param branches: the places of the conditions met so far, and their numbers.
    """

    def __init__(
        self, system: System[Any, Any], branches: dict[str, int], changed: Mapping[Callable[..., Any], Source]
    ) -> None:
        self.fields = {one.name: one for one in system.fields}
        self.constants = system.constants
        self.branches = branches
        self.changed = changed
        self.body: list[Statement] = []
        self.path: tuple[Expr, ...] = ()
        self.fresh = itertools.count()
        self.depth = 0

    # ---- statements ----

    def rule(self, source: Source, arguments: Mapping[str, object]) -> tuple[Statement, ...] | None:
        """The statements of a rule with its parameters fixed; ``None`` where the constants disable it."""
        names = [one.arg for one in source.tree.args.args]
        values = [_TheState(), self.constants, *arguments.values()]
        scope = _Scope(source, dict(zip(names, values, strict=True)), value_only=False)
        try:
            self.block(scope, source.tree.body)
        except _Off:
            return None
        return tuple(self.body)

    def block(self, scope: _Scope, statements: Sequence[ast.stmt]) -> None:
        """Compile statements one after the other."""
        for statement in statements:
            self.statement(scope, statement)

    def statement(self, scope: _Scope, node: ast.stmt) -> None:
        """Compile one statement."""
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=ast.Call() as call):
                self.called_for_effect(scope, call)
            case ast.Assign(targets=[target], value=value):
                self.assign(scope, target, self.value(scope, value))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(scope, target, self.value(scope, value))
            case ast.AugAssign(target=target, op=op, value=value):
                old = self.value(scope, target)
                self.assign(scope, target, self.arithmetic(scope, node, op, old, self.value(scope, value)))
            case ast.If():
                self.branch(scope, node)
            case ast.For(target=ast.Name(id=name), orelse=[]):
                for item in self.listed(scope, node.iter):
                    scope.names[name] = item
                    self.block(scope, node.body)
            case ast.Return(value=None):
                self.refuse(scope.source, node, "an early return", "conditions that go around what is not to be done")
            case _:
                self.refuse(
                    scope.source,
                    node,
                    type(node).__name__.lower(),
                    "require, an assignment, if, for over a constant range, or a call of an inlined function",
                )

    def called_for_effect(self, scope: _Scope, call: ast.Call) -> None:
        """A call that stands by itself: ``require``, or an inlined function without a value."""
        function = self.value(scope, call.func)
        if function is require:
            if len(call.args) != 1 or call.keywords:
                self.refuse(scope.source, call, "require with other than one argument", "one condition")
            for part in self.conjuncts(scope, call.args[0]):
                self.require(part)
        elif getattr(function, INLINED, False) and not scope.value_only:
            source = self.changed.get(function) or source_of(function)
            # Arguments are values of the state before the call, whatever the function then changes.
            given = {name: self.once(name, value) for name, value in self.bound(scope, call, source).items()}
            inner = _Scope(source, given, value_only=False)
            self.nested(scope, call, lambda: self.block(inner, source.tree.body))
        else:
            self.refuse(scope.source, call, f"a call of {ast.unparse(call.func)}", "require, or an inlined function")

    def once(self, name: str, value: object) -> object:
        """A value that does not change any more when the state does."""
        if not isinstance(value, Typed) or isinstance(value.expression, Const | Local):
            return value
        kept = f"{name}_{next(self.fresh)}"
        self.body.append(Let(kept, value.expression))
        return Typed(_local(kept, value.expression), value.enumeration)

    def conjuncts(self, scope: _Scope, node: ast.expr) -> list[Expr]:
        """The parts of a requirement, each with the checks that it needs in front of it."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            found: list[Expr] = []
            for value in node.values:
                found.extend(self.conjuncts(scope, value))
                # What follows is reached only where this holds: required at once, it needs no path.
                for part in found:
                    self.require(part)
                found = []
            return found
        return [self.truth(scope, node)]

    def require(self, test: Expr) -> None:
        """Put a requirement down; where it is constant, decide it."""
        if isinstance(test, Logic) and test.operator == "and":
            for part in test.parts:
                self.require(part)
        elif not isinstance(test, Const):
            self.body.append(Require(test))
        elif not test.value:
            if self.depth:
                self.body.append(Require(test))
            else:
                raise _Off

    def branch(self, scope: _Scope, node: ast.If) -> None:
        """An ``if``: one of its sides where the constants decide, both otherwise."""
        test = self.truth(scope, node.test)
        if isinstance(test, Const):
            self.block(scope, node.body if test.value else node.orelse)
            return
        number = self.branches.setdefault(scope.source.place(node.test), len(self.branches))
        assigned = _assigned(node.body) | _assigned(node.orelse)
        for name in sorted(assigned & scope.names.keys()):
            self.materialise(scope, node, name)
        outer, before = self.body, dict(scope.names)
        sides: list[tuple[tuple[Statement, ...], dict[str, Any]]] = []
        for name in sorted(assigned):
            scope.runtime.setdefault(name, f"{name}_{next(self.fresh)}")
        self.depth += 1
        for body in (node.body, node.orelse):
            self.body, scope.names = [], dict(before)
            self.block(scope, body)
            sides.append((tuple(self.body), scope.names))
        self.depth -= 1
        self.body, scope.names = outer, before
        then, other = sides
        self.body.append(Branch(test, then[0], other[0], number))
        for name in sorted(assigned):
            self.joined(scope, name, then[1].get(name), other[1].get(name))

    def materialise(self, scope: _Scope, node: ast.AST, name: str) -> None:
        """Keep a name at run time, because only one side of an ``if`` assigns to it."""
        value = scope.names[name]
        if isinstance(value, Typed) and isinstance(value.expression, Local) and name in scope.runtime:
            return
        kept = scope.runtime.setdefault(name, f"{name}_{next(self.fresh)}")
        typed = self.typed(scope.source, node, value)
        self.body.append(Let(kept, typed.expression))
        scope.names[name] = Typed(_local(kept, typed.expression), typed.enumeration)

    def joined(self, scope: _Scope, name: str, then: object, other: object) -> None:
        """What a name stands for after an ``if``: with the bounds of both sides, or for nothing where one does not assign."""
        if isinstance(then, Typed) and isinstance(other, Typed) and then.enumeration is other.enumeration:
            a, b = then.expression, other.expression
            if a.truth is b.truth and isinstance(a, Local):
                kept = Local(a.name, min(a.low, b.low), max(a.high, b.high), a.truth)
                scope.names[name] = Typed(kept, then.enumeration)
                return
        scope.names.pop(name, None)

    def assign(self, scope: _Scope, target: ast.expr, value: object) -> None:
        """Assign to a name, a field or an element."""
        if isinstance(target, ast.Name):
            self.assign_name(scope, target, value)
            return
        if scope.value_only:
            self.refuse(scope.source, target, "an assignment to the state", "a function that gives a value only")
        if isinstance(target, ast.Attribute) and isinstance(self.value(scope, target.value), _TheState):
            declared = self.declared(scope, target)
            if declared.length is not None:
                self.refuse(scope.source, target, "an assignment to a whole array", "assignments to its elements")
            self.store(scope, target, declared, Const(0), value)
        elif isinstance(target, ast.Subscript) and isinstance(found := self.value(scope, target.value), _Array):
            index = self.index(scope, target, found.field, self.value(scope, target.slice))
            self.store(scope, target, found.field, index, value)
        else:
            self.refuse(
                scope.source, target, f"an assignment to {ast.unparse(target)}", "a name, a field or an element"
            )

    def assign_name(self, scope: _Scope, target: ast.Name, value: object) -> None:
        """Assign to a name: kept at run time where it depends on the state, or where a side of an ``if`` is being compiled."""
        static = not isinstance(value, Typed)
        if scope.value_only or (static and target.id not in scope.runtime):
            scope.names[target.id] = value
            return
        typed = self.typed(scope.source, target, value)
        kept = scope.runtime.get(target.id) or f"{target.id}_{next(self.fresh)}"
        self.body.append(Let(kept, typed.expression))
        scope.names[target.id] = Typed(_local(kept, typed.expression), typed.enumeration)

    def store(self, scope: _Scope, node: ast.AST, declared: Field, index: Expr, value: object) -> None:
        """Assign to a field or an element, checked where the interval does not prove that the value is inside."""
        typed = self.typed(scope.source, node, value)
        domain = declared.domain
        self.same_kind(scope, node, typed, Typed(_any(domain), domain.enumeration))
        found = typed.expression
        if found.low < domain.low or found.high > domain.high:
            inside = self.between(found, domain.low, domain.high)
            text = f"{declared.name} = a number from {found.low} to {found.high}"
            self.check(scope, node, inside, text, str(domain))
        self.body.append(Store(declared.name, index, found))

    # ---- values: Typed where they depend on the state, plain Python objects otherwise ----

    def value(self, scope: _Scope, node: ast.expr) -> Any:
        """What an expression stands for."""
        compile_one = self._KINDS.get(type(node))
        if compile_one is None:
            self.refuse(
                scope.source,
                node,
                type(node).__name__.lower(),
                "names, fields, elements, arithmetic, comparisons, and, or, not, a conditional expression, or a call",
            )
        return compile_one(self, scope, node)

    def _constant(self, scope: _Scope, node: ast.Constant) -> object:
        return node.value

    def _name(self, scope: _Scope, node: ast.Name) -> object:
        if node.id in scope.names:
            return scope.names[node.id]
        try:
            return scope.source.resolve(node.id)
        except KeyError:
            self.refuse(scope.source, node, f"the name {node.id}", "one that is assigned on every way that leads here")

    def _attribute(self, scope: _Scope, node: ast.Attribute) -> object:
        base = self.value(scope, node.value)
        if isinstance(base, _TheState):
            declared = self.declared(scope, node)
            return _Array(declared) if declared.length is not None else self.loaded(declared, 0)
        if isinstance(base, Typed | _Array) or node.attr.startswith("_") or not hasattr(base, node.attr):
            self.refuse(
                scope.source, node, ast.unparse(node), "a field of the state, a constant, or an enumeration's member"
            )
        return getattr(base, node.attr)

    def _subscript(self, scope: _Scope, node: ast.Subscript) -> object:
        base, index = self.value(scope, node.value), self.value(scope, node.slice)
        if isinstance(base, _Array):
            return self.element(scope, node, base.field, index)
        if isinstance(base, tuple | list | range | dict) and not isinstance(index, Typed):
            try:
                return base[index]
            except (LookupError, TypeError):
                self.refuse(scope.source, node, f"the index {index!r}", "one that the constant has")
        if isinstance(base, tuple | list) and base:
            values = [self.typed(scope.source, node, item) for item in base]
            if all(isinstance(item.expression, Const) for item in values):
                return self.looked_up(scope, node, values, self.number(scope, node, index))
        return self.refuse(
            scope.source, node, ast.unparse(node), "an element of an array of the state, or of a constant tuple"
        )

    def _tuple(self, scope: _Scope, node: ast.Tuple | ast.List) -> tuple[object, ...]:
        return tuple(self.value(scope, item) for item in node.elts)

    def _unary(self, scope: _Scope, node: ast.UnaryOp) -> object:
        if isinstance(node.op, ast.Not):
            return self.plain(negation(self.truth(scope, node.operand)))
        if isinstance(node.op, ast.USub):
            return self.arithmetic(scope, node, ast.Sub(), 0, self.value(scope, node.operand))
        return self.refuse(scope.source, node, ast.unparse(node), "not, or a minus sign")

    def _binary(self, scope: _Scope, node: ast.BinOp) -> object:
        return self.arithmetic(scope, node, node.op, self.value(scope, node.left), self.value(scope, node.right))

    def _boolean(self, scope: _Scope, node: ast.BoolOp) -> object:
        conjunction = isinstance(node.op, ast.And)
        found: list[Expr] = []
        path = self.path
        for value in node.values:
            part = self.truth(scope, value)
            found.append(part)
            if isinstance(part, Const) and bool(part.value) is not conjunction:
                break
            # What follows is evaluated only where this does not decide already.
            self.path = (*self.path, part if conjunction else negation(part))
        self.path = path
        return self.plain(joined("and" if conjunction else "or", found))

    def _compare(self, scope: _Scope, node: ast.Compare) -> object:
        values = [self.value(scope, one) for one in (node.left, *node.comparators)]
        pairs = zip(node.ops, values[:-1], values[1:], strict=True)
        return self.plain(joined("and", [self.compared(scope, node, op, left, right) for op, left, right in pairs]))

    def compared(self, scope: _Scope, node: ast.AST, op: ast.cmpop, left: object, right: object) -> Expr:
        """One comparison."""
        if isinstance(op, ast.In | ast.NotIn):
            items = self.members(scope, node, right)
            found = joined("or", [self.compared(scope, node, ast.Eq(), left, item) for item in items])
            return found if isinstance(op, ast.In) else negation(found)
        if not isinstance(left, Typed) and not isinstance(right, Typed):
            return Const(int(bool(COMPUTE[_COMPARISON[type(op)]](left, right))), truth=True)
        one, two = self.typed(scope.source, node, left), self.typed(scope.source, node, right)
        self.same_kind(scope, node, one, two)
        sign = _COMPARISON[type(op)]
        if (one.enumeration or one.expression.truth) and sign not in {"==", "!="}:
            self.refuse(scope.source, node, "an order of members or truth values", "== or !=")
        return comparison(sign, one.expression, two.expression)

    def members(self, scope: _Scope, node: ast.AST, among: object) -> list[object]:
        """What the right side of ``in`` holds."""
        if isinstance(among, frozenset | set):
            return sorted(among, key=_order)
        if isinstance(among, tuple | list | range) or (isinstance(among, type) and issubclass(among, Enum)):
            return list(among)
        return self.refuse(scope.source, node, "a test of membership", "a constant tuple, range or set on the right")

    def _conditional(self, scope: _Scope, node: ast.IfExp) -> object:
        test = self.truth(scope, node.test)
        if isinstance(test, Const):
            return self.value(scope, node.body if test.value else node.orelse)
        path = self.path
        self.path = (*path, test)
        then = self.typed(scope.source, node.body, self.value(scope, node.body))
        self.path = (*path, negation(test))
        other = self.typed(scope.source, node.orelse, self.value(scope, node.orelse))
        self.path = path
        self.same_kind(scope, node, then, other)
        a, b = then.expression, other.expression
        return Typed(Choice(test, a, b, min(a.low, b.low), max(a.high, b.high), a.truth), then.enumeration)

    def _call(self, scope: _Scope, node: ast.Call) -> object:
        function = self.value(scope, node.func)
        if isinstance(function, Tabulated):
            arguments = list(self.bound(scope, node, source_of(function.function)).values())
            return self.tabulated(scope, node, function, arguments)
        if getattr(function, INLINED, False):
            source = self.changed.get(function) or source_of(function)
            arguments = list(self.bound(scope, node, source).values())
            return self.nested(scope, node, lambda: self.inline_value(source, arguments, node))
        name = next((name for name, builtin in _BUILTINS.items() if builtin is function), None)
        if name is not None and not node.keywords:
            return self.builtin(scope, node, name)
        if getattr(function, "__self__", None) is self.constants and function is not None:
            arguments = [self.value(scope, argument) for argument in node.args]
            if not any(isinstance(argument, Typed) for argument in arguments):
                return function(*arguments)
        return self.refuse(
            scope.source,
            node,
            f"a call of {ast.unparse(node.func)}",
            f"one of {', '.join(_BUILTINS)}, or a function marked inlined or tabulated",
        )

    def builtin(self, scope: _Scope, node: ast.Call, name: str) -> object:
        """A call of one of the few functions of Python that have a meaning here."""
        if name in {"range", "len", "bool", "int"}:
            arguments = [self.value(scope, argument) for argument in node.args]
            if name == "len" and len(arguments) == 1 and isinstance(arguments[0], _Array):
                return arguments[0].field.length
            if name == "int" and len(arguments) == 1 and isinstance(arguments[0], Typed):
                return Typed(self.number(scope, node, arguments[0]))
            if any(isinstance(argument, Typed | _Array) for argument in arguments):
                self.refuse(scope.source, node, f"{name} of something that depends on the state", "constants")
            return _BUILTINS[name](*arguments)
        items = self.items(scope, node)
        if name in {"any", "all"}:
            joining = "or" if name == "any" else "and"
            return self.plain(joined(joining, [self.as_truth(scope, node, item) for item in items]))
        if name == "sum":
            start: object = 0
            return functools.reduce(lambda a, b: self.arithmetic(scope, node, ast.Add(), a, b), items, start)
        return functools.reduce(lambda a, b: self.computed(scope, node, name, a, b), items)

    def items(self, scope: _Scope, node: ast.Call) -> list[object]:
        """The values that any, all, sum, min or max run over."""
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp | ast.ListComp):
            comprehension = node.args[0]
            found: list[object] = []
            names = dict(scope.names)
            self.generated(scope, comprehension.elt, comprehension.generators, found)
            scope.names = names
            return found
        values = [self.value(scope, argument) for argument in node.args]
        if len(values) == 1 and isinstance(values[0], _Array):
            declared = values[0].field
            return [self.loaded(declared, i) for i in range(declared.length or 0)]
        return list(values[0]) if len(values) == 1 and isinstance(values[0], tuple | list | range) else values

    def generated(
        self, scope: _Scope, elt: ast.expr, generators: Sequence[ast.comprehension], found: list[object]
    ) -> None:
        """The values of a comprehension over constant ranges."""
        if not generators:
            found.append(self.value(scope, elt))
            return
        first, *rest = generators
        for item in self.listed(scope, first.iter):
            if not isinstance(first.target, ast.Name):
                self.refuse(scope.source, first.target, "several targets", "one name")
            scope.names[first.target.id] = item
            if all(self.decided(scope, test) for test in first.ifs):
                self.generated(scope, elt, rest, found)

    def decided(self, scope: _Scope, test: ast.expr) -> bool:
        """A condition that the constants decide."""
        found = self.truth(scope, test)
        if not isinstance(found, Const):
            self.refuse(scope.source, test, "a condition on the state", "one on constants, or `and` in front")
        return bool(found.value)

    def listed(self, scope: _Scope, node: ast.expr) -> list[object]:
        """The values of a constant range, tuple or enumeration."""
        values = self.value(scope, node)
        if isinstance(values, range | tuple | list) or (isinstance(values, type) and issubclass(values, Enum)):
            return list(values)
        return self.refuse(scope.source, node, ast.unparse(node), "a constant range, tuple or enumeration")

    def tabulated(self, scope: _Scope, node: ast.AST, function: Tabulated, arguments: Sequence[object]) -> object:
        """A call of a tabulated function: a place in its table."""
        if not any(isinstance(argument, Typed) for argument in arguments):
            return function(*arguments)
        index: object = 0
        for (name, domain), argument in zip(function.arguments, arguments, strict=True):
            typed = self.typed(scope.source, node, argument)
            self.same_kind(scope, node, typed, Typed(_any(domain), domain.enumeration))
            number = self.inside(scope, node, as_number(typed.expression), domain.low, domain.high, name)
            scaled = self.computed(scope, node, "*", self.plain(Const(domain.size)), index)
            shifted = self.computed(scope, node, "-", Typed(number), domain.low)
            index = self.computed(scope, node, "+", scaled, shifted)
        values = [self.typed(scope.source, node, value) for value in _table(function)]
        return self.looked_up(scope, node, values, self.number(scope, node, index))

    def looked_up(self, scope: _Scope, node: ast.AST, values: Sequence[Typed], index: Expr) -> Typed:
        """An entry of a table of constants."""
        for one in values:
            self.same_kind(scope, node, one, values[0])
        table = tuple(one.expression.low for one in values)
        index = self.inside(scope, node, index, 0, len(table) - 1, "the index")
        truth = values[0].expression.truth
        return Typed(Lookup(table, index, min(table), max(table), truth), values[0].enumeration)

    def nested(self, scope: _Scope, node: ast.AST, inner: Callable[[], Any]) -> Any:
        """Compile the body of an inlined function in its place."""
        if self.calls > 40:
            self.refuse(scope.source, node, "inlined functions that call one another without end", "no recursion")
        self.calls += 1
        try:
            return inner()
        finally:
            self.calls -= 1

    def inline_value(self, source: Source, arguments: Sequence[object], node: ast.AST) -> object:
        """The value of an inlined function for given arguments."""
        names = [one.arg for one in source.tree.args.args]
        if len(names) != len(arguments):
            self.refuse(source, source.tree, f"{len(arguments)} arguments", f"{len(names)}")
        scope = _Scope(source, dict(zip(names, arguments, strict=True)), value_only=True)
        *before, last = source.tree.body
        for statement in before:
            if isinstance(statement, ast.If | ast.For) or (
                isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant)
            ):
                self.refuse(
                    source, statement, type(statement).__name__.lower(), "assignments to names, then one return"
                )
            self.statement(scope, statement)
        if not isinstance(last, ast.Return) or last.value is None:
            self.refuse(source, last, "no value", "a return at the end")
        return self.value(scope, last.value)

    def bound(self, scope: _Scope, call: ast.Call, source: Source) -> dict[str, Any]:
        """The arguments of a call by the names of the parameters, in their order."""
        names = [one.arg for one in source.tree.args.args]
        given: dict[str, Any] = dict(zip(names, (self.value(scope, one) for one in call.args), strict=False))
        for keyword in call.keywords:
            if keyword.arg is not None:
                given[keyword.arg] = self.value(scope, keyword.value)
        if len(call.args) + len(call.keywords) != len(names) or set(given) != set(names):
            self.refuse(scope.source, call, ast.unparse(call), f"the arguments {', '.join(names)}, each once")
        return {name: given[name] for name in names}

    # ---- fields ----

    def declared(self, scope: _Scope, node: ast.Attribute) -> Field:
        """The field that is named."""
        if node.attr not in self.fields:
            self.refuse(scope.source, node, f"no field {node.attr}", f"one of {', '.join(self.fields)}")
        return self.fields[node.attr]

    def loaded(self, declared: Field, element: int) -> Typed:
        """The value of a field, or of a fixed element."""
        domain = declared.domain
        if domain.size == 1:
            return Typed(Const(domain.low, domain.truth), domain.enumeration)
        return Typed(Load(declared.name, element, domain.low, domain.high, domain.truth), domain.enumeration)

    def element(self, scope: _Scope, node: ast.AST, declared: Field, index: object) -> Typed:
        """The value of an element."""
        place = self.index(scope, node, declared, index)
        if isinstance(place, Const):
            return self.loaded(declared, place.value)
        domain = declared.domain
        return Typed(Element(declared.name, place, domain.low, domain.high, domain.truth), domain.enumeration)

    def index(self, scope: _Scope, node: ast.AST, declared: Field, index: object) -> Expr:
        """An index of an array, kept inside."""
        found = self.number(scope, node, index)
        return self.inside(scope, node, found, 0, (declared.length or 1) - 1, f"the index of {declared.name}")

    def inside(self, scope: _Scope, node: ast.AST, found: Expr, low: int, high: int, what: str) -> Expr:
        """A number that lies within bounds: checked, and cut off so that nothing else can happen, where that is not proven."""
        if low <= found.low and found.high <= high:
            return found
        if isinstance(found, Const):
            test: Expr = Const(0, truth=True)
        else:
            test = self.between(found, low, high)
        text = f"{what}, a number from {found.low} to {found.high}"
        self.check(scope, node, test, text, f"a number from {low} to {high}")
        return compute("min", compute("max", found, Const(low)), Const(high))

    def between(self, found: Expr, low: int, high: int) -> Expr:
        """Whether a number lies within bounds."""
        return joined("and", [comparison(">=", found, Const(low)), comparison("<=", found, Const(high))])

    def check(self, scope: _Scope, node: ast.AST, test: Expr, found: str, expected: str) -> None:
        """Put a check down: it has to hold where evaluation gets there."""
        reached = joined("or", [*(negation(part) for part in self.path), test])
        if isinstance(reached, Const) and reached.value:
            return
        self.body.append(Check(reached, scope.source.place(node), found, expected))

    # ---- kinds ----

    def typed(self, source: Source, node: ast.AST, value: object) -> Typed:
        """A value as an expression."""
        if isinstance(value, Typed):
            return value
        if isinstance(value, Enum):
            return Typed(Const(list(type(value)).index(value)), type(value))
        if isinstance(value, bool):
            return Typed(Const(int(value), truth=True))
        if isinstance(value, int):
            return Typed(Const(value))
        return self.refuse(source, node, repr(value)[:80], "a number, a truth value or a member of an enumeration")

    def expression(self, source: Source, node: ast.AST, value: object) -> Expr:
        """The expression of a value."""
        return self.typed(source, node, value).expression

    def plain(self, expression: Expr) -> object:
        """A constant expression as the Python value that it is."""
        if isinstance(expression, Const):
            return bool(expression.value) if expression.truth else expression.value
        return Typed(expression)

    def truth(self, scope: _Scope, node: ast.expr) -> Expr:
        """An expression that gives a truth value."""
        return self.as_truth(scope, node, self.value(scope, node))

    def as_truth(self, scope: _Scope, node: ast.AST, value: object) -> Expr:
        """The same for a value."""
        expression = self.typed(scope.source, node, value).expression
        if not expression.truth:
            self.refuse(scope.source, node, "a number as a condition", "a comparison, such as != 0")
        return expression

    def number(self, scope: _Scope, node: ast.AST, value: object) -> Expr:
        """The expression of a number; a truth value counts 0 or 1."""
        typed = self.typed(scope.source, node, value)
        if typed.enumeration is not None:
            self.refuse(scope.source, node, f"a member of {typed.enumeration.__name__}", "a number")
        return as_number(typed.expression)

    def same_kind(self, scope: _Scope, node: ast.AST, one: Typed, two: Typed) -> None:
        """Both are numbers, or truth values, or members of the same enumeration."""
        if one.enumeration is not two.enumeration or one.expression.truth is not two.expression.truth:
            self.refuse(scope.source, node, f"{_kind(one)} and {_kind(two)}", "two of one kind")

    def arithmetic(self, scope: _Scope, node: ast.AST, op: ast.operator, left: object, right: object) -> object:
        """An arithmetic operator, of Python's syntax."""
        sign = _ARITHMETIC.get(type(op))
        if sign is None:
            self.refuse(scope.source, node, f"the operator {type(op).__name__}", "one of + - * // % & | ^ << >>")
        return self.computed(scope, node, sign, left, right)

    def computed(self, scope: _Scope, node: ast.AST, sign: str, left: object, right: object) -> object:
        """An operator on two values."""
        a, b = self.number(scope, node, left), self.number(scope, node, right)
        if sign in {"//", "%"} and b.low < 1:
            self.refuse(scope.source, node, "a divisor that can be 0 or negative", "one that is at least 1")
        if sign in {"&", "|", "^", "<<", ">>"} and min(a.low, b.low) < 0:
            self.refuse(scope.source, node, f"{sign} on a number that can be negative", "numbers from 0")
        if sign in {"<<", ">>"} and b.high > 62:
            self.refuse(scope.source, node, f"a shift by up to {b.high}", "a shift by at most 62")
        found = compute(sign, a, b)
        if max(abs(found.low), abs(found.high)) >= LIMIT:
            self.refuse(scope.source, node, f"a number up to {found.high}", f"numbers below {LIMIT}")
        return self.plain(found)

    def refuse(self, source: Source, node: ast.AST, found: str, expected: str) -> NoReturn:
        """Refuse what is outside the language.

        :raises ModelError: always.
        """
        raise ModelError(source.place(node), found, expected)

    calls = 0
    """How deep inlined functions are nested."""

    _KINDS: ClassVar[dict[type[ast.expr], Callable[[Compiler, _Scope, Any], Any]]] = {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: _subscript,
        ast.Tuple: _tuple,
        ast.List: _tuple,
        ast.UnaryOp: _unary,
        ast.BinOp: _binary,
        ast.BoolOp: _boolean,
        ast.Compare: _compare,
        ast.IfExp: _conditional,
        ast.Call: _call,
    }


_BUILTINS: dict[str, Any] = {
    "any": any,
    "all": all,
    "sum": sum,
    "min": min,
    "max": max,
    "range": range,
    "len": len,
    "bool": bool,
    "int": int,
}


def _assigned(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """The names to which statements assign."""
    nodes = (node for statement in statements for node in ast.walk(statement))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def _local(name: str, value: Expr) -> Local:
    return Local(name, value.low, value.high, value.truth)


def _any(domain: Domain) -> Expr:
    """Something that has the kind of a domain."""
    return Local("", domain.low, domain.high, domain.truth)


def _kind(typed: Typed) -> str:
    if typed.enumeration is not None:
        return f"a member of {typed.enumeration.__name__}"
    return "a truth value" if typed.expression.truth else "a number"


def _order(value: object) -> tuple[str, str]:
    return type(value).__name__, f"{value:020d}" if isinstance(value, int) else str(value)


@functools.cache
def _table(function: Tabulated) -> tuple[Any, ...]:
    return function.table()
