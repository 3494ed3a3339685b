"""The tracing policy, justified exclusions and retired ids of a project, from the files that its settings name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sphinx.application import Sphinx

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.tracing_rules import (
    day_of_judgement,
    policy_of,
    read_justifications,
    read_policy,
    read_tombstones,
)
from sphinx_xenfusa.sphinxext.config import config_file
from sphinx_xenfusa.trace.policy import Demand
from sphinx_xenfusa.trace.record import Finding, Justification, Place, Tombstone

_Read = TypeVar("_Read")


@dataclass
class TracingRules:
    """What the settings of a project say of tracing.

    :param findings: what cannot be used; nothing of the file concerned counts then.
    :param policy_unreadable: whether a policy was asked for and cannot be read: then no build may seem to meet it.
    """

    demands: tuple[Demand, ...] = ()
    justifications: tuple[Justification, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    policy_unreadable: bool = False


def tracing_rules(app: Sphinx) -> TracingRules:
    """Read what the settings name."""
    rules = TracingRules()
    config = app.config
    if config.xenfusa_trace_policy:
        rules.demands = _policy(app, rules)
    if config.xenfusa_justifications:
        rules.justifications = _file(app, rules, config.xenfusa_justifications, lambda *file: _justified(app, *file))
    if config.xenfusa_tombstones:
        rules.tombstones = _file(app, rules, config.xenfusa_tombstones, read_tombstones)
    return rules


def _policy(app: Sphinx, rules: TracingRules) -> tuple[Demand, ...]:
    stated = app.config.xenfusa_trace_policy
    before = len(rules.findings)
    if isinstance(stated, str):
        demands = _file(app, rules, stated, read_policy)
    else:
        file, _, line = config_file(app, "trace_policy").rpartition(":")
        path, number = (file, int(line)) if line.isdigit() else (config_file(app), 1)
        shown = _shown(app, Path(path))
        demands = _read(app, rules, Path(path), lambda: policy_of(stated, path, number, shown))
    rules.policy_unreadable = len(rules.findings) > before
    return demands


def _justified(app: Sphinx, path: Path, shown: str) -> tuple[Justification, ...]:
    try:
        today = day_of_judgement(app.config.xenfusa_today, os.environ)
    except ValueError as error:
        found, _, expected = str(error).removeprefix("found ").partition("; expected ")
        raise InputError(path, None, found, expected) from error
    return read_justifications(path, shown, today)


def _file(
    app: Sphinx, rules: TracingRules, name: str, read: Callable[[Path, str], tuple[_Read, ...]]
) -> tuple[_Read, ...]:
    path = Path(app.confdir) / name
    return _read(app, rules, path, lambda: read(path, _shown(app, path)))


def _read(app: Sphinx, rules: TracingRules, path: Path, read: Callable[[], tuple[_Read, ...]]) -> tuple[_Read, ...]:
    """What is read, or nothing and a finding."""
    try:
        return read()
    except InputError as error:
        shown = _shown(app, path)
        rules.findings.append(
            Finding("input", Place(shown, error.line or 1), shown, f"{error.message}; nothing of it counts")
        )
        return ()


def _shown(app: Sphinx, path: Path) -> str:
    """A file as places in the record name it: relative to the sources."""
    return Path(os.path.relpath(path, app.srcdir)).as_posix()
