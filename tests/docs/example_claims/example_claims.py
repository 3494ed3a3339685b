"""A claim of one's own: no domain, whatever its role, can pause itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.claims.attempts import PrivilegeModel, attempt, initial, tell
from sphinx_xenfusa.claims.scopes import MOST_DOMAINS, SMALL, platforms, scope_a
from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.mutation import mutants_reached
from sphinx_xenfusa.explore.verdict import Scope, Verdict
from sphinx_xenfusa.model import decision, effects
from sphinx_xenfusa.model.effects import Life
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.policies import POLICIES


@dataclass(frozen=True)
class NobodyPausesItself:
    """For every domain of every platform: after its attempt to pause itself it still runs."""

    id: str = "nobody_pauses_itself"
    says: str = "No domain can pause itself: the attempt fails and the domain runs on."
    statements: tuple[str, ...] = ("PlatReq~nobody_pauses_itself~1",)
    policies: tuple[str, ...] = tuple(POLICIES)
    sources: tuple[Path, ...] = (Path(__file__),)  # so that an edit of this file makes kept verdicts stale

    @property
    def scope(self) -> Scope:
        """All platforms of 1 to 4 domains; the words say what is tried on each."""
        return scope_a("every domain towards itself, one operation")

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search, then let the mutants of the decision and of the effects try to refute the claim."""
        model = PrivilegeModel(catalogue(), POLICIES[policy or "specification"].repaired(repaired))
        mutants = mutants_reached((decision, effects), lambda: self.search(model, budget, small=True))
        return judge(self, policy, self, model, mutants, budget)

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Try it; stop at the first domain that paused itself."""
        operation = model.catalogue.by_name["XEN_DOMCTL_pausedomain"]
        found = Search()
        for platform in platforms(SMALL if small else MOST_DOMAINS):
            for subject in range(len(platform.domains)):
                made = attempt(model, platform, initial(platform), (subject, subject), operation, "")
                found.cases += 1
                found.relevant += 1
                trace = tell(f"{platform.domains[subject].name} tries to pause itself", platform, (), [made])
                if made.after.domains[subject].life is not Life.RUNNING:
                    found.counterexample = trace
                    return found
                found.witness = found.witness or trace
                budget.spend(1)
        return found


CLAIMS = (NobodyPausesItself(),)
