"""What a platform in files is, and who interferes with whom on it, in the words that picture, list and tables share.

Everything is read from the assessment; nothing is decided here but which rule explains what was found.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from docutils import nodes

from sphinx_xenfusa.assessment.assess import Assessment
from sphinx_xenfusa.assessment.completions import Part, is_virtio
from sphinx_xenfusa.assessment.harm import Harm, Idle
from sphinx_xenfusa.assessment.judgement import Judged, Judgement
from sphinx_xenfusa.claims.interference import Interference
from sphinx_xenfusa.explore.trace import Trace
from sphinx_xenfusa.model.devices import owners, stays_with_xen
from sphinx_xenfusa.model.operations import Family, catalogue
from sphinx_xenfusa.model.policies import SPECIFICATION
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, DeviceKind, Protocol, Reach
from sphinx_xenfusa.platforms.configuration import ConfiguredDevice, ConfiguredDomain, ConfiguredLink, Setting, Where

KINDS: Mapping[Interference, str] = MappingProxyType(
    {
        Interference.MEMORY: "memory",
        Interference.TIME: "time",
        Interference.CONTROL: "control",
        Interference.EXCHANGE: "exchange",
        Interference.LINK: "link",
    }
)
"""What is done, in a word; the letter stands behind it."""
MACHINE = "the machine"
UNSAID = "not said"
HAZARDS: Mapping[str, str] = MappingProxyType(
    {
        "mem_frontend_unsafe": "mem_foreign_hazard",
        "sync_frontend_unsafe": "sync_stuck",
        "ffi_virtio_unsafe_only": "ffi_virtqueue_interference",
    }
)
"""The hazard of the document that a rule of its same section is there for, both by the names in their tags."""
_SAME_AS = "the rule "
_CONTROL = "ctrldom_is_safe"
"""Broken by somebody who takes part, this rule explains whatever he does."""
_OF_XEN = "C3"
"""This check is about what Xen lets the Hardware Domain do and the document does not."""
_BY_FAMILY: Mapping[Family, tuple[str, ...]] = MappingProxyType(
    {
        Family.FOREIGN_MAP: ("mem_frontend_unsafe",),
        Family.DEVICE_MODEL: ("sync_frontend_unsafe",),
    }
)
_BY_DEVICES = ("aou_iommu", "aou_dev", "C8")
_THROUGH_LINKS: Mapping[Interference, tuple[str, ...]] = MappingProxyType(
    {Interference.MEMORY: ("mem_frontend_unsafe",), Interference.TIME: ("sync_frontend_unsafe",)}
)
"""Which rules forbid the privilege by which something is done: what of them is broken explains it."""


MOST_NAMES = 8
"""Names that are said one by one: a large platform has a thousand of them."""


def some(names: Sequence[str]) -> str:
    """Names one after the other; of many the first, and how many more there are."""
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}"


def anchor(*parts: str) -> str:
    """A place on a page, named by words; what no place may be called has a digest, so that no two words share a place."""
    whole = "-".join(parts)
    made = nodes.make_id(whole)
    return made if made == whole else f"{made}-{hashlib.sha256(whole.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


# --- rules ------------------------------------------------------------------------------------------------------------


def rule_of(judged: Judged) -> str:
    """The rule of the document that a check repeats, or the name of the rule or check itself."""
    return judged.why.removeprefix(_SAME_AS) if judged.why.startswith(_SAME_AS) else judged.id


def is_repeated(judged: Judged) -> bool:
    """Whether a check repeats a rule of the document."""
    return rule_of(judged) != judged.id


def certain(judged: Judged) -> bool:
    """Whether it is broken, or advised against, whatever is still open."""
    return judged.judgement in (Judgement.BROKEN, Judgement.ADVISED_AGAINST)


@dataclass(frozen=True)
class Against:
    """The rules and checks that speak against something.

    :param broken: those that are broken.
    :param advised: those that only advise against it.
    """

    broken: tuple[str, ...] = ()
    advised: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, those first that are broken."""
        return (*self.broken, *self.advised)

    @property
    def words(self) -> tuple[str, ...]:
        """What they say, each kind in words; nothing where nothing speaks against it."""
        broken = f"breaks {', '.join(self.broken)}"
        advised = f"advised against by {', '.join(self.advised)}"
        return (*((broken,) if self.broken else ()), *((advised,) if self.advised else ()))


