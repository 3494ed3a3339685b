"""The pages of claims and policies: what ran, under which policy, with which trace; written again when that changes."""

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from test_every_builder import dead_links, loaded_from_elsewhere, pages
from tests_support import TRACE, Built, requirement, verdict

from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.sphinxext.claim_places import CLAIMS, POLICIES, anchor_of_policy, page_of_claim, page_of_policy
from sphinx_xenfusa.sphinxext.page_names import OURS

CLAIM, OTHER = "hwdom_single", "full_privileges"
INDEX = "Requirements\n============\n\n" + requirement("one", options=f":confirmed-by: {CLAIM}, {OTHER}")
GOOD = (
    verdict(CLAIM, "specification", VerdictKind.CONFIRMED),
    verdict(CLAIM, "dummy", VerdictKind.CONFIRMED, cases=1234, relevant=321),
    verdict(OTHER, "specification", VerdictKind.CONFIRMED),
    verdict(OTHER, "dummy", VerdictKind.DIVERGES),
)


def page(built: Built, name: str) -> Path:
    suffix = "/index.html" if built.app.builder.name == "dirhtml" and not name.endswith("index") else ".html"
    return built.out / f"{name}{suffix}"


def words(built: Built, name: str) -> str:
    text = page(built, name).read_text("utf-8").replace("<wbr />", "").partition('<div class="xenfusa-results">')[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split()).replace(" ,", ",").replace(" .", ".")


def test_a_page_for_each_claim_says_what_ran_and_what_came_of_it(build: Callable[..., Built]) -> None:
    built = build({"index.rst": INDEX}, verdicts=GOOD, xenfusa_policy="dummy")
    read = pages(built.out)
    assert list(dead_links(read)) == []
    assert list(loaded_from_elsewhere(built.out, read)) == []
    good = words(built, page_of_claim(CLAIM))
    assert f"Claim {CLAIM}" in good
    assert "State: ✓ consistent (document)" in good
    assert "1,234 321" in good
    facts = good[: good.index("Result by policy")]
    assert "Xen, policy dummy: in 321 of 1,234 checks, and drop guard at decision.py:1 refutes it" in facts
    assert "if a: → pass" in facts
    assert "all platforms of 1 to 4 domains" in good
    assert "494 by a second method" in good
    assert "Xen is correct" in good
    assert "SCHEDOP_shutdown" in good
    assert "decision.py:1" in good
    assert f"xenfusa confirm {CLAIM} --trace" in good
    assert "XenArch~one~1" in good
    assert built.steps.claims[CLAIM].says in good
    assert "T 1, commit not known" in good
    diverging = words(built, page_of_claim(OTHER))
    assert "State: ≠ diverges (D1) — Xen, policy dummy" in diverging
    assert built.steps.register.divergences["D1"].xen in diverging
    listed = words(built, f"{CLAIMS}/index")
    assert listed.index(OTHER) < listed.index(CLAIM)
    assert "State: ≠ 1 diverges, ✓ 1 passed" in listed
    assert re.search(r"\d+ claims that no requirement names did not run, or broke", listed)
    # A trace that policies share is shown once.
    assert good.count("Witness, step by step") == 1
    assert "the trace is the one shown above as witness (the document)" in good
    check_policies(built)


def check_policies(built: Built) -> None:
    """The page of a policy is its divergence from the document."""
    dummy = words(built, page_of_policy("dummy"))
    assert "State: ≠ 1 diverges, ✓ 1 confirmed" in dummy
    assert "1 claim is false because of it: full_privileges" in dummy
    assert built.steps.register.divergences["D1"].document in dummy
    assert built.steps.register.xen_commit in dummy
    assert "D2" not in dummy.partition("Claims under it")[0]
    document = words(built, page_of_policy("specification"))
    assert "State: ✓ 2 confirmed" in document
    assert "None that the register names occurs" in document
    assert built.steps.register.xen_commit not in document
    beside = words(built, f"{POLICIES}/index")
    assert "full_privileges ✓ consistent (document) ≠ diverges (D1)" in beside
    assert beside.index(OTHER) < beside.index(CLAIM)


def test_what_is_not_merged_is_said_to_be_so(build: Callable[..., Built]) -> None:
    verdicts = (*GOOD, verdict(CLAIM, "proposed", VerdictKind.CONFIRMED))
    built = build({"index.rst": INDEX}, verdicts=verdicts, xenfusa_policy="proposed")
    assert "Not merged: no version of Xen has this policy" in words(built, page_of_policy("proposed"))
    assert "Not merged" not in words(built, page_of_policy("dummy"))


BAD = {
    CLAIM: (verdict(CLAIM, "dummy", VerdictKind.REFUTED), "✗ refuted"),
    OTHER: (
        verdict(OTHER, "dummy", VerdictKind.VACUOUS, killer=None, killed=0, reason="nothing refutes it"),
        "✗ vacuous",
    ),
    "unprivileged": (verdict("unprivileged", "dummy", VerdictKind.INCONCLUSIVE, reason="too long"), "? inconclusive"),
    "hwdom_unprivileged": (verdict("hwdom_unprivileged", "dummy", VerdictKind.ERROR, reason="broke"), "! error"),
}


