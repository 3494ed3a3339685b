"""A compiled system as text for SPIN, so that somebody else's tool counts the states and looks for a state of a kind.

One process takes one step after the other; each step is one option, indivisible, named after the rule, its parameters and its
clause.  Fields are global variables as wide as their bounds ask for.  Names that a step uses by itself, and tables, are hidden:
SPIN does not store them, so that "states, stored" is the number of reachable values of the fields.

What Promela says otherwise than the rules: division and remainder are C's, so that a dividend that may be negative is moved
above 0 first; numbers have 32 bits, and a system that needs more is refused; an option that has begun cannot be given up
(:mod:`sphinx_xenfusa.explore.hoisting`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from sphinx_xenfusa.explore.engine import Watch
from sphinx_xenfusa.explore.hoisting import guarded
from sphinx_xenfusa.explore.language import Domain, Field, ModelError
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
    Statement,
    Store,
)

LOWEST, HIGHEST = -(2**31), 2**31 - 1
"""What an ``int`` of Promela holds."""

_WORDS = """
active assert atomic bit bool break byte chan d_step D_proctype do else empty enabled end eval false fi for full get_priority
goto hidden if in init inline int len local ltl mtype nempty never nfull notrace np_ od of or pc_value pid printf printm priority
proctype provided return run select set_priority short show skip timeout trace true typedef unless unsigned xr xs c_code c_decl
c_expr c_state c_track always eventually implies equivalent next release stronguntil until weakuntil
auto case char const continue default double enum extern float long register signed sizeof static struct switch union void
volatile while restrict
accept depth main now progress state step this trail uchar
steps MIN MAX SEEK
"""
"""Promela's words, C's (SPIN writes C), names of the program that SPIN writes, and those of our text."""

_HOW = """\
/* {title}: {count} steps, each indivisible, in one process.
 * Written out by `xenfusa model export` from the rules of sphinx_xenfusa; do not edit.
 *
 * Count the states ("states, stored"; "transitions" has one more than there are steps, for the initial state):
 *   spin -a FILE && cc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -m1000000
 * Look for a state of one of the kinds that are defined below; where there is one, pan ends with "errors: 1" and a trail:
 *   spin -a -DSEEK=is_... FILE && cc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -m1000000
 */
