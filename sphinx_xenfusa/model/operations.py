"""The catalogue: every operation that a domain can ask of Xen, as data.

The data stand in ``catalogue.toml`` beside this module; this module says what a column may hold and refuses anything else.
The catalogue says *which* check guards an operation (the hook and its default action), never *who passes it*: that is
decided in :mod:`sphinx_xenfusa.model.decision`.  It says which transformer of the state an operation is
(:mod:`sphinx_xenfusa.model.effects`), so that what an operation affects is seen in the state and not read off a label.

Source: Xen at the commit that the catalogue's head names; ``xen/include/xsm/dummy.h`` and the call sites of each hook.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from sphinx_xenfusa.inputs import InputError, parse_toml, read_text
from sphinx_xenfusa.model.effects import Transformer
from sphinx_xenfusa.model.errors import Code
from sphinx_xenfusa.model.vocabulary import Architecture

CATALOGUE = Path(__file__).with_name("catalogue.toml")
DEVICE = "device"
"""In place of a hypercall: what a domain does through a device that it owns."""
TRAP = "MMIO"
"""In place of a hypercall: an access to a register that Xen traps."""


class Action(StrEnum):
    """The default action of the hook that guards an operation (``enum xsm_default``, ``xen/include/xsm/xsm.h``)."""

    UNCHECKED = "none"
    """No hook, or a hook that takes no action argument."""
    HOOK = "XSM_HOOK"
    TARGET = "XSM_TARGET"
    XS_PRIV = "XSM_XS_PRIV"
    DM_PRIV = "XSM_DM_PRIV"
    PRIV = "XSM_PRIV"
    HW_PRIV = "XSM_HW_PRIV"
    """Of the proposed series: for the Hardware Domain alone."""
    CONSOLE_WRITE = "console write"
    """``XSM_OTHER`` of ``xsm_console_io`` for a write: resolved by the caller's console flag and the build."""
    CONSOLE_READ = "console read"
    """``XSM_OTHER`` of ``xsm_console_io`` for a read."""


class ActsOn(StrEnum):
    """Whose state an operation reads or changes, in the terms of the roles document."""

    CALLER = "caller"
    TARGET = "target"
    PLATFORM = "platform"
    OFFER = "offer"
    """An object of the target, and only while the target offers it to the caller (grant, port, ring)."""


class Family(StrEnum):
    """The two families that the document lists as VirtIO privileges, and everything else."""

    FOREIGN_MAP = "foreign map"
    DEVICE_MODEL = "device model"
    OTHER = "other"


class TargetParameter(StrEnum):
    """What an operation takes as its target."""

    NONE = "none"
    DOMAIN = "domain"


