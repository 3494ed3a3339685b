"""What a term of the vocabulary is.  A package of a user's own offers sequences of them (entry points)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TermKind(StrEnum):
    """The closed sets that make up the vocabulary."""

    ROLE = "role"
    PRIVILEGE = "privilege"
    OPERATION = "operation"
    TARGET = "target"
    """What a call acts on, in the words of a requirement."""
    RESTRICTION = "restriction"
    """What a rule restricts."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word that a document may use, and what it means.

    :param words: what it means, as a sentence or two of plain text; may be empty for an operation, whose facts say it.
    :param facts: names and values, plain text, shown in this order where the term is described.
    :param group: for an operation, what it is listed under (Xen's operations: their hypercall).
    :param families: for an operation, the further groups by which a requirement can name it.
    :param package: who offers it; empty for ours.  The loader fills it in.
    """

    kind: TermKind
    name: str
    words: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    group: str = ""
    families: tuple[str, ...] = ()
    package: str = ""
