"""Xen's command line: what of it decides whether a configuration is safe.

Of an option that stands more than once the last one counts.  Options that are not listed here change nothing that the model
knows; they are passed over.

Source: Xen's ``docs/misc/xen-command-line.pandoc``; fact sheet 7.2, 2.9 (the default of ``xsm``).
"""

from __future__ import annotations

from dataclasses import dataclass

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.model.vocabulary import Architecture
from sphinx_xenfusa.platforms.configuration import Setting, Where, default, written

POLICIES = ("dummy", "flask", "silo")
"""The values of ``xsm``."""
NOTED = (
    "argo",
    "dom0-iommu",
    "flask",
    "gnttab",
    "gnttab_max_frames",
    "gnttab_max_maptrack_frames",
    "hardware_dom",
    "iommu",
    "noreboot",
    "sched",
    "vwfi",
    "xsm",
)
"""The options that are shown with a configuration."""
FLASK_MODES = ("permissive", "enforcing", "late", "disabled")
"""The values of ``flask``; ``enforcing`` without it."""
_NO = frozenset({"no", "off", "false", "disable", "0"})
_DEFAULT_POLICY = {
    Architecture.ARM: ("silo", "a default build for Arm has XSM with SILO (xen/common/Kconfig:380-457)"),
    Architecture.X86: ("dummy", "a default build for x86 has no XSM (xen/common/Kconfig:380-457)"),
}


@dataclass(frozen=True, slots=True)
class BootLine:
    """A command line of Xen.

    :param policy: the access control.
    :param iommu: whether Xen uses an IOMMU.
    :param notes: the options that matter, name and value as written.
    """

    policy: Setting[str]
    iommu: Setting[bool]
    notes: tuple[tuple[str, str, Where], ...]


def read_boot_line(text: str, where: Where, architecture: Architecture) -> BootLine:
    """Read a command line.

    :param text: empty where there is none; then all is as by default.
    :raises InputError: an option has a value that Xen does not know.
    """
    options = _options(text)
    notes = tuple((name, options[name], where) for name in NOTED if name in options)
    return BootLine(_policy(options, where, architecture), _iommu(options, where), notes)


def _options(text: str) -> dict[str, str]:
    """The options with their values; ``no-NAME`` is ``NAME=no``."""
    found: dict[str, str] = {}
    for word in text.split():
        if word == "--":
            # What follows is for the kernel of dom0.
            break
        name, _, value = word.partition("=")
        if not value and name.startswith("no-"):
            name, value = name.removeprefix("no-"), "no"
        found[name] = value
    return found


def _policy(options: dict[str, str], where: Where, architecture: Architecture) -> Setting[str]:
    if "xsm" not in options:
        return default(_DEFAULT_POLICY[architecture][0], where, _DEFAULT_POLICY[architecture][1])
    if options["xsm"] not in POLICIES:
        found = f"xsm={options['xsm']} on Xen's command line"
        raise InputError(where.file, where.line, found, f"xsm={'|'.join(POLICIES)}")
    mode = options.get("flask", "enforcing")
    if mode not in FLASK_MODES:
        raise InputError(
            where.file, where.line, f"flask={mode} on Xen's command line", f"flask={'|'.join(FLASK_MODES)}"
        )
    if options["xsm"] == "flask" and mode == "disabled":
        return written("dummy", where, "flask=disabled: Xen goes back to dummy")
    return written(options["xsm"], where)


def _iommu(options: dict[str, str], where: Where) -> Setting[bool]:
    if "iommu" not in options:
        return default(True, where, "Xen uses the IOMMUs that it finds (iommu=yes)")
    return written(not _NO & set(options["iommu"].split(",")), where)
