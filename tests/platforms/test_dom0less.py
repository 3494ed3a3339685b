"""A configuration out of a device tree: what it says, what Xen would not start, and what it leaves open."""

from __future__ import annotations

from pathlib import Path

import pytest
from configurations import board, domain, read

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.configuration import ChannelKind, Origin
from sphinx_xenfusa.platforms.reading import files_of

SHARED = 'shm@0 { compatible = "xen,domain-shared-memory-v1"; xen,shm-id = "logs"; xen,shared-mem = <0 0 0 1>; };'


def test_the_bits_of_capabilities_are_roles(tmp_path: Path) -> None:
    text = board(
        domain("one", "capabilities = <0x1>;"),
        domain("two", "capabilities = <0x6>;"),
        domain("three"),
    )
    found = read(tmp_path, text)
    held = [(one.name, one.domid, one.capabilities.value, one.xenstore.value) for one in found.domains]
    assert held == [
        ("one", 1, {Capability.CONTROL}, False),
        ("two", 2, {Capability.HARDWARE}, True),
        ("three", 3, set(), False),
    ]
    assert [one.capabilities.origin for one in found.domains] == [Origin.WRITTEN, Origin.WRITTEN, Origin.DEFAULT]
    assert all(one.criticality.origin is Origin.MISSING for one in found.domains)


def test_a_kernel_for_dom0_makes_a_dom0_with_both_capabilities(tmp_path: Path) -> None:
    kernel = 'module@1 { compatible = "multiboot,kernel", "multiboot,module"; };'
    found = read(tmp_path, board(kernel, domain("guest")))
    assert [(one.name, one.domid) for one in found.domains] == [("dom0", 0), ("guest", 1)]
    assert found.domains[0].capabilities.value == {Capability.CONTROL, Capability.HARDWARE}
    assert found.direct_mapped_hardware.value is True


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        ([domain("one", "capabilities = <0x9>;")], "board.dts:5: found the unknown bits 0x8 in capabilities of one"),
        (
            [domain("one", "capabilities = <2>;"), domain("two", "capabilities = <2>;")],
            "board.dts:6: found a second domain with the hardware capability (two; the first is one)",
        ),
        (
            ['m { compatible = "multiboot,kernel"; };', domain("one", "capabilities = <2>;")],
            "board.dts:6: found a second domain with the hardware capability (one; the first is dom0)",
        ),
        (
            [domain("one", "capabilities = <4>;"), domain("two", "capabilities = <4>;")],
            "a second domain with the xenstore capability",
        ),
        (['one { compatible = "xen,domain"; cpus = <1>; };'], "board.dts:5: found no memory in one"),
        (['one { compatible = "xen,domain"; memory = <0 1>; };'], "board.dts:5: found no cpus in one"),
        ([domain("one", "direct-map;")], "found direct-map without xen,static-mem in one"),
        ([domain("one", "capabilities = <2>;", 'passthrough = "enabled";')], "found passthrough in one"),
        ([domain("one", "capabilities = <2>;", "nr_spis = <32>;")], "found nr_spis in one"),
        ([domain("one", 'passthrough = "perhaps";')], "found passthrough = 'perhaps' in one"),
    ],
)
def test_what_xen_panics_at_is_a_refusal_at_its_line(tmp_path: Path, domains: list[str], said: str) -> None:
    (refusal,) = read(tmp_path, board(*domains)).refusals
    assert said in str(refusal)
    assert "Xen panics at boot" in str(refusal)


def test_two_control_domains_are_started(tmp_path: Path) -> None:
    found = read(tmp_path, board(domain("one", "capabilities = <1>;"), domain("two", "capabilities = <1>;")))
    assert found.refusals == ()


@pytest.mark.parametrize(
    ("property", "said"),
    [
        ("capabilities = <0 1>;", "found 8 bytes in capabilities of /chosen/one; expected 1 cell of four bytes"),
        ("memory = <1>;", "found 4 bytes in memory of /chosen/one; expected 2 cells of four bytes"),
        ('cpus = "1";', "found 2 bytes in cpus of /chosen/one"),
    ],
)
def test_cells_of_the_wrong_size_are_one_error(tmp_path: Path, property: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, board(domain("one", property)))
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path}/board.dts:5: ")


