"""The words for how a test verifies: at which level, by which type of test, how its cases were derived, how independently.

All four vocabularies are closed, because ISO 26262 gives them: the levels are the titles of clauses 9 to 11 of its part 6 and of
the integration steps of its part 4, the types are the dynamic methods of table 7 of part 6, the techniques the methods of tables
8, 11 and 15 of part 6, the degrees of independence those of table 1 of part 2.  Eclipse S-CORE's decorator has the same words for
types and techniques, and three techniques more.

Sources: ISO 26262-2, -4 and -6 of 2018; the decorator ``add_test_properties`` of eclipse-score/tooling.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

LEVEL, TYPE, TECHNIQUE, INDEPENDENCE = FIELDS = ("level", "type", "technique", "independence")
"""The fields of a method, in the order in which they are shown."""

WORDS: Mapping[str, Mapping[str, str]] = {
    LEVEL: {
        "unit": "Software unit verification",
        "integration": "Software integration and verification",
        "embedded-software": "Testing of the embedded software",
        "hardware-software": "Hardware-software integration and testing",
        "system": "System integration and testing",
        "vehicle": "Vehicle integration and testing",
    },
    TYPE: {
        "requirements-based": "Requirements-based test",
        "interface-test": "Interface test",
        "fault-injection": "Fault injection test",
        "resource-usage": "Resource usage evaluation",
        "back-to-back": "Back-to-back comparison test between model and code",
    },
    TECHNIQUE: {
        "requirements-analysis": "Analysis of requirements",
        "equivalence-classes": "Generation and analysis of equivalence classes",
        "boundary-values": "Analysis of boundary values",
        "error-guessing": "Error guessing based on knowledge or experience",
        "functional-dependencies": "Analysis of functional dependencies",
        "operational-use-cases": "Analysis of operational use cases",
        "design-analysis": "Analysis of the design",
        "fuzz-testing": "Fuzz testing",
        "explorative-testing": "Explorative testing",
    },
    INDEPENDENCE: {
        "I0": "Should be done by another person",
        "I1": "Done by another person",
        "I2": "Done by a person of another team",
        "I3": "Done by a person who is independent in management, resources and release",
    },
}
"""The words of each field, with what the standard calls them."""


def known_word(field: str, text: str) -> str | None:
    """The word of a field that a text means; ``None`` if it means none.

    Case and the blanks or hyphens between the parts do not matter, and the standard's own words are taken as well: S-CORE's code
    has ``Interface test`` beside ``interface-test``.

    :raises KeyError: there is no such field.
    """
    meant = _plain(text)
    for word, name in WORDS[field].items():
        if meant in (_plain(word), _plain(name)):
            return word
    return None


def expected_words(field: str, text: str) -> str:
    """What would have been right in place of ``text``, for an error: the nearest word, if one is near, and all of them.

    :raises KeyError: there is no such field.
    """
    words = list(WORDS[field])
    near = difflib.get_close_matches(_plain(text).replace(" ", "-"), [word.lower() for word in words], n=1)
    hint = next((f" (did you mean {word}?)" for word in words if word.lower() in near), "")
    return f"one of {', '.join(words)}{hint}"


def _plain(text: str) -> str:
    return " ".join(text.replace("-", " ").casefold().split())
