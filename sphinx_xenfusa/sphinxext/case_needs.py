"""The tests that verify something, as needs without a card: for the links, tables and flows of sphinx-needs.

Tests that verify nothing are none of its concern, and a test has one need however many reports tell of it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from sphinx.application import Sphinx

from sphinx_xenfusa.sphinxext import needs_bridge
from sphinx_xenfusa.sphinxext.case_places import address_of_case, id_of_test
from sphinx_xenfusa.sphinxext.config import config_file
from sphinx_xenfusa.sphinxext.needs_bridge import LinkedTest
from sphinx_xenfusa.sphinxext.warning_types import warn
from sphinx_xenfusa.trace.record import Test, TestCase, TraceRecord
from sphinx_xenfusa.trace.states import Outcome

_STEERS = re.compile(r"[^\w .,:/=+()\[\]-]|(?<=\[)\[|(?<=\])\]|(?<=/)/", re.ASCII)
"""What PlantUML, Jinja or a function of sphinx-needs would take for more than a letter of a title."""
MOST = 20_000
"""Tests that become needs at the most: sphinx-needs keeps several kilobytes of each in memory."""
_LONGEST = 120
_WORST_FIRST = {outcome: place for place, outcome in enumerate(Outcome)}


def add_tests(app: Sphinx, needs: Container[str], record: TraceRecord) -> None:
    """Add a need for each test that verifies an item which has a need, before sphinx-needs makes the links."""
    if not app.config.xenfusa_test_needs:
        return
    number = sum(_is_linked(test, needs) for test in record.tests)
    if not number:
        return
    if number > MOST:
        found = f"found {number:,} tests that verify requirements; expected at most {MOST:,} for sphinx-needs"
        said = "it has none of them, and xenfusa_test_needs = False says that none are wanted"
        warn("refused", f"{found}; {said}", config_file(app, "test_needs"))
        return
    try:
        tests = needs_bridge.Tests(app, needs)
    except needs_bridge.Refused as error:
        warn("refused", f"tests: {error}; sphinx-needs has no tests", config_file(app))
        return
    for test in _linked(record, needs):
        try:
            tests.add(test)
        except needs_bridge.Refused as error:
            warn("refused", f"{test.id} ({test.title}): {error}; sphinx-needs has no such test", config_file(app))


def _is_linked(test: Test, needs: Container[str]) -> bool:
    return any(tag in needs for tag in (*test.verifies, *test.partially_verifies))


def _linked(record: TraceRecord, needs: Container[str]) -> Iterator[LinkedTest]:
    told = _cases(record)
    for test in record.tests:
        key = test.classname, test.name
        if key in told and _is_linked(test, needs):
            yield LinkedTest(
                id_of_test(*key),
                title_of(test),
                address_of_case(told[key]),
                test.outcome,
                test.flaky,
                any(one.stale for one in test.targets),
                tuple(_harmless(one.target) for one in test.targets if one.target),
                test.verifies,
                test.partially_verifies,
            )


def _cases(record: TraceRecord) -> dict[tuple[str, str], TestCase]:
    """The worst case of each test: its page tells the most."""
    told: dict[tuple[str, str], TestCase] = {}
    for report in record.reports:
        for case in report.cases:
            before = told.setdefault((case.classname, case.name), case)
            if _WORST_FIRST[case.outcome] < _WORST_FIRST[before.outcome]:
                told[case.classname, case.name] = case
    return told


def title_of(test: Test) -> str:
    """The name of a test for a title, which sphinx-needs hands on to tools that read more than text in it."""
    words = _harmless(test.id)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def _harmless(text: str) -> str:
    return _STEERS.sub("_", text)
