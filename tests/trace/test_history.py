"""What became of each item since a baseline: told in words, worse things marked, nothing told where nothing happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sphinx_xenfusa.trace.diff import compare
from sphinx_xenfusa.trace.fingerprint import fingerprint_of
from sphinx_xenfusa.trace.history import Happened, histories
from sphinx_xenfusa.trace.record import Place
from sphinx_xenfusa.trace.snapshot import Entry, LinkEntry, Snapshot, split_id


def entry(id: str, **more: object) -> Entry:
    name, revision = split_id(id)
    type, _, short = name.partition("~")
    text = str(more.get("text", "Xen shall."))
    made = Entry(
        id, name, revision, type, "rule", "Title", text, "", "", "", "approved", (), Place("a.rst", 1), "", "passed",
        "covered", "",
    )  # fmt: skip
    return replace(made, fingerprint=fingerprint_of(type, short, "rule", str(more.get("title", "Title")), text), **more)


def snap(
    items: Iterable[Entry],
    links: Iterable[tuple[str, str, str, str]] = (),
    verdicts: dict[tuple[str, str], str] | None = None,
) -> Snapshot:
    made = tuple(LinkEntry(*link) for link in links)
    return Snapshot("1.0", "", "", tuple(items), made, None, frozenset(), verdicts or {}, ())


def test_what_stayed_the_same_is_not_told() -> None:
    same = snap([entry("A~a~1")], [("A~b~1", "covers", "A~a~1", "covers")], {("c", ""): "confirmed"})
    assert histories(compare(same, same)) == {}


def test_new_renamed_text_and_revision() -> None:
    before = snap([entry("A~kept~1"), entry("A~raised~1")])
    after = snap(
        [entry("A~kept~1", text="Xen must."), entry("A~raised~2", title="T2"), entry("A~fresh~1", text="New.")]
    )
    told = histories(compare(before, after))
    assert told["A~fresh~1"] == (Happened("new"),)
    assert told["A~kept~1"] == (Happened("changed: text, the revision stayed"),)
    assert told["A~raised~2"] == (Happened("revision 1 became 2"), Happened("changed: title"))


def test_a_state_is_better_or_worse_and_only_worse_is_marked() -> None:
    before = snap([entry("A~down~1"), entry("A~up~1", result="failed")])
    after = snap([entry("A~down~1", result="failed", coverage="uncovered"), entry("A~up~1")])
    told = histories(compare(before, after))
    assert told["A~down~1"] == (
        Happened("coverage worse: covered → uncovered", worse=True),
        Happened("state worse: passed → failed", worse=True),
    )
    assert told["A~up~1"] == (Happened("state better: failed → passed"),)


def test_a_verdict_is_told_of_the_items_that_its_claim_confirms() -> None:
    links = [("c", "confirms", "A~a~1", "covers"), ("other", "confirms", "A~b~1", "covers")]
    items = [entry("A~a~1"), entry("A~b~1")]
    before = snap(items, links, {("c", "dummy"): "confirmed", ("other", ""): "confirmed"})
    after = snap(items, links, {("c", "dummy"): "refuted", ("other", ""): "confirmed"})
    assert histories(compare(before, after)) == {
        "A~a~1": (Happened("claim c under dummy worse: confirmed → refuted", worse=True),)
    }


def test_a_link_is_told_at_both_ends() -> None:
    items = [entry("A~a~1"), entry("B~b~1")]
    before = snap(items, [("B~b~1", "covers", "A~a~1", "covers")])
    assert histories(compare(before, snap(items))) == {
        "A~a~1": (Happened("link from B~b removed"),),
        "B~b~1": (Happened("link to A~a~1 removed"),),
    }
    suspect = snap(items, [("B~b~1", "covers", "A~a~1", "suspect")])
    assert histories(compare(before, suspect))["B~b~1"] == (Happened("link to A~a~1 covers → suspect"),)
