"""Mutants of plain Python functions, generated from their source by a fixed set of operators.

Operators: negate a condition; negate a comparison; drop an operand of ``and``/``or``; drop a guard (an ``if`` whose body
leaves the function, or what a rule requires); skip an assignment; flip a truth value; move a number by one; swap the branches of
a set union and difference.  The operators know nothing of any claim.

A mutant replaces the code object of the function itself, so that every reference to it sees the change: tables of functions,
imports into other modules.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, ParamSpec, TypeVar, cast

from sphinx_xenfusa.explore.verdict import MutantReport

_NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}


@dataclass(frozen=True)
class Edit:
    """One edit of a syntax tree: in place, and back."""

    node: ast.AST
    operator: str
    before: str
    after: str
    do: Callable[[], Callable[[], None]]


def _set(node: Any, attribute: str, value: object) -> Callable[[], Callable[[], None]]:
    def do() -> Callable[[], None]:
        old = getattr(node, attribute)
        setattr(node, attribute, value)
        return lambda: setattr(node, attribute, old)

    return do


def _conditions(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.If | ast.IfExp):
        negated = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        text = ast.unparse(node.test)
        yield Edit(node.test, "negate condition", text, f"not ({text})", _set(node, "test", negated))
    if isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            negated = ast.copy_location(ast.UnaryOp(ast.Not(), test), test)
            ifs = [*node.ifs[:i], negated, *node.ifs[i + 1 :]]
            yield Edit(
                test, "negate condition", ast.unparse(test), f"not ({ast.unparse(test)})", _set(node, "ifs", ifs)
            )


def _comparisons(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        text = ast.unparse(node)
        ops = [_NEGATED[type(node.ops[0])]()]
        after = ast.unparse(ast.Compare(node.left, ops, node.comparators))
        yield Edit(node, "negate comparison", text, after, _set(node, "ops", ops))


def _operands(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.BoolOp):
        for i, dropped in enumerate(node.values):
            rest = [*node.values[:i], *node.values[i + 1 :]]
            kept = ast.unparse(rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
            # A BoolOp needs two operands: the one that is left stands twice, which means the same.
            values = rest if len(rest) > 1 else rest * 2
            yield Edit(dropped, "drop operand", ast.unparse(node), kept, _set(node, "values", values))


def _statements(node: ast.AST) -> Iterator[Edit]:
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for i, statement in enumerate(body):
        leaves = isinstance(statement, ast.If) and isinstance(statement.body[-1], ast.Return | ast.Continue)
        leaves = leaves or _requires(statement)
        skipped = isinstance(statement, ast.Assign | ast.AugAssign)
        if leaves or skipped:
            nothing = ast.copy_location(ast.Pass(), statement)
            edited = [*body[:i], nothing, *body[i + 1 :]]
            text = ast.unparse(statement).split("\n", 1)[0]
            name = "drop guard" if leaves else "skip assignment"
            yield Edit(statement, name, text, "pass", _set(node, "body", edited))


def _requires(statement: ast.stmt) -> bool:
    """Whether a statement is a requirement of the rule language."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "require"


def _constants(node: ast.AST) -> Iterator[Edit]:
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield Edit(node, "flip truth value", str(node.value), str(not node.value), _set(node, "value", not node.value))
    elif isinstance(node.value, int):
        for value in (node.value - 1, node.value + 1):
            yield Edit(node, "off by one", str(node.value), str(value), _set(node, "value", value))


def _set_operations(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.Sub):
        op = ast.Sub() if isinstance(node.op, ast.BitOr) else ast.BitOr()
        before, after = ast.unparse(node), ast.unparse(ast.BinOp(node.left, op, node.right))
        yield Edit(node, "swap operation", before, after, _set(node, "op", op))


_OPERATORS = (_conditions, _comparisons, _operands, _statements, _constants, _set_operations)


def edits(function: ast.FunctionDef) -> Iterator[Edit]:
    """The edits of a function's body; its signature is no part of the code that a mutant replaces."""
    inside = (node for statement in function.body for node in ast.walk(statement))
    for node in (function, *inside):
        for operator in _OPERATORS:
            yield from operator(node)


def _code_of(module_code: CodeType, name: str) -> CodeType:
    for constant in module_code.co_consts:
        if isinstance(constant, CodeType) and constant.co_name == name:
            return constant
    raise LookupError(name)


Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_FORGETTING: dict[str, list[Callable[[], None]]] = {}
"""By the name of a module: what has to be forgotten when a function of it changes."""


