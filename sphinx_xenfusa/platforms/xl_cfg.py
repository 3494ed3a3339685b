"""A configuration out of ``xl.cfg`` files: a set of them is a platform, with the dom0 that xl runs in.

The files look like Python and are not: a value is a text, a whole number or a flat list of texts, and nothing is evaluated.  The
syntax is read by Python's own parser and everything that xl does not know is refused, so that no file means one thing to xl and
another here.

Sources: Xen's ``docs/man/xl.cfg.5.pod.in``, ``xl-disk-configuration.5.pod.in``; libxl's defaults in
``tools/libs/light/libxl_virtio.c:32`` and ``libxl_disk.c:187`` (fact sheet 4, 7.3).
"""

from __future__ import annotations

import ast
import difflib
import io
import itertools
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.boot_line import read_boot_line
from sphinx_xenfusa.platforms.configuration import (
    ChannelKind,
    Configuration,
    ConfiguredChannel,
    ConfiguredDevice,
    ConfiguredDomain,
    ConfiguredLink,
    Refusal,
    Remark,
    Setting,
    Unlisted,
    Where,
    default,
    missing,
    written,
)
from sphinx_xenfusa.platforms.located_yaml import did_you_mean

DOM0 = "Domain-0"
"""The name that xl gives the domain it runs in."""
WHAT = "an xl.cfg file"
SIZE_LIMIT = 1_000_000
_NAMES_OF_DOM0 = frozenset({"0", DOM0, "dom0"})
_NAME = re.compile(r"[A-Za-z0-9_.:+@-]{1,100}")
_PLAIN_TEXT = re.compile(r"""'[^'\\\n]*'|"[^"\\\n]*\"""")
_FORMATTED = getattr(tokenize, "FSTRING_START", None)
"""How a formatted text begins: from Python 3.12 on a token of its own."""
NOTED = (
    "altp2m",
    "arm_sci",
    "cpus",
    "device_model_stubdomain_override",
    "device_tree",
    "dm_restrict",
    "driver_domain",
    "dtdev",
    "iomem",
    "ioports",
    "irqs",
    "llc_colors",
    "max_grant_frames",
    "max_grant_version",
    "max_maptrack_frames",
    "on_crash",
    "on_poweroff",
    "on_reboot",
    "on_soft_reset",
    "on_watchdog",
    "passthrough",
    "pci",
    "pool",
    "seclabel",
    "sve",
    "tee",
    "trap_unmapped_accesses",
    "type",
    "vpci",
    "vuart",
)
"""The keys that are shown with a domain because they matter to its safety (fact sheet 7.3)."""
_PARAVIRTUAL = ("disk", "vif", "vdispl", "vsnd", "vkb", "p9", "pvcalls", "usbctrl", "vtpm")
"""The keys of devices of Xen's own protocols."""
_NEAR = ("virtio", "disk", "dtdev", "iomem", "irqs", "passthrough", "seclabel", "driver_domain")
"""Keys of which a slip of the pen is told: xl would pass it over."""
_MOST_VIRTIO = 11
"""VirtIO devices of one domain: libxl has the interrupts 33 to 43 for them (fact sheet 4)."""
_MOST_OVERLAPS = 100_000
_IOMEM = re.compile(r"(?P<start>(?:0[xX])?[0-9a-fA-F]{1,12}),(?P<pages>(?:0[xX])?[0-9a-fA-F]{1,12})(?P<rest>[@,].*)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a file: a text or a list of texts, and where it stands; of a list also where each of its texts does."""

    value: str | tuple[str, ...]
    where: Where
    parts: tuple[Where, ...] = ()

    def text(self, key: str) -> str:
        """The value as one text.

        :raises InputError: it is a list.
        """
        if isinstance(self.value, tuple):
            raise InputError(self.where.file, self.where.line, f"a list for {key}", f"one value ({WHAT})")
        return self.value

    def items(self) -> Iterator[tuple[str, Where]]:
        """The texts of a list with their places; one text stands for itself."""
        if isinstance(self.value, str):
            yield self.value, self.where
        else:
            yield from zip(self.value, self.parts, strict=True)


def read_cfg(path: Path, name: str) -> dict[str, Entry]:
    """The keys and values of a file.

    :param name: the file as the user named it.
    :raises InputError: it cannot be read, or has something that xl does not know.
    """
    return entries_of(read_text(path, limit=SIZE_LIMIT, what=WHAT), name)


def entries_of(text: str, name: str) -> dict[str, Entry]:
    """The keys and values of a text.

    :raises InputError: it has something that xl does not know, or a key twice.
    """
    try:
        _refuse_traps(text, name)
        parsed = ast.parse(text)
    except (SyntaxError, tokenize.TokenError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else error.args[1][0]
        said = error.msg if isinstance(error, SyntaxError) else str(error.args[0])
        raise InputError(
            name, line or 1, f"what is no xl.cfg ({said})", "NAME = 'text', a number or a list of texts"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(name, None, "what is no xl.cfg", "NAME = 'text', a number or a list of texts") from error
    found: dict[str, Entry] = {}
    for statement in parsed.body:
        key, entry = _entry(statement, name)
        if key in found:
            raise InputError(name, statement.lineno, f"{key} again (first in line {found[key].where.line})", "it once")
        found[key] = entry
    return found


def _refuse_traps(text: str, name: str) -> None:
    """Refuse what Python reads and xl reads otherwise, or not at all.

    :raises InputError: at the line.
    """
    before = tokenize.ENCODING
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        expected = ""
        if token.type in (tokenize.STRING, _FORMATTED):
            if before == tokenize.STRING:
                expected = "one text (xl does not join two)"
            elif not _PLAIN_TEXT.fullmatch(token.string):
                expected = "a text in quotes on one line, without a prefix and without a backslash"
        elif token.type == tokenize.NUMBER and not re.fullmatch(r"0[xX][0-9a-fA-F]+|[0-9]+", token.string):
            expected = "a whole number"
        elif token.type == tokenize.INDENT:
            expected = "a line that is not indented"
        if expected:
            raise InputError(name, token.start[0], f"{token.string.strip()[:40] or 'blanks'}", f"{expected} ({WHAT})")
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type


def _entry(statement: ast.stmt, name: str) -> tuple[str, Entry]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=key)], value=value):
            where = Where(name, statement.lineno)
            match value:
                case ast.Constant():
                    return key, Entry(_scalar(value, name), where)
                case ast.List(elts=elements):
                    parts = tuple(Where(name, one.lineno) for one in elements)
                    return key, Entry(tuple(_scalar(one, name) for one in elements), where, parts)
                case _:
                    raise InputError(
                        name, value.lineno, f"a value of {key} that is computed", f"a text, a number or a list ({WHAT})"
                    )
        case _:
            raise InputError(name, statement.lineno, "a line that sets nothing", f"NAME = VALUE ({WHAT})")


