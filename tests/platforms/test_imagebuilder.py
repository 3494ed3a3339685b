"""ImageBuilder's variables: the platform that its script would make of them, and nothing that a shell would run."""

from __future__ import annotations

from pathlib import Path

import pytest
from configurations import read
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.vocabulary import Capability, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.configuration import Configuration, Origin
from sphinx_xenfusa.platforms.imagebuilder import is_imagebuilder, variables_of

HEAD = 'MEMORY_START="0x0"\nXEN="xen"\nDEVICE_TREE="host.dtb"\n'
TWO = HEAD + "NUM_DOMUS=2\nDOMU_KERNEL[0]=\"Image\"\nDOMU_KERNEL[1]='Image'\n"


def of(folder: Path, text: str, statement: str = "", name: str = "config") -> Configuration:
    return read(folder, text, statement, name)


def test_lines_are_variables_with_their_places() -> None:
    found, remarks = variables_of('# boot\n\n  A[1]=\'x y\' # z\nB="it\'s"\nC=tftpb\nD=\nA[1]="w"\n', "config")
    assert {key: (one.text, one.where.line) for key, one in found.items()} == {
        ("A", 1): ("w", 7),
        ("B", 0): ("it's", 4),
        ("C", 0): ("tftpb", 5),
        ("D", 0): ("", 6),
    }
    assert [str(one.where) for one in remarks] == ["config:7"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("XEN=$(cat xen)", "'$(cat xen)', which a shell expands"),
        ("XEN=`cat xen`", "which a shell expands"),
        ('XEN="$HOME/xen"', "which a shell expands"),
        ('XEN="a\\"b"', "which a shell expands"),
        ("XEN=~/xen", "one text in quotes"),
        ("XEN=*.bin", "one text in quotes"),
        ("XEN=a b", "one text in quotes"),
        ("XEN= xen", "one text in quotes"),
        ("XEN='a'\"b\"", "one text in quotes"),
        ("XEN='a", "one text in quotes that ends on its line"),
        ("XEN=a; rm -rf /", "one text in quotes"),
        ("XEN=a & b", "one text in quotes"),
        ("XEN=(a b)", "one text in quotes"),
        ("XEN+=a", "which sets no variable"),
        ("XEN =a", "which sets no variable"),
        ("export XEN=a", "which sets no variable"),
        ("source other", "which sets no variable"),
        ("DOMU_MEM[$i]=1", "which sets no variable"),
        ("DOMU_MEM[x]=1", "which sets no variable"),
        ("DOMU_MEM[010]=1", "which sets no variable"),  # domain 8 in a shell
        ("# x\x0cDOMU_MEM=1", "the character '\\x0c'"),
        ("# x\u2028DOMU_MEM=1", "the character '\\u2028'"),
        ("DOMU_MEM=1\r", "the character '\\r'"),
        ("\xa0", "which sets no variable"),
    ],
)
def test_what_a_shell_would_expand_or_run_is_one_error_at_its_line(line: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        variables_of(f"A=1\n{line}\n", "config")
    assert str(refused.value).startswith("config:2: ")
    assert said in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        variables_of(text, "config")
    except InputError as error:
        assert error.file == "config"


def test_the_file_is_known_by_what_it_sets(tmp_path: Path) -> None:
    assert is_imagebuilder("# x\nNUM_DOMUS=1\n")
    assert is_imagebuilder('    DOMU_PASSTHROUGH_DTB[0]="a"\n')
    assert not is_imagebuilder("name = 'NUM_DOMUS=1'\n")
    found = of(tmp_path, TWO, name="board.cfg")
    assert [one.name for one in found.domains] == ["domU0", "domU1"]


def test_domains_capabilities_and_numbers(tmp_path: Path) -> None:
    text = TWO.replace("=2", "=4") + "DOM0_KERNEL=Image\nDOMU_KERNEL[2]=i\nDOMU_KERNEL[3]=i\nDOMU_NOBOOT[1]=1\n"
    text += "DOMU_CAPS[0]='control'\nDOMU_CAPS[1]=control\nDOMU_MEM[2]=256\n"
    found = of(tmp_path, text)
    held = [(one.name, one.domid, one.capabilities.value) for one in found.domains]
    assert held == [
        ("dom0", 0, {Capability.CONTROL, Capability.HARDWARE}),
        ("domU0", 1, {Capability.CONTROL}),
        ("domU1", None, set()),
        ("domU2", 2, set()),
        ("domU3", 3, set()),
    ]
    assert any("DOMU_CAPS[1] is passed over" in one.words for one in found.remarks)
    assert ("DOMU_MEM", "256") in [(name, value) for name, value, _ in found.domains[3].notes]


def test_every_default_that_is_taken_has_its_source(tmp_path: Path) -> None:
    found = of(tmp_path, TWO + "DOMU_STATIC_MEM[0]='0x0 0x1000'\n")
    taken = {what: (one.value, one.source) for what, one in found.defaults}
    assert taken["DOMU_MEM[0]"][0] == "512"
    assert taken["DOMU_DIRECT_MAP[0]"][0] == "1"
    assert taken["policy"][0] == "silo"
    assert "sched=null" in str(taken["Xen's command line"][0])
    assert all(source for _, source in taken.values())
    assert "DOMU_ENHANCED[0]" not in taken
    with_dom0 = of(tmp_path, f"{TWO}DOM0_KERNEL=Image\nXEN_CMD='xsm=dummy'\n")
    assert "DOMU_ENHANCED[0]" in {what for what, _ in with_dom0.defaults}
    assert (with_dom0.policy.value, with_dom0.policy.origin) == ("dummy", Origin.WRITTEN)
    assert with_dom0.policy.where.line == 8


def test_static_memory_maps_a_hardware_domain_directly_unless_it_says_no(tmp_path: Path) -> None:
    hardware = f"{TWO}DOMU_CAPS[1]=hardware\n"
    assert of(tmp_path, hardware).direct_mapped_hardware.value is False
    static = f"{hardware}DOMU_STATIC_MEM[1]='0x0 0x1000'\n"
    assert of(tmp_path, static).direct_mapped_hardware.value is True
    assert of(tmp_path, f"{static}DOMU_DIRECT_MAP[1]=0\n").direct_mapped_hardware.value is False


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("DOMU_CAPS[0]=contrl\n", "config:7: found the capability 'contrl' (did you mean control?)"),
        ("DOMU_KERNL[0]=x\n", "found DOMU_KERNL[0] (did you mean DOMU_KERNEL?)"),
        ("NUM_DOMUS=3\n", "config:7: found no DOMU_KERNEL[2]"),
        ("NUM_DOMUS=010\n", "found NUM_DOMUS='010'"),
        ("NUM_DOMUS=two\n", "found NUM_DOMUS='two'"),
        ("NUM_DOMUS=99999999\n", "expected no more than 10,000 domains"),
        ("DOMU_SHARED_MEM[0]='id 1'\n", "expected 'ID [HOST] GUEST SIZE'"),
        ("DOMU_PASSTHROUGH_PATHS[0]='axi'\n", "found the path 'axi'"),
        ("DEVICE_TREE='../../host.dtb'\n", "expected a file below"),
        ("XEN_CMD='xsm=none'\n", "config:7: found xsm=none"),
        ("XEN=\nLINUX=Image\n", "found LINUX without XEN"),
    ],
)
def test_what_imagebuilder_or_xen_does_not_take_is_one_error(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        of(tmp_path, TWO + more)
    assert said in str(refused.value)


def test_a_byte_order_mark_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="config:1: found a byte order mark"):
        of(tmp_path, f"\ufeff{TWO}")


