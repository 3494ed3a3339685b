"""Platforms and scenarios as document nodes: what they are, what the rules say of them, what came of each step.

A platform's page has one section for each thing that was looked at; a further check of platforms becomes a further section.
Everything found stands on the page, also when the author expected something else; the YAML as written is always there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.nodes import make_refnode

from sphinx_xenfusa.model.devices import owners, stays_with_xen
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.policies import SPECIFICATION
from sphinx_xenfusa.model.rules import ADVICE, ASSUMPTIONS_OF_USE
from sphinx_xenfusa.model.scenario import Expectation
from sphinx_xenfusa.model.vocabulary import Criticality, Protocol
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.platform_directives import ANCHOR, Written
from sphinx_xenfusa.sphinxext.platform_results import MOST_EXAMINED, PlatformResult, PlatformResults, ScenarioResult
from sphinx_xenfusa.sphinxext.trace_views import changes, initial, outcome, stepper
from sphinx_xenfusa.sphinxext.views import Cell, Views, capitalised, count, paragraph, policy_words
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import Finding, Tag
from sphinx_xenfusa.trace.states import Result

if TYPE_CHECKING:
    from sphinx_xenfusa.claims.interference import Examined
    from sphinx_xenfusa.claims.platform_checks import PlatformCheck
    from sphinx_xenfusa.claims.scenarios import ScenarioRun, StepResult

WRONG = "xenfusa-wrong"
"""The class of a row that is not as expected."""


def rule_anchors(anchors: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """The tag of the requirement that states a rule, by the rule's name: the newest revision that stands in the project."""
    found: dict[str, str] = {}
    for text in sorted(anchors, key=natural):
        try:
            found[Tag.parse(text).name] = text
        except ValueError:
            continue
    return found


