"""A field that tells of a domain by its position tells of it by its name, where the trace has one."""

from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.trace.named_domains import with_names

DOMAINS = (("hw", "Hardware Domain, unsafe, running"), ("brakes", "DomU, safe, running"))


def trace(*fields: str, first: tuple[tuple[str, str], ...] = DOMAINS) -> Trace:
    changed = tuple(Change(field, "no", "yes") for field in fields)
    return Trace("t", first, (Step("hw", "does", (), "allowed", changed, "x.c:1"),))


def fields(told: Trace) -> list[str]:
    return [change.field for step in told.steps for change in step.changed]


def test_a_position_has_the_name_that_stands_there_at_first() -> None:
    told = with_names(trace("hw: mapped by domain 1", "platform: read by domain 0", "hw: life-cycle"))
    assert fields(told) == ["hw: mapped by brakes", "platform: read by hw", "hw: life-cycle"]


def test_a_position_without_a_name_stays() -> None:
    assert fields(with_names(trace("hw: mapped by domain 2"))) == ["hw: mapped by domain 2"]
    arranged = (*DOMAINS, ("arranged", "brakes offers hw a page"), ("late", "DomU, safe, running"))
    assert fields(with_names(trace("hw: read by domain 2", first=arranged))) == ["hw: read by domain 2"]
    assert with_names(trace("by domain 0 and more")) == trace("by domain 0 and more")