def test_domains_without_their_number_are_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config:1: found DOMU_KERNEL\[0\] without NUM_DOMUS"):
        of(tmp_path, "DOMU_KERNEL[0]=x\n")
    with pytest.raises(InputError, match="config: found no domain; expected DOM0_KERNEL"):
        of(tmp_path, HEAD)


def test_what_xen_panics_at_is_a_refusal(tmp_path: Path) -> None:
    text = f"{TWO}DOMU_CAPS[0]='hardware|0x8'\nDOMU_CAPS[1]=dom0\nDOMU_GRANT_VER[1]=2\n"
    found = [str(one) for one in of(tmp_path, text).refusals]
    assert len(found) == 3
    assert f"{tmp_path}/config:7: found the unknown bits 0x8 in capabilities of domU0; Xen panics at boot" in found[0]
    assert "a second domain with the hardware capability (domU1; the first is domU0)" in found[1]
    assert "DOMU_GRANT_VER[1]=2" in found[2]


def test_shared_memory_is_a_link(tmp_path: Path) -> None:
    text = f"{TWO}DOMU_SHARED_MEM[0]='a 0x1 0x2 0x3'\nDOMU_SHARED_MEM[1]='a 0x2 0x3'\n"
    (link,) = of(tmp_path, text).links
    assert (link.protocol, link.backend, link.frontend) == (Protocol.STATIC_SHARED_MEMORY, "domU0", "domU1")


