"""The mutation operators on small modules: each makes the mutant that it says, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from sphinx_xenfusa.explore.mutation import CodeMutant, called_functions, mutants_named, mutants_of, mutants_reached

_NUMBERS = itertools.count()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Write a module and import it under a name of its own."""

    def make(source: str) -> ModuleType:
        name = f"tiny_{next(_NUMBERS)}"
        path = tmp_path / f"{name}.py"
        path.write_text(dedent(source), "utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, made)
        spec.loader.exec_module(made)
        return made

    return make


def edits(module: ModuleType) -> list[tuple[str, str, str]]:
    return [(one.report.operator, one.report.before, one.report.after) for one in mutants_of(module)]


def find(module: ModuleType, operator: str, before: str, after: str) -> CodeMutant:
    (found,) = [
        one
        for one in mutants_of(module)
        if (one.report.operator, one.report.before, one.report.after) == (operator, before, after)
    ]
    return found


CASES = [
    ("return 'a' if x else 'b'", "negate condition", "x", "not (x)", True, "a", "b"),
    ("if x:\n        x = 'a'\n    return x", "negate condition", "x", "not (x)", "", "", "a"),
    ("return [i for i in x if i > 'b']", "negate condition", "i > 'b'", "not (i > 'b')", "abc", ["c"], ["a", "b"]),
    ("return x == 'a'", "negate comparison", "x == 'a'", "x != 'a'", "a", True, False),
    ("return x != 'a'", "negate comparison", "x != 'a'", "x == 'a'", "a", False, True),
    ("return x is None", "negate comparison", "x is None", "x is not None", None, True, False),
    ("return x is not None", "negate comparison", "x is not None", "x is None", None, False, True),
    ("return x in 'ab'", "negate comparison", "x in 'ab'", "x not in 'ab'", "a", True, False),
    ("return x not in 'ab'", "negate comparison", "x not in 'ab'", "x in 'ab'", "a", False, True),
    ("return x < 'b'", "negate comparison", "x < 'b'", "x >= 'b'", "b", False, True),
    ("return x <= 'b'", "negate comparison", "x <= 'b'", "x > 'b'", "b", True, False),
    ("return x > 'b'", "negate comparison", "x > 'b'", "x <= 'b'", "b", False, True),
    ("return x >= 'b'", "negate comparison", "x >= 'b'", "x < 'b'", "b", True, False),
    ("return x and 'b'", "drop operand", "x and 'b'", "x", "a", "b", "a"),
    ("return x and 'b'", "drop operand", "x and 'b'", "'b'", "", "", "b"),
    ("return x or 'b'", "drop operand", "x or 'b'", "'b'", "a", "a", "b"),
    # Python 3.12 drops a constant operand by itself.
    ("return x and x * 2 and 'c'", "drop operand", "x and x * 2 and 'c'", "x and x * 2", "a", "c", "aa"),
    ("if x:\n        return 'a'\n    return 'b'", "drop guard", "if x:", "pass", True, "a", "b"),
    ("y = 'a'\n    y = x\n    return y", "skip assignment", "y = x", "pass", "c", "c", "a"),
    ("x += 'd'\n    return x", "skip assignment", "x += 'd'", "pass", "c", "cd", "c"),
    ("return True", "flip truth value", "True", "False", None, True, False),
    ("return False", "flip truth value", "False", "True", None, False, True),
    ("return 7", "off by one", "7", "6", None, 7, 6),
    ("return 7", "off by one", "7", "8", None, 7, 8),
    ("return x | {'b'}", "swap operation", "x | {'b'}", "x - {'b'}", {"a", "b"}, {"a", "b"}, {"a"}),
    ("return x - {'b'}", "swap operation", "x - {'b'}", "x | {'b'}", {"a"}, {"a"}, {"a", "b"}),
]


@pytest.mark.parametrize(("body", "operator", "before", "after", "argument", "original", "mutated"), CASES)
def test_operator(module, body: str, operator: str, before: str, after: str, argument, original, mutated) -> None:
    made = module(f"def f(x):\n    {body}\n")
    mutant = find(made, operator, before, after)
    assert made.f(argument) == original
    with mutant.applied(made) as model:
        assert model is made
        assert made.f(argument) == mutated
    assert made.f(argument) == original


def test_guard_of_a_loop(module) -> None:
    made = module(
        """
        def f(x):
            out = []
            for i in x:
                if i == 'b':
                    continue
                out.append(i)
            return out
        """
    )
    with find(made, "drop guard", "if i == 'b':", "pass").applied(made):
        assert made.f("abc") == ["a", "b", "c"]
    assert made.f("abc") == ["a", "c"]


def test_all_mutants_of_a_function_and_where_they_are(module) -> None:
    made = module(
        '''
        """A module."""

        def f(x, limit=3, strict=True):
            """A function."""
            if x > limit and strict:
                return 5
            return x
        '''
    )
    assert sorted(edits(made)) == sorted(
        [
            ("negate condition", "x > limit and strict", "not (x > limit and strict)"),
            ("negate comparison", "x > limit", "x <= limit"),
            ("drop operand", "x > limit and strict", "x > limit"),
            ("drop operand", "x > limit and strict", "strict"),
            ("drop guard", "if x > limit and strict:", "pass"),
            ("off by one", "5", "4"),
            ("off by one", "5", "6"),
        ]
    )
    lines = {one.report.where for one in mutants_of(made)}
    assert lines == {f"{made.__name__}.py:6 f", f"{made.__name__}.py:7 f"}


def test_signature_is_not_mutated(module) -> None:
    """A default value is no part of the code object: the mutant would be the function itself."""
    made = module("def f(x=1, *, y: bool = True):\n    return x, y\n")
    assert mutants_of(made) == ()


def test_every_mutant_is_another_function(module) -> None:
    bodies = "\n".join(f"def f{i}(x):\n    {case[0]}" for i, case in enumerate(CASES))
    made = module(bodies)
    assert len(mutants_of(made)) > len(CASES)
    for mutant in mutants_of(made):
        assert mutant.code != mutant.function.__code__, mutant.report


def test_every_reference_sees_the_mutant(module) -> None:
    made = module("def f():\n    return 7\n\nTABLE = {'f': f}\n")
    held = made.f
    with find(made, "off by one", "7", "8").applied(made):
        assert (held(), made.TABLE["f"](), made.f()) == (8, 8, 8)
    assert (held(), made.TABLE["f"](), made.f()) == (7, 7, 7)


def test_restored_after_an_exception(module) -> None:
    made = module("def f():\n    return 7\n")
    original = made.f.__code__

    def breaks() -> None:
        with find(made, "off by one", "7", "8").applied(made):
            assert made.f() == 8
            raise KeyError("the search broke")

    with pytest.raises(KeyError, match="the search broke"):
        breaks()
    assert made.f.__code__ is original


def test_same_source_gives_the_same_mutants(module) -> None:
    source = "def f(x):\n    if x:\n        return 1\n    return x or 2\n"
    first, second = module(source), module(source)
    assert edits(first) == edits(second)
    assert mutants_of(first) is mutants_of(first)


CALLS = """
def helper(x):
    return x == 'a'

def used(x):
    return helper(x)

def unused(x):
    return x != 'a'

class Thing:
    def method(self):
        return 3
"""


def test_reached_leaves_out_what_is_not_called(module) -> None:
    made = module(CALLS)
    assert {one.function.__name__ for one in mutants_of(made)} == {"helper", "unused"}
    assert {one.function.__name__ for one in mutants_reached((made,), lambda: made.used("a"))} == {"helper"}
    assert {one.function.__name__ for one in mutants_reached((made,), lambda: made.unused("a"))} == {"unused"}
    assert mutants_reached((made,), lambda: None) == ()


def test_reached_in_several_modules(module) -> None:
    first, second = module(CALLS), module("# one line lower\n" + CALLS)
    reached = mutants_reached((first, second), lambda: second.used("a"))
    assert [one.function for one in reached] == [second.helper]


def test_profile_is_restored(module) -> None:
    made = module(CALLS)
    before = sys.getprofile()
    assert made.helper.__code__ in called_functions(lambda: made.used("b"))
    assert sys.getprofile() is before

    def breaks() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError):
        called_functions(breaks)
    assert sys.getprofile() is before


def test_named_by_its_report(module: Callable[[str], ModuleType]) -> None:
    one = module("def f(x):\n    return x + 1, x + 1\n\ndef g(x):\n    return 1\n")
    other = module("def f(x):\n    return x + 1\n")
    wanted = mutants_of(one)[0].report
    assert [mutant.report for mutant in mutants_named((one, other), wanted)] == [wanted, wanted], "twice in the line"
    (alone,) = mutants_named((one, other), mutants_of(other)[0].report)
    assert alone.function is other.f
    assert not [*mutants_named((other,), wanted)]


def test_compiled_on_its_own_the_function_keeps_its_lines_and_its_future(module: Callable[[str], ModuleType]) -> None:
    source = "from __future__ import annotations\n\n\ndef f(x: int) -> list[Nothing]:\n    y: Nothing = x + 1\n    return y\n"
    made = module(source)
    for mutant in mutants_of(made):
        assert mutant.code.co_firstlineno == made.f.__code__.co_firstlineno
        with mutant.applied(None):
            assert made.f(1) in {1, 3}
    assert made.f(1) == 2
