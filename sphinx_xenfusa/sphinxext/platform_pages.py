"""A platform in files on a page: the answer, the picture, the rules, and the interference, each a place that the others lead to.

A label of the picture leads to the row of the rule that is broken; from there links lead to the requirement and the hazard that
explain it, and to the trace on this very platform.  All of it are links and places: nothing needs a script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from docutils import nodes

from sphinx_xenfusa.assessment.harm import NONE_TRIED, Examination
from sphinx_xenfusa.assessment.judgement import Asked, Breach, Compatibility, Judged, Judgement
from sphinx_xenfusa.assessment.report import MOST_BREACHES
from sphinx_xenfusa.platforms.configuration import Setting
from sphinx_xenfusa.sphinxext.blocks import Cell, capitalised, count, paragraph
from sphinx_xenfusa.sphinxext.claim_places import page_of_policy, policies_with_pages
from sphinx_xenfusa.sphinxext.page_names import link_to_page
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.platform_answers import Answer
from sphinx_xenfusa.sphinxext.platform_facts import (
    HAZARDS,
    Against,
    Found,
    Pictured,
    PicturedLinks,
    Stuck,
    is_repeated,
    pictured,
    rule_of,
    some,
)
from sphinx_xenfusa.sphinxext.platform_picture import LEGEND, MOST_DRAWN, Ways, picture
from sphinx_xenfusa.sphinxext.platform_results import PlatformResult
from sphinx_xenfusa.sphinxext.views import Views, policy_words
from sphinx_xenfusa.trace.states import Result

MOST_VALUES = 6
"""Defaults of one reason that are said one by one."""
MOST_ASKED = 12
"""What has to be said, one by one; the rest unfolds."""
_RESULTS = {
    Judgement.BROKEN: Result.FAILED,
    Judgement.CANNOT_TELL: Result.INCONCLUSIVE,
    Judgement.FULFILLED: Result.PASSED,
    Judgement.NOT_APPLICABLE: Result.NOT_APPLICABLE,
}
_ANSWERS = {
    Compatibility.COMPATIBLE: Result.PASSED,
    Compatibility.NOT_COMPATIBLE: Result.FAILED,
    Compatibility.CANNOT_TELL: Result.INCONCLUSIVE,
}


def answer_state(result: PlatformResult) -> list[nodes.Node]:
    """The answer, and whether it is what the author expects."""
    answer = result.answer
    if answer is None:
        return [marked(Result.ERROR, "not judged: it cannot be read")]
    expect = result.source.expect
    if answer.compatibility is None:
        expected = f"; expected: {', '.join(expect)}" if expect else ""
        return [marked(Result.NOT_RUN, f"not run: {answer.not_run}{expected}")]
    made: list[nodes.Node] = [marked(_ANSWERS[answer.compatibility], answer.words)]
    if result.as_expected is not None:
        expected = f"expected: {', '.join(expect or ())}"
        made += [
            nodes.Text("; "),
            marked(Result.PASSED, "as expected") if result.as_expected else marked(Result.FAILED, expected),
        ]
    elif expect is not None:
        made += [nodes.Text("; "), marked(Result.ERROR, "an expectation that cannot be used")]
    return made


def judgement_state(judgement: Judgement) -> nodes.inline:
    """What a rule comes to, as symbol and word."""
    if judgement is Judgement.ADVISED_AGAINST:
        return nodes.inline("", f"! {judgement}", classes=["xenfusa-state", "xenfusa-partial"])
    return marked(_RESULTS[judgement], judgement.value)


@dataclass(frozen=True)
class PlatformPage:
    """One platform in files, on one page.

    :param place: what the anchors on it begin with.
    :param rules: the tags of requirements by the names of rules.
    """

    views: Views
    fromdoc: str
    answer: Answer
    title: str
    place: str
    rules: Mapping[str, str]

    def parts(self) -> Iterator[nodes.Node]:
        """What is shown of it, in this order."""
        yield from self._why()
        yield from self._asked()
        yield from self._picture()
        yield self._judged()
        yield from self._interference()
        yield from self._mending()
        yield from self._defaults()
        remarks = self.answer.assessment.configuration.remarks
        if remarks:
            yield paragraph("Passed over, or read otherwise than it may seem:")
            yield nodes.bullet_list("", *(_entry(f"{one.words} ({one.where})") for one in remarks))

    @cached_property
    def _shown(self) -> Pictured:
        return pictured(self.answer.assessment)

    # --- places ---------------------------------------------------------------------------------------------------

    def _at_rule(self, name: str) -> str:
        return f"{self.place}-rule-{nodes.make_id(name)}"

    def _at_trace(self, name: str) -> str:
        return f"{self.place}-trace-{name}"

    def _to(self, place: str, words: str | nodes.Node) -> nodes.reference:
        """A link to a place on this page."""
        shown = nodes.Text(words) if isinstance(words, str) else words
        return nodes.reference("", "", shown, refid=place, internal=True)

    def _to_rules(self, names: Sequence[str]) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        for name in names:
            made += [nodes.Text(", ")] if made else []
            made.append(self._to(self._at_rule(name), nodes.literal("", name)))
        return made

    # --- the answer -----------------------------------------------------------------------------------------------

    def _why(self) -> Iterator[nodes.Node]:
        """What stands against it, each with the way to it."""
        why = nodes.bullet_list()
        judged = self.answer.assessment.judged
        for judgement in (Judgement.BROKEN, Judgement.ADVISED_AGAINST):
            names = [one.id for one in judged if one.judgement is judgement]
            if names:
                why += nodes.list_item("", paragraph(judgement_state(judgement), ": ", *self._to_rules(names)))
        for one in self._shown.found:
            said = paragraph(marked(Result.FAILED, "interference"), ": ", self._to(self._at_trace(one.name), one.words))
            said += nodes.Text(f", under {_policies(one.policies)}")
            why += nodes.list_item("", said)
        for stuck in self._shown.stuck:
            words = stuck.idle.trace.title
            said = paragraph(marked(Result.FAILED, "does not work"), ": ", self._to(self._at_trace(stuck.name), words))
            said += nodes.Text(f", under {_policies(stuck.policies)}")
            why += nodes.list_item("", said)
        for examined in self.answer.assessment.examinations:
            if not examined.starts:
                words = f"does not come up under {policy_words(examined.policy)}"
                why += nodes.list_item("", paragraph(marked(Result.FAILED, words)))
        if why.children:
            yield why

    def _asked(self) -> Iterator[nodes.Node]:
        """What nobody says, and how to say it."""
        asked = self.answer.assessment.asked
        if not asked:
            return
        yield paragraph(f"To be said before everything is certain ({count(len(asked), 'value')}):")
        entries = [nodes.list_item("", paragraph(marked(Result.INCONCLUSIVE, one.what), *_how(one))) for one in asked]
        yield nodes.bullet_list("", *entries[:MOST_ASKED])
        if len(entries) > MOST_ASKED:
            rest = nodes.bullet_list("", *entries[MOST_ASKED:])
            yield self.views.fold(f"And {count(len(entries) - MOST_ASKED, 'value')} more", [rest])

    # --- the picture ----------------------------------------------------------------------------------------------

    def _picture(self) -> Iterator[nodes.Node]:
        listed = list(self._list())
        if self.views.builder.format != "html":
            yield from listed
            return
        number = len(self._shown.domains)
        if number > MOST_DRAWN:
            yield paragraph(f"There is no picture of more than {MOST_DRAWN} domains; this platform has {number:,}.")
            yield self.views.fold("What stands on it, as a list", listed)
        else:
            ways = Ways(lambda name: f"#{self._at_rule(name)}", lambda name: f"#{self._at_trace(name)}")
            name = f"xenfusa-picture-{next(self.views.numbers)}"
            yield picture(name, self.title, self._shown, _policies, ways, listed)
            yield paragraph(LEGEND, classes=["xenfusa-legend"])
        assessment = self.answer.assessment
        why = self.answer.not_run or assessment.not_examined
        if why:
            searched = "not everything was searched" if assessment.examinations else "nothing was searched"
            yield paragraph(marked(Result.NOT_RUN, searched), f", so that arrows may be missing: {why}.")

    def _list(self) -> Iterator[nodes.Node]:
        """The picture in words."""
        shown = self._shown
        yield paragraph(nodes.strong("", "Domains"))
        yield nodes.bullet_list(
            "",
            *(
                _entry(
                    nodes.literal("", one.name),
                    f": {one.roles}, {one.kind}; devices: {', '.join(one.devices) or 'none'}",
                )
                for one in shown.domains
            ),
        )
        others = [*(f"{one}: Xen keeps it" for one in shown.kept), *shown.loose]
        if others:
            yield paragraph(nodes.strong("", "Devices of no domain"))
            yield nodes.bullet_list("", *(_entry(words) for words in others))
        if shown.links:
            yield paragraph(nodes.strong("", "Links"))
            yield nodes.bullet_list("", *(self._listed_link(one) for one in shown.links))
        if shown.channels:
            yield paragraph(
                nodes.strong("", "Other ways of communication, about which the document has no rule; not searched")
            )
            yield nodes.bullet_list("", *(_entry(one.words) for one in shown.channels))
        if shown.found:
            yield paragraph(nodes.strong("", "Interference"))
            yield nodes.bullet_list("", *(self._listed_harm(one) for one in shown.found))

    def _listed_link(self, one: PicturedLinks) -> nodes.list_item:
        said = paragraph(one.words, f"; {one.extensions}" if one.extensions else "")
        said += self._spoken(one.against)
        if one.stuck:
            words = f"no request completes under {_policies(one.policies)}"
            said += [
                nodes.Text("; "),
                marked(Result.FAILED),
                nodes.Text(": "),
                self._to(self._at_trace(one.stuck), words),
            ]
        return nodes.list_item("", said)

    def _spoken(self, against: Against) -> Iterator[nodes.Node]:
        """What speaks against something, with the ways to it."""
        for state, names in ((Judgement.BROKEN, against.broken), (Judgement.ADVISED_AGAINST, against.advised)):
            if names:
                yield from (nodes.Text("; "), judgement_state(state), nodes.Text(": "), *self._to_rules(names))

    def _listed_harm(self, one: Found) -> nodes.list_item:
        said = paragraph(self._to(self._at_trace(one.name), one.words), f", under {_policies(one.policies)}")
        said += [*self._spoken(one.against)] or nodes.Text("; no rule forbids it")
        return nodes.list_item("", said)

    # --- the rules ------------------------------------------------------------------------------------------------

    def _judged(self) -> nodes.table:
        """Every rule, advice, assumption of use and check, worst first."""
        judged = self.answer.assessment.worst_first
        rows = [self._row(one) for one in judged]
        headings = ("Rule or check", "State", "What it demands", "Who and where, what decides it, where it leads")
        title = f"Rules, advice, assumptions of use and checks ({count(len(rows), 'row')}, worst first)"
        classes = ("xenfusa-verdicts", "xenfusa-filterable", "xenfusa-wide")
        made = self.views.table(title, headings, (23, 14, 29, 34), rows, *classes)
        body = next(iter(made.findall(nodes.tbody)))
        for one, row in zip(judged, body.children, strict=True):
            assert isinstance(row, nodes.row)
            if self.views.builder.format == "html":
                row["ids"].append(self._at_rule(one.id))
            else:
                next(iter(row.findall(nodes.paragraph))).insert(0, nodes.target("", "", ids=[self._at_rule(one.id)]))
        return made

    def _row(self, one: Judged) -> Sequence[Cell]:
        requirement = self.views.link(self.fromdoc, self.rules.get(one.id, ""), one.id)
        name = [paragraph(requirement), paragraph(str(one.category))]
        demands = [paragraph(one.says), paragraph(f"[{one.source}]")]
        who: list[nodes.Node] = [paragraph(*self._breach(breach)) for breach in one.breaches[:MOST_BREACHES]]
        if len(one.breaches) > MOST_BREACHES:
            who.append(paragraph(f"and {len(one.breaches) - MOST_BREACHES:,} more"))
        if is_repeated(one):
            who.append(paragraph("as ", *self._to_rules([rule_of(one)])))
        elif one.why:
            who.append(paragraph(one.why))
        who += [*self._explained(one), *self._followed(one)]
        return name, judgement_state(one.judgement), demands, who or "nobody breaks it"

    def _breach(self, breach: Breach) -> Iterator[nodes.Node]:
        yield nodes.strong("", breach.name)
        yield nodes.Text(f" ({breach.where})")
        if breach.asked:
            yield nodes.Text(f", depending on {some([one.what for one in breach.asked])}")

    def _explained(self, one: Judged) -> Iterator[nodes.Node]:
        """The requirement that a check repeats, and the hazard that the rule is there for, where the project has them."""
        rule = rule_of(one)
        if is_repeated(one) and rule in self.rules:
            yield paragraph("requirement ", self.views.link(self.fromdoc, self.rules[rule], rule))
        hazard = HAZARDS.get(rule, "")
        if hazard in self.rules:
            yield paragraph("hazard ", self.views.link(self.fromdoc, self.rules[hazard], hazard))

    def _followed(self, one: Judged) -> Iterator[nodes.Node]:
        """The traces of what comes of it."""
        for found in self._shown.found:
            if {rule_of(one), one.id} & {*found.against.names}:
                yield paragraph("trace: ", self._to(self._at_trace(found.name), found.words))

    # --- interference ---------------------------------------------------------------------------------------------

    def _interference(self) -> Iterator[nodes.Node]:
        assessment = self.answer.assessment
        rows: list[Sequence[Cell]] = [_searched(one) for one in assessment.examinations]
        if assessment.not_examined:
            rows.append(("The rest", "nothing", marked(Result.NOT_RUN, f"not searched: {assessment.not_examined}")))
        headings = ("Policy", "What was tried", "Interference with a SafeVM")
        yield self.views.table("Search for interference", headings, (26, 36, 38), rows, "xenfusa-interference")
        yield paragraph(
            "Each adversary takes one step, whatever the policy lets it do, in every arrangement of it and one other domain; to "
            "that is added what one end of a VirtIO link can do to the other through it. Not searched is what remains on "
            "accepted links (X and L)."
        )
        for found in self._shown.found:
            yield from self._harm(found)
        for stuck in self._shown.stuck:
            yield from self._stuck(stuck)

    def _harm(self, found: Found) -> Iterator[nodes.Node]:
        """One interference: which rules it goes with, and its trace on this platform."""
        words = f"under {_policies(found.policies)}"
        head = paragraph(marked(Result.FAILED, "interference"), ": ", nodes.strong("", found.words), f", {words}")
        head += [*self._spoken(found.against)] or nodes.Text("; no rule of the document forbids it")
        head += nodes.Text(".")
        head += [*self._of_policies(found.policies)]
        yield from self._placed(found.name, head)
        if len(found.to) > 1:
            yield paragraph(f"The trace is that of {found.to[0]}; the others are harmed in the same way.")
        if found.harm.alike:
            yield paragraph(f"So do {some(found.harm.alike)}, each to those that it reaches.")
        yield from self.views.trace("Interference", found.harm.trace)

    def _stuck(self, stuck: Stuck) -> Iterator[nodes.Node]:
        title = stuck.idle.trace.title
        head = paragraph(marked(Result.FAILED, "does not work"), ": ", nodes.strong("", title))
        head += [nodes.Text(f", under {_policies(stuck.policies)}."), *self._of_policies(stuck.policies)]
        yield from self._placed(stuck.name, head)
        yield from self.views.trace("Link that does not work", stuck.idle.trace)

    def _placed(self, name: str, head: nodes.paragraph) -> Iterator[nodes.Node]:
        """The first line of a part, as a place that others lead to."""
        head["classes"].append("xenfusa-part-of-platform")
        yield nodes.target("", "", ids=[self._at_trace(name)])
        yield head

    def _of_policies(self, policies: Sequence[str]) -> Iterator[nodes.Node]:
        """The page of a policy of Xen, which says in what it differs from the document, where the project has one."""
        for name in policies:
            if name != "specification" and name in policies_with_pages(self.views.record):
                shown = nodes.Text(f"How {policy_words(name)}, differs from the document")
                yield nodes.Text(" ")
                yield link_to_page(self.views.builder, self.fromdoc, page_of_policy(name), shown)
                yield nodes.Text(".")

    # --- what else ------------------------------------------------------------------------------------------------

    def _mending(self) -> Iterator[nodes.Node]:
        mending = self.answer.mending
        if not mending.words:
            return
        yield paragraph(
            nodes.strong("", "Smallest changes"), f" — {mending.words}", classes=["xenfusa-part-of-platform"]
        )
        if mending.sets:
            yield nodes.bullet_list("", *(_entry("; ".join(words)) for words in mending.sets))

    def _defaults(self) -> Iterator[nodes.Node]:
        """What was taken for granted, by who takes it so."""
        by_source: dict[str, list[str]] = {}
        for what, setting in self.answer.assessment.configuration.defaults:
            by_source.setdefault(setting.source, []).append(f"{what} = {_value(setting)} ({setting.where})")
        if not by_source:
            return
        rows: list[Sequence[Cell]] = []
        for source, values in by_source.items():
            more = f"; and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
            rows.append((source, f"{len(values):,}", f"{'; '.join(values[:MOST_VALUES])}{more}"))
        number = sum(map(len, by_source.values()))
        table = self.views.table("Defaults", ("Taken because", "How many", "Values"), (32, 10, 58), rows)
        yield self.views.fold(f"What nobody says and was taken for granted ({count(number, 'value')})", [table])


def as_written(views: Views, texts: Sequence[tuple[str, str]]) -> Iterator[nodes.Node]:
    """The files, with the numbers of their lines."""
    for file, text in texts:
        if not text:
            yield paragraph(nodes.literal("", file), ": not shown, because it has no lines or too many of them.")
            continue
        block = nodes.literal_block(text, text, language=_language(file, text), linenos=True)
        block["force"] = True  # whatever stands there is shown; a lexer's complaint would be a warning
        yield views.fold(f"As written in {file}", [block])


def _language(file: str, text: str) -> str:
    return "yaml" if file.endswith((".yaml", ".yml")) else "devicetree" if "{" in text else "text"


def _policies(names: Sequence[str]) -> str:
    return " and ".join(map(_policy, names))


def _policy(name: str) -> str:
    """A policy in words; of a FLASK policy only what it cannot deny was searched."""
    return "Xen, whatever a FLASK policy denies" if name == "flask" else policy_words(name)


def _entry(*parts: str | nodes.Node) -> nodes.list_item:
    return nodes.list_item("", paragraph(*parts))


def _how(one: Asked) -> Iterator[nodes.Node]:
    yield nodes.Text(f" ({one.where}): {one.how}")


def _searched(one: Examination) -> Sequence[Cell]:
    name = capitalised(_policy(one.policy))
    if not one.starts:
        return name, "the boot", marked(Result.FAILED, "the platform does not come up")
    alike = (
        f", on {one.tried:,} of {one.pairs:,} pairs of domains, to which the others are alike"
        if one.tried < one.pairs
        else ""
    )
    tried = f"{one.attempts:,} calls and device accesses that were made{alike}"
    if one.harms:
        return (
            name,
            tried,
            marked(Result.FAILED, f"found: {', '.join(harm.words for harm in one.harms)}"),
        )
    if not one.attempts:
        return name, tried, marked(Result.NONE, NONE_TRIED)
    return name, tried, marked(Result.PASSED, "none found")


def _value(setting: Setting[object]) -> str:
    value = setting.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset | tuple):
        return ", ".join(sorted(map(str, value))) or "none"
    return str(value)
