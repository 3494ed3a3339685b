"""Each rule of the document, its advice and its assumptions of use, on a configuration.

The rules themselves are the model's (:mod:`sphinx_xenfusa.model.rules`); nothing here repeats one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from sphinx_xenfusa.assessment.completions import breaches, is_virtio
from sphinx_xenfusa.assessment.judgement import Asked, Breach, Judged, Judgement, judgement_of
from sphinx_xenfusa.model.rules import ADVICE, ASSUMPTIONS_OF_USE, NOT_READ_OFF_A_PLATFORM, RULES, Category, Names, Rule
from sphinx_xenfusa.model.vocabulary import Criticality
from sphinx_xenfusa.platforms.configuration import Configuration, Discharge

_Subjects = Callable[[Configuration], bool]


def _virtio(configuration: Configuration) -> bool:
    return any(is_virtio(one) for one in configuration.links)


def _control(configuration: Configuration) -> bool:
    return any(one.is_control for one in configuration.domains)


def _hardware(configuration: Configuration) -> bool:
    return any(one.is_hardware for one in configuration.domains)


def _devices(configuration: Configuration) -> bool:
    return bool(configuration.devices)


def _domains(configuration: Configuration) -> bool:
    return bool(configuration.domains)


VIRTIO_RULES = frozenset({"backend_placement", "mem_frontend_unsafe", "sync_frontend_unsafe", "ffi_virtio_unsafe_only"})
"""Those that look at VirtIO links: while it is not said which there are, they are not fulfilled."""
SUBJECTS: Mapping[str, tuple[_Subjects, str]] = {
    "xen_owned_devices": (_devices, "the configuration names no device"),
    "passthrough": (_devices, "the configuration names no device"),
    "hwdom_single": (_hardware, "there is no Hardware Domain"),
    "ctrldom_single": (_control, "there is no Control Domain"),
    "ctrldom_is_safe": (_control, "there is no Control Domain"),
    "unsafevm_definition": (_domains, "there is no domain"),
    "safevm_definition": (_domains, "there is no domain"),
    **dict.fromkeys(VIRTIO_RULES, (_virtio, "there is no VirtIO link")),
    "aou_dev": (_devices, "the configuration names no device"),
    "aou_iommu": (_devices, "the configuration names no device"),
}
"""What a rule is about, and the words for a configuration that has nothing of it."""


def judge_rules(configuration: Configuration) -> Iterator[Judged]:
    """Every rule, then the advice, then the assumptions of use, in the order of the document."""
    for one in RULES:
        yield _judge(configuration, one, Judgement.BROKEN)
    for one in ADVICE:
        yield _judge(configuration, one, Judgement.ADVISED_AGAINST)
    discharged = {one.assumption: one for one in configuration.discharges}
    for one in ASSUMPTIONS_OF_USE:
        yield _assumed(_judge(configuration, one, Judgement.BROKEN), discharged.get(one.name), configuration)
    for name, words in NOT_READ_OFF_A_PLATFORM:
        judged = Judged(name, Category.ASSUMPTION, words, "assumption of use", Judgement.CANNOT_TELL)
        yield _assumed(judged, discharged.get(name), configuration)


def _judge(configuration: Configuration, one: Rule, certain: Judgement) -> Judged:
    found = breaches(configuration, one.broken_by, of_devices=one.names is Names.DEVICES)
    if one.names is Names.DEVICES:
        found = tuple(_with_owners(found, configuration))
    applies, why = SUBJECTS[one.name]
    judgement = judgement_of(found, certain)
    complete = configuration.virtio_complete
    if one.name in VIRTIO_RULES and not complete.known and judgement is not certain:
        asked = Asked("which VirtIO links there are", complete.where, complete.source)
        found = (*found, Breach("a link that is not named", complete.where, (asked,)))
        judgement = Judgement.CANNOT_TELL
    unlisted = tuple(_of_unlisted(one, configuration))
    if unlisted and judgement is not certain:
        found = (*found, *unlisted)
        judgement = Judgement.CANNOT_TELL
    elif judgement is Judgement.FULFILLED and not applies(configuration):
        return Judged(one.name, one.category, one.says, one.section, Judgement.NOT_APPLICABLE, (), why)
    return Judged(one.name, one.category, one.says, one.section, judgement, found)


def _with_owners(found: Iterable[Breach], configuration: Configuration) -> Iterator[Breach]:
    """Who has the devices that break something."""
    owners = {one.name: one.assigned_to.value or () for one in configuration.devices}
    for one in found:
        names = owners.get(one.name, ())
        yield replace(one, about=f"assigned to {' and '.join(names)}") if names else one


def _of_unlisted(one: Rule, configuration: Configuration) -> Iterator[Breach]:
    """What devices that no file lists may break: any rule about devices if they are assigned, else the assumptions of use."""
    if one.names is not Names.DEVICES:
        return
    domains = {it.name: it for it in configuration.domains}
    for unlisted in configuration.unlisted:
        if one.category is not Category.ASSUMPTION and not unlisted.assigned:
            continue
        whose = domains[unlisted.domain].criticality
        if one.category is Category.ASSUMPTION and whose.value is Criticality.SAFE:
            continue
        asked = [Asked(f"which devices {unlisted.domain} has", unlisted.where, unlisted.how)]
        if one.category is Category.ASSUMPTION and not whose.known:
            asked.append(Asked(f"criticality of {unlisted.domain}", whose.where, whose.source))
        yield Breach(unlisted.domain, unlisted.where, tuple(asked))


def _assumed(judged: Judged, discharge: Discharge | None, configuration: Configuration) -> Judged:
    """An assumption of use: broken by the file, or else fulfilled by a statement of somebody who answers for it.

    What a file leaves open a statement may settle; what a file shows broken no statement mends.
    """
    if judged.judgement is not Judgement.CANNOT_TELL:
        return judged
    if discharge is not None:
        why = f"ensured by {discharge.owner}: {discharge.by} ({discharge.where})"
        return Judged(judged.id, judged.category, judged.says, judged.source, Judgement.FULFILLED, (), why)
    where = configuration.domains[0].where if configuration.domains else configuration.policy.where
    how = f"state who ensures it: assumptions: {{{judged.id}: {{owner: …, by: …}}}}"
    breach = Breach("nobody", where, (Asked(f"who ensures {judged.id}", where, how),))
    return Judged(
        judged.id, judged.category, judged.says, judged.source, Judgement.CANNOT_TELL, (*judged.breaches, breach)
    )