def _scalar(value: ast.expr, name: str) -> str:
    if isinstance(value, ast.Constant) and type(value.value) in (str, int):
        return str(value.value)
    raise InputError(name, value.lineno, "a value that is neither text nor number", f"texts and whole numbers ({WHAT})")


# --- one platform -----------------------------------------------------------------------------------------------------


def configuration_of(
    files: Mapping[str, Mapping[str, Entry]],
    name: str,
    boot_line: str = "",
    architecture: Architecture = Architecture.ARM,
) -> Configuration:
    """What a set of files says of a platform.

    :param files: the entries of each file, by its name.
    :param name: what the user calls the platform.
    :param boot_line: Xen's command line, which no such file has.
    :raises InputError: a file says something that libxl refuses, or names a domain that is not there.
    """
    here = Where(name)
    boot = read_boot_line(boot_line, here, architecture)
    guests = [_Guest(file, entries, _name_of(file, entries)) for file, entries in files.items()]
    _refuse_same_names(guests)
    names = [DOM0, *(one.name for one in guests)]
    policy = (
        boot.policy
        if boot_line
        else missing(here, "state it (xen: {policy: silo}), or give Xen's command line with --boot-line")
    )
    return Configuration(
        name=name,
        files=tuple(files),
        domains=(_dom0(here), *(one.domain(number) for number, one in enumerate(guests, 1))),
        devices=tuple(_devices(guests)),
        links=tuple(link for one in guests for link in one.links(names)),
        architecture=default(architecture, here, "unless --architecture says otherwise"),
        policy=policy,
        iommu=boot.iommu,
        direct_mapped_hardware=default(
            architecture is Architecture.ARM, here, "the dom0 of Arm is mapped to the same addresses"
        ),
        virtio_complete=written(True, here, "the keys virtio and disk name every VirtIO device of a domain"),
        refusals=tuple(refusal for one in guests for refusal in one.refusals(names, architecture)),
        notes=boot.notes,
        channels=tuple(channel for one in guests for channel in one.channels(names)),
        unlisted=(
            Unlisted(
                DOM0,
                here,
                False,
                "an xl.cfg does not list what dom0 keeps: state who answers for it (assumptions: aou_dev, aou_iommu)",
            ),
        ),
        remarks=tuple(remark for one in guests for remark in one.remarks(names, flask=policy.value == "flask")),
        has_boot_line=bool(boot_line),
    )


