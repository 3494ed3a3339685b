"""One configuration against everything: rules, checks, model; and whether it is compatible with safety.

Compatible needs all of it: every rule fulfilled, every check, no interference found by the model under the document and under the
policy of the Xen that is named, and every assumption of use ensured by the configuration or by somebody who says so.  What cannot
be told is never taken for good.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sphinx_xenfusa.assessment.checks import judge_checks
from sphinx_xenfusa.assessment.completions import Part
from sphinx_xenfusa.assessment.flask import WITHOUT_HOOKS, asked_of_policy, not_decided
from sphinx_xenfusa.assessment.harm import Examination, examination
from sphinx_xenfusa.assessment.judgement import ORDER, Asked, Compatibility, Judged, Judgement
from sphinx_xenfusa.assessment.rules import judge_rules
from sphinx_xenfusa.model.platform import Platform, broken_reference
from sphinx_xenfusa.model.policies import POLICIES, SPECIFICATION
from sphinx_xenfusa.platforms.configuration import Configuration

_LOOKED_AT = frozenset(
    {"criticality", "xenstore", "grants", "nonblocking", "reach", "behind_iommu", "kind", "used_by_xen"}
)
"""What the search for interference looks at."""
_STILLS = {"reach": "aou_dev", "behind_iommu": "aou_iommu"}
"""What need not be said of each device once somebody ensures an assumption of use."""


@dataclass(frozen=True)
class Assessment:
    """What a configuration comes to.

    :param platform: the platform that was searched; ``None`` if it was not.
    :param examinations: the search under the document and under the policy of its Xen; empty if it was not searched.
    :param not_examined: what of it was not searched, and why; empty if all of it was.
    :param open: what has to be said before it can be searched.
    """

    configuration: Configuration
    judged: tuple[Judged, ...]
    platform: Platform | None
    examinations: tuple[Examination, ...]
    not_examined: str
    open: tuple[Asked, ...] = ()

    @property
    def compatibility(self) -> Compatibility:
        """Whether it is compatible with safety."""
        found = {one.judgement for one in self.judged}
        if Judgement.BROKEN in found or any(one.harms or one.idle or not one.starts for one in self.examinations):
            return Compatibility.NOT_COMPATIBLE
        if Judgement.CANNOT_TELL in found or self.not_examined:
            return Compatibility.CANNOT_TELL
        return Compatibility.COMPATIBLE

    @property
    def worst_first(self) -> tuple[Judged, ...]:
        """The rules and checks, worst first and else in their order."""
        return tuple(sorted(self.judged, key=lambda one: ORDER.index(one.judgement)))

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All that has to be said, each once, before everything is certain."""
        return tuple(dict.fromkeys(itertools.chain(self.open, *(one.asked for one in self.judged))))


def assess(configuration: Configuration) -> Assessment:
    """Hold a configuration against everything."""
    rules = tuple(judge_rules(configuration))
    checks = tuple(judge_checks(configuration, {one.id: one for one in rules}))
    judged = (*rules, *checks)
    policy = configuration.policy
    needed = tuple(_open(configuration))
    why = ""
    if not policy.known:
        why = "it is not said which policy the Xen has that runs it"
        needed = (*needed, Asked("the policy of the Xen that runs it", policy.where, policy.source))
    elif needed:
        why = f"{len(needed)} values are not said"
    platform = None if why else Part(configuration.domains, configuration.devices, configuration.links).platform({})
    if platform is None:
        return Assessment(configuration, judged, None, (), why, needed)
    platform = replace(platform, architecture=configuration.architecture.value or platform.architecture)
    broken = broken_reference(platform)
    if broken is not None:
        return Assessment(configuration, judged, None, (), f"it is ambiguous: {broken}")
    found = (examination(platform, SPECIFICATION),)
    if policy.value not in POLICIES:
        return Assessment(
            configuration,
            judged,
            platform,
            (*found, examination(platform, WITHOUT_HOOKS)),
            not_decided(),
            (asked_of_policy(configuration),),
        )
    return Assessment(configuration, judged, platform, (*found, examination(platform, POLICIES[str(policy.value)])), "")


def _open(configuration: Configuration) -> Iterator[Asked]:
    """What the search would have to guess."""
    ensured = {one.assumption for one in configuration.discharges}
    part = Part(configuration.domains, configuration.devices, configuration.links)
    for (whose, name), (setting, _) in part.open().items():
        if name in _LOOKED_AT and _STILLS.get(name) not in ensured:
            yield Asked(f"{name.replace('_', ' ')} {whose}", setting.where, setting.source)
    for device in configuration.devices:
        if not device.assigned_to.known:
            yield Asked(f"owner of the device {device.name}", device.assigned_to.where, device.assigned_to.source)
    if not configuration.virtio_complete.known:
        one = configuration.virtio_complete
        yield Asked("which VirtIO links there are", one.where, one.source)


def summary(assessments: Sequence[Assessment]) -> int:
    """The exit code of several: 1 if one is not compatible, else 3 if of one nobody can tell, else 0."""
    codes = {one.compatibility.exit_code for one in assessments}
    return 1 if 1 in codes else 3 if 3 in codes else 0
