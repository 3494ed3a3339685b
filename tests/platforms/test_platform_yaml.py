"""Platforms in YAML."""

from __future__ import annotations

import json
import time

import jsonschema_rs
import pytest

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.platform_yaml import platform_from_yaml, read_platform, schema

EXAMPLE = """\
domains:
  - {name: hw, roles: [hardware], criticality: unsafe}
  - {name: brake, criticality: safe, safety_tasks: true}
devices:
  - {name: eth0, owner: hw, reach: dma, iommu: true}
links:
  - {protocol: virtio, backend: hw, frontend: brake, device: eth0, grants: true, nonblocking: true}
architecture: arm
"""


def test_the_example():
    assert platform_from_yaml(EXAMPLE, "platform.yaml") == Platform(
        domains=(
            Domain("hw", frozenset({Capability.HARDWARE}), Criticality.UNSAFE),
            Domain("brake", frozenset(), Criticality.SAFE, safety_tasks=True),
        ),
        devices=(Device("eth0", ("hw",), Reach.DMA, behind_iommu=True),),
        links=(Link(Protocol.VIRTIO, "hw", "brake", "eth0", grants=True, nonblocking=True),),
        architecture=Architecture.ARM,
    )


def test_the_defaults_grant_nothing():
    platform = platform_from_yaml("domains: [{name: a, criticality: safe}]\ndevices: [{name: d}]", "p.yaml")
    assert platform == Platform((Domain("a", criticality=Criticality.SAFE),), (Device("d"),))


def test_everything_that_can_be_said():
    text = """\
domains:
  - {name: dom0, roles: [control, hardware], criticality: safe, xenstore: true}
  - {name: domu, criticality: unsafe}
devices:
  - {name: uart, kind: uart, used_by_xen: true, iommu: false, reach: platform}
  - {name: shared, owner: [dom0, domu]}
links:
  - {protocol: argo, backend: dom0, frontend: domu}
  - {protocol: static-shared-memory, backend: dom0, frontend: domu}
architecture: x86
"""
    platform = platform_from_yaml(text, "p.yaml")
    assert platform.domains[0].capabilities == {Capability.CONTROL, Capability.HARDWARE}
    assert platform.domains[0].xenstore
    assert platform.devices == (
        Device("uart", (), Reach.PLATFORM, behind_iommu=False, kind=DeviceKind.UART, used_by_xen=True),
        Device("shared", ("dom0", "domu")),
    )
    assert [link.protocol for link in platform.links] == [Protocol.ARGO, Protocol.STATIC_SHARED_MEMORY]
    assert platform.architecture is Architecture.X86


@pytest.mark.parametrize(
    ("old", "new", "line", "found", "expected"),
    [
        (", criticality: unsafe", "", 2, "no key 'criticality' at domains[0]", "criticality: one of safe, unsafe"),
        (
            "criticality: safe",
            "critical: safe",
            3,
            "the unknown key 'critical' at domains[1] (did you mean criticality?)",
            "one of the keys criticality, name, roles, safety_tasks, xenstore",
        ),
        (
            "unsafe",
            "unsave",
            2,
            "the text 'unsave' at domains[0].criticality (did you mean unsafe?)",
            "one of safe, unsafe",
        ),
        ("[hardware]", "hardware", 2, "the text 'hardware' at domains[0].roles", "a list"),
        ("[hardware]", "[driver]", 2, "the text 'driver' at domains[0].roles[0]", "one of hardware, control"),
        ("[hardware]", "[control, control]", 2, "a list of 2 at domains[0].roles", "each entry once"),
        (
            "safety_tasks: true",
            "safety_tasks: 'true'",
            3,
            "the text 'true' at domains[1].safety_tasks",
            "true or false",
        ),
        ("name: hw", "name: ''", 2, "the text '' at domains[0].name", "a name of 1 to 100 letters"),
        ("name: hw", "name: 'h\\w'", 2, "the text 'h\\\\w' at domains[0].name", "a name of 1 to 100 letters"),
        (
            "name: hw",
            "name: on",
            2,
            "true at domains[0].name (yes, no, on and off without quotes",
            "a name of 1 to 100 letters",
        ),
        ("reach: dma", "reach: bus", 5, "the text 'bus' at devices[0].reach", "one of self, dma, platform"),
        ("protocol: virtio, ", "", 7, "no key 'protocol' at links[0]", "protocol: one of virtio, argo,"),
        ("arm\n", "riscv\n", 8, "the text 'riscv' at architecture", "one of arm, x86"),
        (
            "links:",
            "link:",
            6,
            "the unknown key 'link' (did you mean links?)",
            "one of the keys architecture, devices, domains, links",
        ),
        ("domains:", "#", 2, "malformed YAML", "YAML"),
        ("name: brake", "name: hw", 3, "the domain name 'hw' is used 2 times", "unique names"),
        ("owner: hw", "owner: hv", 5, "device 'eth0' is owned by 'hv', which is no domain", "unique names"),
        ("frontend: brake", "frontend: break", 7, "a link's frontend is 'break', which is no domain", "unique names"),
        ("device: eth0", "device: eth1", 7, "a link serves 'eth1', which is no device", "unique names"),
        (
            "frontend: brake",
            "frontend: hw",
            7,
            "a link leads from 'hw' to itself",
            "unique names, references to them, links",
        ),
        ("owner: hw", "owner: [hw, hv]", 5, "device 'eth0' is owned by 'hv', which is no domain", "unique names"),
        ("owner: hw", "owner: [hw, hw]", 5, "a list of 2 at devices[0].owner", "each entry once"),
        ("owner: hw", "owner: []", 5, "a list of 0 at devices[0].owner", "at least 1 of them"),
        ("owner: hw", "owner: 7", 5, "the number 7 at devices[0].owner", "a name of 1 to 100 letters"),
        ("owner: hw", "owner: {hw: brake}", 5, "a mapping at devices[0].owner", "a name of 1 to 100 letters"),
        ("owner: hw", "owner: 'h w'", 5, "the text 'h w' at devices[0].owner", "a name of 1 to 100 letters"),
        ("owner: hw", "kind: gic", 5, "the text 'gic' at devices[0].kind", "one of peripheral, cpu, mmu, iommu,"),
        (
            "owner: hw",
            "kind: timr",
            5,
            "the text 'timr' at devices[0].kind (did you mean timer?)",
            "one of peripheral, cpu",
        ),
        (
            "owner: hw",
            "used_by_xen: true",
            5,
            "the key 'used_by_xen' at devices[0], where the kind is peripheral",
            "it only where the kind is uart",
        ),
        (
            "owner: hw",
            "kept_by_xen: true",
            5,
            "the unknown key 'kept_by_xen' at devices[0] (did you mean used_by_xen?)",
            "one of the keys iommu, kind, name, owner, reach, used_by_xen",
        ),
        (
            "protocol: virtio",
            "protocol: argo",
            7,
            "the key 'device' at links[0], where the protocol is argo",
            "it only where the protocol is virtio",
        ),
    ],
)
def test_refused_with_line_and_words(old, new, line, found, expected):
    assert old in EXAMPLE
    with pytest.raises(InputError) as caught:
        platform_from_yaml(EXAMPLE.replace(old, new, 1), "page.rst", 101)
    message = str(caught.value)
    if not found.startswith("malformed"):
        assert message.startswith(f"page.rst:{line + 100}: found {found}")
    assert f"; expected {expected}" in message


