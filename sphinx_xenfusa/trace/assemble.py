"""Joins items, verdicts and test results to the one trace record.

Four rules decide what an item's state is, and all are cautious:

- *model*: the worst verdict of its claims, under the policies that count: the specification and the target.  Verdicts
  under other policies are kept with the item and do not count.  A claim
  without a verdict, a claim that nobody knows and a claim whose verdict under such a policy is missing are ``not run``.
- *test*: what the tests amount to that name exactly its tag, over all reports and targets
  (:mod:`sphinx_xenfusa.trace.test_results`): a failure on any target fails it, a pass counts if the test ran and its report is
  fresh.  Tests that verify a part give ``partial``; several of them ``passed`` where the tracing policy says so.
- *people*: what was found by analysis, inspection or review of design (:mod:`sphinx_xenfusa.trace.verifications`): a failure
  counts, a pass only where the tracing policy asks for that method and neither claim nor test says anything.
- *result*: the worst of these, or ``justified`` where there is none and a justification says why.  Only where
  claims answer for the whole item and it needs no tests does a passed test of a part not lower it: else deleting that
  test would make the item look better.

So adding a failure, losing a pass, a report that goes stale or is cut off, and a test that is added and skipped never make any
state better.  Two things cannot be decided here.  That a test which should be there is not: where that matters, an item needs
``XenTest`` (without a full, passed test it is then ``not run`` and uncovered), or a manifest lists the tests to expect.
And that a target on which no test of an item ran is one on which it should: it is listed (``untried``) and lowers no state,
unless the policy asks for ``test on all targets``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sphinx_xenfusa.explore.survivors import Mutants
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.trace.canonical import NaturalKey, dumps, natural
from sphinx_xenfusa.trace.exclusions import Excuses, reused
from sphinx_xenfusa.trace.fingerprint import fingerprint
from sphinx_xenfusa.trace.linker import (
    TEST_TYPE,
    Accepted,
    AcceptedLinks,
    Index,
    Linked,
    doubted,
    finding_order,
    first_of_each,
    is_suspect,
    item_order,
    link,
    link_order,
    suspect_finding,
)
from sphinx_xenfusa.trace.policy import Demand, Evidence, judge, method_of, methods_asked
from sphinx_xenfusa.trace.record import (
    DocumentCoverage,
    Finding,
    Item,
    Justification,
    Link,
    MethodResult,
    Place,
    Review,
    Suppressed,
    Tag,
    TestCase,
    TestReport,
    Tombstone,
    TracedItem,
    TraceRecord,
    Verification,
)
from sphinx_xenfusa.trace.reviews import newest
from sphinx_xenfusa.trace.roll_up import is_carried, with_roll_up
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, LinkStatus, Result, worst
from sphinx_xenfusa.trace.test_results import (
    NO_TEST,
    NOT_COMMITTED,
    Staleness,
    Tested,
    Told,
    amount_of,
    as_it_counts,
    targets_tried,
    tests_of,
    told_by,
)
from sphinx_xenfusa.trace.verifications import MODEL, TEST, Verified, in_order, with_what_people_found

_NAMED = 10

SPECIFICATION = "specification"
"""The policy of the roles document; its verdicts count whatever the target is."""

_SUBTYPE_OF_STATUS = {
    LinkStatus.ORPHANED: "unknown_tag",
    LinkStatus.OUTDATED: "outdated_test",
    LinkStatus.PREDATED: "outdated_test",
}


def _never_stale(report: TestReport, item: Item) -> str:
    """No pass is too old for any item."""
    return ""


def assemble(
    *,
    project: str,
    version: str,
    items: Iterable[Item],
    verdicts: Iterable[Verdict],
    reports: Iterable[TestReport],
    findings: Iterable[Finding],
    policies: tuple[str, ...],
    target_policy: str,
    confirm_mode: str,
    known_claims: Collection[str],
    results_expected: bool,
    mutants: Mutants | None = None,
    accepted: AcceptedLinks | None = None,
    reviews: Iterable[Review] = (),
    justifications: Iterable[Justification] = (),
    tombstones: Iterable[Tombstone] = (),
    demands: Iterable[Demand] = (),
    drifted: Collection[Tag] = (),
    documents: Iterable[DocumentCoverage] = (),
    accepted_texts: Mapping[str, str] | None = None,
    verifications: Iterable[Verification] = (),
    suppressed: Iterable[Suppressed] = (),
    stale_for: Staleness = _never_stale,
) -> TraceRecord:
    """The trace record of all this, the same for every order of items, verdicts, reports and findings.

    :param findings: what the readers of sources and reports found; the record adds what linking and joining find.
    :param policies: the policies under which claims that depend on one were run: the document's, the target, all others.
    :param confirm_mode: ``cache``, ``force`` or ``off``.
    :param known_claims: the ids of all claims that exist, run or not.
    :param mutants: what became of the mutants of the model, if that is known.
    :param results_expected: whether test reports were asked for; then none that can be read is a finding.
    :param accepted: the fingerprints against which links were accepted, by source (tag, claim or test), type
        and target; a link whose target's text is another one now is ``suspect``.
    :param reviews: the inspections on record.
    :param justifications: the justified exclusions, expired ones included.
    :param tombstones: the retired ids.
    :param demands: the tracing policy.
    :param drifted: the items whose evidence was given for other words than stand in their document now: it is stale.
    :param documents: how far the normative sentences of documents are claimed.
    :param accepted_texts: the fingerprint of each item whose text somebody accepted, by tag.
    :param verifications: what people found by analysis, inspection or review of design.
    :param suppressed: the findings that a stated reason keeps from counting.
    :param stale_for: says why the passes of a report that is fresh as a whole do not count for an item, such as one whose text
        is younger; an empty text where they do.
    """
    everything = tuple(items)
    kept = first_of_each(everything)
    agreed = Accepted(accepted or {}, {tag: fingerprint(item) for tag, item in kept.items()})
    ordered_reports = tuple(sorted({as_it_counts(report) for report in reports}, key=_report_order))
    tests = _Tests(kept, Index(everything), agreed, stale_for)
    tests.read(ordered_reports)
    claims = _Claims(tuple(sorted(verdicts, key=_verdict_order)), policies, target_policy, known_claims, agreed)
    demanded = tuple(sorted(demands, key=lambda one: one.place))
    for_parts = [one for one in demanded if one.parts_are_enough]
    states = {tag: tests.of(item, drifted, for_parts) for tag, item in kept.items()}
    tested = {tag for tag, found in states.items() if found.state is Result.PASSED}
    linked = link(everything, tested=tested, accepted=agreed)
    of_evidence = {*tests.links, *claims.links(kept.values())}
    links = tuple(sorted({*linked.links, *of_evidence}, key=link_order)) if of_evidence else linked.links
    inspected = tuple(sorted(set(reviews)))
    excuses, stones = Excuses(justifications), tuple(sorted(set(tombstones)))
    around = _Around(everything, links, inspected, agreed, drifted, accepted_texts or {})
    by_people = tuple(sorted(set(verifications)))
    people = _People(Verified(by_people), demanded)
    traced = [
        _excused(_traced(item, linked, claims, tests, states[tag], around, people), linked, excuses)
        for tag, item in kept.items()
    ]
    traced.sort(key=lambda entry: _tag_order(entry.item.tag))
    judgement = judge(demanded, traced, Evidence(links, inspected))
    traced = [_with_missing_methods(one, judgement.unmet) for one in traced] if judgement.unmet else traced
    excused = {str(one.item.tag) for one in traced if one.justified}
    return TraceRecord(
        project=project,
        version=version,
        policies=policies,
        target_policy=target_policy,
        confirm_mode=confirm_mode,
        items=tuple(with_roll_up(traced, linked, judgement.lacks)),
        links=links,
        verdicts=claims.verdicts,
        mutants=mutants,
        reports=ordered_reports,
        tests=tests_of(ordered_reports),
        reviews=inspected,
        verifications=by_people,
        justifications=tuple(excuses.all),
        tombstones=stones,
        gates=judgement.gates,
        documents=tuple(sorted(documents)),
        suppressed=tuple(sorted(set(suppressed))),
        findings=tuple(
            sorted(
                {
                    *findings,
                    *linked.findings,
                    *tests.findings,
                    *claims.findings(everything),
                    *excuses.findings(kept, excused),
                    *reused(stones, everything),
                    *judgement.findings,
                    *_report_findings(ordered_reports, results_expected),
                    *tests.stale_findings(),
                },
                key=finding_order,
            )
        ),
    )


def assemble_items(items: Iterable[Item], findings: Iterable[Finding] = ()) -> TraceRecord:
    """The trace record of items that nobody asks to be confirmed or tested: what stands in some files, and how it is linked."""
    return assemble(
        project="",
        version="",
        items=items,
        verdicts=(),
        reports=(),
        findings=findings,
        policies=(),
        target_policy=SPECIFICATION,
        confirm_mode="off",
        known_claims=(),
        results_expected=False,
    )


def result_of_model(results: Sequence[Result]) -> Result | None:
    """What the results of an item's claims amount to: the worst; ``None`` for an item without claims."""
    return worst(results) if results else None


