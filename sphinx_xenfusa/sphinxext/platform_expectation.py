"""What the author of a platform in files expects of it, and whether that is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sphinx_xenfusa.assessment.completions import Part
from sphinx_xenfusa.assessment.judgement import Compatibility, Judgement
from sphinx_xenfusa.model.platform import Platform, broken_reference
from sphinx_xenfusa.model.rules import RULES
from sphinx_xenfusa.sphinxext.platform_answers import Answer

_RULES = frozenset(one.name for one in RULES)


@dataclass(frozen=True)
class Expected:
    """What an author expects: an answer, or the rules that are broken.

    :param rules: of the document; exactly these.
    """

    answer: Compatibility | None
    rules: frozenset[str] = frozenset()

    def wrong(self, found: Answer) -> str:
        """What was found in place of it; empty if it is so, or while nothing has run that could tell."""
        if found.not_run:
            return ""
        if self.answer is not None:
            same = found.compatibility is self.answer
            return "" if same else f"found that it is {_said(found.words)}; expected {self.answer}"
        broken = broken_rules(found)
        if broken == self.rules:
            return ""
        breaks = f"breaks {', '.join(sorted(broken))}" if broken else "breaks no rule"
        return f"found that it {breaks}; expected that it breaks {', '.join(sorted(self.rules))}"

    def __str__(self) -> str:
        return self.answer.value if self.answer is not None else f"to break {', '.join(sorted(self.rules))}"


def _said(words: str) -> str:
    """The answer within a sentence."""
    answer = Compatibility.CANNOT_TELL
    return (
        words.replace(answer, f"something of which nobody can tell: {answer}", 1) if words.startswith(answer) else words
    )


def expected_of(words: tuple[str, ...], rules: Callable[[tuple[str, ...]], frozenset[str]]) -> Expected:
    """What the entries of ``:expect:`` say.

    :param rules: reads the names and tags of rules.
    :raises ValueError: they say nothing that can be understood.
    """
    answers = {one.value: one for one in Compatibility}
    if len(words) == 1 and words[0] in answers:
        return Expected(answers[words[0]])
    beside = [word for word in words if word in answers]
    if beside:
        others = ", ".join(word for word in words if word not in beside[:1])
        raise ValueError(
            f"found {beside[0]} beside {others}; expected one answer, or the rules that the platform breaks"
        )
    return Expected(None, rules(words))


def broken_rules(found: Answer) -> frozenset[str]:
    """The rules of the document that a platform breaks whatever is still open."""
    judged = found.assessment.judged
    return frozenset(one.id for one in judged if one.judgement is Judgement.BROKEN) & _RULES


def platform_of(found: Answer) -> Platform | None:
    """The platform that a configuration describes, for a scenario to run on; ``None`` as long as something of it is not said."""
    configuration = found.assessment.configuration
    part = Part(configuration.domains, configuration.devices, configuration.links)
    if found.assessment.platform is None and part.open():
        return None
    platform = found.assessment.platform or part.platform({})
    return platform if broken_reference(platform) is None else None
