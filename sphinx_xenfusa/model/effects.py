"""What an operation changes: the state of the domains and of the platform, and the step that an operation takes in it.

"Affects other domains" is nowhere written down as a property of an operation.  :func:`apply` makes the step, :func:`touched`
compares the states before and after, and whoever owns a component that differs was affected.  An object that a domain
offers (a granted page, an unbound port, a registered ring) may be used by the domain to which it is offered, and by no
other: a component of that kind names to whom it was offered.

Source: the roles document, "Control Domain" (reboot, shut down, suspend, pause) and "Privileges"; Xen's handlers as cited in
the catalogue; fact sheet 2.5 to 2.8 for what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from sphinx_xenfusa.model.errors import Code

PLATFORM = -1
"""Stands for the platform where otherwise the position of a domain stands."""


class Life(StrEnum):
    """The life-cycle of a domain."""

    RUNNING = "running"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    SHUT_DOWN = "shut down"
    DESTROYED = "destroyed"


class Power(StrEnum):
    """The state of the machine."""

    UP = "up"
    REBOOTED = "rebooted"
    DOWN = "down"


class Offered(StrEnum):
    """What one domain can offer to another."""

    PAGE = "granted page"
    PORT = "unbound event channel port"
    RING = "registered Argo ring"


class Offer(NamedTuple):
    """An object of domain ``by`` that it offers to domain ``to``."""

    what: Offered
    by: int
    to: int


class DomainState(NamedTuple):
    """The state of one domain, as far as the claims look at it.

    :param restarted: whether it was started anew since the trace began.
    :param memory: ``original``, or ``changed`` by an operation on its memory or its mappings.
    :param configuration: ``original``, or ``changed``: vCPUs, limits, event channels, grant table, everything else of its own.
    """

    life: Life = Life.RUNNING
    restarted: bool = False
    memory: str = "original"
    configuration: str = "original"


class System(NamedTuple):
    """The state of a platform.

    :param hardware: positions of the domains that are the Hardware Domain (static).
    :param domains: one state per domain, in the order of the platform.
    :param configuration: ``original`` or ``changed``: what belongs to the platform and to no domain.
    :param console: ``original`` or ``written``: what the machine's console shows.
    :param read: pairs (reader, owner): reader was told something of owner, or of the platform.
    :param foreign: pairs (mapper, owner): mapper holds a mapping of memory of owner that owner did not grant.
    :param offers: what is offered now.
    :param used: the offers that the domain to which they were made uses now.
    """

    hardware: frozenset[int]
    domains: tuple[DomainState, ...]
    power: Power = Power.UP
    configuration: str = "original"
    console: str = "original"
    read: frozenset[tuple[int, int]] = frozenset()
    foreign: frozenset[tuple[int, int]] = frozenset()
    offers: frozenset[Offer] = frozenset()
    used: frozenset[Offer] = frozenset()


class Call(NamedTuple):
    """An operation that was let through.

    :param subject: position of the caller.
    :param target: position of the target; the caller's own where the operation takes none.
    :param argument: the argument that changes the effect, empty where none does.
    :param switches: the divergences of Xen from the document that are in force.
    """

    subject: int
    target: int
    argument: str
    switches: frozenset[str]


class Touch(NamedTuple):
    """One component of the state that differs between two states.

    :param owner: the domain to which it belongs, or :data:`PLATFORM`.
    :param offered_to: the domain to which the owner offered it before the step, or ``None``.
    """

    owner: int
    field: str
    before: str
    after: str
    offered_to: int | None = None


Step = tuple[System, Code]


def _with_domain(system: System, position: int, state: DomainState) -> System:
    domains = system.domains
    return system._replace(domains=(*domains[:position], state, *domains[position + 1 :]))


def _read(system: System, call: Call) -> Step:
    """What Xen tells every caller, or the caller about itself; nothing changes."""
    return system, Code.SUCCESS


def _told(system: System, reader: int, owner: int) -> Step:
    if reader == owner:
        return system, Code.SUCCESS
    return system._replace(read=system.read | {(reader, owner)}), Code.SUCCESS


def _read_target(system: System, call: Call) -> Step:
    """Something of the target is told.  The strict reading: who is told something of another domain acts on it."""
    return _told(system, call.subject, call.target)


def _read_platform(system: System, call: Call) -> Step:
    """Something of the platform is told that Xen does not tell everybody."""
    return _told(system, call.subject, PLATFORM)


def _configure(system: System, position: int) -> Step:
    return _with_domain(system, position, system.domains[position]._replace(configuration="changed")), Code.SUCCESS


def _configure_caller(system: System, call: Call) -> Step:
    return _configure(system, call.subject)


def _configure_target(system: System, call: Call) -> Step:
    return _configure(system, call.target)


def _configure_platform(system: System, call: Call) -> Step:
    return system._replace(configuration="changed"), Code.SUCCESS


def _change_memory(system: System, call: Call) -> Step:
    return _with_domain(system, call.target, system.domains[call.target]._replace(memory="changed")), Code.SUCCESS


def _write_console(system: System, call: Call) -> Step:
    return system._replace(console="written"), Code.SUCCESS


def _read_console(system: System, call: Call) -> Step:
    """Input is taken off the machine's console; whoever else would have read it does not see it any more."""
    return system._replace(console="read"), Code.SUCCESS


