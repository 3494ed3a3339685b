"""What needs attention first: everything that is not green, worst first, each with what to do next."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from docutils import nodes

from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.sphinxext.blocks import count, paragraph
from sphinx_xenfusa.sphinxext.case_places import link_to_case, link_to_report
from sphinx_xenfusa.sphinxext.case_views import beginning
from sphinx_xenfusa.sphinxext.views import Views, meaning, policy_words
from sphinx_xenfusa.trace.record import TestCase, TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import RESULT_OF_OUTCOME, RESULT_OF_VERDICT, Outcome, Result
from sphinx_xenfusa.trace.test_lists import NOT_SUPPLIED

_PLACE = {result: place for place, result in enumerate(Result)}
_OFF = "Build with xenfusa_confirm set to cache."

NEXT = {
    Result.FAILED: "Follow the trace or the message, mend what is wrong, and run it again.",
    Result.ERROR: "Mend the check or the test itself, and run it again.",
    Result.INCONCLUSIVE: "Give the claim more time (xenfusa_claim_timeout), or narrow its scope.",
    Result.DIVERGES: "Decide: live with the divergence, change Xen, or choose another policy.",
    Result.STALE: "Look at the text that changed, and run the tests again on the documented commit.",
    Result.NOT_RUN: "Run what should check it, and supply its report.",
    Result.NONE: "Link a claim or a test to it, or justify in writing that nothing checks it.",
    Result.PARTIAL: "Add a test of the whole, or let the policy say that the parts are enough.",
    Result.JUSTIFIED: "Nothing, until the justification expires.",
    Result.NOT_APPLICABLE: "Check that the reason given holds for the platform.",
}
"""What to do next about a requirement in each state but passed."""


class Attention(NamedTuple):
    """An entry that needs attention.

    Subject and reason are made only of those that are shown: there may be ten thousand.

    :param word: the word beside the symbol of the result.
    :param subject: gives what it is about, with a link.
    :param why: gives the reason.
    :param of_state: whether it is there for the state of a requirement, and not for something beside it.
    """

    result: Result
    word: str
    subject: Callable[[], list[nodes.Node]]
    why: Callable[[], str]
    next: str
    of_state: bool = False


def attention(views: Views, docname: str) -> list[Attention]:
    """Everything that needs attention, worst first; within a state what concerns all comes first, then the record's order."""
    found = [*_of_build(views.record), *_of_reports(views, docname), *_of_claims(views.record)]
    found += [*_of_rules(views, docname), *_of_requirements(views, docname)]
    return sorted(found, key=lambda one: _PLACE[one.result])


# --- what concerns all ------------------------------------------------------------------------------------------------


def _of_build(record: TraceRecord) -> Iterator[Attention]:
    if record.confirm_mode == "off":
        words = "Confirmation is switched off: no claim was run."
        yield Attention(Result.NOT_RUN, "not run", _named("All claims"), _words(words), _OFF)
    if not record.reports:
        following = "Name the reports in xenfusa_test_reports."
        yield Attention(Result.NOT_RUN, "not run", _named("All tests"), _words(NOT_SUPPLIED), following)
    if record.findings:
        words = f"{count(len(record.findings), 'finding')} in the sources and reports"
        following = "Mend each: the register of findings names its place."
        yield Attention(Result.ERROR, "findings", _named("Sources and reports"), _words(words), following)


def _of_reports(views: Views, docname: str) -> Iterator[Attention]:
    for one in views.record.reports:
        subject = _named("The report ", functools.partial(link_to_report, views.builder, docname, one.file))
        if one.error:
            following = "Run the tests again, and supply a whole report: until then no test counts as passed."
            yield Attention(Result.ERROR, "unusable", subject, _words(one.error), following)
        elif one.stale:
            yield Attention(Result.STALE, "stale", subject, _words(one.stale), NEXT[Result.STALE])
        for case in one.cases:
            if case.outcome in (Outcome.FAILED, Outcome.ERROR) and not (case.verifies or case.partially_verifies):
                link = functools.partial(link_to_case, views.builder, docname, case, visible_lines(case.id))
                words = f"it verifies nothing, and {case.outcome.value}: {case.message or 'no message'}"
                result = RESULT_OF_OUTCOME[case.outcome]
                yield Attention(result, result.value, _named("The test ", link), _words(words), NEXT[result])


