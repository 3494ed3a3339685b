"""What a build tells a person when it ends: the totals, what became worse or better since the last one, and where to look.

All of it goes to the status of the build, as one block; a build with ``-q`` says nothing of it.  Nothing of it stands in an
output: it tells two builds apart, and the same input gives the same pages.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util import logging

from sphinx_xenfusa.interop.visible import visible_lines
from sphinx_xenfusa.sphinxext.blocks import count
from sphinx_xenfusa.sphinxext.digests import KeptDigests
from sphinx_xenfusa.sphinxext.outputs import BUILDERS, FOLDER
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.states import Result

logger = logging.getLogger(__name__)

MOST = 10
"""Items that are named of each kind of change; of more it says the number."""
_PLACE = {result.value: place for place, result in enumerate(Result)}


class BuildSummary:
    """What is told of one build of one output.

    The states that the output showed last are kept beside the doctrees, because several outputs can share these.
    """

    def __init__(self, app: Sphinx, record: TraceRecord) -> None:
        self._app = app
        self._record = record
        self._kept = KeptDigests(app, "states")
        # Of several items with one tag the first counts, as everywhere.
        self._states = {str(one.item.tag): one.result.value for one in reversed(record.items)}
        self._kept_findings = KeptDigests(app, "findings")
        counts = Counter(one.subtype for one in record.findings)
        self._findings = {subtype: str(counts[subtype]) for subtype in sorted(counts)}

    def tell(self) -> None:
        """Tell it, and keep the states for the next time."""
        known = self._kept.read()
        logger.info("\n".join(self._lines(known)))
        if known != self._states:
            self._kept.write(self._states)
        if self._kept_findings.read() != self._findings:
            self._kept_findings.write(self._findings)

    def _lines(self, known: Mapping[str, str]) -> Iterator[str]:
        yield ""
        yield f"requirements: {_totals(self._record)}"
        yield from self._besides()
        yield from self._changes(known)
        yield f"where to look: {', '.join(self._places())}"

    def _besides(self) -> Iterator[str]:
        """What stands beside the states and is not good."""
        record = self._record
        missed = [gate.name for gate in record.gates if gate.met is False]
        told = {
            "finding": len(record.findings),
            "suspect requirement": sum(bool(one.suspect) for one in record.items),
            "justified requirement": sum(one.justified for one in record.items),
            "report that cannot be used": sum(bool(report.error) for report in record.reports),
        }
        plural = {"report that cannot be used": "reports that cannot be used"}
        words = [count(number, name, plural.get(name, "")) for name, number in told.items() if number]
        words += [f"gates not met: {', '.join(visible_lines(name) for name in missed)}"] if missed else []
        words += ["no claim was run: confirmation is switched off"] if record.confirm_mode == "off" else []
        words += [] if record.reports else ["no test results were supplied"]
        if words:
            yield f"besides: {'; '.join(words)}"

    def _changes(self, known: Mapping[str, str]) -> Iterator[str]:
        if not known:
            yield "since the last build: not known, this output was not built before"
            return
        worse: list[tuple[str, str, str]] = []
        better: list[tuple[str, str, str]] = []
        for tag, state in self._states.items():
            before = known.get(tag, state)
            if before != state:
                # A state that this version does not know says nothing of what was better.
                (worse if _PLACE[state] < _PLACE.get(before, len(_PLACE)) else better).append((tag, before, state))
        worse.sort(key=lambda one: (_PLACE[one[2]], one[0]))
        new = sorted(tag for tag in self._states if tag not in known)
        gone = sorted(tag for tag in known if tag not in self._states)
        found = list(self._more_findings())
        if not (worse or better or new or gone):
            yield "since the last build: no state changed"
            yield from _listed("more findings", found)
            return
        yield f"since the last build: {len(worse):,} worse, {len(better):,} better, {len(new):,} new, {len(gone):,} gone"
        yield from _listed("worse", [f"{tag}: {before} -> {state}" for tag, before, state in worse])
        yield from _listed("more findings", found)
        yield from _listed("better", [f"{tag}: {before} -> {state}" for tag, before, state in sorted(better)])
        yield from _listed("new", [f"{tag}: {self._states[tag]}" for tag in new])
        yield from _listed("gone", [f"{tag}: was {known[tag]}" for tag in gone])

    def _more_findings(self) -> Iterator[str]:
        """The types of findings of which there are more now."""
        known = self._kept_findings.read()
        for subtype, number in self._findings.items():
            before = str(known.get(subtype, "0"))
            if before.isdecimal() and int(number) > int(before):
                yield f"xenfusa.{subtype}: {before} -> {number}"

    def _places(self) -> Iterator[str]:
        """The first page and the record, as seen from where the build was started."""
        builder = self._app.builder
        start = Path(self._app.outdir)
        if isinstance(builder, StandaloneHTMLBuilder):
            start = Path(builder.get_outfilename(str(self._app.config.root_doc)))
        yield os.path.relpath(start)
        if builder.name in BUILDERS:
            yield os.path.relpath(Path(self._app.outdir) / FOLDER / "trace.json")


def _totals(record: TraceRecord) -> str:
    """How many requirements passed, and the others by state, worst first."""
    if not record.items:
        return "none; nothing is verified"
    counts = Counter(one.result for one in record.items)
    rest = [f"{counts[result]:,} {result.value}" for result in Result if counts[result] and result is not Result.PASSED]
    passed = f"{counts[Result.PASSED]:,} of {len(record.items):,} passed"
    return f"{passed}; {', '.join(rest)}" if rest else passed


def _listed(word: str, entries: list[str]) -> Iterator[str]:
    for entry in entries[:MOST]:
        yield f"  {word}: {visible_lines(entry)}"
    if len(entries) > MOST:
        yield f"  {word}: and {len(entries) - MOST:,} more"
