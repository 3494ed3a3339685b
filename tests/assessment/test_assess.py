"""Whole configurations: what is broken, what nobody can tell, and when a platform is compatible."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from configurations import board, domain, read

from sphinx_xenfusa.assessment.assess import Assessment, assess
from sphinx_xenfusa.assessment.judgement import Compatibility, Judgement
from sphinx_xenfusa.assessment.report import data_of, lines_of
from sphinx_xenfusa.assessment.rules import SUBJECTS
from sphinx_xenfusa.model.rules import ADVICE, ASSUMPTIONS_OF_USE, RULES
from sphinx_xenfusa.trace.canonical import dumps

YAML = """domains:
  - {name: control, roles: [control], criticality: safe, safety_tasks: true}
  - {name: brakes, criticality: safe, safety_tasks: true}
  - {name: radio, criticality: unsafe}
"""
ENSURED = """xen: {policy: dummy}
assumptions:
  aou_sched: {owner: integrator, by: schedule 12}
  aou_dev: {owner: integrator, by: review 3}
  aou_iommu: {owner: integrator, by: review 4}
"""


def of(folder: Path, text: str, statement: str = ENSURED, name: str = "car.yaml") -> Assessment:
    return assess(read(folder, text, statement, name))


def judgements(found: Assessment) -> dict[str, Judgement]:
    return {one.id: one.judgement for one in found.judged}


def test_every_rule_says_when_it_does_not_apply() -> None:
    assert set(SUBJECTS) == {one.name for one in (*RULES, *ADVICE, *ASSUMPTIONS_OF_USE)}


def test_a_platform_is_compatible_when_nothing_is_left_open_and_nothing_is_found(tmp_path: Path) -> None:
    found = of(tmp_path, YAML)
    assert found.compatibility is Compatibility.COMPATIBLE
    assert [one.policy for one in found.examinations] == ["specification", "dummy"]
    assert all(one.attempts > 0 for one in found.examinations)


@pytest.mark.parametrize("left_out", ["  aou_sched: {owner: integrator, by: schedule 12}\n", "xen: {policy: dummy}\n"])
def test_without_a_word_of_an_assumption_or_of_the_policy_nobody_can_tell(tmp_path: Path, left_out: str) -> None:
    found = of(tmp_path, YAML, ENSURED.replace(left_out, ""))
    assert found.compatibility is Compatibility.CANNOT_TELL
    assert any("aou_sched" in one.what or "policy" in one.what for one in found.asked)


def test_an_unsafe_hardware_domain_stops_the_platform_on_xen(tmp_path: Path) -> None:
    found = of(tmp_path, YAML + "  - {name: io, roles: [hardware], criticality: unsafe}\n")
    assert judgements(found)["C3"] is Judgement.ADVISED_AGAINST
    assert found.compatibility is Compatibility.NOT_COMPATIBLE
    document, xen = found.examinations
    assert document.harms == ()
    assert any(harm.by == "io" and harm.trace.steps[-1].action == "SCHEDOP_shutdown" for harm in xen.harms)


LINK = "links:\n  - {protocol: virtio, backend: io, frontend: brakes, grants: %s, nonblocking: %s}\n"
IO = "  - {name: io, roles: [hardware], criticality: unsafe}\n"


@pytest.mark.parametrize(
    ("grants", "nonblocking", "broken"),
    [
        ("true", "true", set()),
        ("false", "true", {"mem_frontend_unsafe", "C4"}),
        ("true", "false", {"sync_frontend_unsafe", "C5"}),
        ("false", "false", {"mem_frontend_unsafe", "C4", "sync_frontend_unsafe", "C5"}),
    ],
)
def test_a_safe_frontend_is_held_against_the_rules(
    tmp_path: Path, grants: str, nonblocking: str, broken: set[str]
) -> None:
    found = of(tmp_path, YAML + IO + LINK % (grants, nonblocking))
    assert {id for id, one in judgements(found).items() if one is Judgement.BROKEN} == broken
    assert judgements(found)["ffi_virtio_unsafe_only"] is Judgement.ADVISED_AGAINST
    kinds = {harm.kind for harm in found.examinations[0].harms}
    # What a backend needs for blocking requests lets it mark memory of the frontend, too.
    assert ("M" in kinds, "T" in kinds) == ("false" in (grants, nonblocking), nonblocking == "false")


def test_a_trace_of_blocking_ends_with_the_backend_of_this_platform(tmp_path: Path) -> None:
    found = of(tmp_path, YAML + IO + LINK % ("true", "false"))
    (blocked,) = [harm for harm in found.examinations[0].harms if harm.kind == "T"]
    assert (blocked.by, blocked.trace.steps[-1].party) == ("io", "io")
    assert any("brakes" in change.field for change in blocked.trace.steps[-1].changed)


def test_under_silo_a_backend_without_control_does_not_work(tmp_path: Path) -> None:
    text = YAML + IO + LINK.replace("brakes", "radio") % ("true", "false")
    found = of(tmp_path, text, ENSURED.replace("dummy", "silo"))
    assert judgements(found)["C6"] is Judgement.BROKEN
    (idle,) = found.examinations[1].idle
    assert (idle.link.backend, idle.link.frontend) == ("io", "radio")
    assert "denied" in idle.trace.steps[-1].outcome
    assert judgements(of(tmp_path, text))["C6"] is Judgement.NOT_APPLICABLE


def test_a_backend_without_control_holds_the_target_relation_over_one_domain(tmp_path: Path) -> None:
    two = YAML + IO + "  - {name: video, criticality: unsafe}\n" + LINK.replace("brakes", "radio") % ("false", "false")
    second = "  - {protocol: virtio, backend: io, frontend: video}\n"
    assert judgements(of(tmp_path, two))["C7"] is Judgement.FULFILLED
    assert judgements(of(tmp_path, two + second))["C7"] is Judgement.BROKEN


SHARED = 'shm@0 { compatible = "xen,domain-shared-memory-v1"; xen,shm-id = "a"; xen,shared-mem = <0 0 0 1>; };'


def test_checks_of_a_device_tree(tmp_path: Path) -> None:
    text = board(domain("one", SHARED, "capabilities = <0x9>;"), domain("two", SHARED))
    statement = (
        "domains:\n  one: {criticality: safe, safety_tasks: true}\n  two: {criticality: %s, safety_tasks: false}\n"
    )
    found = judgements(assess(read(tmp_path, text, statement % "unsafe")))
    assert (found["C9"], found["C10"]) == (Judgement.ADVISED_AGAINST, Judgement.BROKEN)
    found = judgements(assess(read(tmp_path, text, statement % "safe")))
    assert found["C9"] is Judgement.FULFILLED
    found = judgements(assess(read(tmp_path, text, "domains: {one: {criticality: safe}}\n")))
    assert found["C9"] is Judgement.CANNOT_TELL


def test_a_device_forced_past_the_iommu_is_found(tmp_path: Path) -> None:
    tmp_path.joinpath("net.dts").write_text(
        '/dts-v1/;\n/ { passthrough { net { xen,path = "/soc/net@3"; xen,force-assign-without-iommu; }; }; };\n',
        "utf-8",
    )
    net = 'net@3 { compatible = "acme,net"; reg = <3 1>; xen,passthrough; };'
    found = assess(read(tmp_path, board(domain("one"), soc=net), "passthrough: {one: [net.dts]}\n"))
    (c8,) = [one for one in found.judged if one.id == "C8"]
    assert (c8.judgement, str(c8.breaches[0].where)) == (Judgement.BROKEN, f"{tmp_path}/net.dts:2")


def test_while_the_links_are_not_named_no_rule_about_them_is_fulfilled(tmp_path: Path) -> None:
    statement = "domains:\n  one: {criticality: safe, safety_tasks: true}\n"
    found = judgements(assess(read(tmp_path, board(domain("one")), statement)))
    assert found["mem_frontend_unsafe"] is Judgement.CANNOT_TELL
    found = judgements(assess(read(tmp_path, board(domain("one")), statement + "links: []\n")))
    assert found["mem_frontend_unsafe"] is Judgement.NOT_APPLICABLE


def test_a_thousand_domains_are_judged_and_searched(tmp_path: Path) -> None:
    text = YAML + IO
    text += "".join(f"  - {{name: d{n}, criticality: unsafe}}\n" for n in range(996))
    text += "links:\n" + "".join(
        f"  - {{protocol: virtio, backend: io, frontend: d{n}, grants: true, nonblocking: false}}\n" for n in range(996)
    )
    start = time.process_time()
    found = of(tmp_path, text)
    lines = list(lines_of(found))
    assert time.process_time() - start < 20
    assert found.not_examined == ""
    assert judgements(found)["C7"] is Judgement.BROKEN
    document, xen = found.examinations
    assert (document.harms, {harm.kind for harm in xen.harms}) == ((), {"C", "M"})
    assert 0 < document.tried < 100 < document.pairs == 998 * 1000
    # Not one line for each of a thousand.
    assert len(lines) < 100
    assert any("nor on 995 alike" in line for line in lines)


def test_saying_less_never_makes_it_better(tmp_path: Path) -> None:
    whole = YAML + IO + LINK % ("true", "true")
    order = (Compatibility.NOT_COMPATIBLE, Compatibility.CANNOT_TELL, Compatibility.COMPATIBLE)
    before = order.index(of(tmp_path, whole).compatibility)
    for line in ENSURED.splitlines(keepends=True)[2:]:
        assert order.index(of(tmp_path, whole, ENSURED.replace(line, "")).compatibility) <= before


def test_two_runs_say_the_same_and_all_of_it(tmp_path: Path) -> None:
    text = YAML + IO + LINK % ("false", "false")
    one, other = of(tmp_path, text), of(tmp_path, text)
    assert dumps(data_of(one)) == dumps(data_of(other))
    lines = list(lines_of(one))
    assert lines == list(lines_of(other))
    assert any("brakes" in line and "mem_frontend_unsafe" not in line for line in lines)
    for judged in one.judged:
        assert any(judged.id in line for line in lines)
