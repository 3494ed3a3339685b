"""The links of a record by the items at their ends.

A link that names another revision than there is belongs to the items of that type and name, because it was meant for one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sphinx_xenfusa.trace.record import Link


@dataclass(frozen=True)
class Around:
    """The links between items; those from claims and tests stand with the item itself.

    :param outgoing: by the tag that covers.
    :param incoming: by the tag that is covered; a link to a revision that there is not, by every revision that there is.
    """

    outgoing: Mapping[str, Sequence[Link]]
    incoming: Mapping[str, Sequence[Link]]

    @classmethod
    def of(cls, links: Iterable[Link], tags: Iterable[str]) -> Around:
        """Of all links of a record.

        :param tags: of the items.
        """
        revisions: defaultdict[str, list[str]] = defaultdict(list)
        for tag in dict.fromkeys(tags):
            revisions[tag.rpartition("~")[0]].append(tag)
        outgoing: defaultdict[str, list[Link]] = defaultdict(list)
        incoming: defaultdict[str, list[Link]] = defaultdict(list)
        for link in links:
            if link.type == "covers":
                outgoing[link.source].append(link)
                meant = revisions.get(link.target.rpartition("~")[0], ())
                for tag in [link.target] if link.target in meant else meant:
                    incoming[tag].append(link)
        return cls(dict(outgoing), dict(incoming))

    def links(self, tag: str) -> tuple[Link, ...]:
        """The links from and to an item."""
        return (*self.outgoing.get(tag, ()), *self.incoming.get(tag, ()))
