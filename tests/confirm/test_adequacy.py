"""What the record says of the mutants, as long as it is of these sources; what it does not tell is never taken for an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_claims import Fake

from sphinx_xenfusa.confirm import adequacy
from sphinx_xenfusa.confirm.adequacy import digest_of, gathered_key, mutants_of_record, stale_claims
from sphinx_xenfusa.confirm.adequacy_record import AdequacyRecord, Sources, claim_record
from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.register import read_register
from sphinx_xenfusa.explore.claim import AnnouncedClaim
from sphinx_xenfusa.explore.mutation import mutants_of
from sphinx_xenfusa.explore.survivors import Tried
from sphinx_xenfusa.model import rules

CLAIMS = {name: Fake(name, policies=()) for name in ("one", "two")}
OURS = [mutant.report for mutant in mutants_of(rules)]
REGISTER = read_register()
TRIED = {"one": Tried(tuple(OURS[:2]), tuple(OURS[2:5])), "two": Tried(tuple(OURS[2:3]), tuple(OURS[:2]))}
RECORD = AdequacyRecord(
    {name: claim_record(digest_of(CLAIMS[name], REGISTER), {None: tried}, Sources()) for name, tried in TRIED.items()}
)


def test_the_survivors_of_all_claims_with_their_lines() -> None:
    made = mutants_of_record(RECORD, CLAIMS, REGISTER)
    assert (made.generated, made.killed, made.unknown) == (len({*OURS}), 3, ())
    left = {one.report: one for one in made.survivors}
    assert set(left) == {*OURS[3:]}
    assert left[OURS[3]].claims == ("one",)
    assert left[OURS[5]].claims == (), "a mutant of a module that is looked at, which no run reaches"
    source = Path(rules.__file__).read_text("utf-8").splitlines()
    number = int(OURS[5].where.partition(":")[2].partition(" ")[0])
    assert left[OURS[5]].line == source[number - 1].strip()
    assert [(one.claim, one.tried, one.killed) for one in made.claims] == [("one", 5, 2), ("two", 3, 1)]
    assert made.claims[1].smallest == OURS[2]


def test_a_claim_whose_sources_changed_kills_nothing() -> None:
    changed = {**CLAIMS, "one": replace(CLAIMS["one"], policies=("dummy",))}
    assert stale_claims(RECORD, changed, REGISTER) == ("one",)
    made = mutants_of_record(RECORD, changed, REGISTER)
    assert made.unknown == ("one",)
    assert made.killed == 1
    assert [one.claim for one in made.claims] == ["two"]


def test_which_claims_have_to_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {**CLAIMS, "three": Fake("three"), "later": AnnouncedClaim("later", "It holds.", (), "a model")}
    assert stale_claims(RECORD, more, REGISTER) == (), "three is of a package of somebody else's"
    monkeypatch.setattr(adequacy, "package_of", lambda claim: "sphinx_xenfusa")
    assert stale_claims(RECORD, more, REGISTER) == ("three",)
    assert stale_claims(RECORD, {"two": CLAIMS["two"]}, REGISTER) == ()


def test_what_was_gathered_is_kept_under_what_it_depends_on(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    key = gathered_key(RECORD, CLAIMS, REGISTER, cache)
    assert key == gathered_key(RECORD, CLAIMS, REGISTER, cache)
    assert key != gathered_key(AdequacyRecord({"one": RECORD.claims["one"]}), CLAIMS, REGISTER, cache)
    assert key != gathered_key(RECORD, {"one": CLAIMS["one"]}, REGISTER, cache)
    assert key != gathered_key(RECORD, CLAIMS, replace(REGISTER, expected={}), cache)