def test_block_style_points_at_the_very_value():
    text = """\
domains:
  - name: a
    criticality: safe
  - name: b
    criticality: safe
devices:
  - name: d
    owner: a
  - name: e
    owner: c
"""
    with pytest.raises(InputError, match=r"^p.yaml:10: found device 'e' is owned by 'c'"):
        platform_from_yaml(text, "p.yaml")
    with pytest.raises(InputError, match=r"^p.yaml:9: found the device name 'd' is used 2 times"):
        platform_from_yaml(text.replace("name: e", "name: d"), "p.yaml")
    several = text.replace("owner: c", "owner:\n      - a\n      - e\n")
    with pytest.raises(InputError, match=r"^p.yaml:12: found device 'e' is owned by 'e', which is no domain"):
        platform_from_yaml(several, "p.yaml")
    with pytest.raises(
        InputError, match=r"^p.yaml:11: found the key 'grants' at links\[0\], where the protocol is argo"
    ):
        links = "links:\n  - protocol: argo\n    grants: false\n    backend: a\n    frontend: b\n"
        platform_from_yaml(text.replace("  - name: e\n    owner: c\n", links), "p.yaml")
    with pytest.raises(InputError, match=r"^p.yaml:4: found no key 'criticality'"):
        platform_from_yaml(text.replace("name: b\n    criticality: safe", "name: b"), "p.yaml")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "domains: []", "domains: {}", "text"])
def test_no_platform_at_all(text):
    with pytest.raises(InputError) as caught:
        platform_from_yaml(text, "p.yaml")
    assert str(caught.value).startswith("p.yaml:1: found ")


def test_at_most_a_thousand_domains():
    lines = ["domains:"] + [f"- {{name: d{i}, criticality: safe}}" for i in range(1001)]
    started = time.monotonic()
    assert len(platform_from_yaml("\n".join(lines[:1001]), "p.yaml").domains) == 1000
    with pytest.raises(InputError, match=r"^p.yaml:2: found a list of 1,001 at domains; expected at most 1,000"):
        platform_from_yaml("\n".join(lines), "p.yaml")
    with pytest.raises(InputError, match=r"^p.yaml:1001: found the domain name 'd0' is used 2 times"):
        platform_from_yaml("\n".join([*lines[:1000], lines[1]]), "p.yaml")
    assert time.monotonic() - started < 30


def test_files(tmp_path):
    path = tmp_path / "platform.yaml"
    with pytest.raises(InputError, match="found no such file; expected a platform in YAML"):
        read_platform(path)
    path.write_bytes(EXAMPLE.replace("brake", "br\u00e4ke").encode("latin-1"))
    with pytest.raises(InputError, match=r"platform.yaml:3: found the byte 0xe4; expected a platform in YAML in UTF-8"):
        read_platform(path)
    path.write_text(EXAMPLE, encoding="utf-8")
    assert read_platform(path) == platform_from_yaml(EXAMPLE, path)


def test_the_schema_is_a_schema_and_says_the_words_of_the_model():
    jsonschema_rs.meta.validate(schema())
    text = json.dumps(schema())
    for words in (Capability, Criticality, DeviceKind, Protocol, Reach, Architecture):
        assert json.dumps([word.value for word in words]) in text