def test_the_command_line_in_the_tree_names_the_policy(tmp_path: Path) -> None:
    for line, policy, origin in (("xsm=silo", "silo", Origin.WRITTEN), ("noreboot", "silo", Origin.DEFAULT)):
        found = read(tmp_path, board(domain("one"), chosen=f'xen,xen-bootargs = "{line}";'))
        assert (found.policy.value, found.policy.origin) == (policy, origin)
    with pytest.raises(InputError, match=r"board.dts:4: found xsm=none on Xen's command line"):
        read(tmp_path, board(domain("one"), chosen='xen,xen-bootargs = "xsm=none";'))


def test_devices_say_what_they_reach_as_far_as_the_tree_does(tmp_path: Path) -> None:
    soc = """smmu: iommu@1 { compatible = "arm,smmu-v3"; reg = <1 1>; #iommu-cells = <1>; };
    clk: clock@2 { compatible = "acme,clk"; reg = <2 1>; #clock-cells = <0>; };
    net@3 { compatible = "acme,net"; reg = <3 1>; iommus = <&smmu 1>; xen,passthrough; };
    off@4 { compatible = "acme,off"; reg = <4 1>; status = "disabled"; };
    gpio@5 { compatible = "acme,gpio"; reg = <5 1>; };
    uart@6 { compatible = "arm,pl011"; reg = <6 1>; };"""
    chosen = 'stdout-path = "/soc/uart@6:115200n8";'
    found = {one.name: one for one in read(tmp_path, board(domain("one"), chosen=chosen, soc=soc)).devices}
    assert list(found) == ["/soc/iommu@1", "/soc/clock@2", "/soc/net@3", "/soc/gpio@5", "/soc/uart@6"]
    assert found["/soc/iommu@1"].kind.value is DeviceKind.IOMMU
    assert found["/soc/clock@2"].reach.value is Reach.PLATFORM
    net = found["/soc/net@3"]
    assert (net.reach.value, net.behind_iommu.value, net.assigned_to.known) == (Reach.DMA, True, False)
    assert not found["/soc/gpio@5"].reach.known
    assert (found["/soc/uart@6"].kind.value, found["/soc/uart@6"].used_by_xen.value) == (DeviceKind.UART, True)


def test_shared_memory_is_a_link_between_each_two_that_have_it(tmp_path: Path) -> None:
    found = read(tmp_path, board(domain("one", SHARED), domain("two", SHARED), domain("three", SHARED), domain("four")))
    assert [(one.protocol, one.backend, one.frontend) for one in found.links] == [
        (Protocol.STATIC_SHARED_MEMORY, "one", "two"),
        (Protocol.STATIC_SHARED_MEMORY, "one", "three"),
        (Protocol.STATIC_SHARED_MEMORY, "two", "three"),
    ]


STATEMENT = """domains:
  one: {criticality: safe, safety_tasks: true}
devices:
  /soc/net@3: {owner: one, reach: dma, iommu: false}
links:
  - {backend: one, frontend: two, grants: true}
assumptions:
  aou_sched: {owner: integrator, by: a schedule}
"""
NET = 'net@3 { compatible = "acme,net"; reg = <3 1>; xen,passthrough; };'


