"""The families of pages of claims and of policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sphinx_xenfusa.sphinxext.claim_evidence import AllEvidence, ClaimEvidence
from sphinx_xenfusa.sphinxext.claim_places import (
    CLAIM_LIST,
    CLAIMS,
    POLICIES,
    POLICY_LIST,
    page_of_claim,
    page_of_policy,
)
from sphinx_xenfusa.sphinxext.claim_views import LIST_TITLE as CLAIM_LIST_TITLE
from sphinx_xenfusa.sphinxext.claim_views import claim_body
from sphinx_xenfusa.sphinxext.claim_views import list_body as claim_list_body
from sphinx_xenfusa.sphinxext.evidence_pages import GeneratedPage
from sphinx_xenfusa.sphinxext.policy_views import LIST_TITLE as POLICY_LIST_TITLE
from sphinx_xenfusa.sphinxext.policy_views import list_body as policy_list_body
from sphinx_xenfusa.sphinxext.policy_views import policy_body, title_of
from sphinx_xenfusa.sphinxext.views import Views

_ABOVE_CLAIM = [(CLAIM_LIST, CLAIM_LIST_TITLE)]
_ABOVE_POLICY = [(POLICY_LIST, POLICY_LIST_TITLE)]


class ClaimPages:
    """A list of the claims, and a page for each."""

    folder = CLAIMS

    def __init__(self, all_of: AllEvidence) -> None:
        self._all = all_of

    def depends(self) -> Sequence[object]:
        """What the pages of all claims show."""
        return sorted(self._all.digests.items()), self._all.without_page

    def pages(self, views: Callable[[], Views]) -> Iterator[GeneratedPage]:
        """The list, then the claims; nothing where no requirement names one."""
        if not self._all.claims:
            return
        yield GeneratedPage(
            CLAIM_LIST,
            CLAIM_LIST_TITLE,
            self.depends(),
            lambda: claim_list_body(views(), CLAIM_LIST, self._all),
        )
        for one in self._all.claims:
            yield self._page(views, one)

    def _page(self, views: Callable[[], Views], one: ClaimEvidence) -> GeneratedPage:
        name = page_of_claim(one.id)
        return GeneratedPage(
            name,
            f"Claim {one.id}",
            (self._all.digests[one.id],),
            lambda: claim_body(views(), name, one, self._all),
            _ABOVE_CLAIM,
            f"{one.id} {one.says}",
        )


class PolicyPages:
    """The policies side by side, and a page for each."""

    folder = POLICIES

    def __init__(self, all_of: AllEvidence) -> None:
        self._all = all_of

    def depends(self) -> Sequence[object]:
        """What the pages of all claims show, and whose review the register is."""
        register = self._all.register
        return sorted(self._all.digests.items()), register.xen_commit, register.reviewer, register.date

    def pages(self, views: Callable[[], Views]) -> Iterator[GeneratedPage]:
        """The comparison, then the policies; nothing where no requirement names a claim."""
        if not self._all.claims:
            return
        yield GeneratedPage(
            POLICY_LIST,
            POLICY_LIST_TITLE,
            self.depends(),
            lambda: policy_list_body(views(), POLICY_LIST, self._all),
        )
        for policy in self._all.record.policies:
            yield self._page(views, policy)

    def _page(self, views: Callable[[], Views], policy: str) -> GeneratedPage:
        name = page_of_policy(policy)
        return GeneratedPage(
            name,
            title_of(policy),
            self.depends(),
            lambda: policy_body(views(), name, policy, self._all),
            _ABOVE_POLICY,
            f"{policy} policy divergence",
        )
