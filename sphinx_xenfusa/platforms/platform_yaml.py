"""Reads a platform from our own YAML (schema: ``platform.schema.json``).

Criticality is required: a domain whose criticality is guessed makes every statement about it worthless.  All else has
the default of :mod:`sphinx_xenfusa.model.platform`: no role, no safety-critical task, a device behind an IOMMU that
reaches itself only, no grants.
"""

from __future__ import annotations

import bisect
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.model.platform import Device, Domain, Link, Platform, broken_reference
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, Protocol, Reach
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
    :raises InputError: the text is no YAML or no platform, a name is used twice or a reference leads nowhere.
    """
    return platform_of(load(text, file, first_line=first_line))


def platform_of(located: Located) -> Platform:
    """Read a platform out of data that were read already (a part of a larger text).

    :raises InputError: the data are no platform, a name is used twice or a reference leads nowhere.
    """
    validate(located, schema(), WHAT)
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
        owner=entry.get("owner"),
        reach=Reach(entry.get("reach", Reach.SELF)),
        behind_iommu=entry.get("iommu", True),
        kept_by_xen=entry.get("kept_by_xen", False),
    )


def _link(entry: dict[str, Any]) -> Link:
    return Link(
        protocol=Protocol(entry["protocol"]),
        backend=entry["backend"],
        frontend=entry["frontend"],
        device=entry.get("device"),
        grants=entry.get("grants", False),
        nonblocking=entry.get("nonblocking", False),
    )


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
    keys = ("name",) if "times" in found else ("owner", "backend", "frontend", "device")
    path: PathTo = next(((kind, i, key) for key in keys if key in entry and repr(entry[key]) in found), (kind, i))
    raise InputError(located.file, located.line_of(*path), found, f"unique names and references to them ({WHAT})")


def _part(platform: Platform, entries: int) -> Platform:
    """The platform made of its first entries: domains, then devices, then links."""
    domains, devices = len(platform.domains), len(platform.devices)
    return Platform(
        platform.domains[:entries],
        platform.devices[: max(0, entries - domains)],
        platform.links[: max(0, entries - domains - devices)],
        platform.architecture,
    )