@dataclass(frozen=True)
class PlatformViews:
    """Writes the platforms and scenarios of one page.

    :param views: tables, links and traces as everywhere.
    """

    views: Views
    results: PlatformResults

    # --- platforms ------------------------------------------------------------------------------------------------

    def platform(self, fromdoc: str, docname: str, number: int) -> nodes.Node:
        """One platform: what it is, what was looked at and found, and the YAML."""
        result = self.results.platforms[docname][number]
        made = nodes.container(classes=["xenfusa-platform"])
        if result.source.is_assessed and not result.source.written.fault:
            return self._in_files(made, fromdoc, result, number)
        made += _headline("Platform", result.source.written, _platform_state(result))
        if result.platform is None or result.check is None:
            made += [_found(finding) for finding in result.findings]
            made += self._as_written(result.source.written, folded=False)
            return made
        made += _interference_line(result.examined)
        made += [_found(finding) for finding in result.findings if result.check.expected is None]
        for section in self._sections:
            made += section(fromdoc, result.platform, result.check)
        made += self._interference(result.platform, result.examined)
        made += self._as_written(result.source.written, folded=True)
        return made

    def _in_files(self, made: nodes.container, fromdoc: str, result: PlatformResult, number: int) -> nodes.Node:
        """A platform in files: whether it is compatible with safety."""
        from sphinx_xenfusa.sphinxext.platform_facts import anchor
        from sphinx_xenfusa.sphinxext.platform_pages import PlatformPage, answer_state, as_written

        source = result.source
        made += _headline("Platform", source.written, *answer_state(result))
        made += [_found(finding) for finding in result.findings]
        if result.answer is not None:
            place = anchor("xenfusa", source.id or f"platform-{number}")
            tags = rule_anchors(self.views.anchors)
            made += [*PlatformPage(self.views, fromdoc, result.answer, source.written.title, place, tags).parts()]
        made += [*as_written(self.views, result.texts)]
        return made

    @property
    def _sections(self) -> Sequence[Callable[[str, Platform, PlatformCheck], list[nodes.Node]]]:
        """What is shown of a platform, in this order."""
        return (self._domains, self._devices, self._links, self._rules, self._not_rejected)

    def _domains(self, fromdoc: str, platform: Platform, checked: PlatformCheck) -> list[nodes.Node]:
        held = {device.name: owners(platform, device, SPECIFICATION.switches) for device in platform.devices}
        rows: list[Sequence[Cell]] = [
            (
                nodes.literal("", domain.name),
                _roles(domain),
                "SafeVM" if domain.criticality is Criticality.SAFE else "UnsafeVM",
                "yes" if domain.safety_tasks else "no",
                ", ".join(name for name, holders in held.items() if domain.name in holders) or "none",
            )
            for domain in platform.domains
        ]
        headings = ("Domain", "Roles", "Criticality", "Safety-critical task", "Devices")
        title = f"Domains ({count(len(rows), 'domain')}, architecture {platform.architecture})"
        return [self.views.table(title, headings, (22, 26, 16, 14, 22), rows, "xenfusa-domains")]

    def _devices(self, fromdoc: str, platform: Platform, checked: PlatformCheck) -> list[nodes.Node]:
        if not platform.devices:
            return []
        rows: list[Sequence[Cell]] = [
            (
                nodes.literal("", device.name),
                device.kind.value,
                _owner_words(platform, device),
                device.reach.value,
                "yes" if device.behind_iommu else "no",
            )
            for device in platform.devices
        ]
        headings = ("Device", "Kind", "Owner", "Reach", "Behind an IOMMU")
        return [self.views.table("Devices", headings, (20, 20, 30, 15, 15), rows, "xenfusa-devices")]

    def _links(self, fromdoc: str, platform: Platform, checked: PlatformCheck) -> list[nodes.Node]:
        if not platform.links:
            return []
        rows: list[Sequence[Cell]] = [
            (link.protocol.value, *_ends(link), link.device or "none", _extensions(link)) for link in platform.links
        ]
        headings = ("Protocol", "Backend, or one end", "Frontend, or the other", "Device", "Extensions")
        return [self.views.table("Links", headings, (18, 22, 22, 16, 22), rows, "xenfusa-links")]

    def _rules(self, fromdoc: str, platform: Platform, checked: PlatformCheck) -> list[nodes.Node]:
        tags = rule_anchors(self.views.anchors)
        rows: list[Sequence[Cell]] = []
        for one in checked.outcomes:
            broken = bool(one.broken_by)
            words = f"broken by {', '.join(one.broken_by)}" if broken else "obeyed"
            rows.append(
                (
                    self.views.link(fromdoc, tags.get(one.rule, ""), one.rule),
                    one.section,
                    marked(Result.FAILED if broken else Result.PASSED, words),
                    _expectation_cell(checked.as_expected(one), broken),
                )
            )
        headings = ("Rule", "Stated in", "On this platform", "Expectation")
        title = f"What the rules of the document say ({count(len(rows), 'rule')})"
        made = self.views.table(title, headings, (26, 28, 24, 22), rows, "xenfusa-rules")
        _mark(made, [checked.as_expected(one) is False for one in checked.outcomes])
        return [made]

    def _not_rejected(self, fromdoc: str, platform: Platform, checked: PlatformCheck) -> list[nodes.Node]:
        """What does not make a platform incompatible, and has to be known: advice and assumptions of use that it breaks."""
        tags = rule_anchors(self.views.anchors)
        noted = nodes.bullet_list()
        for one in (*ADVICE, *ASSUMPTIONS_OF_USE):
            names = one.broken_by(platform)
            if names:
                name = self.views.link(fromdoc, tags.get(one.name, ""), one.name)
                said = paragraph(f"{one.category.value}: ", name, f", broken by {', '.join(names)}. {one.says}")
                noted += nodes.list_item("", said)
        return [paragraph("Not rejected for, and reported:"), noted] if noted.children else []

    # --- scenarios ------------------------------------------------------------------------------------------------

    def scenario(self, fromdoc: str, docname: str, number: int) -> nodes.Node:
        """One scenario: what holds at first, and under each policy every step with what came of it."""
        result = self.results.scenarios[docname][number]
        written = result.source.written
        made = nodes.container(classes=["xenfusa-scenario"])
        made += _headline("Scenario", written, _scenario_state(result))
        if result.scenario is None:
            made += [_found(finding) for finding in result.findings]
            made += self._as_written(written, folded=False)
            return made
        made += self._start(fromdoc, result)
        made += self._side_by_side(result.runs)
        made += [self._run(one) for one in result.runs]
        made += paragraph(
            f"Run on the model of Xen at commit {catalogue().xen_commit[:12]} while this page was built. "
            "A step is taken in the state that the steps before it left."
        )
        made += self._as_written(written, folded=True)
        return made

    def _start(self, fromdoc: str, result: ScenarioResult) -> list[nodes.Node]:
        """The platform, and what holds at first, the same under each policy."""
        said: list[str | nodes.Node] = [nodes.strong("", "Platform: ")]
        platform_id = result.scenario.platform_id if result.scenario is not None else ""
        if platform_id:
            where = self.results.places[platform_id]
            text = nodes.literal("", platform_id)
            said += [make_refnode(self.views.builder, fromdoc, where, ANCHOR + platform_id, text), "; "]
        said.append(f"breaks {', '.join(result.broken)}." if result.broken else "breaks no rule.")
        return [paragraph(*said), *initial(result.runs[0].trace)]

    def _side_by_side(self, runs: Sequence[ScenarioRun]) -> list[nodes.Node]:
        """What came of each step under each policy, and whether that is the same; nothing where there is one policy."""
        if len(runs) < 2:
            return []
        rows: list[Sequence[Cell]] = []
        for taken in zip(*(one.steps for one in runs), strict=True):
            told = [step.told for step in taken]
            action = [paragraph(told[0].party, ": ", nodes.literal("", told[0].action))]
            action += [paragraph(f"{name}: {value}") for name, value in told[0].parameters]
            cells = [[paragraph(one.outcome), *(changes(one) if one.changed else ())] for one in told]
            rows.append((str(taken[0].number), action, *cells, _difference(taken)))
        differing = sum(not isinstance(row[-1], str) for row in rows)
        title = f"The policies side by side: a difference in {differing or 'none'} of {count(len(rows), 'step')}"
        headings = ("Step", "Party and action", *(capitalised(policy_words(one.policy)) for one in runs), "Difference")
        widths = (8, 28, *(50 // len(runs) for _ in runs), 14)
        return [self.views.table(title, headings, widths, rows, "xenfusa-side-by-side")]

    def _run(self, one: ScenarioRun) -> nodes.Node:
        wrong = sum(1 for step in one.steps if step.faults)
        policy = policy_words(one.policy)
        state = marked(Result.FAILED, f"{wrong} not as expected") if wrong else marked(Result.PASSED, "all as expected")
        headings = ("Step", "Party", "Action and its source", "Expected", "Outcome", "What changed")
        widths = (8, 12, 27, 20, 15, 18)
        rows = [_step(self.views, step) for step in one.steps]
        table = self.views.table(f"Under {policy}, step by step", headings, widths, rows, "xenfusa-trace")
        _mark(table, [bool(step.faults) for step in one.steps])
        said = paragraph(nodes.strong("", f"Under {policy}: "), f"{count(len(rows), 'step')}, ", state)
        return stepper(self.views, f"Under {policy}", one.trace, [said], table)

    def _interference(self, platform: Platform, examined: Sequence[Examined]) -> list[nodes.Node]:
        """Whether an adversary can interfere with a SafeVM, under each policy that counts."""
        rows: list[Sequence[Cell]] = [(capitalised(policy_words(one.policy)), *_tried(one)) for one in examined]
        if not examined:
            size = f"more than {MOST_EXAMINED} domains"
            rows = [("any policy", f"nothing: {size}", marked(Result.NOT_RUN, "not searched"))]
        headings = ("Policy", "What was tried", "Interference with a SafeVM")
        made: list[nodes.Node] = [
            self.views.table("Search for interference", headings, (26, 40, 34), rows, "xenfusa-interference")
        ]
        made.append(
            paragraph(
                "Each adversary takes one step, whatever the policy lets it do, in every arrangement of it and one other domain. "
                "M is memory, C is control. T (time), X and L (exchange, a link's service) are not searched."
            )
        )
        made += [
            self.views.fold(
                f"{name}, {policy_words(one.policy)}: trace ({kind})", self.views.trace("Interference", trace)
            )
            for one in examined
            for name, kind, trace in one.found
        ]
        return made

    def _as_written(self, written: Written, *, folded: bool) -> list[nodes.Node]:
        if not written.text.strip():
            return []
        block = nodes.literal_block(written.text, written.text, language="yaml")
        block["force"] = True  # whatever stands there is shown; a lexer's complaint would be a second warning
        heading = f"As written in {written.file}:{written.first_line}"
        return [self.views.fold(heading, [block])] if folded else [paragraph(heading, ":"), block]


def _owner_words(platform: Platform, device: Device) -> str:
    """Who owns a device by the document, and how it comes to that."""
    kept = stays_with_xen(device, SPECIFICATION.switches)
    if device.assigned_to:
        return f"{' and '.join(device.assigned_to)} (passthrough{', although Xen keeps it' if kept else ''})"
    if kept:
        return "Xen keeps it"
    default = owners(platform, device, SPECIFICATION.switches)
    return f"{' and '.join(default)} (by default)" if default else "nobody (there is no Hardware Domain)"


def _roles(domain: Domain) -> str:
    words = [role.value for role in sorted(domain.roles)]
    return ", ".join([*words, "xenstore domain"] if domain.xenstore else words)


def _ends(link: Link) -> tuple[str, str]:
    return link.backend, link.frontend


def _extensions(link: Link) -> str:
    if link.protocol is not Protocol.VIRTIO:
        return "none exist"
    used = [
        words
        for words, there in (("VirtIO with grants", link.grants), ("non-blocking VirtIO", link.nonblocking))
        if there
    ]
    return ", ".join(used) or "none"


def _expectation_cell(as_expected: bool | None, broken: bool) -> Cell:
    if as_expected is None:
        return marked(Result.NONE, "none stated")
    if as_expected:
        return marked(Result.PASSED, "as expected")
    return marked(Result.FAILED, f"expected to be {'obeyed' if broken else 'broken'}")


def _interference_line(examined: Sequence[Examined]) -> nodes.paragraph:
    """What the search found, beside what the rules say: the rules accept a platform that Xen as it is may not protect."""
    line = paragraph(nodes.strong("", "Interference with a SafeVM"), " — ", classes=["xenfusa-headline"])
    for one in examined:
        line += [_tried(one)[1], nodes.Text(f" under {policy_words(one.policy)}; ")]
    if not examined:
        line += marked(Result.NOT_RUN, "not searched")
    else:
        line += nodes.Text("see below")
    return line


def _tried(one: Examined) -> tuple[str, nodes.Node]:
    if not one.pairs:
        return "nothing: there is no adversary, or no SafeVM that is none", marked(Result.NONE, "none to be tried")
    tried = f"{count(one.pairs, 'pair')} of domains; {count(one.attempts, 'step')} let through"
    if not one.found:
        return tried, marked(Result.PASSED, "none found")
    by = ", ".join(f"{name} ({kind})" for name, kind, _ in one.found)
    return tried, marked(Result.FAILED, f"found: {by}")


def _platform_state(result: PlatformResult) -> nodes.Node:
    if result.platform is None or result.check is None:
        return marked(Result.ERROR, "not judged: it cannot be read")
    broken, rules = result.check.broken, count(len(result.check.outcomes), "rule")
    words = f"breaks {', '.join(broken)}" if broken else f"breaks none of the {rules}"
    if result.check.wrong:
        expected = ", ".join(sorted(result.check.expected or ()))
        return marked(Result.FAILED, f"{words}; expected {f'to break {expected}' if expected else 'to break none'}")
    if result.check.expected is None:
        stated = "an expectation that cannot be used" if result.source.expect is not None else "nothing expected"
        return marked(Result.ERROR if result.source.expect is not None else Result.NONE, f"{words}; {stated}")
    harmful = [policy_words(one.policy) for one in result.examined if one.found]
    if harmful and not broken:
        # The rules are obeyed, and it is not safe all the same: nothing green.
        return marked(Result.DIVERGES, f"{words}, as expected; not safe under {', '.join(harmful)}")
    return marked(Result.PASSED, f"{words}, as expected")


def _scenario_state(result: ScenarioResult) -> nodes.Node:
    if result.scenario is None:
        return marked(Result.ERROR, "not run")
    wrong = sum(1 for one in result.runs for step in one.steps if step.faults)
    if wrong:
        return marked(Result.FAILED, f"{count(wrong, 'step')} not as expected")
    steps = sum(len(one.steps) for one in result.runs)
    return marked(Result.PASSED, f"{count(steps, 'step')} under {_policies(result.runs)}, all as expected")


def _policies(runs: Sequence[ScenarioRun]) -> str:
    return count(len(runs), "policy", "policies")


def _headline(kind: str, written: Written, *state: nodes.Node) -> nodes.paragraph:
    return paragraph(nodes.strong("", f"{kind}: {written.title}"), " — ", *state, classes=["xenfusa-headline"])


def _found(finding: Finding) -> nodes.paragraph:
    made = paragraph(marked(Result.ERROR, str(finding.place)), f": {finding.message}.")
    made["classes"].append(WRONG)
    return made


def _step(views: Views, step: StepResult) -> Sequence[Cell]:
    told = step.told
    action: list[nodes.Node] = [paragraph(views.operation(told.action))]
    action += [paragraph(f"{name}: {value}") for name, value in told.parameters]
    action += [paragraph(*(views.clause(told.clause) or [nodes.Text("no call")]))]
    if step.note:
        action.append(paragraph(nodes.emphasis("", step.note)))
    expected: list[nodes.Node] = [paragraph(words) for words in _expected_words(step.expected)]
    if step.faults:
        expected += [paragraph(marked(Result.FAILED, fault)) for fault in step.faults]
    else:
        expected.append(paragraph(marked(Result.PASSED, "as expected")))
    return (str(step.number), told.party, action, expected, outcome(told.outcome), changes(told))


def _expected_words(expected: Expectation) -> list[str]:
    words = [str(expected.outcome)]
    if expected.changes is not None:
        words += [f"{owner}: {field} → {value}" for owner, field, value in expected.changes] or ["nothing changes"]
    return words


def _difference(taken: Sequence[StepResult]) -> Cell:
    """Whether a step comes to the same under all policies; a policy may have its own reason for the same outcome."""
    if len({(one.found, one.told.changed) for one in taken}) > 1:
        return nodes.inline("", "≠ differs", classes=["xenfusa-state", "xenfusa-diverges"])
    return "= same" if len({one.told.outcome for one in taken}) == 1 else "= same, for another reason"


def _mark(table: nodes.table, wrong: Sequence[bool]) -> None:
    """Give the rows that are not as expected a class; their cells say so in words."""
    body = next(iter(table.findall(nodes.tbody)))
    for row, is_wrong in zip(body.children, wrong, strict=True):
        if is_wrong and isinstance(row, nodes.row):
            row["classes"].append(WRONG)
