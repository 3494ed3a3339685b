"""The systems that this package ships: what is written out for other tools, and counted by them.

Found, not listed.  A module may offer ``SYSTEMS``, a mapping from a short name to a system.  Of a model
(:class:`~sphinx_xenfusa.explore.language.RuleModel`) of which no module offers a system, the one with the default constants is
shipped.  The predicates of a system are the functions marked ``inlined`` of two arguments, annotated as the state's class
and the constants' class, that give a truth value, in the modules beside the model's own.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import sphinx_xenfusa.model
from sphinx_xenfusa.explore.language import INLINED, ModelError, RuleModel, State, System

OFFERED = "SYSTEMS"
"""The name under which a module offers systems."""


@dataclass(frozen=True)
class Shipped:
    """A system with the name by which the command line knows it.

    :param name: in small letters, digits and hyphens: the model's, and behind a dot the variant's.
    :param predicates: the model's predicates of state and constants, by name.
    """

    name: str
    system: System[Any, Any]
    predicates: Mapping[str, Callable[..., bool]]


def shipped_systems() -> dict[str, Shipped]:
    """All systems of this package, by name, in the order of the names.

    :raises ModelError: two have one name, or ``SYSTEMS`` holds something else.
    """
    found: dict[str, Shipped] = {}
    models: dict[type[State], RuleModel[Any, Any]] = {}
    offered: set[type[State]] = set()
    for module in _modules():
        models.update((one.state, one) for one in vars(module).values() if isinstance(one, RuleModel))
        for variant, system in _offered(module).items():
            offered.add(system.state)
            _add(found, f"{_slug(system.name)}.{_slug(variant)}", system)
    for state, model in models.items():
        if state not in offered:
            _add(found, _slug(model.name), model.system())
    return dict(sorted(found.items()))


def _add(found: dict[str, Shipped], name: str, system: System[Any, Any]) -> None:
    if name in found:
        raise ModelError("sphinx_xenfusa.model", f"two systems named {name}", "names that differ")
    found[name] = Shipped(name, system, dict(sorted(_predicates(system))))


def _offered(module: ModuleType) -> Mapping[str, System[Any, Any]]:
    """What a module itself offers; what it merely imports is offered elsewhere."""
    offered = vars(module).get(OFFERED, {})
    if not isinstance(offered, Mapping) or not all(isinstance(one, System) for one in offered.values()):
        raise ModelError(f"{module.__name__}.{OFFERED}", repr(offered)[:80], "a mapping from names to systems")
    return offered


def _modules(below: ModuleType = sphinx_xenfusa.model) -> Iterator[ModuleType]:
    """The modules of this room, in the order of their names; a model's rules may stand in several."""
    names = sorted(one.name for one in pkgutil.walk_packages(below.__path__, f"{below.__name__}."))
    yield from [importlib.import_module(name) for name in names if name != __name__]


def _predicates(system: System[Any, Any]) -> Iterator[tuple[str, Callable[..., bool]]]:
    """The predicates that are written beside a system's state."""
    home = system.state.__module__
    package = home.rpartition(".")[0]
    wanted = [system.state.__name__, type(system.constants).__name__, "bool"]
    for module in _modules():
        beside = module.__name__ == home or (
            package != sphinx_xenfusa.model.__name__ and f"{module.__name__}.".startswith(f"{package}.")
        )
        for name, one in vars(module).items() if beside else ():
            if inspect.isfunction(one) and one.__module__ == module.__name__ and getattr(one, INLINED, False):
                signature = inspect.signature(one)
                told = [parameter.annotation for parameter in signature.parameters.values()]
                if [_word(annotation) for annotation in (*told, signature.return_annotation)] == wanted:
                    yield name, one


def _word(annotation: object) -> str:
    """The name of an annotated type, whether it is kept as text or as the type itself."""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