def _name_of(file: str, entries: Mapping[str, Entry]) -> str:
    if "name" not in entries:
        raise InputError(
            file, None, "no name", f"name = 'NAME' ({WHAT}, whole: a part of one has to be joined with the rest)"
        )
    name = entries["name"].text("name")
    if not _NAME.fullmatch(name):
        found = f"the name {name[:40]!r}"
        raise InputError(file, entries["name"].where.line, found, "1 to 100 letters, digits and _ . : + @ -")
    return name


def _dom0(where: Where) -> ConfiguredDomain:
    both = frozenset({Capability.CONTROL, Capability.HARDWARE})
    why = "xl runs in a domain with both capabilities"
    return ConfiguredDomain(
        DOM0,
        where,
        0,
        default(both, where, why),
        default(True, where, "xenstored runs in dom0 unless a stub domain does it"),
        missing(where, f"state it: domains: {{{DOM0}: {{criticality: safe}}}}, or unsafe"),
        missing(where, f"state it: domains: {{{DOM0}: {{safety_tasks: true}}}}, or false"),
    )


def _refuse_same_names(guests: Sequence[_Guest]) -> None:
    seen = {DOM0: "the domain that xl runs in"}
    for one in guests:
        if one.name in seen:
            where = one.entries["name"].where
            raise InputError(
                where.file, where.line, f"the name {one.name!r} again ({seen[one.name]})", "a name of its own"
            )
        seen[one.name] = one.file


