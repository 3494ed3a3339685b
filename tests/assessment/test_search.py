"""The smallest changes that mend a platform, and the platforms around one."""

from __future__ import annotations

from pathlib import Path

import pytest
from configurations import read

from sphinx_xenfusa.assessment.assess import assess
from sphinx_xenfusa.assessment.changes import changes
from sphinx_xenfusa.assessment.judgement import Compatibility, Judgement
from sphinx_xenfusa.assessment.report import answer_lines
from sphinx_xenfusa.assessment.search import answers, applied, criticalities, neighbours, repairs, too_large
from sphinx_xenfusa.platforms.configuration import Configuration

ENSURED = """xen: {policy: dummy}
assumptions:
  aou_sched: {owner: integrator, by: schedule 12}
  aou_dev: {owner: integrator, by: review 3}
  aou_iommu: {owner: integrator, by: review 4}
"""
CONTROL = "  - {name: control, roles: [control], criticality: %s, safety_tasks: %s}\n"
BRAKES = "  - {name: brakes, criticality: safe, safety_tasks: true}\n"


def of(folder: Path, *domains: str, rest: str = "") -> Configuration:
    return read(folder, f"domains:\n{''.join(domains)}{rest}", ENSURED, "car.yaml")


def test_one_change_mends_an_unsafe_control_domain(tmp_path: Path) -> None:
    found = repairs(assess(of(tmp_path, CONTROL % ("unsafe", "false"), BRAKES)))
    assert [[one.words for one in chosen] for chosen in found.sets] == [
        ["make control a SafeVM with a safety-critical task"],
        ["take the control capability from control"],
    ]
    assert found.complete


def test_a_repaired_platform_is_compatible_and_none_of_its_changes_is_idle(tmp_path: Path) -> None:
    io = "  - {name: io, roles: [hardware], criticality: unsafe}\n"
    link = "links:\n  - {protocol: virtio, backend: io, frontend: brakes}\n"
    broken = of(tmp_path, CONTROL % ("safe", "true"), BRAKES, io, rest=link)
    found = repairs(assess(broken))
    assert found.sets
    for chosen in found.sets:
        assert assess(applied(broken, chosen)).compatibility is Compatibility.COMPATIBLE
        for left_out in chosen:
            rest = [one for one in chosen if one is not left_out]
            assert assess(applied(broken, rest)).compatibility is Compatibility.NOT_COMPATIBLE


def test_a_compatible_platform_needs_no_change(tmp_path: Path) -> None:
    assert repairs(assess(of(tmp_path, CONTROL % ("safe", "true"), BRAKES))).tried == 0


def test_every_change_changes_something_and_says_of_what(tmp_path: Path) -> None:
    rest = """devices:
  - {name: net, owner: brakes, reach: dma, iommu: false}
links:
  - {protocol: virtio, backend: control, frontend: brakes}
  - {protocol: static-shared-memory, backend: control, frontend: brakes}
"""
    configuration = of(tmp_path, CONTROL % ("unsafe", "true"), BRAKES, rest=rest)
    offered = list(changes(configuration))
    words = [one.words for one in offered]
    assert len(set(words)) == len(words)
    for one in offered:
        assert one.apply(configuration) != configuration
    for part in ("SafeVM", "UnsafeVM", "capability", "grants", "non-blocking", "remove the link", "IOMMU", "assign"):
        assert any(part in one for one in words), part


def test_which_domains_may_be_safety_critical(tmp_path: Path) -> None:
    found = {one.words: one.compatibility for one in criticalities(of(tmp_path, CONTROL % ("unsafe", "false"), BRAKES))}
    assert len(found) == 4
    # An unsafe Control Domain breaks a rule whoever else is there.
    assert found["SafeVMs: control, brakes"] is Compatibility.COMPATIBLE
    assert found["SafeVMs: control"] is Compatibility.COMPATIBLE
    assert found["SafeVMs: brakes"] is found["SafeVMs: none"] is Compatibility.NOT_COMPATIBLE


def test_the_platforms_around_one_begin_with_itself(tmp_path: Path) -> None:
    first, *others = neighbours(of(tmp_path, CONTROL % ("safe", "true"), BRAKES))
    assert (first.words, first.compatibility) == ("as it is", Compatibility.COMPATIBLE)
    second = next(one for one in others if one.words == "give brakes the control capability")
    assert [it.id for it in second.assessment.judged if it.judgement is Judgement.BROKEN] == ["ctrldom_single", "C1"]


@pytest.mark.parametrize("policy", ["dummy", "silo"])
def test_under_silo_another_policy_is_a_change(tmp_path: Path, policy: str) -> None:
    configuration = read(tmp_path, f"domains:\n{BRAKES}", ENSURED.replace("dummy", policy), "car.yaml")
    assert any("policy" in one.words for one in changes(configuration)) is (policy == "silo")


def told(configuration: Configuration) -> dict[str, str]:
    lines = answer_lines(answers(configuration, tuple(criticalities(configuration))))
    return {line.split(": ")[0].strip(" ✓?✘"): line.split(": ", 1)[1] for line in lines}


def test_which_domains_may_be_safety_critical_is_answered_domain_by_domain(tmp_path: Path) -> None:
    radio = "  - {name: radio, criticality: unsafe}\n"
    rest = "devices:\n  - {name: disk, owner: control}\n"
    rest += "links:\n  - {protocol: virtio, backend: control, frontend: radio, device: disk}\n"
    found = told(of(tmp_path, CONTROL % ("safe", "true"), BRAKES, radio, rest=rest))
    assert found["control"].startswith("yes, and it has to be")
    assert found["brakes"] == "yes (beside control)"
    assert found["radio"].startswith("no, whatever the others are: breaks mem_frontend_unsafe")
    io = "  - {name: io, roles: [hardware], criticality: unsafe}\n"
    link = "links:\n  - {protocol: virtio, backend: io, frontend: radio, grants: true, nonblocking: true}\n"
    # A Hardware Domain that runs a backend is an adversary even as a SafeVM, and the machine stops with it.
    assert told(of(tmp_path, BRAKES, io, radio, rest=link))["brakes"].startswith("no, whatever the others are: interf")
    assert told(of(tmp_path, CONTROL % ("safe", "true"), BRAKES))["brakes"] == "yes (beside control)"


def test_what_has_to_be_said_first_is_named_in_the_answer(tmp_path: Path) -> None:
    text = f"domains:\n{CONTROL % ('safe', 'true')}{BRAKES}"
    found = told(read(tmp_path, text, "xen: {policy: dummy}\n", "car.yaml"))
    assert found["brakes"] == "cannot tell before this is said: who ensures aou_sched"


def test_a_platform_that_is_too_large_to_explore_is_said_to_be(tmp_path: Path) -> None:
    many = "".join(f"  - {{name: d{at}, criticality: safe, safety_tasks: true}}\n" for at in range(200))
    assert too_large(of(tmp_path, many)) == "200 domains, devices and links; up to 150 are explored"
    assert too_large(of(tmp_path, BRAKES)) == ""
    # The search for repairs ends, and says that it was not all.
    broken = of(tmp_path, CONTROL % ("unsafe", "false"), many)
    found = repairs(assess(broken))
    assert found.tried <= 101
