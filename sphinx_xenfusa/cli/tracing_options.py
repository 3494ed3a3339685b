"""Options of ``xenfusa trace`` for what has to be covered, what may go without, which ids are spent, and what was agreed to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import click

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.linker import AcceptedLinks
from sphinx_xenfusa.trace.policy import Demand
from sphinx_xenfusa.trace.record import Finding, Item, Justification, Place, Review, Tombstone, Verification

_Read = TypeVar("_Read")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option(
        "--policy", type=_FILE, metavar="FILE", help="The tracing policy: a gate that is not met is a finding."
    ),
    click.option("--justifications", type=_FILE, metavar="FILE", help="The justified exclusions."),
    click.option("--tombstones", type=_FILE, metavar="FILE", help="The retired ids."),
    click.option(
        "--accepted",
        type=_FILE,
        metavar="FILE",
        help="The acceptances: a text that changed since, and what links to it, is suspect.",
    ),
    click.option("--reviews", type=_FILE, metavar="FILE", multiple=True, help="A review ledger (repeatable)."),
    click.option(
        "--today",
        default="",
        metavar="DAY",
        help="The day for which expiry is judged, YYYY-MM-DD. Default: that of SOURCE_DATE_EPOCH, else today (UTC).",
    ),
)


class RuleFiles(TypedDict):
    """What the options name."""

    policy: Path | None
    justifications: Path | None
    tombstones: Path | None
    accepted: Path | None
    reviews: tuple[Path, ...]
    today: str


@dataclass(frozen=True)
class Rules:
    """What the files say.

    :param findings: the files that cannot be read; nothing of them counts, and the exit code says so.
    """

    demands: tuple[Demand, ...] = ()
    justifications: tuple[Justification, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    findings: tuple[Finding, ...] = ()
    links: AcceptedLinks = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    verifications: tuple[Verification, ...] = ()


def tracing_options(command: _Command) -> _Command:
    """Give a command these options."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), command)


def read_rules(files: RuleFiles, root: Path, items: Sequence[Item]) -> Rules:
    """Read what the options name.

    :param root: what places are relative to.
    :param items: the items of today, against which acceptances and reviews are held.
    :raises click.BadParameter: the day is none.
    """
    if not any(value for name, value in files.items() if name != "today"):
        return Rules()
    # Imported here, because most traces read no YAML.
    from sphinx_xenfusa.interop.agreements import File, read_agreements
    from sphinx_xenfusa.interop.tracing_rules import (
        day_of_judgement,
        read_justifications,
        read_policy,
        read_tombstones,
    )

    try:
        today = day_of_judgement(files["today"], os.environ)
    except ValueError as error:
        raise click.BadParameter(f"{error}", param_hint="--today") from error
    findings: list[Finding] = []

    def shown_path(path: Path) -> str:
        return Path(os.path.relpath(path, root)).as_posix()

    def read(path: Path | None, reader: Callable[[Path, str], tuple[_Read, ...]]) -> tuple[_Read, ...]:
        if path is None:
            return ()
        shown = shown_path(path)
        try:
            return reader(path, shown)
        except InputError as error:
            message = f"{error.message}; nothing of it counts"
            findings.append(Finding("input", Place(shown, error.line or 1), shown, message))
            return ()

    accepted = files["accepted"]
    agreed = read_agreements(
        None if accepted is None else File(accepted, shown_path(accepted)),
        [File(path, shown_path(path)) for path in files["reviews"]],
        items,
    )
    return Rules(
        demands=read(files["policy"], read_policy),
        justifications=read(files["justifications"], lambda path, shown: read_justifications(path, shown, today)),
        tombstones=read(files["tombstones"], read_tombstones),
        findings=(*findings, *agreed.findings),
        links=agreed.links,
        texts=agreed.texts,
        reviews=agreed.reviews,
        verifications=agreed.verifications,
    )
