"""Every directive and every role, and one small project with every kind of page that we write.

Whoever adds a directive or a role adds it to ``DIRECTIVES`` or ``ROLES``; whoever adds a kind of page, or a state that a page can
show, adds to ``FILES`` what makes it.  The fixture ``every_kind`` (see conftest) builds the project once for each theme that is
asked for, and all tests share it: nobody writes into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests_support import Built, requirement, run_build, verdict

from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.interop.acceptance_file import read_acceptance
from sphinx_xenfusa.interop.baseline_file import write_baseline
from sphinx_xenfusa.sphinxext import decision_table
from sphinx_xenfusa.sphinxext.decisions import decisions
from sphinx_xenfusa.trace.acceptance import Acceptance, Signature, accept_new
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.reviews import CHECKLIST

DIRECTIVES = {
    "req": requirement("hwdom_single", options=":confirmed-by: roles_closed_set\n:needs: XenTest\n:covers: XenMkt~m~1")
    + requirement(
        "differs", kind="prohibition", title="Another <title> & more", options=":confirmed-by: hwdom_unprivileged"
    )
    + requirement("aou", kind="assumption", options=":owner: somebody\n:discharge: a review of 100 % of it, $ and _"),
    "matrix": ".. xen:matrix::\n\n.. xen:matrix::\n   :kinds: rule\n   :columns: requirement, scope, witness, mutant, tests\n",
    "summary": ".. xen:summary::\n",
    "dashboard": ".. xen:dashboard::\n",
    "register": ".. xen:register:: findings, gaps, suspects, exclusions, assumptions, anomalies, divergences\n",
    "decisions": ".. xen:decisions::\n",
    "graph": ".. xen:graph:: XenArch~hwdom_single~1\n",
    "about": ".. xen:about::\n\n.. xen:about::\n   :show: inputs\n",
    "survivors": ".. xen:survivors::\n",
    "conformance": ".. xen:conformance::\n",
    "tallies": ".. xen:tallies:: soundness\n",
    "unclaimed": ".. xen:unclaimed::\n",
    "tests": ".. xen:tests::\n\n.. xen:tests::\n   :list: skipped, unknown, unlinked, only-failing, never-came\n",
    "test-runs": ".. xen:test-runs::\n",
    "diff": ".. xen:diff::\n   :from: old.json\n",
    "platform": ".. xen:platform:: A <platform> & more\n   :id: own\n   :expect: compatible\n\n"
    "   domains: [{name: hw, roles: [hardware], criticality: unsafe}]\n",
    "scenario": ".. xen:scenario:: A scenario at 100 %\n\n   platform: own\n   steps:\n"
    "     - {who: hw, does: SCHEDOP_shutdown, with: poweroff, expect: allowed, note: $ and _ in TeX}\n",
    "role": ".. xen:role:: Hardware Domain\n\n   It has the devices.\n",
    "privilege": ".. xen:privilege:: unprivileged\n",
    "operation": ".. xen:operation:: SCHEDOP_shutdown\n\n   See :xen:op:`GNTTABOP_copy`.\n",
    "operations": ".. xen:operations::\n   :hypercall: grant_table_op, mca\n",
}
"""What an author writes of each directive.  Whoever adds a directive adds it here."""

ROLES = {
    "role": "See :xen:role:`Hardware Domain`.",
    "priv": "See :xen:priv:`the lowest level <unprivileged>`.",
    "op": "See :xen:op:`GNTTABOP_copy` and :xen:op:`mca(all cmds)`.",
    "req": "See :xen:req:`XenArch~hwdom_single~1`, :xen:req:`this one <XenMkt~m~1>` and :any:`XenArch~differs~1`.",
    "verdict": "It is :xen:verdict:`XenArch~hwdom_single~1`, by :xen:verdict:`the claim <hwdom_unprivileged>`.",
    "platform": "See :xen:platform:`own` and :any:`the same <own>`.",
}
"""The same of each role."""

OFT = "Market\n======\n\nA title\n-------\n\n`XenMkt~m~1`\n\nDescription:\nXen shall m.\n\nNeeds:\n - XenArch\n"

VERDICTS = (
    verdict("roles_closed_set", None, VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "specification", VerdictKind.CONFIRMED),
    verdict("hwdom_unprivileged", "dummy", VerdictKind.DIVERGES),
)

THEMES = ("furo", "sphinx_rtd_theme", "pydata_sphinx_theme")
"""The themes that our pages have to be at home in."""

_CHAIN = """\
Product
=======

A title of the product
----------------------

`XenProd~p~1`

Description:
Xen shall p.

Covers:
 - `XenMkt~m~1`

Needs:
 - XenArch
 - XenTest
