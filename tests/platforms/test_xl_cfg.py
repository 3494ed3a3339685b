"""``xl.cfg`` files: what xl reads in them, and nothing that only Python does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.vocabulary import Reach
from sphinx_xenfusa.platforms.configuration import Configuration, Origin
from sphinx_xenfusa.platforms.xl_cfg import DOM0, configuration_of, entries_of


def test_keys_lists_and_lines() -> None:
    found = entries_of("# a guest\nname = 'nav'\nmemory = 0x200\nvirtio = [\n 'type=a',\n \"type=b\",\n]\n", "nav.cfg")
    assert found["name"].text("name") == "nav"
    assert found["memory"].value == "512"
    assert [(text, where.line) for text, where in found["virtio"].items()] == [("type=a", 5), ("type=b", 6)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os", "a line that sets nothing"),
        ("name = open('/etc/passwd').read()", "a value of name that is computed"),
        ("name = 'a' 'b'", "xl does not join two"),
        ("name = f'{1}'", "without a prefix"),
        ("name = b'a'", "without a prefix"),
        ("name = 'a\\x41'", "without a backslash"),
        ("name = '''a'''", "on one line"),
        ("memory = 1_000", "expected a whole number"),
        ("memory = 1e3", "expected a whole number"),
        ("memory = 0o10", "expected a whole number"),
        ("memory = 010", "nav.cfg:1: "),
        ("memory = True", "neither text nor number"),
        ("memory = -1", "that is computed"),
        ("disk = [['a']]", "neither text nor number"),
        ("disk = ('a',)", "that is computed"),
        ("disk = ['a'] * 3", "that is computed"),
        ("a = b = 1", "a line that sets nothing"),
        ("a.b = 1", "a line that sets nothing"),
        ("name = 'a'\nname = 'b'", "nav.cfg:2: found name again (first in line 1)"),
        ("if 1:\n  name = 'a'", "a line that is not indented"),
        ("name = 'a", "nav.cfg:1: "),
        ("disk = [", "EOF in multi-line statement"),
        ("(" * 5000, "nav.cfg"),
        ("disk += ['a']", "a line that sets nothing"),
    ],
)
def test_what_xl_does_not_know_is_one_error(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        entries_of(text, "nav.cfg")
    assert said in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        entries_of(text, "any.cfg")
    except InputError as error:
        assert error.file == "any.cfg"


def link_of(virtio: str, *others: str) -> tuple[str, bool | None, Origin]:
    files = {"nav.cfg": entries_of(f"name = 'nav'\n{virtio}", "nav.cfg")}
    for name in others:
        files[f"{name}.cfg"] = entries_of(f"name = '{name}'", f"{name}.cfg")
    (link,) = configuration_of(files, "xl").links
    return link.backend, link.grants.value, link.grants.origin


def test_grants_are_the_default_for_every_backend_but_dom0() -> None:
    assert link_of("virtio = ['type=virtio,device22,transport=mmio']") == (DOM0, False, Origin.DEFAULT)
    assert link_of("virtio = ['type=virtio,device22,backend=0']") == (DOM0, False, Origin.DEFAULT)
    assert link_of("virtio = ['type=virtio,device22,backend=drv']", "drv") == ("drv", True, Origin.DEFAULT)
    assert link_of("virtio = ['type=virtio,device22,grant_usage=1']") == (DOM0, True, Origin.WRITTEN)
    assert link_of("virtio = ['type=a,backend=drv,grant_usage=0']", "drv") == ("drv", False, Origin.WRITTEN)
    assert link_of("disk = ['/dev/a,raw,xvda,rw,specification=virtio']") == (DOM0, False, Origin.DEFAULT)


def test_a_disk_that_is_not_virtio_is_no_virtio_link() -> None:
    files = {"nav.cfg": entries_of("name = 'nav'\ndisk = ['/dev/a,raw,xvda,rw']", "nav.cfg")}
    assert configuration_of(files, "xl").links == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("memory = 1", "found no name"),
        ("name = 'a b'", "found the name 'a b'"),
        ("name = 'Domain-0'", "found the name 'Domain-0' again"),
        ("name = 'nav'\nvirtio = ['backend=dvr']", "nav.cfg:2: found the backend 'dvr'"),
        ("name = 'nav'\nvirtio = ['backend=nav']", "found nav as its own backend"),
        ("name = 'nav'\nvirtio = ['transport=pci']", "found transport=pci; expected transport=mmio"),
        ("name = 'nav'\nvirtio = ['grant_usage=maybe']", "found grant_usage=maybe"),
        # xl reads a number, and takes both for 0.
        ("name = 'nav'\nvirtio = ['grant_usage=enabled']", "found grant_usage=enabled; expected grant_usage=0"),
        ("name = 'nav'\nvirtio = ['grant_usage=true']", "found grant_usage=true"),
        ("name = 'nav'\niomem = ['e6050']", "nav.cfg:2: found iomem 'e6050'; expected START,PAGES"),
        ("name = 'nav'\niomem = ['e6050,0']", "found iomem 'e6050,0'"),
        ("name = 'nav'\nvirtio = ['backend=0,backend=0']", "found backend twice in virtio"),
        ("name = ['nav']", "found a list for name"),
    ],
)
def test_what_libxl_does_not_take_is_one_error(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        configuration_of({"nav.cfg": entries_of(text, "nav.cfg")}, "xl")
    assert said in str(refused.value)


def test_devices_are_those_that_are_assigned() -> None:
    text = "name = 'nav'\ndtdev = ['/soc/net@3']\niomem = ['0xff000,1']\npassthrough = 'disabled'\non_crash = 'restart'"
    found = configuration_of({"nav.cfg": entries_of(text, "nav.cfg")}, "xl", "xsm=dummy")
    net, range_ = found.devices
    assert (net.name, net.assigned_to.value, net.reach.value) == ("/soc/net@3", ("nav",), Reach.DMA)
    assert (range_.name, range_.reach.known) == ("iomem 0xff000-0xff000", False)
    assert [str(one.where) for one in found.refusals] == ["nav.cfg:4"]
    assert ("on_crash", "restart") in [(name, value) for name, value, _ in found.domains[1].notes]
    assert found.policy.value == "dummy"
    assert not configuration_of({"nav.cfg": entries_of(text, "nav.cfg")}, "xl").policy.known


def of(**files: str) -> Configuration:
    texts = {f"{name}.cfg": entries_of(f"name = '{name}'\n{text}", f"{name}.cfg") for name, text in files.items()}
    return configuration_of(texts, "xl", "xsm=silo")


def test_paravirtual_devices_are_shown_with_their_backend() -> None:
    found = of(drv="", nav="disk = ['backend=drv, phy:/dev/a, xvda1']\nvif = ['']\nvkb = ['backend=none']")
    assert [(one.backend, one.frontend, one.words) for one in found.channels] == [
        ("drv", "nav", "the disk of nav"),
        (DOM0, "nav", "the vif of nav"),
    ]
    assert [str(one.where) for one in found.remarks] == ["nav.cfg:4"]
    assert found.links == ()


def test_ranges_that_overlap_are_one_device_however_they_are_written() -> None:
    found = of(one="iomem = ['e6260,10', '54000,1@0xe0000']", two="iomem = ['0xe6268,1', 'e6270,1', '54001,1']")
    owners = {one.name: one.assigned_to.value for one in found.devices}
    assert owners == {
        "iomem 0xe6260-0xe626f": ("one", "two"),
        "iomem 0x54000-0x54000": ("one",),
        "iomem 0xe6268-0xe6268": ("two", "one"),
        "iomem 0xe6270-0xe6270": ("two",),
        "iomem 0x54001-0x54001": ("two",),
    }


def test_more_virtio_devices_than_interrupts_are_refused() -> None:
    devices = ", ".join(f"'type=virtio,device{number}'" for number in range(12))
    (refusal,) = of(nav=f"virtio = [{devices}]").refusals
    assert "12 VirtIO devices of nav, of which 11 have an interrupt" in str(refusal)


@pytest.mark.parametrize(("version", "refused"), [("0", True), ("1", False), ("2", True)])
def test_a_version_of_grant_tables_that_arm_has_not_is_refused(version: str, refused: bool) -> None:
    assert bool(of(nav=f"max_grant_version = {version}").refusals) is refused


def test_a_slip_of_the_pen_that_xl_passes_over_is_told() -> None:
    (remark,) = of(nav="virito = ['type=virtio,device22']").remarks
    assert remark.words == "virito is passed over, by xl too (did you mean virtio?)"
    assert (
        of(nav="vcpus = 2\nkernel = 'x'\nextra = 'y'\nmemory = 1\nboot = 'c'\nvpci = 'ecam'\nramdisk = 'r'").remarks
        == ()
    )


def test_the_devices_that_dom0_keeps_are_not_listed_anywhere() -> None:
    assert [(one.domain, one.assigned) for one in of(nav="").unlisted] == [(DOM0, False)]


def test_a_label_is_known_for_what_it_is() -> None:
    found = of(nav="seclabel = 'system_u:system_r:domU_t'", other="")
    assert [one.label and one.label[0] for one in found.domains] == [None, "system_u:system_r:domU_t", None]


def test_a_label_without_flask_is_said_to_count_for_nothing() -> None:
    assert [one.words for one in of(nav="seclabel = 'a'").remarks] == ["the label of nav counts with xsm=flask only"]
    texts = {"nav.cfg": entries_of("name = 'nav'\nseclabel = 'a'", "nav.cfg")}
    assert configuration_of(texts, "xl", "xsm=flask").remarks == ()


def test_a_network_interface_that_qemu_emulates_with_virtio_is_a_link() -> None:
    found = of(nav="vif = ['model=virtio-net,type=ioemu,bridge=xenbr0', 'bridge=xenbr1']")
    (link,) = found.links
    assert (link.backend, link.frontend, link.grants.value, link.nonblocking.value) == (DOM0, "nav", False, False)
    assert len(found.channels) == 1
