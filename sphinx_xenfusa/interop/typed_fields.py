"""The typed fields of a requirement: which there are, at which kinds they make sense, and reading them.

A field holds words of the vocabulary.  One unknown word costs the whole field and one warning: half of "no other than A and
B" would say something else.  The requirement stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sphinx_xenfusa.terms.installed import Vocabulary
from sphinx_xenfusa.terms.term import TermKind
from sphinx_xenfusa.trace.record import TypedFields
from sphinx_xenfusa.trace.states import ItemKind

_WHO_DOES_WHAT = frozenset(
    {ItemKind.DEFINITION, ItemKind.PERMISSION, ItemKind.PROHIBITION, ItemKind.HAZARD, ItemKind.MITIGATION}
)
_WHICH_PLATFORMS = frozenset({ItemKind.RULE, ItemKind.RECOMMENDATION, ItemKind.ASSUMPTION})


@dataclass(frozen=True, slots=True)
class TypedField:
    """A typed field.

    :param words: what it says, as the cards show it.
    :param description: what it says, for the exports of sphinx-needs.
    :param terms: of which kind its words are.
    :param kinds: the kinds of statement that have a use for it.
    """

    words: str
    description: str
    terms: TermKind
    kinds: frozenset[ItemKind]


FIELDS = {
    "role": TypedField(
        "Role", "The roles that the statement is about.", TermKind.ROLE, _WHO_DOES_WHAT | _WHICH_PLATFORMS
    ),
    "privilege": TypedField(
        "Privilege level", "The privilege levels that the statement is about.", TermKind.PRIVILEGE, _WHO_DOES_WHAT
    ),
    "operation": TypedField(
        "Operation",
        "The operations that the statement is about, or groups of them.",
        TermKind.OPERATION,
        _WHO_DOES_WHAT,
    ),
    "target": TypedField("Target", "What the operations act on.", TermKind.TARGET, _WHO_DOES_WHAT),
    "restricts": TypedField(
        "Restricts",
        "What about platforms the statement restricts.",
        TermKind.RESTRICTION,
        _WHICH_PLATFORMS | {ItemKind.PROHIBITION},
    ),
}
"""By option of ``xen:req``, which is also the name of the field of :class:`TypedFields`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a typed field.

    :param option: its option.
    :param subtype: of the warning.
    """

    option: str
    subtype: str
    message: str


def read_fields(
    given: Mapping[str, tuple[str, ...]], kind: ItemKind, vocabulary: Vocabulary
) -> tuple[TypedFields, list[Fault]]:
    """The typed fields of a requirement, and what is wrong with those that are left out."""
    kept: dict[str, tuple[str, ...]] = {}
    faults: list[Fault] = []
    for name, field in FIELDS.items():
        words = given.get(name, ())
        unknown = [word for word in words if word not in vocabulary.words(field.terms)]
        if words and kind not in field.kinds:
            kinds = ", ".join(sorted(one.value for one in field.kinds))
            message = (
                f"found :{name}: at a {kind}; expected it at these kinds only: {kinds}; the field {name} is dropped"
            )
            faults.append(Fault(name, "option", message))
        elif unknown:
            told = vocabulary.unknown(field.terms, unknown[0], groups=True)
            faults.append(Fault(name, "vocabulary", f"{told}; the field {name} is dropped"))
        elif words:
            kept[name] = words
    dropped = tuple((fault.option, fault.message) for fault in faults)
    return TypedFields(dropped=dropped, **{name: kept.get(name, ()) for name in FIELDS}), faults


def link_of(terms: TermKind, word: str) -> str:
    """A word of a typed field as what it is linked to, by cross-reference role and name; empty for a word without an object."""
    roles = {TermKind.ROLE: "role", TermKind.PRIVILEGE: "priv", TermKind.OPERATION: "op"}
    return f"{roles[terms]}:{word}" if terms in roles else ""


def links_of(fields: TypedFields) -> frozenset[str]:
    """Everything that the card of a requirement links to because of its typed fields."""
    found = (link_of(field.terms, word) for name, field in FIELDS.items() for word in fields.words(name))
    return frozenset(found) - {""}
