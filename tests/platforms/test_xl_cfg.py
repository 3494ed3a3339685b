"""``xl.cfg`` files: what xl reads in them, and nothing that only Python does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.vocabulary import Reach
from sphinx_xenfusa.platforms.configuration import Origin
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
    assert (range_.name, range_.reach.known) == ("0xff000,1", False)
    assert [str(one.where) for one in found.refusals] == ["nav.cfg:4"]
    assert ("on_crash", "restart") in [(name, value) for name, value, _ in found.domains[1].notes]
    assert found.policy.value == "dummy"
    assert not configuration_of({"nav.cfg": entries_of(text, "nav.cfg")}, "xl").policy.known
