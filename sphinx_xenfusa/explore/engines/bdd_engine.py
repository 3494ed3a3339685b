"""The symbolic engine: sets of states as decision diagrams; what it counts was never listed.

It shares no code with the engines that generate code from the steps, and so is the independent recount of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sphinx_xenfusa.explore.engine import UNLIMITED, EngineMissingError, Exploration, Limits, Report, Watch
from sphinx_xenfusa.explore.program import Expr, Program

if TYPE_CHECKING:
    from sphinx_xenfusa.explore.engines.bdd_search import Recount, Search


class BddEngine:
    """Searches with binary decision diagrams, by OxiDD.

    :raises EngineMissingError: OxiDD is not installed.
    """

    name = "bdd"

    def __init__(self) -> None:
        try:
            from sphinx_xenfusa.explore.engines.bdd_search import Search
        except ImportError as error:
            raise EngineMissingError(self.name, "bdd") from error
        self._search: type[Search] = Search

    def explore(
        self,
        program: Program,
        watches: Sequence[Watch] = (),
        limits: Limits = UNLIMITED,
        report: Report | None = None,
    ) -> Exploration:
        """Search: see :class:`~sphinx_xenfusa.explore.engine.Engine`."""
        try:
            search = self._search(program, watches, limits)
        except MemoryError:
            return Exploration(
                self.name, 0, 0, 0, complete=False, reason=f"more than {limits.memory:,} bytes of states"
            )
        return search.explore(report)

    def recount(self, program: Program, watches: Sequence[Watch] = (), limits: Limits = UNLIMITED) -> Recount | None:
        """Count all states, without their distance from the start: much faster where there are many.

        :returns: ``None`` where a limit is passed.
        :raises ModelError: a rule leaves its bounds in a reachable state.
        """
        return self._search(program, watches, limits).recount()

    def shortest(self, program: Program, test: Expr, limits: Limits = UNLIMITED) -> tuple[int, ...] | None:
        """A shortest way, of all the one whose states are smallest as they are stored, from the last one backwards."""
        return self._search(program, [Watch("", test, stop=True)], limits).shortest()
