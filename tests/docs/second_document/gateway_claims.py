"""The claim of the gateway's document: policies of Xen have no part in it, so it is run once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gateway_model
from gateway_model import DIAGNOSTICS, Frame, forwards

from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.mutation import mutants_reached
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import Scope, Verdict

IDENTIFIERS = range(0x800)
SCOPE = Scope("frames", "every 11-bit identifier, both directions, authenticated or not", 0, None, ())


def frames(identifiers: range) -> Iterator[Frame]:
    """Every frame with one of these identifiers."""
    for identifier in identifiers:
        for to_vehicle in (False, True):
            for authenticated in (False, True):
                yield Frame(identifier, to_vehicle, authenticated)


def told(frame: Frame) -> Trace:
    """What becomes of a frame, as a trace."""
    side = "vehicle bus" if frame.to_vehicle else "infotainment"
    outcome = "forwarded" if forwards(frame) else "dropped"
    parameters = (("identifier", hex(frame.identifier)), ("authenticated", str(frame.authenticated)))
    return Trace(
        f"A frame towards the {side} is {outcome}", (), (Step("Gateway", outcome, parameters, outcome, (), ""),)
    )


@dataclass(frozen=True)
class OnlyAuthenticatedFrames:
    """No frame reaches the vehicle bus that is not authenticated."""

    id: str = "only_authenticated_frames"
    says: str = "Of all frames towards the vehicle bus, the gateway forwards authenticated ones only."
    statements: tuple[str, ...] = ("GateReq~only_authenticated_frames~1",)
    policies: tuple[str, ...] = ()
    scope: Scope = SCOPE
    sources: tuple[Path, ...] = (Path(gateway_model.__file__),)

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Try every frame, then let the mutants of the model try to refute the claim."""
        mutants = mutants_reached((gateway_model,), lambda: self.search(None, budget, small=True))
        return judge(self, policy, self, None, mutants, budget)

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """Stop at the first frame that is forwarded and must not be."""
        found = Search()
        for frame in frames(range(DIAGNOSTICS - 1, DIAGNOSTICS + 2) if small else IDENTIFIERS):
            budget.spend(1)
            found.cases += 1
            if not frame.to_vehicle or frame.authenticated:
                continue
            found.relevant += 1
            if forwards(frame):
                found.counterexample = told(frame)
                return found
            found.witness = found.witness or told(frame)
        return found


CLAIMS = (OnlyAuthenticatedFrames(),)