def aged(result: Result | None, drifted: bool) -> Result | None:
    """What evidence amounts to that may have been given for other words: stale, unless it is worse."""
    return result if result is None or not drifted else worst((result, Result.STALE))


def result_of_item(item: Item, model: Result | None, test: Result | None) -> Result:
    """The state of an item from its two halves, as the head of this module says."""
    if test is Result.PARTIAL and model is not None and TEST_TYPE not in item.needs:
        return model
    if model is None or test is None:
        return model or test or Result.NONE
    return worst((model, test))


def _traced(
    item: Item, linked: Linked, claims: _Claims, tests: _Tests, tested: Tested, around: _Around, people: _People
) -> TracedItem:
    full, partial = tests.cases(item.tag)
    by_hand = people.results(item.tag)
    results = [result for claim in item.confirmed_by for result in claims.results_for(claim, item.tag)]
    model = aged(result_of_model(results), item.tag in around.drifted)
    named = tuple(dict.fromkeys(item.confirmed_by))
    counting = (verdict for claim in named for verdict in claims.counting(claim))
    others = (verdict for claim in named for verdict in claims.not_counting(claim))
    return TracedItem(
        item=item,
        fingerprint=around.fingerprints[item.tag],
        coverage=linked.coverage[item.tag],
        uncovered=linked.uncovered[item.tag],
        verdicts=tuple(sorted(counting, key=_worst_verdict_first)),
        other_verdicts=tuple(sorted(others, key=_worst_verdict_first)),
        tests=full,
        partial_tests=partial,
        model=model,
        test=tested.state,
        result=people.state(item, result_of_item(item, model, tested.state), by_hand),
        suspect=around.suspect_of(item.tag),
        duplicates=around.elsewhere(item.tag),
        targets=tested.targets,
        untried=tests.untried(tested),
        methods=_methods(model, tested.state, by_hand),
    )