@dataclass(frozen=True, slots=True)
class _Guest:
    """One file."""

    file: str
    entries: Mapping[str, Entry]
    name: str

    def domain(self, number: int) -> ConfiguredDomain:
        """The domain that it configures; which number it gets depends on when it is created."""
        where = self.entries["name"].where
        how = f"state it: domains: {{{self.name}: "
        notes = tuple(
            (key, ", ".join(text for text, _ in self.entries[key].items()), self.entries[key].where)
            for key in NOTED
            if key in self.entries
        )
        return ConfiguredDomain(
            self.name,
            where,
            None,
            written(frozenset(), where, "xl can create no domain with a capability: they are set when Xen starts"),
            default(False, where, "no xl.cfg makes the xenstore domain"),
            missing(where, f"{how}{{criticality: safe}}}}, or unsafe"),
            missing(where, f"{how}{{safety_tasks: true}}}}, or false"),
            notes,
        )

    def links(self, names: Sequence[str]) -> Iterator[ConfiguredLink]:
        """The VirtIO devices of the domain."""
        for key in ("virtio", "disk", "vif"):
            entry = self.entries.get(key)
            for text, where in entry.items() if entry else ():
                options = _options(text, where, key)
                if _is_virtio(options, key):
                    yield self._link(options, where, names, key)

    def channels(self, names: Sequence[str]) -> Iterator[ConfiguredChannel]:
        """The devices of Xen's own protocols whose backend is a domain of the platform."""
        for key, options, where in self._paravirtual():
            backend = _backend_named(options.get("backend", "0"), names)
            if backend is not None and backend != self.name:
                yield ConfiguredChannel(ChannelKind.PARAVIRTUAL, backend, self.name, f"the {key} of {self.name}", where)

    def _paravirtual(self) -> Iterator[tuple[str, Mapping[str, str], Where]]:
        for key in _PARAVIRTUAL:
            entry = self.entries.get(key)
            for text, where in entry.items() if entry else ():
                options = _options(text, where, key)
                if not _is_virtio(options, key):
                    yield key, options, where

    def remarks(self, names: Sequence[str], *, flask: bool) -> Iterator[Remark]:
        """What is passed over: slips of the pen, backends that are not there, and what no rule is about."""
        for key, options, where in self._paravirtual():
            backend = options.get("backend", "0")
            if _backend_named(backend, names) is None:
                yield Remark(
                    where, f"the {key} of {self.name} is passed over: {backend[:60]!r} is no domain of this platform"
                )
        for key, entry in self.entries.items():
            near = [one for one in difflib.get_close_matches(key, _NEAR, n=1, cutoff=0.8) if one[0] == key[0]]
            if near and key not in (*_NEAR, *NOTED, *_PARAVIRTUAL):
                yield Remark(entry.where, f"{key} is passed over, by xl too (did you mean {near[0]}?)")
        first = self.entries.get("seclabel")
        if first is not None and not flask:
            yield Remark(first.where, f"the label of {self.name} counts with xsm=flask only")
        kind = self.entries.get("type") or self.entries.get("builder")
        if kind is not None and kind.value == "hvm":
            words = "a device model emulates devices for it and maps its memory, about which the document has no rule"
            yield Remark(kind.where, f"{self.name} is an HVM guest: {words}")

    def _link(self, options: Mapping[str, str], where: Where, names: Sequence[str], key: str) -> ConfiguredLink:
        backend = _backend(options.get("backend", "0"), where, names)
        if backend == self.name:
            raise InputError(where.file, where.line, f"{self.name} as its own backend", "another domain")
        if options.get("transport", "mmio") != "mmio":
            found = f"transport={options['transport']}"
            raise InputError(where.file, where.line, found, "transport=mmio, the only one that libxl knows")
        source = "libxl_disk.c:187" if key == "disk" else "libxl_virtio.c:32"
        return ConfiguredLink(
            Protocol.VIRTIO,
            backend,
            self.name,
            where,
            None,
            _grants(options, where, backend, source)
            if key != "vif"
            else default(False, where, "a network interface that QEMU emulates (model=virtio…) has no grants"),
            default(False, where, "upstream Xen has no non-blocking VirtIO (fact sheet 5, D12)"),
        )

    def refusals(self, names: Sequence[str], architecture: Architecture) -> Iterator[Refusal]:
        """What libxl, or Xen when it is asked by libxl, refuses."""
        links = list(self.links(names))
        if len(links) > _MOST_VIRTIO:
            found = f"{len(links)} VirtIO devices of {self.name}, of which {_MOST_VIRTIO} have an interrupt"
            yield Refusal(links[_MOST_VIRTIO].where, found, "libxl refuses to create the domain", "libxl_arm.c:935-998")
        version = self.entries.get("max_grant_version")
        if version is not None and (
            version.value == "0" or (architecture is Architecture.ARM and version.value != "1")
        ):
            source = "xen/common/grant_table.c:1987-2018; on Arm the highest is 1"
            found = f"max_grant_version = {version.text('max_grant_version')} of {self.name}"
            yield Refusal(version.where, found, "Xen refuses to create the domain", source)
        entry = self.entries.get("passthrough")
        if entry is not None and entry.text("passthrough") == "disabled" and {"dtdev", "pci"} & set(self.entries):
            then, source = "libxl refuses to create the domain", "xl.cfg(5), passthrough"
            yield Refusal(entry.where, f"passthrough='disabled' beside devices of {self.name}", then, source)


def _options(text: str, where: Where, key: str) -> dict[str, str]:
    """``name=value`` and flags, by commas; of a disk the positional parts are passed over."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name, mark, value = part.strip().partition("=")
        if not mark and name in ("grant_usage", "no_grant_usage"):
            raise InputError(where.file, where.line, f"{name} in {key}", "grant_usage=0 or grant_usage=1")
        if mark:
            if name in found:
                raise InputError(where.file, where.line, f"{name} twice in {key}", "it once")
            found[name] = value.strip()
    return found


def _grants(options: Mapping[str, str], where: Where, backend: str, source: str) -> Setting[bool]:
    """With grants or not; by default as libxl computes it: for every backend that is not dom0."""
    said = options.get("grant_usage")
    if said is None:
        words = f"grant_usage is {'0' if backend == DOM0 else '1'} by default for a backend in {backend} ({source})"
        return default(backend != DOM0, where, words)
    if said not in ("0", "1"):
        # xl reads a number: any word, "enabled" and "true" too, is 0 to it.
        raise InputError(where.file, where.line, f"grant_usage={said[:40]}", "grant_usage=0 or grant_usage=1")
    return written(said == "1", where)


def _backend(said: str, where: Where, names: Sequence[str]) -> str:
    found_name = _backend_named(said, names)
    if found_name is None:
        hint = did_you_mean(said, names)
        found = f"the backend {said[:60]!r}{hint}"
        raise InputError(where.file, where.line, found, f"a domain of this platform: {', '.join(names[:12])}")
    return found_name


def _backend_named(said: str, names: Sequence[str]) -> str | None:
    """The domain that a backend is said to be in; ``None`` if it is none of the platform's."""
    if said in _NAMES_OF_DOM0:
        return DOM0
    return said if said in names else None


