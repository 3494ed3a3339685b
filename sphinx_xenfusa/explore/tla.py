"""A compiled system as a TLA+ module and a configuration for TLC.

The text has not been run here: TLC is not among the tools that this project can install.  Its meaning is checked as far as a
small evaluator of the same subset of TLA+ goes (``tests/explore/tla_reader.py``), which is ours.

Each step is an action, named after the rule and its parameters.  What a rule assigns on the way is a definition under ``LET``,
evaluated only where it is looked at; what it requires is a conjunct, wherever in the rule it stands.  Division and remainder of
TLA+ round down as the rules do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from sphinx_xenfusa.explore.engine import Watch
from sphinx_xenfusa.explore.hoisting import without_unused
from sphinx_xenfusa.explore.language import Domain, Field
from sphinx_xenfusa.explore.naming import Names, comment_text
from sphinx_xenfusa.explore.program import (
    COMPARISONS,
    Binary,
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
    Not,
    Program,
    Require,
    Statement,
    Store,
)

_WORDS = """
ASSUME ASSUMPTION AXIOM BOOLEAN CASE CHOOSE CONSTANT CONSTANTS DOMAIN ELSE ENABLED EXCEPT EXTENDS FALSE IF IN INSTANCE LET LOCAL
MODULE OTHER RECURSIVE SF_ STRING SUBSET THEN THEOREM TRUE UNCHANGED UNION VARIABLE VARIABLES WF_ WITH
Int Nat Assert Print PrintT JavaTime Any ToString SortSeq TLCGet TLCSet TLCEval Permutations RandomElement
Init Next Spec TypeOK vars Min Max BitAnd BitOr BitXor a b i
"""
"""Words of TLA+, names of the modules that the text extends, and those of our text."""

_HEAD = r"""
\* {title}: {count} actions, and all values of the variables.
\* Written out by `xenfusa model export` from the rules of sphinx_xenfusa; do not edit.
\*
\* THIS TEXT HAS NOT BEEN RUN WITH TLC by the project that wrote it: TLC was not to be had there.
\* With TLC:  java -cp tla2tools.jar tlc2.TLC -config {module}.cfg {module}.tla
\* "distinct states found" has to be the number that the page about it says.
""".strip("\n")

_OPERATORS = {
    "min": "Min(a, b) == IF a < b THEN a ELSE b",
    "max": "Max(a, b) == IF a < b THEN b ELSE a",
    "&": "RECURSIVE BitAnd(_, _)\n"
    "BitAnd(a, b) == IF a = 0 THEN 0 ELSE 2 * BitAnd(a \\div 2, b \\div 2) + (a % 2) * (b % 2)",
    "|": "RECURSIVE BitOr(_, _)\n"
    "BitOr(a, b) == IF a + b = 0 THEN 0 ELSE 2 * BitOr(a \\div 2, b \\div 2) + Max(a % 2, b % 2)",
    "^": "RECURSIVE BitXor(_, _)\n"
    "BitXor(a, b) == IF a + b = 0 THEN 0 ELSE 2 * BitXor(a \\div 2, b \\div 2) + ((a + b) % 2)",
}
_CALLED = {"min": "Min", "max": "Max", "&": "BitAnd", "|": "BitOr", "^": "BitXor"}
_INFIX = {"==": "=", "!=": "#", "//": "\\div"}


@dataclass(frozen=True)
class TlaText:
    """What TLC needs.

    :param module: the module's name: the file has to be called so, with ``.tla`` behind it.
    :param text: the module.
    :param configuration: the text of the file with ``.cfg`` behind the name.
    """

    module: str
    text: str
    configuration: str


def tla(program: Program, module: str, watches: Sequence[Watch] = ()) -> TlaText:
    """The module and its configuration.

    :param module: what the module is to be called.
    :param watches: predicates: each is defined by name, and its opposite is an invariant that the configuration can ask for.
    """
    name = Names().fresh(module)
    writer = _Writer(program, name)
    actions = [line for one in program.steps for line in (*writer.action(one), "")]
    kinds = [line for watch in watches for line in writer.kind(watch)]
    fields = [writer.names.of("field", one.name) for one in program.fields]
    bounds = [f"  /\\ {writer.variable(one)} \\in {_set(one)}" for one in program.fields]
    initial = [f"  /\\ {writer.variable(one)} = {writer.initial(one)}" for one in program.fields]
    steps = [f"  \\/ {one}" for one in writer.actions] or ["  FALSE"]
    lines = [
        f"---- MODULE {name} ----",
        _HEAD.format(title=comment_text(program.name), count=len(program.steps), module=name),
        "EXTENDS Integers, TLC",
        "",
        f"VARIABLES {', '.join(fields)}",
        f"vars == <<{', '.join(fields)}>>",
        "",
        *writer.definitions(),
        "",
        "TypeOK ==",
        *bounds,
        "",
        "Init ==",
        *initial,
        "",
        *actions,
        "Next ==",
        *steps,
        "",
        "Spec == Init /\\ [][Next]_vars",
        "",
        *kinds,
        "====",
    ]
    wanted = [
        "SPECIFICATION Spec",
        "INVARIANT TypeOK",
        "CHECK_DEADLOCK FALSE",
        *(f"\\* INVARIANT never_{writer.names.of('watch', watch.name)[3:]}" for watch in watches),
    ]
    return TlaText(name, "\n".join(lines) + "\n", "\n".join(wanted) + "\n")


@dataclass
class _Scope:
    """What names stand for at one place of a step.

    :param fields: for each field that was assigned, the text of its present value.
    :param locals: the same for names of the step's own.
    :param path: the conditions that lead here.
    """

    fields: dict[str, str] = field(default_factory=dict)
    locals: dict[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()

    def copy(self, *path: str) -> _Scope:
        return _Scope(dict(self.fields), dict(self.locals), (*self.path, *path))


@dataclass
class _Lines:
    """The parts of a step in their order: definitions, and conjuncts, which have no name."""

    names: Names
    parts: list[tuple[str, str]] = field(default_factory=list)

    def define(self, wanted: str, text: str) -> str:
        """Give a text a name."""
        name = self.names.fresh(f"{wanted}_1")
        self.parts.append((name, text))
        return name

    def conjunct(self, text: str) -> None:
        """What has to hold."""
        self.parts.append(("", text))

    def shown(self) -> Iterator[str]:
        """The lines: definitions that are used once stand where they are used, those that are not used nowhere."""
        indent, defining = "  ", False
        for name, text in _inlined(self.parts):
            if not name and defining:
                yield f"{indent}IN"
                defining = False
            if not name:
                yield f"{indent}/\\ {_bare(text)}"
            elif defining:
                yield f"{indent}    {name} == {text}"
            else:
                yield f"{indent}/\\ LET {name} == {text}"
                indent, defining = f"{indent}   ", True


def _inlined(parts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    left = list(parts)
    place = 0
    while place < len(left):
        name, text = left[place]
        word = re.compile(rf"\b{re.escape(name)}\b")
        used = sum(len(word.findall(other)) for _, other in left[place + 1 :]) if name else 2
        if used > 1:
            place += 1
            continue
        del left[place]
        left[place:] = [(other, text.join(word.split(told))) for other, told in left[place:]]
    return left


@dataclass
class _Writer:
    program: Program
    module: str
    actions: list[str] = field(default_factory=list)
    tables: list[tuple[tuple[int, ...], bool]] = field(default_factory=list)
    helped: set[str] = field(default_factory=set)
    known: dict[str, tuple[Enum, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = Names([*_WORDS.split(), self.module])
        self.fields = {one.name: one for one in self.program.fields}
        for one in self.program.fields:
            self.names.of("field", one.name)
        self.members = {
            one.domain.members: [
                self.names.of(one.domain.enumeration, member.name, f"{type(member).__name__}_{member.name}")
                for member in one.domain.members
            ]
            for one in self.program.fields
            if one.domain.members
        }

    # ---- definitions ----

    def variable(self, one: Field) -> str:
        """The variable of a field."""
        return self.names.of("field", one.name)

    def initial(self, one: Field) -> str:
        """The initial value of a field."""
        values = [self.constant(one.domain.number(value), one.domain) for value in one.initial]
        if one.length is None:
            return values[0]
        each = values[0] if len(set(values)) == 1 else f"<<{', '.join(values)}>>[i + 1]"
        return f"[i \\in 0..{one.length - 1} |-> {each}]"

    def constant(self, number: int, domain: Domain) -> str:
        """A value of a field."""
        if domain.members:
            return self.members[domain.members][number]
        return _number(number, domain.truth)

    def definitions(self) -> Iterator[str]:
        """Members of enumerations by name, operators, tables."""
        for names in self.members.values():
            yield from (f"{name} == {code}" for code, name in enumerate(names))
        helped = self.helped | ({"max"} if "|" in self.helped else set())
        yield from (text for sign, text in _OPERATORS.items() if sign in helped)
        for number, (table, truth) in enumerate(self.tables):
            yield f"table_{number} == <<{', '.join(_number(one, truth) for one in table)}>>"

    def kind(self, watch: Watch) -> Iterator[str]:
        """A predicate by name, and that it never holds."""
        name = self.names.of("watch", watch.name, f"is_{watch.name}")
        yield f"{name} == {self.text(watch.test, _Scope())}"
        yield f"never_{name[3:]} == ~{name}"

    # ---- steps ----

    def action(self, one: Compiled) -> Iterator[str]:
        """The lines of one action."""
        rule = one.action.rule
        values = "_".join(str(value.name if isinstance(value, Enum) else value) for _, value in one.action.arguments)
        name = self.names.fresh(f"{rule.name}_{values}".replace("-", "minus_"))
        self.actions.append(name)
        lines, scope = _Lines(self.names.copy()), _Scope()
        self.statements(without_unused(one.body), lines, scope)
        for declared in self.program.fields:
            if declared.name in scope.fields:
                lines.conjunct(f"{self.variable(declared)}' = {scope.fields[declared.name]}")
        rest = [self.variable(declared) for declared in self.program.fields if declared.name not in scope.fields]
        if rest:
            lines.conjunct(f"UNCHANGED <<{', '.join(rest)}>>")
        yield f"\\* {comment_text(f'{rule.party}: {one.action} [{rule.clause}]')}"
        yield f"{name} =="
        yield from lines.shown()

    def statements(self, body: Sequence[Statement], lines: _Lines, scope: _Scope) -> None:
        """What statements require and assign."""
        for one in body:
            match one:
                case Require(test=test):
                    lines.conjunct(_where(scope, self.text(test, scope)))
                case Check(test=test):
                    told = (
                        comment_text(f"found {one.found}; expected {one.expected}").replace("\\", "").replace('"', "")
                    )
                    lines.conjunct(f'Assert({_where(scope, self.text(test, scope))}, "{told}")')
                case Let(name=name, value=value):
                    members = self.enumeration(value)
                    self.known[name] = members
                    scope.locals[name] = lines.define(name, self.text(value, scope, members))
                case Store():
                    self.store(one, lines, scope)
                case Branch():
                    self.branch(one, lines, scope)

    def store(self, one: Store, lines: _Lines, scope: _Scope) -> None:
        """An assignment to a field or an element."""
        declared = self.fields[one.field]
        value = self.text(one.value, scope, declared.domain.members)
        if declared.length is not None:
            old = scope.fields.get(one.field, self.variable(declared))
            value = f"[{old} EXCEPT ![{self.text(one.index, scope)}] = {value}]"
        scope.fields[one.field] = lines.define(one.field, value)

    def branch(self, one: Branch, lines: _Lines, scope: _Scope) -> None:
        """Both sides, and for each name the value of the side that is taken."""
        test = lines.define("taken", self.text(one.test, scope))
        then, other = scope.copy(test), scope.copy(f"~{test}")
        self.statements(one.then, lines, then)
        self.statements(one.other, lines, other)
        for name in [name for name in self.fields if name in then.fields or name in other.fields]:
            old = self.variable(self.fields[name])
            a, b = then.fields.get(name, old), other.fields.get(name, old)
            scope.fields[name] = a if a == b else lines.define(name, f"(IF {test} THEN {a} ELSE {b})")
        for name in sorted(then.locals.keys() & other.locals.keys()):
            a, b = then.locals[name], other.locals[name]
            scope.locals[name] = a if a == b else lines.define(name, f"(IF {test} THEN {a} ELSE {b})")

    # ---- expressions ----

    def enumeration(self, expression: Expr) -> tuple[Enum, ...]:
        """The members that the codes of an expression stand for, where that is known."""
        match expression:
            case Load(field=name) | Element(field=name):
                return self.fields[name].domain.members
            case Local(name=name):
                return self.known.get(name, ())
            case Choice(then=then, other=other):
                return self.enumeration(then) or self.enumeration(other)
            case _:
                return ()

    def text(self, expression: Expr, scope: _Scope, members: tuple[Enum, ...] = ()) -> str:
        """The text of an expression, in parentheses where it is made of several."""
        match expression:
            case Const(value=value, truth=truth):
                return self.members[members][value] if members in self.members else _number(value, truth)
            case Load(field=name, element=element):
                held = scope.fields.get(name, self.names.of("field", name))
                return held if self.fields[name].length is None else f"{held}[{element}]"
            case Element(field=name, index=index):
                held = scope.fields.get(name, self.names.of("field", name))
                return f"{held}[{self.text(index, scope)}]"
            case Local(name=name):
                return scope.locals[name]
            case Not(of=of):
                return f"~{self.text(of, scope)}"
            case Logic(operator=sign, parts=inner):
                joint = " /\\ " if sign == "and" else " \\/ "
                return f"({joint.join(self.text(part, scope) for part in inner)})"
            case Binary():
                return self.binary(expression, scope)
            case Choice(test=test, then=then, other=other):
                texts = (self.text(test, scope), self.text(then, scope, members), self.text(other, scope, members))
                return "(IF {} THEN {} ELSE {})".format(*texts)
            case Lookup(table=table, index=index, truth=truth):
                if (table, truth) not in self.tables:
                    self.tables.append((table, truth))
                return f"table_{self.tables.index((table, truth))}[{self.text(index, scope)} + 1]"

    def binary(self, expression: Binary, scope: _Scope) -> str:
        """Two operands."""
        sign, a, b = expression.operator, expression.left, expression.right
        members = (self.enumeration(a) or self.enumeration(b)) if sign in COMPARISONS else ()
        left, right = self.text(a, scope, members), self.text(b, scope, members)
        if sign in _CALLED:
            self.helped.add(sign)
            return f"{_CALLED[sign]}({left}, {right})"
        if sign in {"<<", ">>"}:
            return f"({left} {'*' if sign == '<<' else _INFIX['//']} 2^{right})"
        return f"({left} {_INFIX.get(sign, sign)} {right})"


def _bare(text: str) -> str:
    """A comparison without parentheses around it."""
    inner = text[1:-1]
    joined = any(sign in text for sign in ("/\\", "\\/", "=>", "IF"))
    return text if joined or not text.startswith("(") or text.count("(") != 1 else inner


def _where(scope: _Scope, text: str) -> str:
    """What has to hold where a step comes by."""
    path = " /\\ ".join(scope.path)
    return f"(({path}) => {text})" if path else text


def _number(number: int, truth: bool) -> str:
    if truth:
        return "TRUE" if number else "FALSE"
    return str(number) if number >= 0 else f"({number})"


def _set(one: Field) -> str:
    """The set of the values of a field."""
    domain = one.domain
    values = "BOOLEAN" if domain.truth else f"{_number(domain.low, truth=False)}..{domain.high}"
    return values if one.length is None else f"[0..{one.length - 1} -> {values}]"
