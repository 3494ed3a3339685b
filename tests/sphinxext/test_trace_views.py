"""A trace on a page: the chart and the table say what the trace says, all of it and nothing else."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from docutils import nodes
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.sphinxext import blocks, markup
from sphinx_xenfusa.sphinxext.fragments import html_of
from sphinx_xenfusa.sphinxext.trace_charts import fitted, lanes_and_rows, symbol
from sphinx_xenfusa.sphinxext.trace_views import contradictions, trace_nodes

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text></svg><script>alert(1)</script> & \"a\" 'b' --><img src=x onerror=alert(1)>"


@dataclass
class OnePage:
    """A page of a format, as far as a trace needs one."""

    format: str = "html"
    traces: Counter[str] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def builder(self) -> Any:
        return SimpleNamespace(format=self.format)

    def operation(self, name: str) -> nodes.Node:
        return nodes.literal("", name)

    def clause(self, words: str) -> list[nodes.Node]:
        return [nodes.Text(words)]

    def table(
        self, title: str, headings: Sequence[str], widths: Sequence[int], rows: Iterable[Any], *classes: str
    ) -> nodes.table:
        return blocks.table(title, headings, widths, rows, *classes, id=f"table-{next(self.numbers)}")


def svg_of(made: Sequence[nodes.Node]) -> ElementTree.Element:
    (drawing,) = (one for top in made for one in top.findall(markup.drawing))
    return ElementTree.fromstring(drawing["svg"])


def charted(trace: Trace) -> ElementTree.Element:
    return svg_of(trace_nodes(OnePage(), "Witness", trace))


def lines(svg: ElementTree.Element) -> list[list[str]]:
    """The words of each step of a chart."""
    return [[text.text or "" for text in row.iter(f"{SVG}text")] for row in svg.iter(f"{SVG}a")]


def lanes(svg: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in svg.iter(f"{SVG}text") if one.get("class") == "xenfusa-lane"]


def privileges(*steps: Step) -> Trace:
    domains = (("hw", "Hardware Domain, unsafe, running"), ("brakes", "DomU, safe, running"))
    return Trace("who may do what", domains, steps)


DESTROY = Step("hw", "XEN_DOMCTL_destroydomain", (("target", "brakes"),), "denied: EPERM (xsm)", (), "dummy.h:149")
ALLOWED = Step(
    "hw",
    "XEN_DOMCTL_destroydomain",
    (("target", "brakes"),),
    "allowed",
    (Change("brakes: life-cycle", "running", "destroyed"), Change("platform: power", "up", "down")),
    "dummy.h:149",
)
DMA = Step("hw", "DMA write by a device of the caller", (("target", "brakes"),), "allowed", (), "x.c:1")


def test_what_is_refused_stops_at_xen_and_what_is_let_through_goes_on() -> None:
    refused, through = lanes_and_rows(privileges(DESTROY, ALLOWED))[1]
    assert (refused.through, refused.to, refused.owners) == ("Xen", "", ())
    assert (through.through, through.to, through.owners) == ("Xen", "brakes", ("brakes", "platform"))


def test_lanes_are_who_acts_then_xen_then_whom_it_is_about() -> None:
    assert lanes(charted(privileges(DESTROY, ALLOWED))) == ["hw", "Xen", "brakes", "platform"]


def test_a_target_that_nothing_was_reached_of_has_no_lane() -> None:
    assert lanes(charted(privileges(DESTROY))) == ["hw", "Xen"]


def test_what_a_device_does_is_not_asked_of_xen() -> None:
    assert lanes(charted(privileges(DMA))) == ["hw", "brakes"]


@pytest.mark.parametrize("target", ["DOMID_SELF", "unknown domid", "none", ""])
def test_a_target_that_the_trace_does_not_tell_of_is_not_made_a_party(target: str) -> None:
    step = Step("hw", "XEN_DOMCTL_destroydomain", (("target", target),), "allowed", (), "")
    assert lanes(charted(privileges(step))) == ["hw", "Xen"]


def test_a_model_without_targets_has_a_lane_for_each_party_alone() -> None:
    steps = (
        Step("driver", "place", (("slot", "0"),), "taken", (Change("driver", "idle", "placed"),), "2.7"),
        Step("hostile device", "forge", (("to", "driver"),), "taken", (Change("used[0]", "0", "1"),), "2.8"),
    )
    trace = Trace("a ring", (("driver", "idle"), ("used[0]", "0")), steps)
    assert lanes(charted(trace)) == ["driver", "hostile device"]


def test_who_cannot_call_asks_nobody() -> None:
    step = Step("brakes", "SCHEDOP_yield", (), "impossible: brakes is destroyed", (), "")
    assert lanes(charted(privileges(step))) == ["brakes"]


def test_an_outcome_has_a_symbol_and_its_words_and_none_looks_like_a_pass() -> None:
    assert lines(charted(privileges(DESTROY, ALLOWED, DMA))) == [
        ["1 XEN_DOMCTL_destroydomain", "⊘ denied: EPERM (xsm)"],
        ["2 XEN_DOMCTL_destroydomain", "⇒ allowed ◆ 2 changed"],
        [fitted("3 DMA write by a device of the caller", 238), "⇒ allowed"],
    ]
    assert "✓" not in {symbol(words) for words in ("allowed", "denied: EPERM", "failed: EINVAL", "taken", "done", "")}
    assert symbol("allowed by mistake") == symbol("deniedx") == "•"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60)
NAMES = st.one_of(WORDS, st.sampled_from(["hw", "brakes", "Xen", "platform", "XEN_DOMCTL_destroydomain", HOSTILE]))
STEPS = st.builds(
    Step,
    NAMES,
    NAMES,
    st.lists(st.tuples(st.sampled_from(["target", "domain", "x"]), NAMES), max_size=3).map(tuple),
    st.one_of(WORDS, st.sampled_from(["allowed", "denied: EPERM", "failed: EINVAL", "impossible: x is down"])),
    st.lists(st.builds(Change, st.one_of(NAMES, NAMES.map(lambda one: f"{one}: field")), WORDS, WORDS), max_size=4).map(
        tuple
    ),
    WORDS,
)
TRACES = st.builds(
    Trace, WORDS, st.lists(st.tuples(NAMES, WORDS), max_size=5).map(tuple), st.lists(STEPS, max_size=6).map(tuple)
)


@settings(max_examples=40)
@given(TRACES)
def test_every_step_party_and_change_is_there_and_nothing_else(trace: Trace) -> None:
    made = trace_nodes(OnePage(), "Witness", trace)
    rows = [one for top in made for body in top.findall(nodes.tbody) for one in body.children]
    assert len(rows) == len(trace.steps)
    for number, (row, step) in enumerate(zip(rows, trace.steps, strict=True), 1):
        told = [cell.astext() for cell in row.children]
        action = "\n\n".join([step.action, *(f"{name}: {value}" for name, value in step.parameters)])
        changed = [f"{one.field}: {one.before} → {one.after}" for one in step.changed] or ["nothing"]
        assert told == [str(number), step.party, action, step.outcome, "\n\n".join(changed), step.clause]
    if not trace.steps:
        assert not [one for top in made for one in top.findall(markup.drawing)]
        return
    svg = svg_of(made)
    assert len(lines(svg)) == len(trace.steps)
    known = {name for name, _ in trace.initial} | {"Xen", "platform"}
    drawn, _ = lanes_and_rows(trace)
    assert {step.party for step in trace.steps} <= set(drawn)
    assert set(drawn) - {step.party for step in trace.steps} <= known
    assert len(drawn) == len(set(drawn)) == len(lanes(svg))


@settings(max_examples=40)
@given(TRACES)
def test_no_text_of_a_trace_is_markup(trace: Trace) -> None:
    page = html_of(trace_nodes(OnePage(), "Witness", trace))
    parsed = ElementTree.fromstring(f"<div>{page}</div>")
    allowed = "div p strong dl dt dd span table caption colgroup col thead tbody tr th td code a svg title desc text rect path"
    assert {one.tag.rpartition("}")[2] for one in parsed.iter()} <= {*allowed.split(), "wbr"}
    ids = [one.get("id") for one in parsed.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    links = {one.get("href", "").removeprefix("#") for one in parsed.iter() if one.get("href")}
    assert links <= set(ids)
    assert not any(key.startswith("on") for one in parsed.iter() for key in one.attrib)


def test_a_name_that_is_too_long_is_shortened_in_the_middle_and_told_whole() -> None:
    long = "domain_with_a_very_long_name_" * 4 + "no_7"
    svg = charted(Trace("long", ((long, "DomU"),), (Step(long, long, (), "allowed", (), ""),)))
    (lane,) = (one for one in svg.iter(f"{SVG}text") if one.get("class") == "xenfusa-lane")
    short = lane.text or ""
    assert len(short) < 25
    assert (short[:5], short[-4:]) == ("domai", "no_7")
    assert "…" in short
    assert lane.findtext(f"{SVG}title") == long
    assert float(svg.get("width", "0")) < 420


def test_a_long_trace_has_a_row_for_each_step_and_its_size_grows_with_them_only() -> None:
    def size(number: int) -> int:
        steps = tuple(Step(f"party {n % 12}", f"act {n % 7}", (), "taken", (), "") for n in range(number))
        svg = charted(Trace("long", (), steps))
        assert len(lines(svg)) == number
        return len(ElementTree.tostring(svg))

    assert size(800) < 2.2 * size(400)


def test_the_same_trace_twice_on_a_page_has_two_names_and_the_first_is_the_same_on_each() -> None:
    page, trace = OnePage(), privileges(ALLOWED)
    first, second = trace_nodes(page, "Witness", trace), trace_nodes(page, "Counterexample", trace)
    (other,) = trace_nodes(OnePage(), "Witness", trace)
    names = [made[0]["ids"][0] for made in (first, second)]
    assert names[1] == f"{names[0]}-2"
    assert other["ids"][0] == names[0]
    (changed,) = trace_nodes(OnePage(), "Witness", privileges(DESTROY))
    assert changed["ids"][0] != names[0]


def test_in_other_formats_there_is_the_table_alone() -> None:
    (made,) = trace_nodes(OnePage("latex"), "Witness", privileges(ALLOWED))
    assert not list(made.findall(markup.drawing))
    assert not list(made.findall(nodes.reference))
    assert "life-cycle: running → destroyed" in made.astext()


def test_a_trace_that_contradicts_itself_is_told_to() -> None:
    initial = (("x", "0"), ("offer", "a"), ("offer", "b"))
    first = Step(
        "a", "act", (), "taken", (Change("x", "0", "1"), Change("offer", "c", "d"), Change("new", "5", "6")), ""
    )
    second = Step("a", "act", (), "taken", (Change("x", "2", "3"), Change("new", "6", "7")), "")
    trace = Trace("t", initial, (first, second))
    assert list(contradictions(trace)) == ["step 2 says that x was 2; what is told before it says 1"]
    assert "this trace contradicts itself: step 2 says that x was 2" in trace_nodes(OnePage(), "W", trace)[0].astext()
    whole = Trace("t", initial, (first,))
    assert "contradicts" not in trace_nodes(OnePage(), "W", whole)[0].astext()


def test_a_trace_without_steps_is_told_without_a_chart() -> None:
    made = trace_nodes(OnePage(), "Witness", Trace("it stands so", (("x", "0"),), ()))
    assert [one.astext() for one in made] == ["Witness: it stands so", "x\n\n0"]