def _become(system: System, position: int, life: Life, restarted: bool = False) -> System:
    state = system.domains[position]
    return _with_domain(system, position, state._replace(life=life, restarted=state.restarted or restarted))


def _pause(system: System, call: Call) -> Step:
    """Pausing a domain that does not run is let through and changes nothing."""
    if system.domains[call.target].life is not Life.RUNNING:
        return system, Code.SUCCESS
    return _become(system, call.target, Life.PAUSED), Code.SUCCESS


def _unpause(system: System, call: Call) -> Step:
    """Only a paused domain can be unpaused (``domain_unpause_by_systemcontroller``)."""
    if system.domains[call.target].life is not Life.PAUSED:
        return system, Code.EINVAL
    return _become(system, call.target, Life.RUNNING), Code.SUCCESS


def _resume(system: System, call: Call) -> Step:
    """A domain that suspended goes on; anything else stays as it is (``domain_resume``)."""
    if system.domains[call.target].life is not Life.SUSPENDED:
        return system, Code.SUCCESS
    return _become(system, call.target, Life.RUNNING), Code.SUCCESS


def _create(system: System, call: Call) -> Step:
    """A domain is built in place of one that was destroyed."""
    if system.domains[call.target].life is not Life.DESTROYED:
        return system, Code.EINVAL
    return _become(system, call.target, Life.RUNNING, restarted=True), Code.SUCCESS


def _destroy(system: System, call: Call) -> Step:
    return _become(system, call.target, Life.DESTROYED), Code.SUCCESS


def _shut_down(system: System, position: int, reason: str, stops_platform: bool) -> Step:
    """Shut a domain down; for the Hardware Domain that may be the end of the machine.

    ``domain_shutdown`` of the Hardware Domain halts or restarts the machine whatever the reason (fact sheet 2.8, D1).
    """
    if system.domains[position].life in (Life.SHUT_DOWN, Life.DESTROYED):
        return system, Code.SUCCESS
    life = Life.SUSPENDED if reason == "suspend" else Life.SHUT_DOWN
    after = _become(system, position, life)
    if stops_platform:
        power = Power.DOWN if reason == "poweroff" else Power.REBOOTED
        after = after._replace(power=power)
    return after, Code.SUCCESS


def _shut_down_caller(system: System, call: Call) -> Step:
    stops = "D1" in call.switches and call.subject in system.hardware
    return _shut_down(system, call.subject, call.argument, stops)


