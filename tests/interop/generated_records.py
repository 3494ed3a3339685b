"""Trace records that hypothesis makes: every slot filled, text of any kind."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Divergence, MutantReport, Scope, Verdict, VerdictKind
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.record import (
    BaselineReference,
    DocumentCoverage,
    Documented,
    ExpectedTest,
    Finding,
    Gate,
    InputFile,
    Item,
    Justification,
    LinkOrigin,
    MethodResult,
    Place,
    Review,
    Statement,
    Suppressed,
    Tag,
    TargetResult,
    Tombstone,
    Tool,
    TracedItem,
    TraceRecord,
    TypedFields,
    UsedSetting,
    Verification,
)
from sphinx_xenfusa.trace.record import TestCase as Case
from sphinx_xenfusa.trace.record import TestMethod as Method
from sphinx_xenfusa.trace.record import TestReport as Report
from sphinx_xenfusa.trace.record import TestRun as Run
from sphinx_xenfusa.trace.states import ItemKind, OftStatus, Outcome, Result

SHA = "0123456789abcdef" * 4
TYPES = ("XenMkt", "XenProd", "XenSwdgn", "XenTest")
NASTY = (
    "<script>alert(1)</script>",
    "=1+1",
    "+x",
    "-x",
    "@x",
    "'=x",
    "\t=x",
    "\r",
    "a\r\nb",
    "]]>",
    "&amp;",
    "\x00\x07\x1b",
    "\u202e",
    "ä\u0308",
    "",
)

texts = st.one_of(st.sampled_from(NASTY), st.text(st.characters(codec="utf-8"), max_size=12))
words = st.one_of(
    st.sampled_from([one for one in NASTY if one]), st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
)
lists = st.lists(words, max_size=3).map(tuple)
places = st.builds(Place, st.sampled_from(["a.rst", "b/ä.rst", "c d.md"]), st.integers(1, 10**6))
tags = st.builds(Tag, st.sampled_from(TYPES), st.sampled_from(["a", "b", "c.d-e_f"]), st.integers(1, 3))
items = st.builds(
    Item,
    tag=tags,
    title=texts,
    text=texts,
    place=places,
    origin=st.sampled_from(["directive", "oft", "overlay", "reqif"]),
    kind=st.one_of(st.none(), st.sampled_from(ItemKind)),
    rationale=texts,
    comment=texts,
    source=texts,
    covers=st.lists(st.one_of(tags.map(str), words), max_size=3).map(tuple),
    needs=st.lists(st.sampled_from(TYPES), max_size=2, unique=True).map(tuple),
    depends=st.lists(tags.map(str), max_size=2).map(tuple),
    labels=lists,
    forwards=st.booleans(),
    level=texts,
    confirmed_by=st.lists(st.sampled_from(["c", "d", "e", "nobody"]), max_size=2, unique=True).map(tuple),
    oft_status=st.sampled_from(OftStatus),
    owner=texts,
    discharge=texts,
    fields=st.builds(TypedFields, lists, lists, lists, lists, lists),
)
findings = st.builds(
    Finding, st.sampled_from(["orphaned", "tag", "input"]), st.one_of(st.none(), places), tags.map(str), texts
)


methods = st.builds(Method, texts, texts, texts, texts)


def cases(report: str) -> st.SearchStrategy[Case]:
    names = st.lists(tags.map(str), max_size=2).map(tuple)
    return st.builds(
        Case,
        st.just(report),
        st.sampled_from(["", "k"]),
        st.sampled_from("tu"),
        st.sampled_from(Outcome),
        names,
        names,
        texts,
        target=texts,
        output=texts,
        properties=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
        place=texts,
        attempts=st.lists(st.sampled_from(Outcome), max_size=3).map(tuple),
        method=methods,
        origins=st.lists(st.builds(LinkOrigin, texts, st.sampled_from(["map", "source"]), places), max_size=2).map(
            tuple
        ),
    )


def _report(file: str) -> st.SearchStrategy[Report]:
    return st.builds(
        Report,
        st.just(file),
        st.just(SHA),
        st.just(""),
        st.lists(cases(file), max_size=5).map(tuple),
        dialect=texts,
        tool=texts,
        target=texts,
        time=texts,
        commit=texts,
        stale=texts,
        run=texts,
        judged=texts,
        stale_for=st.lists(st.tuples(tags.map(str), words), max_size=2).map(tuple),
    )


reports = st.tuples(_report("r.xml"), _report("s.xml"), st.just(Report("t.xml", "", "cut off", ())))

TRACE = Trace("t", (("f", "v"),), (Step("d1", "map", (("p", "1"),), "allowed", (Change("f", "v", "w"),), "§ 1"),))
MUTANT = MutantReport("m:1", "remove guard", "a", "b")
SCOPE = Scope("A", "all", 4, 4, ("AoU",))
VERDICTS = (
    Verdict("c", None, VerdictKind.CONFIRMED, SCOPE, 3, 2, "", TRACE, None, 1, 2, MUTANT),
    Verdict("d", "dummy", VerdictKind.DIVERGES, SCOPE, reason="D1", divergences=(Divergence("D1", TRACE),)),
    Verdict("e", "silo", VerdictKind.REFUTED, Scope("x", "", 0, None, ()), counterexample=TRACE),
)
named = st.lists(st.tuples(words, texts), max_size=2).map(tuple)
targets = st.lists(st.builds(TargetResult, texts, st.sampled_from(Result)), max_size=2).map(tuple)
METHODS = ("model", "test", "analysis", "inspection", "review of design")
by_method = st.lists(st.builds(MethodResult, st.sampled_from(METHODS), st.sampled_from(Result)), max_size=2).map(tuple)
statements = st.builds(Statement, places, words, texts)
slots = st.fixed_dictionaries(
    {
        "justifications": st.lists(
            st.builds(Justification, tags.map(str), words, words, st.just("2026-11-22"), st.booleans(), places),
            max_size=2,
        ).map(tuple),
        "tombstones": st.lists(st.builds(Tombstone, st.just("XenMkt~old"), words, texts, places), max_size=2).map(
            tuple
        ),
        "gates": st.lists(
            st.builds(
                Gate,
                words,
                texts,
                st.integers(0, 9),
                st.integers(0, 9),
                st.integers(0, 9),
                st.integers(0, 9),
                st.floats(0, 100),
                st.sampled_from([True, False, None]),
            ),
            max_size=2,
        ).map(tuple),
        "documents": st.lists(
            st.builds(
                DocumentCoverage,
                st.just("a.rst"),
                st.integers(0, 9),
                st.integers(0, 9),
                st.lists(statements, max_size=2).map(tuple),
                st.lists(statements, max_size=2).map(tuple),
            ),
            max_size=2,
        ).map(tuple),
        "reviews": st.lists(
            st.builds(
                Review,
                tags.map(str),
                st.just(SHA),
                words,
                words,
                st.just("2026-11-22"),
                st.lists(st.tuples(words, texts), max_size=2).map(tuple),
                st.booleans(),
                places,
            ),
            max_size=2,
        ).map(tuple),
        "suppressed": st.lists(st.builds(Suppressed, words, places, texts, texts, words, places), max_size=2).map(
            tuple
        ),
        "verifications": st.lists(
            st.builds(
                Verification,
                tags.map(str),
                st.sampled_from(METHODS[2:]),
                st.just("2026-11-22"),
                st.sampled_from([Outcome.PASSED, Outcome.FAILED]),
                st.just(SHA),
                words,
                words,
                st.booleans(),
                places,
            ),
            max_size=2,
        ).map(tuple),
        "runs": st.lists(
            st.builds(
                Run,
                words,
                places,
                lists,
                st.one_of(st.none(), st.integers(0, 255)),
                texts,
                texts,
                st.sampled_from([True, False, None]),
                texts,
                named,
                named,
                st.lists(st.tuples(words, st.just(SHA)), max_size=2).map(tuple),
                texts,
                st.booleans(),
            ),
            max_size=2,
        ).map(tuple),
        "documented": st.builds(Documented, texts, st.sampled_from([True, False, None]), texts),
        "inputs": st.lists(st.builds(InputFile, words, words, st.sampled_from(["", SHA]), texts), max_size=2).map(
            tuple
        ),
        "tools": st.lists(st.builds(Tool, words, texts, texts, st.sampled_from(["", SHA])), max_size=2).map(tuple),
        "settings": st.lists(st.builds(UsedSetting, words, texts, texts), max_size=2).map(tuple),
        "expected": st.lists(st.builds(ExpectedTest, words, texts, places, st.integers(0, 9)), max_size=2).map(tuple),
        "baseline": st.one_of(st.none(), st.builds(BaselineReference, words, texts, words, st.just(SHA))),
    }
)


@st.composite
def records(draw: st.DrawFn) -> TraceRecord:
    """A record that was assembled from generated items, cases and findings, with generated slots."""
    record = assemble(
        project=draw(texts),
        version=draw(texts),
        items=draw(st.lists(items, max_size=5)),
        verdicts=VERDICTS,
        reports=draw(reports),
        findings=draw(st.lists(findings, max_size=3)),
        policies=("specification", "silo"),
        target_policy="silo",
        confirm_mode="cache",
        known_claims=("c", "d", "e"),
        results_expected=True,
    )
    inherited = draw(st.one_of(st.none(), st.sampled_from(Result)))
    path, suspect = draw(lists), draw(lists)
    evidence = {"targets": draw(targets), "untried": draw(lists), "methods": draw(by_method)}

    def with_roll_up(traced: TracedItem) -> TracedItem:
        return replace(traced, inherited=inherited, inherited_path=path, suspect=suspect, lacks=suspect, **evidence)

    return replace(record, items=tuple(map(with_roll_up, record.items)), **draw(slots))
