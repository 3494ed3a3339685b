"""An assessment as plain data and in words.

The data are the published form (``xenfusa check-platform --format json``); the words are for a terminal or an e-mail.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sphinx_xenfusa.assessment.assess import Assessment
from sphinx_xenfusa.assessment.harm import NONE_TRIED, Examination
from sphinx_xenfusa.assessment.judgement import Asked, Breach, Compatibility, Judged, Judgement
from sphinx_xenfusa.assessment.search import MOST_CHANGES, Answer, Neighbour, Repairs, against
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.platforms.configuration import Where

FORM_VERSION = 1
"""Version of the form of the data."""
MOST_SETS = 8
"""Sets of changes that are said one by one."""
MOST_DEFAULTS = 6
"""Values of one default, questions of one kind, names of those that are alike: so many are said one by one."""
MOST_BREACHES = 12
"""Those who break one rule: so many are said one by one."""
_POLICY_WORDS = {"specification": "the document", "flask": "Xen, whatever a FLASK policy denies,"}
_OF = re.compile(r" of (?:the (?:device|link) )?")
_SYMBOLS = {
    Judgement.BROKEN: "✘",
    Judgement.CANNOT_TELL: "?",
    Judgement.ADVISED_AGAINST: "!",
    Judgement.FULFILLED: "✓",
    Judgement.NOT_APPLICABLE: "–",
}


# --- data -------------------------------------------------------------------------------------------------------------


def data_of(assessment: Assessment) -> dict[str, Any]:
    """An assessment as plain data."""
    configuration = assessment.configuration
    return {
        "platform": configuration.name,
        "files": list(configuration.files),
        "compatibility": assessment.compatibility.value,
        "policy": configuration.policy.value,
        "judged": [_judged(one) for one in assessment.judged],
        "refusals": [
            {"place": _where(one.where), "found": one.found, "then": one.then, "source": one.source}
            for one in configuration.refusals
        ],
        "examinations": [_examination(one) for one in assessment.examinations],
        "not_examined": assessment.not_examined,
        "channels": [
            {"kind": one.kind.value, "backend": one.backend, "frontend": one.frontend, "place": _where(one.where)}
            for one in configuration.channels
        ],
        "remarks": [{"place": _where(one.where), "words": one.words} for one in configuration.remarks],
        "asked": [_asked(one) for one in assessment.asked],
        "defaults": [
            {"what": what, "value": _value(one.value), "source": one.source, "place": _where(one.where)}
            for what, one in configuration.defaults
        ],
        "assumptions_ensured": [
            {"assumption": one.assumption, "owner": one.owner, "by": one.by, "place": _where(one.where)}
            for one in configuration.discharges
        ],
    }


def _where(where: Where) -> dict[str, Any]:
    return {"file": where.file, "line": where.line, "path": where.path}


def _judged(one: Judged) -> dict[str, Any]:
    return {
        "id": one.id,
        "category": str(one.category),
        "says": one.says,
        "source": one.source,
        "judgement": one.judgement.value,
        "why": one.why,
        "breaches": [
            {
                "name": breach.name,
                "about": breach.about,
                "place": _where(breach.where),
                "asked": [_asked(it) for it in breach.asked],
            }
            for breach in one.breaches
        ],
    }


def _asked(one: Asked) -> dict[str, Any]:
    return {"what": one.what, "how": one.how, "place": _where(one.where)}


def _examination(one: Examination) -> dict[str, Any]:
    return {
        "policy": one.policy,
        "starts": one.starts,
        "attempts": one.attempts,
        "pairs": one.pairs,
        "pairs_tried": one.tried,
        "interference": [
            {
                "by": harm.by,
                "alike": list(harm.alike),
                "kind": harm.kind.value,
                "to": list(harm.victims),
                "to_machine": harm.machine,
                "trace": _trace(harm.trace),
            }
            for harm in one.harms
        ],
        "idle_links": [
            {
                "backend": idle.link.backend,
                "frontend": idle.link.frontend,
                "alike": [{"backend": it.backend, "frontend": it.frontend} for it in idle.alike],
                "trace": _trace(idle.trace),
            }
            for idle in one.idle
        ],
    }


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "title": trace.title,
        "initial": [list(one) for one in trace.initial],
        "steps": [
            {
                "party": step.party,
                "action": step.action,
                "parameters": [list(one) for one in step.parameters],
                "outcome": step.outcome,
                "changed": [[one.field, one.before, one.after] for one in step.changed],
                "clause": step.clause,
            }
            for step in trace.steps
        ],
    }


def _value(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, frozenset | tuple):
        return sorted(str(one) for one in value)
    return str(value)


def repairs_data(found: Repairs) -> dict[str, Any]:
    """What would make a platform compatible, as plain data."""
    return {
        "sets": [[one.words for one in chosen] for chosen in found.sets],
        "tried": found.tried,
        "complete": found.complete,
    }


# --- words ------------------------------------------------------------------------------------------------------------


def summary_line(assessment: Assessment) -> str:
    """One line: the platform, whether it is compatible, and why not."""
    numbers = Counter(one.judgement for one in assessment.judged)
    said = [f"{numbers[one]} {one.value}" for one in Judgement if numbers[one]]
    harms = sum(1 + len(harm.alike) for one in assessment.examinations for harm in one.harms)
    said += [f"{harms} ways to interfere" if harms != 1 else "1 way to interfere"] if harms else []
    said += [f"not searched: {assessment.not_examined}"] if assessment.not_examined else []
    return f"{assessment.configuration.name}: {assessment.compatibility} ({', '.join(said)})"


def lines_of(assessment: Assessment) -> Iterator[str]:
    """All of it in lines: what is wrong first, then what is missing, then what holds, then what was taken for granted."""
    yield summary_line(assessment)
    for one in assessment.worst_first:
        if one.judgement is Judgement.NOT_APPLICABLE:
            continue
        yield f"  {_SYMBOLS[one.judgement]} {one.judgement}: {one.id} — {one.says} [{one.source}]"
        if one.why:
            yield f"      {one.why}"
        for breach in one.breaches[:MOST_BREACHES]:
            yield f"      {_breach_words(breach)}"
        if len(one.breaches) > MOST_BREACHES:
            yield f"      and {len(one.breaches) - MOST_BREACHES} more (--format json has them)"
    not_applicable = [f"{one.id} ({one.why})" for one in assessment.judged if one.judgement is Judgement.NOT_APPLICABLE]
    if not_applicable:
        yield f"  – not applicable: {'; '.join(not_applicable)}"
    for refusal in assessment.configuration.refusals:
        yield f"  ✘ {refusal}"
    for examined in assessment.examinations:
        yield from _examined_lines(examined)
    if assessment.not_examined:
        yield f"  ? not searched for interference: {assessment.not_examined}"
    yield from _asked_lines(assessment)
    for channel in assessment.configuration.channels:
        ends = f"{channel.kind} between {channel.backend} and {channel.frontend}: {channel.words} ({channel.where})"
        yield f"  · no rule of the document is about it, and it was not searched: {ends}"
    for remark in assessment.configuration.remarks:
        yield f"  · note: {remark.words} ({remark.where})"
    yield from _default_lines(assessment)


def _asked_lines(assessment: Assessment) -> Iterator[str]:
    """What is to be said, questions of one kind together: a board has a hundred devices."""
    by_kind: dict[str, list[Asked]] = {}
    for asked in assessment.asked:
        by_kind.setdefault(_OF.split(asked.what, maxsplit=1)[0], []).append(asked)
    for kind, several in by_kind.items():
        if len(several) <= MOST_DEFAULTS:
            for asked in several:
                yield f"  ? to be said: {asked.what} ({asked.where}) — {asked.how}"
        else:
            names = [f"{_OF.split(one.what, maxsplit=1)[-1]} ({one.where})" for one in several]
            yield f"  ? to be said: {kind} of {len(several)}: {_some(names)} — {several[0].how}"


def _some(names: Sequence[str]) -> str:
    """The first of many, and how many more there are."""
    more = f" and {len(names) - MOST_DEFAULTS} more (--format json has them)" if len(names) > MOST_DEFAULTS else ""
    return f"{', '.join(names[:MOST_DEFAULTS])}{more}"


def repair_lines(found: Repairs) -> Iterator[str]:
    """What would make a platform compatible; nothing for one that is, or of which nobody can tell."""
    if not found.tried:
        return
    end = "" if found.complete else ", and more could not be tried"
    if not found.sets:
        yield f"  → no set of up to {MOST_CHANGES} changes makes it acceptable ({found.tried:,} were tried{end})"
        return
    number = len(found.sets[0])
    yield f"  → to become acceptable, {number} {'change' if number == 1 else 'changes'} ({found.tried:,} sets were tried{end}):"
    for chosen in found.sets[:MOST_SETS]:
        yield f"      {'; '.join(one.words for one in chosen)}"
    if len(found.sets) > MOST_SETS:
        yield f"      or {len(found.sets) - MOST_SETS} other sets of that size (--format json has them)"


def answer_lines(answers: Iterable[Answer]) -> Iterator[str]:
    """Which domains may be safety-critical, a line each."""
    for one in answers:
        match one.compatibility:
            case Compatibility.COMPATIBLE if one.always:
                yield f"  ✓ {one.domain}: yes, and it has to be: no platform without it as a SafeVM is compatible"
            case Compatibility.COMPATIBLE:
                beside = f"beside {', '.join(one.beside)}" if one.beside else "alone"
                yield f"  ✓ {one.domain}: yes ({beside})"
            case Compatibility.CANNOT_TELL:
                yield f"  ? {one.domain}: cannot tell before this is said: {_some(one.because)}"
            case _:
                yield f"  ✘ {one.domain}: no, whatever the others are: {_some(one.because)}"


def table_lines(neighbours: Iterable[Neighbour]) -> Iterator[str]:
    """Platforms near a given one, a line each: what is changed, whether that is allowed, and what stands against it."""
    for one in neighbours:
        found = against(one.assessment)
        why = f" ({'; '.join(found)})" if found else ""
        yield f"  {one.words}: {one.compatibility}{why}"


def neighbours_data(neighbours: Iterable[Neighbour]) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [
        {
            "change": one.words,
            "compatibility": one.compatibility.value,
            "broken": [it.id for it in one.assessment.judged if it.judgement is Judgement.BROKEN],
            "interference": sorted(
                {
                    f"{name} {harm.kind} {it.policy}"
                    for it in one.assessment.examinations
                    for harm in it.harms
                    for name in (harm.by, *harm.alike)
                }
            ),
        }
        for one in neighbours
    ]


def answers_data(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """Which domains may be safety-critical, as plain data."""
    return [
        {
            "domain": one.domain,
            "may_be_safe": one.compatibility.value,
            "beside": list(one.beside),
            "has_to_be": one.always,
            "because": list(one.because),
        }
        for one in answers
    ]


def _default_lines(assessment: Assessment) -> Iterator[str]:
    """The defaults that were taken, those of one reason together."""
    by_source: dict[str, list[str]] = {}
    for what, setting in assessment.configuration.defaults:
        by_source.setdefault(setting.source, []).append(f"{what} = {_shown(setting.value)} ({setting.where})")
    for source, values in by_source.items():
        yield f"  · default: {source}: {_some(values)}"


def _breach_words(breach: Breach) -> str:
    about = f", {breach.about}" if breach.about else ""
    if not breach.asked:
        return f"{breach.name} ({breach.where}){about}"
    return f"{breach.name} ({breach.where}){about}, depending on {_some([one.what for one in breach.asked])}"


def _examined_lines(one: Examination) -> Iterator[str]:
    name = _POLICY_WORDS.get(one.policy, f"Xen, policy {one.policy}")
    if not one.starts:
        yield f"  ✘ under {name} the platform does not come up"
        return
    for idle in one.idle:
        ends = [f"from {it.backend} to {it.frontend}" for it in idle.alike]
        yield f"  ✘ under {name} {idle.trace.title}{f'; nor on {len(ends)} alike: {_some(ends)}' if ends else ''}"
        yield from _steps(idle.trace)
    if not one.harms and not one.attempts:
        yield f"  – under {name} calls and device accesses: {NONE_TRIED}"
    elif not one.harms:
        alike = (
            f" on {one.tried:,} of {one.pairs:,} pairs of domains, to which the others are alike"
            if one.tried < one.pairs
            else ""
        )
        yield f"  ✓ under {name} no interference was found, of {one.attempts:,} calls and device accesses that were made{alike}"
    for harm in one.harms:
        also = f"; so do {len(harm.alike)} alike: {_some(harm.alike)}" if harm.alike else ""
        yield f"  ✘ under {name} {harm.trace.title}{also}"
        yield from _steps(harm.trace)


def _steps(trace: Trace) -> Iterator[str]:
    for number, step in enumerate(trace.steps, 1):
        parameters = ", ".join(f"{name} {value}" for name, value in step.parameters)
        changed = "; ".join(f"{one.field}: {one.before} → {one.after}" for one in step.changed)
        yield f"      {number}. {step.party}: {step.action}{f' ({parameters})' if parameters else ''}: {step.outcome}"
        if changed:
            yield f"         {changed}"


def _shown(value: object) -> str:
    shown = _value(value)
    if isinstance(shown, bool):
        return "yes" if shown else "no"
    return (", ".join(shown) or "none") if isinstance(shown, list) else str(shown)