def _shut_down_target(system: System, call: Call) -> Step:
    """Shut the target down.

    Where the end of the Hardware Domain is the machine's (D1), it is so whoever brings it about: on Arm that is how the Control
    Domain stops the machine (fact sheet 2.5).
    """
    stops = "D1" in call.switches and call.target in system.hardware
    return _shut_down(system, call.target, call.argument, stops)


def _watchdog(system: System, call: Call) -> Step:
    """Arm the caller's watchdog, or let it expire: a domain that expires is shut down with the reason watchdog."""
    if call.argument != "expires":
        return _configure_caller(system, call)
    return _shut_down_caller(system, call._replace(argument="watchdog"))


def _debug_key(system: System, call: Call) -> Step:
    """The key ``R`` restarts the machine; other keys print or set something of the platform."""
    if call.argument == "R":
        return system._replace(power=Power.REBOOTED), Code.SUCCESS
    return _configure_platform(system, call)


def _sleep(system: System, call: Call) -> Step:
    return system._replace(power=Power.DOWN), Code.SUCCESS


def _kexec(system: System, call: Call) -> Step:
    return system._replace(power=Power.REBOOTED), Code.SUCCESS


def _map_foreign(system: System, call: Call) -> Step:
    """A mapping of one's own memory is not foreign."""
    if call.subject == call.target:
        return system, Code.SUCCESS
    return system._replace(foreign=system.foreign | {(call.subject, call.target)}), Code.SUCCESS


def _use(system: System, call: Call, what: Offered, refusal: Code) -> Step:
    """Use an object of the target that it offers to the caller; without the offer the call fails."""
    offer = Offer(what, by=call.target, to=call.subject)
    if offer not in system.offers:
        return system, refusal
    return system._replace(used=system.used | {offer}), Code.SUCCESS


def _use_page(system: System, call: Call) -> Step:
    return _use(system, call, Offered.PAGE, Code.GNTST_GENERAL_ERROR)


def _release_page(system: System, call: Call) -> Step:
    """Give a mapping of a granted page back; handles are the caller's own, so nobody else's can be."""
    offer = Offer(Offered.PAGE, by=call.target, to=call.subject)
    if offer not in system.used:
        return system, Code.GNTST_BAD_HANDLE
    return system._replace(used=system.used - {offer}), Code.SUCCESS


def _bind_port(system: System, call: Call) -> Step:
    return _use(system, call, Offered.PORT, Code.EINVAL)


def _send_event(system: System, call: Call) -> Step:
    """Sending on a port that is bound to nobody succeeds and does nothing."""
    return _use(system, call, Offered.PORT, Code.SUCCESS)


def _send_message(system: System, call: Call) -> Step:
    return _use(system, call, Offered.RING, Code.ECONNREFUSED)


class Transformer(StrEnum):
    """The steps that an operation can take in the state; the catalogue names one for each operation."""

    READ = "read"
    READ_TARGET = "read target"
    READ_PLATFORM = "read platform"
    CONFIGURE_CALLER = "configure caller"
    CONFIGURE_TARGET = "configure target"
    CONFIGURE_PLATFORM = "configure platform"
    CHANGE_MEMORY = "change memory of target"
    WRITE_CONSOLE = "write console"
    READ_CONSOLE = "read console"
    PAUSE = "pause target"
    UNPAUSE = "unpause target"
    RESUME = "resume target"
    CREATE = "create target"
    DESTROY = "destroy target"
    SHUT_DOWN_CALLER = "shut down caller"
    SHUT_DOWN_TARGET = "shut down target"
    WATCHDOG = "watchdog of caller"
    DEBUG_KEY = "debug key"
    SLEEP = "put machine to sleep"
    KEXEC = "restart machine"
    MAP_FOREIGN = "map memory of target"
    USE_PAGE = "use granted page of target"
    RELEASE_PAGE = "release granted page of target"
    BIND_PORT = "bind port of target"
    SEND_EVENT = "send event to target"
    SEND_MESSAGE = "send message to target"


