"""Where what a trace names is described: operations, roles, and requirements that a clause quotes.

The files and lines of Xen, and the sections of the VirtIO standard, stand in no page: they stay words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.interop.typed_fields import link_of
from sphinx_xenfusa.terms.term import TermKind

_NAMED = re.compile(r'"[^"]+"|\b[\w.-]+~[\w.-]+~\d+\b|\bAoU-[A-Z_]+\b')
"""In a clause: what is quoted of a document, the tag of a requirement, the name of an assumption of use."""


class Description(NamedTuple):
    """Where something is described."""

    docname: str
    anchor: str
    title: str


class TraceLinks(NamedTuple):
    """Finds descriptions.

    :param objects: document and anchor of each described term, by cross-reference role and name.
    :param anchors: tag to (document, title) of everything that can be linked to.
    :param rules: the tag of a requirement by its name.
    """

    objects: Mapping[str, tuple[str, str]]
    anchors: Mapping[str, tuple[str, str]]
    rules: Mapping[str, str]

    def operation(self, name: str) -> Description | None:
        """The description of an operation."""
        return self._term(TermKind.OPERATION, name)

    def clause(self, words: str) -> Iterator[tuple[str, Description | None]]:
        """The words of a clause in their order, in parts, each with where it is described, if anywhere."""
        done = 0
        for found in _NAMED.finditer(words):
            place = self._named(found[0])
            if place is not None:
                quoted = found[0].startswith('"')
                yield words[done : found.start() + quoted], None
                yield found[0].strip('"'), place
                done = found.end() - quoted
        yield words[done:], None

    def _named(self, found: str) -> Description | None:
        name = found.strip('"')
        tag = name if "~" in name else self.rules.get(name.lower().replace("-", "_"), "")
        if tag in self.anchors:
            docname, title = self.anchors[tag]
            return Description(docname, tag, f"{tag}: {title}")
        return self._term(TermKind.ROLE, name)

    def _term(self, kind: TermKind, name: str) -> Description | None:
        place = self.objects.get(link_of(kind, name))
        return None if place is None else Description(*place, name)

    def shown(self, verdicts: Iterable[Verdict]) -> list[tuple[str, Description | None]]:
        """Everything that the traces of verdicts name, with where it is described: when one changes, so do their pages."""
        steps = [step for one in verdicts for trace in _traces(one) for step in trace.steps]
        operations = {step.action for step in steps}
        clauses = {step.clause for step in steps}
        named = {found for words in clauses for found in _NAMED.findall(words)}
        return [(one, self.operation(one)) for one in sorted(operations)] + [
            (one, self._named(one)) for one in sorted(named)
        ]


def _traces(verdict: Verdict) -> Iterator[Trace]:
    yield from (one for one in (verdict.counterexample, verdict.witness) if one is not None)
    yield from (one.trace for one in verdict.divergences)
    yield from (one.trace for one in verdict.tallies if one.trace is not None)