def _methods(model: Result | None, test: Result | None, by_hand: tuple[MethodResult, ...]) -> tuple[MethodResult, ...]:
    """What each method amounts to by which an item was verified."""
    ran = ((MODEL, model), (TEST, test))
    return (*(MethodResult(name, state) for name, state in ran if state is not None), *by_hand)


def _with_missing_methods(one: TracedItem, unmet: Mapping[str, Collection[str]]) -> TracedItem:
    """The item with the methods that the tracing policy asks for and nobody used."""
    words = unmet.get(str(one.item.tag), ())
    asked = {method for word in words if (method := method_of(word))} - {entry.method for entry in one.methods}
    if not asked:
        return one
    return replace(one, methods=in_order((*one.methods, *(MethodResult(name, Result.NONE) for name in asked))))


def _excused(traced: TracedItem, linked: Linked, excuses: Excuses) -> TracedItem:
    """The item, justified where it lacks something that a justification excuses.

    It can lack a type that it needs, tests that ran and verify all of it, or everything: a claim, a test, and others
    that cover it.  A failure or a check that broke is no lack, nor is a claim that was not run.
    """
    if not excuses.hold_for(traced.item.tag):
        return traced
    untested = traced.test in (Result.NOT_RUN, Result.PARTIAL)
    unchecked = traced.test is None and traced.result is Result.NONE
    nothing = traced.model is None and (untested or (unchecked and not is_carried(traced, linked)))
    if not traced.uncovered and not nothing:
        return traced
    test, result, methods = traced.test, traced.result, traced.methods
    if untested:
        by_hand = tuple(entry for entry in methods if entry.method not in (MODEL, TEST))
        test, methods = Result.JUSTIFIED, _methods(traced.model, Result.JUSTIFIED, by_hand)
        result = with_what_people_found(result_of_item(traced.item, traced.model, test), by_hand, ())
    result = Result.JUSTIFIED if result is Result.NONE else result
    return replace(traced, justified=True, test=test, result=result, methods=methods)


