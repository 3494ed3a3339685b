"""Writes the skeleton of an overlay: an entry for each normative sentence of a document that nobody claims yet.

Sentences are addressed by section, number and fingerprint, so that their text is not repeated.  The kind is what the
words of the sentence propose, the id its section and number: both are for the author to judge.  The same document gives the
same bytes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from sphinx_xenfusa.trace.sentences import Sentence, sentences_of, text_fingerprint
from sphinx_xenfusa.trace.states import ItemKind

_PLAIN = re.compile(r"[A-Za-z]\w*(?: \w+)*")
_WORDS_OF_YAML = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_TO_BE_STATED = {"owner": "state who has to ensure it", "discharge": "state by what evidence that is shown"}


def skeleton(text: str, document: str, type: str) -> str:
    """The text of an overlay.

    :param text: of the document.
    :param document: how the overlay names it.
    :param type: the item type of the ids.
    """
    found = [one for one in sentences_of(text) if one.normative and not one.requirement]
    lines = [
        "# Judge every entry: its kind is a guess from the words of the sentence, its id only says where that stands.",
        f"document: {_scalar(document)}",
        "",
        "requirements:" if found else "requirements: []",
    ]
    for name, sentence in zip(_names(found), found, strict=True):
        lines += ["", *_entry(sentence, f"{type}~{name}~1")]
    return "\n".join(lines) + "\n"


def _names(sentences: Sequence[Sentence]) -> Iterator[str]:
    """A name for each sentence: its section's title and its number; unique."""
    used: Counter[str] = Counter()
    for sentence in sentences:
        title = sentence.section[-1] if sentence.section else "document"
        words = re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_") or "section"
        name = f"{words}_{sentence.ordinal}"
        used[name] += 1
        yield name if used[name] == 1 else f"{name}_{used[name]}"


def _entry(sentence: Sentence, tag: str) -> list[str]:
    kind = sentence.kind or ItemKind.RULE
    lines = [
        f"  - id: {tag}  # line {sentence.line}",
        f"    kind: {kind.value}",
        f"    section: {_scalar(' > '.join(sentence.section))}",
        f"    sentence: {sentence.ordinal}",
        f'    fingerprint: "{text_fingerprint(sentence.text)}"',
    ]
    if kind is ItemKind.ASSUMPTION:
        lines += [f"    {name}: {_scalar(words)}" for name, words in _TO_BE_STATED.items()]
    return lines


def _scalar(text: str) -> str:
    """A text as YAML: bare where that is safe, else in double quotes as JSON writes it."""
    bare = _PLAIN.fullmatch(text) is not None and text.isascii() and text.casefold() not in _WORDS_OF_YAML
    return text if bare else json.dumps(text, ensure_ascii=False)
