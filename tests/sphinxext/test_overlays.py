"""Overlays on pages: the sentence is anchored and marked where it stands, the page says what it said, nothing drifts unseen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from sphinx_needs.api import get_needs_view
from tests_support import Built, requirement, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.interop.overlay_file import LIST_OPTIONS, TEXT_OPTIONS
from sphinx_xenfusa.sphinxext.directives import RequirementDirective
from sphinx_xenfusa.trace.sentences import text_fingerprint

Build = Callable[..., Built]

PAGE = """\
Upstream
========

Roles
-----

There are:
- one *Hardware Domain*
- many DomUs

There can only be **one Hardware** Domain, see `Xen <https://xen.org>`_. A "DomU" cannot map.
It must stop.

End
---

Xen shall run.
"""
INDEX = "Index\n=====\n\n.. toctree::\n\n   page\n\n.. xen:unclaimed::\n\n.. xen:summary::\n\n.. xen:matrix::\n"


def overlay(*entries: str, informative: str = "", document: str = "page.rst") -> str:
    listed = "".join(f"  - {entry}\n" for entry in entries)
    return f"document: {document}\nrequirements:\n{listed}{informative}"


ONE = (
    "{id: XenArch~hwdom_single~1, kind: rule, confirmed-by: hwdom_single, title: Only one, "
    'quote: "There can only be one Hardware Domain, see Xen."}'
)
LISTED = text_fingerprint("There are: one Hardware Domain many DomUs")
LIST = f'{{id: XenArch~roles~1, kind: definition, section: Roles, sentence: 1, to: 3, fingerprint: "{LISTED}"}}'


def files(*entries: str, **more: str) -> dict[str, str]:
    return {"index.rst": INDEX, "page.rst": PAGE, "overlay.yaml": overlay(*entries, **more)}


SETTINGS: dict[str, object] = {"xenfusa_overlays": ["overlay.yaml"]}
LEFT = ["xenfusa.unclaimed"]


def test_a_sentence_is_anchored_and_marked_where_it_stands(build: Build) -> None:
    built = build(files(ONE, LIST), **SETTINGS)
    page = built.page("page.html")
    assert re.search(
        r'<span class="target" id="XenArch~hwdom_single~1"></span><span class="xenfusa-sentence">There can only be </span>',
        page,
    )
    assert '<strong><span class="xenfusa-sentence">one Hardware</span></strong>' in page
    assert page.count('id="XenArch~roles~1"') == 1
    assert page.index('href="#evidence-XenArch~roles~1"') > page.index("many DomUs")
    assert page.count('id="evidence-XenArch~hwdom_single~1"') == 1
    assert 'href="page.html#XenArch~hwdom_single~1"' in built.page("index.html")
    assert built.types() == LEFT * 3


def test_the_page_says_what_it_said(build: Build) -> None:
    # With test results, because without any a banner stands above the states.
    given = {"r.tap": "1..1\nok 1 - it\n"}
    asked = SETTINGS | {"xenfusa_test_reports": ["r.tap"]}
    marked = build(files(ONE, LIST) | given, builder="text", **asked).page("page.txt")
    plain = build(files(ONE, LIST), builder="text", folder="plain").page("page.txt")
    assert marked.startswith(plain)
    assert marked[len(plain) :].strip().startswith("What is known of the requirements on this page")


def test_the_state_of_the_claims_stands_at_the_sentence_and_below(build: Build) -> None:
    good = tuple(verdict("hwdom_single", policy, VerdictKind.CONFIRMED) for policy in ("specification", "dummy"))
    page = build(files(ONE), verdicts=good, **SETTINGS).page("page.html")
    mark = re.search(r'<sup class="xenfusa-mark">.*?</sup>', page)
    assert mark is not None
    assert "✓ passed" in mark[0]
    bad = (good[0], verdict("hwdom_single", "dummy", VerdictKind.REFUTED))
    built = build(verdicts=bad, **SETTINGS)
    assert "✗ failed" in built.page("page.html")
    assert "the Hardware Domain stops the machine" in built.page("page.html")


def test_the_requirements_are_needs_and_stay_so(build: Build) -> None:
    built = build(files(ONE) | {"list.rst": ":orphan:\n\nL\n=\n\n.. needtable::\n   :types: xen_rule\n"}, **SETTINGS)
    need = get_needs_view(built.app)["XenArch~hwdom_single~1"]
    assert (need["docname"], need["type"], need["title"]) == ("page", "xen_rule", "Only one")
    assert need["xen_state"] == "not run"
    assert 'href="page.html#XenArch~hwdom_single~1"' in built.page("list.html")
    again = build({"page.rst": PAGE + "\nMore.\n"}, **SETTINGS)
    assert list(get_needs_view(again.app)) == ["XenArch~hwdom_single~1"]
    without = build({"overlay.yaml": overlay(LIST)}, **SETTINGS)
    assert list(get_needs_view(without.app)) == ["XenArch~roles~1"]
    assert "hwdom_single" not in without.page("page.html")


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_change_of_the_overlay_alone_is_shown(build: Build, parallel: int) -> None:
    more = {f"other{number}.rst": f":orphan:\n\nO\n=\n\n{requirement(f'r{number}')}" for number in range(8)}
    first = build(files(ONE) | more, parallel=parallel, **SETTINGS)
    assert "XenArch~stop~1" not in first.page("page.html")
    stop = "{id: XenArch~stop~1, kind: rule, quote: It must stop.}"
    second = build({"overlay.yaml": overlay(ONE, stop)}, parallel=parallel, **SETTINGS)
    assert 'id="XenArch~stop~1"' in second.page("page.html")
    assert 'href="page.html#XenArch~stop~1"' in second.page("index.html")
    third = build(**(SETTINGS | {"xenfusa_overlays": []}))
    assert "xenfusa-sentence" not in third.page("page.html")


def test_a_sentence_that_changed_is_stale_and_told(build: Build) -> None:
    good = tuple(verdict("hwdom_single", policy, VerdictKind.CONFIRMED) for policy in ("specification", "dummy"))
    words = text_fingerprint("There can only be two Hardware Domains.")
    address = f'section: Roles, sentence: 4, fingerprint: "{words}"'
    entry = f"{{id: XenArch~hwdom_single~1, kind: rule, confirmed-by: hwdom_single, {address}}}"
    built = build(files(entry), verdicts=good, **SETTINGS)
    (item,) = built.record.items
    assert (item.result, item.model) == ("stale", "stale")
    assert "↻ stale" in built.page("page.html")
    (told,) = [warning for warning in built.warnings if "xenfusa.drifted" in warning]
    assert "overlay.yaml:3: " in told
    assert built.record.documents[0].claimed == 0


def test_an_entry_that_leads_nowhere_is_a_warning_at_its_line(build: Build) -> None:
    built = build(files(ONE, "{id: XenArch~x~1, kind: rule, quote: Nothing like it stands anywhere.}"), **SETTINGS)
    (told,) = [warning for warning in built.warnings if "xenfusa.overlay" in warning]
    assert "overlay.yaml:4: " in told
    assert [str(one.item.tag) for one in built.record.items] == ["XenArch~hwdom_single~1"]


def test_an_overlay_that_cannot_be_read_costs_itself_only(build: Build) -> None:
    bad = files(ONE) | {"bad.yaml": "document: [\n"}
    built = build(bad, xenfusa_overlays=["bad.yaml", "gone.yaml", "overlay.yaml"])
    assert [kind for kind in built.types() if kind != "xenfusa.unclaimed"] == ["xenfusa.input"] * 2
    assert len(built.record.items) == 1


def test_unclaimed_sentences_are_listed_counted_and_told(build: Build) -> None:
    informative = 'informative:\n  - quote: It must stop.\n    reason: "Only <b>an</b> example."\n'
    built = build(files(ONE, informative=informative), **SETTINGS)
    (document,) = built.record.documents
    assert (document.file, document.normative, document.claimed) == ("page.rst", 4, 1)
    assert [one.text for one in document.unclaimed] == ['A "DomU" cannot map.', "Xen shall run."]
    index = built.page("index.html")
    assert index.count("Normative sentences of documents: 2 unclaimed") == 2
    assert "∅ 2 unclaimed" in index
    assert "Only &lt;b&gt;an&lt;/b&gt; example." in index
    assert built.types() == LEFT * 2
    assert "page.rst:11: " in built.warnings[0]
    data = json.loads(built.page("xenfusa/trace.json"))
    assert data["documents"][0]["informative"][0]["reason"] == "Only <b>an</b> example."


def test_documents_with_requirements_of_their_own_are_counted_when_the_setting_names_them(build: Build) -> None:
    page = f"P\n=\n\n{requirement('r', text='Xen shall run.')}\n\nIt must also stop.\n"
    built = build({"index.rst": page + "\n.. xen:unclaimed::\n"}, xenfusa_unclaimed=["ind*.rst"])
    (document,) = built.record.documents
    assert (document.normative, document.claimed, [one.place.line for one in document.unclaimed]) == (2, 1, [11])
    without = build({"index.rst": page + "\n.. xen:unclaimed::\n"}, folder="without")
    assert without.record.documents == ()
    assert "nothing was looked at</span>: neither an overlay nor" in without.page("index.html")


def test_two_overlay_entries_of_one_tag_show_nothing_as_known(build: Build) -> None:
    other = "{id: XenArch~hwdom_single~1, kind: rule, quote: It must stop.}"
    built = build(files(ONE, other), **SETTINGS)
    assert "xenfusa.duplicate" in built.types()
    assert built.page("page.html").count('id="XenArch~hwdom_single~1"') == 1
    assert "stands more than once" in built.page("page.html")


@pytest.mark.parametrize("builder", ["dirhtml", "singlehtml", "latex", "epub"])
def test_every_builder_writes_it(build: Build, builder: str) -> None:
    built = build(files(ONE, LIST), builder=builder, **SETTINGS)
    assert set(built.types()) == set(LEFT)


def test_the_bytes_are_the_same_however_it_is_built(build: Build) -> None:
    one = build(files(ONE, LIST), **SETTINGS)
    two = build(files(ONE, LIST), folder="again", parallel=2, **SETTINGS)
    assert one.page("page.html") == two.page("page.html")
    assert one.page("xenfusa/trace.json") == two.page("xenfusa/trace.json")


def test_an_entry_takes_every_option_that_a_requirement_takes(build: Build) -> None:
    assert {"id", "kind", *TEXT_OPTIONS, *LIST_OPTIONS} == {"title", *(RequirementDirective.option_spec or ())}
    built = build(files(ONE.replace("{", "{level: ASIL B, ", 1)), **SETTINGS)
    assert [one.item.level for one in built.record.items] == ["ASIL B"]
    assert get_needs_view(built.app)["XenArch~hwdom_single~1"]["xen_level"] == "ASIL B"


def test_an_overlaid_document_that_sphinx_does_not_read_is_told_once(build: Build) -> None:
    other = "\n\nOther\n=====\n\nXen shall count.\n"
    made = files(ONE, LIST) | {"index.rst": INDEX.replace("   page\n", ""), "other.rst": ":orphan:" + other}
    built = build(made, **SETTINGS, exclude_patterns=["page.rst"], needs_build_json=True)
    (line,) = (line for line in built.warnings if line.endswith("[xenfusa.overlay]"))
    assert "docs/page.rst:" in line
    assert "found 2 requirements of overlays in page.rst, which Sphinx does not read" in line
    assert "xenfusa.recount" not in built.types()
    assert len(built.record.items) == 2
