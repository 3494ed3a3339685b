"""Judges whether test results are of the texts that are documented.

What is asked first decides, the exact before the likely:

1. The run was ended before it was done, or it and its report contradict each other: all of the report is stale.
2. The commit: tests of another commit than the documented one are stale, and so are tests of a tree with changes where the
   documented tree has none.
3. For each item that the report verifies: if the run has its fingerprint, that one decides, whatever the times say.
4. Else the commit: it is the documented one (see 2), so that the text is the same, unless it has changes that are not committed.
5. Else the times: a report that is older than the lines of the text is stale for that item; so is any for a text that is not
   committed.
6. Else nothing is judged, and the record says why.  Where provenance is required, what cannot be judged is stale.

A time that is malformed, or lies in the future, makes a report stale: it cannot say what it is there for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sphinx_xenfusa.evidence.test_run_file import RunFile
from sphinx_xenfusa.evidence.test_runs import same_commit
from sphinx_xenfusa.evidence.times import Span, in_words, span_of
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import Documented, Item, TestReport
from sphinx_xenfusa.trace.test_results import NOT_COMMITTED

AHEAD = 86_400
"""Seconds that a report may be ahead of the clock of the build."""

BY_FINGERPRINT = "by the fingerprints of the texts"
BY_COMMIT = "by commit"
BY_TIME = "by time"
NOTHING_VERIFIED = "not judged: it verifies no item"
SIGNALS = range(129, 193)
"""The exit codes that a shell gives to a command that a signal ended."""


@dataclass(frozen=True, slots=True)
class TextAge:
    """Since when a text reads as it does.

    :param time: seconds since 1970; ``None`` if it is not known, or not committed.
    :param uncommitted: whether it has changes that are in no commit.
    :param cut_off: whether it may be older, because the history is cut off.
    :param why: why nothing is known.
    """

    time: int | None = None
    uncommitted: bool = False
    cut_off: bool = False
    why: str = ""


@dataclass(frozen=True)
class Known:
    """What reports are held against.

    :param fingerprints: of the items, by tag.
    :param documented: the commit that is documented.
    :param age_of: since when the text of an item reads as it does; asked only where times decide.
    :param now: seconds since 1970 after which a time lies in the future.
    :param required: whether a report whose provenance is not known is stale.
    """

    fingerprints: Mapping[str, str]
    documented: Documented
    age_of: Callable[[str], TextAge]
    now: float
    required: bool = False


def judge(reports: Iterable[TestReport], file_of: Mapping[str, RunFile], known: Known) -> list[TestReport]:
    """Judge each report that can be read, for each item that its tests verify.

    :param file_of: the side files by the names of their runs.
    """
    return [report if report.error else _judged(report, file_of.get(report.run), known) for report in reports]


def _judged(report: TestReport, file: RunFile | None, known: Known) -> TestReport:
    stale = "; ".join(_stale_as_a_whole(report, file, known))
    if stale:
        return replace(report, stale=stale, judged="")
    tags = sorted({tag for case in report.cases for tag in (*case.verifies, *case.partially_verifies)}, key=natural)
    by, reasons = _judged_items(report, file, [tag for tag in tags if tag in known.fingerprints], known)
    if known.required and by.startswith("not judged") and by != NOTHING_VERIFIED:
        return replace(report, stale=f"its provenance is required and not known: {by}", judged=by)
    return replace(report, judged=by, stale_for=tuple(reasons.items()))


# --- a report as a whole ----------------------------------------------------------------------------------------------


def _stale_as_a_whole(report: TestReport, file: RunFile | None, known: Known) -> Iterator[str]:
    if report.stale:
        yield report.stale
    if file is not None:
        yield from _cut_short(file)
    yield from _wrong_time(report, known)
    yield from _other_revision(report, file, known.documented)
    if known.required:
        yield from _missing(report, file, known.documented)


def _cut_short(file: RunFile) -> Iterator[str]:
    if file.interrupted:
        yield f"the run {file.name!r} was ended before it was done"
    elif file.exit_code in SIGNALS or (file.exit_code or 0) < 0:
        yield f"a signal ended the run {file.name!r} (exit code {file.exit_code})"


def _wrong_time(report: TestReport, known: Known) -> Iterator[str]:
    if not report.time:
        return
    try:
        span = span_of(report.time)
    except ValueError as error:
        yield str(error)
        return
    if span.earliest > known.now + AHEAD:
        yield f"its time, {report.time}, lies in the future"


def _other_revision(report: TestReport, file: RunFile | None, documented: Documented) -> Iterator[str]:
    if not report.commit or not documented.commit:
        return
    if not same_commit(report.commit, documented.commit):
        yield f"it ran on commit {_short(report.commit)}, and {_short(documented.commit)} is documented"
    elif file is not None and file.dirty and not documented.dirty:
        yield f"it ran on commit {_short(report.commit)} with changes that are not committed"


def _missing(report: TestReport, file: RunFile | None, documented: Documented) -> Iterator[str]:
    absent = [words for words, value in (("no commit", report.commit), ("no time", report.time)) if not value]
    if absent:
        yield f"provenance is required, and of this report {' and '.join(absent)} is known"
    if report.commit and not documented.commit:
        yield f"provenance is required, and the documented commit is not known ({documented.why})"
    if file is not None and file.dirty and documented.dirty:
        yield "provenance is required, and both what was tested and what is documented have changes that are not committed"


def _short(commit: str) -> str:
    return commit[:12]


# --- for each item ----------------------------------------------------------------------------------------------------


def _judged_items(
    report: TestReport, file: RunFile | None, tags: Sequence[str], known: Known
) -> tuple[str, dict[str, str]]:
    """By what the items were judged, and the reason for each for which the report is stale."""
    if not tags:
        return NOTHING_VERIFIED, {}
    if file is not None and file.fingerprints is not None:
        reasons = {tag: _by_fingerprint(file.fingerprints.get(tag), known.fingerprints[tag]) for tag in tags}
        return BY_FINGERPRINT, _only(reasons)
    if report.commit and known.documented.commit:
        changed = known.documented.dirty is True
        ages = {tag: known.age_of(tag) for tag in tags} if changed else {}
        return BY_COMMIT, {tag: NOT_COMMITTED for tag, age in ages.items() if age.uncommitted}
    time = report.time if file is None or not file.started else file.started
    if not time:
        return f"not judged: {_unknown(report, known.documented)}", {}
    ages = {tag: known.age_of(tag) for tag in tags}
    by, reasons = _by_time(span_of(time), ages)
    if known.required:
        reasons |= {tag: f"how old its text is is not known ({age.why})" for tag, age in ages.items() if age.why}
    return by, reasons


def _unknown(report: TestReport, documented: Documented) -> str:
    if not report.commit:
        return "neither its time nor its commit is known"
    return f"its time is not known, and neither is the documented commit ({documented.why})"


def _only(reasons: Mapping[str, str]) -> dict[str, str]:
    return {tag: reason for tag, reason in reasons.items() if reason}


def _by_fingerprint(then: str | None, now: str) -> str:
    if then is None:
        return "it was not among the requirements when the tests ran"
    return "" if then == now else "its text is not the one with which the tests ran"


def _by_time(span: Span, ages: Mapping[str, TextAge]) -> tuple[str, dict[str, str]]:
    unknown = [age for age in ages.values() if age.why]
    reasons = _only({tag: _older(span, age) for tag, age in ages.items()})
    if len(unknown) == len(ages):
        return f"not judged: how old the texts are is not known ({unknown[0].why})", reasons
    some = f", but for {len(unknown)} whose age is not known ({unknown[0].why})" if unknown else ""
    return f"{BY_TIME}{some}", reasons


def _older(span: Span, age: TextAge) -> str:
    if age.uncommitted:
        return NOT_COMMITTED
    if age.time is None or span.earliest >= age.time:
        return ""
    ran = in_words(span.earliest) if span.exact else f"at the earliest {in_words(span.earliest)} (no zone is said)"
    cut_off = "; it may be older, but the history is cut off there (shallow clone)" if age.cut_off else ""
    return f"the tests ran {ran}, its text is of {in_words(age.time)}{cut_off}"


def known_items(items: Iterable[Item]) -> dict[str, Item]:
    """The items by tag; of several with one tag the first."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(str(item.tag), item)
    return found
