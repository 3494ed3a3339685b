from __future__ import annotations

import dataclasses
import hashlib
import textwrap
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.trace.fingerprint import fingerprint, normalise
from sphinx_xenfusa.trace.record import Item, Place, Tag
from sphinx_xenfusa.trace.states import ItemKind, OftStatus

ITEM = Item(
    tag=Tag("XenArch", "hwdom_single", 1),
    title="One Hardware Domain",
    text="A platform shall have at most one Hardware Domain, é.",
    place=Place("roles.rst", 10),
    origin="directive",
    kind=ItemKind.RULE,
)


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(
    st.lists(st.text(alphabet="abcé.,()'", min_size=1, max_size=12), min_size=1, max_size=40),
    st.integers(min_value=12, max_value=60),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n   ", "\u00a0", "\t"]),
    st.sampled_from(["NFC", "NFD"]),
)
def test_reflow_changes_no_fingerprint(words: list[str], width: int, end: str, form: Any) -> None:
    wrapped = end.join(textwrap.wrap(" ".join(words), width, break_long_words=False, break_on_hyphens=False))
    flat = dataclasses.replace(ITEM, text=" ".join(words))
    reflowed = dataclasses.replace(ITEM, text="\ufeff" + unicodedata.normalize(form, wrapped) + end)
    assert fingerprint(flat) == fingerprint(reflowed)


@given(st.text(alphabet="ab c\n\u200b"), st.text(alphabet="ab c\n\u200b"))
def test_other_words_give_another_fingerprint(one: str, other: str) -> None:
    same = fingerprint(dataclasses.replace(ITEM, text=one)) == fingerprint(dataclasses.replace(ITEM, text=other))
    assert same == (normalise(one) == normalise(other))


@pytest.mark.parametrize(
    "change",
    [
        {"tag": Tag("XenProd", "hwdom_single", 1)},
        {"tag": Tag("XenArch", "hwdom_double", 1)},
        {"kind": ItemKind.RECOMMENDATION},
        {"kind": None},
        {"title": "Two Hardware Domains"},
        {"text": "A platform shall have at most two Hardware Domains."},
        {"text": ITEM.text.upper()},
        {"title": "", "text": f"{ITEM.title} {ITEM.text}"},
    ],
    ids=str,
)
def test_what_binds_is_in_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(dataclasses.replace(ITEM, **change)) != fingerprint(ITEM)


@pytest.mark.parametrize(
    "change",
    [
        {"tag": Tag("XenArch", "hwdom_single", 2)},
        {"place": Place("other.rst", 99)},
        {"origin": "overlay"},
        {"comment": "Seen in review."},
        {"rationale": "Two would make ownership ambiguous."},
        {"owner": "the integrator"},
        {"discharge": "a check of the configuration"},
        {"source": "Hardware Domain"},
        {"covers": ("XenProd~a~1",)},
        {"needs": ("XenTest",)},
        {"confirmed_by": ("claim",)},
        {"oft_status": OftStatus.DRAFT},
    ],
    ids=str,
)
def test_what_only_explains_or_places_is_not(change: dict[str, Any]) -> None:
    assert fingerprint(dataclasses.replace(ITEM, **change)) == fingerprint(ITEM)


def test_the_fingerprint_is_fixed() -> None:
    # Changing these bytes makes every stored baseline and cache of every user stale.
    fields = (
        b'["XenArch","hwdom_single","rule","One Hardware Domain",'
        b'"A platform shall have at most one Hardware Domain, \\u00e9."]'
    )
    assert fingerprint(ITEM) == hashlib.sha256(fields).hexdigest()
