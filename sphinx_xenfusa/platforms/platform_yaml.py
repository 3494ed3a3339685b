"""Reads a platform from our own YAML (schema: ``platform.schema.json``).

Criticality is required: a domain whose criticality is guessed makes every statement about it worthless.  All else has
the default of :mod:`sphinx_xenfusa.model.platform`: no role, no safety-critical task, a peripheral behind an IOMMU that is
assigned to nobody and reaches itself only, no grants.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform, broken_reference
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.located_yaml import SIZE_LIMIT, Located, PathTo, load, validate

WHAT = "a platform"


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a platform file."""
    text = files("sphinx_xenfusa.platforms").joinpath("platform.schema.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def platform_from_yaml(text: str, file: str | Path, first_line: int = 1) -> Platform:
    """Read a platform.

    :param file: the file as the user named it, for errors.
    :param first_line: the line of that file on which ``text`` begins (the body of a directive).
    :raises InputError: the text is no YAML or no platform, a key has no meaning beside another, a name is used twice or a
        reference leads nowhere.
    """
    return platform_of(load(text, file, first_line=first_line))


def platform_of(located: Located) -> Platform:
    """Read a platform out of data that were read already (a part of a larger text).

    :raises InputError: the data are no platform, a name is used twice or a reference leads nowhere.
    """
    validate(located, schema(), WHAT)
    _refuse_keys_without_meaning(located)
    data = located.data
    platform = Platform(
        domains=tuple(_domain(entry) for entry in data["domains"]),
        devices=tuple(_device(entry) for entry in data.get("devices", ())),
        links=tuple(_link(entry) for entry in data.get("links", ())),
        architecture=Architecture(data.get("architecture", Architecture.ARM)),
    )
    _refuse_broken_reference(platform, located)
    return platform


def read_platform(path: Path) -> Platform:
    """Read a platform file.

    :raises InputError: as :func:`sphinx_xenfusa.inputs.read_text` and :func:`platform_from_yaml`.
    """
    return platform_from_yaml(read_text(path, limit=4 * SIZE_LIMIT, what=f"{WHAT} in YAML"), path)


def _domain(entry: dict[str, Any]) -> Domain:
    return Domain(
        name=entry["name"],
        capabilities=frozenset(Capability(role) for role in entry.get("roles", ())),
        criticality=Criticality(entry["criticality"]),
        safety_tasks=entry.get("safety_tasks", False),
        xenstore=entry.get("xenstore", False),
    )


def _device(entry: dict[str, Any]) -> Device:
    return Device(
        name=entry["name"],
        assigned_to=_names(entry.get("owner", ())),
        reach=Reach(entry.get("reach", Reach.SELF)),
        behind_iommu=entry.get("iommu", True),
        kind=DeviceKind(entry.get("kind", DeviceKind.PERIPHERAL)),
        used_by_xen=entry.get("used_by_xen", False),
    )


def _names(owner: str | Sequence[str]) -> tuple[str, ...]:
    """One name or a list of them."""
    return (owner,) if isinstance(owner, str) else tuple(owner)


def _link(entry: dict[str, Any]) -> Link:
    return Link(
        protocol=Protocol(entry["protocol"]),
        backend=entry["backend"],
        frontend=entry["frontend"],
        device=entry.get("device"),
        grants=entry.get("grants", False),
        nonblocking=entry.get("nonblocking", False),
    )


def _refuse_keys_without_meaning(located: Located) -> None:
    """Refuse what could be read and would then be used by nothing.

    :raises InputError: with the line of the key.
    """
    wanted = (("devices", "kind", "uart", ("used_by_xen",)), ("links", "protocol", "virtio", _ONLY_VIRTIO))
    for entries, key, value, only in wanted:
        for i, entry in enumerate(located.data.get(entries, ())):
            is_one = entry.get(key, DeviceKind.PERIPHERAL)
            for meaningless in only:
                if meaningless in entry and is_one != value:
                    found = f"the key {meaningless!r} at {entries}[{i}], where the {key} is {is_one}"
                    line = located.key_lines[entries, i, meaningless]
                    raise InputError(located.file, line, found, f"it only where the {key} is {value} ({WHAT})")


_ONLY_VIRTIO = ("device", "grants", "nonblocking")


def _refuse_broken_reference(platform: Platform, located: Located) -> None:
    """Refuse an ambiguous platform at the first entry with which it becomes ambiguous.

    :raises InputError: with the line of the name that is used twice or leads nowhere.
    """
    if broken_reference(platform) is None:
        return
    entries = [(kind, i) for kind in ("domains", "devices", "links") for i in range(len(getattr(platform, kind)))]
    counts = range(1, len(entries) + 1)
    enough = bisect.bisect_left(counts, True, key=lambda count: broken_reference(_part(platform, count)) is not None)
    found = broken_reference(_part(platform, counts[enough])) or ""
    kind, i = entries[enough]
    entry = located.data[kind][i]
    path: PathTo = next((path for path, words in _said_of(entry) if words in found), ())
    raise InputError(
        located.file,
        located.line_of(kind, i, *path),
        found,
        f"unique names, references to them, links between two domains ({WHAT})",
    )


def _said_of(entry: dict[str, Any]) -> Iterator[tuple[PathTo, str]]:
    """The values of an entry that can make a platform ambiguous, with the words in which :func:`broken_reference` names them."""
    yield ("name",), f"name {entry.get('name')!r} is used"
    owner = entry.get("owner", ())
    for j, name in enumerate(_names(owner)):
        yield ("owner",) if isinstance(owner, str) else ("owner", j), f"owned by {name!r}"
    for end in ("backend", "frontend"):
        yield (end,), f"{end} is {entry.get(end)!r}"
    yield ("frontend",), f"from {entry.get('backend')!r} to itself"
    yield ("device",), f"serves {entry.get('device')!r}"


def _part(platform: Platform, entries: int) -> Platform:
    """The platform made of its first entries: domains, then devices, then links."""
    domains, devices = len(platform.domains), len(platform.devices)
    return Platform(
        platform.domains[:entries],
        platform.devices[: max(0, entries - domains)],
        platform.links[: max(0, entries - domains - devices)],
        platform.architecture,
    )
