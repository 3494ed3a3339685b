"""Parameter sweeps: one shipped model searched under every combination of given constants, on any executor.

What a sweep tells is how many states and steps there are and in how many of the states each predicate of the model holds: whether
a bound that was chosen for a claim hides something.  It gives no verdict.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from sphinx_xenfusa.confirm.cache import package_digest
from sphinx_xenfusa.confirm.executors import Workers, finished, refuse_other_sources
from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Engine, EngineMissingError, Exploration, Limits, Watch
from sphinx_xenfusa.explore.engines.bdd_engine import BddEngine
from sphinx_xenfusa.explore.engines.numba_engine import NumbaEngine
from sphinx_xenfusa.explore.engines.numpy_engine import NumpyEngine
from sphinx_xenfusa.explore.language import ModelError, System, shown
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.policies import POLICIES, Policy
from sphinx_xenfusa.model.systems import Shipped, shipped_systems

ENGINES: Mapping[str, type[Engine]] = {"numpy": NumpyEngine, "numba": NumbaEngine, "bdd": BddEngine}
"""The engines by name."""

_PLACE = "command line"
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class Point:
    """A system of a sweep.

    :param model: the name of the shipped system that it is made of.
    :param settings: the constants that are set, by name; all others are those of the shipped system.
    """

    model: str
    settings: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        return ", ".join(f"{name}={_word(value)}" for name, value in self.settings) or "as shipped"


@dataclass(frozen=True)
class Swept:
    """What became of a point.

    :param found: what the search found; ``None`` where there is none.
    :param predicates: the predicates of the model, in the order of ``found.watched``.
    :param problem: why there is nothing; empty otherwise.
    """

    point: Point
    found: Exploration | None
    predicates: tuple[str, ...]
    problem: str = ""


def points(one: Shipped, grid: Mapping[str, Sequence[str]]) -> tuple[Point, ...]:
    """Every combination of the values that a user gives in words, in the order in which they are given.

    :raises InputError: the model has no such constant, it is none that a word can set, or the word is no value of it.
    """
    known = {
        field.name: getattr(one.system.constants, field.name) for field in dataclasses.fields(one.system.constants)
    }
    columns = []
    for name, words in grid.items():
        if name not in known:
            raise InputError(_PLACE, None, f"the constant {name!r} of {one.name}", f"one of {', '.join(known)}")
        columns.append([(name, _value(name, word, known[name])) for word in words])
    return tuple(Point(one.name, settings) for settings in itertools.product(*columns))


def _word(value: object) -> str:
    return value.name if isinstance(value, Policy) else shown(value)


def _value(name: str, word: str, usual: object) -> object:
    """The value that a word stands for, of the kind that the constant has in the shipped system."""
    if isinstance(usual, bool):
        choices: Mapping[str, object] = _TRUTHS
    elif isinstance(usual, enum.Enum):
        choices = {str(member.value): member for member in type(usual)}
    elif isinstance(usual, Policy):
        choices = POLICIES
    elif isinstance(usual, int):
        if word.isascii() and word.lstrip("-").isdigit() and len(word) <= len(str(2**31)):
            return int(word)
        raise InputError(_PLACE, None, f"{name}={word}", "a whole number")
    else:
        raise InputError(
            _PLACE, None, f"{name}={word}", "a constant that is a number, true or false, a policy, or a word"
        )
    if word not in choices:
        raise InputError(_PLACE, None, f"{name}={word}", f"one of {', '.join(choices)}")
    return choices[word]


def sweep(
    wanted: Sequence[Point],
    engine: str,
    limits: Limits,
    *,
    workers: Workers | None = None,
    processes: int | None = None,
) -> Iterator[Swept]:
    """Search every point, and give each as it is done.

    :param engine: one of :data:`ENGINES`.
    :param workers: what searches; by default processes of our own, for the duration of the sweep.
    :param processes: how many of these; by default as many as there are cores.
    :raises ExecutorLost: what searches went away; what was given stands.
    """
    if workers is None:
        with ProcessPoolExecutor(processes) as executor:
            yield from sweep(wanted, engine, limits, workers=Workers(executor))
        return
    digest = package_digest()
    tasks = {point: (explore_point, (point, engine, limits, digest)) for point in wanted}
    for point, future in finished(workers, tasks):
        error = future.exception()
        yield future.result() if error is None else Swept(point, None, (), f"{type(error).__name__}: {error}")


def explore_point(point: Point, engine: str, limits: Limits, digest: str) -> Swept:
    """Search one point, in whatever process this is.

    :param digest: of the sources of the process that asks.
    """
    refuse_other_sources(digest)
    one = shipped_systems()[point.model]
    names = tuple(one.predicates)
    try:
        system: System[Any, Any] = dataclasses.replace(
            one.system, constants=dataclasses.replace(one.system.constants, **dict(point.settings))
        )
        watches = [Watch(name, compile_predicate(system, one.predicates[name])) for name in names]
        return Swept(point, ENGINES[engine]().explore(compile_system(system), watches, limits), names)
    except (ModelError, EngineMissingError, ValueError) as error:
        return Swept(point, None, names, " ".join(str(error).split()))
