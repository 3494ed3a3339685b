"""Review ledgers: YAML files with the inspections of items, and what people found who verified what the items ask for.

They are kept beside the texts and outside their fingerprints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.platforms.located_yaml import Located, load_file, validate
from sphinx_xenfusa.trace.record import TAG, Place
from sphinx_xenfusa.trace.reviews import ANSWERS, CHECKLIST, WrittenReview, is_answer
from sphinx_xenfusa.trace.states import Outcome
from sphinx_xenfusa.trace.verifications import BY_HAND, WrittenVerification

WHAT = "a review ledger"

_NAME = {"type": "string", "minLength": 1}
_ID = {"type": "string", "pattern": f"^{TAG.pattern.replace('?P<', '?<')}$"}
_FINGERPRINT = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        "checklist": {"type": "object", "minProperties": 1, "additionalProperties": _NAME},
        "reviews": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "fingerprint", "author", "reviewer", "date", "answers"],
                "properties": {
                    "id": _ID,
                    "fingerprint": _FINGERPRINT,
                    "author": _NAME,
                    "reviewer": _NAME,
                    "date": _DATE,
                    "answers": {"type": "object", "additionalProperties": {"type": ["string", "boolean"]}},
                },
            },
        },
        "verifications": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "fingerprint", "method", "result", "document", "by", "date"],
                "properties": {
                    "id": _ID,
                    "fingerprint": _FINGERPRINT,
                    "method": {"enum": list(BY_HAND.values())},
                    "result": {"enum": ["passed", "failed"]},
                    "document": _NAME,
                    "by": _NAME,
                    "date": _DATE,
                },
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledgers say.

    :param checklist: the questions, by name.
    """

    checklist: Mapping[str, str]
    reviews: tuple[WrittenReview, ...]
    verifications: tuple[WrittenVerification, ...] = ()


def read_ledger(path: Path, name: str, checklist: Mapping[str, str] = CHECKLIST) -> Ledger:
    """Read a ledger.

    :param name: what places in it are called.
    :param checklist: the questions of a ledger that brings none of its own.
    :raises InputError: with file and line, for the first fault.
    """
    located = load_file(path, what=WHAT)
    validate(located, SCHEMA, WHAT)
    questions = located.data.get("checklist", checklist)
    reviews = (_review(located, number, questions, name) for number in range(len(located.data.get("reviews", ()))))
    verified = (_verification(located, number, name) for number in range(len(located.data.get("verifications", ()))))
    return Ledger(questions, tuple(reviews), tuple(verified))


def _review(located: Located, number: int, questions: Iterable[str], name: str) -> WrittenReview:
    data = located.data["reviews"][number]
    known = list(questions)
    answers = []
    for question, said in data["answers"].items():
        # Without quotes YAML reads yes and no as true and false.
        answer: str = ("yes" if said else "no") if isinstance(said, bool) else " ".join(said.split())
        if question not in known:
            line = located.key_lines["reviews", number, "answers", question]
            raise InputError(located.file, line, f"the question {question!r}", f"one of {', '.join(known)} ({WHAT})")
        if not is_answer(answer):
            raise located.error(("reviews", number, "answers", question), f"the answer {answer!r}", ANSWERS)
        answers.append((question, answer))
    return WrittenReview(
        id=data["id"],
        fingerprint=data["fingerprint"],
        author=" ".join(data["author"].split()),
        reviewer=" ".join(data["reviewer"].split()),
        date=data["date"],
        answers=tuple(sorted(answers, key=lambda one: _position(one[0], known))),
        place=Place(name, located.line_of("reviews", number)),
    )


def _verification(located: Located, number: int, name: str) -> WrittenVerification:
    data = located.data["verifications"][number]
    return WrittenVerification(
        id=data["id"],
        fingerprint=data["fingerprint"],
        method=data["method"],
        result=Outcome(data["result"]),
        document=" ".join(data["document"].split()),
        by=" ".join(data["by"].split()),
        date=data["date"],
        place=Place(name, located.line_of("verifications", number)),
    )


def _position(question: str, known: Sequence[str]) -> int:
    return known.index(question)
