"""The claims about waiting and about the other channels, run as they ship: verdict, shortest traces, and the register."""

from __future__ import annotations

import functools

import pytest

from sphinx_xenfusa.claims import channel_claims, emulation_claims
from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.confirm.run import Job, confirm
from sphinx_xenfusa.explore.claim import Budget, Claim, UntilOneKills
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind

FREE: dict[str, Claim] = {
    claim.id: claim for claim in (*emulation_claims.BLOCKING, *channel_claims.CLAIMS) if not claim.policies
}
OTHER_PROTOCOLS = next(claim for claim in channel_claims.CLAIMS if claim.id == "other_protocols")


@functools.cache
def verdict(name: str) -> Verdict:
    return FREE[name].run(None, Budget())


@pytest.mark.parametrize("name", FREE)
def test_it_is_confirmed_over_all_states_and_a_mutant_refutes_it(name: str) -> None:
    found = verdict(name)
    assert found.kind is VerdictKind.CONFIRMED, found.reason
    assert found.killed
    assert found.witness is not None
    assert all(one.complete for one in found.explored)


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("sync_stuck", ["access register"]),
        ("emulation_d3_unanswered", ["access register"]),
        ("emulation_d4_invalid_state", ["access register", "store any state", "look at slot"]),
        ("event_storm_remains", ["reserve port", "bind interdomain", *["send event", "handle event"] * 8]),
        (
            "shared_memory_remains",
            ["write message", "take and reply", "check reply", "overwrite", "use reply"],
        ),
        ("emulation_server_is_its_creators", ["destroy server of another"]),
    ],
)
def test_the_shortest_trace_of_a_mechanism(name: str, actions: list[str]) -> None:
    witness = verdict(name).witness
    assert witness is not None
    found = [step.action for step in witness.steps]
    assert len(found) == len(actions)
    assert sorted(found) == sorted(actions)


@functools.cache
def other_protocols_in_the_document() -> Verdict:
    return OTHER_PROTOCOLS.run("specification", Budget())


@pytest.mark.parametrize("policy", OTHER_PROTOCOLS.policies)
def test_other_protocols_hold_or_diverge_as_the_register_says(policy: str) -> None:
    entry = read_register().expected.get((OTHER_PROTOCOLS.id, policy))
    # A mutant that refutes it in the document is tried first: the others need not be looked through again.
    killers = UntilOneKills(other_protocols_in_the_document().killers)
    found = confirm(OTHER_PROTOCOLS, Job(OTHER_PROTOCOLS.id, policy, entry), Budget(mutation=killers))
    if policy in ("silo", "proposed"):
        assert found.kind is VerdictKind.DIVERGES, found.reason
        assert [one.trace.steps[-1].action for one in found.divergences] == ["send message"]
        assert found.divergences[0].trace.steps[-1].changed[0].after.startswith("eperm")
    else:
        assert entry is None
        assert found.kind is VerdictKind.CONFIRMED, found.reason
