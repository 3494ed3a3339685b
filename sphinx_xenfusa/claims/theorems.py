"""The theorems about the whole document: what its rules are enough for, and that none of them is too many.

Over all platforms of scope B (:mod:`sphinx_xenfusa.claims.scopes`).  The rules are read off every platform; what adversaries do
is put together pair by pair and link by link (:mod:`sphinx_xenfusa.claims.composition`).

Source: the project's semantics, "Theorems" and "Policies and expected divergence".
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.composition import (
    CONTROL_RULE,
    EMULATION_RULE,
    FFI_RULES,
    MEMORY_RULE,
    Adversaries,
    Composition,
    RuleBook,
    completed,
    first_adversaries,
    harmed,
    repaired,
    second_adversaries,
)
from sphinx_xenfusa.claims.interference import Interference
from sphinx_xenfusa.claims.link_interference import assumed
from sphinx_xenfusa.claims.platform_claims import PlatformUnderPolicy, described
from sphinx_xenfusa.claims.privilege_claims import MUTATED_MODULES
from sphinx_xenfusa.claims.scopes import (
    ASSUMPTIONS,
    MOST_DOMAINS,
    MOST_LINKS,
    SMALL,
    Edge,
    Shape,
    families,
    size_of_b,
)
from sphinx_xenfusa.explore.claim import Budget, Search, judge
from sphinx_xenfusa.explore.mutation import Reached
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.explore.verdict import Scope, Tally, Verdict
from sphinx_xenfusa.model import boot, platform
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.platform import Domain
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

BEYOND_CALLS = (
    "AoU-DEV, AoU-IOMMU: no UnsafeVM has a device of platform reach, or one capable of DMA that is not behind an IOMMU",
    "the scheduler gives each SafeVM its budget (AoU-SCHED)",
    "the residue: what a virtqueue, a pinned grant or a storm of notifications does to the SafeVM at the other end of a link",
)
"""What the theorems take for granted beside what every claim about privileges does."""


def theorem_scope(words: str) -> Scope:
    """Scope B, with what a theorem assumes; what no claim shows yet of a link is among it."""
    return platforms_of_b(words, (*ASSUMPTIONS, *BEYOND_CALLS, *assumed()))


def platforms_of_b(words: str, assumptions: tuple[str, ...]) -> Scope:
    """Scope B, platform by platform."""
    text = (
        f"all platforms of 1 to {MOST_DOMAINS} domains (capabilities × criticality) with at most {MOST_LINKS} VirtIO links, each "
        f"with or without grants and with or without non-blocking registers; {words}"
    )
    return Scope("B", text, *size_of_b(), assumptions)


@dataclass
class Classes:
    """The classes that a search counts, in the order in which they are first named."""

    numbers: Counter[str] = field(default_factory=Counter)
    words: dict[str, str] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)

    def name(self, name: str, words: str) -> None:
        """A class that is shown, also if nothing is in it."""
        self.words.setdefault(name, words)

    def add(self, name: str, number: int = 1) -> bool:
        """So many more; whether they are the first."""
        self.numbers[name] += number
        return self.numbers[name] == number

    def tallies(self) -> tuple[Tally, ...]:
        """What was counted."""
        return tuple(
            Tally(name, words, self.numbers[name], self.traces.get(name)) for name, words in self.words.items()
        )


@dataclass(frozen=True)
class Theorem(PlatformUnderPolicy):
    """A claim about all platforms of scope B, under a policy."""

    small_domains: ClassVar[int] = SMALL
    """How many domains the platforms have on which mutants are told apart."""

    @property
    def scope(self) -> Scope:
        """Scope B."""
        return theorem_scope(self.words)

    def run(self, policy: str | None, budget: Budget, *, repaired: frozenset[str] = frozenset()) -> Verdict:
        """Search under the policy, with some of its divergences switched off; a theorem that depends on none by the document.

        :raises KeyError: a policy is wanted and none given, or it is none of the model's.
        """
        if policy is None and self.policies:
            raise KeyError(f"{self.id} depends on the policy; none was given")
        chosen = SPECIFICATION if policy is None else POLICIES[policy].repaired(repaired)
        model = PrivilegeModel(catalogue(), chosen)
        mutants = Reached((*MUTATED_MODULES, boot, platform), lambda: self.search(model, budget, small=True))
        return judge(self, policy, self, model, mutants, budget)

    def search(self, model: PrivilegeModel, budget: Budget, *, small: bool) -> Search:
        """Every platform, smallest first; in the small search those of few domains and one link."""
        found = Search()
        classes = Classes()
        self.named(classes)
        composition = Composition(model)
        rules = RuleBook()
        known: set[object] = set()
        for kinds, sets in families(self.small_domains, 1) if small else families(MOST_DOMAINS, MOST_LINKS):
            bare = Sight(Shape(kinds, ()), composition, rules, model, known)
            if self.settles(bare, len(sets), classes):
                found.cases += len(sets)
                continue
            for edges in sets:
                found.cases += 1
                self.look(bare._replace(shape=Shape(kinds, edges)), found, classes)
                if found.counterexample is not None:
                    return found
            budget.spend(len(sets))
        found.tallies = classes.tallies()
        return found

    @abstractmethod
    def named(self, classes: Classes) -> None:
        """Name the classes that are counted."""

    def settles(self, bare: Sight, number: int, classes: Classes) -> bool:
        """Whether the platform without links says all there is to say of the platforms of the same domains, with any links.

        :param number: how many platforms these are.
        """
        return not bare.composition.comes_up(bare.shape)

    @abstractmethod
    def look(self, sight: Sight, found: Search, classes: Classes) -> None:
        """Look at one platform."""


class Sight(NamedTuple):
    """What a theorem sees of a platform: it, and the means to find out more.

    :param known: what the theorem noted on earlier platforms of the same search, so as not to look twice.
    """

    shape: Shape
    composition: Composition
    rules: RuleBook
    model: PrivilegeModel
    known: set[object]

    @property
    def broken(self) -> frozenset[str]:
        """The names of the rules that it breaks."""
        return self.rules.broken(self.shape)


def kind_words(kind: Domain) -> str:
    """A kind of domain in words: its criticality and its roles."""
    return f"{kind.criticality} {' and '.join(sorted(kind.roles))}"


# --- soundness ------------------------------------------------------------------------------------------------------

REJECTED, ACCEPTED, IDLE, EXPOSED = "rejected", "accepted", "accepted, cannot operate", "accepted, exposed"


@dataclass(frozen=True)
class Soundness(Theorem):
    """What the rules accept is free from M, T and C.

    Adversaries are the UnsafeVMs (A1), with all backends without control (A2), and with any choice of those backends: a step of
    one of them that harms any other SafeVM refutes the theorem.
    """

    def named(self, classes: Classes) -> None:
        """Accepted and rejected, and what of the accepted says something."""
        classes.name(REJECTED, "rejected by at least one rule")
        classes.name(ACCEPTED, "accepted by all rules")
        classes.name(IDLE, "accepted, but under this policy it does not come up or a link completes no request")
        classes.name(EXPOSED, "accepted, operates, and has an adversary beside a SafeVM: could refute the theorem")

    def settles(self, bare: Sight, number: int, classes: Classes) -> bool:
        """No link makes a platform acceptable that is not without it."""
        if bare.broken:
            classes.add(REJECTED, number)
        return bool(bare.broken)

    def look(self, sight: Sight, found: Search, classes: Classes) -> None:
        """On an accepted platform that operates, each adversary towards everybody."""
        if sight.broken:
            classes.add(REJECTED)
            return
        classes.add(ACCEPTED)
        shape, composition = sight.shape, sight.composition
        if not composition.starts(shape):
            classes.add(IDLE)
            return
        adversaries = second_adversaries(shape)
        unsafe = first_adversaries(shape)
        if any(harmed(shape, unsafe | {one}) for one in adversaries):
            classes.add(EXPOSED)
            found.relevant += 1
        for subject in sorted(adversaries):
            victims = harmed(shape, unsafe | {subject})
            for _, target, harm in composition.by_one(shape, subject, victims) if victims else ():
                title = f"an accepted platform is not free from interference ({composition.kinds_of(harm)})"
                found.counterexample = composition.told(shape, subject, target, harm, title)
                return
            if found.witness is None and victims:
                found.witness = composition.kept_out(shape, subject, min(victims))


# --- tightness ------------------------------------------------------------------------------------------------------

E1, E2, E4 = "E1", "E2", "E4"
NO_BOOT, NO_REQUEST = "E3, no boot", "E3, no request"
COMPLETED = "completed"
_EXCEPTIONS = {
    E1: "it comes up, and only structural rules are broken",
    E2: "each backend of the offending frontends holds control: the rule is conservative there",
    NO_BOOT: "the platform does not come up under this policy, so that nothing on it does anything",
    NO_REQUEST: "it comes up, and on one of its links no request completes under this policy",
    E4: "the offending frontend is an adversary of A2 itself, because it also runs a backend",
}


@dataclass(frozen=True)
class Tightness(Theorem):
    """What breaks an FFI rule is not free from M, T and C under A2; with that rule repaired the trace is gone."""

    def named(self, classes: Classes) -> None:
        """The rules, with a shortest trace each, and the exceptions."""
        for rule in FFI_RULES:
            classes.name(rule, f"break {rule}, and have an M, T or C trace that is gone when it is repaired")
            classes.name(f"{rule}, {COMPLETED}", "of these, the trace needs one more SafeVM, a DomU")
        for name, words in _EXCEPTIONS.items():
            classes.name(name, words)

    def settles(self, bare: Sight, number: int, classes: Classes) -> bool:
        """What does not come up without links does not come up with links."""
        idle = not bare.composition.comes_up(bare.shape)
        if idle:
            classes.add(NO_BOOT, number)
        return idle

    def look(self, sight: Sight, found: Search, classes: Classes) -> None:
        """Each FFI rule that a platform breaks."""
        broken = sight.broken
        if not broken:
            return
        offended = [rule for rule in FFI_RULES if rule in broken]
        if not offended:
            classes.add(E1)
        elif not sight.composition.starts(sight.shape):
            classes.add(NO_REQUEST)
        else:
            for rule in offended:
                self._look_at(sight, rule, found, classes)

    def _look_at(self, sight: Sight, rule: str, found: Search, classes: Classes) -> None:
        found.relevant += 1
        trace = vanishing(sight, rule, second_adversaries)
        if trace is not None:
            first = classes.add(rule)
            if trace.whole is not sight.shape:
                classes.add(f"{rule}, {COMPLETED}")
            if first:
                classes.traces[rule] = trace.told(sight, rule)
                found.witness = found.witness or classes.traces[rule]
            return
        exception = _exception(sight, rule)
        if exception is None:
            title = f"a platform breaks {rule}, and no interference is gone when it is repaired"
            found.counterexample = _shown(sight, rule, title)
        elif classes.add(exception):
            classes.traces[exception] = described_trace(sight.shape, f"{exception}: {_EXCEPTIONS[exception]}")


class Vanishing(NamedTuple):
    """Harm that is there, and gone when a rule is repaired.

    :param whole: the platform, or the platform with one more SafeVM.
    """

    whole: Shape
    subject: int
    target: int
    harm: int

    def told(self, sight: Sight, rule: str) -> Trace:
        """The trace, with what it shows."""
        kinds = sight.composition.kinds_of(sight.composition.foremost(self.harm))
        title = f"without {rule}: {kinds}; with the rule repaired the step is gone"
        return sight.composition.told(self.whole, self.subject, self.target, self.harm, title)


def vanishing(sight: Sight, rule: str, adversaries: Adversaries) -> Vanishing | None:
    """What is done on the platform, or on it completed by one SafeVM DomU, and is gone when the rule is repaired."""
    return _gone(sight, sight.shape, rule, adversaries) or _gone(sight, completed(sight.shape), rule, adversaries)


def _gone(sight: Sight, whole: Shape, rule: str, adversaries: Adversaries) -> Vanishing | None:
    """Only what the offenders do can change with the repair: nobody else looks different to the model then.

    Of several the one that is of the kind which the rule is there for.
    """
    composition, mended = sight.composition, repaired(whole, rule)
    before, after = adversaries(whole), adversaries(mended)
    victims, left = harmed(whole, before), harmed(mended, after)
    first: Vanishing | None = None
    for subject in sorted(_offenders(sight, rule) & before) if victims else ():
        for _, target, harm in composition.by_one(whole, subject, victims):
            rest = composition.harm(mended, subject, target) if subject in after else 0
            gone = harm & ~(rest if target in left else rest & composition.to_platform)
            wanted = gone & composition.of_kind[_GUARDED[rule]]
            if wanted:
                return Vanishing(whole, subject, target, wanted)
            if gone and first is None:
                first = Vanishing(whole, subject, target, gone)
    return first


def _offenders(sight: Sight, rule: str) -> frozenset[int]:
    """Who could harm somebody because the rule is broken: an unsafe Control Domain, or the backends of the offending links."""
    shape = sight.shape
    if rule == CONTROL_RULE:
        return frozenset(
            at
            for at, one in enumerate(shape.kinds)
            if Capability.CONTROL in one.capabilities and one.criticality is Criticality.UNSAFE
        )
    return frozenset(edge[0] for edge in offending(sight, rule))


def offending(sight: Sight, rule: str) -> tuple[Edge, ...]:
    """The links that break a rule."""
    return tuple(edge for edge in sight.shape.edges if rule in sight.rules.broken_by_link(sight.shape, edge))


def _exception(sight: Sight, rule: str) -> str | None:
    """Which of the exceptions of the theorem a platform without a trace is, if it is one."""
    links = offending(sight, rule)
    controlled = [Capability.CONTROL in sight.shape.kinds[edge[0]].capabilities for edge in links]
    if links and all(controlled):
        return E2
    itself = second_adversaries(sight.shape)
    rest = [edge for edge, one in zip(links, controlled, strict=True) if not one]
    if rest and all(edge[1] in itself for edge in rest):
        return E4
    return None


def _shown(sight: Sight, rule: str, title: str) -> Trace:
    """A platform that breaks a rule for nothing: what its offender may still do when the rule is repaired, if it is anything."""
    composition, mended = sight.composition, repaired(completed(sight.shape), rule)
    adversaries = second_adversaries(mended)
    victims = harmed(mended, adversaries)
    for subject in sorted(_offenders(sight, rule) & adversaries):
        for _, target, harm in composition.by_one(mended, subject, victims):
            left = harm & composition.of_kind[_GUARDED[rule]] or harm
            return composition.told(
                mended, subject, target, left, f"{title}; it is shown repaired, with one more SafeVM"
            )
    return described_trace(sight.shape, title)


_GUARDED = {
    CONTROL_RULE: Interference.TIME,
    MEMORY_RULE: Interference.MEMORY,
    EMULATION_RULE: Interference.TIME,
}
"""The kind of interference that a rule is there for first of all."""


def described_trace(shape: Shape, title: str) -> Trace:
    """A platform, without a step."""
    written = shape.platform()
    links = tuple(
        (
            f"{one.backend} serves {one.frontend}",
            f"{'with' if one.grants else 'without'} grants, {'non-blocking' if one.nonblocking else 'blocking'}",
        )
        for one in written.links
    )
    return Trace(title, (*described(written), *links), ())


# --- A1 alone -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnderA1Alone(Theorem):
    """Where tightness needs A2: platforms whose broken rule keeps away a faulty backend in a SafeVM, and no UnsafeVM.

    By the document, whatever Xen does.
    """

    @property
    def policies(self) -> tuple[str, ...]:
        """None: it is about the document."""
        return ()

    def named(self, classes: Classes) -> None:
        """Named as they are found: by the backends without control on the offending links."""

    def look(self, sight: Sight, found: Search, classes: Classes) -> None:
        """Each FFI rule that a platform breaks with a trace under A2."""
        broken = sight.broken
        rules = [rule for rule in FFI_RULES if rule in broken]
        for rule in rules if rules and sight.composition.starts(sight.shape) else ():
            trace = vanishing(sight, rule, second_adversaries)
            if trace is None:
                continue
            alone = vanishing(sight, rule, first_adversaries) is not None
            kinds = [sight.shape.kinds[edge[0]] for edge in offending(sight, rule)]
            faulty = [one for one in kinds if Capability.CONTROL not in one.capabilities]
            # Full privileges do not go with grants: of memory, the Control Domain's own link says nothing.
            concerned = faulty if rule == MEMORY_RULE else kinds
            if alone is not (rule == CONTROL_RULE or _any_unsafe(concerned)):
                title = f"{rule}: {'a' if alone else 'no'} trace under A1 alone, with {_several(faulty)} as backends"
                found.counterexample = described_trace(sight.shape, title)
                return
            if not alone:
                found.relevant += 1
                self._count(sight, f"{rule}, {_several(faulty)}", trace, rule, classes)
                found.witness = found.witness or trace.told(sight, rule)

    def _count(self, sight: Sight, name: str, trace: Vanishing, rule: str, classes: Classes) -> None:
        classes.name(name, f"break {rule}, with a trace under A2 and none under A1 alone")
        if classes.add(name):
            classes.traces[name] = trace.told(sight, rule)


def _any_unsafe(kinds: list[Domain]) -> bool:
    return any(one.criticality is Criticality.UNSAFE for one in kinds)


def _several(kinds: list[Domain]) -> str:
    return " and ".join(sorted({kind_words(one) for one in kinds})) or "no backend without control"


CLAIMS = (
    Soundness(
        "soundness",
        "On every platform that the rules accept, no UnsafeVM and no backend without control changes the memory of another "
        "SafeVM, keeps one of its vCPUs from running, or stops, restarts or reconfigures it or the platform.",
        "the rules on each; every adversary's every operation and device access, from every arrangement; and what its links let "
        "it do",
    ),
    Tightness(
        "tightness",
        "Every platform that is rejected and can start breaks a rule of freedom from interference for a reason: it, or it with "
        "one more SafeVM, has an interference with memory, time or control that is gone when that rule is repaired. Exceptions: "
        "only structural rules are broken (E1), every backend concerned holds control (E2), the frontend concerned is a backend, "
        "and so an adversary, itself (E4).",
        "each rejected platform, with each broken rule of freedom from interference repaired alone",
    ),
    UnderA1Alone(
        "tightness_a1",
        "Where breaking a rule about frontends does harm, UnsafeVMs alone do it if a backend concerned is an UnsafeVM, and not "
        "if all backends concerned are SafeVMs: there the rule keeps away the fault of a SafeVM. An unsafe Control Domain "
        "always does it.",
        "each platform that breaks such a rule with a trace, by the document, with the UnsafeVMs alone as adversaries",
    ),
)
