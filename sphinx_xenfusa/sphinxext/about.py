"""``xen:about``: from what, with what and how the evidence was made, how to check it, and what it does not show."""

from __future__ import annotations

import html
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives

from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.blocks import Cell, capitalised, count, paragraph
from sphinx_xenfusa.sphinxext.build_inputs import CHECKSUMS
from sphinx_xenfusa.sphinxext.build_tools import ABSENT
from sphinx_xenfusa.sphinxext.claim_places import CLAIM_LIST, POLICY_LIST, claims_with_pages, link_to_list
from sphinx_xenfusa.sphinxext.directives import XenDirective, words
from sphinx_xenfusa.sphinxext.fragments import html_of
from sphinx_xenfusa.sphinxext.page_names import has_pages
from sphinx_xenfusa.sphinxext.page_parts import revision_words
from sphinx_xenfusa.sphinxext.phrases import marked
from sphinx_xenfusa.sphinxext.views import DESIGN_ANALYSIS, Views
from sphinx_xenfusa.trace.record import Finding, InputFile, TraceRecord
from sphinx_xenfusa.trace.states import Result

ABOUT = "@about"
"""Among what a document shows: the files, tools and settings of the record."""
_FOLDED = 60
"""More files of one kind than these are folded."""


class AboutDirective(XenDirective):
    """What the evidence was made from, with what and how; how to check it; what it does not show."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {"show": directives.unchanged_required}

    def run(self) -> Sequence[nodes.Node]:
        """The place of the parts; one that does not exist is left out."""
        self.domain.note_view(self.env.docname, "*")
        self.domain.note_view(self.env.docname, ABOUT)
        asked = words(self.options.get("show"))
        for name in asked:
            if name not in PARTS:
                message = f"found the part {name!r}; expected one of {', '.join(PARTS)}"
                self.domain.note_finding(self.env.docname, Finding("option", self.place, name, message))
        known = tuple(name for name in asked if name in PARTS)
        return [markup.about(asked=known)] if known or not asked else []


def about_nodes(views: Views, docname: str, asked: Sequence[str]) -> list[nodes.Node]:
    """The parts that are asked for; all of them, each under a heading, where none is named."""
    made: list[nodes.Node] = []
    for name in asked or PARTS:
        heading, part = PARTS[name]
        made += [nodes.rubric("", heading)] if len(asked) != 1 else []
        made += part(views, docname)
    return made


def _facts(told: Sequence[tuple[str, Sequence[nodes.Node]]]) -> nodes.field_list:
    made = nodes.field_list(classes=["xenfusa-facts", "xenfusa-about"])
    for name, said in told:
        if said:
            made += nodes.field("", nodes.field_name("", name), nodes.field_body("", paragraph(*said)))
    return made


# --- what this is -----------------------------------------------------------------------------------------------------

_MODES = {
    "cache": "each claim was run, or its verdict was kept from a run with the same sources",
    "force": "each claim was run for these pages",
    "off": "no claim was run for these pages",
}


def _identity(views: Views, docname: str) -> list[nodes.Node]:
    record = views.record
    baseline = record.baseline
    compared = f"{baseline.name} {baseline.version} ({baseline.file})" if baseline is not None else "none"
    told: list[tuple[str, Sequence[nodes.Node]]] = [
        ("Project", [nodes.Text(visible_lines(f"{revision_words(record)}."))]),
        ("Policy that counts", [nodes.Text(f"{record.target_policy}, beside the document")]),
        ("Policies that were run", [nodes.Text(", ".join(record.policies))]),
        ("Claims", [marked(Result.NOT_RUN, _MODES["off"])] if record.confirm_mode == "off" else _mode(record)),
        ("Engines that searched", [nodes.Text(_engines(record))]),
        ("Compared with the baseline", [nodes.Text(visible_lines(compared))]),
    ]
    if claims_with_pages(record) and (lists := _lists(views, docname)):
        told.append(("Pages of the evidence", lists))
    return [_facts(told)]


def _mode(record: TraceRecord) -> list[nodes.Node]:
    return [nodes.Text(_MODES[record.confirm_mode])]


def _engines(record: TraceRecord) -> str:
    found = sorted({one.engine for verdict in record.verdicts for one in verdict.explored})
    return ", ".join(found) or "none; claims enumerated their scopes, or nothing ran"


def _lists(views: Views, docname: str) -> list[nodes.Node]:
    if not has_pages(views.builder):
        return []
    made: list[nodes.Node] = []
    for page, said in ((CLAIM_LIST, "claims"), (POLICY_LIST, "policies side by side")):
        made += [nodes.Text(", ")] if made else []
        made += link_to_list(views.builder, docname, page, said)
    return made


# --- inputs -----------------------------------------------------------------------------------------------------------


def _inputs(views: Views, docname: str) -> list[nodes.Node]:
    files = views.record.inputs
    if not files:
        return [paragraph(marked(Result.NONE, "not known"), ": the record does not say what it was made from.")]
    faulty = [one for one in files if one.error]
    said = f"{count(len(files), 'file')}, each with the SHA-256 of its bytes when the record was made. "
    made: list[nodes.Node] = [paragraph(said, "Names are relative to the folder of the sources.")]
    if faulty:
        told = f"! {count(len(faulty), 'file')} could not be read"
        rows: list[Sequence[Cell]] = [(one.kind, nodes.literal("", one.file), one.error) for one in faulty]
        made.append(views.table(told, ("Kind", "File", "Why"), (24, 38, 38), rows, "xenfusa-inputs"))
    by_kind: dict[str, list[InputFile]] = {}
    for one in files:
        by_kind.setdefault(one.kind, []).append(one)
    for kind, several in by_kind.items():
        title = f"{capitalised(kind)}: {count(len(several), 'file')}"
        shown = _files(views, title, several)
        made.append(views.fold(title, [shown]) if len(several) > _FOLDED else shown)
    return made


def _files(views: Views, title: str, files: Sequence[InputFile]) -> nodes.Element:
    """A table of files; in HTML it is one node, because a project may have ten thousand of them."""
    if views.builder.format != "html":
        rows: list[Sequence[Cell]] = [
            (nodes.literal("", one.file), nodes.literal("", one.sha256) if one.sha256 else f"! {one.error}")
            for one in files
        ]
        return views.table(title, ("File", "SHA-256"), (45, 55), rows, "xenfusa-inputs")
    empty = views.table(title, ("File", "SHA-256"), (45, 55), [], "xenfusa-inputs")
    body = "".join(
        f'<tr class="row-{"odd" if number % 2 else "even"}"><td><p>{_code(one.file)}</p></td>'
        f"<td><p>{_code(one.sha256) if one.sha256 else '! ' + html.escape(one.error)}</p></td></tr>\n"
        for number, one in enumerate(files)
    )
    return markup.written("", html=html_of([empty]).replace("<tbody>\n", f"<tbody>\n{body}", 1))


def _code(words: str) -> str:
    return f'<code class="docutils literal notranslate"><span class="pre">{html.escape(words)}</span></code>'


# --- tools and settings -----------------------------------------------------------------------------------------------

_MADE_SO = (
    "The digest of sphinx-xenfusa is over the sources that a verdict depends on: the Python, TOML and YAML "
    "files of explore, model, claims, platforms and confirm, and inputs.py, without the registers that stand "
    "among the inputs; in the order of their names, of each its name, a zero byte, its length in decimal, a "
    "zero byte, and its bytes."
)


def _tools(views: Views, docname: str) -> list[nodes.Node]:
    rows: list[Sequence[Cell]] = [
        (
            one.name,
            one.version or "not known",
            [paragraph(one.role), *([paragraph(nodes.literal("", one.sha256))] if one.sha256 else [])],
        )
        for one in views.record.tools
    ]
    if not rows:
        return [paragraph(marked(Result.NONE, "not known"), ": the record does not say what it was made with.")]
    headings = ("Name", "Version", "What it does, and a digest of its sources")
    title = f"Programs and libraries: {len(rows):,}"
    return [views.table(title, headings, (24, 18, 58), rows, "xenfusa-tools"), paragraph(_MADE_SO)]


def _settings(views: Views, docname: str) -> list[nodes.Node]:
    settings = views.record.settings
    if not settings:
        return [paragraph(marked(Result.NONE, "not known"), ": the record does not say how it was made.")]
    other = [one for one in settings if one.value != one.default]
    same = [one for one in settings if one.value == one.default]
    made: list[nodes.Node] = []
    if other:
        rows: list[Sequence[Cell]] = [
            (nodes.literal("", one.name), nodes.literal("", one.value), nodes.literal("", one.default)) for one in other
        ]
        title = f"Settings that are not as they come: {len(rows):,}"
        made.append(views.table(title, ("Setting", "Value", "Default"), (30, 40, 30), rows, "xenfusa-settings"))
    else:
        made.append(paragraph("All settings are as they come."))
    left: list[Sequence[Cell]] = [(nodes.literal("", one.name), nodes.literal("", one.value)) for one in same]
    title = f"Settings that have their defaults: {len(left):,}"
    return [*made, views.fold(title, [views.table(title, ("Setting", "Value"), (40, 60), left, "xenfusa-settings")])]


# --- how to check it --------------------------------------------------------------------------------------------------


def _rebuild(views: Views, docname: str) -> list[nodes.Node]:
    record = views.record
    commit = record.documented.commit
    lines = [f"git checkout {shlex.quote(commit)}"] if commit else []
    pinned = [f"{one.name}=={one.version}" for one in record.tools if _can_be_installed(one.name, one.version)]
    lines += [" \\\n    ".join(["python -m pip install", *map(shlex.quote, sorted(pinned))])] if pinned else []
    builder = views.builder.name
    lines += [f"python -m sphinx -b {builder} SOURCES AGAIN", "diff -r AGAIN THIS_FOLDER"]
    made: list[nodes.Node] = []
    if record.documented.dirty:
        made.append(
            paragraph(
                marked(Result.STALE, "not from this commit alone"),
                ": tracked files had changes that the commit has not; the SHA-256 of the inputs tell which.",
            )
        )
    python = next((one.version for one in record.tools if one.name == "Python"), "")
    words = f"With Python {python}, in an empty environment. " if python else ""
    same = "The same inputs give the same bytes."
    return [*made, paragraph(words, same), _commands(lines)]


def _can_be_installed(name: str, version: str) -> bool:
    return name not in ("Python",) and version not in ("", ABSENT, "unknown version")


def _check(views: Views, docname: str) -> list[nodes.Node]:
    """What a reader can hold against what."""
    made: list[nodes.Node] = [
        paragraph(
            "At the end of every build a second reader, which shares no code with what wrote them, opens the "
            "record, the pages with totals and matrices, needs.json and every export, and counts again: items"
            " by type, kind, state and coverage, links by status, verdicts by kind, tests by outcome, "
            "findings by type, gates and justifications. Where two files say two numbers, the build fails."
        )
    ]
    lines = []
    if views.builder.format == "html":
        folder = f"THIS_FOLDER/{CHECKSUMS}"
        lines += ["# that the inputs are these, in the folder of the sources", f"sha256sum --check {folder}"]
    lines += [
        "# that the sources of the verdicts are these",
        'python -c "from sphinx_xenfusa.confirm.cache import package_digest; print(package_digest())"',
        "# every claim under every policy again, nothing taken from a cache",
        "xenfusa confirm --mode force",
        "# that each claim can fail: every mutant of the model again",
        "xenfusa adequacy",
    ]
    return [*made, _commands(lines)]


def _commands(lines: Sequence[str]) -> nodes.literal_block:
    text = visible_lines("\n".join(lines))
    return nodes.literal_block(text, text, language="none", classes=["xenfusa-output"])


# --- what it does not show --------------------------------------------------------------------------------------------


def _limits(views: Views, docname: str) -> list[nodes.Node]:
    told = nodes.bullet_list()
    for sentence in (*_LIMITS, *_limits_here(views.record)):
        told += nodes.list_item("", paragraph(sentence))
    return [told, *_assumptions(views)]


_LIMITS = (
    f"The hypervisor. {DESIGN_ANALYSIS} The model is written by hand from the document, the public headers and"
    " the sources of Xen at one commit, and nothing proves that Xen does what the model does.",
    "More than the scope. A verdict holds for the platforms, queues and lengths that are stated with it; of "
    "larger ones nothing is known, unless a claim says that they add nothing.",
    "That a claim says what its requirement means. That is read and judged by people; reviews are on record "
    "where somebody made one.",
    "That the mutants are the faults that matter. They are small edits of the model; each confirmed claim is "
    "refuted by at least one, and those that refute no claim are listed.",
    "That a test tests what it names. What a report says of a test is taken from the report; what ran is "
    "known only as far as the description of its run says.",
    "What nobody wrote. A requirement that is missing is missing here, too; only sentences that count as "
    "normative are compared.",
    "That the tool is right. It checks itself by counting twice and by mutants, and it is not qualified: "
    "whoever relies on it has to judge that.",
)


def _limits_here(record: TraceRecord) -> Iterator[str]:
    """What these pages in particular do not show."""
    if record.confirm_mode == "off":
        yield "Any verdict. The confirmation was switched off, and no claim was run."
    if not record.reports:
        yield "Any test. No test report was supplied."
    if record.mutants is None:
        yield "What became of all mutants: the record of the mutation run is not known here."
    hidden = [one for one in record.settings if one.name == "suppress_warnings" and one.value != one.default]
    if hidden:
        yield f"Some warnings in the log: the project silences {hidden[0].value}. The states on the pages are the same."


def _assumptions(views: Views) -> list[nodes.Node]:
    """What the verdicts take for granted, the most used first."""
    scopes = {(one.claim, text) for one in views.record.verdicts for text in one.scope.assumptions}
    used = Counter(text for _, text in scopes)
    if not used:
        return []
    rows: list[Sequence[Cell]] = [
        (text, f"{number:,}") for text, number in sorted(used.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    title = f"What claims take for granted ({count(len(rows), 'assumption')})"
    return [views.table(title, ("Assumption", "Claims that rest on it"), (80, 20), rows, "xenfusa-assumptions")]


PARTS: Mapping[str, tuple[str, Callable[[Views, str], list[nodes.Node]]]] = {
    "identity": ("What this is", _identity),
    "inputs": ("What it was made from", _inputs),
    "tools": ("What it was made with", _tools),
    "settings": ("How it was made", _settings),
    "rebuild": ("How to build it again", _rebuild),
    "check": ("How to check it", _check),
    "limits": ("What it does not show", _limits),
}
"""The parts by name: heading, and what makes it."""
