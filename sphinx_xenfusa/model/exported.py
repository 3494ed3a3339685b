"""The shipped systems as texts for other people's tools: which files there are, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sphinx_xenfusa.explore.compiler import compile_predicate, compile_system
from sphinx_xenfusa.explore.engine import Watch
from sphinx_xenfusa.explore.promela import promela
from sphinx_xenfusa.explore.tla import tla
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.systems import Shipped


def _promela(one: Shipped, stem: str) -> dict[str, str]:
    return {f"{stem}.pml": promela(compile_system(one.system), watches(one))}


def _tla(one: Shipped, stem: str) -> dict[str, str]:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", stem):
        raise InputError(f"{stem}.tla", None, f"the name {stem}", "letters, digits and underscores, as TLC takes them")
    found = tla(compile_system(one.system), stem, watches(one))
    return {f"{stem}.tla": found.text, f"{stem}.cfg": found.configuration}


FORMATS: Mapping[str, Callable[[Shipped, str], dict[str, str]]] = {"promela": _promela, "tla": _tla}
"""By the name of a format: what gives, for a system and the name of its files without the ending, the texts by the files' names.

The first one is the system itself.  They raise :class:`~sphinx_xenfusa.explore.language.ModelError` where the format cannot say
the system, :class:`~sphinx_xenfusa.inputs.InputError` where it cannot take the name.
"""


def watches(one: Shipped) -> list[Watch]:
    """The predicates of a system, compiled.

    :raises ModelError: one is outside the language.
    """
    return [Watch(name, compile_predicate(one.system, function)) for name, function in one.predicates.items()]


def stem(one: Shipped) -> str:
    """The name of a system's files, which is also one of a TLA+ module."""
    return one.name.replace("-", "_").replace(".", "_")
