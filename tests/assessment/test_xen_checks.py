"""What the platform cannot do on the Xen that it names: each fact once, for a configuration that asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from configurations import board, domain, read

from sphinx_xenfusa.assessment.assess import Assessment, assess
from sphinx_xenfusa.assessment.judgement import Compatibility, Judged, Judgement
from sphinx_xenfusa.assessment.report import data_of, lines_of
from sphinx_xenfusa.platforms.reading import Asked, Group, grouped, read_configuration

ASSUMED = """assumptions:
  aou_sched: {owner: integrator, by: schedule 12}
  aou_dev: {owner: integrator, by: review 3}
  aou_iommu: {owner: integrator, by: review 4}
"""
DOMAINS = """domains:
  - {name: control, roles: [control], criticality: safe, safety_tasks: true}
  - {name: io, roles: [hardware], criticality: unsafe}
  - {name: radio, criticality: unsafe}
  - {name: video, criticality: unsafe}
"""
VIRTIO = "  - {protocol: virtio, backend: %s, frontend: %s, grants: %s, nonblocking: %s}\n"


def of(
    folder: Path, text: str, line: str = "xsm=dummy", statement: str = ASSUMED, name: str = "car.yaml"
) -> Assessment:
    return assess(read(folder, text, statement, name, line))


def check(found: Assessment, id: str) -> Judged:
    return next(one for one in found.judged if one.id == id)


def test_silo_refuses_everything_that_two_domains_without_control_do_by_consent(tmp_path: Path) -> None:
    links = "links:\n" + VIRTIO % ("io", "radio", "true", "true")
    links += "  - {protocol: argo, backend: radio, frontend: video}\n"
    links += "  - {protocol: static-shared-memory, backend: radio, frontend: video}\n"
    found = check(of(tmp_path, DOMAINS + links, "xsm=silo argo=1"), "C6")
    assert found.judgement is Judgement.BROKEN
    assert [(one.name, one.where.line) for one in found.breaches] == [
        ("the link from io to radio", 7),
        ("the link from radio to video", 8),
    ]
    assert "silo.c:29-34" in found.source
    assert check(of(tmp_path, DOMAINS + links, "xsm=dummy argo=1"), "C6").judgement is Judgement.NOT_APPLICABLE
    by_control = DOMAINS + "links:\n" + VIRTIO % ("control", "radio", "true", "true")
    assert check(of(tmp_path, by_control, "xsm=silo"), "C6").judgement is Judgement.NOT_APPLICABLE


def test_silo_refuses_paravirtual_devices_of_a_driver_domain(tmp_path: Path) -> None:
    tmp_path.joinpath("drv.cfg").write_text("name = 'drv'\n", "utf-8")
    text = "name = 'drv'\n"
    found = of(tmp_path, text, "xsm=silo", name="drv.cfg")
    assert check(found, "C6").judgement is Judgement.NOT_APPLICABLE
    tmp_path.joinpath("nav.cfg").write_text("name = 'nav'\nvif = ['backend=drv']\ndisk = ['/a,raw,xvda']\n", "utf-8")
    (group,) = grouped([tmp_path / "drv.cfg", tmp_path / "nav.cfg"])
    assert isinstance(group, Group)
    found = assess(read_configuration(group, Asked(tmp_path, boot_line="xsm=silo")))
    (breach,) = check(found, "C6").breaches
    assert (breach.name, breach.where.line) == ("the vif of nav from drv to nav", 2)


@pytest.mark.parametrize(("grants", "nonblocking"), [("false", "true"), ("true", "false")])
def test_the_target_relation_is_held_over_one_frontend(tmp_path: Path, grants: str, nonblocking: str) -> None:
    one = VIRTIO % ("io", "radio", grants, nonblocking)
    two = VIRTIO % ("io", "video", grants, nonblocking)
    assert check(of(tmp_path, f"{DOMAINS}links:\n{one}"), "C7").judgement is Judgement.FULFILLED
    found = check(of(tmp_path, f"{DOMAINS}links:\n{one}{two}"), "C7")
    assert (found.judgement, found.breaches[0].name, found.breaches[0].where.line) == (Judgement.BROKEN, "io", 8)
    assert "fact sheet 2.7" in found.source


def test_without_a_control_domain_nobody_sets_a_target(tmp_path: Path) -> None:
    link = "links:\n" + VIRTIO % ("io", "radio", "true", "false")
    without = DOMAINS.replace("roles: [control], ", "")
    found = check(of(tmp_path, without + link), "C11")
    assert (found.judgement, found.breaches[0].where.line) == (Judgement.BROKEN, 7)
    assert check(of(tmp_path, DOMAINS + link), "C11").judgement is Judgement.FULFILLED
    needless = "links:\n" + VIRTIO % ("io", "radio", "true", "true")
    assert check(of(tmp_path, without + needless), "C11").judgement is Judgement.NOT_APPLICABLE


@pytest.mark.parametrize(("backends", "judgement"), [(8, Judgement.FULFILLED), (9, Judgement.BROKEN)])
def test_a_domain_has_eight_servers(tmp_path: Path, backends: int, judgement: Judgement) -> None:
    text = "domains:\n  - {name: f, criticality: unsafe}\n"
    text += "".join(f"  - {{name: b{at}, criticality: unsafe}}\n" for at in range(backends))
    text += "links:\n" + "".join(VIRTIO % (f"b{at}", "f", "true", "false") for at in range(backends))
    found = check(of(tmp_path, text), "C12")
    assert found.judgement is judgement
    assert [(one.name, one.where.line) for one in found.breaches] == ([("f", 21)] if backends > 8 else [])


def test_nonblocking_virtio_is_not_upstream(tmp_path: Path) -> None:
    found = check(of(tmp_path, DOMAINS + "links:\n" + VIRTIO % ("io", "radio", "true", "true")), "C13")
    assert (found.judgement, found.breaches[0].where.line) == (Judgement.ADVISED_AGAINST, 7)
    assert "D12" in found.says


@pytest.mark.parametrize(
    ("line", "judgement"),
    [
        ("argo=1", Judgement.FULFILLED),
        ("argo", Judgement.FULFILLED),
        ("argo=1,mac-permissive=1", Judgement.FULFILLED),
        ("xsm=dummy", Judgement.BROKEN),
        ("argo=0", Judgement.BROKEN),
        ("no-argo", Judgement.BROKEN),
        ("", Judgement.CANNOT_TELL),
    ],
)
def test_argo_has_to_be_switched_on(tmp_path: Path, line: str, judgement: Judgement) -> None:
    text = DOMAINS + "links:\n  - {protocol: argo, backend: radio, frontend: video}\n"
    assert check(of(tmp_path, text, line), "C14").judgement is judgement


@pytest.mark.parametrize(("architecture", "judgement"), [("x86", Judgement.BROKEN), ("arm", Judgement.NOT_APPLICABLE)])
def test_on_x86_the_hardware_domain_needs_control(tmp_path: Path, architecture: str, judgement: Judgement) -> None:
    found = check(of(tmp_path, f"architecture: {architecture}\n{DOMAINS}"), "C16")
    assert found.judgement is judgement
    both = DOMAINS.replace("roles: [control]", "roles: [control, hardware]").replace("roles: [hardware], ", "")
    assert check(of(tmp_path, f"architecture: x86\n{both}"), "C16").judgement is Judgement.FULFILLED


# --- FLASK ------------------------------------------------------------------------------------------------------------

SAFE = DOMAINS.replace("{name: video, criticality: unsafe}", "{name: video, criticality: safe, safety_tasks: true}")


def test_under_flask_nobody_can_tell_what_the_policy_decides(tmp_path: Path) -> None:
    found = of(tmp_path, DOMAINS.replace("roles: [hardware], ", ""), "xsm=flask")
    assert found.compatibility is Compatibility.CANNOT_TELL
    assert check(found, "C15").judgement is Judgement.CANNOT_TELL
    assert "the FLASK policy says" in found.not_examined
    assert any("which permissions of the classes" in one.how for one in found.asked)
    assert [one.policy for one in found.examinations] == ["specification", "flask"]


def test_what_no_policy_can_deny_breaks_it_under_flask_too(tmp_path: Path) -> None:
    found = of(tmp_path, SAFE, "xsm=flask")
    assert found.compatibility is Compatibility.NOT_COMPATIBLE
    flask = found.examinations[1]
    assert {(one.by, one.trace.steps[-1].action) for one in flask.harms if one.kind == "C"} == {
        ("io", "SCHEDOP_shutdown")
    }
    assert any("whatever a FLASK policy denies" in line for line in lines_of(found))
    data_of(found)


def test_rules_of_the_document_are_broken_under_flask_too(tmp_path: Path) -> None:
    text = DOMAINS.replace(
        "roles: [control], criticality: safe, safety_tasks: true", "roles: [control], criticality: unsafe"
    )
    assert of(tmp_path, text, "xsm=flask").compatibility is Compatibility.NOT_COMPATIBLE


def test_more_frontends_than_a_target_are_for_the_policy_to_allow(tmp_path: Path) -> None:
    links = "links:\n" + VIRTIO % ("io", "radio", "false", "true") + VIRTIO % ("io", "video", "false", "true")
    found = check(of(tmp_path, DOMAINS + links, "xsm=flask"), "C7")
    assert found.judgement is Judgement.CANNOT_TELL
    assert "what the FLASK policy lets these labels do to each other: no label (4 domains)" in found.asked[0].what


@pytest.mark.parametrize("mode", ["permissive", "late"])
def test_a_flask_that_denies_nothing_is_no_protection(tmp_path: Path, mode: str) -> None:
    found = check(of(tmp_path, DOMAINS, f"xsm=flask flask={mode}"), "C15")
    assert (found.judgement, found.breaches[0].name) == (Judgement.BROKEN, f"flask={mode}, which denies nothing")


# --- devices that nobody lists ----------------------------------------------------------------------------------------

DOM0 = "domains: {Domain-0: {criticality: %s, safety_tasks: false}, nav: {criticality: safe, safety_tasks: true}}\n"


@pytest.mark.parametrize(
    ("statement", "judgement"),
    [
        (DOM0 % "unsafe", Judgement.CANNOT_TELL),
        (DOM0 % "unsafe" + ASSUMED, Judgement.FULFILLED),
        (DOM0 % "safe", Judgement.NOT_APPLICABLE),
    ],
)
def test_devices_that_dom0_keeps_are_asked_for_unless_somebody_answers_for_them(
    tmp_path: Path, statement: str, judgement: Judgement
) -> None:
    found = of(tmp_path, "name = 'nav'\n", "xsm=dummy", statement, "nav.cfg")
    assert check(found, "aou_iommu").judgement is judgement
    if judgement is Judgement.CANNOT_TELL:
        assert "which devices Domain-0 has" in [one.what for one in found.asked]


def test_a_partial_tree_that_was_not_read_may_force_a_device(tmp_path: Path) -> None:
    module = 'm@2 { compatible = "multiboot,device-tree", "multiboot,module"; };'
    found = of(tmp_path, board(domain("one", module)), "", ASSUMED, "board.dts")
    assert check(found, "C8").judgement is Judgement.CANNOT_TELL
    assert check(found, "passthrough").judgement is Judgement.CANNOT_TELL
    assert (
        check(of(tmp_path, board(domain("one")), "", ASSUMED, "board.dts"), "C8").judgement is Judgement.NOT_APPLICABLE
    )


def test_a_hundred_questions_of_one_kind_are_one_line(tmp_path: Path) -> None:
    ranges = ", ".join(f"'{at:x},1'" for at in range(0x100, 0x164))
    statement = "domains: {nav: {criticality: unsafe}}\n"
    found = of(tmp_path, f"name = 'nav'\niomem = [{ranges}]\n", "xsm=dummy", statement, "nav.cfg")
    asked = [line for line in lines_of(found) if "to be said" in line]
    assert len(asked) < 12
    assert any("reach of 100: iomem 0x100-0x100" in line and "and 94 more" in line for line in asked)
    assert len(data_of(found)["asked"]) > 200
    assert max(map(len, asked)) < 1000


@pytest.mark.parametrize(
    ("iommus", "owner", "judgement"),
    [
        ("", "{owner: one}", Judgement.BROKEN),
        ("", "{owner: one, iommu: true}", Judgement.FULFILLED),
        ("iommus = <&smmu 1>;", "{owner: one}", Judgement.FULFILLED),
    ],
)
def test_xen_assigns_no_node_that_no_iommu_guards(
    tmp_path: Path, iommus: str, owner: str, judgement: Judgement
) -> None:
    soc = f"""smmu: iommu@1 {{ compatible = "arm,smmu-v3"; #iommu-cells = <1>; reg = <0 1 1>; }};
gpio@2 {{ compatible = "acme,gpio"; reg = <0 2 1>; xen,passthrough; {iommus} }};"""
    statement = f"devices:\n  /soc/gpio@2: {owner}\n{ASSUMED}"
    found = check(of(tmp_path, board(domain("one"), soc=soc), "", statement, "board.dts"), "C10")
    assert found.judgement is judgement
    assert [one.where.line for one in found.breaches] == ([9] if judgement is Judgement.BROKEN else [])
