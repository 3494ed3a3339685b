"""A configuration out of ImageBuilder's variables: what its ``uboot-script-gen`` makes of them for U-Boot and Xen.

ImageBuilder runs the file in a shell.  Nothing is run here: a file is lines that each set one variable to plain text, and
whatever a shell would expand, run or join is refused at its line, so that no file means one thing to a shell and another here.
As in a shell, the last line that sets a variable counts, and a variable without a number is the one with number 0.

Sources: ImageBuilder's ``README.md`` and ``scripts/uboot-script-gen`` (gitlab.com/xen-project/imagebuilder) for the variables and
their defaults; for ``DOMU_CAPS`` the patch of 6 March 2025 (xen-devel, ``20250306221310.203221-1-jason.andryuk@amd.com``); what
the properties mean that it makes of them, in :mod:`sphinx_xenfusa.platforms.dom0less`.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from sphinx_xenfusa.inputs import InputError, decode, read_bytes, real_path
from sphinx_xenfusa.model.vocabulary import Architecture
from sphinx_xenfusa.platforms.boot_line import read_boot_line
from sphinx_xenfusa.platforms.configuration import (
    Configuration,
    ConfiguredDevice,
    ConfiguredDomain,
    Refusal,
    Remark,
    Setting,
    Unlisted,
    Where,
    default,
    missing,
    written,
)
from sphinx_xenfusa.platforms.device_tree import Tree, read_tree
from sphinx_xenfusa.platforms.dom0less import (
    Bits,
    devices_of,
    dom0_of,
    domain_of,
    more_than_one,
    passed_through,
    shared_between,
    unknown_bits,
)
from sphinx_xenfusa.platforms.located_yaml import did_you_mean

WHAT = "a configuration of ImageBuilder"
SIZE_LIMIT = 1_000_000
MOST_DOMUS = 10_000
"""Domains that one file may start."""
SCRIPT = "ImageBuilder, scripts/uboot-script-gen"
XEN_CMD = "console=dtuart dtuart=serial0 dom0_mem=1G dom0_max_vcpus=1 bootscrub=0 vwfi=native sched=null"
"""Xen's command line where the file has none."""
_NUMBERED = (
    "DOMU_CAPS",
    "DOMU_CMD",
    "DOMU_COLORS",
    "DOMU_CPUPOOL",
    "DOMU_DIRECT_MAP",
    "DOMU_DRIVER_DOMAIN",
    "DOMU_ENHANCED",
    "DOMU_GRANT_FRAMES",
    "DOMU_GRANT_VER",
    "DOMU_KERNEL",
    "DOMU_LOAD",
    "DOMU_MAPTRACK_FRAMES",
    "DOMU_MEM",
    "DOMU_NOBOOT",
    "DOMU_NR_SPIS",
    "DOMU_PASSTHROUGH_DTB",
    "DOMU_PASSTHROUGH_PATHS",
    "DOMU_RAMDISK",
    "DOMU_ROOTFS",
    "DOMU_SHARED_MEM",
    "DOMU_STATIC_MEM",
    "DOMU_VCPUS",
    "DOMU_VPL011",
)
"""The variables of a domain."""
_DEFAULTS = {
    "DOMU_MEM": "512",
    "DOMU_VCPUS": "1",
    "DOMU_VPL011": "1",
}
"""What a domain has whose variable is not set."""
_CAPABILITIES = {"none": 0, "control": 1, "hardware": 2, "xenstore": 4, "dom0": 7, "domain0": 7}
_KNOWS = re.compile(
    r"^[ \t]*(NUM_DOMUS|DOMU_[A-Z0-9_]+(\[[0-9]+\])?|DOM0_KERNEL|XEN_CMD|MEMORY_START|UBOOT_SCRIPT|UBOOT_SOURCE)=",
    re.MULTILINE,
)
_LINE = re.compile(r"[ \t]*(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\[(?P<number>0|[1-9][0-9]{0,5})\])?=(?P<rest>.*)")
_VALUE = re.compile(
    r"""(?:'(?P<single>[^']*)'|"(?P<double>[^"\\$`]*)"|(?P<bare>[A-Za-z0-9_./,:=@%+-]*))(?:[ \t]*|[ \t]+\#.*)"""
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|0|[1-9][0-9]{0,18}")
"""As ImageBuilder's arithmetic reads it; with a leading zero it would be octal there."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
"""What a shell takes for a part of a word and others for the end of a line or for nothing."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is set: its text, and where."""

    text: str
    where: Where


Variables = Mapping[tuple[str, int], Variable]
"""By name and number."""


def is_imagebuilder(text: str) -> bool:
    """Whether a text sets a variable by which ImageBuilder's files are known."""
    return _KNOWS.search(text) is not None


# --- the file ---------------------------------------------------------------------------------------------------------


def variables_of(text: str, name: str) -> tuple[dict[tuple[str, int], Variable], tuple[Remark, ...]]:
    """The variables of a text, and what is to be said of those that are set twice.

    :param name: the file as the user named it.
    :raises InputError: a line is no assignment of plain text.
    """
    found: dict[tuple[str, int], Variable] = {}
    remarks: list[Remark] = []
    for number, line in enumerate(text.split("\n"), 1):
        where = Where(name, number)
        control = _CONTROL.search(line)
        if control is not None:
            _refuse(
                where, f"the character {control[0]!a}", "lines that end with a line feed, without control characters"
            )
        if not line.strip(" \t") or line.lstrip(" \t").startswith("#"):
            continue
        key, value = _assignment(line, where)
        if key in found:
            remarks.append(
                Remark(where, f"{_shown(key)} is set again (first in line {found[key].where.line}): this counts")
            )
        found[key] = Variable(value, where)
    return found, tuple(remarks)


def _assignment(line: str, where: Where) -> tuple[tuple[str, int], str]:
    assigned = _LINE.fullmatch(line)
    if assigned is None:
        _refuse(where, f"{line.strip()[:60]!r}, which sets no variable", "NAME='text' or NAME[NUMBER]='text'")
    value = _VALUE.fullmatch(assigned["rest"])
    if value is None:
        if re.search(r"[$`\\]", assigned["rest"]):
            _refuse(where, f"{assigned['rest'][:60]!r}, which a shell expands", "plain text (nothing is run here)")
        _refuse(where, f"{assigned['rest'][:60]!r}", "one text in quotes that ends on its line, or one word")
    text = next(one for one in (value["single"], value["double"], value["bare"]) if one is not None)
    return (assigned["name"], int(assigned["number"] or 0)), text


def _refuse(where: Where, found: str, expected: str) -> NoReturn:
    raise InputError(where.file, where.line, found, f"{expected} ({WHAT})")


def _shown(key: tuple[str, int]) -> str:
    name, number = key
    return f"{name}[{number}]" if name in _NUMBERED or number else name


# --- the platform -----------------------------------------------------------------------------------------------------


def read_configuration(path: Path, root: Path, name: str) -> Configuration:
    """What a file says of a platform, with the device trees that it names as far as they are there.

    :param root: the folder below which these have to stand.
    :param name: the file as the user named it.
    :raises InputError: a file cannot be read, a line is no plain assignment, or a variable has a value that ImageBuilder refuses.
    """
    data = read_bytes(path, limit=SIZE_LIMIT, what=WHAT)
    if data.startswith(BOM_UTF8):
        _refuse(Where(name, 1), "a byte order mark", "none: a shell takes it for a part of the first word")
    variables, remarks = variables_of(decode(data, path, what=WHAT), name)
    reader = _Reader(variables, path, root, name)
    configuration = reader.configuration()
    return replace(configuration, remarks=(*remarks, *configuration.remarks))


class _Reader:
    """Makes a configuration out of the variables of one file."""

    def __init__(self, variables: Variables, path: Path, root: Path, name: str) -> None:
        self._variables = variables
        self._folder, self._root, self._name = path.parent, root, name
        self._here = Where(name, 1)
        self._files = [name]
        self._remarks: list[Remark] = []
        self._unlisted: list[Unlisted] = []
        self._taken: list[tuple[str, Setting[object]]] = []

    def configuration(self) -> Configuration:
        """The configuration.

        :raises InputError: a variable has a value that ImageBuilder refuses, or a device tree that is there cannot be used.
        """
        self._refuse_other_names()
        number = self._number_of_domus()
        line = self._get("XEN_CMD")
        boot = read_boot_line(line.text if line else XEN_CMD, line.where if line else self._here, Architecture.ARM)
        policy = boot.policy
        if line is None:
            self._take("Xen's command line", XEN_CMD, self._here, f"XEN_CMD is not set ({SCRIPT})")
        domains = (*self._dom0(), *self._domus(number))
        if not domains:
            raise InputError(self._name, None, "no domain", f"DOM0_KERNEL, or NUM_DOMUS and DOMU_KERNEL[0] ({WHAT})")
        return Configuration(
            name=self._name,
            domains=domains,
            devices=tuple(self._devices(number, domains)),
            links=tuple(shared_between(self._regions(number))),
            architecture=written(Architecture.ARM, self._here, "ImageBuilder is for Arm"),
            policy=policy,
            iommu=boot.iommu,
            direct_mapped_hardware=self._direct_mapped(domains),
            virtio_complete=missing(
                self._here,
                "state the VirtIO links under 'links' (an empty list if there are none): ImageBuilder has no variable for one",
            ),
            refusals=tuple(self._refusals(number, domains)),
            notes=boot.notes,
            files=tuple(self._files),
            unlisted=tuple(self._unlisted),
            remarks=tuple(self._remarks),
            taken=tuple(self._taken),
            has_boot_line=True,
        )

    def _get(self, name: str, number: int = 0) -> Variable | None:
        """A variable; ``None`` where it is not set or empty, which ImageBuilder does not tell apart."""
        found = self._variables.get((name, number))
        return found if found is not None and found.text.strip() else None

    def _take(self, what: str, value: object, where: Where, source: str) -> None:
        self._taken.append((what, default(value, where, source)))

    def _number(self, variable: Variable, name: str) -> int:
        if not _NUMBER.fullmatch(variable.text.strip()):
            _refuse(variable.where, f"{name}={variable.text[:40]!r}", "a whole number without zeros in front")
        return int(variable.text.strip(), 0 if variable.text.strip()[:2].lower() == "0x" else 10)

    def _refuse_other_names(self) -> None:
        """Refuse what looks like a variable of a domain that is written wrong: ImageBuilder would pass it over without a word."""
        for (name, number), one in self._variables.items():
            if not name.startswith("DOMU_") or name in _NUMBERED:
                continue
            hint = did_you_mean(name.removeprefix("DOMU_"), [one.removeprefix("DOMU_") for one in _NUMBERED])
            if hint:
                found = f"{name}[{number}]{hint.replace('mean ', 'mean DOMU_')}"
                _refuse(one.where, found, "a variable that ImageBuilder knows")
            words = f"{name}[{number}] is passed over: it is not known what ImageBuilder does with it"
            self._remarks.append(Remark(one.where, words))
        if self._get("LINUX") is not None and self._get("XEN") is None:
            one = self._variables["LINUX", 0]
            _refuse(one.where, "LINUX without XEN", "the XEN that starts the domains")

    def _number_of_domus(self) -> int:
        said = self._get("NUM_DOMUS")
        numbered = [(key, one) for key, one in self._variables.items() if key[0] in _NUMBERED]
        if said is None:
            if numbered:
                _refuse(numbered[0][1].where, f"{_shown(numbered[0][0])} without NUM_DOMUS", "NUM_DOMUS=NUMBER")
            self._take("NUM_DOMUS", "0", self._here, f"no domain is started without it ({SCRIPT})")
            return 0
        count = self._number(said, "NUM_DOMUS")
        if count > MOST_DOMUS:
            _refuse(said.where, f"NUM_DOMUS={count}", f"no more than {MOST_DOMUS:,} domains")
        for key, one in numbered:
            if key[1] >= count:
                words = f"{_shown(key)} is passed over: NUM_DOMUS is {count} (line {said.where.line})"
                self._remarks.append(Remark(one.where, words))
        return count

    # Domains.

    def _dom0(self) -> Iterator[ConfiguredDomain]:
        kernel = self._get("DOM0_KERNEL")
        if kernel is not None:
            yield dom0_of(kernel.where)

    def _domus(self, count: int) -> Iterator[ConfiguredDomain]:
        domid = 0
        for number in range(count):
            started = self._is_started(number)
            domid += started
            yield self._domu(number, domid if started else None)

    def _is_started(self, number: int) -> bool:
        """Whether Xen starts it; with DOMU_NOBOOT, or a root file system on a disk, a toolstack does it later."""
        return self._get("DOMU_NOBOOT", number) is None and self._get("DOMU_ROOTFS", number) is None

    def _domu(self, number: int, domid: int | None) -> ConfiguredDomain:
        name = f"domU{number}"
        kernel = self._get("DOMU_KERNEL", number)
        started = domid is not None
        if kernel is None and started:
            said = self._get("NUM_DOMUS")
            where = said.where if said else self._here
            _refuse(
                where,
                f"no DOMU_KERNEL[{number}]",
                f"the kernel of every domain below NUM_DOMUS={said.text if said else 0}",
            )
        where = kernel.where if kernel else self._here
        bits: Bits | None = None
        caps = self._get("DOMU_CAPS", number)
        if caps is not None and started:
            bits = Bits(_capabilities(caps), caps.where)
        elif caps is not None:
            words = f"DOMU_CAPS[{number}] is passed over: a capability is given by Xen at boot, and it does not start {name}"
            self._remarks.append(Remark(caps.where, words))
        absent = (
            "a domain without DOMU_CAPS has no capability"
            if started
            else "no toolstack creates a domain with a capability"
        )
        return domain_of(name, where, domid, bits, absent, tuple(self._notes(number, where)))

    def _notes(self, number: int, where: Where) -> Iterator[tuple[str, str, Where]]:
        for name in _NUMBERED:
            said = self._get(name, number)
            if said is not None:
                yield name, said.text, said.where
            elif name in _DEFAULTS:
                self._take(f"{name}[{number}]", _DEFAULTS[name], where, f"{name} is not set ({SCRIPT})")
        if self._get("DOMU_ENHANCED", number) is None and self._get("DOM0_KERNEL") is not None:
            self._take(
                f"DOMU_ENHANCED[{number}]", "1", where, f"there is a dom0 and DOMU_ENHANCED is not set ({SCRIPT})"
            )
        if self._get("DOMU_STATIC_MEM", number) is not None and self._get("DOMU_DIRECT_MAP", number) is None:
            source = f"the domain has static memory and DOMU_DIRECT_MAP is not set ({SCRIPT})"
            self._take(f"DOMU_DIRECT_MAP[{number}]", "1", where, source)

    def _direct_mapped(self, domains: tuple[ConfiguredDomain, ...]) -> Setting[bool]:
        hardware = next((one for one in domains if one.is_hardware), None)
        if hardware is None:
            return default(False, self._here, "there is no Hardware Domain")
        if hardware.domid == 0:
            return default(True, hardware.where, "the dom0 of Arm is mapped to the same addresses")
        number = int(hardware.name.removeprefix("domU"))
        said, static = self._get("DOMU_DIRECT_MAP", number), self._get("DOMU_STATIC_MEM", number)
        if static is None:
            return default(False, hardware.where, f"without DOMU_STATIC_MEM a domain is not mapped so ({SCRIPT})")
        if said is None:
            return default(True, static.where, f"static memory and no DOMU_DIRECT_MAP ({SCRIPT})")
        return written(said.text.strip() == "1", said.where)

    def _regions(self, count: int) -> Mapping[str, list[tuple[str, Where]]]:
        regions: dict[str, list[tuple[str, Where]]] = {}
        for number in range(count):
            said = self._get("DOMU_SHARED_MEM", number)
            if said is None or not self._is_started(number):
                continue
            words = said.text.split()
            if len(words) not in (3, 4) or not all(_NUMBER.fullmatch(one) for one in words[1:]):
                _refuse(
                    said.where, f"DOMU_SHARED_MEM[{number}]={said.text[:60]!r}", "'ID [HOST] GUEST SIZE' with numbers"
                )
            regions.setdefault(words[0], []).append((f"domU{number}", said.where))
        return regions

    # Devices.

    def _devices(self, count: int, domains: tuple[ConfiguredDomain, ...]) -> Iterator[ConfiguredDevice]:
        tree = self._host_tree(domains)
        owners = self._assigned(count)
        known = {one.name: one for one in devices_of(tree)} if tree is not None else {}
        for path, device in known.items():
            if path not in owners:
                yield device
        for path, (names, where, forced) in owners.items():
            if path in known:
                device = known[path]
            elif tree is not None:
                _refuse(where, f"the path {path}", "that of a device of the host's device tree")
            else:
                device = _unread(path, where)
            behind = written(False, forced, "xen,force-assign-without-iommu") if forced else device.behind_iommu
            yield replace(
                device,
                where=device.where if tree is not None else where,
                assigned_to=written(tuple(dict.fromkeys(names)), where),
                behind_iommu=behind,
                forced=forced,
            )

    def _host_tree(self, domains: tuple[ConfiguredDomain, ...]) -> Tree | None:
        said = self._get("DEVICE_TREE")
        tree = self._tree(said) if said is not None else None
        if tree is None:
            where = said.where if said else self._here
            named = f"{said.text} is not beside this file" if said else "no DEVICE_TREE is named"
            how = f"give the device tree of the host: {named}"
            self._remarks.append(Remark(where, f"the devices of the host are not read: {named}"))
            hardware = (one.name for one in domains if one.is_hardware)
            self._unlisted += [Unlisted(one, where, False, how) for one in hardware]
        return tree

    def _tree(self, variable: Variable) -> Tree | None:
        """A device tree that a variable names, or ``None`` if it is not there."""
        path = self._folder / variable.text.strip()
        if not real_path(path).is_relative_to(real_path(self._root)):
            _refuse(variable.where, f"the device tree {variable.text}", f"a file below {self._root.name}/")
        if not path.is_file():
            return None
        shown = (Path(self._name).parent / variable.text.strip()).as_posix()
        tree = read_tree(path, self._root, shown)
        self._files += tree.files
        return tree

    def _assigned(self, count: int) -> Mapping[str, tuple[list[str], Where, Where | None]]:
        """Who gets a device, by the paths that the file lists and by the partial device trees that it names."""
        found: dict[str, tuple[list[str], Where, Where | None]] = {}

        def gets(path: str, name: str, where: Where, forced: Where | None) -> None:
            names, first, before = found.get(path, ([], where, None))
            found[path] = ([*names, name], first, before or forced)

        for number in range(count):
            name = f"domU{number}"
            paths = self._get("DOMU_PASSTHROUGH_PATHS", number)
            for path in paths.text.split() if paths else ():
                if not path.startswith("/"):
                    _refuse(paths.where if paths else self._here, f"the path {path!r}", "a path that begins with /")
                gets(path, name, paths.where if paths else self._here, None)
            named = self._get("DOMU_PASSTHROUGH_DTB", number)
            if named is None:
                continue
            tree = self._tree(named)
            if tree is None:
                self._remarks.append(
                    Remark(named.where, f"the devices of {name} are not read: {named.text} is not there")
                )
                if paths is None:
                    how = f"give its partial device tree, {named.text}"
                    self._unlisted.append(Unlisted(name, named.where, True, how))
                continue
            for path, where, forced in passed_through(tree):
                if path in found and name in found[path][0]:
                    names, first, before = found[path]
                    found[path] = (names, first, before or forced)
                else:
                    gets(path, name, where, forced)
        return found

    # What does not start.

    def _refusals(self, count: int, domains: tuple[ConfiguredDomain, ...]) -> Iterator[Refusal]:
        bits: list[tuple[str, Bits]] = []
        for number in range(count):
            said = self._get("DOMU_CAPS", number)
            if said is not None and self._is_started(number):
                bits.append((f"domU{number}", Bits(_capabilities(said), said.where)))
                yield from unknown_bits(*bits[-1])
        yield from more_than_one(bits, has_dom0=bool(domains) and domains[0].domid == 0)
        for number in range(count):
            version = self._get("DOMU_GRANT_VER", number)
            if version is not None and self._number(version, "DOMU_GRANT_VER") != 1:
                found = f"DOMU_GRANT_VER[{number}]={version.text}"
                source = "xen/common/grant_table.c:1987-2018; on Arm the highest is 1"
                yield Refusal(version.where, found, "Xen panics at boot", source)


def _capabilities(said: Variable) -> int:
    """``DOMU_CAPS``: words or numbers, with ``|`` between them.

    :raises InputError: a word is neither.
    """
    bits = 0
    for word in said.text.lower().replace("|", " ").split():
        if word in _CAPABILITIES:
            bits |= _CAPABILITIES[word]
        elif _NUMBER.fullmatch(word):
            bits |= int(word, 0 if word.startswith("0x") else 10)
        else:
            hint = did_you_mean(word, tuple(_CAPABILITIES))
            _refuse(said.where, f"the capability {word[:40]!r}{hint}", f"{', '.join(_CAPABILITIES)}, or a number")
    return bits


def _unread(path: str, where: Where) -> ConfiguredDevice:
    """A device of which only the path is known."""
    how = f"state it: devices: {{{path}: {{…}}}}, or give the device tree of the host"
    return ConfiguredDevice(
        path,
        where,
        missing(where, how),
        missing(where, f"{how}: reach: self, dma or platform"),
        missing(where, f"{how}: iommu: true or false"),
        missing(where, f"{how}: kind: peripheral, uart, timer …"),
        default(False, where, "it is assigned to a domain"),
    )
