"""What a search costs: the whole scope against the part that tells mutants apart, and all mutants of a claim."""

from __future__ import annotations

from typing import cast

from _report import say, seconds

from sphinx_xenfusa.claims.attempts import PrivilegeModel, situations
from sphinx_xenfusa.claims.privilege_claims import PrivilegeClaim
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.explore.claim import Budget
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.policies import SPECIFICATION

CLAIM = "hwdom_unprivileged"


def main() -> None:
    claim = cast(PrivilegeClaim, load_claims()[CLAIM])
    model = PrivilegeModel(catalogue(), SPECIFICATION)
    enumerated = seconds(lambda: situations(small=False), times=1)
    say("explore: enumerate the platforms, pairs and arrangements of scope A", enumerated, "s")
    situations(small=True)
    whole = seconds(lambda: claim.search(model, Budget(), small=False))
    small = seconds(lambda: claim.search(model, Budget(), small=True))
    cases = claim.search(model, Budget(), small=False).cases
    say(f"explore: {CLAIM}, the whole scope", whole, "s", peer="the small scope", peer_value=small)
    say(f"explore: {CLAIM}, cases a second", cases / whole, "1/s")
    judged = seconds(lambda: claim.run("specification", Budget()), times=1)
    mutants = claim.run("specification", Budget()).mutants
    say(f"explore: {CLAIM} with its {mutants} mutants", judged, "s", peer="the whole scope alone", peer_value=whole)


if __name__ == "__main__":
    main()