class _People:
    """What people found, and which of their methods the tracing policy asks for."""

    def __init__(self, verified: Verified, demands: Sequence[Demand]) -> None:
        self._verified = verified
        self._demands = demands

    def results(self, tag: Tag) -> tuple[MethodResult, ...]:
        """What each method by hand amounts to for an item."""
        return self._verified.results(tag)

    def state(self, item: Item, state: Result, by_hand: tuple[MethodResult, ...]) -> Result:
        """The state of an item.

        :param state: by its claims and tests alone.
        """
        return with_what_people_found(state, by_hand, methods_asked(self._demands, item)) if by_hand else state


class _Around:
    """What else is known of items: where they stand again, and what changed since it was looked at."""

    def __init__(
        self,
        items: Iterable[Item],
        links: Iterable[Link],
        reviews: Iterable[Review],
        accepted: Accepted,
        drifted: Collection[Tag],
        texts: Mapping[str, str],
    ) -> None:
        self.drifted = drifted
        self.fingerprints = accepted.fingerprints
        self._repeated: defaultdict[Tag, list[Item]] = defaultdict(list)
        self._suspect: defaultdict[str, set[str]] = defaultdict(set)
        for item in items:
            self._repeated[item.tag].append(item)
        for one in links:
            if is_suspect(one):
                self._suspect[one.source if one.type == "covers" else one.target].add(one.target)
        present = {str(tag): digest for tag, digest in accepted.fingerprints.items()}
        agreed = [(review.id, review.fingerprint) for review in newest(reviews).values()]
        for id, digest in (*agreed, *texts.items()):
            if present.get(id, digest) != digest:
                self._suspect[id].add(id)

    def suspect_of(self, tag: Tag) -> tuple[str, ...]:
        """The tags whose text changed since a link or an inspection of this item was accepted."""
        return tuple(sorted(self._suspect.get(str(tag), ()), key=natural)) if self._suspect else ()

    def elsewhere(self, tag: Tag) -> tuple[Place, ...]:
        """The places of a tag after the first."""
        items = self._repeated[tag]
        return tuple(item.place for item in sorted(items, key=item_order)[1:]) if len(items) > 1 else ()


