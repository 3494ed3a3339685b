"""The reduction pair by pair: its precondition read off the source, and the result held against whole platforms."""

from __future__ import annotations

import importlib.util
import itertools
import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.composition import ADVERSARIES, Composition
from sphinx_xenfusa.claims.footprint import NotLocal, footprints
from sphinx_xenfusa.claims.reduction import interferes_composed, interferes_whole
from sphinx_xenfusa.claims.scopes import Shape, shapes
from sphinx_xenfusa.model import effects
from sphinx_xenfusa.model.operations import catalogue
from sphinx_xenfusa.model.policies import POLICIES

READ = {"call.subject.life", "call.target.life", "hardware", "offers", "used"}
"""What decides anything: the rest of what is read is handed on to the component that it was read from."""


def test_each_step_is_local_and_every_step_is_looked_at() -> None:
    found = footprints()
    assert set(found) == {function.__name__ for function in effects._STEP.values()}
    assert found["_pause"].reads == {"call.target.life", "call.target.restarted"}
    assert found["_pause"].writes == {"call.target.life", "call.target.restarted"}
    assert found["_shut_down_caller"].writes == {"call.subject.life", "call.subject.restarted", "power"}
    assert found["_map_foreign"].writes == {"foreign"}
    assert found["_use_page"].reads == {"offers", "used"}


def test_what_is_read_beyond_what_tells_states_apart_is_only_handed_on() -> None:
    for name, one in footprints().items():
        assert {entry for entry in one.reads - READ if entry.split(".")[-1] not in _components(one.writes)} == set(), (
            name
        )


def _components(writes: Iterable[str]) -> set[str]:
    return {entry.split(".")[-1] for entry in writes}


BROKEN = {
    "all domains": (
        "_sleep",
        "    return system._replace(power=Power.DOWN), Code.SUCCESS",
        "    if system.domains:\n        pass",
    ),
    "another domain": ("_pause", "system.domains[call.target].life", "system.domains[0].life"),
    "another's state": (
        "_change_memory",
        "_with_domain(system, call.target, system.domains[call.target]",
        "_with_domain(system, call.target, system.domains[call.subject]",
    ),
    "a loop": (
        "_sleep",
        "    return system._replace(power",
        "    for one in ():\n        pass\n    return system._replace(power",
    ),
    "a pair of others": ("_map_foreign", "{(call.subject, call.target)}", "{(call.subject, 0)}"),
    "an offer of others": ("_release_page", "by=call.target", "by=0"),
    "an unknown function": ("_kexec", "Power.REBOOTED", "power_of(system)"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_local_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    function, old, new = BROKEN[name]
    source = Path(effects.__file__).read_text("utf-8")
    start = source.index(f"def {function}(")
    assert old in source[start:]
    broken = source[:start] + source[start:].replace(old, new, 1)
    with pytest.raises(NotLocal, match=r"broken_effects\.py:\d+: found .*; expected an access"):
        footprints(module_of(broken, tmp_path))


def module_of(source: str, folder: Path) -> ModuleType:
    path = folder / "broken_effects.py"
    path.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location("broken_effects", path)
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    return module


def unlike(policy: str, some: Iterable[Shape]) -> list[tuple[str, Shape]]:
    """The platforms on which the search of the whole finds something else than the composition."""
    model = PrivilegeModel(catalogue(), POLICIES[policy])
    composition = Composition(model)
    return [
        (name, shape)
        for shape in some
        for name, adversaries in ADVERSARIES.items()
        if interferes_whole(model, shape, adversaries(shape))
        is not interferes_composed(composition, shape, adversaries(shape))
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_some_whole_platforms_come_out_as_composed(policy: str) -> None:
    """Every 41st of up to two domains, and every 1409th of three."""
    two = itertools.islice(shapes(2), 0, None, 41)
    three = itertools.islice(shapes(3), 828, None, 1409)
    assert unlike(policy, itertools.chain(two, three)) == []


def test_a_composition_that_looks_at_too_little_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from sphinx_xenfusa.claims import composition

    seen = composition.looks
    monkeypatch.setattr(composition, "looks", lambda *pair: seen(*pair)[:4])
    assert unlike("specification", itertools.islice(shapes(2), 0, None, 7))


@pytest.mark.cold
@pytest.mark.parametrize("policy", POLICIES)
def test_all_platforms_of_up_to_two_domains_come_out_as_composed(policy: str) -> None:
    assert unlike(policy, shapes(2)) == []


@pytest.mark.skipif(
    os.environ.get("XENFUSA_ALL_PLATFORMS") != "1",
    reason="hours: each of 23,032 platforms of three domains searched as one system; XENFUSA_ALL_PLATFORMS=1 runs it",
)
@pytest.mark.parametrize("policy", POLICIES)
def test_all_platforms_of_three_domains_with_up_to_two_links_come_out_as_composed(policy: str) -> None:
    assert unlike(policy, itertools.islice(shapes(3), 828, None)) == []
