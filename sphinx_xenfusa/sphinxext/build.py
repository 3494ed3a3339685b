"""The events of a build.

Verdicts come from the cache, or the claims run in a child process while the sources are read; then the trace record is made,
what it says is reported, and every page that shows something of it is written again if that has changed.
"""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.display import progress_message, status_iterator

from sphinx_xenfusa.confirm.confirmation import (
    Confirmation,
    known_policies,
    plan,
    read_progress,
    read_results,
    taken_from_cache,
)
from sphinx_xenfusa.confirm.equivalents import EQUIVALENTS
from sphinx_xenfusa.confirm.findings import unexpected_divergences
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs, PlanInputs
from sphinx_xenfusa.confirm.register import REGISTER, Register
from sphinx_xenfusa.confirm.run import Job, without_result
from sphinx_xenfusa.confirm.schedule import jobs_for
from sphinx_xenfusa.evidence.content import Limits
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Budget, Claim
from sphinx_xenfusa.explore.survivors import Mutants
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.style_file import chosen_style
from sphinx_xenfusa.interop.typed_fields import links_of
from sphinx_xenfusa.sphinxext import case_needs, markup, needs_bridge, objects, overlays, spelled_out, totals
from sphinx_xenfusa.sphinxext.about import ABOUT, about_nodes
from sphinx_xenfusa.sphinxext.agreements import Agreements
from sphinx_xenfusa.sphinxext.build_inputs import BuildInputs
from sphinx_xenfusa.sphinxext.build_summary import BuildSummary
from sphinx_xenfusa.sphinxext.build_tools import settings_of, tools_of
from sphinx_xenfusa.sphinxext.card import Cards
from sphinx_xenfusa.sphinxext.card_lines import Known
from sphinx_xenfusa.sphinxext.case_lists import lists_nodes
from sphinx_xenfusa.sphinxext.case_pages import CasePages
from sphinx_xenfusa.sphinxext.claim_evidence import AllEvidence
from sphinx_xenfusa.sphinxext.claim_pages import ClaimPages, PolicyPages
from sphinx_xenfusa.sphinxext.config import config_file
from sphinx_xenfusa.sphinxext.dashboard import Ways, dashboard_nodes
from sphinx_xenfusa.sphinxext.decision_table import decision_nodes
from sphinx_xenfusa.sphinxext.difference_view import difference_nodes
from sphinx_xenfusa.sphinxext.digests import KeptDigests, digest
from sphinx_xenfusa.sphinxext.directives import REVISION
from sphinx_xenfusa.sphinxext.domain import DirectiveSource, XenDomain
from sphinx_xenfusa.sphinxext.evidence_pages import EvidencePages, Family, Page
from sphinx_xenfusa.sphinxext.graph_view import CardGraphs, graph_nodes, unknown_items
from sphinx_xenfusa.sphinxext.inline_verdict import Answers
from sphinx_xenfusa.sphinxext.matrix import Matrix
from sphinx_xenfusa.sphinxext.matrix_gates import MatrixGates, matrix_gates
from sphinx_xenfusa.sphinxext.oft_documents import OftDocuments
from sphinx_xenfusa.sphinxext.oft_evidence import oft_evidence
from sphinx_xenfusa.sphinxext.oft_sources import SourceItems, read_sources
from sphinx_xenfusa.sphinxext.outputs import write_outputs
from sphinx_xenfusa.sphinxext.platform_directives import with_other_files
from sphinx_xenfusa.sphinxext.platform_results import InFiles, PlatformResults, judge_all
from sphinx_xenfusa.sphinxext.platform_views import PlatformViews, rule_anchors
from sphinx_xenfusa.sphinxext.provenance import provenance_of, tied_reports
from sphinx_xenfusa.sphinxext.registers import fill_contents, register_nodes
from sphinx_xenfusa.sphinxext.search import index_pages
from sphinx_xenfusa.sphinxext.selection import Vocabulary, select
from sphinx_xenfusa.sphinxext.surroundings import Surroundings
from sphinx_xenfusa.sphinxext.survivor_list import survivor_nodes
from sphinx_xenfusa.sphinxext.tally_table import tally_nodes
from sphinx_xenfusa.sphinxext.test_links import linked_tests
from sphinx_xenfusa.sphinxext.test_runs import test_run_nodes
from sphinx_xenfusa.sphinxext.trace_links import Description, TraceLinks
from sphinx_xenfusa.sphinxext.tracing_rules import tracing_rules
from sphinx_xenfusa.sphinxext.views import Views, told_of_tests
from sphinx_xenfusa.sphinxext.warning_types import warn, warn_of
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.linker import finding_order
from sphinx_xenfusa.trace.neighbourhood import Neighbourhoods
from sphinx_xenfusa.trace.neighbours import Neighbours
from sphinx_xenfusa.trace.record import Documented, Finding, Item, Place, TestReport, TracedItem, TraceRecord
from sphinx_xenfusa.trace.style import Styled, check_style
from sphinx_xenfusa.trace.test_results import StaleReasons

