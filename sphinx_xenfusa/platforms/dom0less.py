"""A configuration out of the device tree of a platform that starts its domains itself (dom0less).

What the tree cannot say is left open: which domain is a SafeVM, what a device reaches, who runs VirtIO.  What Xen would not
start is a refusal, not an error of reading: the tree is understood, and Xen panics.

Sources: Xen's ``docs/misc/arm/device-tree/booting.txt``, ``xen/common/device-tree/dom0less-bindings.c:14-145``,
``dom0less-build.c``, ``xen/include/public/bootfdt.h:20-29`` (fact sheet 7.1); ``docs/misc/arm/device-tree/passthrough.txt``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.vocabulary import Architecture, Capability, Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.boot_line import read_boot_line
from sphinx_xenfusa.platforms.configuration import (
    Configuration,
    ConfiguredDevice,
    ConfiguredDomain,
    ConfiguredLink,
    Refusal,
    Setting,
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
_DOMAIN = "xen,domain"
_SHARED = "xen,domain-shared-memory-v1"
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


def configuration_of(tree: Tree, name: str) -> Configuration:
    """What a device tree says of a platform.

    :param name: what the user calls it.
    :raises InputError: a property that is looked at has the wrong form, or refers to no node.
    """
    chosen = tree.node("/chosen")
    if chosen is None:
        where = tree.root.where
        boot, nodes, dom0 = read_boot_line("", where, Architecture.ARM), [], []
    else:
        line = chosen.get("xen,xen-bootargs")
        where = line.where if line else chosen.where
        boot = read_boot_line(line.text() if line else "", where, Architecture.ARM)
        nodes = [one for one in chosen.children if one.is_compatible(_DOMAIN)]
        dom0 = [_dom0(one) for one in chosen.children if one.is_compatible(*_KERNEL)][:1]
    domains = (*dom0, *(_domain(node, domid) for domid, node in enumerate(nodes, 1)))
    return Configuration(
        name=name,
        files=tree.files,
        domains=domains,
        devices=tuple(_devices(tree)),
        links=tuple(_shared_memory(nodes)),
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
    )


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


def _dom0(kernel: Node) -> ConfiguredDomain:
    both = frozenset({Capability.CONTROL, Capability.HARDWARE})
    why = "the kernel of a dom0 is given: it holds both capabilities"
    return ConfiguredDomain(
        DOM0,
        kernel.where,
        0,
        written(both, kernel.where, why),
        written(True, kernel.where, why),
        _criticality(DOM0, kernel.where),
        _safety_tasks(DOM0, kernel.where),
    )


def _domain(node: Node, domid: int) -> ConfiguredDomain:
    bits = _bits(node)
    said = node.get("capabilities")
    where = said.where if said else node.where
    held = {Capability.CONTROL: CONTROL, Capability.HARDWARE: HARDWARE}
    capabilities = frozenset(one for one, bit in held.items() if bits & bit)
    absent = "a domain without 'capabilities' has none (booting.txt:179-188)"
    return ConfiguredDomain(
        node.name,
        node.where,
        domid,
        written(capabilities, where) if said else default(capabilities, where, absent),
        written(bool(bits & XENSTORE), where) if said else default(False, where, absent),
        _criticality(node.name, node.where),
        _safety_tasks(node.name, node.where),
        tuple((name, _shown(one), one.where) for name in _NOTED if (one := node.get(name)) is not None),
    )


def _bits(node: Node) -> int:
    said = node.get("capabilities")
    return said.number() if said else 0


def _criticality(name: str, where: Where) -> Setting[Criticality]:
    return missing(where, f"state it: domains: {{{name}: {{criticality: safe}}}}, or unsafe")


def _safety_tasks(name: str, where: Where) -> Setting[bool]:
    return missing(where, f"state it: domains: {{{name}: {{safety_tasks: true}}}}, or false")


def _shown(one: Property) -> str:
    """A property as a reader knows it."""
    if not one.value:
        return "yes"
    try:
        return ", ".join(one.texts())
    except InputError:
        return " ".join(f"{cell:#x}" for cell in one.cells()) if len(one.value) % 4 == 0 else one.value.hex(" ")


# --- what Xen does not start ------------------------------------------------------------------------------------------


def _refusals(nodes: Sequence[Node], domains: Sequence[ConfiguredDomain]) -> Iterator[Refusal]:
    for node in nodes:
        yield from _refusals_of(node)
    yield from _more_than_one(nodes, domains, HARDWARE, "hardware", f"{_BINDINGS}:44-48")
    yield from _more_than_one(nodes, domains, XENSTORE, "xenstore", f"{_BUILD}:41")


def _refusals_of(node: Node) -> Iterator[Refusal]:
    bits = _bits(node)
    known = CONTROL | HARDWARE | XENSTORE
    if bits & ~known:
        where = node.properties["capabilities"].where
        yield _panics(
            where, f"the unknown bits {bits & ~known:#x} in capabilities of {node.name}", f"{_BINDINGS}:36-40"
        )
    yield from _wrong_sizes(node)
    if node.has("direct-map") and not node.has("xen,static-mem"):
        where = node.properties["direct-map"].where
        yield _panics(
            where, f"direct-map without xen,static-mem in {node.name}", "docs/misc/arm/device-tree/booting.txt"
        )
    for name in ("passthrough", "nr_spis"):
        if bits & HARDWARE and node.has(name):
            found = f"{name} in {node.name}, which is the Hardware Domain"
            yield _panics(node.properties[name].where, found, _BINDINGS)
    said = node.get("passthrough")
    if said is not None and said.text() not in ("enabled", "disabled"):
        yield _panics(said.where, f"passthrough = {said.text()!r} in {node.name}", _BINDINGS)


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


def _more_than_one(
    nodes: Sequence[Node], domains: Sequence[ConfiguredDomain], bit: int, what: str, source: str
) -> Iterator[Refusal]:
    first = [DOM0] if domains and domains[0].name == DOM0 and domains[0].domid == 0 else []
    for node in nodes:
        if not _bits(node) & bit:
            continue
        if first:
            found = f"a second domain with the {what} capability ({node.name}; the first is {first[0]})"
            yield _panics(node.properties["capabilities"].where, found, source)
        first.append(node.name)


def _panics(where: Where, found: str, source: str) -> Refusal:
    return Refusal(where, found, "Xen panics at boot", source)


def _direct_mapped(domains: Sequence[ConfiguredDomain], nodes: Sequence[Node], tree: Tree) -> Setting[bool]:
    for node in nodes:
        if _bits(node) & HARDWARE:
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


def _devices(tree: Tree) -> Iterator[ConfiguredDevice]:
    console = _console(tree)
    for top in tree.root.children:
        if top.name.partition("@")[0] in _NOT_DEVICES:
            continue
        for node in top.walk():
            if node.has("compatible") and node.has("reg") and not _is_disabled(node):
                yield _device(node, console)


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


def _device(node: Node, console: str) -> ConfiguredDevice:
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
        written(True, guarded.where, "iommus") if guarded else default(False, where, "no IOMMU is named (iommus)"),
        kind,
        written(True, where, "stdout-path")
        if node.path == console
        else default(False, where, "Xen uses the console that stdout-path names"),
    )


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


# --- shared memory ----------------------------------------------------------------------------------------------------


def _shared_memory(nodes: Sequence[Node]) -> Iterator[ConfiguredLink]:
    """A link between each two domains that have the same region: all of them may write it."""
    regions: dict[str, list[tuple[str, Where]]] = {}
    for node in nodes:
        for child in node.children:
            if child.is_compatible(_SHARED):
                name = child.get("xen,shm-id")
                if name is None:
                    raise InputError(child.where.file, child.where.line, f"no xen,shm-id in {child.path}", "one")
                regions.setdefault(name.text(), []).append((node.name, child.where))
    for sharers in regions.values():
        for (one, _), (other, where) in combinations(sharers, 2):
            yield ConfiguredLink(
                Protocol.STATIC_SHARED_MEMORY,
                one,
                other,
                where,
                None,
                default(False, where, "shared memory has no grants"),
                default(False, where, "shared memory has no requests"),
            )
