"""Scenarios in YAML."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.effects import Life, Offered
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.scenario import Expectation, Fault, Lived, Offering, Outcome, OutcomeKind, Scenario, Target
from sphinx_xenfusa.platforms.platform_yaml import platform_from_yaml
from sphinx_xenfusa.platforms.scenario_yaml import scenario_from_yaml, schema

PLATFORM = platform_from_yaml(
    "domains: [{name: hw, roles: [hardware], criticality: unsafe}, {name: brake, criticality: safe}]", "p.yaml"
)
EXAMPLE = """\
platform: small
given:
  - {domain: brake, offers: page, to: hw}
  - {domain: brake, is: paused}
steps:
  - who: hw
    does: XEN_DOMCTL_pausedomain
    to: brake
    faults: [wrong version]
    expect: denied EACCES
    changes: {}
  - who: hw
    does: SCHEDOP_shutdown
    with: poweroff
    expect: allowed
    changes: {hw: {life-cycle: shut down, restarted: no}}
    under:
      dummy:
        expect: allowed
        changes: {platform: {power: down}}
      specification: fails
    note: the machine goes down
"""


def read(text: str, first_line: int = 1) -> Scenario:
    return scenario_from_yaml(text, "page.rst", first_line, platforms={"small": PLATFORM}, unusable={"bad": "a riddle"})


def test_the_example() -> None:
    scenario = read(EXAMPLE, 101)
    assert (scenario.platform, scenario.platform_id) == (PLATFORM, "small")
    assert scenario.given == (Offering(Offered.PAGE, 1, 0), Lived(1, Life.PAUSED))
    first, second = scenario.steps
    assert (first.who, first.operation.name, first.target, first.whom) == (
        0,
        "XEN_DOMCTL_pausedomain",
        Target.DOMAIN,
        1,
    )
    assert first.faults == {Fault.WRONG_VERSION}
    assert first.expected == Expectation(Outcome(OutcomeKind.DENIED, Code.EACCES), ())
    assert (second.target, second.argument, second.line, second.note) == (
        Target.NONE,
        "poweroff",
        112,
        "the machine goes down",
    )
    allowed = Outcome(OutcomeKind.ALLOWED, Code.SUCCESS)
    own = (("hw", "life-cycle", "shut down"), ("hw", "restarted", "no"))
    assert second.expected_under("silo") == Expectation(allowed, own)
    assert second.expected_under("dummy") == Expectation(allowed, (("platform", "power", "down"),))
    assert second.expected_under("specification") == Expectation(Outcome(OutcomeKind.FAILS))
    assert scenario.policies == ("dummy", "specification")


def test_targets_that_are_no_domain() -> None:
    step = "{who: hw, does: XEN_DOMCTL_pausedomain, to: %s, expect: denied}"
    text = "platform: small\nsteps:\n  - " + "\n  - ".join(step % word for word in ("DOMID_SELF", "unknown domid"))
    assert [(one.target, one.whom) for one in read(text).steps] == [(Target.DOMID_SELF, 0), (Target.UNKNOWN, 0)]


def test_a_platform_written_out() -> None:
    text = """\
platform:
  domains:
    - {name: hw, criticality: unsafe}
steps:
  - {who: hw, does: SCHEDOP_yield, expect: allowed}
