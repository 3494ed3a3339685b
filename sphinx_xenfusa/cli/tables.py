"""What the commands about claims show: their tables and lines, on a terminal or as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from sphinx_xenfusa.cli.parts import Column, Part, Table, Words, plain
from sphinx_xenfusa.confirm.confirmation import Confirmation
from sphinx_xenfusa.confirm.register import Described
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.explore import searches
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim, Effort
from sphinx_xenfusa.explore.survivors import Mutants
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.trace.named_domains import with_names
from sphinx_xenfusa.trace.states import Outcome
from sphinx_xenfusa.trace.test_results import STALE_PASS

if TYPE_CHECKING:
    from sphinx_xenfusa.confirm.sweep import Swept

NARROW_WIDTH = 120
"""On a terminal with fewer characters in a line the reasons stand below the table of verdicts."""

_STYLES = {
    VerdictKind.REFUTED: "bold red",
    VerdictKind.VACUOUS: "bold red",
    VerdictKind.ERROR: "bold red",
    VerdictKind.CONFIRMED: "green",
}
_OTHER_STYLE = "yellow"

_WORST_FIRST = list(VerdictKind)


def show_on(stream: TextIO, parts: Iterable[Part]) -> None:
    """Show on a terminal; on anything else write plain text."""
    if stream.isatty():
        # What draws on terminals takes longer to import than most answers to make.
        from sphinx_xenfusa.cli.terminal import draw

        draw(stream, parts)
    else:
        stream.write(plain(parts))
        stream.flush()


def _text(text: str, style: str = "") -> Words:
    return Words(printable(text), style)


def line(text: str) -> Part:
    """A text as it stands, without what would steer a terminal."""
    return _text(text)


def test_table(cases: Iterable[Mapping[str, str]]) -> Table:
    """One line for each test case: how it came out, on what, what it verifies, where it was reported."""
    kept = [{**case, "outcome": STALE_PASS} if _is_stale_pass(case) else case for case in cases]
    keys = ["id", "outcome", "verifies", "report", "message"]
    if any(case["target"] for case in kept):
        keys.insert(2, "target")
    shown = table("test", *keys[1:], whole=("outcome", "verifies"))
    for case in kept:
        shown.add_row(*(_text(case[key]) for key in keys))
    return shown


def _is_stale_pass(case: Mapping[str, str]) -> bool:
    return bool(case["stale"]) and case["outcome"] == Outcome.PASSED


def table(*columns: str, right: Sequence[str] = (), whole: Sequence[str] = (), gap: int = 2) -> Table:
    """A table without frames and without rows.

    :param right: the columns that hold numbers.
    :param whole: the columns whose cells are never cut into lines, if it can be helped.
    :param gap: blanks between two columns.
    """
    return Table([Column(name, name in right, name in whole) for name in columns], gap)


def effort_words(claim: str, policy: str | None, effort: Effort) -> str:
    """How far a run is, in a line."""
    under = "" if policy is None else f" under {policy}"
    if not effort.states:
        return f"{claim}{under}: {effort.cases:,} cases, {effort.rate:,.0f}/s"
    frontier = f", {effort.frontier:,} to expand" if effort.frontier else ""
    return f"{claim}{under}: {effort.states:,} states{frontier}, depth {effort.depth:,}, {effort.rate:,.0f}/s"


def policy_name(policy: str | None) -> str:
    """How a policy is shown; a claim that depends on none holds under any."""
    return policy or "any policy"


def verdict_parts(verdicts: Iterable[Verdict], *, narrow: bool) -> Iterator[Part]:
    """A table with one line for each verdict, worst first.

    :param narrow: put the reasons below the table.
    """
    ordered = sorted(verdicts, key=lambda one: _WORST_FIRST.index(one.kind))
    numbers = ("cases", "could fail", "mutants killed")
    columns = ("claim", "policy", "verdict", *numbers, *(() if narrow else ("reason",)))
    shown = table(*columns, right=numbers, whole=("claim", "policy", "verdict"), gap=1 if narrow else 2)
    for verdict in ordered:
        cells = [
            _text(verdict.claim),
            _text(policy_name(verdict.policy)),
            _text(verdict.kind, _STYLES.get(verdict.kind, _OTHER_STYLE)),
            Words(f"{verdict.cases:,}"),
            Words(f"{verdict.relevant:,}"),
            Words(f"{verdict.killed:,} of {verdict.mutants:,}"),
        ]
        if not narrow:
            cells.append(_text(verdict.reason))
        shown.add_row(*cells)
    yield shown
    if narrow and any(verdict.reason for verdict in ordered):
        yield Words("")
        for verdict in ordered:
            if verdict.reason:
                yield _text(f"{verdict.claim}, {policy_name(verdict.policy)}: {verdict.reason}")


def is_narrow(stream: TextIO) -> bool:
    """Whether the stream is a terminal without room for the reasons in the table."""
    if not stream.isatty():
        return False
    from sphinx_xenfusa.cli.terminal import width_of

    return width_of(stream) < NARROW_WIDTH


def summary(confirmation: Confirmation, left_out: Sequence[str], announced: Sequence[str]) -> list[str]:
    """What the verdicts amount to, a line each: findings, what was left out, and the counts.

    :param left_out: the claims that run under none of the chosen policies.
    :param announced: the claims that nothing can check yet.
    """
    lines = [""]
    for finding in confirmation.findings:
        place = "" if finding.place is None else f"{finding.place}: "
        lines.append(f"{place}{finding.message} [{finding.subtype}]")
    if left_out:
        lines.append(f"not run, as none of the chosen policies is theirs: {', '.join(left_out)}")
    if announced:
        claims = "1 claim is" if len(announced) == 1 else f"{len(announced)} claims are"
        lines.append(f"{claims} announced and not run: no model yet; 'xenfusa confirm --list' says which")
    if confirmation.mutants is not None:
        lines.append(_mutants_line(confirmation.mutants))
    kinds = Counter(verdict.kind for verdict in confirmation.verdicts)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in VerdictKind if kinds[kind])
    verdicts = "1 verdict" if len(confirmation.verdicts) == 1 else f"{len(confirmation.verdicts)} verdicts"
    lines.append(f"{verdicts}: {counts}; {confirmation.ran} ran, {confirmation.cached} cached")
    return [printable(line).replace("\n", " ") for line in lines]


_NAMED = 5
"""More claims than these are counted, not named, in a line that is about all of them."""


def _mutants_line(mutants: Mutants) -> str:
    """How many mutants nothing kills, and how many of them are reviewed."""
    equivalent = sum(1 for one in mutants.survivors if one.equivalent)
    line = (
        f"{mutants.generated:,} mutants of the model: {mutants.killed:,} killed, {len(mutants.survivors):,} survive every run, "
        f"{equivalent:,} of them reviewed as equivalent"
    )
    line += f", {mutants.broken:,} broke the search" if mutants.broken else ""
    if len(mutants.unknown) > _NAMED:
        return f"{line}; {len(mutants.unknown)} claims are not recorded of these sources ('xenfusa adequacy --check' names them)"
    unknown = f"; not recorded of these sources: {', '.join(mutants.unknown)}" if mutants.unknown else ""
    return line + unknown


def survivor_parts(mutants: Mutants) -> Iterator[Part]:
    """The mutants that nothing kills: those that nobody has reviewed first."""
    ordered = sorted(mutants.survivors, key=lambda one: bool(one.equivalent))
    shown = table("survivor", "operator", "before", "after", "tried by", "equivalent because", whole=("operator",))
    for one in ordered:
        report = one.report
        tried = f"{len(one.claims)} claims" if len(one.claims) > 1 else (*one.claims, "no claim reaches it")[0]
        shown.add_row(
            *(
                _text(cell)
                for cell in (report.where, report.operator, report.before, report.after, tried, one.equivalent)
            )
        )
    yield Words("")
    yield shown


def claim_table(claims: Iterable[Claim]) -> Table:
    """One line for each claim: what it confirms, under which policies, and what it says."""
    shown = table("claim", "statements", "policies", "says")
    for claim in claims:
        shown.add_row(
            _text(claim.id),
            _text("\n".join(claim.statements)),
            _text("\n".join(claim.policies) or policy_name(None)),
            _text(f"[announced, not run: {claim.missing}] {claim.says}")
            if isinstance(claim, AnnouncedClaim)
            else _text(claim.says),
        )
    return shown


def system_table(rows: Iterable[tuple[str, str, str, str]]) -> Table:
    """One line for each system: its name, how many rules and how many actions it has, and its constants."""
    shown = table("model", "rules", "actions", "constants", right=("rules", "actions"))
    for row in rows:
        shown.add_row(*(_text(cell) for cell in row))
    return shown


def sweep_table(swept: Iterable[Swept]) -> Table:
    """One line for each point of a sweep: its constants, what the search counted, and where the predicates hold."""
    shown = table("constants", "states", "steps", "depth", "where predicates hold", right=("states", "steps", "depth"))
    for one in swept:
        found = one.found
        if found is None:
            shown.add_row(_text(str(one.point)), *(_text("-") for _ in range(3)), _text(f"error: {one.problem}"))
            continue
        holding = (
            f"{name}: {seen.states:,} states, first after {seen.depth} steps" if seen.states else f"{name}: never"
            for name, seen in zip(one.predicates, found.watched, strict=True)
        )
        words = "; ".join(holding) if found.complete else f"inconclusive: {found.reason}"
        numbers = (found.states, found.transitions, found.depth)
        shown.add_row(_text(str(one.point)), *(_text(f"{number:,}") for number in numbers), _text(words))
    return shown


def details(verdict: Verdict, described: Mapping[str, Described]) -> Iterator[Part]:
    """All that is known of a verdict, under a line that says which it is: scope, assumptions, mutants, traces.

    :param described: what the register says of each divergence.
    """
    yield _text(f"\n{verdict.claim}, {policy_name(verdict.policy)}: {verdict.kind}")
    for name, words in _facts(verdict):
        yield _text(f"  {name}: {words}")
    if verdict.counterexample is not None:
        yield from trace_parts(verdict.counterexample, "counterexample")
    for entry in verdict.divergences:
        yield from divergence_parts(entry.id, described)
        yield from trace_parts(entry.trace, f"divergence {entry.id}")
    if verdict.witness is not None:
        yield from trace_parts(verdict.witness, "witness")
    if verdict.witness is None and verdict.counterexample is None and not verdict.divergences:
        yield _text("no trace")


def _facts(verdict: Verdict) -> Iterator[tuple[str, str]]:
    scope = verdict.scope
    if verdict.reason:
        yield "reason", verdict.reason
    yield "scope", scope.words
    if scope.platforms:
        again = "not counted again" if scope.recount is None else f"{scope.recount:,} by a second method"
        yield "size", f"{scope.platforms:,} platforms; {again}"
    for assumption in scope.assumptions:
        yield "assumption", assumption
    if verdict.cases:
        yield "checks", f"{verdict.cases:,}, of which {verdict.relevant:,} could have failed"
    for row in searches.rows(verdict.explored):
        yield "search", "; ".join(f"{name.lower()} {value}" for name, value in zip(searches.HEADINGS, row, strict=True))
    yield from ((name.lower(), words) for name, words in searches.remarks(verdict.explored))
    if verdict.mutants:
        yield "mutants of the model", f"{verdict.mutants:,} tried in this run, {verdict.killed:,} refute it"
    if verdict.killer is not None:
        killer = verdict.killer
        yield "smallest of these", f"{killer.operator} at {killer.where}: {killer.before} -> {killer.after}"


def divergence_parts(name: str, described: Mapping[str, Described]) -> Iterator[Part]:
    """What the register says of a divergence: the document's words against Xen's doing."""
    known = described.get(name)
    if known is None:
        yield _text(f"\n{name}: not in the register")
        return
    yield _text(f"\n{name}, the document: {known.document}")
    yield _text(f"{name}, Xen: {known.xen}")
    if known.not_modelled:
        yield _text(f"{name}, not modelled: {known.not_modelled}")
    yield _text(f"{name}, source: {known.source}")


def trace_parts(trace: Trace, name: str) -> Iterator[Part]:
    """A trace as a table of its steps.

    :param name: what the trace is for.
    """
    trace = with_names(trace)
    yield _text(f"\n{name}: {trace.title}")
    if trace.initial:
        yield _text("at first: " + "; ".join(f"{field} = {value}" for field, value in trace.initial))
    if not trace.steps:
        yield _text("no steps")
        return
    shown = table("step", "party", "action", "parameters", "outcome", "changed", "clause", right=("step",))
    for number, step in enumerate(trace.steps, start=1):
        shown.add_row(Words(str(number)), *(_text(cell) for cell in _cells(step)))
    yield shown


def _cells(step: Step) -> tuple[str, ...]:
    return (
        step.party,
        step.action,
        "\n".join(f"{name} = {value}" for name, value in step.parameters) or "none",
        step.outcome,
        "\n".join(f"{change.field}: {change.before} -> {change.after}" for change in step.changed) or "nothing",
        step.clause,
    )