def test_a_statement_completes_what_the_tree_leaves_open(tmp_path: Path) -> None:
    found = read(tmp_path, board(domain("one"), domain("two"), soc=NET), STATEMENT)
    one, two = found.domains
    assert (one.criticality.value, one.criticality.origin) == (Criticality.SAFE, Origin.STATED)
    assert str(one.criticality.where).endswith("board.statement.yaml:2")
    assert not two.criticality.known
    (net,) = found.devices
    assert (net.assigned_to.value, net.reach.value, net.behind_iommu.value) == (("one",), Reach.DMA, False)
    (link,) = found.links
    assert (link.grants.value, link.nonblocking.known) == (True, False)
    assert found.virtio_complete.value is True
    assert [(one.assumption, one.owner) for one in found.discharges] == [("aou_sched", "integrator")]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("domains: {tow: {criticality: safe}}", "board.statement.yaml:1: found the domain 'tow' (did you mean two?)"),
        ("domains: {one: {criticality: vital}}", "vital"),
        ("devices: {/soc/none: {reach: dma}}", "found the device '/soc/none'"),
        ("xen: {policy: silo}", "found xen policy: silo, against"),
        ("links: [{backend: one, frontend: one}]", "found a link from one to itself"),
        ("links: [{backend: one, frontend: four}]", "found the domain 'four'"),
        (
            "assumptions: {aou_shed: {owner: a, by: b}}",
            "found the assumption of use 'aou_shed' (did you mean aou_sched?)",
        ),
        ("assumptions: {aou_sched: {owner: a}}", "by"),
        ("passthrough: {one: [../else.dts]}", "found the device tree ../else.dts; expected a file below"),
        ("passthrough: {one: [none.dts]}", "no such file"),
        ("domains: {one: {criticality: safe}, one: {criticality: unsafe}}", "one"),
        ("[1, 2]", "board.statement.yaml:1: "),
    ],
)
def test_a_statement_that_is_wrong_is_one_error(tmp_path: Path, statement: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, board(domain("one"), domain("two"), soc=NET), statement + "\n")
    assert said in str(refused.value)


def test_a_partial_tree_says_who_gets_a_device_and_whether_that_is_forced(tmp_path: Path) -> None:
    partial = '/dts-v1/;\n/ { passthrough { net { xen,path = "/soc/net@3";\n xen,force-assign-without-iommu; }; }; };\n'
    tmp_path.joinpath("net.dts").write_text(partial, "utf-8")
    found = read(tmp_path, board(domain("one"), domain("two"), soc=NET), "passthrough: {two: [net.dts]}\n")
    (net,) = found.devices
    assert (net.assigned_to.value, net.behind_iommu.value) == (("two",), False)
    assert net.forced is not None
    assert net.forced.line == 3
    partial = partial.replace("net@3", "net@4")
    tmp_path.joinpath("net.dts").write_text(partial, "utf-8")
    with pytest.raises(InputError, match=r"net.dts:2: found the path /soc/net@4; expected that of a device"):
        read(tmp_path, board(domain("one"), domain("two"), soc=NET), "passthrough: {two: [net.dts]}\n")


KERNEL = 'module@1 { compatible = "multiboot,kernel", "multiboot,module"; };'


def test_shared_memory_of_dom0_stands_directly_below_chosen(tmp_path: Path) -> None:
    found = read(tmp_path, board(KERNEL, SHARED, domain("one", SHARED)))
    assert [(one.backend, one.frontend) for one in found.links] == [("dom0", "one")]
    assert read(tmp_path, board(SHARED, domain("one", SHARED))).links == ()


@pytest.mark.parametrize(
    ("shared", "said"),
    [
        (SHARED.replace('"logs"', '"a name of 16 by."'), "found 16 characters in xen,shm-id"),
        (SHARED.replace('xen,shm-id = "logs";', ""), "found no xen,shm-id in /chosen/one/shm@0"),
        (SHARED.replace("xen,shared-mem", 'role = "reader"; xen,shared-mem'), "found 'reader' in role"),
        (SHARED.replace('"logs"', "<1>"), "a value that is no text in xen,shm-id"),
    ],
)
def test_shared_memory_that_xen_does_not_take_is_one_error(tmp_path: Path, shared: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, board(domain("one", shared)))
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path}/board.dts:5: ")


def channel(label: str, port: str, peer: str) -> str:
    return f'{label}: evtchn@{label} {{ compatible = "xen,evtchn-v1"; xen,evtchn = <{port} {peer}>; }};'


