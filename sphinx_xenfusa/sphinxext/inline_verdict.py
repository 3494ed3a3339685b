"""``xen:verdict``: the state of a requirement, or the verdict on a claim, within a sentence.

``XenArch~name~1`` asks for the state of a requirement; ``claim@policy`` for the verdict on a claim under a policy; ``claim``
alone for its worst verdict among those that count (the document's and the target policy's).
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from docutils import nodes
from sphinx.util.docutils import ReferenceRole

from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.sphinxext import markup
from sphinx_xenfusa.sphinxext.views import Answer, verdict_words
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.record import TAG, Finding, Place, TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result

if TYPE_CHECKING:
    from sphinx_xenfusa.sphinxext.domain import XenDomain


@dataclass(frozen=True, slots=True)
class Asked:
    """What a role asks for.

    :param target: a tag, a claim, or ``claim@policy``, as written.
    """

    target: str
    place: Place


class VerdictRole(ReferenceRole):
    """A verdict or state within a sentence; with a title of its own, the title stands before it."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The place of the verdict."""
        source, line = self.get_source_info()
        place = Place(Path(os.path.relpath(source, self.env.srcdir)).as_posix(), line)
        asked = Asked(" ".join(self.target.split()), place)
        cast("XenDomain", self.env.get_domain("xen")).note_verdict(self.env.docname, asked)
        # In a table of contents, which is made when the page is read, the words of the author are all that can stand.
        words = self.title if self.has_explicit_title else ""
        return [markup.verdict(self.rawtext, words or asked.target, asked=asked, words=words)], []


@dataclass(frozen=True)
class Answers:
    """Answers from one record.

    :param repeated: the tags that stand more than once.
    """

    record: TraceRecord
    traced: Mapping[str, TracedItem]
    repeated: Collection[str] = frozenset()

    def to(self, asked: Asked) -> Answer:
        """The answer; one with a fault where the question means nothing."""
        if "~" in asked.target:
            return self._of_requirement(asked.target)
        claim, at, policy = asked.target.partition("@")
        verdicts = [one for one in self.record.verdicts if one.claim == claim]
        if not verdicts:
            known = dict.fromkeys(one.claim for one in self.record.verdicts)
            return _unknown(asked.target, "a claim that is installed", known, claim)
        if not at:
            counting = {None, SPECIFICATION, self.record.target_policy}
            return self._of_claim([one for one in verdicts if one.policy in counting] or verdicts)
        under = [one for one in verdicts if one.policy == policy]
        if not under:
            policies = [one.policy for one in verdicts if one.policy is not None]
            expected = f"a policy under which {claim} runs" if policies else f"{claim} alone: it depends on no policy"
            return _unknown(asked.target, expected, policies, policy)
        return self._of_claim(under)

    def _of_requirement(self, tag: str) -> Answer:
        if tag in self.repeated:
            fault = f"found xen:verdict of {tag}, which stands more than once; expected a tag that stands once"
            return Answer(Result.ERROR, "stands more than once", "", fault)
        traced = self.traced.get(tag)
        if traced is None:
            expected = "the tag of a requirement" if TAG.fullmatch(tag) else "a tag like XenArch~name~1"
            return _unknown(tag, expected, self.traced, tag)
        return Answer(traced.result, traced.result.value, tag)

    def _of_claim(self, chosen: Iterable[Verdict]) -> Answer:
        order = list(Result)
        worst = min(chosen, key=lambda one: order.index(RESULT_OF_VERDICT[one.kind]))
        named = (str(one.item.tag) for one in self.record.items if worst.claim in one.item.confirmed_by)
        return Answer(RESULT_OF_VERDICT[worst.kind], verdict_words(worst), next(named, ""))

    def finding(self, asked: Asked) -> Finding | None:
        """What is wrong with a question; nothing for a good one."""
        fault = self.to(asked).fault
        return Finding("verdict", asked.place, asked.target, fault) if fault else None


def _unknown(target: str, expected: str, known: Iterable[str], word: str) -> Answer:
    near = difflib.get_close_matches(word, list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return Answer(Result.ERROR, f"unknown: {target}", "", f"found xen:verdict of {target!r}; expected {expected}{hint}")
