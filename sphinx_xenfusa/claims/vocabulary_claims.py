"""The forms of the claims that depend on no policy: closed sets of words, and rules over platforms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.claims.attempts import tell
from sphinx_xenfusa.claims.platform_claims import MUTATED_MODULES
from sphinx_xenfusa.claims.scopes import MOST_DOMAINS, SMALL, platforms, scope_a
from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.mutation import Reached
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Scope, Verdict
from sphinx_xenfusa.model.platform import Platform


@dataclass(frozen=True)
class PlatformClaim:
    """Something that holds on every platform, whatever the policy.

    :param wrong: what is wrong with a platform, or ``None``; the claim is refuted by the first platform with something wrong.
    :param relevant: whether the claim could fail on a platform.
    :param shown: what the witness shows.
    :param refused: words that the vocabulary has to refuse, each with the attempt to use it (returns whether it was refused).
    """

    id: str
    says: str
    words: str
    wrong: Callable[[Platform], str | None]
    relevant: Callable[[Platform], bool]
    shown: str
    safety_tasks: bool = False
    refused: tuple[tuple[str, Callable[[], bool]], ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        """The statement of the same name."""
        return (f"XenArch~{self.id}~1",)

    @property
    def policies(self) -> tuple[str, ...]:
        """None: the claim depends on no policy."""
        return ()

    @property
    def scope(self) -> Scope:
        """Scope A, with safety tasks where they matter."""
        return scope_a(self.words, safety_tasks=self.safety_tasks)

    @property
    def sources(self) -> tuple[Path, ...]:
        """Nothing beside this package."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search; there is no policy to search under."""
        return judge(
            self, None, self, None, Reached(MUTATED_MODULES, lambda: self.search(None, budget, small=True)), budget
        )

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """Every platform, then every word that has to be refused."""
        found = Search()
        for platform in platforms(SMALL if small else MOST_DOMAINS, safety_tasks=self.safety_tasks):
            found.cases += 1
            wrong = self.wrong(platform)
            if wrong is not None:
                found.counterexample = tell(wrong, platform, (), ())
                return found
            if self.relevant(platform):
                found.relevant += 1
                if found.witness is None:
                    found.witness = tell(self.shown, platform, (), ())
            budget.spend(1)
        for word, is_refused in self.refused:
            found.cases += 1
            if not is_refused():
                found.counterexample = Trace(f"the word {word!r} is accepted", (("word", word),), ())
                return found
        return found