def test_a_static_event_channel_is_shown_once_with_its_two_ends(tmp_path: Path) -> None:
    text = board(
        KERNEL, channel("a", "0xa", "&b"), domain("one", channel("b", "0xa", "&a"), channel("c", "1", "&d")),
        domain("two", channel("d", "1", "&c")),
    )  # fmt: skip
    found = read(tmp_path, text).channels
    assert [(one.kind, one.backend, one.frontend) for one in found] == [
        (ChannelKind.STATIC_EVENT_CHANNEL, "dom0", "one"),
        (ChannelKind.STATIC_EVENT_CHANNEL, "one", "two"),
    ]
    assert str(found[1].where).endswith("board.dts:7")


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        (channel("a", "1", "0x77"), "", "the phandle 0x77, which no node has"),
        (channel("a", "1", "&b"), 'b: other { compatible = "acme,x"; };', "found the other end /chosen/two/other"),
        (channel("a", "1", "&b"), channel("b", "1", "&b"), "found the other end /chosen/two/evtchn@b"),
        (channel("a", "", "&b"), channel("b", "1", "&a"), "found 1 cells in xen,evtchn"),
        (channel("a", "0x20001", "&b"), channel("b", "1", "&a"), "found the port 131073"),
        ('a: e { compatible = "xen,evtchn-v1"; };', "", "found no xen,evtchn in /chosen/one/e"),
    ],
)
def test_an_event_channel_that_leads_nowhere_is_one_error(tmp_path: Path, one: str, two: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, board(domain("one", one), domain("two", two)))
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path}/board.dts:5: ")


@pytest.mark.parametrize(
    ("chosen", "policy"),
    [
        ('bootargs = "xsm=dummy"; xen,dom0-bootargs = "quiet";', "dummy"),
        ('bootargs = "xsm=dummy"; m { compatible = "multiboot,kernel"; bootargs = "quiet"; };', "dummy"),
        ('bootargs = "xsm=dummy";', "silo"),
        ('bootargs = "xsm=dummy"; xen,xen-bootargs = "xsm=silo"; xen,dom0-bootargs = "quiet";', "silo"),
    ],
)
def test_bootargs_are_xens_where_something_else_is_the_line_of_dom0(tmp_path: Path, chosen: str, policy: str) -> None:
    assert read(tmp_path, board(domain("one"), chosen=chosen)).policy.value == policy


@pytest.mark.parametrize(
    ("modules", "has_dom0"),
    [
        ('modules { module@1 { compatible = "xen,linux-zimage", "xen,multiboot-module"; }; };', True),
        ('m@1 { compatible = "multiboot,module"; }; m@2 { compatible = "multiboot,module"; };', True),
        ('m@1 { compatible = "multiboot,ramdisk", "multiboot,module"; };', False),
    ],
)
def test_the_kernel_of_dom0_is_found_where_xen_finds_it(tmp_path: Path, modules: str, has_dom0: bool) -> None:
    found = read(tmp_path, board(modules, domain("one", KERNEL)))
    assert [one.name for one in found.domains] == (["dom0"] if has_dom0 else []) + ["one"]


@pytest.mark.parametrize(
    "property",
    ["max_grant_version = <2>;", "max_grant_version = <0>;", "max_grant_frames = <0>;", 'xen,enhanced = "yes";'],
)
def test_limits_and_words_that_xen_does_not_take_are_refusals(tmp_path: Path, property: str) -> None:
    (refusal,) = read(tmp_path, board(domain("one", property))).refusals
    assert str(refusal).startswith(f"{tmp_path}/board.dts:5: found {property.split(' ')[0]}")


def test_what_a_domain_is_given_beside_is_shown_as_it_stands(tmp_path: Path) -> None:
    text = domain("one", "vpl011;", 'xen,enhanced = "no-xenstore";', "xen,static-mem = <0x30000000 0x20000000>;")
    notes = {name: value for name, value, _ in read(tmp_path, board(text)).domains[0].notes}
    assert (notes["vpl011"], notes["xen,enhanced"]) == ("yes", "no-xenstore")
    assert notes["xen,static-mem"] == "0x30000000 0x20000000"


