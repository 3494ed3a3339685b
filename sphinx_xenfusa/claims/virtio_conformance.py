"""The claims of conformance: one for each check, and the table that says which demand of the standard each check is for.

What is confirmed is that our driver and our device conform where they are checked.  It shows that the demands can be kept
together, and that each of them is noticed when it is broken; it says nothing about a driver or a device of anybody else.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.claims.virtio_checks import CHECKS, Check
from sphinx_xenfusa.explore.claim import Budget, Claim, Search, judge
from sphinx_xenfusa.explore.mutation import Reached
from sphinx_xenfusa.explore.verdict import Scope, Verdict
from sphinx_xenfusa.model.virtqueue import chain, events, layout, lifecycle, packed, sample_loop, split

MUTATED_MODULES = (split, packed, chain, events, layout, lifecycle, sample_loop)
"""The memory is left out: it is what a queue lies in, and a mutant of its loops might never end."""

TABLE = Path(__file__).with_name("virtio_conformance.toml")
"""The demands, row by row."""

ASSUMPTIONS = (
    "loads and stores take place in program order, each as a whole",
    "both sides are those of the model: other implementations are not looked at",
)

_STATEMENTS = {"layout_bytes": "virtqueues_shared_ring", "end_to_end": "virtio_shares_device"}
"""The checks that are the claim of a statement."""


def claim_of(check: str) -> str:
    """The id of a check's claim."""
    return _STATEMENTS.get(check, f"vq_{check}")


@dataclass(frozen=True)
class CheckClaim:
    """A check as a claim."""

    check: Check

    @property
    def id(self) -> str:
        """The statement's name where there is one, else the check's."""
        return claim_of(self.check.name)

    @property
    def says(self) -> str:
        """What the check finds to hold."""
        return self.check.says

    @property
    def statements(self) -> tuple[str, ...]:
        """The statement that it confirms; none for a claim of conformance, which confirms demands of the VirtIO standard."""
        name = _STATEMENTS.get(self.check.name)
        return () if name is None else (f"XenArch~{name}~1",)

    @property
    def policies(self) -> tuple[str, ...]:
        """None: Xen decides nothing here."""
        return ()

    @property
    def scope(self) -> Scope:
        """What the check goes through."""
        return Scope("virtqueue", self.check.covers, 0, None, ASSUMPTIONS)

    @property
    def sources(self) -> tuple[Path, ...]:
        """Nothing beside this package."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search; there is no policy to search under."""
        mutants = Reached(MUTATED_MODULES, lambda: self.search(None, budget, small=True))
        return judge(self, None, self, None, mutants, budget)

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """Every case of the check, up to the first that is wrong."""
        found = Search()
        for case in self.check.cases(small):
            found.cases += 1
            found.relevant += case.relevant
            if case.wrong:
                found.counterexample = case.trace(case.wrong)
                return found
            if case.relevant and found.witness is None:
                found.witness = case.trace("one of the situations that were checked")
            budget.spend(1)
        return found


CLAIMS: Sequence[Claim] = tuple(CheckClaim(check) for check in CHECKS.values())


@dataclass(frozen=True, slots=True)
class Row:
    """A demand of the standard.

    :param id: in the inventory.
    :param format: split, packed, or both.
    :param party: whom it binds: driver, device, or both.
    :param modality: MUST, MUST NOT, SHOULD, SHOULD NOT or MAY.
    :param condition: the features with or without which it holds; empty when it always does.
    :param label: the conformance label of the standard: its sections from the chapter down.
    :param place: file and line of the standard's source, 1.4-cs01.
    :param says: the demand in our words.
    :param check: the name of the check; empty when there is none.
    :param not_modelled: why there is none.
    """

    id: str
    format: str
    party: str
    modality: str
    label: str
    place: str
    says: str
    condition: str = ""
    check: str = ""
    not_modelled: str = ""


@functools.cache
def rows() -> tuple[Row, ...]:
    """All demands, in the order of the file."""
    return tuple(Row(**row) for row in tomllib.loads(TABLE.read_text("utf-8"))["row"])
