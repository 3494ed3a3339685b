"""The reduction pair by pair: its precondition read off the source, and the result held against whole platforms."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from sphinx_xenfusa.claims.attempts import PrivilegeModel
from sphinx_xenfusa.claims.composition import ADVERSARIES, Composition, first_adversaries, second_adversaries
from sphinx_xenfusa.claims.footprint import NotLocal, footprints
from sphinx_xenfusa.claims.reduction import Comparison, Whole, Wholes, compared, interferes_composed, interferes_whole
from sphinx_xenfusa.claims.scopes import Shape, burnside, shapes
from sphinx_xenfusa.explore.mutation import forget
from sphinx_xenfusa.model import effects, policies
from sphinx_xenfusa.model.decision import Relation
from sphinx_xenfusa.model.effects import Call, Life, Offer, Offered, System, Transformer
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.operations import Catalogue, catalogue
from sphinx_xenfusa.model.platform import Domain, Platform
from sphinx_xenfusa.model.policies import POLICIES, Policy, virtio_links
from sphinx_xenfusa.model.vocabulary import Capability, Criticality

Step = Callable[[System, Call], tuple[System, Code]]

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


THEOREMS = Path(__file__).parents[2] / "docs" / "fusa" / "theorems.rst"
ALL = os.environ.get("XENFUSA_ALL_PLATFORMS") == "1"
ONE_OR_TWO, THREE = 828, 23_032
"""How many platforms there are of so many domains with at most two links; Burnside's lemma counts them again below."""


def model_of(policy: str) -> PrivilegeModel:
    return PrivilegeModel(catalogue(), POLICIES[policy])


def unlike(policy: str, some: Iterable[Shape]) -> list[tuple[str, Shape]]:
    """The platforms on which the search of the whole finds something else than the composition."""
    return compared(model_of(policy), some).unlike


def of_three(step: int = 1) -> Iterator[Shape]:
    return itertools.islice(shapes(3), ONE_OR_TWO, None, step)


def is_quick(shape: Shape) -> bool:
    """At most one domain is an adversary: two that harm nobody have some 40,000 states, seconds for each such system."""
    return len(second_adversaries(shape)) < 2


@pytest.mark.parametrize("policy", POLICIES)
def test_all_platforms_of_up_to_two_domains_come_out_as_composed(policy: str) -> None:
    made = compared(model_of(policy), shapes(2))
    assert made.unlike == []
    assert made.platforms == ONE_OR_TWO == burnside(8, 2, 2)
    assert 0 < made.interfered < made.systems


@pytest.mark.parametrize("policy", POLICIES)
def test_quick_platforms_of_three_domains_come_out_as_composed(policy: str) -> None:
    """One in three of those with at most one adversary or on which the composition finds that several harm somebody: most."""
    composition = Composition(model_of(policy))
    some = [
        shape
        for shape in of_three(3)
        if is_quick(shape) or all(interferes_composed(composition, shape, of(shape)) for of in ADVERSARIES.values())
    ]
    made = compared(model_of(policy), some)
    assert made.unlike == []
    assert made.platforms > THREE / 6
    assert 0 < made.interfered < made.systems


@pytest.mark.parametrize("policy", POLICIES)
def test_some_platforms_of_three_domains_come_out_as_composed(policy: str) -> None:
    """One in 1,409, whoever the adversaries are."""
    assert unlike(policy, of_three(1409)) == []


def compared_part(part: tuple[str, int]) -> Comparison:
    """The platforms of three domains of which so many hold the hardware capability: no search of these settles one of others."""
    policy, holders = part
    some = (one for one in of_three() if sum(kind.has(Capability.HARDWARE) for kind in one.kinds) == holders)
    return compared(model_of(policy), some)


@pytest.mark.skipif(not ALL, reason="minutes, and .ci/run does it: XENFUSA_ALL_PLATFORMS=1")
def test_all_platforms_of_three_domains_with_up_to_two_links_come_out_as_composed() -> None:
    """And as the page about the theorems says.  What takes longest is begun first."""
    parts = [(policy, holders) for policy in POLICIES for holders in range(4)]
    with ProcessPoolExecutor(os.cpu_count()) as several:
        made = dict(zip(parts, several.map(compared_part, parts), strict=True))
    assert [one for part in made.values() for one in part.unlike] == []
    rows = [line.strip() for line in THEOREMS.read_text("utf-8").splitlines()]
    for policy in POLICIES:
        of_policy = [part for (name, _), part in made.items() if name == policy]
        assert sum(part.platforms for part in of_policy) == THREE == burnside(8, 3, 2) - burnside(8, 2, 2)
        systems, interfered, searched, states = (
            f"{sum(getattr(part, name) for part in of_policy):,}"
            for name in ("systems", "interfered", "searched", "states")
        )
        assert f'{policy}, "{systems}", "{interfered}", {searched}, "{states}"' in rows


# --- what saves searches decides nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_what_other_searches_have_settled_comes_out_as_when_it_is_searched(policy: str) -> None:
    """In an order in which systems with few calls come before, between and after those with many."""
    model = model_of(policy)
    mixed = [*shapes(2), *filter(is_quick, of_three(11))]
    random.Random(policy).shuffle(mixed)
    wholes = Wholes(model)
    known: dict[Whole, tuple[bool, Shape, frozenset[int]]] = {}
    for shape in mixed:
        for adversaries in ADVERSARIES.values():
            whole = wholes.whole(shape, adversaries(shape))
            if isinstance(whole, Whole):
                known[whole] = wholes.harms(whole), shape, adversaries(shape)
    assert wholes.searched < len(known)
    assert {harms for harms, _, _ in known.values()} == {False, True}
    for harms, shape, at_work in known.values():
        assert interferes_whole(model, shape, at_work) is harms


