"""What the platforms and scenarios of a project amount to: made anew in every build, from their text and from the model.

Nothing of it is kept: a scenario may name a platform of another document, and both depend on the model that is installed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.platform import Platform
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION
from sphinx_xenfusa.model.scenario import Scenario
from sphinx_xenfusa.platforms.platform_yaml import platform_from_yaml
from sphinx_xenfusa.platforms.scenario_yaml import scenario_from_yaml
from sphinx_xenfusa.sphinxext.platform_directives import Written, WrittenPlatform, WrittenScenario
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import Finding, Place, Tag

# What searches platforms is imported where one is searched: most projects have none, and modules of claims that are not imported
# let the words of claims be kept.
if TYPE_CHECKING:
    from sphinx_xenfusa.claims.interference import Examined
    from sphinx_xenfusa.claims.platform_checks import PlatformCheck
    from sphinx_xenfusa.claims.scenarios import ScenarioRun
    from sphinx_xenfusa.sphinxext.platform_answers import Answer, Ask

MOST_EXAMINED = 16
"""Domains of a platform that is searched for interference: the search takes every pair, in every build."""


@dataclass(frozen=True)
class PlatformResult:
    """A platform and what the rules say of it.

    :param platform: ``None`` when it cannot be read.
    :param check: ``None`` then.
    :param examined: the search for interference under each policy that counts; empty when the platform is too large.
    :param findings: what is wrong with it or with what is expected of it.
    :param answer: of a platform in files, whether it is compatible with safety; ``None`` for any other, and if it cannot be read.
    :param texts: name and text of each of these files.
    :param as_expected: whether that is what its author expects; ``None`` if he says nothing, or nothing has run.
    """

    source: WrittenPlatform
    platform: Platform | None
    check: PlatformCheck | None
    examined: tuple[Examined, ...]
    findings: tuple[Finding, ...]
    answer: Answer | None = None
    texts: tuple[tuple[str, str], ...] = ()
    as_expected: bool | None = None


@dataclass(frozen=True)
class ScenarioResult:
    """A scenario and what came of it under each policy.

    :param scenario: ``None`` when it cannot be read; then it was not run.
    :param broken: the rules that its platform breaks.
    """

    source: WrittenScenario
    scenario: Scenario | None
    broken: tuple[str, ...]
    runs: tuple[ScenarioRun, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class PlatformResults:
    """All platforms and scenarios of a project, by document, as their directives stand.

    :param places: the document of each platform that can be linked to, by its id.
    """

    platforms: Mapping[str, tuple[PlatformResult, ...]]
    scenarios: Mapping[str, tuple[ScenarioResult, ...]]
    places: Mapping[str, str]

    def findings(self) -> list[Finding]:
        """What is wrong, platforms first."""
        everything: Iterable[PlatformResult | ScenarioResult] = [
            *(one for docname in sorted(self.platforms) for one in self.platforms[docname]),
            *(one for docname in sorted(self.scenarios) for one in self.scenarios[docname]),
        ]
        return [finding for one in everything for finding in one.findings]

    def documents(self) -> set[str]:
        """The documents that show a platform or a scenario."""
        return {*self.platforms, *self.scenarios}

    def shown(self, docname: str) -> object:
        """All that a document shows of it, as data whose representation is the same in every process."""
        platforms = [
            (one.source, _plain(one.check), one.examined, one.findings, *_plain_answer(one))
            for one in self.platforms.get(docname, ())
        ]
        scenarios = [
            (one.source, one.broken, one.runs, one.findings, one.scenario and self.places.get(one.scenario.platform_id))
            for one in self.scenarios.get(docname, ())
        ]
        return platforms, scenarios


def _plain_answer(one: PlatformResult) -> tuple[object, ...]:
    if one.answer is None:
        return ()
    from sphinx_xenfusa.sphinxext.platform_answers import plain

    return plain(one.answer), one.texts, one.as_expected


def _plain(checked: PlatformCheck | None) -> object:
    return None if checked is None else (checked.outcomes, checked.expected is None or sorted(checked.expected))


def judge_all(
    platforms: Mapping[str, Sequence[WrittenPlatform]],
    scenarios: Mapping[str, Sequence[WrittenScenario]],
    tags: Iterable[Tag],
    policies: tuple[str, ...],
    in_files: InFiles,
) -> PlatformResults:
    """Judge every platform and run every scenario.

    :param tags: the requirements of the project; an expectation may name a rule by its tag.
    :param policies: the policies under which a scenario runs that names none.
    :param in_files: how platforms in files are judged.
    """
    documents = sorted(platforms, key=natural)
    ids: defaultdict[str, list[tuple[str, WrittenPlatform]]] = defaultdict(list)
    for docname in documents:
        for source in platforms[docname]:
            if source.id:
                ids[source.id].append((docname, source))
    revisions = {(tag.type, tag.name): tag.revision for tag in sorted(tags)}
    judged = {
        docname: tuple(_judged(source, ids, revisions, policies, in_files) for source in platforms[docname])
        for docname in documents
    }
    usable: dict[str, PlatformResult] = {}
    unusable: dict[str, str] = {}
    for one in (one for results in judged.values() for one in results):
        if len(ids.get(one.source.id, ())) > 1:
            unusable[one.source.id] = "an id that stands more than once"
        elif one.platform is None:
            why = "which cannot be read" if one.answer is None else "of which not everything is said"
            unusable[one.source.id] = f"{why} (see {one.source.written.place})"
        else:
            usable[one.source.id] = one
    run_all = {
        docname: tuple(_run(source, usable, unusable, policies) for source in scenarios[docname])
        for docname in sorted(scenarios, key=natural)
    }
    return PlatformResults(judged, run_all, {name: places[0][0] for name, places in ids.items()})


# --- platforms ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InFiles:
    """How platforms in files are judged.

    :param source: the source folder.
    :param asker: gives what is asked whether a configuration is compatible with safety; asked for where there is one.
    """

    source: Path
    asker: Callable[[], Ask]


def _judged(
    source: WrittenPlatform,
    ids: Mapping[str, Sequence[tuple[str, WrittenPlatform]]],
    revisions: Mapping[tuple[str, str], int],
    policies: tuple[str, ...],
    in_files: InFiles,
) -> PlatformResult:
    findings: list[Finding] = []

    def tell(place: Place, message: str) -> None:
        findings.append(Finding("platform", place, source.written.title, message))

    platform = None
    if source.is_assessed and not source.written.fault:
        _tell_of_id(source, ids, tell)
        return _assessed(source, revisions, in_files, findings, tell)
    if source.written.fault:
        tell(source.written.fault_place, source.written.fault)
    else:
        try:
            platform = platform_from_yaml(source.written.text, source.written.file, source.written.first_line)
        except InputError as error:
            tell(_place(error, source.written), error.message)
    _tell_of_id(source, ids, tell)
    expected = None
    if source.expect is not None:
        try:
            expected = _expected(source.expect, revisions)
        except ValueError as error:
            tell(source.written.place, f":expect: of the platform {source.written.title!r}: {error}")
    if platform is None:
        return PlatformResult(source, None, None, (), tuple(findings))
    from sphinx_xenfusa.claims.interference import examine
    from sphinx_xenfusa.claims.platform_checks import check

    checked = check(platform, expected)
    if checked.wrong:
        tell(source.written.place, _wrong(source.written.title, checked))
    examined: tuple[Examined, ...] = ()
    if len(platform.domains) <= MOST_EXAMINED:
        examined = tuple(examine(platform, POLICIES[name]) for name in policies)
    for one in examined:
        if one.policy == SPECIFICATION.name and one.found and not checked.broken:
            tell(source.written.place, _missed(source.written.title, one))
    return PlatformResult(source, platform, checked, examined, tuple(findings))


Tell = Callable[[Place, str], None]


def _tell_of_id(source: WrittenPlatform, ids: Mapping[str, Sequence[tuple[str, WrittenPlatform]]], tell: Tell) -> None:
    others = [one.written.place for _, one in ids.get(source.id, ()) if one is not source]
    if others:
        where = " and ".join(str(place) for place in others)
        tell(source.written.place, f"found the platform id {source.id!r} also at {where}; expected an :id: of its own")


def _assessed(
    source: WrittenPlatform,
    revisions: Mapping[tuple[str, str], int],
    in_files: InFiles,
    findings: list[Finding],
    tell: Tell,
) -> PlatformResult:
    """A platform in files: whether it is compatible with safety."""
    from sphinx_xenfusa.sphinxext.platform_expectation import Expected, expected_of, platform_of
    from sphinx_xenfusa.sphinxext.platform_files import read_platform

    place, title = source.written.place, source.written.title
    expected: Expected | None = None
    if source.expect is not None:
        try:
            expected = expected_of(source.expect, lambda words: _expected(words, revisions))
        except ValueError as error:
            tell(place, f":expect: of the platform {title!r}: {error}")
    assert source.files is not None
    read = read_platform(source.files, in_files.source, place)
    for where, message in read.faults:
        tell(where, message)
    if read.configuration is None:
        return PlatformResult(source, None, None, (), tuple(findings))
    answer = in_files.asker()(read.configuration)
    wrong = "" if expected is None else expected.wrong(answer)
    if wrong:
        tell(place, f"the platform {title!r}: {wrong}")
    as_expected = None if expected is None or answer.not_run else not wrong
    platform = platform_of(answer)
    return PlatformResult(source, platform, None, (), tuple(findings), answer, read.texts, as_expected)


def _expected(words: tuple[str, ...], revisions: Mapping[tuple[str, str], int]) -> frozenset[str]:
    from sphinx_xenfusa.claims.platform_checks import expected_rules

    expected = expected_rules(words)
    for word in words:
        parts = word.split("~")
        if len(parts) == 3:
            known = revisions.get((parts[0], parts[1]))
            if known is not None and parts[2] != str(known):
                raise ValueError(f"found {word}; expected {parts[0]}~{parts[1]}~{known}, as the requirement is tagged")
    return expected


def _wrong(title: str, checked: PlatformCheck) -> str:
    broken = [f"{one.rule} (by {', '.join(one.broken_by)})" for one in checked.outcomes if one.broken_by]
    found = f"breaks {', '.join(broken)}" if broken else "breaks no rule"
    expected = f"breaks {', '.join(sorted(checked.expected))}" if checked.expected else "is compatible"
    return f"the platform {title!r}: found that it {found}; expected that it {expected}"


def _missed(title: str, examined: Examined) -> str:
    found = "; ".join(trace.title for _, _, trace in examined.found)
    expected = "none, because no rule is broken"
    return f"the platform {title!r}: found interference with a SafeVM under the document ({found}); expected {expected}"


# --- scenarios ----------------------------------------------------------------------------------------------------------


def _run(
    source: WrittenScenario,
    platforms: Mapping[str, PlatformResult],
    unusable: Mapping[str, str],
    policies: tuple[str, ...],
) -> ScenarioResult:
    written = source.written
    if written.fault:
        return _not_run(source, written.fault_place, written.fault)
    try:
        known = {name: one.platform for name, one in platforms.items() if one.platform is not None}
        scenario = scenario_from_yaml(
            written.text, written.file, written.first_line, platforms=known, unusable=unusable
        )
        chosen = _policies(source, scenario, policies)
    except InputError as error:
        return _not_run(source, _place(error, written), error.message)
    from sphinx_xenfusa.claims.platform_checks import check
    from sphinx_xenfusa.claims.scenarios import run

    runs = tuple(run(scenario, policy, written.title) for policy in chosen)
    broken = check(scenario.platform, None).broken
    return ScenarioResult(source, scenario, broken, runs, tuple(_wrong_steps(written, runs)))


def _not_run(source: WrittenScenario, place: Place, message: str) -> ScenarioResult:
    return ScenarioResult(source, None, (), (), (Finding("scenario", place, source.written.title, message),))


def _policies(source: WrittenScenario, scenario: Scenario, policies: tuple[str, ...]) -> tuple[str, ...]:
    """The policies under which a scenario runs.

    :raises InputError: ``:policy:`` names one that does not exist, or leaves one out for which something is expected.
    """
    place = source.written.place
    if source.policies is None:
        return tuple(dict.fromkeys((*policies, *scenario.policies)))
    unknown = [name for name in source.policies if name not in POLICIES]
    if unknown or not source.policies:
        found = f"the policy {unknown[0]!r} in :policy:" if unknown else "nothing in :policy:"
        raise InputError(place.file, place.line, found, f"some of {', '.join(POLICIES)}")
    idle = [name for name in scenario.policies if name not in source.policies]
    if idle:
        found = f"a step that expects something under {idle[0]}, which :policy: leaves out"
        raise InputError(place.file, place.line, found, "every policy that is named under 'under'")
    return source.policies


def _wrong_steps(written: Written, runs: Sequence[ScenarioRun]) -> list[Finding]:
    """One finding for each step that did not come out as expected, with what was found under each policy."""
    faults: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for one in runs:
        for step in one.steps:
            faults[step.number, step.line] += [f"under {one.policy} {fault}" for fault in step.faults]
    return [
        Finding(
            "scenario",
            Place(written.file, line),
            written.title,
            f"step {number} of the scenario {written.title!r}: {'; '.join(said)}",
        )
        for (number, line), said in faults.items()
        if said
    ]


def _place(error: InputError, written: Written) -> Place:
    return Place(error.file, error.line or written.first_line)