if TYPE_CHECKING:
    from sphinx_xenfusa.sphinxext.platform_answers import Ask

logger = logging.getLogger(__name__)

SPECIFICATION = "specification"
SPEAKER = "sphinx_xenfusa.confirm: "
"""What the words of the child begin with."""
_POLL_SECONDS = 0.2


class Build:
    """One build of one project: holds the kept verdicts or the child process and, once it is known, the record."""

    def __init__(self) -> None:
        self.claims: Mapping[str, Claim] = {}
        self.register = Register("", "", "", {}, {})
        self.record: TraceRecord | None = None
        self._traced: Mapping[str, TracedItem] = {}
        self._rules: Mapping[str, str] = {}
        self._answers: Answers | None = None
        self._repeated: frozenset[str] = frozenset()
        self._vocabulary = Vocabulary((), (), {}, {}, {})
        self._gates = MatrixGates({}, (), False)
        self._ways = Ways({}, (), {})
        self._graphs: CardGraphs | None = None
        self._shown: Shown | None = None
        self._pages: EvidencePages | None = None
        self._surroundings: Surroundings | None = None
        self._packages: frozenset[str] = frozenset()
        self._inputs: BuildInputs | None = None
        self._kept: Confirmation | None = None
        self._platforms = PlatformResults({}, {}, {})
        self._child: ConfirmationProcess | None = None
        self._overlays = overlays.Overlays()
        self._oft = OftDocuments()
        self._sources = SourceItems()
        self._known = Known()
        self._divergences: tuple[Finding, ...] = ()
        self._mutants: Mutants | None = None
        self._agreements: Agreements | None = None
        self._missing = VerdictKind.NOT_RUN, "confirmation is switched off"

    def connect(self, app: Sphinx) -> None:
        """Connect the events."""
        app.connect("builder-inited", self.start)
        app.connect("builder-inited", objects.tell_faults)
        app.connect("env-get-outdated", _documents_that_share_tags)
        app.connect("env-get-outdated", objects.outdated)
        app.connect("env-get-outdated", with_other_files)
        app.connect("warn-missing-reference", objects.unknown_reference)
        app.connect("env-before-read-docs", _forget_documents)
        self._overlays.connect(app)
        self._oft.connect(app)
        app.connect("doctree-read", _note_needs)
        app.connect("env-updated", self.finish_reading)
        # After Sphinx has numbered sections and figures.
        app.connect("env-get-updated", self.look_around, priority=600)
        app.connect("needs-before-post-processing", self.write_states)
        # Before sphinx-needs replaces its nodes.
        app.connect("doctree-resolved", self.refuse_repeated, priority=90)
        app.connect("doctree-resolved", self.show)
        app.connect("html-collect-pages", self.generated_pages)
        # After sphinx-needs has written its own, which is counted again with the rest.
        app.connect("build-finished", self.end, priority=600)

    # --- claims -------------------------------------------------------------------------------------------------

    def start(self, app: Sphinx) -> None:
        """Load what is installed, take what is kept, and start a process for the rest."""
        off = app.config.xenfusa_confirm == "off"
        # A build that runs nothing keeps no verdicts, and nothing where they are kept.
        inputs = KeptPlanInputs(Path(app.doctreedir, "xenfusa", "claims") if off else _cache_folder(app))
        offered = inputs.installed()
        for problem in offered.problems:
            warn("input", f"{problem.message}; what it offers is left out", problem.place)
        self.claims = inputs.with_scopes(offered.claims) if off else offered.claims
        self._packages = frozenset(offered.packages.values())
        try:
            self.register = inputs.register(self._register_path(app))
        except InputError as error:
            warn("input", error.message, error.place)
            self._missing = VerdictKind.ERROR, f"the confirmation could not start: {error}"
            return
        can_run = any(not isinstance(claim, AnnouncedClaim) for claim in self.claims.values())
        if can_run and not off:
            try:
                self._confirm(app, inputs)
            except (InputError, OSError) as error:
                self._missing = VerdictKind.ERROR, f"the confirmation could not start: {error}"
                warn("claim_error", self._missing[1], config_file(app))

    def _confirm(self, app: Sphinx, inputs: PlanInputs) -> None:
        """Take every verdict from the cache, or start the child: a process costs more than looking.

        :raises InputError: there is nothing that can be run.
        :raises OSError: no process can be started.
        """
        planned = plan(self.claims, self.register, equivalents=inputs.equivalents(), record=inputs.adequacy())
        if app.config.xenfusa_confirm == "cache":
            self._kept = taken_from_cache(planned, _cache_folder(app))
        if self._kept is None:
            self._child = ConfirmationProcess(app, self._register_path(app))

    def _register_path(self, app: Sphinx) -> Path:
        chosen = app.config.xenfusa_divergences
        return Path(app.confdir) / chosen if chosen else REGISTER

    def _policies(self, app: Sphinx) -> tuple[str, ...]:
        """The document's policy and the target, which count, then all others, which are shown beside them."""
        return tuple(dict.fromkeys((*_policies_that_count(app), *known_policies(self.claims.values()))))

    def _verdicts(self, app: Sphinx) -> tuple[Verdict, ...]:
        """Every claim under every policy: what the child found, or not run, or error."""
        found: dict[tuple[str, str | None], Verdict] = {}
        missing = self._missing
        if self._kept is not None or self._child is not None:
            results, failure = (self._kept, "") if self._child is None else self._child.wait()
            if results is None:
                missing = VerdictKind.ERROR, failure
                warn("claim_error", f"the confirmation gave no result: {failure}", config_file(app))
            else:
                # The pages show how many mutants survived; the list of them is a thousand lines that nothing here reads.
                found = {(one.claim, one.policy): one for one in results.verdicts}
                self._mutants = results.mutants
                self._divergences = results.findings
                logger.info("claims: %d run, %d from the cache", results.ran, results.cached)
                if failure:
                    warn("input", failure, config_file(app, "cache_dir"))
                missing = VerdictKind.ERROR, "the confirmation ran and gave no verdict on this claim"
        # The scope of a claim takes long to count and is the same under every policy.
        without = functools.cache(lambda claim: without_result(self.claims[claim], None, *missing))
        jobs = jobs_for(self.claims.values(), self._policies(app), self.register)
        return tuple(self._verdict(job, found, without) for job in jobs)

    def _verdict(
        self, job: Job, found: Mapping[tuple[str, str | None], Verdict], without: Callable[[str], Verdict]
    ) -> Verdict:
        claim = self.claims[job.claim]
        if isinstance(claim, AnnouncedClaim):
            return claim.run(job.policy, Budget())
        return found.get((job.claim, job.policy)) or replace(without(job.claim), policy=job.policy)

    def _platforms_in_files(self, app: Sphinx, domain: XenDomain) -> InFiles:
        """How platforms in files are judged: with what is kept of the builds before, or not searched at all."""

        @functools.cache
        def asker() -> Ask:
            from sphinx_xenfusa.sphinxext.platform_answers import KeptAnswers, not_searched

            if app.config.xenfusa_confirm == "off":
                return not_searched
            return KeptAnswers(domain.assessments).of

        return InFiles(Path(app.srcdir).resolve(), asker)

    # --- the record ---------------------------------------------------------------------------------------------

    def finish_reading(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Make the record, report what it says, and name the documents whose view of it has changed."""
        domain = _domain(env)
        self._inputs = inputs = BuildInputs(app, env)
        items, findings = self._items(app, domain)
        findings += inputs.findings
        findings += self._overlays.make_needs(app, items)
        items += self._overlays.items
        documents, told = self._overlays.coverage(app, items)
        findings += [*told, *spelled_out.turned_texts(items)]
        styled = _styled(app, items)
        findings += styled.findings
        self._vocabulary = _vocabulary(env, domain, items, self._policies(app))
        findings += [
            finding
            for docname in sorted(domain.matrices)
            for asked in domain.matrices[docname]
            for finding in select(asked, self._vocabulary)[1]
        ]
        self._ways = _ways(env, domain, self._vocabulary)
        findings += unknown_items(domain.graphs, {str(item.tag) for item in items})
        tags = (item.tag for item in items)
        self._platforms = judge_all(
            domain.platforms, domain.scenarios, tags, _policies_that_count(app), self._platforms_in_files(app, domain)
        )
        findings += self._platforms.findings()
        rules = tracing_rules(app)
        findings += rules.findings
        verdicts = self._verdicts(app)
        reports = _reports(app)
        files_read = inputs.files(reports)
        provenance = provenance_of(app)
        tests = linked_tests(app, tied_reports(app, provenance, reports))
        findings += tests.findings
        reports = provenance.judged(tests.reports, items)
        findings += provenance.findings
        self._agreements = agreed = Agreements(app, items, reports)
        findings += agreed.findings
        self.record = assemble(
            project=app.config.project,
            version=app.config.version,
            items=items,
            verdicts=verdicts,
            reports=reports,
            findings=findings,
            policies=self._policies(app),
            target_policy=app.config.xenfusa_policy,
            confirm_mode=app.config.xenfusa_confirm,
            known_claims=self.claims,
            results_expected=bool(app.config.xenfusa_test_reports),
            mutants=self._mutants,
            drifted=self._overlays.drifted,
            documents=documents,
            accepted=agreed.agreed.links,
            accepted_texts=agreed.agreed.texts,
            reviews=agreed.agreed.reviews,
            verifications=agreed.agreed.verifications,
            justifications=rules.justifications,
            tombstones=rules.tombstones,
            demands=rules.demands,
            suppressed=styled.suppressed,
            stale_for=provenance.stale_for,
        )
        self.record = replace(
            self.record,
            baseline=agreed.baseline,
            expected=tests.expected,
            runs=provenance.runs,
            documented=provenance.documented,
            inputs=files_read,
            tools=tools_of(app, self._packages),
            settings=settings_of(app),
        )
        self._gates = matrix_gates(self.record, domain.matrices, self._vocabulary)
        self.record = self._gates.in_record(self.record)
        if rules.policy_unreadable or self._gates.misread or any(gate.met is False for gate in self.record.gates):
            app.statuscode = 1
        self._traced = {str(traced.item.tag): traced for traced in self.record.items}
        self._rules = rule_anchors(domain.anchors)
        counts = Counter(str(item.tag) for item in items)
        self._repeated = frozenset(tag for tag, count in counts.items() if count > 1)
        self._answers = answers = Answers(self.record, self._traced, self._repeated)
        self.record = _with_questions(self.record, domain, answers)
        self._known = Known.of(self.record, agreed.snapshot)
        self._report(app, self.record)
        around = Neighbourhoods(self._known.around, self._traced, StaleReasons(self.record.reports))
        self._graphs = CardGraphs.of(around, app.config.xenfusa_card_graphs)
        self._shown = Shown(app, self._digests(domain, answers))
        self._pages = EvidencePages(app, self._families(self.record, domain))
        return sorted({*self._shown.changed(), *self._pages.documents()})

    def look_around(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Name the documents around whose content something has changed, once Sphinx has numbered sections."""
        self._surroundings = around = Surroundings(app)
        around.remove_left_over()
        return around.documents()

    def _families(self, record: TraceRecord, domain: XenDomain) -> list[Family]:
        """The pages that stand in no document."""
        claims = AllEvidence.of(record, self.claims, self.register, domain.anchors, self._named(domain))
        return [CasePages(record, domain.anchors), ClaimPages(claims), PolicyPages(claims)]

    def _digests(self, domain: XenDomain, answers: Answers) -> dict[str, str]:
        """A digest of everything that each document shows of the record.

        The words of claims and register are in it, and our version, because another one may show the same differently.
        """
        told = () if self.record is None else told_of_tests(self.record)
        says = {claim.id: claim.says for claim in self.claims.values()}
        words = digest(says, self.register.divergences, told, self._named(domain))
        whole = digest(self._all_shown(domain), words) if any("*" in shown for shown in domain.views.values()) else ""
        digests = {}
        stale = StaleReasons(() if self.record is None else self.record.reports)
        platforms, rules = self._platforms, self._rules
        places_of_platforms = domain.platform_places
        shown = {*domain.views, *domain.links, *domain.verdicts, *platforms.documents(), *domain.platform_links}
        for docname in sorted(shown):
            views, links = set(domain.views.get(docname, ())), set(domain.links.get(docname, ()))
            traced = [self._traced.get(tag) for tag in sorted(views - {"*", REVISION, ABOUT})]
            links |= {step for one in traced if one is not None for step in (*one.inherited_path, *one.suspect)}
            links |= views | {target for one in traced if one is not None for target in one.item.covers}
            links |= {target for one in traced if one is not None for target in links_of(one.item.fields)}
            known = [self._known.about(tag) for tag in sorted(views)]
            drawn = self._graphs.shown(sorted(views), domain.anchors) if self._graphs is not None else ()
            links |= {
                end for tag in views for link in self._known.around.links(tag) for end in (link.source, link.target)
            }
            places = [(tag, domain.place_of(tag) or self._written_at(tag)) for tag in sorted(links)]
            repeated = sorted(views & self._repeated)
            spoken = [answers.to(asked) for asked in domain.verdicts.get(docname, ())]
            places += [(one.tag, domain.anchors.get(one.tag)) for one in spoken]
            seen = whole if "*" in views else ""
            seen += repr(self.record.documented) if REVISION in views and self.record is not None else ""
            seen += digest(self._about()) if ABOUT in views else ""
            outdated = stale.of_items(one for one in traced if one is not None)
            digests[docname] = digest(traced, places, repeated, known, drawn, spoken, words, seen, outdated)
            linked = [
                (name, places_of_platforms.get(name)) for name in sorted({*domain.platform_links.get(docname, ())})
            ]
            if docname in platforms.documents() or linked:
                digests[docname] = digest(
                    digests[docname], platforms.shown(docname), rules, linked, sorted(domain.places.items())
                )
        return digests

    def _all_shown(self, domain: XenDomain) -> str:
        """A digest of the record, for the documents that may show anything of it."""
        record = None if self.record is None else _shown_by_most(self.record)
        return digest(record, domain.anchors, sorted(self._vocabulary.titles.items()), self._ways)

    def _about(self) -> tuple[object, ...]:
        """What the page about the evidence shows and no other does."""
        record = self.record
        return () if record is None else (record.documented, record.inputs, record.tools, record.settings)

    def _named(self, domain: XenDomain) -> list[tuple[str, Description | None]]:
        """What the traces of the record name, with where it is described."""
        verdicts = () if self.record is None else self.record.verdicts
        return TraceLinks(domain.places, domain.anchors, self._rules).shown(verdicts)

    def _written_at(self, tag: str) -> Place | None:
        """Where an item stands that stands on no page: pages say file and line in place of a link."""
        traced = self._traced.get(tag)
        return None if traced is None else traced.item.place

    def _items(self, app: Sphinx, domain: XenDomain) -> tuple[list[Item], list[Finding]]:
        directives, read = DirectiveSource(domain), self._oft.items(app)
        items = list(directives.items())
        findings = [*directives.findings(), *read.findings, *self._oft.make_needs(app, read, items)]
        self._sources = read_sources(app, read.files)
        # Behind the others: of several items with one tag the first counts, and a page leads to it.
        return [*items, *read.items, *self._sources.items], [*findings, *self._sources.findings]

    def _report(self, app: Sphinx, record: TraceRecord) -> None:
        source_folder = str(app.srcdir)
        for finding in record.findings:
            warn_of(finding, source_folder, config_file(app))
        named = {claim for traced in record.items for claim in traced.item.confirmed_by}
        for traced in record.items:
            for verdict in (*traced.verdicts, *traced.other_verdicts):
                _warn_of_verdict(traced, verdict, source_folder)
        for verdict in record.verdicts:
            refuted = verdict.kind is VerdictKind.REFUTED and verdict.policy in (None, SPECIFICATION)
            if verdict.claim not in named and (refuted or verdict.kind is VerdictKind.VACUOUS):
                message = f"the claim {verdict.claim}, which no requirement names, is {verdict.kind}: {verdict.reason}"
                warn(_WARNED[verdict.kind], message, config_file(app))
        register = str(self._register_path(app))
        # A refuted claim that a requirement names has been reported there, where its author looks.
        refutations = (one for one in record.verdicts if one.claim in named and one.kind is VerdictKind.REFUTED)
        told = {finding.message for finding in unexpected_divergences(refutations, self.register)}
        for finding in self._divergences:
            if finding.message not in told:
                line = f":{finding.place.line}" if finding.place is not None else ""
                warn(finding.subtype, finding.message, _LISTS.get(finding.subtype, register) + line)

    @functools.cached_property
    def _neighbours(self) -> Neighbours:
        """What covers what, for the matrices of all pages."""
        assert self.record is not None
        return Neighbours(self.record)

    def write_states(self, app: Sphinx, needs: Any) -> None:
        """Give sphinx-needs the states, for its own tables and exports."""
        needs_bridge.sort_needs(needs)
        if self.record is not None:
            needs_bridge.write_states(needs, self.record)
            case_needs.add_tests(app, needs, self.record)

    # --- pages --------------------------------------------------------------------------------------------------

    def refuse_repeated(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Let no copy of a tag that stands more than once look like a requirement, whichever was read first."""
        if not self._repeated:
            return
        for evidence in [node for node in markup.walk(doctree) if isinstance(node, markup.evidence)]:
            if evidence["tag"] in self._repeated:
                content = needs_bridge.take_card(evidence)
                evidence.replace_self(markup.refused(evidence["title"], content, evidence["tag"]))
        anchors, named = _domain(app.env).anchors, set()
        for box in doctree.findall(nodes.admonition):
            tag = box.get("tag", "")
            if tag and tag not in named and anchors.get(tag, ("", ""))[0] == docname:
                named.add(tag)
                box["ids"].append(tag)

    def show(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Put the views in place of their placeholders."""
        record = self.record
        answers = self._answers
        if record is None or answers is None:
            return
        if self._shown is not None:
            self._shown.note(docname)
        views = self._views(app, record).on(docname)
        cards = Cards(views, self._known, self._graphs)
        # One walk over the page for all of them: walks are most of what a large page costs.
        places = spelled_out.places_in(doctree)
        for place in places:
            place.replace_self(made := self._view(cards, answers, docname, place))
            spelled_out.spell_out(app, made)
        if any(isinstance(place, markup.EVIDENCE) for place in places):
            _say_first(doctree, views)
        if any(isinstance(place, markup.register) for place in places):
            fill_contents(doctree, views)

    def _views(self, app: Sphinx, record: TraceRecord) -> Views:
        domain = _domain(app.env)
        return Views(
            record,
            app.builder,
            domain.anchors,
            self.claims,
            self.register.divergences,
            self._traced,
            domain.places,
            {group: len(terms) for group, terms in domain.vocabulary.groups.items()},
            self._rules,
        )

    def generated_pages(self, app: Sphinx) -> Iterator[Page]:
        """The pages that stand in no document and that Sphinx has to write."""
        if self.record is None or self._pages is None:
            return
        with progress_message("writing pages of evidence"):
            yield from self._pages.pages(self._views(app, self.record))
            index_pages(app, _domain(app.env), self._pages.listed())

    def _view(
        self, cards: Cards, answers: Answers, docname: str, place: nodes.Element
    ) -> nodes.Node | Sequence[nodes.Node]:
        """The nodes that take the place of a placeholder."""
        views = cards.views
        platforms = PlatformViews(views, self._platforms)
        writers: dict[type[nodes.Element], Callable[[], nodes.Node | Sequence[nodes.Node]]] = {
            markup.evidence: lambda: cards.evidence(docname, place["tag"]),
            markup.oft_evidence: lambda: oft_evidence(cards, docname, place["tag"]),
            **dict.fromkeys(
                (markup.mark, markup.overlaid, markup.unclaimed),
                lambda: overlays.view(place, docname, cards, self._repeated),
            ),
            markup.matrix: lambda: Matrix(views, self._vocabulary, self._neighbours, self._gates.of).show(
                docname, place["asked"]
            ),
            markup.verdict: lambda: views.verdict(docname, answers.to(place["asked"]), place["words"]),
            markup.graph: lambda: self._graph(views, docname, place["tag"]),
            markup.survivors: lambda: survivor_nodes(views),
            markup.conformance: lambda: _conformance(views),
            markup.decisions: lambda: decision_nodes(views, docname),
            markup.test_runs: lambda: test_run_nodes(views, docname),
            markup.tallies: lambda: tally_nodes(views, place["claim"]),
            markup.summary: lambda: totals.summary(views, docname),
            markup.about: lambda: about_nodes(views, docname, place["asked"]),
            markup.dashboard: lambda: dashboard_nodes(views, docname, place["most"], self._agreements, self._ways),
            markup.register: lambda: register_nodes(views, docname, place["asked"], place["again"]),
            markup.difference: lambda: difference_nodes(docname, views, place, self._agreements),
            markup.tests: lambda: lists_nodes(views, docname, place["asked"]),
            markup.platform: lambda: platforms.platform(docname, place["docname"], place["number"]),
            markup.scenario: lambda: platforms.scenario(docname, place["docname"], place["number"]),
        }
        return writers[type(place)]()

    def _tell_changes(self, app: Sphinx) -> None:
        """Let a build fail of which an input is another one now: what its pages say of it cannot be checked."""
        for path, message in self._inputs.changed() if self._inputs is not None else ():
            app.statuscode = 1
            warn("changed_input", message, str(path))

    def _graph(self, views: Views, docname: str, tag: str) -> Sequence[nodes.Node]:
        """What stands around an item; for a tag that no item has, words that say so."""
        if tag not in self._traced:
            return [nodes.paragraph("", f"There is no item {tag}.")]
        around = Neighbourhoods(self._known.around, self._traced, views.stale)
        return graph_nodes(views, docname, around.of(tag))

    def end(self, app: Sphinx, exception: Exception | None) -> None:
        """Write the record beside the pages, and leave no child behind."""
        if self._child is not None:
            self._child.stop()
        if exception is None and self.record is not None and self._shown is not None:
            views = _domain(app.env).views
            current = [name for name in views if "*" in views[name] and self._shown.is_current(name)]
            write_outputs(app, self.record, current, self._sources.files | self._overlays.off_pages(app.env))
        if exception is None and self._shown is not None and self._pages is not None:
            self._shown.keep()
            self._pages.keep()
        if exception is None and self._surroundings is not None:
            self._surroundings.keep()
        if exception is None and self.record is not None:
            BuildSummary(app, self.record).tell()
        if exception is None:
            self._tell_changes(app)


def _shown_by_most(record: TraceRecord) -> TraceRecord:
    """The record without what changes with any file, tool or commit and stands on few pages."""
    return replace(record, documented=Documented(), inputs=(), tools=(), settings=())


def _conformance(views: Views) -> list[nodes.Node]:
    """The table of conformance; the checks that it names are imported where it stands, and most projects have none."""
    from sphinx_xenfusa.sphinxext.conformance_table import conformance_nodes

    return conformance_nodes(views)


def _say_first(doctree: nodes.document, views: Views) -> None:
    """Say above the requirements of a page that there are no test results, unless some view on the page says so already."""
    banners = views.banners_of_tests()
    if not banners:
        return
    said = any(isinstance(one, nodes.warning) and "xenfusa-banner" in one["classes"] for one in markup.walk(doctree))
    top = next(doctree.findall(nodes.section), None)
    if top is not None and not said:
        top[1:1] = banners


def _styled(app: Sphinx, items: Iterable[Item]) -> Styled:
    """What the rules of style say of the items; nothing unless the project asks for them."""
    if not app.config.xenfusa_style:
        return Styled((), ())
    try:
        return check_style(items, chosen_style(app.config.xenfusa_style, Path(app.confdir), Path(app.srcdir)))
    except InputError as error:
        file = Path(os.path.relpath(error.file, app.srcdir)).as_posix()
        message = f"{error.message}; no style is checked"
        return Styled((Finding("input", Place(file, error.line or 1), file, message),), ())


def _reports(app: Sphinx) -> list[TestReport]:
    """The test reports that the project names; what reads their dialects is imported where there are some."""
    files = app.config.xenfusa_test_reports
    if not files:
        return []
    from sphinx_xenfusa.evidence.reports import read_report

    folder = Path(app.confdir)
    limits = Limits(app.config.xenfusa_test_report_limit, app.config.xenfusa_test_case_limit)
    reading = status_iterator(files, "reading test reports... ", "brown", len(files), app.verbosity)
    return [read_report(folder / one, folder, limits=limits) for one in reading]


def _cache_folder(app: Sphinx) -> Path:
    return Path(app.confdir, app.config.xenfusa_cache_dir)


def _domain(env: BuildEnvironment) -> XenDomain:
    return cast(XenDomain, env.get_domain("xen"))


def _vocabulary(
    env: BuildEnvironment, domain: XenDomain, items: Iterable[Item], policies: tuple[str, ...]
) -> Vocabulary:
    """The words that a matrix may use; a chapter is a document."""
    chapter_of = {tag: docname for tag, (docname, _) in domain.anchors.items()}
    titles = {docname: env.titles[docname].astext() for docname in set(chapter_of.values()) if docname in env.titles}
    return Vocabulary.of(items, policies, titles, chapter_of)


def _ways(env: BuildEnvironment, domain: XenDomain, vocabulary: Vocabulary) -> Ways:
    """Where a dashboard sends its readers; a matrix that leaves nothing out comes first."""
    registers = {docname: tuple(names) for docname, names in sorted(domain.registers.items())}
    matrices = sorted(domain.matrices, key=lambda name: (min(len(one.filters) for one in domain.matrices[name]), name))
    about = sorted(docname for docname, shown in domain.views.items() if ABOUT in shown)
    titles = {name: env.titles[name].astext() for name in {*registers, *matrices, *about} if name in env.titles}
    return Ways(dict(sorted({**vocabulary.titles, **titles}.items())), tuple(matrices), registers, tuple(about))


def _with_questions(record: TraceRecord, domain: XenDomain, answers: Answers) -> TraceRecord:
    """The record with what is wrong in the sentences that ask for verdicts."""
    asked = (one for docname in sorted(domain.verdicts) for one in domain.verdicts[docname])
    faults = {finding for one in asked if (finding := answers.finding(one)) is not None}
    return replace(record, findings=tuple(sorted({*record.findings, *faults}, key=finding_order)))


def _policies_that_count(app: Sphinx) -> tuple[str, ...]:
    """The document's policy and the target."""
    return tuple(dict.fromkeys((SPECIFICATION, app.config.xenfusa_policy)))


def _note_needs(app: Sphinx, doctree: nodes.document) -> None:
    """Note that a document shows needs: it is written again when the record, and with it some need, has changed."""
    if needs_bridge.shows_needs(app.env, app.env.docname, doctree):
        _domain(app.env).note_view(app.env.docname, "*")


_WARNED = {
    VerdictKind.REFUTED: "refuted",
    VerdictKind.VACUOUS: "vacuous",
    VerdictKind.ERROR: "claim_error",
    VerdictKind.INCONCLUSIVE: "inconclusive",
}


_LISTS = {"equivalent": str(EQUIVALENTS)}
"""Where findings of the confirmation stand that do not stand in the register."""


def _warn_of_verdict(traced: TracedItem, verdict: Verdict, source_folder: str) -> None:
    if verdict.kind not in _WARNED:
        return
    subtype = _WARNED[verdict.kind]
    if verdict.kind is VerdictKind.REFUTED and verdict.policy not in (None, SPECIFICATION):
        subtype = "unexpected_divergence"
    under = f" under {verdict.policy}" if verdict.policy else ""
    message = f"{traced.item.tag}: the claim {verdict.claim} is {verdict.kind}{under}: {verdict.reason}"
    warn(subtype, message, f"{source_folder}/{traced.item.place}")


def _documents_that_share_tags(
    app: Sphinx, env: BuildEnvironment, added: Set[str], changed: Set[str], removed: Set[str]
) -> list[str]:
    """The documents to read again because a tag of theirs stood twice: what is left of the copies is a requirement."""
    domain = _domain(env)
    return sorted(
        docname for docname, items in domain.items.items() if any(domain.tags[item.tag] > 1 for item in items)
    )


def _forget_documents(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Forget all documents that will be read before the first is: a requirement may have moved from one to another."""
    for docname in docnames:
        _domain(env).clear_doc(docname)
        needs_bridge.forget_document(env, docname)


class Shown:
    """What the documents showed of the record when they were last written to this output, as digests.

    Kept for each output, because several can share their doctrees, and only when all is written, because a build can be
    interrupted.
    """

    def __init__(self, app: Sphinx, digests: Mapping[str, str]) -> None:
        self._kept = KeptDigests(app, "shown")
        self._digests = digests
        self._known = self._kept.read()
        self._written: set[str] = set()

    def changed(self) -> list[str]:
        """The documents that show something else now."""
        return [docname for docname, digest in self._digests.items() if self._known.get(docname) != digest]

    def is_current(self, docname: str) -> bool:
        """Whether a document shows the record as it is now: it was written, or what it shows has not changed."""
        return docname in self._written or self._known.get(docname) == self._digests.get(docname)

    def note(self, docname: str) -> None:
        """A document is written."""
        self._written.add(docname)

    def keep(self) -> None:
        """Keep what is shown now."""
        kept = {
            docname: digest if docname in self._written else self._known[docname]
            for docname, digest in self._digests.items()
            if docname in self._written or docname in self._known
        }
        if kept != self._known:
            self._kept.write(kept)


class ConfirmationProcess:
    """The child process that runs the claims."""

    def __init__(self, app: Sphinx, register: Path) -> None:
        # A folder of its own: another build may run at the same time, with other settings.
        self._folder = tempfile.TemporaryDirectory(prefix="xenfusa-")
        self._output = Path(self._folder.name) / "results.json"
        self._verbosity = app.verbosity
        # The child imports what this process does: neither modules that happen to lie in the current folder, nor less.
        command = [sys.executable, "-P", "-m", "sphinx_xenfusa.confirm", "--output", str(self._output)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
        command += ["--mode", app.config.xenfusa_confirm, "--timeout", str(app.config.xenfusa_claim_timeout)]
        command += ["--cache-dir", str(_cache_folder(app))]
        command += ["--divergences", str(register)]
        # Its words go to files: a pipe that nobody reads while the sources are read could fill up.
        self._errors = self._output.with_name("errors.txt")
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
            )
        atexit.register(self.stop)

    def wait(self) -> tuple[Confirmation | None, str]:
        """The results, with what the child complained of, or ``None`` and why there are none.

        Shows how far it is while it waits.
        """
        total = 0
        while not total and not self._has_ended():
            total = self._progress()[1]
        if total:
            for _ in status_iterator(self._runs(total), "confirming claims... ", "brown", total, self._verbosity):
                pass
        said = self._errors.read_text("utf-8", errors="replace").strip().splitlines()
        try:
            results = read_results(self._output)
        except InputError as error:
            return None, said[-1] if said else error.message
        ours = [line.removeprefix(SPEAKER) for line in said if line.startswith(SPEAKER)]
        return results, ours[-1] if ours else ""

    def _has_ended(self) -> bool:
        """Whether the child has ended, after a moment in which it may."""
        try:
            self._process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _progress(self) -> tuple[int, int]:
        return read_progress(self._output) or (0, 0)

    def _runs(self, total: int) -> Iterator[str]:
        """A word for each run that is done, until the child has ended; the last ones may end with it and go untold."""
        told = 0
        while True:
            ended = self._has_ended()
            done = min(self._progress()[0], total)
            for number in range(told + 1, done + 1):
                yield f"{number} of {total}"
            told = max(told, done)
            if ended:
                return

    def stop(self) -> None:
        """End the child if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()
        atexit.unregister(self.stop)
