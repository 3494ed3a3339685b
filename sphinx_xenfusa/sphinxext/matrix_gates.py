"""The thresholds of matrices as gates of the record: counted like those of the tracing policy, shown and exported with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sphinx_xenfusa.sphinxext.cross_matrix import cross_of
from sphinx_xenfusa.sphinxext.selection import Asked, Selection, Vocabulary, select
from sphinx_xenfusa.trace.chains import Chains
from sphinx_xenfusa.trace.linker import finding_order
from sphinx_xenfusa.trace.neighbours import Neighbours, covers_none, lacks_below
from sphinx_xenfusa.trace.policy import Evidence
from sphinx_xenfusa.trace.record import Finding, Gate, Place, TracedItem, TraceRecord
from sphinx_xenfusa.trace.thresholds import Thresholds


@dataclass(frozen=True)
class MatrixGates:
    """What the thresholds of all matrices come to.

    :param of: the gates of each matrix, by its place.
    :param misread: whether there is one that cannot be read: no build may seem to meet it.
    """

    of: Mapping[Place, Sequence[Gate]]
    findings: tuple[Finding, ...]
    misread: bool

    def in_record(self, record: TraceRecord) -> TraceRecord:
        """The record with these gates after those of the tracing policy."""
        findings = tuple(sorted({*record.findings, *self.findings}, key=finding_order))
        gates = (gate for gates in self.of.values() for gate in gates)
        return replace(record, gates=(*record.gates, *gates), findings=findings)


def matrix_gates(record: TraceRecord, matrices: Mapping[str, Sequence[Asked]], vocabulary: Vocabulary) -> MatrixGates:
    """Count for each threshold of each matrix, in the order of documents.

    :param matrices: what the matrices of each document ask for.
    """
    asked = [
        (one, select(one, vocabulary)[0]) for docname in sorted(matrices) for one in matrices[docname] if one.gates
    ]
    if not asked:
        return MatrixGates({}, (), False)
    evidence, neighbours = Evidence(record.links, record.reviews), Neighbours(record)
    gates: dict[Place, list[Gate]] = {}
    findings: list[Finding] = []
    names: Counter[str] = Counter()
    for one, selection in asked:
        items = [traced for traced in record.items if selection.concerns(traced, vocabulary)]
        gaps = _gaps(record, items, selection, vocabulary, neighbours)
        place = one.gates_at or one.place
        thresholds = Thresholds(one.place.file, place, selection.whom, selection.thresholds, items, gaps)
        found, told = thresholds.judged(evidence)
        gates.setdefault(one.place, []).extend(_with_names(found, names))
        findings += told
    return MatrixGates(gates, tuple(findings), any(selection.misread for _, selection in asked))


def _gaps(
    record: TraceRecord,
    items: Sequence[TracedItem],
    selection: Selection,
    vocabulary: Vocabulary,
    neighbours: Neighbours,
) -> frozenset[str]:
    """The tags of the items that lack something that a matrix asks for, in the form that it has."""
    if selection.path:
        chains = Chains(record.items, neighbours, selection.path)
        return chains.found([str(one.item.tag) for one in items], with_rootless=False).gaps
    if selection.rows and selection.rows[0] not in vocabulary.fields:
        cross = cross_of(items, record.items, selection, vocabulary, neighbours)
        hit = cross.of_rows()
        return frozenset(row for row in cross.rows if not hit[row])
    return gaps_of(items, selection, neighbours)


def gaps_of(items: Iterable[TracedItem], selection: Selection, neighbours: Neighbours) -> frozenset[str]:
    """The tags of the items that lack something that a matrix asks for."""
    covers, covered_by = selection.covers, selection.covered_by
    below = covered_by is not None or covers is None

    def has_gap(one: TracedItem) -> bool:
        above = covers is not None and covers_none(one, covers, neighbours)
        return above or (below and lacks_below(one, covered_by or ()))

    return frozenset(str(one.item.tag) for one in items if has_gap(one))


def _with_names(gates: Iterable[Gate], seen: Counter[str]) -> Iterator[Gate]:
    """The gates, each with a name of its own: a number tells apart those that a document asks for twice."""
    for gate in gates:
        seen[gate.name] += 1
        number = seen[gate.name]
        yield gate if number == 1 else replace(gate, name=f"{gate.name} ({number})")