"""
_REQUIREMENTS = (
    requirement("refuted", title="One that does not hold", options=":confirmed-by: domu_unprivileged\n:level: ASIL B")
    + requirement("bounded", title="One that no search ended", options=":confirmed-by: criticality_closed_set")
    + requirement(
        "tested",
        title="One with tests",
        options=":covers: XenProd~p~1\n:needs: XenTest\n:role: DomU\n:rationale: A reason",
    )
    + requirement("skipped", kind="recommendation", title="One whose test did not run", options=":needs: XenTest")
    + requirement("hazard", kind="hazard", title="A hazard", text="Interference is possible.")
    + requirement("justified", title="One that is justified", options=":needs: XenTest")
    + requirement("gone", title="One with a link to an old revision", options=":covers: XenMkt~m~2")
)
_CASES = (
    ("test_good", "XenArch~tested~1", ""),
    ("test_bad", "XenArch~tested~1", "<failure message='expected 1, found 2'>" + "a line\n" * 30 + "</failure>"),
    ("test_idle", "XenArch~skipped~1", "<skipped message='no board'/>"),
    ("test_broken", "XenProd~p~1", "<error message='no such file'>trace</error>"),
    ("test_of_nothing", "", ""),
    ("test_of_what_is_not_there", "XenArch~unknown~1", ""),
)


def _report() -> str:
    cases = "".join(
        f'<testcase classname="t.Suite" name="{name}" time="0.25"><properties>'
        + (f'<property name="xenfusa.verifies" value="{tag}"/>' if tag else "")
        + f"</properties>{outcome}</testcase>"
        for name, tag, outcome in _CASES
    )
    return (
        '<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="6" time="1.5" '
        f'timestamp="2026-11-22T00:00:00Z" hostname="board">{cases}</testsuite></testsuites>'
    )


def _run(report: str) -> str:
    digest = hashlib.sha256(report.encode()).hexdigest()
    return (
        "version: 1\nname: nightly\ncommand: [pytest, --junitxml=r.xml]\nexit_code: 1\n"
        "started: 2026-11-22T00:00:00Z\nended: 2026-11-22T00:01:00Z\ntarget: board-1\ntools: {qemu: '9.2'}\n"
        f'reports:\n  - file: r.xml\n    sha256: "{digest}"\n'
    )


FILES: Mapping[str, str] = {
    "index.rst": "Every kind of page\n==================\n\n.. toctree::\n\n   parts/reqs\n   parts/more\n   parts/views\n"
    "   parts/words\n   parts/platforms\n   xen/market\n   xen/product\n   xen/overlaid\n\n.. xen:summary::\n\n"
    + "\n\n".join(ROLES.values())
    + "\n",
    "parts/reqs.rst": "Requirements\n============\n\n" + DIRECTIVES["req"],
    "parts/more.rst": "More requirements\n=================\n\n" + _REQUIREMENTS,
    "parts/views.rst": "Views\n=====\n\n"
    + "\n\n".join(
        f"{name.capitalize()}\n{'-' * len(name)}\n\n{text}"
        for name, text in DIRECTIVES.items()
        if name not in ("req", "platform", "scenario", "role", "privilege", "operation", "operations")
    )
    + "\n.. xen:diff::\n\n.. needtable::\n   :columns: id,title,status\n",
    "parts/words.rst": "Words\n=====\n\n"
    + "\n\n".join(DIRECTIVES[name] for name in ("role", "privilege", "operation", "operations"))
    + "\n\n"
    + "\n\n".join(ROLES.values())
    + "\n",
    "parts/platforms.rst": "Platforms\n=========\n\n"
    + DIRECTIVES["platform"]
    + "\n"
    + DIRECTIVES["scenario"]
    + "\n.. xen:scenario:: One that comes out otherwise\n\n   platform: own\n   steps:\n"
    "     - {who: hw, does: SCHEDOP_shutdown, with: poweroff, expect: denied}\n"
    "\n.. xen:platform:: One that breaks rules\n   :id: bad\n\n   domains:\n"
    "     - {name: hw, roles: [hardware], criticality: unsafe}\n"
    "     - {name: second, roles: [hardware], criticality: safe}\n"
    "\n.. xen:platform:: One in a file <&>\n   :id: in_file\n   :file: board.yaml\n",
    "parts/board.yaml": "domains:\n  - {name: io, roles: [hardware], criticality: unsafe}\n"
    "  - {name: Brakes, criticality: safe, safety_tasks: true}\n  - {name: radio@2, criticality: unsafe}\n"
    "devices:\n  - {name: nic, reach: dma, iommu: false}\n  - {name: gic, kind: interrupt-controller}\n"
    "links:\n  - {protocol: virtio, backend: io, frontend: Brakes, device: nic}\n"
    "  - {protocol: virtio, backend: io, frontend: radio@2}\n  - {protocol: argo, backend: Brakes, frontend: radio@2}\n",
    "parts/board.statement.yaml": "xen: {policy: dummy}\n",
    "parts/old.json": '{"project": "P", "current_version": "1", "versions": {"1": {"needs": {}}}}',
    "xen/market.rst": OFT,
    "xen/product.rst": _CHAIN,
    "xen/overlaid.rst": "Upstream\n========\n\nThere shall be only one. Xen shall log. Readers must know C. It must stop.\n",
    "overlay.yaml": "document: xen/overlaid.rst\nrequirements:\n"
    '  - {id: XenArch~overlaid~1, kind: rule, confirmed-by: hwdom_single, title: Only one, quote: "There shall be only one."}\n'
    '  - {id: XenArch~logged~1, kind: rule, quote: "Xen shall log."}\n'
    'informative:\n  - {quote: "Readers must know C.", reason: It is about readers.}\n',
    "justified.yaml": "justifications:\n  - id: XenArch~justified~1\n    reason: It is tested elsewhere.\n"
    "    owner: the safety manager\n    expires: 2027-03-31\n",
    "policy.yaml": "demands:\n  - {name: rules hold, type: XenArch, kind: rule, needs: model or test, at_least: 10}\n"
    "  - {name: what matters most is reviewed, level: ASIL B, needs: review}\n",
    "expected.yaml": "expected:\n  - tests: t.Suite::*\n  - tests: t.Missing::*\n",
    "r.xml": _report(),
    "run.yaml": _run(_report()),
}
"""The project; the files of its agreements are made of its own first record."""

SETTINGS: Mapping[str, object] = {
    "xenfusa_oft": ["xen/market.rst", "xen/product.rst"],
    "xenfusa_overlays": ["overlay.yaml"],
    "xenfusa_justifications": "justified.yaml",
    "xenfusa_trace_policy": "policy.yaml",
    "xenfusa_test_reports": ["r.xml"],
    "xenfusa_test_runs": ["run.yaml"],
    "xenfusa_expected_tests": ["expected.yaml"],
    "xenfusa_today": "2026-11-23",
    "xenfusa_commit": "0123456789abcdef0123456789abcdef01234567",
    "project": "Every kind",
    "copyright": "nobody",
}
_AGREED: Mapping[str, object] = {
    "xenfusa_accepted": "accepted.yaml",
    "xenfusa_reviews": ["reviews.yaml"],
    "xenfusa_baseline": "v1.json",
}
_CHANGED = {"parts/more.rst": FILES["parts/more.rst"].replace("Interference is possible.", "Interference is likely.")}

ALL_VERDICTS = (  # none on hwdom_single, so that an error is shown, too
    *VERDICTS,
    verdict("domu_unprivileged", "specification", VerdictKind.REFUTED),
    verdict("domu_unprivileged", "dummy", VerdictKind.CONFIRMED),
    verdict("criticality_closed_set", None, VerdictKind.INCONCLUSIVE, witness=None, reason="a limit was reached"),
)


def prepare(folder: Path) -> None:
    """Write the project with a baseline, acceptances and reviews of its first version, and then change a text."""
    with pytest.MonkeyPatch.context() as patch:
        first = run_build(folder, patch, FILES, verdicts=ALL_VERDICTS, builder="dummy", **SETTINGS)
    source = folder / "docs"
    write_baseline(first.record, "v1", source)
    items = [traced.item for traced in first.record.items]
    accepted = accept_new(Acceptance(), items, Signature("Ann", "first reading", "2026-11-01"))
    read_acceptance(source / "accepted.yaml", may_be_missing=True).write(accepted)
    (source / "reviews.yaml").write_text(_ledger(first.record))
    for name, text in _CHANGED.items():
        (source / name).write_text(text)


def _ledger(record: TraceRecord) -> str:
    prints = {traced.item.tag.name: traced.fingerprint for traced in record.items}
    answers = "".join(f"      {question}: yes\n" for question in CHECKLIST)
    reviews = "".join(
        f"  - id: XenArch~{name}~1\n    fingerprint: {prints[name]}\n    author: Ann\n    reviewer: Bob\n"
        f"    date: 2026-11-02\n    answers:\n{answers}"
        for name in ("tested", "hazard")
    )
    return (
        f"reviews:\n{reviews}verifications:\n  - id: XenArch~aou~1\n    fingerprint: {prints['aou']}\n"
        "    method: analysis\n    result: passed\n    document: Analysis 4\n    by: Ann\n    date: 2026-11-02\n"
    )


def build_it(folder: Path, theme: str, builder: str = "html", **more: object) -> Built:
    """A format of the prepared project, in a theme; of who may do what with fewer rows, of every look that one can have."""
    every = decisions()
    few = tuple(row for number, row in enumerate(every.rows) if row.is_unexplained or number % 8 == 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decision_table, "decisions", lambda: replace(every, rows=few))
        return run_build(
            folder,
            patch,
            verdicts=ALL_VERDICTS,
            builder=builder,
            out=f"{theme}-{builder}",
            doctrees="doctrees",
            **SETTINGS,
            **_AGREED,
            html_theme=theme,
            **more,
        )
