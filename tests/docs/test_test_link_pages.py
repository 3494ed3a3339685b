"""The page on what ties tests says what the code says, and the files that it shows tie Xen's own reports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sphinx_xenfusa.evidence.case_properties import S_CORE
from sphinx_xenfusa.evidence.entry_files import schema
from sphinx_xenfusa.evidence.expected_tests import read_manifest
from sphinx_xenfusa.evidence.junit import METHOD, PARTIALLY_VERIFIES, VERIFIES
from sphinx_xenfusa.evidence.reports import read_report
from sphinx_xenfusa.evidence.test_links import Ledger, link_cases
from sphinx_xenfusa.evidence.test_map import read_map
from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.trace.assemble import assemble
from sphinx_xenfusa.trace.test_methods import WORDS

FOLDER = Path(__file__).with_name("test_links")
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "test_links.rst").read_text("utf-8")
SHARED = ROOT.parent / "shared" / "data"


def test_the_page_has_exactly_the_words() -> None:
    text = PAGE.partition(".. list-table:: The words\n")[2].partition(".. the words end here")[0]
    rows = re.findall(r"^   \* -(?: ``(\w+)``)?\n     - ``(\S+)``\n     - (.+)$", text, re.MULTILINE)
    found: dict[str, dict[str, str]] = {}
    for field, word, meaning in rows:
        if field:
            found[field] = {}
        found[list(found)[-1]][word] = meaning
    assert found == {field: dict(words) for field, words in WORDS.items()}


def test_the_page_has_exactly_the_keys_of_a_map() -> None:
    text = PAGE.partition(".. list-table:: Keys of an entry\n")[2].partition("\nA pattern that no test has")[0]
    cells = re.findall(r"^   \* - (``.*)$", text, re.MULTILINE)
    keys = [key for cell in cells for key in re.findall(r"``(\w+)``", cell)]
    assert sorted(keys) == sorted(schema("test_map")["$defs"]["entry"]["properties"])


def test_the_page_has_exactly_the_names_of_properties() -> None:
    text = PAGE.partition("- Name\n     - Says")[2].partition("\nThe names without")[0]
    rows = re.findall(r"^   \* - (``.*)\n     - (``.*)$", text, re.MULTILINE)
    found = {}
    for names, says in rows:
        roles = re.findall(r"``(\w+)``", says)
        for number, name in enumerate(re.findall(r"``([\w.-]+)``", names)):
            found[name] = roles[number] if len(roles) > 1 else roles[0]
    assert found == {VERIFIES: "verifies", PARTIALLY_VERIFIES: "partially_verifies", **METHOD, **S_CORE}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
def test_the_files_in_the_docs_tie_the_real_reports_of_xen_to_its_real_requirements() -> None:
    entries, faults = read_map(FOLDER / "map.yaml", "map.yaml")
    expected, more = read_manifest(FOLDER / "expected.yaml", "expected.yaml")
    assert faults == more == ()
    reports = [read_report(path, SHARED) for path in sorted((SHARED / "junit" / "xen-run-tools-tests").glob("*.xml"))]
    linked = link_cases(reports, Ledger(entries=entries, expected=expected))
    assert linked.findings == ()
    assert [one.came for one in linked.expected] == [1, 1]
    tree = SHARED / "xen-docs-fusa"
    record = assemble(
        project="",
        version="",
        items=scan([tree], tree).items,
        verdicts=(),
        reports=linked.reports,
        findings=(),
        policies=(),
        target_policy="specification",
        confirm_mode="off",
        known_claims=(),
        results_expected=True,
    )
    results = {str(one.item.tag): one.result.value for one in record.items if one.tests or one.partial_tests}
    # One of the tests failed: no requirement that it is tied to is better than that.
    assert results == {"XenMkt~version_hypercall~1": "failed", "XenProd~arm64_emulated_timer~1": "failed"}
    assert not [one for one in record.findings if one.subtype == "unknown_tag"]
