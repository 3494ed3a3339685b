"""Small claims for the tests of the confirmation; module-level classes, so that a process of its own can load them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.explore.claim import Budget
from sphinx_xenfusa.explore.trace import Step, Trace
from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind

SCOPE = Scope("toy", "nothing but an example", 0, None, ())


def trace(operation: str) -> Trace:
    return Trace(f"ends in {operation}", (), (Step("domu", operation, (), "allowed", (), "xen/common/x.c:1"),))


@dataclass(frozen=True)
class Fake:
    """A claim whose verdict is given."""

    id: str
    kind: VerdictKind = VerdictKind.CONFIRMED
    policies: tuple[str, ...] = ("specification", "dummy")
    says: str = "Something holds."
    scope: Scope = SCOPE
    sources: tuple[Path, ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        return (f"XenArch~{self.id}~1",)

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        return Verdict(self.id, policy, self.kind, self.scope, cases=1, relevant=1, witness=trace("witness"))


@dataclass(frozen=True)
class Diverging(Fake):
    """Refuted by the first of its divergences that is not repaired.

    :param by: each divergence and the operation in which its counterexample ends; ``""`` cannot be repaired.
    :param otherwise: the verdict when all are repaired.
    """

    by: tuple[tuple[str, str], ...] = ()
    otherwise: VerdictKind = VerdictKind.CONFIRMED

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        for divergence, operation in self.by:
            if policy != "specification" and divergence not in repaired:
                shown = trace(operation)
                return Verdict(self.id, policy, VerdictKind.REFUTED, SCOPE, reason=shown.title, counterexample=shown)
        return Verdict(self.id, policy, self.otherwise, SCOPE, cases=1, relevant=1, witness=trace("witness"))


@dataclass(frozen=True)
class Hanging(Fake):
    """Does not end."""

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        while True:
            time.sleep(0.05)


@dataclass(frozen=True)
class Dying(Fake):
    """Takes its process along."""

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        os._exit(7)


@dataclass(frozen=True)
class Raising(Fake):
    """Breaks."""

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        raise ZeroDivisionError("nothing to divide")


class WithoutScope:
    """Breaks, and cannot even tell its scope."""

    id = "without_scope"
    says = "Something holds."
    statements = ()
    policies = ()
    sources = ()

    @property
    def scope(self) -> Scope:
        raise LookupError("no scope")

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        raise ZeroDivisionError("nothing to divide")


class WithoutWords:
    """Cannot say what it claims."""

    id = "without_words"
    statements = ()
    policies = ()
    sources = ()
    scope = SCOPE

    @property
    def says(self) -> str:
        raise LookupError("no words")

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        raise ZeroDivisionError("nothing to divide")


class Breaking:
    """Ends with a fault instead of a claim."""

    def __iter__(self) -> Iterator[Fake]:
        yield Fake("fine")
        raise LookupError("no more")


CLAIMS = (Fake("b_claim"), Fake("a_claim", policies=()))
SAME = (Fake("a_claim"),)
BAD_ID = (Fake("A-Claim"),)
NO_CLAIM = (Fake("fine"), "a text")
NO_SEQUENCE = 5
NOT_TEXTS = (Fake("wordy", policies="dummy"),)
NO_WORDS = (WithoutWords(),)
BREAKING_SEQUENCE = Breaking()
