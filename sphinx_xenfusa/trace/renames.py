"""Which removed item may be which new one under another name: candidates, by the likeness of their texts.

First items of exactly the same kind, title, text and level; then those whose texts share most of their three-word
sequences.  Only items that share a sequence that few have are held against each other, which keeps the time linear in
the number of items.  Both directions give the same pairs.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product

from sphinx_xenfusa.trace.canonical import NaturalKey, natural
from sphinx_xenfusa.trace.fingerprint import normalise
from sphinx_xenfusa.trace.snapshot import Entry

LEAST_LIKENESS = 0.5
"""The share of three-word sequences that two texts must have in common (of all that either has)."""
MOST_SHARED_BY = 12
"""A sequence that more items on one side have singles out none of them."""
MOST_WORDS = 2_000
"""Words of an item that are looked at."""

Pair = tuple[Entry, Entry]


def renamed(removed: Sequence[Entry], new: Sequence[Entry]) -> dict[str, tuple[Entry, Entry, float]]:
    """The pairs by the id of the removed item, each with its likeness, from 0 to 1; each item is in one pair at most."""
    pairs: dict[str, tuple[Entry, Entry, float]] = {}
    for before, after in _same_words(removed, new):
        pairs[before.id] = (before, after, 1.0)
    taken = {after.id for _, after, _ in pairs.values()}
    rest = [one for one in removed if one.id not in pairs]
    for before, after, likeness in _alike(rest, [one for one in new if one.id not in taken]):
        if before.id not in pairs and after.id not in taken:
            pairs[before.id] = (before, after, likeness)
            taken.add(after.id)
    return pairs


def _same_words(removed: Sequence[Entry], new: Sequence[Entry]) -> Iterable[Pair]:
    """Items that say the same under two names, the first of each with the first, in the order of names."""
    buckets: defaultdict[tuple[str, bytes], tuple[list[Entry], list[Entry]]] = defaultdict(lambda: ([], []))
    for side, entries in enumerate((removed, new)):
        for entry in entries:
            if normalise(entry.text) or normalise(entry.title):
                buckets[entry.type, _said(entry)][side].append(entry)
    for before, after in buckets.values():
        yield from zip(sorted(before, key=_order), sorted(after, key=_order), strict=False)


def _order(entry: Entry) -> NaturalKey:
    return natural(entry.id)


def _said(entry: Entry) -> bytes:
    parts = (entry.kind, normalise(entry.title), normalise(entry.text), normalise(entry.level))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


def _alike(removed: Sequence[Entry], new: Sequence[Entry]) -> list[tuple[Entry, Entry, float]]:
    """Pairs whose texts are alike, the most alike first; whichever is called removed, the order is the same."""
    before, after = [_shingles(one) for one in removed], [_shingles(one) for one in new]
    holders: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, all_shingles in enumerate((before, after)):
        for number, shingles in enumerate(all_shingles):
            for shingle in shingles:
                holders[shingle][side].append(number)
    likely = {
        pair
        for old, fresh in holders.values()
        if len(old) <= MOST_SHARED_BY and len(fresh) <= MOST_SHARED_BY
        for pair in product(old, fresh)
    }
    found = []
    for old_one, new_one in likely:
        likeness = len(before[old_one] & after[new_one]) / len(before[old_one] | after[new_one])
        if likeness >= LEAST_LIKENESS:
            found.append((removed[old_one], new[new_one], likeness))
    return sorted(found, key=lambda one: (-one[2], sorted((natural(one[0].id), natural(one[1].id)))))


def _shingles(entry: Entry) -> frozenset[int]:
    """The three-word sequences of title and text, as numbers that do not depend on the process."""
    words = f"{normalise(entry.title)} {normalise(entry.text)}".casefold().split()[:MOST_WORDS]
    sequences = {" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))} if words else set()
    return frozenset(
        int.from_bytes(hashlib.blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        for one in sequences
    )