_STEP: dict[Transformer, Callable[[System, Call], Step]] = {
    Transformer.READ: _read,
    Transformer.READ_TARGET: _read_target,
    Transformer.READ_PLATFORM: _read_platform,
    Transformer.CONFIGURE_CALLER: _configure_caller,
    Transformer.CONFIGURE_TARGET: _configure_target,
    Transformer.CONFIGURE_PLATFORM: _configure_platform,
    Transformer.CHANGE_MEMORY: _change_memory,
    Transformer.WRITE_CONSOLE: _write_console,
    Transformer.READ_CONSOLE: _read_console,
    Transformer.PAUSE: _pause,
    Transformer.UNPAUSE: _unpause,
    Transformer.RESUME: _resume,
    Transformer.CREATE: _create,
    Transformer.DESTROY: _destroy,
    Transformer.SHUT_DOWN_CALLER: _shut_down_caller,
    Transformer.SHUT_DOWN_TARGET: _shut_down_target,
    Transformer.WATCHDOG: _watchdog,
    Transformer.DEBUG_KEY: _debug_key,
    Transformer.SLEEP: _sleep,
    Transformer.KEXEC: _kexec,
    Transformer.MAP_FOREIGN: _map_foreign,
    Transformer.USE_PAGE: _use_page,
    Transformer.RELEASE_PAGE: _release_page,
    Transformer.BIND_PORT: _bind_port,
    Transformer.SEND_EVENT: _send_event,
    Transformer.SEND_MESSAGE: _send_message,
}


def apply(transformer: Transformer, system: System, call: Call) -> Step:
    """The step of an operation that was let through: the state after it, and what the caller gets back."""
    return _STEP[transformer](system, call)


def _touched_domain(position: int, before: DomainState, after: DomainState) -> list[Touch]:
    touches = []
    if before.life is not after.life:
        touches.append(Touch(position, "life-cycle", before.life, after.life))
    if before.restarted != after.restarted:
        touches.append(Touch(position, "restarted", _yes(before.restarted), _yes(after.restarted)))
    if before.memory != after.memory:
        touches.append(Touch(position, "memory", before.memory, after.memory))
    if before.configuration != after.configuration:
        touches.append(Touch(position, "configuration", before.configuration, after.configuration))
    return touches


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def touched(before: System, after: System) -> tuple[Touch, ...]:
    """Every component that differs, with its owner: the platform first, then the domains, then mappings and offers."""
    if before is after:
        return ()
    touches: list[Touch] = []
    if before.power is not after.power:
        touches.append(Touch(PLATFORM, "power", before.power, after.power))
    if before.configuration != after.configuration:
        touches.append(Touch(PLATFORM, "configuration", before.configuration, after.configuration))
    if before.console != after.console:
        touches.append(Touch(PLATFORM, "console", before.console, after.console))
    for position, (old, new) in enumerate(zip(before.domains, after.domains, strict=True)):
        if old is not new:
            touches += _touched_domain(position, old, new)
    for reader, owner in sorted(before.read ^ after.read):
        present = (reader, owner) in after.read
        touches.append(Touch(owner, f"read by domain {reader}", _yes(not present), _yes(present)))
    for mapper, owner in sorted(before.foreign ^ after.foreign):
        present = (mapper, owner) in after.foreign
        touches.append(Touch(owner, f"mapped by domain {mapper}", _yes(not present), _yes(present)))
    for offer in sorted(before.used ^ after.used):
        present = offer in after.used
        field = f"{offer.what} in use by domain {offer.to}"
        # What was neither on offer nor in use before was taken, not given.
        given = offer in before.offers or offer in before.used
        touches.append(Touch(offer.by, field, _yes(not present), _yes(present), offer.to if given else None))
    return tuple(touches)


def affected_without_consent(touches: tuple[Touch, ...], subject: int) -> frozenset[int]:
    """Who was affected by a step of ``subject`` other than itself, leaving out what its owner offered to ``subject``."""
    return frozenset(touch.owner for touch in touches if touch.owner != subject and touch.offered_to != subject)