class Condition(StrEnum):
    """When a gate beside the hook stops a call."""

    SELF = "self"
    """The target is the caller."""
    OTHER = "other"
    """The target is not the caller."""
    DOMID_SELF = "domid-self"
    """The caller wrote ``DOMID_SELF`` where a plain domid is looked up."""
    HARDWARE = "hardware"
    """The caller is the Hardware Domain."""
    NOT_HARDWARE = "not-hardware"
    """The caller is not the Hardware Domain."""
    NO_CONTROL = "no-control"
    """The caller does not hold the control capability."""
    NEITHER = "neither"
    """The caller holds no capability."""
    WITHOUT_RESOURCE = "without-resource"
    """The caller does not itself hold the memory range, interrupt or port that it hands on."""
    WITHOUT_VIRQ = "without-virq"
    """No target is named (``DOMID_INVALID``) and the caller does not own ``VIRQ_DOM_EXC``."""
    TRANSLATED = "translated"
    """The caller has no device that writes memory past an IOMMU."""
    NO_REACH = "no-reach"
    """The caller has no device that reaches the platform."""
    ALWAYS = "always"
    """Xen has nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A check beside the hook.

    :param before: whether it is made before the hook.
    :param divergence: the entry of the divergence register that the gate belongs to, or an empty string.
    :param repairs: whether the gate is what repairs that divergence, and so is made only where it is repaired.
    """

    before: bool
    condition: Condition
    code: Code
    divergence: str
    repairs: bool = False

    def in_force(self, switches: frozenset[str]) -> bool:
        """Whether the gate is there, given the divergences that are."""
        return not self.divergence or (self.divergence in switches) is not self.repairs


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    :param hypercall: the hypercall, ``SMC/HVC`` for firmware calls, :data:`TRAP` or :data:`DEVICE`.
    :param hypercall_number: its number, ``None`` for firmware calls.
    :param number: the number of the operation within the hypercall, ``None`` where the hypercall is one operation.
    :param hook: the XSM hook, empty where there is none.
    :param proposed_action: the default action in the proposed series.
    :param hook_sees_target: whether the hook is told the target; for a domain that is being made there is none to tell.
    :param channel: whether the policy "silo" overrides a hook on its way (``xen/xsm/silo.c``).
    :param denied_as: what a caller sees that the hook refuses.
    :param unknown_as: what a caller without, and with, the control capability sees for a domid that does not exist.
    :param versioned: whether an interface version is compared before any permission.
    :param arguments: the values of the argument that changes the effect (a reason, a key); one empty value where none does.
    :param implemented: whether Xen has a handler at all.
    :param source: file and line in Xen.
    """

    name: str
    hypercall: str
    hypercall_number: int | None
    number: int | None
    hook: str
    action: Action
    proposed_action: Action
    hook_sees_target: bool
    channel: bool
    target: TargetParameter
    acts_on: ActsOn
    family: Family
    transformer: Transformer
    arguments: tuple[str, ...]
    gates: tuple[Gate, ...]
    denied_as: Code
    unknown_as: tuple[Code, Code]
    versioned: bool
    architectures: frozenset[Architecture]
    implemented: bool
    source: str

    @property
    def is_service(self) -> bool:
        """Whether it is asked of Xen by a call; what a device does is asked of nobody, and a trapped register is no call."""
        return self.hypercall not in (DEVICE, TRAP)

    @property
    def divergences(self) -> frozenset[str]:
        """The entries of the divergence register that its gates belong to."""
        return frozenset(gate.divergence for gate in self.gates if gate.divergence)


@dataclass(frozen=True)
class Catalogue:
    """All operations, in the order of the file.

    :param xen_commit: the commit of Xen that the data were read from.
    """

    xen_commit: str
    operations: tuple[Operation, ...]

    @functools.cached_property
    def by_name(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {operation.name: operation for operation in self.operations}


_HEADER = re.compile(r"^\[\[operation\]\]", re.MULTILINE)
_REQUIRED = {"name": str, "hypercall": str, "action": str, "target": str, "acts_on": str, "effect": str, "source": str}
_OPTIONAL = {
    "hypercall_number": int,
    "number": int,
    "hook": str,
    "proposed_action": str,
    "hook_sees_target": bool,
    "channel": bool,
    "family": str,
    "arguments": list,
    "gates": list,
    "denied_as": str,
    "unknown_as": list,
    "versioned": bool,
    "architectures": list,
    "implemented": bool,
}
_Enum = TypeVar("_Enum", bound=StrEnum)


class _Entry:
    """One table of the file while it is read: knows its lines, so that an error can name one."""

    def __init__(self, data: Mapping[str, Any], path: Path, text: str, start: int, end: int) -> None:
        self.data = data
        self.path = path
        self.text = text
        self.start = start
        self.end = end

    def fail(self, key: str, found: str, expected: str) -> InputError:
        """The error about one key of this entry, at the key's line."""
        match = re.search(rf"^{re.escape(key)}\s*=", self.text[self.start : self.end], re.MULTILINE)
        offset = self.start + (match.start() if match else 0)
        return InputError(self.path, self.text.count("\n", 0, offset) + 1, found, expected)

    def check_keys(self) -> None:
        """Refuse missing keys, unknown keys and values of the wrong type."""
        allowed = {**_REQUIRED, **_OPTIONAL}
        for key, value in self.data.items():
            if key not in allowed:
                raise self.fail(key, f"the key {key!r}", f"one of {', '.join(sorted(allowed))}")
            if type(value) is not allowed[key]:
                raise self.fail(key, f"{key} = {value!r}", f"a value of type {allowed[key].__name__}")
        for key in _REQUIRED:
            if key not in self.data:
                raise self.fail(key, f"an operation without {key!r}", f"the keys {', '.join(_REQUIRED)}")

    def word(self, key: str, words: type[_Enum], default: _Enum | None = None) -> _Enum:
        """The value of a key as a member of a closed set."""
        if key not in self.data and default is not None:
            return default
        return self.member(key, self.data[key], words)

    def member(self, key: str, value: object, words: type[_Enum]) -> _Enum:
        """A value as a member of a closed set."""
        for word in words:
            if word.value == value:
                return word
        raise self.fail(key, f"{key} = {value!r}", "one of " + ", ".join(repr(word.value) for word in words))

    def gate(self, text: object) -> Gate:
        """A gate from its words: ``before|after CONDITION CODE [[!]Dn]``."""
        words = text.split() if isinstance(text, str) else []
        known = len(words) == 3 or (len(words) == 4 and re.fullmatch(r"!?D[1-9][0-9]*", words[3]))
        if not known or words[0] not in ("before", "after"):
            raise self.fail("gates", f"the gate {text!r}", "'before|after CONDITION CODE [[!]Dn]'")
        return Gate(
            before=words[0] == "before",
            condition=self.member("gates", words[1], Condition),
            code=self.member("gates", words[2], Code),
            divergence=words[3].removeprefix("!") if len(words) == 4 else "",
            repairs=len(words) == 4 and words[3].startswith("!"),
        )


