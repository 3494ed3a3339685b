"""What the properties that a report gives a test case mean: what the test verifies, and how.

Our own names (``xenfusa.verifies`` and so on) are always known.  Others are told: by default the names that Eclipse S-CORE's
pytest plugin and its googletest suites write.  A value may hold several tags with commas between, as S-CORE writes them.

A value that is no tag is kept as it stands: the record then has a link to an item that nobody knows, and says so.  A word that is
in none of the vocabularies of :mod:`sphinx_xenfusa.trace.test_methods` is kept as well, and told once for each report.

Source: the decorator ``add_test_properties`` of eclipse-score/tooling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sphinx_xenfusa.evidence.junit import METHOD, PARTIALLY_VERIFIES, VERIFIES
from sphinx_xenfusa.trace.record import TestCase
from sphinx_xenfusa.trace.test_methods import FIELDS, known_word

FULL, PART = "verifies", "partially_verifies"
ROLES = (FULL, PART, *FIELDS)
"""What a property can say."""

S_CORE: Mapping[str, str] = {
    "FullyVerifies": FULL,
    "PartiallyVerifies": PART,
    "TestType": "type",
    "DerivationTechnique": "technique",
}
"""The names of Eclipse S-CORE, with what they say."""

_OURS: Mapping[str, str] = {VERIFIES: FULL, PARTIALLY_VERIFIES: PART, **METHOD}


class Property(NamedTuple):
    """What one property of a case says.

    :param role: one of :data:`ROLES`.
    :param value: a tag as written, or a word.
    :param known: whether a word is in its vocabulary; a tag always is.
    """

    role: str
    value: str
    known: bool = True


def said_by(case: TestCase, names: Mapping[str, str]) -> Iterator[Property]:
    """What the properties of a case say.

    :param names: the names that are known besides ours, each with its role.
    """
    for name, value in case.properties:
        role = _OURS.get(name) or names.get(name)
        if role in (FULL, PART):
            yield from (Property(role, tag) for one in value.split(",") if (tag := one.strip()))
        elif role is not None and value.strip():
            word = known_word(role, value)
            yield Property(role, word or " ".join(value.split()), word is not None)


def is_ours(name: str) -> bool:
    """Whether a property needs not be shown as one, because the record has what it says in a field."""
    return name in _OURS