"""


def promela(program: Program, watches: Sequence[Watch] = ()) -> str:
    """The text for SPIN.

    :param watches: predicates, which the text defines by name.
    :raises ModelError: a number does not fit into 32 bits, or a requirement cannot be said of the state before the step.
    """
    writer = _Writer(program)
    options = [line for one in program.steps for line in writer.option(one)]
    kinds = [writer.kind(watch) for watch in watches]
    parts = [
        [_HOW.format(title=comment_text(program.name), count=len(program.steps)).rstrip("\n")],
        writer.enumerations(),
        [writer.declaration(one) for one in program.fields],
        writer.hidden(),
        writer.helpers(),
        kinds,
        [
            "active proctype steps() {",
            "end:",
            "  do",
            *options,
            *writer.never_taken(),
            "#ifdef SEEK",
            "  :: d_step { SEEK -> assert(false) }",
            "#endif",
            "  od",
            "}",
        ],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


@dataclass
class _Writer:
    program: Program
    names: Names = field(init=False)
    tables: list[tuple[int, ...]] = field(default_factory=list)
    helped: set[str] = field(default_factory=set)
    locals: dict[str, tuple[Enum, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = Names(_WORDS.split())
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

    # ---- declarations ----

    def enumerations(self) -> list[str]:
        """Names for the members of enumerations."""
        return [f"#define {name} {code}" for names in self.members.values() for code, name in enumerate(names)]

    def declaration(self, one: Field) -> str:
        """The variable of a field, with a comment that gives its bounds."""
        domain = one.domain
        text = f"{_kind(domain, one.name)} {self.names.of('field', one.name)}"
        codes = [domain.number(value) for value in one.initial]
        if one.length is not None:
            text += f"[{one.length}]"
        if len(set(codes)) == 1:
            text += f" = {self.constant(codes[0], domain)}"
        elif min(codes) < 0:
            raise ModelError(f"field {one.name}", f"the initial values {codes}", "numbers from 0, for SPIN")
        else:
            text += f" = {{ {', '.join(self.constant(code, domain) for code in codes)} }}"
        told = "" if domain.truth or domain.members else f"  /* {domain.low} to {domain.high} */"
        return f"{text};{told}"

    def constant(self, number: int, domain: Domain) -> str:
        """A value of a field."""
        if domain.members:
            return self.members[domain.members][number]
        return ("true" if number else "false") if domain.truth else str(number)

    def hidden(self) -> list[str]:
        """Variables that are no part of the state: tables, and the names that steps use by themselves."""
        lines = [
            f"hidden int table_{number}[{len(table)}] = {{ {', '.join(str(one - min(0, *table)) for one in table)} }};"
            for number, table in enumerate(self.tables)
        ]
        lines += [f"hidden int {self.names.of('local', name)};" for name in self.locals]
        return ["/* No part of the state: tables, and what a step uses by itself. */", *lines] if lines else []

    def helpers(self) -> list[str]:
        """The operators that Promela lacks and that were used."""
        signs = {"min": "<", "max": ">"}
        return [f"#define {one.upper()}(a, b) ((a) {signs[one]} (b) -> (a) : (b))" for one in sorted(self.helped)]

    def kind(self, watch: Watch) -> str:
        """A predicate by name."""
        name = self.names.of("watch", watch.name, f"is_{watch.name}")
        return f"#define {name} ({self.text(watch.test)})"

    # ---- steps ----

    def option(self, one: Compiled) -> Iterator[str]:
        """The lines of one step."""
        step = guarded(one, self.program.fields)
        rule = one.action.rule
        yield f"  /* {comment_text(f'{rule.party}: {one.action} [{rule.clause}]')} */"
        for fault, check in step.faults:
            yield f"  :: d_step {{ {self.text(fault)} -> assert(false) }}  /* {self.told(check)} */"
        self.locals.update({name: () for name in _names(step.body) if name not in self.locals})
        body = list(self.statements(step.body, 5)) or ["     skip"]
        yield f"  :: d_step {{ {self.guard(step.guard)} ->"
        body[-1] = body[-1].removesuffix(";")
        yield from body
        yield "     }"

    def never_taken(self) -> list[str]:
        """An option that reads all fields: SPIN stores no variable that is only written."""
        # An array is read by any of its elements.
        read = [self.names.of("field", one.name) + ("" if one.length is None else "[0]") for one in self.program.fields]
        return [
            "  /* Never taken: it reads every variable, because SPIN leaves out of the state what is only written. */",
            f"  :: d_step {{ false && ({' + '.join(read)} == 0) -> skip }}",
        ]

    def guard(self, test: Expr) -> str:
        """A guard, without the outer parentheses."""
        if isinstance(test, Logic) and test.operator == "and":
            return " && ".join(self.text(part) for part in test.parts)
        return _bare(self.text(test))

    def statements(self, body: Sequence[Statement], indent: int) -> Iterator[str]:
        """Statements as lines, each ending in a semicolon."""
        space = " " * indent
        for one in body:
            match one:
                case Check(test=test):
                    yield f"{space}assert({_bare(self.text(test))});  /* {self.told(one)} */"
                case Let(name=name, value=value):
                    members = self.enumeration(value)
                    self.locals[name] = members
                    yield f"{space}{self.names.of('local', name)} = {_bare(self.text(value, members))};"
                case Store(field=name, index=index, value=value):
                    declared = self.fields[name]
                    at = "" if declared.length is None else f"[{_bare(self.text(index))}]"
                    text = self.text(value, declared.domain.members)
                    yield f"{space}{self.names.of('field', name)}{at} = {_bare(text)};"
                case Branch(test=test, then=then, other=other):
                    yield f"{space}if"
                    yield f"{space}:: {_bare(self.text(test))} ->"
                    yield from self.side(then, indent)
                    yield f"{space}:: else ->"
                    yield from self.side(other, indent)
                    yield f"{space}fi;"

    def side(self, body: Sequence[Statement], indent: int) -> list[str]:
        """One side of an ``if``."""
        return list(self.statements(body, indent + 5)) or [" " * (indent + 5) + "skip;"]

    @staticmethod
    def told(check: Check) -> str:
        """What a check that does not hold means."""
        return comment_text(f"found {check.found}; expected {check.expected}")

    # ---- expressions ----

    def enumeration(self, expression: Expr) -> tuple[Enum, ...]:
        """The members that the codes of an expression stand for, where that is known."""
        match expression:
            case Load(field=name) | Element(field=name):
                return self.fields[name].domain.members
            case Local(name=name):
                return self.locals.get(name, ())
            case Choice(then=then, other=other):
                return self.enumeration(then) or self.enumeration(other)
            case _:
                return ()

    def text(self, expression: Expr, members: tuple[Enum, ...] = ()) -> str:
        """The text of an expression, in parentheses where it is made of several."""
        if expression.low < LOWEST or expression.high > HIGHEST:
            raise ModelError(
                self.program.name, f"a number from {expression.low} to {expression.high}", "32 bits, for SPIN"
            )
        match expression:
            case Const():
                return self.number(expression, members)
            case Load(field=name, element=element):
                at = "" if self.fields[name].length is None else f"[{element}]"
                return f"{self.names.of('field', name)}{at}"
            case Element(field=name, index=index):
                return f"{self.names.of('field', name)}[{_bare(self.text(index))}]"
            case Local(name=name):
                return self.names.of("local", name)
            case Not(of=of):
                return f"!{self.text(of)}"
            case Logic(operator=sign, parts=inner):
                joint = " && " if sign == "and" else " || "
                return f"({joint.join(self.text(part) for part in inner)})"
            case Binary():
                return self.binary(expression)
            case Choice(test=test, then=then, other=other):
                return f"({self.text(test)} -> {self.text(then, members)} : {self.text(other, members)})"
            case Lookup():
                return self.looked_up(expression)

    def number(self, constant: Const, members: tuple[Enum, ...]) -> str:
        """A number, by the name of the member whose code it is."""
        if constant.truth:
            return "true" if constant.value else "false"
        return self.members[members][constant.value] if members in self.members else str(constant.value)

    def looked_up(self, expression: Lookup) -> str:
        """An entry of a table: what Promela lets a table begin with is not negative."""
        table = expression.table
        if table not in self.tables:
            self.tables.append(table)
        read = f"table_{self.tables.index(table)}[{_bare(self.text(expression.index))}]"
        lowest = min(0, *table)
        return f"({read} - {-lowest})" if lowest else read

    def binary(self, expression: Binary) -> str:
        """Two operands."""
        sign, a, b = expression.operator, expression.left, expression.right
        members = (self.enumeration(a) or self.enumeration(b)) if sign in COMPARISONS else ()
        left, right = self.text(a, members), self.text(b, members)
        if sign in {"min", "max"}:
            self.helped.add(sign)
            return f"{sign.upper()}({_bare(left)}, {_bare(right)})"
        if sign == "%" and a.low < 0:
            return f"(({self.raised(a, b, left, right)}) % {right})"
        if sign == "//" and a.low < 0:
            return f"(({self.raised(a, b, left, right)}) / {right} - {_turns(a, b)})"
        return f"({left} {'/' if sign == '//' else sign} {right})"

    def raised(self, a: Expr, b: Expr, left: str, right: str) -> str:
        """A dividend to which the divisor is added so often that it is not negative."""
        turns = _turns(a, b)
        if a.high + turns * b.high > HIGHEST:
            raise ModelError(self.program.name, f"a dividend from {a.low} to {a.high}", "one of fewer bits, for SPIN")
        return f"{left} + {turns * b.low}" if isinstance(b, Const) else f"{left} + {turns} * {right}"


def _turns(a: Expr, b: Expr) -> int:
    """How often the divisor has to be added to a dividend so that it is not negative."""
    return -(a.low // b.low)


def _bare(text: str) -> str:
    """A text without parentheses around the whole of it."""
    if not text.startswith("(") or not text.endswith(")"):
        return text
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            # A conditional expression of Promela needs its parentheses.
            return text[1:-1] if place == len(text) - 1 and not re.search(r" -> ", text) else text
    return text


def _kind(domain: Domain, name: str) -> str:
    """The narrowest type that holds a field."""
    if domain.truth:
        return "bool"
    for kind, low, high in (("bit", 0, 1), ("byte", 0, 255), ("short", -(2**15), 2**15 - 1), ("int", LOWEST, HIGHEST)):
        if low <= domain.low and domain.high <= high:
            return kind
    raise ModelError(f"field {name}", str(domain), "32 bits, for SPIN")


def _names(body: Sequence[Statement]) -> Iterator[str]:
    """The local names to which statements assign."""
    for one in body:
        if isinstance(one, Let):
            yield one.name
        elif isinstance(one, Branch):
            yield from _names(one.then)
            yield from _names(one.other)