def _is_virtio(options: Mapping[str, str], key: str) -> bool:
    if key == "vif":
        return options.get("model", "").startswith("virtio")
    return key == "virtio" or (key == "disk" and options.get("specification", "xen") == "virtio")


def _devices(guests: Iterable[_Guest]) -> Iterator[ConfiguredDevice]:
    """What is assigned: nodes of the device tree, PCI devices, and ranges of memory.

    Ranges that overlap are registers of one device, however they are written: each belongs to all who have a part of it.
    """
    owners: dict[str, tuple[list[str], Where, str]] = {}
    ranges: dict[str, tuple[int, int]] = {}
    for one in guests:
        for key in ("dtdev", "pci", "iomem"):
            entry = one.entries.get(key)
            for text, where in entry.items() if entry else ():
                device = text.partition(",")[0].strip()
                if key == "iomem":
                    device, pages = _range(text, where)
                    ranges[device] = pages
                owners.setdefault(device, ([], where, key))[0].append(one.name)
    sharing = _sharing(ranges, owners)
    for device, (names, where, key) in owners.items():
        also = [name for other in sharing.get(device, ()) for name in owners[other][0]]
        yield _device(device, tuple(dict.fromkeys([*names, *also])), where, key)


def _range(text: str, where: Where) -> tuple[str, tuple[int, int]]:
    """A range of pages of memory-mapped registers, as a name and as its first page and the one after its last.

    :raises InputError: it is none.
    """
    found = _IOMEM.fullmatch(text.replace(" ", ""))
    if found is None or not int(found["pages"], 16):
        expected = "START,PAGES or START,PAGES@GUEST, in hexadecimal"
        raise InputError(where.file, where.line, f"iomem {text[:40]!r}", expected)
    start, pages = int(found["start"], 16), int(found["pages"], 16)
    return f"iomem {start:#x}-{start + pages - 1:#x}", (start, start + pages)


def _sharing(
    ranges: Mapping[str, tuple[int, int]], owners: Mapping[str, tuple[list[str], Where, str]]
) -> dict[str, list[str]]:
    """For each range the others that overlap it.

    :raises InputError: there are more of these than any board has.
    """
    found: dict[str, list[str]] = {}
    in_order = sorted(ranges, key=lambda name: (ranges[name], name))
    pairs = 0
    for at, name in enumerate(in_order):
        for other in itertools.islice(in_order, at + 1, None):
            if ranges[other][0] >= ranges[name][1]:
                break
            pairs += 1
            if pairs > _MOST_OVERLAPS:
                where = owners[name][1]
                raise InputError(where.file, where.line, f"more than {_MOST_OVERLAPS:,} overlaps of iomem", "fewer")
            found.setdefault(name, []).append(other)
            found.setdefault(other, []).append(name)
    return found


def _device(device: str, names: tuple[str, ...], where: Where, key: str) -> ConfiguredDevice:
    how = f"state it: devices: {{{device!r}: {{…}}}}"
    guarded: Setting[bool] = (
        missing(where, f"{how} with iommu: true or false: access to memory-mapped registers says nothing of DMA")
        if key == "iomem"
        else written(True, where, f"{key} assigns through an IOMMU")
    )
    return ConfiguredDevice(
        device,
        where,
        written(names, where),
        missing(where, f"{how} with its reach: self, dma or platform")
        if key == "iomem"
        else written(Reach.DMA, where, f"{key} is for devices with DMA"),
        guarded,
        default(DeviceKind.PERIPHERAL, where, "nothing says that it is a part of the machine that Xen may keep"),
        default(False, where, "it is assigned to a domain"),
    )
