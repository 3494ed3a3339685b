"""A configuration out of the device tree of a platform that starts its domains itself (dom0less).

What the tree cannot say is left open: which domain is a SafeVM, what a device reaches, who runs VirtIO.  What Xen would not
start is a refusal, not an error of reading: the tree is understood, and Xen panics.

Shared memory and event channels of a dom0 stand directly below ``/chosen``, those of other domains below their nodes.

Sources: Xen's ``docs/misc/arm/device-tree/booting.txt``, ``xen/common/device-tree/dom0less-bindings.c:14-145``,
``dom0less-build.c``, ``xen/include/public/bootfdt.h:20-29`` (fact sheet 7.1); ``docs/misc/arm/device-tree/passthrough.txt``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple, NoReturn

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, DeviceKind, Protocol, Reach
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
from sphinx_xenfusa.platforms.device_tree import Node, Property, Tree

CONTROL, HARDWARE, XENSTORE = 0x1, 0x2, 0x4
"""Bits of ``capabilities`` (``xen/include/public/bootfdt.h:20-29``)."""
DOM0 = "dom0"
_BINDINGS = "xen/common/device-tree/dom0less-bindings.c"
_BUILD = "xen/common/device-tree/dom0less-build.c"
_KERNEL = ("multiboot,kernel", "xen,linux-zimage")
_MODULE = ("multiboot,module", "xen,multiboot-module")
_OTHER_MODULES = ("multiboot,ramdisk", "xen,linux-initrd", "xen,xsm-policy", "multiboot,device-tree")
_PARTIAL_TREE = "multiboot,device-tree"
_DOMAIN = "xen,domain"
_SHARED = "xen,domain-shared-memory-v1"
_EVENT_CHANNEL = "xen,evtchn-v1"
_KNOWN_BELOW_A_DOMAIN = frozenset({*_MODULE, *_KERNEL, *_OTHER_MODULES, _SHARED, _EVENT_CHANNEL, "xen,vcpu"})
_MOST_PORT = 1 << 17
_SHM_ID_LENGTH = 15
_ENHANCED = ("enabled", "legacy", "disabled", "no-xenstore")
_NOTED = (
    "memory",
    "cpus",
    "direct-map",
    "xen,static-mem",
    "vpl011",
    "nr_spis",
    "trap-unmapped-accesses",
    "sve",
    "llc-colors",
    "domain-cpupool",
    "xen,domain-p2m-mem-mb",
    "xen,sci_type",
    "v8r_el1_msa",
    "xen,enhanced",
    "passthrough",
    "max_grant_version",
    "max_grant_frames",
    "max_maptrack_frames",
)
"""Properties of a domain that are shown as they stand (fact sheet 7.1)."""


class Bits(NamedTuple):
    """A value of ``capabilities``, and where it stands."""

    value: int
    where: Where


def configuration_of(tree: Tree, name: str) -> Configuration:
    """What a device tree says of a platform.

    :param name: what the user calls it.
    :raises InputError: a property that is looked at has the wrong form, or refers to no node.
    """
    chosen = tree.node("/chosen")
    nodes = [one for one in chosen.children if one.is_compatible(_DOMAIN)] if chosen else []
    kernel = _kernel_of_dom0(chosen) if chosen else None
    if not nodes and kernel is None:
        _refuse_no_platform(tree)
    line = _boot_line(chosen, kernel) if chosen else None
    where = line.where if line else chosen.where if chosen else tree.root.where
    boot = read_boot_line(line.text() if line else "", where, Architecture.ARM)
    domains = (
        *((dom0_of(kernel.where),) if kernel is not None else ()),
        *(_domain(node, domid) for domid, node in enumerate(nodes, 1)),
    )
    owners = [(DOM0, chosen)] if chosen is not None and kernel is not None else []
    owners += [(node.name, node) for node in nodes]
    return Configuration(
        name=name,
        files=tree.files,
        domains=domains,
        devices=tuple(devices_of(tree)),
        links=tuple(shared_between(_regions(owners))),
        architecture=written(Architecture.ARM, tree.root.where, "dom0less device trees are for Arm"),
        policy=boot.policy,
        iommu=boot.iommu,
        direct_mapped_hardware=_direct_mapped(domains, nodes, tree),
        virtio_complete=missing(
            tree.root.where,
            "state the VirtIO links under 'links' (an empty list if there are none): a device tree has none",
        ),
        refusals=tuple(_refusals(nodes, domains)),
        notes=boot.notes,
        channels=tuple(_event_channels(owners, tree)),
        unlisted=tuple(_partial_trees(nodes)),
        remarks=tuple(_remarks(chosen, nodes)) if chosen else (),
        has_boot_line=line is not None,
    )


def _refuse_no_platform(tree: Tree) -> NoReturn:
    """Refuse a tree that starts no domain.

    :raises InputError: always.
    """
    where = tree.root.where
    if passed_through(tree):
        expected = "the device tree of the platform; a statement beside it names this one under 'passthrough'"
        raise InputError(where.file, where.line, "a partial device tree (xen,path)", expected)
    raise InputError(where.file, where.line, "no domain", "a node compatible with xen,domain, or the kernel of a dom0")


def _modules_below(node: Node) -> Iterator[Node]:
    """The boot modules of dom0: below /chosen, in nodes of any name, but not in those of other domains."""
    for child in node.children:
        if child.is_compatible(_DOMAIN):
            continue
        if child.is_compatible(*_MODULE, *_KERNEL):
            yield child
        else:
            yield from _modules_below(child)


def _kernel_of_dom0(chosen: Node) -> Node | None:
    """The kernel of a dom0: a module that says so, or else the first that does not say what it is."""
    modules = list(_modules_below(chosen))
    named = [one for one in modules if one.is_compatible(*_KERNEL)]
    return next(iter(named or (one for one in modules if not one.is_compatible(*_OTHER_MODULES))), None)


def _boot_line(chosen: Node, kernel: Node | None) -> Property | None:
    """Xen's command line: its own property, or ``bootargs`` where something else is the line of dom0's kernel."""
    line = chosen.get("xen,xen-bootargs")
    if line is None and (chosen.has("xen,dom0-bootargs") or (kernel is not None and kernel.has("bootargs"))):
        line = chosen.get("bootargs")
    return line


def _remarks(chosen: Node, nodes: Sequence[Node]) -> Iterator[Remark]:
    for one in _modules_below(chosen):
        if one.is_compatible("xen,xsm-policy"):
            yield Remark(one.where, "a FLASK policy is loaded, which counts with xsm=flask only, and is not read")
    for node in nodes:
        for child in node.children:
            words = child.properties["compatible"].texts() if child.has("compatible") else ()
            if not _KNOWN_BELOW_A_DOMAIN & set(words):
                yield Remark(child.where, f"{child.path} is passed over: it is not known what Xen does with it")


def _partial_trees(nodes: Sequence[Node]) -> Iterator[Unlisted]:
    """Domains with a partial device tree, which stands in memory at boot and in no file that is named here."""
    for node in nodes:
        for child in node.children:
            if child.is_compatible(_PARTIAL_TREE):
                how = f"name its partial device trees: passthrough: {{{node.name}: [FILE]}}"
                yield Unlisted(node.name, child.where, True, how)


def passed_through(tree: Tree) -> tuple[tuple[str, Where, Where | None], ...]:
    """What a partial device tree assigns to its domain: the path of the host's node, where that stands, where it is forced.

    Source: ``docs/misc/arm/device-tree/passthrough.txt``; ``xen,force-assign-without-iommu`` lets Xen assign a device that no
    IOMMU guards.

    :raises InputError: a property has the wrong form.
    """
    found = []
    for node in tree.root.walk():
        path = node.get("xen,path")
        if path is not None:
            forced = node.get("xen,force-assign-without-iommu")
            found.append((path.text(), path.where, forced.where if forced else None))
    return tuple(found)


# --- domains ----------------------------------------------------------------------------------------------------------


def dom0_of(where: Where) -> ConfiguredDomain:
    """The dom0 that a kernel makes.

    :param where: where that kernel is given.
    """
    both = frozenset({Capability.CONTROL, Capability.HARDWARE})
    why = "the kernel of a dom0 is given: it holds both capabilities"
    return ConfiguredDomain(
        DOM0,
        where,
        0,
        written(both, where, why),
        written(True, where, why),
        _criticality(DOM0, where),
        _safety_tasks(DOM0, where),
    )


def domain_of(
    name: str,
    where: Where,
    domid: int | None,
    bits: Bits | None,
    absent: str,
    notes: tuple[tuple[str, str, Where], ...],
) -> ConfiguredDomain:
    """A domain that Xen starts, or a toolstack later.

    :param bits: its ``capabilities``; ``None`` where nothing says any.
    :param absent: why it has none then.
    """
    held = {Capability.CONTROL: CONTROL, Capability.HARDWARE: HARDWARE}
    capabilities = frozenset(one for one, bit in held.items() if bits is not None and bits.value & bit)
    return ConfiguredDomain(
        name,
        where,
        domid,
        written(capabilities, bits.where) if bits else default(capabilities, where, absent),
        written(bool(bits.value & XENSTORE), bits.where) if bits else default(False, where, absent),
        _criticality(name, where),
        _safety_tasks(name, where),
        notes,
    )


def _domain(node: Node, domid: int) -> ConfiguredDomain:
    notes = tuple((name, _shown(one), one.where) for name in _NOTED if (one := node.get(name)) is not None)
    absent = "a domain without 'capabilities' has none (booting.txt:179-188)"
    return domain_of(node.name, node.where, domid, _bits(node), absent, notes)


def _bits(node: Node) -> Bits | None:
    said = node.get("capabilities")
    return Bits(said.number(), said.where) if said else None


def _has(node: Node, bit: int) -> bool:
    bits = _bits(node)
    return bits is not None and bool(bits.value & bit)


def _criticality(name: str, where: Where) -> Setting[Criticality]:
    return missing(where, f"state it: domains: {{{name}: {{criticality: safe}}}}, or unsafe")


def _safety_tasks(name: str, where: Where) -> Setting[bool]:
    return missing(where, f"state it: domains: {{{name}: {{safety_tasks: true}}}}, or false")


def _shown(one: Property) -> str:
    """A property as a reader knows it."""
    if not one.value:
        return "yes"
    try:
        texts = one.texts()
    except InputError:
        texts = ("",)
    # Cells of which some bytes are letters are no texts: between texts there is one NUL, not several.
    if all(texts):
        return ", ".join(texts)
    return " ".join(f"{cell:#x}" for cell in one.cells()) if len(one.value) % 4 == 0 else one.value.hex(" ")


# --- what Xen does not start ------------------------------------------------------------------------------------------


def _refusals(nodes: Sequence[Node], domains: Sequence[ConfiguredDomain]) -> Iterator[Refusal]:
    for node in nodes:
        yield from _refusals_of(node)
    said = [(node.name, bits) for node in nodes if (bits := _bits(node)) is not None]
    yield from more_than_one(said, has_dom0=bool(domains) and domains[0].domid == 0)


def unknown_bits(name: str, bits: Bits) -> Iterator[Refusal]:
    """What Xen does with bits of ``capabilities`` that it does not know: it panics."""
    unknown = bits.value & ~(CONTROL | HARDWARE | XENSTORE)
    if unknown:
        yield _panics(bits.where, f"the unknown bits {unknown:#x} in capabilities of {name}", f"{_BINDINGS}:36-40")


def _refusals_of(node: Node) -> Iterator[Refusal]:
    bits = _bits(node)
    if bits is not None:
        yield from unknown_bits(node.name, bits)
    yield from _wrong_sizes(node)
    if node.has("direct-map") and not node.has("xen,static-mem"):
        where = node.properties["direct-map"].where
        yield _panics(
            where, f"direct-map without xen,static-mem in {node.name}", "docs/misc/arm/device-tree/booting.txt"
        )
    for name in ("passthrough", "nr_spis"):
        if _has(node, HARDWARE) and node.has(name):
            found = f"{name} in {node.name}, which is the Hardware Domain"
            yield _panics(node.properties[name].where, found, _BINDINGS)
    yield from _other_words(node, "passthrough", ("enabled", "disabled"))
    yield from _other_words(node, "xen,enhanced", ("", *_ENHANCED))
    yield from _grant_limits(node)


def _other_words(node: Node, name: str, known: Sequence[str]) -> Iterator[Refusal]:
    said = node.get(name)
    words = said.text() if said is not None and said.value else ""
    if said is not None and words not in known:
        yield _panics(said.where, f"{name} = {words!r} in {node.name}", _BINDINGS)


def _grant_limits(node: Node) -> Iterator[Refusal]:
    source = "xen/common/grant_table.c:1987-2018; on Arm the highest version is 1"
    version, frames = node.get("max_grant_version"), node.get("max_grant_frames")
    if version is not None and version.number() != 1:
        yield _panics(version.where, f"max_grant_version = {version.number()} in {node.name}", source)
    if frames is not None and frames.number() == 0:
        yield _panics(frames.where, f"max_grant_frames = 0 in {node.name}", source)


def _wrong_sizes(node: Node) -> Iterator[Refusal]:
    """The two properties that every domain needs."""
    memory = node.get("memory")
    if memory is None:
        yield _panics(node.where, f"no memory in {node.name}", f"{_BUILD}:784")
    else:
        memory.number(2)
    cpus = node.get("cpus")
    if cpus is None:
        yield _panics(node.where, f"no cpus in {node.name}", f"{_BINDINGS}:82")
    else:
        cpus.number()


def more_than_one(said: Sequence[tuple[str, Bits]], *, has_dom0: bool) -> Iterator[Refusal]:
    """What Xen does with a second Hardware Domain and a second xenstore domain: it panics.

    :param said: the domains with what they hold, in the order in which they are started.
    :param has_dom0: whether there is a dom0, which holds both.
    """
    for bit, what, source in (
        (HARDWARE, "hardware", f"{_BINDINGS}:44-48"),
        (XENSTORE, "xenstore", f"{_BUILD}:41"),
    ):
        first = [DOM0] if has_dom0 else []
        for name, bits in said:
            if not bits.value & bit:
                continue
            if first:
                found = f"a second domain with the {what} capability ({name}; the first is {first[0]})"
                yield _panics(bits.where, found, source)
            first.append(name)


def _panics(where: Where, found: str, source: str) -> Refusal:
    return Refusal(where, found, "Xen panics at boot", source)


def _direct_mapped(domains: Sequence[ConfiguredDomain], nodes: Sequence[Node], tree: Tree) -> Setting[bool]:
    for node in nodes:
        if _has(node, HARDWARE):
            said = node.get("direct-map")
            if said is not None:
                return written(True, said.where)
            return default(False, node.where, "without direct-map a domain is not mapped so (booting.txt)")
    if any(one.is_hardware for one in domains):
        return default(True, domains[0].where, "the dom0 of Arm is mapped to the same addresses")
    return default(False, tree.root.where, "there is no Hardware Domain")


# --- devices ----------------------------------------------------------------------------------------------------------

_KINDS: tuple[tuple[DeviceKind, tuple[str, ...], tuple[str, ...]], ...] = (
    (DeviceKind.IOMMU, ("#iommu-cells",), ("arm,smmu", "arm,mmu-500")),
    (DeviceKind.INTERRUPT_CONTROLLER, ("interrupt-controller",), ("arm,gic",)),
    (DeviceKind.TIMER, (), ("arm,armv8-timer", "arm,armv7-timer")),
    (DeviceKind.PSCI, (), ("arm,psci",)),
    (DeviceKind.PMU, (), ("arm,armv8-pmuv3", "arm,cortex-a")),
    (DeviceKind.UART, (), ("arm,pl011", "arm,sbsa-uart", "cdns,uart", "ns16550", "snps,dw-apb-uart")),
)
"""What a node is, by a property that it has or by how one of its ``compatible`` begins; any other is a peripheral."""
_PLATFORM_WIDE = ("#clock-cells", "#reset-cells", "#power-domain-cells")
"""Who provides clocks, resets or power to others reaches the platform."""
_NOT_DEVICES = frozenset({"chosen", "cpus", "memory", "reserved-memory", "aliases", "hypervisor", "passthrough"})


def devices_of(tree: Tree) -> Iterator[ConfiguredDevice]:
    """The devices of a host's device tree: what has a ``compatible`` and registers and is not disabled.

    :raises InputError: a property that is looked at has the wrong form.
    """
    console = _console(tree)
    for top in tree.root.children:
        if top.name.partition("@")[0] in _NOT_DEVICES:
            continue
        for node in top.walk():
            if node.has("compatible") and node.has("reg") and not _is_disabled(node):
                yield _device(node, console, tree)


def _is_disabled(node: Node) -> bool:
    status = node.get("status")
    return status is not None and status.text() not in ("okay", "ok")


def _console(tree: Tree) -> str:
    """The path of what Xen takes for its console: ``stdout-path``, unless ``dtuart`` says otherwise."""
    chosen = tree.node("/chosen")
    said = chosen.get("stdout-path") if chosen else None
    if said is None:
        return ""
    path = said.text().partition(":")[0]
    aliases = tree.node("/aliases")
    alias = aliases.get(path) if aliases else None
    return alias.text() if alias else path


def _device(node: Node, console: str, tree: Tree) -> ConfiguredDevice:
    kind = _kind(node)
    where = node.where
    guarded = node.get("iommus")
    marked = node.get("xen,passthrough")
    how = f"state it: devices: {{{node.path}: {{…}}}}"
    return ConfiguredDevice(
        node.path,
        where,
        missing(marked.where, f"{how} with its owner: xen,passthrough says that a domain gets it, not which")
        if marked
        else default((), where, "what is not marked xen,passthrough goes to the Hardware Domain, or stays with Xen"),
        _reach(node, guarded, how),
        _behind_iommu(guarded, tree) if guarded else default(False, where, "no IOMMU is named (iommus)"),
        kind,
        written(True, where, "stdout-path")
        if node.path == console
        else default(False, where, "Xen uses the console that stdout-path names"),
    )


def _behind_iommu(guarded: Property, tree: Tree) -> Setting[bool]:
    """Whether the IOMMU that a device names is there and switched on.

    :raises InputError: no node has the phandle.
    """
    cells = guarded.cells()
    if not cells:
        guarded.refuse("no cell", "<&IOMMU …>")
    iommu = tree.referred(guarded, cells[0])
    if _is_disabled(iommu):
        return written(False, guarded.where, f"its IOMMU {iommu.path} is disabled")
    return written(True, guarded.where, "iommus")


def _kind(node: Node) -> Setting[DeviceKind]:
    said = node.properties["compatible"]
    names = said.texts()
    for kind, properties, prefixes in _KINDS:
        has = next((one for one in properties if node.has(one)), "")
        begins = next((name for name in names if name.startswith(prefixes)), "") if prefixes else ""
        if has or begins:
            return written(kind, node.properties[has].where if has else said.where, has or f"compatible = {begins!r}")
    return default(DeviceKind.PERIPHERAL, said.where, "nothing says that it is a part of the machine that Xen may keep")


def _reach(node: Node, guarded: Property | None, how: str) -> Setting[Reach]:
    provides = next((name for name in _PLATFORM_WIDE if node.has(name)), "")
    if provides:
        return written(Reach.PLATFORM, node.properties[provides].where, f"it serves other devices ({provides})")
    if guarded is not None:
        return written(Reach.DMA, guarded.where, "it is a master of an IOMMU (iommus)")
    return missing(node.where, f"{how} with its reach: self, dma or platform")


# --- shared memory and event channels -----------------------------------------------------------------------------


def _regions(owners: Sequence[tuple[str, Node]]) -> Mapping[str, list[tuple[str, Where]]]:
    """Who has which region of shared memory, by its name."""
    regions: dict[str, list[tuple[str, Where]]] = {}
    for name, node in owners:
        for child in node.children:
            if not child.is_compatible(_SHARED):
                continue
            said = child.get("xen,shm-id")
            if said is None:
                raise InputError(child.where.file, child.where.line, f"no xen,shm-id in {child.path}", "one")
            if not 0 < len(said.text()) <= _SHM_ID_LENGTH:
                said.refuse(f"{len(said.text())} characters", f"1 to {_SHM_ID_LENGTH}")
            role = child.get("role")
            if role is not None and role.text() not in ("owner", "borrower"):
                role.refuse(repr(role.text()), "owner or borrower")
            regions.setdefault(said.text(), []).append((name, child.where))
    return regions


def shared_between(regions: Mapping[str, Sequence[tuple[str, Where]]]) -> Iterator[ConfiguredLink]:
    """A link between each two domains that have the same region: all of them may write it.

    :param regions: the domains of each region, with where they say so.
    """
    for sharers in regions.values():
        for (one, _), (other, where) in combinations(sharers, 2):
            if one == other:
                continue
            yield ConfiguredLink(
                Protocol.STATIC_SHARED_MEMORY,
                one,
                other,
                where,
                None,
                default(False, where, "shared memory has no grants"),
                default(False, where, "shared memory has no requests"),
            )


def _event_channels(owners: Sequence[tuple[str, Node]], tree: Tree) -> Iterator[ConfiguredChannel]:
    """The static event channels, each once: two nodes that name each other."""
    ends = {
        child.path: (name, child)
        for name, node in owners
        for child in node.children
        if child.is_compatible(_EVENT_CHANNEL)
    }
    for path, (name, node) in ends.items():
        said = node.get("xen,evtchn")
        if said is None:
            raise InputError(node.where.file, node.where.line, f"no xen,evtchn in {path}", "<PORT &PEER>")
        cells = said.cells()
        if len(cells) != 2:
            said.refuse(f"{len(cells)} cells", "two: the port and the other end")
        if cells[0] > _MOST_PORT:
            said.refuse(f"the port {cells[0]}", f"at most {_MOST_PORT}")
        peer = tree.referred(said, cells[1]).path
        if (
            peer not in ends
            or tree.referred(ends[peer][1].properties.get("xen,evtchn", said), _peer_of(ends[peer][1])).path != path
        ):
            said.refuse(f"the other end {peer}", "a node compatible with xen,evtchn-v1 that names this one")
        if path < peer:
            yield ConfiguredChannel(
                ChannelKind.STATIC_EVENT_CHANNEL, name, ends[peer][0], f"{path} and {peer}", said.where
            )


def _peer_of(node: Node) -> int:
    """The phandle of the other end."""
    said = node.get("xen,evtchn")
    cells = said.cells() if said is not None else ()
    return cells[1] if len(cells) == 2 else 0
