"""The demands of the VirtIO standard as document nodes: each with the verdict on its check, or the reason why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from docutils import nodes

from sphinx_xenfusa.claims.virtio_checks import CHECKS
from sphinx_xenfusa.claims.virtio_conformance import Row, claim_of, rows
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.verdict_views import details
from sphinx_xenfusa.sphinxext.views import Cell, Views, count, paragraph
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result

_HEADINGS = ("Demand", "Clause", "Binds", "What it says", "Checked by", "Verdict")
_WIDTHS = (17, 22, 20, 25, 22, 14)
_ORDER = list(Result)


def conformance_nodes(views: Views) -> list[nodes.Node]:
    """How many demands there are and what became of them; tables of them, worst first; what was checked."""
    verdicts = {one.claim: one for one in views.record.verdicts}
    made = [*views.banners(), *_numbers(rows(), verdicts)]
    for title, chosen in _groups(rows()):
        # Of one state, in the order of the standard.
        chosen.sort(key=lambda one: _ORDER.index(_state(one, verdicts)[0]))
        cells = [_cells(one, verdicts) for one in chosen]
        heading = f"{title} ({count(len(chosen), 'demand')}, worst first)"
        made.append(
            views.table(heading, _HEADINGS, _WIDTHS, cells, "xenfusa-conformance", "xenfusa-filterable", "xenfusa-wide")
        )
    made += _checks(views, verdicts)
    return made


def _groups(demands: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    titles = {
        "split": "Does the model keep to what the standard says of split virtqueues?",
        "packed": "Does the model keep to what the standard says of packed virtqueues?",
        "both": "Does the model keep to what the standard says of devices and of queues of either format?",
    }
    return [(title, [one for one in demands if one.format == form]) for form, title in titles.items()]


def _numbers(demands: Sequence[Row], verdicts: Mapping[str, Verdict]) -> list[nodes.Node]:
    """Every demand is in one of the totals."""
    states = Counter(_state(one, verdicts) for one in demands)
    parts: list[str | nodes.Node] = [f"{count(len(demands), 'demand')}: "]
    for number, ((result, words), total) in enumerate(sorted(states.items())):
        parts += [", " if number else "", f"{total:,} ", marked(result, words)]
    return [paragraph(*parts, ".")]


def _state(one: Row, verdicts: Mapping[str, Verdict]) -> tuple[Result, str]:
    if not one.check:
        return Result.NOT_RUN, "not modelled"
    verdict = verdicts.get(claim_of(one.check))
    if verdict is None:
        return Result.NOT_RUN, VerdictKind.NOT_RUN.value
    return RESULT_OF_VERDICT[verdict.kind], verdict.kind.value


def _cells(one: Row, verdicts: Mapping[str, Verdict]) -> Sequence[Cell]:
    sections = one.label.partition(":")[2] or one.label
    clause = [paragraph(_last_sections(sections)), paragraph(nodes.literal("", one.place))]
    condition = [paragraph(_condition(one.condition))] if one.condition else []
    binds = [paragraph(one.party if one.party != "both" else "driver and device"), paragraph(one.modality), *condition]
    checked: Cell = nodes.literal("", claim_of(one.check)) if one.check else one.not_modelled + "."
    return (nodes.literal("", one.id), clause, binds, one.says, checked, marked(*_state(one, verdicts)))


def _condition(condition: str) -> str:
    """``!A & B`` in words."""
    words = [f"without {name[1:]}" if name.startswith("!") else f"with {name}" for name in condition.split(" & ")]
    return ", ".join("legacy interface" if word == "with legacy" else word for word in words)


def _last_sections(label: str) -> str:
    """The last two sections of a label: the first ones are the same for all."""
    return " / ".join(part.strip() for part in label.split(" / ")[-2:])


def _checks(views: Views, verdicts: Mapping[str, Verdict]) -> list[nodes.Node]:
    """Each check that ran: what it says, what it went through, a witness, and the mutant that refutes it."""
    made: list[nodes.Node] = []
    for check in CHECKS:
        name = claim_of(check)
        verdict = verdicts.get(name)
        if verdict is None:
            continue
        state = marked(RESULT_OF_VERDICT[verdict.kind], verdict.kind.value)
        says = views.claims[name].says if name in views.claims else ""
        demands = ", ".join(one.id for one in rows() if one.check == check)
        numbers = f" {verdict.cases:,} cases, {verdict.relevant:,} in which it could have failed. {verdict.reason}"
        made.append(paragraph(nodes.literal("", name), ": ", state, ". ", says, numbers))
        made.append(paragraph(f"For {demands}." if demands else "No clause of the table asks for it."))
        made.append(details(views, verdict))
    if made:
        made.insert(0, nodes.rubric("", "The checks"))
    return made