def test_a_partial_tree_that_is_in_no_file_is_asked_for(tmp_path: Path) -> None:
    module = 'm@2 { compatible = "multiboot,device-tree", "multiboot,module"; };'
    found = read(tmp_path, board(domain("one", module), domain("two"), soc=NET))
    assert [(one.domain, one.assigned) for one in found.unlisted] == [("one", True)]
    partial = '/dts-v1/;\n/ { passthrough { net { xen,path = "/soc/net@3"; }; }; };\n'
    tmp_path.joinpath("net.dts").write_text(partial, "utf-8")
    stated = read(tmp_path, board(domain("one", module), domain("two"), soc=NET), "passthrough: {one: [net.dts]}\n")
    assert stated.unlisted == ()


def test_what_is_not_known_below_a_domain_is_said_to_be_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, board(domain("one", "new { x; };", 'v { compatible = "xen,vcpu"; };')))
    assert [one.words.partition(" is")[0] for one in found.remarks] == ["/chosen/one/new"]


@pytest.mark.parametrize(
    ("line", "policy"),
    [("xsm=flask", "flask"), ("xsm=flask flask=disabled", "dummy"), ("xsm=flask flask=late", "flask")],
)
def test_flask_that_is_switched_off_is_dummy(tmp_path: Path, line: str, policy: str) -> None:
    found = read(tmp_path, board(domain("one"), chosen=f'xen,xen-bootargs = "{line}";'))
    assert found.policy.value == policy
    with pytest.raises(InputError, match=r"board.dts:4: found flask=perhaps on Xen's command line"):
        read(tmp_path, board(domain("one"), chosen='xen,xen-bootargs = "xsm=flask flask=perhaps";'))


def test_a_command_line_beside_the_one_of_the_tree_is_said_to_be_passed_over(tmp_path: Path) -> None:
    text = board(domain("one"), chosen='xen,xen-bootargs = "console=dtuart";')
    found = read(tmp_path, text, boot_line="xsm=dummy")
    assert found.policy.value == "silo"
    assert any("--boot-line is passed over" in one.words for one in found.remarks)
    assert read(tmp_path, board(domain("one"), chosen=""), boot_line="xsm=dummy").policy.value == "dummy"


IOMMU = 'smmu: iommu@1 { compatible = "arm,smmu-v3"; reg = <1 1>; #iommu-cells = <1>; %s };'
MASTER = 'net@3 { compatible = "acme,net"; reg = <3 1>; iommus = <%s>; };'


def test_an_iommu_that_is_not_there_is_one_error_and_one_that_is_off_guards_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"board.dts:8: found the phandle 0x77, which no node has in iommus"):
        read(tmp_path, board(domain("one"), soc=MASTER % "0x77 1"))
    with pytest.raises(InputError, match="found no cell in iommus"):
        read(tmp_path, board(domain("one"), soc=MASTER % ""))
    for status, behind in (("", True), ('status = "okay";', True), ('status = "disabled";', False)):
        found = read(tmp_path, board(domain("one"), soc=IOMMU % status + MASTER % "&smmu 1"))
        assert found.devices[-1].behind_iommu.value is behind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/dts-v1/;\n/ { chosen { }; };\n", "board.dts:2: found no domain; expected a node compatible with xen,domain"),
        ('/dts-v1/;\n/ { p { n { xen,path = "/a"; }; }; };\n', "board.dts:2: found a partial device tree (xen,path)"),
        ("/dts-v1/;\n/plugin/;\n/ { };\n", "board.dts:2: found an overlay (/plugin/)"),
    ],
)
def test_a_tree_that_is_no_platform_is_one_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)


def test_a_folder_does_not_stand_for_its_partial_trees(tmp_path: Path) -> None:
    tmp_path.joinpath("net.dts").write_text('/dts-v1/;\n/ { p { n { xen,path = "/a"; }; }; };\n', "utf-8")
    tmp_path.joinpath("board.dts").write_text(board(domain("one")), "utf-8")
    assert [one.name for one in files_of([tmp_path])] == ["board.dts"]