def _of_claims(record: TraceRecord) -> Iterator[Attention]:
    """The claims that went wrong and that no requirement names, an entry for each way in which they did."""
    named = {claim for one in record.items for claim in one.item.confirmed_by}
    wrong = (VerdictKind.REFUTED, VerdictKind.VACUOUS, VerdictKind.ERROR, VerdictKind.INCONCLUSIVE)
    found: dict[VerdictKind, list[Verdict]] = {}
    for verdict in record.verdicts:
        if verdict.claim not in named and verdict.kind in wrong:
            found.setdefault(verdict.kind, []).append(verdict)
    for kind, verdicts in found.items():
        claims = [*dict.fromkeys(one.claim for one in verdicts)]
        first = verdicts[0]
        words = f"{_listed(claims)}; the first, {policy_words(first.policy)}: {first.reason}"
        subject = _named(f"{count(len(claims), 'claim')} that no requirement names")
        result = RESULT_OF_VERDICT[kind]
        yield Attention(result, kind.value, subject, _words(words), NEXT[result])


def _of_rules(views: Views, docname: str) -> Iterator[Attention]:
    """The gates that are not met, and the justifications that have expired."""
    for gate in views.record.gates:
        if gate.met is False:
            words = f"{gate.words}: {gate.counted:,} of {gate.of:,}, where {gate.required:g} % are asked for"
            following = "Close the gaps, or change the threshold with a reason."
            yield Attention(Result.FAILED, "not met", _named(f"The gate {gate.name}"), _words(words), following)
    for one in views.record.justifications:
        if one.expired:
            words = f"its justification expired on {one.expires}: {one.reason}"
            subject = _named("", functools.partial(views.link, docname, one.id, one.id))
            following = f"Close the gap, or let {one.owner or 'its owner'} renew it."
            yield Attention(Result.FAILED, "expired", subject, _words(words), following)


def _named(words: str, link: Callable[[], nodes.Node] | None = None) -> Callable[[], list[nodes.Node]]:
    return lambda: [paragraph(words, *([] if link is None else [link()]))]


def _words(words: str) -> Callable[[], str]:
    return lambda: visible_lines(beginning(words))


# --- requirements -----------------------------------------------------------------------------------------------------


def _of_requirements(views: Views, docname: str) -> Iterator[Attention]:
    off = views.record.confirm_mode == "off"
    for one in views.record.items:
        subject = functools.partial(_subject, views, docname, one)
        if one.result is not Result.PASSED:
            claims = off and one.result is Result.NOT_RUN and bool(one.item.confirmed_by)
            reason = functools.partial(why, views, one)
            yield Attention(one.result, one.result.value, subject, reason, _OFF if claims else NEXT[one.result], True)
        if one.suspect:
            words = f"the text of {_listed(one.suspect)} changed since a link or a review was accepted"
            yield Attention(Result.STALE, "suspect", subject, _words(words), "Review it, and accept it anew.")
        if one.duplicates:
            places = _listed([str(place) for place in one.duplicates])
            words = f"its tag stands at {places} as well; nothing of what stands there counts"
            yield Attention(Result.ERROR, "duplicate", subject, _words(words), "Give one of them another id.")


def _subject(views: Views, docname: str, one: TracedItem) -> list[nodes.Node]:
    tag = str(one.item.tag)
    return [paragraph(views.link(docname, tag, tag)), paragraph(one.item.title)]


def why(views: Views, one: TracedItem) -> str:
    """Why a requirement is not green: the claims, tests and findings of people that its state comes from."""
    found = [*_claims_in(one), *_tests_in(views, one), *_people_in(one), *one.lacks]
    return visible_lines(beginning("; ".join(dict.fromkeys(found)) or meaning(one)))


def _claims_in(one: TracedItem) -> Iterator[str]:
    for verdict in one.verdicts:
        if RESULT_OF_VERDICT[verdict.kind] is one.result:
            told = ", ".join(entry.id for entry in verdict.divergences) or verdict.reason
            yield f"{verdict.claim}, {policy_words(verdict.policy)}: {verdict.kind.value}{f' ({told})' if told else ''}"


def _tests_in(views: Views, one: TracedItem) -> Iterator[str]:
    tag = str(one.item.tag)
    for case in (*one.tests, *one.partial_tests):
        stale = views.stale.of(case, tag)
        if stale and one.result is Result.STALE:
            yield f"{case.id}: {stale}"
        elif one.result is RESULT_OF_OUTCOME[case.outcome] and case.outcome is not Outcome.PASSED:
            yield _case_words(case)


def _case_words(case: TestCase) -> str:
    return f"{case.id} {case.outcome.value}{f': {case.message}' if case.message else ''}"


def _people_in(one: TracedItem) -> Iterator[str]:
    for entry in one.methods:
        if entry.result is one.result and entry.method not in ("model", "test"):
            yield f"by {entry.method}: {entry.result.value}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