HOST = """/dts-v1/;
/ { axi { smmu: iommu@1 { compatible = "arm,smmu-v3"; reg = <1 1>; #iommu-cells = <1>; };
 net@2 { compatible = "acme,net"; reg = <2 1>; iommus = <&smmu 1>; };
 uart@3 { compatible = "arm,pl011"; reg = <3 1>; }; }; };
"""
PARTIAL = '/dts-v1/;\n/ { passthrough { u { xen,path = "/axi/uart@3"; xen,force-assign-without-iommu; }; }; };\n'


def test_devices_come_from_the_host_tree_and_owners_from_the_variables(tmp_path: Path) -> None:
    tmp_path.joinpath("host.dtb").write_text(HOST, "utf-8")
    tmp_path.joinpath("uart.dtb").write_text(PARTIAL, "utf-8")
    text = f"{TWO}DOMU_PASSTHROUGH_PATHS[0]=/axi/net@2\nDOMU_PASSTHROUGH_DTB[1]=uart.dtb\n"
    found = of(tmp_path, text)
    devices = {one.name: one for one in found.devices}
    assert devices["/axi/net@2"].assigned_to.value == ("domU0",)
    assert devices["/axi/net@2"].reach.value is Reach.DMA
    assert (devices["/axi/uart@3"].assigned_to.value, devices["/axi/uart@3"].behind_iommu.value) == (("domU1",), False)
    assert devices["/axi/uart@3"].kind.value is DeviceKind.UART
    assert devices["/axi/iommu@1"].assigned_to.value == ()
    assert [Path(one).name for one in found.files] == ["config", "host.dtb", "uart.dtb"]
    assert found.unlisted == ()
    with pytest.raises(InputError, match=r"config:7: found the path /axi/net@9; expected that of a device"):
        of(tmp_path, f"{TWO}DOMU_PASSTHROUGH_PATHS[0]=/axi/net@9\n")


def test_without_the_trees_nothing_about_their_devices_is_taken_for_granted(tmp_path: Path) -> None:
    text = f"{TWO}DOM0_KERNEL=i\nDOMU_PASSTHROUGH_PATHS[0]=/axi/net@2\nDOMU_PASSTHROUGH_DTB[1]=uart.dtb\n"
    found = of(tmp_path, text)
    (net,) = found.devices
    assert net.assigned_to.value == ("domU0",)
    assert not any(one.known for one in (net.reach, net.behind_iommu, net.kind))
    assert [(one.domain, one.assigned) for one in found.unlisted] == [("dom0", False), ("domU1", True)]
    assert sum("are not read" in one.words for one in found.remarks) == 2


def test_what_stands_for_a_domain_that_is_not_started_is_said_to_be_passed_over(tmp_path: Path) -> None:
    found = of(tmp_path, f"{TWO}DOMU_CAPS[7]=control\nDOMU_NEW[0]=1\n")
    assert [one.words.split(" is passed")[0] for one in found.remarks[:2]] == ["DOMU_NEW[0]", "DOMU_CAPS[7]"]
