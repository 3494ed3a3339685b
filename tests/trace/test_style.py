"""The rules of style: each finds what it is about and nothing else; on Xen's own tree three items open otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.trace.record import Item, Place, Tag
from sphinx_xenfusa.trace.style import RULES, WEAK_WORDS, XEN, Style, Suppression, check_style

XEN_TREE = Path(__file__).parents[3] / "shared" / "data" / "xen-docs-fusa"


def item(text: str, tag: str = "XenProd~a~1") -> Item:
    return Item(Tag.parse(tag), "T", text, Place("a.rst", 3), "oft")


def rules(text: str) -> list[str]:
    return [finding.message.partition(":")[0] for finding in check_style([item(text)], XEN).findings]


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("Xen shall run.", []),
        ("Xen shall\n  run, e.g. here.", []),
        ("Xen should run.", ["opening", "weak words"]),
        ("A domain shall run.", ["opening"]),
        ("Xenon shall run.", ["opening"]),
        ("Xen shallow.", ["opening"]),
        ("", ["opening"]),
        ("Xen shall run. Xen shall stop.", ["one thought"]),
        ("Xen shall run and shall stop.", ["one thought"]),
        ("Xen shall run. It then runs.", ["one thought"]),
        ("Xen shall run as far as possible.", ["weak words"]),
        ("Xen shall run fast and/or well.", ["weak words"]),
        ("Xen shall run in May_be mayday breakfast.", []),
    ],
)
def test_each_rule_finds_what_it_is_about(text: str, broken: list[str]) -> None:
    assert rules(text) == broken


@pytest.mark.parametrize("word", WEAK_WORDS)
def test_every_weak_word_is_found(word: str) -> None:
    (finding,) = check_style([item(f"Xen shall run {word.upper()} here.")], XEN).findings
    assert (finding.subtype, finding.place, finding.about) == ("style", Place("a.rst", 3), "XenProd~a~1")
    assert repr(word) in finding.message


def test_only_the_types_and_rules_that_are_named_are_looked_at() -> None:
    bad = item("It may. It should.", "XenTest~a~1")
    assert check_style([bad], XEN).findings == ()
    one_rule = Style(frozenset({"XenTest"}), ("one thought",))
    assert len(check_style([bad], one_rule).findings) == 1


def test_a_suppressed_finding_is_kept_with_its_reason() -> None:
    at = Place("style.yaml", 4)
    style = Style(XEN.types, tuple(RULES), (Suppression("XenProd~a~1", "opening", "Agreed.", at),))
    styled = check_style([item("It should run.")], style)
    assert [one.message.partition(":")[0] for one in styled.findings] == ["weak words"]
    (kept,) = styled.suppressed
    assert (kept.about, kept.reason, kept.suppressed_at) == ("XenProd~a~1", "Agreed.", at)


@pytest.mark.parametrize("tag", ["XenProd~a~2", "XenProd~b~1"])
def test_a_suppression_that_suppresses_nothing_is_a_finding(tag: str) -> None:
    style = Style(XEN.types, tuple(RULES), (Suppression(tag, "opening", "Agreed.", Place("style.yaml", 4)),))
    findings = check_style([item("It runs.")], style).findings
    assert [(one.place, one.about) for one in findings] == [
        (Place("a.rst", 3), "XenProd~a~1"),
        (Place("style.yaml", 4), tag),
    ]


@pytest.mark.shared
def test_on_xens_tree_exactly_three_items_open_otherwise() -> None:
    if not XEN_TREE.is_dir():
        pytest.skip(f"needs Xen's docs/fusa in {XEN_TREE}")
    items = scan([XEN_TREE], XEN_TREE).items
    assert len(items) == 61
    findings = check_style(items, XEN).findings
    assert sorted(one.about for one in findings if one.message.startswith("opening: ")) == [
        "XenProd~hyp_err_ret_val~1",
        "XenProd~vcpus~1",
        "XenSwdgn~arm64_generic_timer_plat_program_cntfrq_el0~1",
    ]
    assert [one for one in findings if not one.message.startswith("opening: ")] == []