"""
    scenario = read(text)
    assert (scenario.platform_id, [one.name for one in scenario.platform.domains]) == ("", ["hw"])
    with pytest.raises(InputError, match=r"^page.rst:13: found the text 'save' at domains\[0\].criticality"):
        read(text.replace("unsafe", "save"), 11)
    with pytest.raises(InputError, match=r"^page.rst:13: found the unknown key 'rolls' at domains\[0\]"):
        read(text.replace("name: hw,", "name: hw, rolls: [],"), 11)


@pytest.mark.parametrize(
    ("old", "new", "line", "found", "expected"),
    [
        ("small", "smal", 1, "the platform 'smal', which is not there (did you mean small?)", "the id of a platform"),
        ("small", "bad", 1, "the platform 'bad', a riddle", "a platform"),
        ("small", "[]", 1, "a list of 0 at platform", "text or a mapping"),
        ("offers: page, to: hw", "offers: page", 3, "'offers' without 'to'", "both"),
        ("is: paused", "is: paused, to: hw", 4, "'to' without 'offers'", "both"),
        ("is: paused", "is: paused, offers: page, to: hw", 4, "both 'is' and 'offers'", "one of the two"),
        (", is: paused", "", 4, "neither 'is' nor 'offers'", "one of the two"),
        ("is: paused", "is: pausd", 4, "the text 'pausd' at given[1].is (did you mean paused?)", "one of paused,"),
        ("domain: brake, is", "domain: brak, is", 4, "the domain 'brak' (did you mean brake?)", "one of hw, brake"),
        ("to: hw}", "to: hv}", 3, "the domain 'hv'", "one of hw, brake (a scenario)"),
        ("who: hw", "who: hv", 6, "the domain 'hv'", "one of hw, brake (a scenario)"),
        ("to: brake\n", "to: brak\n", 8, "the domain 'brak' (did you mean brake?)", "one of hw, brake"),
        ("    to: brake\n", "", 6, "no key 'to' for XEN_DOMCTL_pausedomain", "to: the target of the operation"),
        ("with: poweroff", "with: poweroff\n    to: hw", 15, "a target for SCHEDOP_shutdown", "takes no target"),
        ("with: poweroff", "with: powerof", 14, "the argument 'powerof' (did you mean poweroff?)", "one of poweroff,"),
        ("    with: poweroff\n", "", 12, "no key 'with' for SCHEDOP_shutdown", "with: one of poweroff,"),
        ("to: brake\n", "to: brake\n    with: x\n", 9, "an argument for XEN_DOMCTL_pausedomain", "none"),
        ("pausedomain", "pausdomain", 7, "(did you mean XEN_DOMCTL_pausedomain?)", "an operation of the catalogue"),
        ("denied EACCES", "denied EACCESS", 10, "the error 'EACCESS' (did you mean EACCES?)", "one of EPERM,"),
        ("denied EACCES", "refused", 10, "the text 'refused' at steps[0].expect", "allowed, denied CODE, fails CODE"),
        ("dummy:", "dumy:", 18, "the policy 'dumy' (did you mean dummy?)", "one of specification, dummy"),
        (
            "specification: fails",
            "specification: []",
            21,
            "a list of 0 at steps[1].under.specification",
            "an outcome, or",
        ),
        ("{hw: {life-cycle", "{hv: {life-cycle", 16, "changes of 'hv'", "platform, or one of hw, brake"),
        ("changes: {}", "changed: {}", 11, "the unknown key 'changed' at steps[0] (did you mean changes?)", "one of"),
        (
            "XEN_DOMCTL_pausedomain",
            "XEN_DOMCTL_irq_permission",
            7,
            "on a platform of architecture arm",
            "exists on x86",
        ),
    ],
)
def test_refused_with_line_and_words(old: str, new: str, line: int, found: str, expected: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(InputError) as caught:
        read(EXAMPLE.replace(old, new, 1), 101)
    message = str(caught.value)
    place, _, rest = message.partition(": found ")
    assert found in rest.partition("; expected ")[0], message
    assert expected in rest.partition("; expected ")[2], message
    assert place == f"page.rst:{100 + line}", message


def test_a_wrong_version_needs_a_version() -> None:
    text = "platform: small\nsteps:\n  - {who: hw, does: SCHEDOP_yield, faults: [wrong version], expect: allowed}\n"
    with pytest.raises(InputError, match=r"^page.rst:3: found a wrong version for SCHEDOP_yield"):
        read(text)


def test_no_domain_stands_for_the_platform() -> None:
    text = (
        "platform: {domains: [{name: platform, criticality: safe}]}\nsteps: [{who: platform, does: x, expect: allowed}]"
    )
    with pytest.raises(InputError, match=r"^page.rst:1: found a domain named 'platform'"):
        read(text)


VOCABULARY = """platform given steps who does to with faults expect changes under note small bad hw brake is offers page
paused denied allowed fails EPERM dummy SCHEDOP_yield XEN_DOMCTL_pausedomain DOMID_SELF domains name criticality"""
WORDS = st.sampled_from(VOCABULARY.split())
VALUES = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=20,
)
STEPS = st.fixed_dictionaries(
    {"who": WORDS, "does": WORDS, "expect": WORDS},
    optional={"to": WORDS, "changes": VALUES, "under": VALUES, "faults": VALUES},
)
NEARLY = st.fixed_dictionaries({"platform": st.just("small") | VALUES, "steps": st.lists(STEPS, max_size=3) | VALUES})


def one_scenario_or_one_error(text: str) -> None:
    try:
        scenario = read(text)
    except InputError as error:
        assert error.found
        assert error.expected
        assert error.line is None or error.line >= 1
    else:
        assert scenario.steps


@given(st.text())
def test_any_text_is_a_scenario_or_one_error(text: str) -> None:
    one_scenario_or_one_error(text)


@given(NEARLY | VALUES)
def test_anything_that_looks_like_one_is_a_scenario_or_one_error(data: object) -> None:
    one_scenario_or_one_error(json.dumps(data))


def test_the_schema_is_a_schema_and_says_the_words_of_the_model() -> None:
    jsonschema_rs.meta.validate(schema())
    text = json.dumps(schema())
    assert all(f'"{word.value}"' in text for word in (*Fault, *(life for life in Life if life is not Life.RUNNING)))
    assert all(word.value in text for word in OutcomeKind)
