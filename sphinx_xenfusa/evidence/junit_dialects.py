"""What other tools than pytest write as JUnit XML, and what each means by it.

Sources: CMake 3.25 and 4.4, lit 23 and their reports; googletest's own tests of its XML; quick-junit's fixture;
surefire's schema 3.0; Xen's ``automation/scripts/run-tools-tests``; Zephyr's ``twisterlib/reports.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from sphinx_xenfusa.evidence.content import NAME_LIMIT
from sphinx_xenfusa.evidence.junit import (
    EARLIER,
    PYTEST,
    PYTEST_CHILDREN,
    CaseElement,
    Form,
    InputFault,
    SuiteElement,
    count_elements,
    counts_fault,
    judge_by_children,
)
from sphinx_xenfusa.evidence.plain_text import printable, shortened
from sphinx_xenfusa.trace.states import Outcome


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _plain(text: str) -> str:
    return printable(shortened(text, NAME_LIMIT))


def _unknown(case: CaseElement, known: str) -> InputFault:
    said = " ".join(
        f'{name}="{_plain(case.attributes[name])[:60]}"' for name in ("status", "result") if name in case.attributes
    )
    elements = " with a failure, error or skipped element" if case.results else ""
    return InputFault(f"a <testcase> with {said or 'no status'}{elements}", known)


def count_outcomes(suite: SuiteElement, case: CaseElement, outcomes: tuple[Outcome, ...]) -> None:
    """Count a case once for itself, and once for its status where the dialect counts by status."""
    count_elements(suite, case, outcomes)
    suite.counted[f"{case.attributes.get('status', '')} case"] += 1
    suite.counted["failing case"] += Outcome.FAILED in outcomes
    suite.counted["erroneous case"] += Outcome.ERROR in outcomes
    suite.counted["skipped case"] += Outcome.SKIPPED in outcomes
    suite.counted["suppressed case"] += Outcome.NOT_RUN in outcomes


# --- ctest ------------------------------------------------------------------------------------------------------------


def _judge_ctest(case: CaseElement, suite: SuiteElement) -> tuple[Outcome, ...] | InputFault:
    """By ``status``; what was not run is *skipped* only where the test itself asked for it."""
    del suite
    if case.classname == case.name:
        case.classname = ""
    status, children = case.attributes.get("status"), tuple(case.results)
    if status == "run" and not children:
        return (Outcome.PASSED,)
    if status == "fail" and children == (Outcome.FAILED,):
        return (Outcome.FAILED,)
    if status == "disabled" and not children:
        return (Outcome.NOT_RUN,)
    if status == "notrun" and children in ((), (Outcome.SKIPPED,)):
        asked = any(message.startswith("SKIP_") for message in case.messages)
        return (Outcome.SKIPPED if asked else Outcome.NOT_RUN,)
    return _unknown(case, "with status run, fail (and <failure>), notrun (and <skipped>) or disabled")


CTEST = Form(
    what="a JUnit report as ctest --output-junit writes it",
    children={
        "": _words("testsuite"),
        "testsuite": _words("testcase properties"),
        "testcase": _words("failure skipped properties system-out"),
        "properties": _words("property"),
    },
    attributes={
        "testsuite": _words("name tests failures disabled skipped hostname time timestamp"),
        "testcase": _words("name classname time status"),
    },
    needed=("name", "status"),
    counts={"tests": "testcase", "failures": "fail case", "disabled": "disabled case", "skipped": "notrun case"},
    needed_counts=_words("tests failures disabled skipped"),
    judge=_judge_ctest,
    count=count_outcomes,
    no_reason=re.compile(r"\ASKIP_RETURN_CODE=[0-9]+$|\ASKIP_REGULAR_EXPRESSION_MATCHED$"),
)


# --- googletest -------------------------------------------------------------------------------------------------------

GTEST_CASE = _words("name classname file line status result time timestamp value_param type_param")


def _judge_gtest(case: CaseElement, suite: SuiteElement) -> tuple[Outcome, ...] | InputFault:
    """By ``status`` and, since googletest 1.10, ``result``; further attributes are recorded properties."""
    for name in set(case.attributes) - GTEST_CASE | (set(case.attributes) & {"value_param", "type_param"}):
        case.properties[_plain(name), _plain(case.attributes[name])] = None
    if not case.name:
        case.name = "set-up or tear-down of the suite"
        case.classname = case.classname or _plain(suite.attributes.get("name", ""))
    return judge_gtest(case)


def judge_gtest(case: CaseElement) -> tuple[Outcome, ...] | InputFault:
    """What a case of googletest is, in XML or JSON, by status, result and failures."""
    status, result = (case.attributes.get(key, default).lower() for key, default in (("status", ""), ("result", "")))
    if status == "notrun" and result in ("", "suppressed") and not case.results:
        return (Outcome.NOT_RUN,)
    if status == "run" and Outcome.FAILED in case.results and result in ("", "completed", "skipped"):
        return (Outcome.FAILED,)
    if status == "run" and result == "skipped":
        return (Outcome.SKIPPED,)
    if status == "run" and result in ("", "completed") and not case.results:
        return (Outcome.PASSED,)
    return _unknown(case, "with status run or notrun and result completed, skipped or suppressed")


def count_gtest(suite: SuiteElement, case: CaseElement, outcomes: tuple[Outcome, ...]) -> None:
    """Count a case; a failure outside of any test has a nameless case, which googletest does not count."""
    if case.attributes.get("name"):
        count_outcomes(suite, case, outcomes)


GTEST = Form(
    what="an XML report as googletest writes it",
    children={
        "": _words("testsuites"),
        "testsuites": _words("testsuite properties"),
        "testsuite": _words("testcase properties"),
        "testcase": _words("failure skipped properties"),
        "properties": _words("property"),
    },
    attributes={"failure": _words("message type"), "skipped": _words("message")},
    needed=("name", "classname", "status"),
    counts={
        "tests": "testcase",
        "failures": "failing case",
        "disabled": "suppressed case",
        "errors": "error",
        "skipped": "skipped case",
    },
    needed_counts=_words("tests failures disabled errors"),
    judge=_judge_gtest,
    count=count_gtest,
    no_reason=re.compile(r"\A[^\s:]+:[0-9]+\n"),
)


# --- cargo-nextest and surefire: other attempts of a test stand in its case -------------------------------------------

_ATTEMPT = _words("stackTrace system-out system-err")


NEXTEST = Form(
    what="a JUnit report as cargo-nextest writes it",
    children={
        "": _words("testsuites"),
        "testsuites": _words("testsuite"),
        "testsuite": _words("testcase properties system-out system-err"),
        "testcase": _words("failure error skipped properties system-out system-err") | EARLIER.keys(),
        "properties": _words("property"),
        **dict.fromkeys(EARLIER, _ATTEMPT),
    },
    attributes={
        "testsuites": _words("name tests failures errors skipped uuid timestamp time"),
        "testsuite": _words("name tests failures errors skipped disabled timestamp time"),
        "testcase": _words("name classname timestamp time assertions"),
    },
    needed=("name", "classname"),
    counts={
        "tests": "testcase",
        "failures": "failing case",
        "errors": "erroneous case",
        "skipped": "skipped case",
        "disabled": "skipped case",
    },
    needed_counts=_words("tests failures errors"),
    judge=judge_by_children,
    count=count_outcomes,
)

SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"


def _judge_surefire(case: CaseElement, suite: SuiteElement) -> tuple[Outcome, ...]:
    case.name = case.name or "set-up or tear-down of the class"
    return judge_by_children(case, suite)


def count_surefire(suite: SuiteElement, case: CaseElement, outcomes: tuple[Outcome, ...]) -> None:
    """Count a case, and once more among those that were tried as often, by how the last attempt ended."""
    count_outcomes(suite, case, outcomes)
    tries = len(case.results) + len(case.earlier) + (not case.results and bool(case.earlier))
    last = (case.earlier or case.results)[-1] if case.results else Outcome.PASSED
    suite.counted[f"tests {max(tries, 1)}"] += 1
    suite.counted[f"{last.value} {max(tries, 1)}"] += 1


def _surefire_fault(suite: SuiteElement) -> tuple[str, str] | None:
    """The counts of all cases or, where failing tests were run again, those of the last run (as surefire has it)."""
    fault = counts_fault(suite, SUREFIRE.counts)
    tries = max((int(key.split()[1]) for key in suite.counted if key.startswith("tests ")), default=1)
    if fault is None or tries == 1:
        return fault
    words = {"tests": "tests", "failures": "failed", "errors": "error", "skipped": "skipped"}
    of_last_run = {name: f"{word} {tries}" for name, word in words.items()}
    return fault if counts_fault(suite, of_last_run) else None


SUREFIRE = Form(
    what="a report as Maven surefire writes it",
    children={
        **NEXTEST.children,
        "": _words("testsuite"),
        "testsuite": _words("testcase properties"),
    },
    attributes={
        "testsuite": _words("name time tests errors skipped failures flakes group version timestamp")
        | {SCHEMA_LOCATION},
        "testcase": _words("name classname group time"),
    },
    needed=("name", "classname"),
    counts={
        "tests": "testcase",
        "failures": "failing case",
        "errors": "erroneous case",
        "skipped": "skipped case",
    },
    needed_counts=_words("tests failures errors skipped"),
    judge=_judge_surefire,
    count=count_surefire,
    fault=_surefire_fault,
    no_reason=re.compile(r"\A(?:class \S+|.*\)) is @Disabled$"),
)


# --- lit --------------------------------------------------------------------------------------------------------------

_NOT_SELECTED = ("Test not selected", "User interrupt")


def _judge_lit(case: CaseElement, suite: SuiteElement) -> tuple[Outcome, ...] | InputFault:
    if any(message.startswith(_NOT_SELECTED) for message in case.messages) and case.results == [Outcome.SKIPPED]:
        return (Outcome.NOT_RUN,)
    return judge_by_children(case, suite)


LIT = Form(
    what="a JUnit report as lit --xunit-xml-output writes it",
    children={
        "": _words("testsuites"),
        "testsuites": _words("testsuite"),
        "testsuite": _words("testcase"),
        "testcase": _words("failure skipped"),
    },
    attributes={
        "testsuites": _words("time"),
        "testsuite": _words("name tests failures skipped time"),
        "testcase": _words("classname name time"),
    },
    needed=("classname", "name"),
    counts={"tests": "testcase", "failures": "failure", "skipped": "skipped"},
    needed_counts=_words("tests failures skipped"),
    judge=_judge_lit,
    count=count_outcomes,
)


# --- Jenkins, nose, casperjs, Xen -------------------------------------------------------------------------------------

JENKINS = Form(
    what="a JUnit report with nested suites as Jenkins reads it",
    children={
        **PYTEST_CHILDREN,
        **NEXTEST.children,
        "": PYTEST_CHILDREN[""],
        **{"testsuite": PYTEST_CHILDREN["testsuite"], "testsuites": PYTEST_CHILDREN["testsuites"]},
    },
    attributes={
        "testsuites": _words("name tests failures errors skipped time"),
        "testsuite": _words(
            "name tests failures errors skipped skips group time timestamp hostname id package file log url version"
        ),
        "testcase": _words("classname name file line url time assertions group"),
    },
    needed=("name",),
    counts=PYTEST.counts,
    needed_counts=PYTEST.needed_counts,
    judge=judge_by_children,
    count=count_elements,
)
NOSE = replace(
    PYTEST,
    what="a JUnit report as nose writes it",
    children={**PYTEST_CHILDREN, "": _words("testsuite"), "testsuite": _words("testcase")},
    attributes={"testsuite": _words("name tests errors failures skip"), "testcase": _words("classname name time")},
    counts={"tests": "testcase", "failures": "failure", "errors": "error", "skip": "skipped"},
    needed_counts=_words("tests errors failures skip"),
    count=count_elements,
    fault=None,
    again=JENKINS.again,
    no_reason=JENKINS.no_reason,
)
CASPERJS = replace(
    NOSE,
    what="a JUnit report as casperjs writes it",
    children={
        "": _words("testsuites"),
        "testsuites": _words("testsuite"),
        "testsuite": _words("testcase system-out"),
        "testcase": _words("failure error skipped system-out"),
    },
    attributes={
        "testsuites": _words("duration time"),
        "testsuite": _words("name package tests failures errors skipped time timestamp"),
        "testcase": _words("classname name time"),
    },
    counts={"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"},
    needed_counts=_words("tests failures"),
)
XEN = Form(
    what="a report as Xen's run-tools-tests writes it",
    children={
        "": _words("testsuites"),
        "testsuites": _words("testsuite"),
        "testsuite": _words("testcase"),
        "testcase": _words("failure"),
    },
    attributes={
        "testsuites": _words("name"),
        "testsuite": _words("name"),
        "testcase": _words("name time"),
        "failure": _words("type message"),
    },
    needed=("name",),
    counts={"tests": "testcase"},
    needed_counts=frozenset(),
    judge=judge_by_children,
    count=count_elements,
)


# --- Zephyr twister ---------------------------------------------------------------------------------------------------

TWISTER_SAYS_NOTHING = (
    "twister's XML does not tell built from run; twister.json beside it does, and does not say that this ran"
)


def twister(ran: Mapping[tuple[str, str, str], Outcome]) -> Form:
    """The form of twister's XML reports: what has no element in it passed only if twister.json says so.

    :param ran: by platform, suite and case, what the sibling says; empty if there is none.
    """

    def judge(case: CaseElement, suite: SuiteElement) -> tuple[Outcome, ...] | InputFault:
        case.target = suite.properties.get("platform", suite.attributes.get("name", ""))[:1000]
        if case.results:
            built = any(message.startswith(("built only", "No results captured")) for message in case.messages)
            return (Outcome.NOT_RUN,) if built and case.results == [Outcome.SKIPPED] else tuple(case.results)
        said = ran.get(_key_of_twister(case), Outcome.NOT_RUN)
        if said is not Outcome.PASSED:
            case.messages.append(TWISTER_SAYS_NOTHING)
            return (Outcome.NOT_RUN,)
        return (said,)

    return replace(
        PYTEST,
        what="a report as Zephyr's twister writes it",
        children={**PYTEST_CHILDREN, "": _words("testsuites"), "testsuite": _words("testcase properties")},
        attributes={
            "testsuites": frozenset(),
            "testsuite": _words("name time timestamp tests failures errors skipped"),
            "testcase": _words("classname name time"),
        },
        judge=judge,
        count=_count_twister,
        fault=None,
        again=JENKINS.again,
        no_reason=re.compile(r"\A(?:Unknown|Skipped)$"),
    )


def _key_of_twister(case: CaseElement) -> tuple[str, str, str]:
    """What twister.json says of the same: of a case (twister_report.xml) or of a whole suite (twister.xml)."""
    if case.classname == f"{case.target}:{case.name}":
        return case.target, case.name.replace("\\", "/").rpartition("/")[2], ""
    return case.target, case.classname, case.name


def _count_twister(suite: SuiteElement, case: CaseElement, outcomes: tuple[Outcome, ...]) -> None:
    """Twister counts what it gave a status; a case without one has an element of type *untested* and is not counted."""
    if not any(message.startswith("No results captured") for message in case.messages):
        count_elements(suite, case, outcomes)
