"""A pytest plugin: the marker that binds a test to the requirements that it verifies.

``@pytest.mark.verifies("XenArch~hwdom_single~1")`` on a function, class, module (``pytestmark``) or parameter set says
that the test verifies the whole statement, ``partial=True`` that it verifies a part.  ``level``, ``type``, ``technique``
and ``independence`` say how the test verifies, in the words of :mod:`sphinx_xenfusa.trace.test_methods`.  All of this travels
in the JUnit report (``--junitxml``) as properties of the case; :mod:`sphinx_xenfusa.evidence` reads them back.  They are
attached when tests are collected, so that skipped tests and tests whose setup fails carry them too.  Each case also says
where its test stands, which pytest's usual form of the report leaves out.

No Sphinx is imported here: the plugin loads in every pytest run of an environment that has this package.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator

import pytest

from sphinx_xenfusa.trace.record import Tag
from sphinx_xenfusa.trace.test_methods import FIELDS, expected_words, known_word

MARKER = "verifies"
VERIFIES = "xenfusa.verifies"
PARTIALLY_VERIFIES = "xenfusa.partially-verifies"
FURTHER_PASSES = "xenfusa.further-passes"
PLACE = "xenfusa.place"
PREFIX = "xenfusa."

_KEYWORDS = ("partial", *FIELDS)
_HELP = (
    "verifies(*tags, partial=False, level=..., type=..., technique=..., independence=...): the test verifies these "
    'requirements, as in verifies("XenArch~hwdom_single~1"); partial=True: it verifies a part of each; the others say how'
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _HELP)
    config.pluginmanager.register(_Reports(config), "xenfusa-reports")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Attach the links to all tests, before any test is deselected or run.

    :raises pytest.UsageError: naming every malformed marker with its file and line.
    """
    faults: dict[str, None] = {}
    for item in items:
        said: set[tuple[str, str]] = {(PLACE, _place(item))}
        method = _Method()
        for node, mark in item.iter_markers_with_node(MARKER):
            found = list(_faults(mark)) or list(method.add(mark, _place_of_node(node)))
            faults.update(dict.fromkeys(f"{_place(item)}: {fault}" for fault in found))
            if not found:
                name = PARTIALLY_VERIFIES if mark.kwargs.get("partial") else VERIFIES
                said.update((name, tag) for tag in mark.args)
        said.update((PREFIX + field, word) for field, (word, _) in method.said.items())
        item.user_properties.extend(sorted(said))
    if faults:
        _refuse(config, items, list(faults))


def _refuse(config: pytest.Config, items: list[pytest.Item], faults: list[str]) -> None:
    """End the session; an xdist worker, whose usage errors would show as crashes, tells the controller instead."""
    output = getattr(config, "workeroutput", None)
    if output is None:
        raise pytest.UsageError(*faults)
    output[MARKER] = faults
    items.clear()


class _Method:
    """How one test verifies, gathered from all its markers: each field has one value."""

    def __init__(self) -> None:
        self.said: dict[str, tuple[str, str]] = {}

    def add(self, mark: pytest.Mark, place: str) -> Iterator[str]:
        """Take what a faultless marker says; what contradicts another marker of the same test is a fault."""
        for field in FIELDS:
            if field in mark.kwargs:
                word = known_word(field, mark.kwargs[field]) or ""
                before, elsewhere = self.said.setdefault(field, (word, place))
                if before != word:
                    first, second = sorted([f"{field}={before!r} at {elsewhere}", f"{field}={word!r} at {place}"])
                    yield f"found {first} and {second}; expected one {field} for one test"


class _Reports:
    """Keeps what would be lost on the way: passed subtests, links of crashed tests, faults that xdist workers found."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._outcomes: dict[str, Counter[str]] = {}
        self._links: dict[str, list[tuple[str, object]]] = {}
        self._faults: dict[str, None] = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take over what an xdist worker found wrong with the markers."""
        self._faults.update(dict.fromkeys(getattr(node, "workeroutput", {}).get(MARKER, ())))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Refuse what xdist workers found.

        :raises pytest.UsageError: naming every malformed marker with its file and line.
        """
        if self._faults:
            raise pytest.UsageError(*self._faults)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Write down the passes that pytest counts in ``tests`` and writes no element for.

        A test with subtests reports several outcomes.  Each failed or skipped one is an element in its case, one pass
        is the case without such an element; every other pass is in the count only.
        """
        if call.when == "teardown":
            outcomes = self._outcomes.pop(item.nodeid, Counter())
            further = outcomes["passed"] - (outcomes.total() == outcomes["passed"])
            if further > 0:
                item.user_properties.append((FURTHER_PASSES, further))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the links of a running test; give them to the report of a test that took its xdist worker along.

        Properties are written at a test's teardown, which a crashed test never reaches: it would show an error that is
        linked to nothing.
        """
        phase = str(report.when)  # of a crashed test it is "???"
        if phase == "call":
            self._outcomes.setdefault(report.nodeid, Counter())[report.outcome] += 1
        elif phase == "setup":
            self._links[report.nodeid] = report.user_properties
        elif phase == "teardown":
            self._links.pop(report.nodeid, None)
        elif report.nodeid in self._links:
            self._replay_teardown(report)

    def _replay_teardown(self, crash: pytest.TestReport) -> None:
        teardown = pytest.TestReport(
            nodeid=crash.nodeid,
            location=crash.location,
            keywords={},
            outcome="passed",
            longrepr=None,
            when="teardown",
            user_properties=self._links[crash.nodeid],
            node=getattr(crash, "node", None),
        )
        self._config.hook.pytest_runtest_logreport(report=teardown)


def _place(item: pytest.Item) -> str:
    """Where a test stands, ``file:line``."""
    file, line, _ = item.location
    return file if line is None else f"{file}:{line + 1}"


def _place_of_node(node: pytest.Item | pytest.Collector | object) -> str:
    """Where a test, or the class or module that holds it, stands."""
    if isinstance(node, pytest.Item):
        return _place(node)
    return str(getattr(node, "nodeid", "")) or "the session"


def _faults(mark: pytest.Mark) -> Iterator[str]:
    """What is wrong with a marker."""
    if not mark.args:
        yield f"found {MARKER} without a tag; expected at least one, as in verifies('XenArch~hwdom_single~1')"
    for tag in mark.args:
        if not isinstance(tag, str):
            yield f"found {tag!r} in {MARKER}; expected a tag as a string"
            continue
        try:
            Tag.parse(tag)
        except ValueError as error:
            yield str(error)
    for keyword, value in mark.kwargs.items():
        if keyword not in _KEYWORDS:
            near = difflib.get_close_matches(keyword, _KEYWORDS, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            yield f"found the keyword {keyword!r} in {MARKER}{hint}; expected {', '.join(_KEYWORDS[:-1])} or {_KEYWORDS[-1]}"
        elif keyword == "partial":
            if not isinstance(value, bool):
                yield f"found partial={value!r} in {MARKER}; expected True or False"
        elif not isinstance(value, str) or known_word(keyword, value) is None:
            yield f"found {keyword}={value!r} in {MARKER}; expected {expected_words(keyword, str(value))}"