class _Claims:
    """The verdicts by claim."""

    def __init__(
        self,
        verdicts: tuple[Verdict, ...],
        policies: tuple[str, ...],
        target: str,
        known: Collection[str],
        accepted: Accepted,
    ) -> None:
        self.verdicts = verdicts
        self._accepted = accepted
        self._due = {SPECIFICATION, target} & {*policies, target}
        self._counting_policies = {None, SPECIFICATION, target}
        self._known = frozenset(known)
        self._by_claim: defaultdict[str, list[Verdict]] = defaultdict(list)
        for verdict in verdicts:
            self._by_claim[verdict.claim].append(verdict)

    def counting(self, claim: str) -> list[Verdict]:
        """The verdicts of a claim under the policies that count."""
        return [verdict for verdict in self._by_claim.get(claim, ()) if verdict.policy in self._counting_policies]

    def not_counting(self, claim: str) -> list[Verdict]:
        """The verdicts of a claim under the other policies: what they say is shown, and changes no state."""
        return [verdict for verdict in self._by_claim.get(claim, ()) if verdict.policy not in self._counting_policies]

    def results(self, claim: str) -> Iterator[Result]:
        """How a claim counts; a verdict due and missing is ``not run``, one without a policy answers for all."""
        policies = {verdict.policy for verdict in self._by_claim.get(claim, ())}
        answered = None in policies or self._due <= policies
        if claim not in self._known or not answered:
            yield Result.NOT_RUN
        for verdict in self.counting(claim):
            yield RESULT_OF_VERDICT[verdict.kind]

    def results_for(self, claim: str, tag: Tag) -> Iterator[Result]:
        """How a claim counts for an item; ``stale`` as well if the item's text changed since the two were accepted."""
        yield from self.results(claim)
        if self._accepted.is_suspect(claim, "confirms", tag):
            yield Result.STALE

    def links(self, items: Iterable[Item]) -> Iterator[Link]:
        """A link from each claim to the items that name it; orphaned where there is no such claim."""
        for item in items:
            for claim in item.confirmed_by:
                status, tag = LinkStatus.COVERS if claim in self._known else LinkStatus.ORPHANED, str(item.tag)
                accepted = self._accepted.of(claim, "confirms", tag)
                suspect = self._accepted.is_suspect(claim, "confirms", item.tag)
                yield doubted(Link(claim, "confirms", tag, status, accepted), suspect)

    def findings(self, items: Iterable[Item]) -> Iterator[Finding]:
        """The claims that items name and nobody knows, and the items whose text changed since it was accepted."""
        items = tuple(items)
        place_of = {str(item.tag): item.place for item in items}
        for one in self.links(items):
            if is_suspect(one):
                yield suspect_finding(one, place_of[one.target])
        for item in items:
            for claim in item.confirmed_by:
                if claim not in self._known:
                    message = f"found the claim {claim!r}, which does not exist; expected the id of a known claim"
                    yield Finding("unknown_claim", item.place, str(item.tag), message)


