"""What the files of a platform cannot say, stated beside them by somebody who answers for it (schema: ``statement.schema.json``).

A statement completes a configuration and never overrules it: what a file says and the statement says otherwise is an error at
the line of the statement, because one of the two is wrong and nobody here knows which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from sphinx_xenfusa.inputs import InputError, read_text, real_path
from sphinx_xenfusa.model.rules import ASSUMPTIONS_OF_USE, NOT_READ_OFF_A_PLATFORM
from sphinx_xenfusa.model.vocabulary import Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.configuration import (
    Configuration,
    ConfiguredDevice,
    ConfiguredDomain,
    ConfiguredLink,
    Discharge,
    Origin,
    Setting,
    Where,
    missing,
)
from sphinx_xenfusa.platforms.device_tree import read_tree
from sphinx_xenfusa.platforms.dom0less import passed_through
from sphinx_xenfusa.platforms.located_yaml import SIZE_LIMIT, Located, PathTo, did_you_mean, load, validate

WHAT = "a statement about a platform"
ASSUMPTIONS = (*(one.name for one in ASSUMPTIONS_OF_USE), *(name for name, _ in NOT_READ_OFF_A_PLATFORM))
"""The assumptions of use that can be stated to be ensured."""

T = TypeVar("T")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a statement."""
    text = files("sphinx_xenfusa.platforms").joinpath("statement.schema.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


@dataclass(frozen=True)
class Statement:
    """A statement that was read.

    :param passed: the devices of the partial device trees it names: domain, path of the device, where that stands, where it is
        forced.
    """

    located: Located
    passed: tuple[tuple[str, str, Where, Where | None], ...] = ()

    @property
    def file(self) -> str:
        """The file as the user named it."""
        return self.located.file

    def where(self, *path: str | int) -> Where:
        """Where a part of it stands."""
        return Where(self.located.file, self.located.key_lines.get(path) or self.located.lines[path])

    def get(self, key: str) -> Any:
        """A part of it; empty if it is not there."""
        return (self.located.data or {}).get(key) or {}


def read_statement(path: Path, root: Path, name: str) -> Statement:
    """Read a statement, and the partial device trees that it names.

    :param root: the folder below which these have to stand.
    :param name: the file as the user named it.
    :raises InputError: one of them cannot be read, it is no YAML, or says something that the schema does not know.
    """
    located = load(read_text(path, limit=4 * SIZE_LIMIT, what=WHAT), name)
    if located.data is not None:
        validate(located, schema(), WHAT)
    statement = Statement(located)
    for assumption in statement.get("assumptions"):
        _known(statement, ("assumptions", assumption), assumption, ASSUMPTIONS, "assumption of use")
    return replace(statement, passed=tuple(_partial_trees(statement, path.parent, root)))


def _partial_trees(statement: Statement, folder: Path, root: Path) -> Iterator[tuple[str, str, Where, Where | None]]:
    for domain, names in statement.get("passthrough").items():
        for number, name in enumerate(names):
            where = statement.where("passthrough", domain, number)
            file = folder / name
            if not real_path(file).is_relative_to(real_path(root)):
                raise InputError(
                    where.file, where.line, f"the device tree {name}", f"a file below {root.name}/ ({WHAT})"
                )
            shown = (Path(statement.file).parent / name).as_posix()
            for path, place, forced in passed_through(read_tree(file, root, shown)):
                yield domain, path, place, forced


def completed(configuration: Configuration, statement: Statement) -> Configuration:
    """The configuration with what the statement adds.

    :raises InputError: it names something that the configuration does not have, or contradicts it.
    """
    names = [one.name for one in configuration.domains]
    for name in statement.get("domains"):
        _known(statement, ("domains", name), name, names, "domain")
    devices = _with_passed(configuration.devices, statement, names)
    for name in statement.get("devices"):
        _known(statement, ("devices", name), name, [one.name for one in devices], "device")
    xen = statement.get("xen")
    return replace(
        configuration,
        files=(*configuration.files, statement.file),
        domains=tuple(_domain(one, statement) for one in configuration.domains),
        devices=tuple(_device(one, statement, names) for one in devices),
        links=_links(configuration, statement, names),
        policy=_stated(configuration.policy, statement, ("xen", "policy"), xen, str),
        iommu=_stated(configuration.iommu, statement, ("xen", "iommu"), xen, bool),
        virtio_complete=_complete(configuration, statement),
        unlisted=tuple(
            one for one in configuration.unlisted if not (one.assigned and one.domain in statement.get("passthrough"))
        ),
        discharges=tuple(
            Discharge(name, said["owner"], said["by"], statement.where("assumptions", name))
            for name, said in statement.get("assumptions").items()
        ),
    )


def _known(statement: Statement, path: PathTo, name: str, names: Iterable[str], what: str) -> None:
    known = list(names)
    if name not in known:
        hint = did_you_mean(name, known)
        where = statement.where(*path)
        raise InputError(where.file, where.line, f"the {what} {name!r}{hint}", f"a {what} of the platform ({WHAT})")


def _stated(
    setting: Setting[T], statement: Statement, path: PathTo, said: Mapping[str, Any], made: Callable[[Any], T]
) -> Setting[T]:
    """A setting, with what the statement says of it.

    :raises InputError: a file says otherwise.
    """
    key = str(path[-1])
    if key not in said:
        return setting
    value, where = made(said[key]), statement.where(*path)
    if setting.origin is Origin.WRITTEN and setting.value != value:
        found = f"{' '.join(str(one) for one in path)}: {_shown(said[key])}, against {setting.where}"
        raise InputError(where.file, where.line, found, f"what stands there ({_shown(setting.value)}), or nothing")
    return setting if setting.origin is Origin.WRITTEN else Setting(value, Origin.STATED, where)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _domain(one: ConfiguredDomain, statement: Statement) -> ConfiguredDomain:
    said, path = statement.get("domains").get(one.name) or {}, ("domains", one.name)
    return replace(
        one,
        criticality=_stated(one.criticality, statement, (*path, "criticality"), said, Criticality),
        safety_tasks=_stated(one.safety_tasks, statement, (*path, "safety_tasks"), said, bool),
    )


def _device(one: ConfiguredDevice, statement: Statement, names: list[str]) -> ConfiguredDevice:
    said, path = statement.get("devices").get(one.name) or {}, ("devices", one.name)
    if "owner" in said:
        _known(statement, (*path, "owner"), said["owner"], names, "domain")
    return replace(
        one,
        assigned_to=_stated(one.assigned_to, statement, (*path, "owner"), said, lambda name: (str(name),)),
        reach=_stated(one.reach, statement, (*path, "reach"), said, Reach),
        behind_iommu=_stated(one.behind_iommu, statement, (*path, "iommu"), said, bool),
        kind=_stated(one.kind, statement, (*path, "kind"), said, DeviceKind),
        used_by_xen=_stated(one.used_by_xen, statement, (*path, "used_by_xen"), said, bool),
    )


def _with_passed(
    devices: tuple[ConfiguredDevice, ...], statement: Statement, names: list[str]
) -> tuple[ConfiguredDevice, ...]:
    """The devices, with what partial device trees say of who gets them."""
    owners: dict[str, list[tuple[str, Where, Where | None]]] = {}
    for domain, path, where, forced in statement.passed:
        _known(statement, ("passthrough", domain), domain, names, "domain")
        if path not in {one.name for one in devices}:
            raise InputError(where.file, where.line, f"the path {path}", "that of a device of the host's device tree")
        owners.setdefault(path, []).append((domain, where, forced))
    return tuple(_passed(one, owners[one.name]) if one.name in owners else one for one in devices)


def _passed(one: ConfiguredDevice, owners: list[tuple[str, Where, Where | None]]) -> ConfiguredDevice:
    names = tuple(dict.fromkeys(domain for domain, _, _ in owners))
    forced = next((place for _, _, place in owners if place), None)
    behind = Setting(False, Origin.WRITTEN, forced, "xen,force-assign-without-iommu") if forced else one.behind_iommu
    return replace(one, assigned_to=Setting(names, Origin.WRITTEN, owners[0][1]), forced=forced, behind_iommu=behind)


def _complete(configuration: Configuration, statement: Statement) -> Setting[bool]:
    if "links" not in (statement.located.data or {}):
        return configuration.virtio_complete
    return Setting(True, Origin.STATED, statement.where("links"), "all VirtIO links are listed")


def _links(configuration: Configuration, statement: Statement, names: list[str]) -> tuple[ConfiguredLink, ...]:
    """The links of the files, each completed by the entry that means it, then those that no file names."""
    said = statement.get("links") or []
    found = list(configuration.links)
    used: set[int] = set()
    for number, entry in enumerate(said):
        for end in ("backend", "frontend"):
            _known(statement, ("links", number, end), entry[end], names, "domain")
        if entry["backend"] == entry["frontend"]:
            where = statement.where("links", number)
            raise InputError(where.file, where.line, f"a link from {entry['backend']} to itself", "two domains")
        at = next((i for i, one in enumerate(found) if i not in used and _means(entry, one)), None)
        if at is None:
            used.add(len(found))
            found.append(_link(entry, statement, number))
        else:
            used.add(at)
            found[at] = _with(found[at], entry, statement, number)
    return tuple(found)


def _means(entry: Mapping[str, Any], link: ConfiguredLink) -> bool:
    ends = link.protocol is Protocol.VIRTIO and (link.backend, link.frontend) == (entry["backend"], entry["frontend"])
    return ends and entry.get("device") in (None, link.device)


def _link(entry: Mapping[str, Any], statement: Statement, number: int) -> ConfiguredLink:
    where = statement.where("links", number)
    how = f"state it in entry {number + 1} of 'links'"
    grants: Setting[bool] = missing(where, f"{how}: grants: true, or false")
    nonblocking: Setting[bool] = missing(where, f"{how}: nonblocking: true, or false")
    made = ConfiguredLink(
        Protocol.VIRTIO, entry["backend"], entry["frontend"], where, entry.get("device"), grants, nonblocking
    )
    return _with(made, entry, statement, number)


def _with(link: ConfiguredLink, entry: Mapping[str, Any], statement: Statement, number: int) -> ConfiguredLink:
    path = ("links", number)
    return replace(
        link,
        device=link.device or entry.get("device"),
        grants=_stated(link.grants, statement, (*path, "grants"), entry, bool),
        nonblocking=_stated(link.nonblocking, statement, (*path, "nonblocking"), entry, bool),
    )