def _operation(entry: _Entry) -> Operation:
    entry.check_keys()
    data = entry.data
    unknown = tuple(entry.member("unknown_as", code, Code) for code in data.get("unknown_as", ["ESRCH", "ESRCH"]))
    if len(unknown) != 2:
        raise entry.fail("unknown_as", f"{len(unknown)} codes", "two: without and with the control capability")
    arguments = data.get("arguments", [""])
    if not arguments or not all(isinstance(value, str) for value in arguments):
        # An operation without any argument would never be tried.
        raise entry.fail("arguments", f"arguments = {arguments!r}", "at least one text")
    architectures = data.get("architectures", [arch.value for arch in Architecture])
    action = entry.word("action", Action)
    return Operation(
        name=data["name"],
        hypercall=data["hypercall"],
        hypercall_number=data.get("hypercall_number"),
        number=data.get("number"),
        hook=data.get("hook", ""),
        action=action,
        proposed_action=entry.word("proposed_action", Action, action),
        hook_sees_target=data.get("hook_sees_target", True),
        channel=data.get("channel", False),
        target=entry.word("target", TargetParameter),
        acts_on=entry.word("acts_on", ActsOn),
        family=entry.word("family", Family, Family.OTHER),
        transformer=entry.word("effect", Transformer),
        arguments=tuple(arguments),
        gates=tuple(entry.gate(text) for text in data.get("gates", [])),
        denied_as=entry.word("denied_as", Code, Code.EPERM),
        unknown_as=(unknown[0], unknown[1]),
        versioned=data.get("versioned", False),
        architectures=frozenset(entry.member("architectures", arch, Architecture) for arch in architectures),
        implemented=data.get("implemented", True),
        source=data["source"],
    )


def _top_level_line(text: str, key: str) -> int:
    """The line on which a key of the top level stands, as a value or as a table."""
    match = re.search(rf"^(\[+\s*)?{re.escape(key)}\b", text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def read_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """Read and check a catalogue.

    :raises InputError: with file and line, for anything that is not a catalogue: missing, empty, not UTF-8, malformed TOML,
        unknown or missing keys, values outside their closed set, two operations of one name.
    """
    text = read_text(path, what="an operation catalogue")
    document = parse_toml(text, path)
    unknown = sorted(set(document) - {"xen_commit", "operation"})
    if unknown:
        expected = "'xen_commit' and [[operation]] tables, nothing else"
        raise InputError(path, _top_level_line(text, unknown[0]), f"the top-level key {unknown[0]!r}", expected)
    entries = document.get("operation")
    if "xen_commit" not in document or not isinstance(entries, list) or not entries:
        found = f"the top-level keys {', '.join(sorted(document))}" if document else "nothing"
        raise InputError(path, 1, found, "'xen_commit' and at least one [[operation]]")
    commit = document["xen_commit"]
    if not isinstance(commit, str) or re.fullmatch(r"[0-9a-f]{40}", commit) is None:
        line = _top_level_line(text, "xen_commit")
        raise InputError(path, line, f"xen_commit = {commit!r}", "40 hexadecimal digits")
    starts = [match.start() for match in _HEADER.finditer(text)]
    if len(starts) != len(entries) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(path, 1, "operations that are no [[operation]] tables", "one [[operation]] table each")
    operations: dict[str, Operation] = {}
    for data, start, end in zip(entries, starts, [*starts[1:], len(text)], strict=True):
        entry = _Entry(data, path, text, start, end)
        operation = _operation(entry)
        if operation.name in operations:
            raise entry.fail("name", f"a second operation {operation.name!r}", "each operation once")
        operations[operation.name] = operation
    return Catalogue(commit, tuple(operations.values()))


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the package, read once per process."""
    return read_catalogue()
