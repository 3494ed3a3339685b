"""What the record knows of claims, gathered claim by claim once for all of their pages."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.confirm.register import Register
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.survivors import Killing
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.sphinxext.claim_places import claims_with_pages
from sphinx_xenfusa.sphinxext.digests import digest
from sphinx_xenfusa.trace.assemble import SPECIFICATION
from sphinx_xenfusa.trace.canonical import natural
from sphinx_xenfusa.trace.record import TracedItem, TraceRecord
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, Result, worst

_PLACE = {result: place for place, result in enumerate(Result)}


@dataclass(frozen=True, slots=True)
class ClaimEvidence:
    """One claim, with everything that its page shows.

    :param says: what is claimed; empty where no installed package offers the claim.
    :param items: the requirements that name it.
    :param verdicts: those on it, in the order of the policies.
    :param killing: what it does to the mutants of the model; ``None`` where the mutation record tells nothing of it.
    :param result: what it comes to under the policies that count.
    """

    id: str
    says: str
    items: tuple[TracedItem, ...]
    verdicts: tuple[Verdict, ...]
    killing: Killing | None
    result: Result

    @property
    def order(self) -> tuple[int, int, object]:
        """Worst first: under the policies that count, then under any, then by name."""
        anywhere = worst([self.result, *(RESULT_OF_VERDICT[one.kind] for one in self.verdicts)])
        return _PLACE[self.result], _PLACE[anywhere], natural(self.id)


@dataclass(frozen=True)
class AllEvidence:
    """The claims that have a page.

    :param words: what each installed claim says.
    :param places: document and title of each item.
    :param named: what the traces name, with where it is described.
    """

    record: TraceRecord
    words: Mapping[str, str]
    register: Register
    places: Mapping[str, tuple[str, str]]
    named: Sequence[object] = ()

    @classmethod
    def of(
        cls,
        record: TraceRecord,
        claims: Mapping[str, Claim],
        register: Register,
        places: Mapping[str, tuple[str, str]],
        named: Sequence[object] = (),
    ) -> AllEvidence:
        """What is known of the claims of a build."""
        names = claims_with_pages(record)
        return cls(record, {name: claims[name].says for name in names if name in claims}, register, places, named)

    @functools.cached_property
    def claims(self) -> Sequence[ClaimEvidence]:
        """The claims, worst first."""
        names = claims_with_pages(self.record)
        items: dict[str, list[TracedItem]] = {name: [] for name in names}
        for traced in self.record.items:
            for name in dict.fromkeys(traced.item.confirmed_by):
                items[name].append(traced)
        verdicts: dict[str, list[Verdict]] = {name: [] for name in names}
        for verdict in self.record.verdicts:
            if verdict.claim in verdicts:
                verdicts[verdict.claim].append(verdict)
        mutants = self.record.mutants
        killings = {one.claim: one for one in mutants.claims} if mutants is not None else {}
        places = {policy: place for place, policy in enumerate((None, *self.record.policies))}
        made = []
        for name in names:
            ordered = sorted(verdicts[name], key=lambda one: places.get(one.policy, len(places)))
            result = self._result(ordered)
            found = tuple(items[name]), tuple(ordered), killings.get(name)
            made.append(ClaimEvidence(name, self.words.get(name, ""), *found, result))
        return sorted(made, key=lambda one: one.order)

    def _result(self, verdicts: Sequence[Verdict]) -> Result:
        counted = [RESULT_OF_VERDICT[one.kind] for one in verdicts if self.counts(one.policy)]
        return worst(counted) if counted else Result.NOT_RUN

    def counts(self, policy: str | None) -> bool:
        """Whether a policy counts for the state of a requirement."""
        return policy in (None, SPECIFICATION, self.record.target_policy)

    @functools.cached_property
    def digests(self) -> Mapping[str, str]:
        """A digest of what the page of each claim shows, by the claim's id."""
        record = self.record
        around = record.project, record.version, record.documented, record.policies, record.target_policy
        common = digest(*around, self.named, record.confirm_mode, self.register.divergences, record.mutants is None)
        return {one.id: digest(common, *self._shown(one)) for one in self.claims}

    def _shown(self, one: ClaimEvidence) -> tuple[object, ...]:
        items = [
            (str(traced.item.tag), traced.item.title, traced.item.source, traced.item.place, traced.result)
            for traced in one.items
        ]
        places = [self.places.get(tag) for tag, *_ in items]
        # What a verdict says of single mutants, and how long it took, is on no page.
        verdicts = [verdict.to_json() for verdict in one.verdicts]
        return one.says, items, places, verdicts, one.killing

    @functools.cached_property
    def of_policies(self) -> Mapping[str, Sequence[tuple[ClaimEvidence, Verdict]]]:
        """The verdicts on these claims by policy, worst first; those that depend on no policy stand under none."""
        found: dict[str, list[tuple[ClaimEvidence, Verdict]]] = {policy: [] for policy in self.record.policies}
        for one in self.claims:
            for verdict in one.verdicts:
                if verdict.policy in found:
                    found[verdict.policy].append((one, verdict))
        for several in found.values():
            several.sort(key=lambda pair: (_PLACE[RESULT_OF_VERDICT[pair[1].kind]], natural(pair[0].id)))
        return found

    @property
    def whatever_the_policy(self) -> Sequence[tuple[ClaimEvidence, Verdict]]:
        """The verdicts on claims that depend on no policy."""
        return [(one, verdict) for one in self.claims for verdict in one.verdicts if verdict.policy is None]

    @functools.cached_property
    def without_page(self) -> Sequence[str]:
        """The claims that have no page: no requirement names them, and they did not run or broke."""
        shown = {one.id for one in self.claims}
        return sorted({one.claim for one in self.record.verdicts} - shown)