def remembered(*modules: ModuleType) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Keep what a function gave, until a function of one of these modules is changed, or changed back.

    For a function whose result depends on its arguments and on these modules only: the same question is asked for every claim.
    """

    def keep(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        kept = functools.cache(function)
        for module in modules:
            _FORGETTING.setdefault(module.__name__, []).append(kept.cache_clear)
        return cast("Callable[Parameters, Result]", kept)

    return keep


def forget(module: str) -> None:
    """Forget what was remembered of a module: a function of it was changed."""
    for clear in _FORGETTING.get(module, ()):
        clear()


@dataclass(frozen=True, eq=False)
class CodeMutant:
    """A mutant of one function.

    :param function: the function whose code is replaced while the mutant is applied.
    :param build: compiles the changed code; few of all mutants are ever applied in a run, so it is done when it is needed.
    """

    report: MutantReport
    function: FunctionType
    build: Callable[[], CodeType]

    @functools.cached_property
    def code(self) -> CodeType:
        """The changed code."""
        return self.build()

    @contextlib.contextmanager
    def applied(self, model: Any) -> Iterator[Any]:
        """The model, with the function's code replaced for the duration of the block."""
        original = self.function.__code__
        self.function.__code__ = self.code
        forget(self.function.__module__)
        try:
            yield model
        finally:
            self.function.__code__ = original
            forget(self.function.__module__)


def called_functions(action: Callable[[], object]) -> frozenset[CodeType]:
    """The code objects of all Python functions that are called while ``action`` runs."""
    seen: set[CodeType] = set()

    def profile(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            seen.add(frame.f_code)

    previous = sys.getprofile()
    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(previous if callable(previous) else None)
    return frozenset(seen)


@functools.cache
def mutants_of(module: ModuleType) -> tuple[CodeMutant, ...]:
    """All mutants of the module-level functions of a module, in the order of its source."""
    source = inspect.getsource(module)
    tree = ast.parse(source)
    filename = module.__file__ or module.__name__
    future = [one for one in tree.body if isinstance(one, ast.ImportFrom) and one.module == "__future__"]
    place = _place(module)
    mutants = []
    for definition in tree.body:
        function = vars(module).get(definition.name) if isinstance(definition, ast.FunctionDef) else None
        if not isinstance(definition, ast.FunctionDef) or not isinstance(function, FunctionType):
            continue
        alone = ast.Module([*future, definition], [])
        for edit in edits(definition):
            where = f"{place}:{getattr(edit.node, 'lineno', definition.lineno)} {definition.name}"
            report = MutantReport(where, edit.operator, edit.before, edit.after)
            build = functools.partial(_compiled, alone, edit, filename, definition.name)
            mutants.append(CodeMutant(report, function, build))
    return tuple(mutants)


def _compiled(tree: ast.Module, edit: Edit, filename: str, name: str) -> CodeType:
    """The code of the function of this name with an edit made; the tree is left as it was."""
    undo = edit.do()
    try:
        return _code_of(compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True), name)
    finally:
        undo()


def mutants_named(modules: tuple[ModuleType, ...], report: MutantReport) -> Iterator[CodeMutant]:
    """The mutants of these modules that a report names: several where a line has the same text more than once."""
    file = report.where.partition(":")[0]
    for module in modules:
        if _place(module) == file:
            yield from (mutant for mutant in mutants_of(module) if mutant.report == report)


def _place(module: ModuleType) -> str:
    """The file of a module, as reports name it."""
    return module.__name__.replace(".", "/") + ".py"


def mutants_reached(modules: tuple[ModuleType, ...], action: Callable[[], object]) -> tuple[CodeMutant, ...]:
    """The mutants of the functions that ``action`` calls; no edit of any other function can change its outcome."""
    for module in modules:
        # What is remembered is not called again, and would seem not to matter.
        forget(module.__name__)
    called = called_functions(action)
    return tuple(mutant for module in modules for mutant in mutants_of(module) if mutant.function.__code__ in called)


@dataclass(frozen=True)
class Reached:
    """The mutants of the functions that a search calls, made when they are asked for.

    :param search: calls what is searched; run once, and watched, when the mutants are iterated over.
    """

    modules: tuple[ModuleType, ...]
    search: Callable[[], object]

    def __iter__(self) -> Iterator[CodeMutant]:
        """All of them, in the order of the sources."""
        return iter(mutants_reached(self.modules, self.search))

    def named(self, report: MutantReport) -> Iterator[CodeMutant]:
        """Those that a report names, reached or not: one that is not reached is not killed either."""
        return mutants_named(self.modules, report)
