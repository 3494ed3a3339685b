"""What a rule or a check comes to on a configuration, and what all of them come to together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sphinx_xenfusa.platforms.configuration import Where


class Judgement(StrEnum):
    """What a rule or a check comes to, worst first."""

    BROKEN = "broken"
    CANNOT_TELL = "cannot tell"
    ADVISED_AGAINST = "advised against"
    FULFILLED = "fulfilled"
    NOT_APPLICABLE = "not applicable"


class Compatibility(StrEnum):
    """Whether a platform is compatible with safety; what exit code that is."""

    NOT_COMPATIBLE = "not compatible"
    CANNOT_TELL = "cannot tell"
    COMPATIBLE = "compatible"

    @property
    def exit_code(self) -> int:
        """0 compatible, 1 not, 3 cannot tell."""
        return {Compatibility.COMPATIBLE: 0, Compatibility.NOT_COMPATIBLE: 1, Compatibility.CANNOT_TELL: 3}[self]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that is not said and on which a judgement depends.

    :param what: the value, in words.
    :param how: how to state it.
    """

    what: str
    where: Where
    how: str


@dataclass(frozen=True, slots=True)
class Breach:
    """Somebody or something that breaks a rule, certainly or perhaps.

    :param name: a domain, a device, or a link in words.
    :param asked: what has to be said before it is certain; empty if it is.
    :param about: what else there is to say of it, such as who has a device; empty if nothing.
    """

    name: str
    where: Where
    asked: tuple[Asked, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule or a check on a configuration.

    :param id: the rule's name or the check's number.
    :param says: what it demands.
    :param source: where that stands.
    :param breaches: who breaks it, those first that certainly do.
    :param why: why it is not applicable, or what it rests on, where there is something to say.
    """

    id: str
    category: str
    says: str
    source: str
    judgement: Judgement
    breaches: tuple[Breach, ...] = ()
    why: str = ""

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What has to be said before the judgement is certain."""
        return tuple(dict.fromkeys(one for breach in self.breaches for one in breach.asked))


ORDER = tuple(Judgement)
"""Worst first."""


def judgement_of(breaches: tuple[Breach, ...], certain: Judgement) -> Judgement:
    """What breaches come to: ``certain`` if one of them is, else that nobody can tell; fulfilled without any."""
    if any(not one.asked for one in breaches):
        return certain
    return Judgement.CANNOT_TELL if breaches else Judgement.FULFILLED