class _Tests:
    """The test cases by tag, their links, and what is wrong with them."""

    def __init__(self, items: Mapping[Tag, Item], index: Index, accepted: Accepted, stale_for: Staleness) -> None:
        self.links: set[Link] = set()
        self.findings: set[Finding] = set()
        self._items = items
        self._index = index
        self._accepted = accepted
        self._stale_for = stale_for
        self._full: defaultdict[Tag, list[Told]] = defaultdict(list)
        self._partial: defaultdict[Tag, list[Told]] = defaultdict(list)
        self._suspect: set[Tag] = set()
        self._stale: dict[tuple[str, Tag], str] = {}
        self._targets: frozenset[str] = frozenset()
        self._unreadable = False

    def read(self, reports: Sequence[TestReport]) -> None:
        """Take the cases of the reports, in their order."""
        self._unreadable = any(report.error for report in reports)
        self._targets = targets_tried(one for report in reports for one in told_by(report))
        for report in reports:
            for one in told_by(report):
                self._add(one, report)

    def cases(self, tag: Tag) -> tuple[tuple[TestCase, ...], tuple[TestCase, ...]]:
        """The cases that verify an item as a whole, and those that verify a part of it."""
        full, partial = self._full.get(tag, ()), self._partial.get(tag, ())
        return tuple(one.case for one in full), tuple(one.case for one in partial)

    def of(self, item: Item, drifted: Collection[Tag], for_parts: Iterable[Demand]) -> Tested:
        """What an item's tests amount to; at the best ``stale`` if its text changed since one of them was accepted.

        :param for_parts: the demands that let several passed tests of parts be enough for what they select.
        """
        tag = item.tag
        if tag not in self._full and tag not in self._partial:
            return Tested(Result.NOT_RUN) if TEST_TYPE in item.needs else NO_TEST
        enough = any(demand.selects(item) for demand in for_parts)
        found = amount_of(self._full.get(tag, ()), self._partial.get(tag, ()), parts_are_enough=enough)
        if self._unreadable:
            found = found.at_best(Result.NOT_RUN)
        return found.at_best(Result.STALE) if tag in self._suspect or tag in drifted else found

    def untried(self, tested: Tested) -> tuple[str, ...]:
        """The targets that other tests ran on and none of an item's own did; none for an item without tests."""
        return tuple(sorted(self._targets - tested.ran_on, key=natural)) if tested.targets else ()

    def stale_findings(self) -> Iterator[Finding]:
        """What passes of which reports do not count for which items."""
        by_reason: defaultdict[tuple[str, str], list[Tag]] = defaultdict(list)
        for (file, tag), reason in self._stale.items():
            if reason and reason != NOT_COMMITTED:
                by_reason[file, reason].append(tag)
        for (file, reason), tags in by_reason.items():
            named = sorted(tags, key=_tag_order)
            shown = ", ".join(map(str, named[:_NAMED])) + (f" and {len(named) - _NAMED} more" if named[_NAMED:] else "")
            yield Finding(
                "stale_report", Place(file, 1), "", f"passes in this report do not count for {shown}: {reason}"
            )

    def _add(self, told: Told, report: TestReport) -> None:
        case = told.case
        for text in dict.fromkeys(case.partially_verifies):
            self._link(told, "partially verifies", text, report, self._partial)
        for text in dict.fromkeys(case.verifies):
            if text not in case.partially_verifies:  # a case that says both promises the less
                self._link(told, "verifies", text, report, self._full)

    def _link(
        self, told: Told, type: str, text: str, report: TestReport, of_items: defaultdict[Tag, list[Told]]
    ) -> None:
        case = told.case
        place = next((one.place for one in case.origins if one.tag == text), Place(report.file, 1))
        try:
            tag = Tag.parse(text)
        except ValueError as error:
            self.links.add(Link(case.id, type, text, LinkStatus.ORPHANED))
            self.findings.add(Finding("unknown_tag", place, text, f"the test {case.id} {type} no item: {error}"))
            return
        status = self._index.status_of_evidence(tag)
        suspect = self._accepted.is_suspect(case.id, type, tag)
        made = doubted(Link(case.id, type, text, status, self._accepted.of(case.id, type, text)), suspect)
        self.links.add(made)
        if suspect:
            self._suspect.add(tag)
            self.findings.add(suspect_finding(made, place))
        if status is LinkStatus.COVERS:
            of_items[tag].append(self._for_item(told, report, tag))
            return
        revisions = ", ".join(map(str, self._index.revisions(tag.type, tag.name)))
        found = f"found the item in revision {revisions}" if revisions else "found no such item"
        message = f"the test {case.id} {type} {text}: {found}; expected an item with this tag"
        self.findings.add(Finding(_SUBTYPE_OF_STATUS[status], place, text, message))

    def _for_item(self, told: Told, report: TestReport, tag: Tag) -> Told:
        """A case as it counts for an item."""
        if told.stale or told.unreadable:
            return told
        if (report.file, tag) not in self._stale:
            self._stale[report.file, tag] = self._stale_for(report, self._items[tag])
        reason = self._stale[report.file, tag]
        return told._replace(stale=reason) if reason else told


def _report_findings(reports: Iterable[TestReport], expected: bool) -> Iterator[Finding]:
    """The reports that count for nothing, and the lack of any that counts."""
    readable = False
    for report in reports:
        readable = readable or not report.error
        if report.error:
            message = f"nothing in this report counts, and no test as passed until it can be read: {report.error}"
            yield Finding("test_report", Place(report.file, 1), "", message)
        elif report.stale:
            yield Finding("stale_report", Place(report.file, 1), "", f"no pass in this report counts: {report.stale}")
    if expected and not readable:
        yield Finding("test_report", None, "", "found no test report that can be read; expected test results")


def _tag_order(tag: Tag) -> tuple[NaturalKey, NaturalKey, int]:
    return natural(tag.type), natural(tag.name), tag.revision


def _report_order(report: TestReport) -> tuple[NaturalKey, TestReport]:
    return natural(report.file), report


def _verdict_order(verdict: Verdict) -> tuple[NaturalKey, str, int, str, float]:
    kind = list(VerdictKind).index(verdict.kind)
    return natural(verdict.claim), verdict.policy or "", kind, dumps(verdict.to_json()), verdict.seconds


def _worst_verdict_first(verdict: Verdict) -> tuple[int, NaturalKey, str]:
    return list(Result).index(RESULT_OF_VERDICT[verdict.kind]), natural(verdict.claim), verdict.policy or ""
