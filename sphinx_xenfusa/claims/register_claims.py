"""The form of the claim about the two registers of non-blocking VirtIO: what they are, to the bit, and what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.language import System
from sphinx_xenfusa.explore.mutation import CodeMutant, mutants_named, mutants_reached
from sphinx_xenfusa.explore.reference import reach, trace
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import MutantReport, Scope, Verdict
from sphinx_xenfusa.model import nonblocking
from sphinx_xenfusa.model.nonblocking import (
    DIRECTLY_READABLE,
    DIRECTLY_WRITABLE,
    LAST_OFFSET,
    NONBLOCKING,
    REGION,
    AccessWord,
    Bounds,
    NonBlocking,
    Register,
    Vcpu,
    Width,
    decode,
    encode,
    refused,
)

_WIDTH = 4
"""Bytes of a register."""
_STATUS = ((False, False), (True, False), (False, True))
"""Busy, retry."""


@dataclass(frozen=True)
class _Mutants:
    """The mutants of the functions that a small search reaches."""

    claim: TwoRegisters

    def __iter__(self) -> Iterator[CodeMutant]:
        """All of them."""
        return iter(mutants_reached((nonblocking,), lambda: self.claim.search(None, Budget(), small=True)))

    def named(self, report: MutantReport) -> Iterator[CodeMutant]:
        """Those that a report names."""
        return mutants_named((nonblocking,), report)


@dataclass(frozen=True)
class TwoRegisters:
    """Exactly two registers; a request goes through the one, its outcome comes through the other, and the vCPU runs
    meanwhile."""

    id: str
    says: str

    @property
    def statements(self) -> tuple[str, ...]:
        """The statement of the same name."""
        return (f"XenArch~{self.id}~1",)

    @property
    def policies(self) -> tuple[str, ...]:
        """None: the registers depend on no policy."""
        return ()

    @property
    def scope(self) -> Scope:
        """Every word that can be asked for, and the protocol with a backend that follows it."""
        return Scope(
            "registers",
            "every access of 8, 16 or 32 bits, reading or writing, at every offset up to "
            f"{LAST_OFFSET + _WIDTH:#x}, complete, busy and to be asked for again; and every state of one frontend with two "
            "vCPUs and a backend that follows the protocol. The registers are those of the public form, in virtio-mmio",
            0,
            None,
            ("Xen serves an access to one of the two registers in bounded time",),
        )

    @property
    def sources(self) -> tuple[Path, ...]:
        """Nothing beside this package."""
        return ()

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search; there is no policy to search under."""
        return judge(self, None, self, None, _Mutants(self), budget)

    def search(self, model: None, budget: Budget, *, small: bool) -> Search:
        """The registers, every word, then the protocol."""
        found = Search()
        for wrong in (_wrong_registers(), *self._wrong_words(found, budget, small=small)):
            if wrong:
                found.counterexample = Trace(wrong, tuple((one.name, f"{one:#x}") for one in Register), ())
                return found
        self._protocol(found)
        return found

    def _wrong_words(self, found: Search, budget: Budget, *, small: bool) -> Iterator[str]:
        offsets = (0, 1, 2, 3, 0x70, LAST_OFFSET - 1, LAST_OFFSET) if small else range(LAST_OFFSET + _WIDTH)
        for offset, write, width, (busy, retry) in product(offsets, (False, True), Width, _STATUS):
            found.cases += 1
            found.relevant += 1
            yield _wrong_word(AccessWord(offset, write, width, busy, retry))
        budget.spend(found.cases)

    def _protocol(self, found: Search) -> None:
        system = NONBLOCKING.system(Bounds(), without=["hostile backend"])
        reached = reach(system)
        for key in reached.parents:
            found.cases += 1
            wrong = _wrong_state(system, system.thaw(key))
            if wrong:
                found.counterexample = trace(system, reached.path(key), wrong)
                return
        complete = reached.first(lambda key: system.holds(nonblocking.outcome_of_a_read, system.thaw(key)))
        if complete is None:
            found.counterexample = Trace("no outcome ever comes", (), ())
            return
        found.witness = trace(system, reached.path(complete), "asked through ACCESS, answered in ACCESS_DATA")


def _wrong_registers() -> str:
    if len(Register) != 2 or len({one // _WIDTH for one in Register}) != 2:
        return f"there are {len(Register)} registers, or one lies over another"
    if any(one % _WIDTH or one + _WIDTH > REGION for one in Register):
        return "a register is not aligned, or lies outside the page"
    if not set(Register) <= set(DIRECTLY_READABLE) & set(DIRECTLY_WRITABLE):
        return "a register needs the backend"
    return ""


def _wrong_word(word: AccessWord) -> str:
    number = encode(word)
    if decode(number) != word:
        return f"the word {number:#010x} does not mean what was asked for"
    width = {Width.BYTE: 0, Width.HALF_WORD: 1, Width.WORD: 2}[word.width]
    if number != 2**31 * word.write + 2**30 * word.busy + 2**28 * width + 2**27 * word.retry + word.offset:
        return f"a part of the word {number:#010x} is not in its place"
    fits = word.offset % word.width == 0 and word.offset < LAST_OFFSET
    if (refused(number) == "") is not fits:
        return f"the word {number:#010x} is refused, or should be"
    return ""


def _wrong_state(system: System[NonBlocking, Bounds], state: NonBlocking) -> str:
    """What is wrong with a state: somebody waits, or an access that is in flight leaves a vCPU nothing but to look again."""
    if Vcpu.BLOCKED in state.vcpu:
        return "a vCPU waits for the backend"
    able = {
        dict(action.arguments)["vcpu"]
        for action, _ in system.steps(state)
        if action.rule.party == "frontend" and action.rule.name != "look_again"
    }
    return "" if len(able) == system.constants.vcpus else "a vCPU can do nothing but look again"
