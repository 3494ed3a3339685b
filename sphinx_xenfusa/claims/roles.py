"""Claims of the chapter "Roles" of the roles document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sphinx_xenfusa.claims.boot_claims import SingleHolder
from sphinx_xenfusa.claims.control_claims import (
    ControlIsSafe,
    ControlMayDoAll,
    Goal,
    HarmIsDenied,
    MoreThanListed,
    OnlyControlCan,
    WithoutControl,
)
from sphinx_xenfusa.claims.device_claims import GoesToTheHardwareDomain, OneOwnerEach, StaysWithXen
from sphinx_xenfusa.claims.interference_claims import EXAMPLE, AnyMix, AssumptionNeeded, OnePlatform
from sphinx_xenfusa.claims.link_claims import HardwareBackendHolds
from sphinx_xenfusa.claims.privilege_claims import AllowedIsConfined, NothingBeyond, Subjects
from sphinx_xenfusa.claims.vocabulary_claims import PlatformClaim
from sphinx_xenfusa.claims.xenstore_claims import XenstoreIsConfined
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.model.devices import default_owners
from sphinx_xenfusa.model.effects import Life, Power, System
from sphinx_xenfusa.model.platform import Device, Platform, safe_vms, unsafe_vms
from sphinx_xenfusa.model.rules import advice, broken_rules, holders_of_full_privileges, rule
from sphinx_xenfusa.model.vocabulary import Capability, Criticality, Reach, Role

_PAIRS = "every domain towards itself and every other, every operation with every argument, from every arrangement of the two"


def _life(life: Life) -> Callable[[System, int], bool]:
    return lambda system, target: system.domains[target].life is life


def _restarted(system: System, target: int) -> bool:
    return system.domains[target].restarted and system.domains[target].life is Life.RUNNING


def _rebooted(system: System, target: int) -> bool:
    return system.power is Power.REBOOTED


def _powered_off(system: System, target: int) -> bool:
    return system.power is Power.DOWN


PAUSE = Goal("pause another domain", Life.RUNNING, _life(Life.PAUSED))
UNPAUSE = Goal("unpause another domain", Life.PAUSED, _life(Life.RUNNING))
SUSPEND = Goal("suspend another domain", Life.RUNNING, _life(Life.SUSPENDED))
RESUME = Goal("resume another domain", Life.SUSPENDED, _life(Life.RUNNING))
REBOOT = Goal("reboot another domain", Life.RUNNING, _restarted, most_steps=2)
REBOOT_PLATFORM = Goal("reboot the platform", Life.RUNNING, _rebooted, towards_other=False)
SHUT_DOWN_PLATFORM = Goal("shut the platform down", Life.RUNNING, _powered_off, towards_other=False)


def _is_refused(words: Callable[[str], object], word: str) -> Callable[[], bool]:
    def refused() -> bool:
        try:
            words(word)
        except ValueError:
            return True
        return False

    return refused


def _wrong_roles(platform: Platform) -> str | None:
    for domain in platform.domains:
        expected = {
            role
            for role, capability in (
                (Role.HARDWARE_DOMAIN, Capability.HARDWARE),
                (Role.CONTROL_DOMAIN, Capability.CONTROL),
            )
            if capability in domain.capabilities
        } or {Role.DOMU}
        if domain.roles != expected:
            roles = ", ".join(sorted(domain.roles)) or "no role"
            return f"{domain.name} with {len(domain.capabilities)} capabilities has {roles}"
    return None


def _wrong_criticality(platform: Platform) -> str | None:
    safe, unsafe = safe_vms(platform), unsafe_vms(platform)
    for domain in platform.domains:
        if (domain.name in safe) is (domain.name in unsafe):
            return f"{domain.name} is {'both' if domain.name in safe else 'neither'} SafeVM and UnsafeVM"
        if (domain.name in safe) is not (domain.criticality is Criticality.SAFE):
            return f"{domain.name}, configured as {domain.criticality}, counts as the other"
    return None


def _task_in_adversary(platform: Platform) -> bool:
    adversaries = unsafe_vms(platform)
    return any(domain.safety_tasks and domain.name in adversaries for domain in platform.domains)


def _wrong_tasks(platform: Platform) -> str | None:
    inside = _task_in_adversary(platform)
    if bool(rule("unsafevm_definition").broken_by(platform)) is not inside:
        did, which = ("accepted", "a") if inside else ("rejected", "no")
        return f"a platform is {did} although {which} safety task runs in an UnsafeVM"
    return None


def _wrong_advice(platform: Platform) -> str | None:
    """What is reported is a SafeVM without a task; with the tasks added nothing is reported, and the rules say what they said."""
    idle = safe_vms(platform) - {domain.name for domain in platform.domains if domain.safety_tasks}
    reported = frozenset(rule("safevm_definition").broken_by(platform))
    if reported != idle:
        names = [", ".join(sorted(some)) or "none" for some in (reported, idle)]
        return f"reported: {names[0]}; SafeVMs without a safety-critical task: {names[1]}"
    domains = tuple(replace(one, safety_tasks=one.safety_tasks or one.name in idle) for one in platform.domains)
    completed = replace(platform, domains=domains)
    if "safevm_definition" in advice(completed):
        return "a platform on which every SafeVM runs a task is reported"
    if broken_rules(completed) != broken_rules(platform):
        return "a platform is rejected for a SafeVM without a task"
    return None


CLAIMS: tuple[Claim, ...] = (
    PlatformClaim(
        "roles_closed_set",
        "Every domain is a Hardware Domain, a Control Domain, both, or a DomU, which holds neither capability; no other word "
        "for a role or a capability is accepted.",
        "every domain of each",
        _wrong_roles,
        lambda platform: len({role for domain in platform.domains for role in domain.roles}) == len(Role),
        "A platform on which every role occurs",
        refused=tuple(
            (word, _is_refused(words, word))
            for words, word in (
                (Role, "Driver Domain"),
                (Role, "dom0"),
                (Role, "hardware domain"),
                (Role, ""),
                (Capability, "xenstore"),
                (Capability, "Hardware"),
                (Capability, ""),
            )
        ),
    ),
    PlatformClaim(
        "criticality_closed_set",
        "Every domain is either a SafeVM or an UnsafeVM, never both and never neither; no other word is accepted.",
        "every domain of each",
        _wrong_criticality,
        lambda platform: bool(safe_vms(platform)) and bool(unsafe_vms(platform)),
        "A platform with a SafeVM and an UnsafeVM",
        refused=tuple((word, _is_refused(Criticality, word)) for word in ("UnSafeVM", "SAFE", "", "mixed")),
    ),
    HarmIsDenied(
        "domu_unprivileged",
        "Every operation of the catalogue that would affect another domain without its consent, or the platform, is denied "
        "to a DomU.",
        "every operation whose step from some arrangement of the two domains affects somebody else, by every DomU",
        Subjects.DOMU,
    ),
    AllowedIsConfined(
        "domu_affects_itself_only",
        "Whatever a DomU is allowed to do changes its own state only, and the objects that the other side offers it.",
        _PAIRS,
        Subjects.DOMU,
    ),
    XenstoreIsConfined(
        "xenstore_affects_itself_only",
        "Whatever a DomU that is the xenstore domain is allowed to do changes its own state only, and the objects that the other "
        "side offers it.",
        "the xenstore domain towards itself and every other, every operation with every argument, from every arrangement of the "
        "two",
        Subjects.DOMU,
    ),
    GoesToTheHardwareDomain(
        "hwdom_default_devices",
        "A device that is assigned to nobody, and is none of those that the document leaves with Xen, is the Hardware Domain's "
        "and nobody else's; where there is no Hardware Domain, no domain has it.",
        "every domain of each is asked whether it may access the device",
    ),
    StaysWithXen(
        "xen_owned_devices",
        "No domain has direct access to a CPU, MMU, IOMMU, interrupt controller, timer or UART, unless it is assigned by "
        "passthrough; a platform that does that, and no other, is rejected.",
        "the rule on each, and every domain of each is asked whether it may access the device",
    ),
    OneOwnerEach(
        "passthrough",
        "A device that is assigned to a domain is that domain's and nobody else's, the Hardware Domain's neither; a platform "
        "that assigns it to two domains, and no other, is rejected, and only there it has two owners.",
        "the rule on each, and every domain of each is asked whether it may access the device",
    ),
    SingleHolder(
        "hwdom_single",
        "A platform with two Hardware Domains is rejected, only there the default owner of a device is ambiguous, and it does "
        "not come up.",
        "the rule, what it guards, and the boot of each",
        Capability.HARDWARE,
        default_owners,
        "an unassigned device has two default owners",
    ),
    NothingBeyond(
        "hwdom_unprivileged",
        "Whatever a domain that holds only the hardware capability is allowed to do affects neither another domain nor the "
        "platform, unless the other side offered it.",
        _PAIRS,
        Subjects.HARDWARE_ONLY,
    ),
    HardwareBackendHolds(
        "hwdom_virtio_privileges",
        "As a VirtIO backend the Hardware Domain may map its frontends' memory unless they use grants, and issue device model "
        "operations to them unless they use the non-blocking registers; and nothing else that affects another domain or the "
        "platform.",
        "every operation by every Hardware Domain with a backend towards itself and every other domain, on links that operate",
    ),
    ControlMayDoAll(
        "ctrldom_full_privileges",
        "The Control Domain never gets a permission failure on a well-formed target, and each operation succeeds in some state.",
        "every operation by every Control Domain towards itself and every other domain",
    ),
    SingleHolder(
        "ctrldom_single",
        "A platform with two Control Domains is rejected, only there more than one domain holds full privileges, and it does not "
        "come up.",
        "the rule, what it guards, and the boot of each",
        Capability.CONTROL,
        holders_of_full_privileges,
        "two domains hold full privileges",
    ),
    OnlyControlCan(
        "ctrldom_reboot_domains",
        "The Control Domain can reboot every other domain; no operation of any other domain restarts a domain that it does "
        "not serve.",
        _PAIRS + "; sequences of up to two operations of the Control Domain",
        (REBOOT,),
    ),
    OnlyControlCan(
        "ctrldom_reboot_platform",
        "The Control Domain can reboot the platform, on a machine of either architecture; no operation of any other domain does.",
        _PAIRS,
        (REBOOT_PLATFORM,),
    ),
    OnlyControlCan(
        "ctrldom_shutdown_platform",
        "The Control Domain can shut the platform down, on a machine of either architecture; no operation of any other domain "
        "does.",
        _PAIRS,
        (SHUT_DOWN_PLATFORM,),
    ),
    OnlyControlCan(
        "ctrldom_suspend_resume",
        "The Control Domain can suspend every other domain, with the machine staying up, and resume it; no other domain can do "
        "either to one that it does not serve.",
        _PAIRS,
        (SUSPEND, RESUME),
    ),
    OnlyControlCan(
        "ctrldom_pause_unpause",
        "The Control Domain can pause every other domain and unpause it; no other domain can do either to one that it does "
        "not serve.",
        _PAIRS,
        (PAUSE, UNPAUSE),
    ),
    MoreThanListed(
        "ctrldom_list_open",
        "There are privileged operations beyond the ones that the document lists, and the Control Domain may use every one.",
        "every operation that affects others, by every Control Domain",
        (PAUSE, UNPAUSE, SUSPEND, RESUME, REBOOT, REBOOT_PLATFORM, SHUT_DOWN_PLATFORM),
    ),
    WithoutControl(
        "ctrldom_optional",
        "A platform without a Control Domain is accepted; on it no domain holds full privileges and nothing that a domain is "
        "allowed to do affects another domain or the platform without its consent.",
        "those without a Control Domain; " + _PAIRS,
        Subjects.NOT_CONTROL,
    ),
    PlatformClaim(
        "safevm_definition",
        "A SafeVM without a safety-critical task is reported, and so is nothing else; the platform is not rejected for it.",
        "the advice on each, and the platform with the missing tasks added",
        _wrong_advice,
        lambda platform: any(one.name in safe_vms(platform) and not one.safety_tasks for one in platform.domains),
        "A platform with a SafeVM that runs no safety-critical task: reported, and not rejected",
        safety_tasks=True,
    ),
    PlatformClaim(
        "unsafevm_definition",
        "A platform with a safety-critical task in an UnsafeVM is rejected, and only there a safety task runs inside an "
        "adversary.",
        "the rule and its invariant on each",
        _wrong_tasks,
        _task_in_adversary,
        "A platform with a safety task in an UnsafeVM, which the rule rejects: the task runs inside an adversary",
        safety_tasks=True,
    ),
    ControlIsSafe(
        "ctrldom_is_safe",
        "A platform whose Control Domain is an UnsafeVM is rejected, and on each such platform, completed by a SafeVM where "
        "there is none, the Control Domain can stop, pause or restart a SafeVM.",
        "the rule on each, and one attempt of every operation by an unsafe Control Domain on a SafeVM",
    ),
    AnyMix(
        "no_virtio_no_restriction",
        "Without VirtIO, every mix of SafeVMs and UnsafeVMs that the other rules leave is accepted, and no adversary changes the "
        "memory of a SafeVM or stops, restarts or reconfigures it or the platform.",
        "every adversary's every operation and device access towards itself and every other domain, from every arrangement",
    ),
    OnePlatform(
        "example_platform",
        "The example of the document (an unsafe Hardware Domain, two safe and two unsafe DomUs) is accepted, and no adversary on "
        "it changes the memory of a SafeVM or stops, restarts or reconfigures it or the platform.",
        "every adversary's every operation and device access towards itself and every other domain, from every arrangement",
        EXAMPLE,
    ),
    AssumptionNeeded(
        "aou_iommu",
        "An adversary with a device whose DMA no IOMMU translates can change the memory of a SafeVM; behind an IOMMU it cannot.",
        "every adversary without control that is given one such device",
        "DMA write by a device of the caller",
        Device("device", reach=Reach.DMA, behind_iommu=False),
        Device("device", reach=Reach.DMA),
    ),
    AssumptionNeeded(
        "aou_dev",
        "An adversary with a device that reaches the platform can stop it below a SafeVM; with a device that reaches itself it "
        "cannot.",
        "every adversary without control that is given one such device",
        "reset by a device of the caller",
        Device("device", reach=Reach.PLATFORM),
        Device("device"),
    ),
)
"""The claims of the chapter that the model can check."""