def _against(judged: Iterable[Judged]) -> Against:
    found = {one.id: one.judgement for one in judged}
    broken = tuple(name for name, judgement in found.items() if judgement is Judgement.BROKEN)
    return Against(broken, tuple(name for name in found if name not in broken))


# --- interference -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """Something that a domain does to others, under one policy or the same under several.

    :param against: the rules and checks that are there to prevent it, and that those who take part do not keep.
    """

    harm: Harm
    policies: tuple[str, ...]
    against: Against

    @property
    def to(self) -> tuple[str, ...]:
        """To whom, in words."""
        return (*self.harm.victims, *((MACHINE,) if self.harm.machine else ()))

    @property
    def words(self) -> str:
        """Who does what to whom."""
        others = f" and {len(self.harm.alike):,} alike" if self.harm.alike else ""
        return f"{self.harm.by}{others} → {some(self.to)}: {KINDS[self.harm.kind]} ({self.harm.kind})"

    @property
    def name(self) -> str:
        """A name that no other has on this platform: a part of its anchor."""
        return anchor(self.harm.by, self.harm.kind.lower(), *self.policies)


@dataclass(frozen=True)
class Stuck:
    """A link on which no request completes, under one policy or the same under several."""

    idle: Idle
    policies: tuple[str, ...]

    @property
    def name(self) -> str:
        """A part of its anchor."""
        link = self.idle.link
        extensions = [name for name in ("grants", "nonblocking") if getattr(link, name)]
        return anchor("link", link.backend, link.frontend, *extensions, *self.policies)


def found_in(assessment: Assessment) -> tuple[Found, ...]:
    """All interference, by who does it; the same under several policies once."""
    together: dict[tuple[str, Interference, Trace, tuple[str, ...], bool], tuple[Harm, list[str]]] = {}
    for one in assessment.examinations:
        for harm in one.harms:
            key = harm.by, harm.kind, harm.trace, harm.victims, harm.machine
            together.setdefault(key, (harm, []))[1].append(one.policy)
    return tuple(
        Found(harm, tuple(policies), _against(_kept_badly(assessment, harm, policies)))
        for harm, policies in together.values()
    )


def stuck_in(assessment: Assessment) -> tuple[Stuck, ...]:
    """All links on which no request completes."""
    together: dict[tuple[str, str, bool, bool, Trace], tuple[Idle, dict[str, None]]] = {}
    for one in assessment.examinations:
        for idle in one.idle:
            # Several links between the same two domains fail in the same way.
            link = idle.link
            key = link.backend, link.frontend, link.grants, link.nonblocking, idle.trace
            together.setdefault(key, (idle, {}))[1][one.policy] = None
    return tuple(Stuck(idle, tuple(policies)) for idle, policies in together.values())


def _kept_badly(assessment: Assessment, harm: Harm, policies: Sequence[str]) -> Iterator[Judged]:
    """The rules against the privilege that was used which somebody who takes part does not keep, for certain."""
    parties = {harm.by, *harm.victims, *_devices_of(assessment, harm.by)}
    by_id = {one.id: one for one in assessment.judged}
    of_xen = () if SPECIFICATION.name in policies else (_OF_XEN,)
    for name in dict.fromkeys((*_forbidden_by(harm), _CONTROL, *of_xen)):
        judged = by_id[name]
        if certain(judged) and any(not one.asked and one.name in parties for one in judged.breaches):
            yield judged


def _forbidden_by(harm: Harm) -> tuple[str, ...]:
    operation = catalogue().by_name.get(harm.trace.steps[-1].action)
    through = _THROUGH_LINKS.get(harm.kind, ())
    if operation is None:
        return through
    if operation.hypercall == "device":
        return _BY_DEVICES
    # Of two privileges that let the same be done the trace shows one, and to take it away leaves the other.
    return (*_BY_FAMILY[operation.family], *through) if operation.family in _BY_FAMILY else ()


def _devices_of(assessment: Assessment, domain: str) -> Iterator[str]:
    platform = assessment.platform
    if platform is None:
        return
    for device in platform.devices:
        if domain in owners(platform, device, SPECIFICATION.switches):
            yield device.name


# --- what it is -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PicturedDomain:
    """A domain, in words."""

    name: str
    roles: str
    criticality: Criticality | None
    tasks: bool | None
    devices: tuple[str, ...]
    where: Where

    @property
    def kind(self) -> str:
        """Its criticality as symbol and words."""
        if self.criticality is None:
            return f"? criticality {UNSAID}"
        safe = self.criticality is Criticality.SAFE
        return f"● SafeVM{_TASKS[self.tasks]}" if safe else f"○ UnsafeVM{_TASKS[self.tasks] if self.tasks else ''}"


_TASKS: Mapping[bool | None, str] = MappingProxyType({True: ", safety task", False: ", no safety task", None: ""})


@dataclass(frozen=True)
class PicturedLinks:
    """Links of one kind from one domain to others.

    :param to: the other ends.
    :param number: how many they are: several may lead to one domain.
    :param against: the rules and checks that each of them does not keep.
    :param stuck: the anchors of what says that no request completes on them, and under which policies.
    """

    protocol: Protocol
    backend: str
    to: tuple[str, ...]
    number: int
    extensions: str
    devices: tuple[str, ...]
    against: Against
    stuck: str
    policies: tuple[str, ...]

    @property
    def words(self) -> str:
        """Protocol and ends."""
        several = f" ×{self.number}" if self.number > 1 else ""
        if self.protocol is not Protocol.VIRTIO:
            return f"{_PROTOCOLS[self.protocol]}{several}: {self.backend} and {some(self.to)}"
        served = f" ({some(self.devices)})" if self.devices else ""
        return f"VirtIO{several}{served}: {self.backend} serves {some(self.to)}"


_PROTOCOLS: Mapping[Protocol, str] = MappingProxyType(
    {Protocol.VIRTIO: "VirtIO", Protocol.ARGO: "Argo", Protocol.STATIC_SHARED_MEMORY: "static shared memory"}
)


@dataclass(frozen=True)
class PicturedChannel:
    """Ways of communication about which the document has no rule, and that are not searched."""

    kind: str
    ends: tuple[str, str]
    number: int

    @property
    def words(self) -> str:
        """What it is, and between whom."""
        several = f" ×{self.number}" if self.number > 1 else ""
        return f"{self.kind}{several}: {' and '.join(self.ends)}"


@dataclass(frozen=True)
class Pictured:
    """All of a platform that its picture shows.

    :param channels: the ways of communication about which the document has no rule.
    :param kept: devices that stay with Xen.
    :param loose: devices that nobody has, or of which nobody says who has them.
    """

    domains: tuple[PicturedDomain, ...]
    links: tuple[PicturedLinks, ...]
    channels: tuple[PicturedChannel, ...]
    found: tuple[Found, ...]
    stuck: tuple[Stuck, ...]
    kept: tuple[str, ...]
    loose: tuple[str, ...]


def pictured(assessment: Assessment) -> Pictured:
    """What there is to be shown."""
    configuration = assessment.configuration
    # Who holds a device depends on nothing that may be missing but on who it is assigned to, which is looked at first.
    platform = Part(configuration.domains, configuration.devices, configuration.links).platform({})
    held: dict[str, list[str]] = {one.name: [] for one in configuration.domains}
    kept: list[str] = []
    loose: list[str] = []
    for configured, device in zip(configuration.devices, platform.devices, strict=True):
        words = _device_words(configured)
        having = [name for name in owners(platform, device, SPECIFICATION.switches) if name in held]
        if not configured.assigned_to.known:
            loose.append(f"{words}: nobody says who has it")
        elif having:
            for name in dict.fromkeys(having):
                held[name].append(words)
        elif stays_with_xen(device, SPECIFICATION.switches):
            kept.append(words)
        else:
            loose.append(f"{words}: there is no Hardware Domain to have it")
    for one in configuration.unlisted:
        if one.domain in held:
            held[one.domain].append("devices that no file lists")
    stuck = stuck_in(assessment)
    return Pictured(
        tuple(_domain(one, tuple(held[one.name])) for one in configuration.domains),
        tuple(_links(assessment, stuck)),
        tuple(_channels(assessment)),
        found_in(assessment),
        stuck,
        tuple(kept),
        tuple(loose),
    )


def _domain(one: ConfiguredDomain, devices: tuple[str, ...]) -> PicturedDomain:
    held = one.capabilities.value or frozenset()
    names = {Capability.HARDWARE: "Hardware Domain", Capability.CONTROL: "Control Domain"}
    roles = [words for capability, words in names.items() if capability in held] or ["DomU"]
    roles += ["xenstore domain"] if one.xenstore.value else []
    tasks = one.safety_tasks.value if one.safety_tasks.known else None
    return PicturedDomain(one.name, ", ".join(roles), one.criticality.value, tasks, devices, one.where)


def _device_words(one: ConfiguredDevice) -> str:
    said: list[str] = []
    if one.kind.value is not DeviceKind.PERIPHERAL:
        said.append(UNSAID if one.kind.value is None else one.kind.value)
    elif one.reach.value is not Reach.SELF:
        said.append(f"reach {UNSAID}" if one.reach.value is None else f"reach {one.reach.value}")
    if one.reach.value is Reach.DMA:
        said.append(_yes(one.behind_iommu, "behind an IOMMU", "no IOMMU"))
    name = PurePosixPath(one.name).name
    return f"{name} ({', '.join(said)})" if said else name


_Group = tuple[Protocol, str, str, Against, Stuck | None]


def _links(assessment: Assessment, stuck: Sequence[Stuck]) -> Iterator[PicturedLinks]:
    """The links, those of one kind from one backend together."""
    by_place = _broken_at(assessment.judged)
    stuck_at = {
        (link.backend, link.frontend, link.grants, link.nonblocking): one
        for one in reversed(stuck)
        for link in (one.idle.link, *one.idle.alike)
    }
    groups: dict[_Group, list[ConfiguredLink]] = {}
    for link in assessment.configuration.links:
        ends = link.backend, link.frontend
        no_request = stuck_at.get((*ends, bool(link.grants.value), bool(link.nonblocking.value)))
        no_request = no_request if is_virtio(link) else None
        named = (link.frontend, f"the link from {ends[0]} to {ends[1]}", f"{ends[0]} and {ends[1]}")
        against = _against(one for name in named for one in by_place.get((link.where, name), ()))
        groups.setdefault((link.protocol, link.backend, _extensions(link), against, no_request), []).append(link)
    for key, links in groups.items():
        protocol, backend, extensions, against, no_request = key
        yield PicturedLinks(
            protocol,
            backend,
            tuple(dict.fromkeys(one.frontend for one in links)),
            len(links),
            extensions,
            tuple(dict.fromkeys(PurePosixPath(one.device).name for one in links if one.device)),
            against,
            no_request.name if no_request else "",
            no_request.policies if no_request else (),
        )


def _channels(assessment: Assessment) -> Iterator[PicturedChannel]:
    numbers = Counter((one.kind.value, one.backend, one.frontend) for one in assessment.configuration.channels)
    for (kind, backend, frontend), number in numbers.items():
        yield PicturedChannel(kind, (backend, frontend), number)


def _broken_at(judged: Iterable[Judged]) -> dict[tuple[Where, str], list[Judged]]:
    """The rules that the link at a place does not keep, by that place and what is named with it."""
    found: dict[tuple[Where, str], list[Judged]] = {}
    for one in judged:
        if certain(one) and not is_repeated(one):
            for breach in one.breaches:
                if not breach.asked:
                    found.setdefault((breach.where, breach.name), []).append(one)
    return found


def _extensions(link: ConfiguredLink) -> str:
    if not is_virtio(link):
        return ""
    return f"{_yes(link.grants, 'grants', 'no grants')}, {_yes(link.nonblocking, 'non-blocking', 'blocking')}"


def _yes(setting: Setting[bool], yes: str, no: str) -> str:
    if not setting.known:
        return f"{yes} {UNSAID}"
    return yes if setting.value else no