# --- what only three domains show -----------------------------------------------------------------------------------


@contextlib.contextmanager
def steps_instead(**steps: Step) -> Iterator[None]:
    """Other steps in place of some of the model's, for both sides of the comparison alike."""
    kept = dict(effects._STEP)
    effects._STEP.update({Transformer[name]: function for name, function in steps.items()})
    forget(effects.__name__)
    try:
        yield
    finally:
        effects._STEP.update(kept)
        forget(effects.__name__)


def _page(by: int, to: int) -> Offer:
    return Offer(Offered.PAGE, by, to)


def _changed(system: System, position: int) -> System:
    domains = list(system.domains)
    domains[position] = domains[position]._replace(memory="changed")
    return system._replace(domains=tuple(domains))


def use_page_of_a_page(system: System, call: Call) -> tuple[System, Code]:
    """Who uses a page of a domain reaches the pages that this one uses: a write across two grants."""
    after, code = effects._use_page(system, call)
    for third in range(len(system.domains)):
        if code is Code.SUCCESS and third != call.subject and _page(third, call.target) in system.used:
            after = _changed(after, third)
    return after, code


def use_page_beside_another(system: System, call: Call) -> tuple[System, Code]:
    """A page that two domains use at once changes more than was granted: a read across two grants."""
    after, code = effects._use_page(system, call)
    others = set(range(len(system.domains))) - {call.subject, call.target}
    if code is Code.SUCCESS and any(_page(call.target, third) in system.used for third in others):
        after = _changed(after, call.target)
    return after, code


def as_they_are(system: System, call: Call) -> tuple[System, Code]:
    return effects._use_page(system, call)


def use_page_of_who_sleeps(system: System, call: Call) -> tuple[System, Code]:
    """To use a page of the last domain while it does not run changes the first: two steps, of two adversaries."""
    after, code = effects._use_page(system, call)
    if call.target == 2 and system.domains[2].life is not Life.RUNNING:
        after = _changed(after, 0)
    return after, code


def use_page_of_the_last(system: System, call: Call) -> tuple[System, Code]:
    after, code = effects._use_page(system, call)
    return (_changed(after, 2) if call.target == 2 else after), code


def use_page_asleep(system: System, call: Call) -> tuple[System, Code]:
    after, code = effects._use_page(system, call)
    return (after if system.domains[call.subject].life is Life.RUNNING else _changed(after, 0)), code


def three_domus(criticalities: str) -> Shape:
    named = {"s": Criticality.SAFE, "u": Criticality.UNSAFE}
    return Shape(tuple(Domain("", frozenset(), named[one]) for one in criticalities), ())


@pytest.mark.parametrize(
    ("step", "harmed"),
    [
        (use_page_of_who_sleeps, {"suu": True, "sus": False}),
        (use_page_of_the_last, {"suu": False, "sus": True}),
        (use_page_asleep, {"suu": False, "sus": False}),
    ],
)
@pytest.mark.parametrize("order", [("suu", "sus"), ("sus", "suu")])
def test_one_search_settles_no_other_of_more_victims_or_of_other_calls(
    step: Step, harmed: dict[str, bool], order: tuple[str, str]
) -> None:
    """A DomU beside a SafeVM and a third domain that is an adversary as well, or a SafeVM."""
    taken = (Transformer.USE_PAGE, Transformer.SHUT_DOWN_CALLER)
    few = tuple(one for one in catalogue().operations if one.transformer in taken)
    with steps_instead(USE_PAGE=step):
        wholes = Wholes(PrivilegeModel(Catalogue(catalogue().xen_commit, few), POLICIES["specification"]))
        shapes_of = {one: three_domus(one) for one in order}
        found = {one: wholes.interferes(shape, first_adversaries(shape)) for one, shape in shapes_of.items()}
    assert found == harmed


def differences(size: int) -> list[tuple[str, Shape]]:
    """On all platforms of up to two domains, or on those of three with one adversary and without hardware capability."""
    if size == 2:
        return unlike("specification", shapes(2))
    plain = (shape for shape in of_three() if not any(one.has(Capability.HARDWARE) for one in shape.kinds))
    return unlike("specification", filter(is_quick, plain))


@pytest.mark.parametrize("step", [use_page_of_a_page, use_page_beside_another])
def test_a_step_across_two_links_is_seen_on_three_domains_and_not_on_two(step: Step) -> None:
    with steps_instead(USE_PAGE=step):
        assert differences(2) == []
        assert differences(3)
    with steps_instead(USE_PAGE=as_they_are):
        assert differences(3) == []


def test_a_privilege_across_two_links_is_seen_on_three_domains_and_not_on_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend may map the frontends of its frontend: a decision that reads two links."""
    given = policies._privileges

    def chained(platform: Platform, caller: Domain, target: Domain, policy: Policy) -> Relation:
        served = {link.frontend for link in virtio_links(platform, caller.name)}
        behind = {link.frontend for middle in served for link in virtio_links(platform, middle)}
        relation = given(platform, caller, target, policy)
        return relation._replace(may_map=True) if target.name in behind else relation

    monkeypatch.setattr(policies, "_privileges", chained)
    assert differences(2) == []
    assert differences(3)


def test_a_composition_that_looks_at_too_little_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from sphinx_xenfusa.claims import composition

    seen = composition.looks
    monkeypatch.setattr(composition, "looks", lambda *pair: seen(*pair)[:4])
    assert unlike("specification", itertools.islice(shapes(2), 0, None, 7))
