"""The forms in which ``xenfusa check-platform`` answers: words, JSON, SARIF and JUnit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from sphinx_xenfusa.assessment.assess import Assessment
from sphinx_xenfusa.assessment.harm import NONE_TRIED
from sphinx_xenfusa.assessment.judgement import Judged, Judgement
from sphinx_xenfusa.assessment.report import FORM_VERSION, data_of, lines_of, repair_lines, repairs_data, summary_line
from sphinx_xenfusa.assessment.search import repairs
from sphinx_xenfusa.cli.junit import case_of, report
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.interop.sarif import sarif_text
from sphinx_xenfusa.platforms.configuration import Where
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.record import Finding, Place

_LEVELS: Mapping[Judgement, str] = MappingProxyType(
    {Judgement.BROKEN: "error", Judgement.CANNOT_TELL: "note", Judgement.ADVISED_AGAINST: "warning"}
)
"""SARIF's level of a judgement; the others are no results."""
_HARM = "interference"
_IDLE = "platform.link-does-not-work"
_BOOT = "platform.does-not-come-up"
_REST = "platform.not-searched"


def plain(assessments: Sequence[Assessment], *, whole: bool) -> str:
    """In words.

    :param whole: all of each platform; else one line each.
    """
    lines: list[str] = []
    for one in assessments:
        lines += [*lines_of(one), *repair_lines(repairs(one))] if whole else [summary_line(one)]
    return "".join(f"{printable(line)}\n" for line in lines)


def json_form(assessments: Sequence[Assessment], *, whole: bool) -> str:
    """As canonical JSON.

    :param whole: with what would make each platform compatible, which is searched for.
    """
    platforms: list[dict[str, Any]] = []
    for one in assessments:
        data = data_of(one)
        if whole:
            data["repairs"] = repairs_data(repairs(one))
        platforms.append(data)
    return dumps({"check_platform_version": FORM_VERSION, "platforms": platforms})


def sarif(assessments: Sequence[Assessment], *, whole: bool) -> str:
    """As SARIF: a result for whoever breaks something, perhaps breaks it, or interferes."""
    found: list[Finding] = []
    levels: dict[str, str] = {}
    for one in assessments:
        for judged in one.judged:
            if judged.judgement in _LEVELS:
                found += _results(judged, one)
        for judgement, level in _LEVELS.items():
            levels |= {_rule(judged.id, judgement): level for judged in one.judged}
        found += _examined(one)
    return sarif_text(found, {**levels, _HARM: "error", _IDLE: "error", _BOOT: "error", _REST: "note"})


def _examined(one: Assessment) -> Iterator[Finding]:
    """What the search found: whoever interferes, links that do not work, a boot that fails; and that not all was searched."""
    places = {it.name: _place(it.where) for it in one.configuration.domains}
    platform = Place(one.configuration.files[0], 1)
    for examined in one.examinations:
        under = f"under {examined.policy}"
        if not examined.starts:
            yield Finding(_BOOT, platform, one.configuration.name, f"{under} the platform does not come up")
        for harm in examined.harms:
            yield Finding(_HARM, places[harm.by], harm.by, f"{under}: {harm.trace.title}")
            for name in harm.alike:
                message = f"{under}: {name} does in the same way what is told of another: {harm.trace.title}"
                yield Finding(_HARM, places[name], name, message)
        for idle in examined.idle:
            for link in (idle.link, *idle.alike):
                message = f"{under} no request completes on the link from {link.backend} to {link.frontend}"
                yield Finding(_IDLE, places[link.backend], link.backend, message)
    if one.not_examined:
        yield Finding(_REST, platform, one.configuration.name, f"not searched for interference: {one.not_examined}")


def _results(judged: Judged, one: Assessment) -> Iterator[Finding]:
    rule = _rule(judged.id, judged.judgement)
    for breach in judged.breaches:
        asked = f"; it depends on {', '.join(it.what for it in breach.asked)}" if breach.asked else ""
        message = f"{breach.name}: {judged.judgement}: {judged.says} ({judged.source}){asked}"
        yield Finding(rule, _place(breach.where), breach.name, message)
    if not judged.breaches:
        where = Where(one.configuration.files[0])
        yield Finding(rule, _place(where), judged.id, f"{judged.judgement}: {judged.says} ({judged.source})")


def _rule(id: str, judgement: Judgement) -> str:
    """A rule has one level in SARIF, so that what may be broken is a rule of its own."""
    return f"platform.{id}" if judgement is Judgement.BROKEN else f"platform.{id}.{judgement.replace(' ', '-')}"


def _place(where: Where) -> Place:
    return Place(where.file, where.line or 1)


def junit(assessments: Sequence[Assessment], *, whole: bool) -> str:
    """As JUnit: a suite for each platform, a case for each rule and check and for each search.

    Only *fulfilled* passes, and a search that tried something and found nothing.
    """
    return report("xenfusa check-platform", [(one.configuration.name, list(_cases(one))) for one in assessments])


def _cases(one: Assessment) -> Iterator[Element]:
    for judged in one.judged:
        case = case_of(str(judged.category), judged.id)
        if judged.judgement is not Judgement.FULFILLED:
            broken = judged.judgement is Judgement.BROKEN
            said = f"{judged.judgement}: {judged.why or judged.says}"
            inside = SubElement(case, "failure" if broken else "skipped", message=printable(said))
            inside.text = printable("; ".join(f"{it.name} ({it.where})" for it in judged.breaches))
        yield case
    for examined in one.examinations:
        case = case_of(_HARM, f"under {examined.policy}")
        wrong = [_with_alike(harm.trace.title, len(harm.alike)) for harm in examined.harms]
        wrong += [_with_alike(idle.trace.title, len(idle.alike)) for idle in examined.idle]
        if wrong or not examined.starts:
            said = "; ".join(wrong) or "the platform does not come up"
            SubElement(case, "failure", message=printable(said))
        elif not examined.attempts:
            SubElement(case, "skipped", message=NONE_TRIED)
        yield case
    if one.not_examined:
        case = case_of(_HARM, "search")
        SubElement(case, "skipped", message=printable(one.not_examined))
        yield case


def _with_alike(title: str, alike: int) -> str:
    return f"{title}, and {alike:,} alike" if alike else title


FORMS = MappingProxyType({"plain": plain, "json": json_form, "sarif": sarif, "junit": junit})