def test_nothing_that_fails_looks_good(build: Callable[..., Built]) -> None:
    index = "R\n=\n\n" + requirement("one", options=f":confirmed-by: {', '.join(BAD)}")
    good = tuple(verdict(claim, "specification", VerdictKind.CONFIRMED) for claim in BAD)
    built = build({"index.rst": index}, verdicts=(*good, *(one for one, _ in BAD.values())), xenfusa_policy="dummy")
    policy = words(built, page_of_policy("dummy"))
    assert "State: ✗ 1 refuted, ✗ 1 vacuous, ! 1 error, ? 1 inconclusive Of T 1" in policy
    assert "1 claim refuted, and not in the register" in policy
    for claim, (_, said) in BAD.items():
        assert words(built, page_of_claim(claim)).partition("State: ")[2].startswith(said)
    assert "Counterexample" in words(built, page_of_claim(CLAIM))
    assert "✓" not in words(built, f"{CLAIMS}/index")


def test_a_policy_that_does_not_count_is_shown_and_changes_no_state(build: Callable[..., Built]) -> None:
    built = build({"index.rst": INDEX}, verdicts=GOOD, xenfusa_policy="specification", builder="dirhtml")
    assert list(dead_links(pages(built.out))) == []
    assert "State: ✓ consistent (document)" in words(built, page_of_claim(OTHER))
    assert "≠ diverges (D1) as expected no 10 4" in words(built, page_of_claim(OTHER))


def test_what_did_not_run_is_said_not_to_have_run(build: Callable[..., Built]) -> None:
    index = INDEX + "\n" + requirement("two", options=":confirmed-by: no_such_claim")
    built = build({"index.rst": index})
    assert "State: – not run" in words(built, page_of_claim(CLAIM))
    assert "✓" not in words(built, page_of_claim(CLAIM))
    unknown = words(built, page_of_claim("no_such_claim"))
    assert "No package that is installed offers a claim of this name" in unknown
    assert "State: – not run" in unknown
    # Of claims that did not run and that nobody names there is nothing to say.
    assert len(list((built.out / CLAIMS).iterdir())) == 4


def test_without_a_requirement_that_names_a_claim_there_are_no_such_pages(build: Callable[..., Built]) -> None:
    built = build({"index.rst": "T\n=\n\n" + requirement("one")}, verdicts=GOOD)
    assert not (built.out / CLAIMS).exists()
    assert not (built.out / POLICIES).exists()


def test_only_what_shows_a_changed_verdict_is_written_again(build: Callable[..., Built]) -> None:
    settings = {"xenfusa_policy": "dummy"}
    built = build({"index.rst": INDEX}, verdicts=GOOD, **settings)
    stamps = {path: path.stat().st_mtime_ns for path in (built.out / "xenfusa").rglob("*.html")}

    def written() -> set[str]:
        return {path.stem for path, stamp in stamps.items() if path.exists() and path.stat().st_mtime_ns != stamp}

    build(verdicts=GOOD, **settings)
    assert written() == set()
    longer = Trace("another way", TRACE.initial, TRACE.steps)
    changed = (*GOOD[:1], verdict(CLAIM, "dummy", VerdictKind.CONFIRMED, witness=longer), *GOOD[2:])
    again = build(verdicts=changed, **settings)
    own = {page_of_claim(CLAIM).rpartition("/")[2]}
    policies = {page_of_policy(one).rpartition("/")[2] for one in ("dummy", "specification")}
    assert written() == own | policies | {"index"}
    assert "another way" in words(again, page_of_claim(CLAIM))


def test_a_page_of_which_nothing_is_left_is_removed(build: Callable[..., Built]) -> None:
    built = build({"index.rst": INDEX})
    theirs = built.out / CLAIMS / "theirs.html"
    theirs.write_text("mine")
    build({"index.rst": INDEX.replace(f", {OTHER}", "")})
    assert page(built, page_of_claim(CLAIM)).exists()
    assert not page(built, page_of_claim(OTHER)).exists()
    assert theirs.read_text() == "mine"


@pytest.mark.parametrize("builder", ["singlehtml", "text"])
def test_other_formats_have_no_such_pages(build: Callable[..., Built], builder: str) -> None:
    built = build({"index.rst": INDEX}, verdicts=GOOD, builder=builder)
    assert not (built.out / CLAIMS).exists()


def test_names_of_claims_and_policies_stay_in_their_folders_and_meet_nowhere() -> None:
    wicked = ["../../etc/passwd", "/abs", "CON", "con", "a/b", "", "..", "é" * 300, "<script>", "nul\0", "x" * 999]
    for place, folder in ((page_of_claim, CLAIMS), (page_of_policy, POLICIES)):
        names = [place(one) for one in wicked]
        assert len({name.lower() for name in names}) == len(names)
        for name in names:
            assert name.rpartition("/")[0] == folder
            assert OURS.fullmatch(name.rpartition("/")[2])
    anchors = [anchor_of_policy(one) for one in (None, *wicked)]
    assert len(set(anchors)) == len(anchors)
    assert all(re.fullmatch(r"[a-z0-9-]+", one) for one in anchors)
