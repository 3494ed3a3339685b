"""The independent recount: another engine, which shares no code with the first, has to find the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

from sphinx_xenfusa.explore.engine import EngineMissingError, Exploration, Limits, Watch
from sphinx_xenfusa.explore.engines.bdd_engine import BddEngine
from sphinx_xenfusa.explore.program import Program

ENGINE = BddEngine.name
"""The engine that counts again."""

_LIMITS = Limits(memory=2**30)


class DisagreementError(Exception):
    """Two engines find different numbers: an error of one of them, and no verdict."""


def recount(program: Program, found: Exploration, watches: Sequence[Watch]) -> int | None:
    """The number of states that the other engine counts.

    The number of steps, and in how many states each watch holds, have to be the same as well.

    :returns: ``None`` where nothing was counted again: the search was not complete, the other engine is not installed, or the
        model is too large for it.
    :raises DisagreementError: the numbers differ.
    """
    if not found.complete:
        return None
    try:
        again = BddEngine().recount(program, watches, _LIMITS)
    except EngineMissingError:
        return None
    if again is None:
        return None
    counted = (again.states, again.transitions, *again.watched)
    expected = (found.states, found.transitions, *(one.states for one in found.watched))
    if counted != expected:
        raise DisagreementError(
            f"{program.name}: {found.engine} finds {expected} (states, steps, states in which each test holds), "
            f"{ENGINE} finds {counted}"
        )
    return again.states
