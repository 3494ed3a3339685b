"""``xenfusa doctor``: is this installation whole, what would more of it give, and what does my project set?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sphinx_xenfusa.adoption.health import Health, Optional, Part, health
from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.run_options import installed_claims
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.trace.canonical import dumps
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code

FORM_VERSION = 1
_SECONDS = 120
"""For reading the settings of a project, which loads all of its extensions."""


@click.command("doctor")
@click.argument("project", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "json"]),
    default="plain",
    show_default=True,
    help="The form of the answer.",
)
@click.pass_context
def doctor_command(ctx: click.Context, project: Path | None, form: str) -> None:
    """Say whether this installation is whole, what is missing and what that costs, and what the project in DIR sets.

    Versions are held against the bounds that the package states. An extra or a program that is absent is no fault: its line
    says what is not there without it. With DIR, its conf.py is run by Sphinx as a build runs it, and nothing is built.

    Exit codes: 0 everything that is needed is there, and the settings can be used; 1 not; 2 DIR is no project that a build
    could begin.
    """
    state = health()
    offered, faults = installed_claims()
    claims = {"installed": len(offered.claims), "problems": [str(one) for one in offered.problems]}
    settings: dict[str, Any] | None = None
    codes = [ExitCode.GOOD if state.whole else ExitCode.FINDING, *faults]
    if project is not None:
        try:
            settings = _settings(project)
            codes.append(ExitCode.FINDING if settings["problems"] else ExitCode.GOOD)
        except InputError as error:
            say(str(error))
            codes.append(ExitCode.UNREADABLE)
    if form == "json":
        click.echo(dumps(_data(state, claims, settings)), nl=False)
    else:
        for line in _lines(state, claims, settings):
            click.echo(printable(line))
    ctx.exit(combined_exit_code(codes))


def _settings(project: Path) -> dict[str, Any]:
    """What a build of the project would use.

    :raises InputError: there is no project, or a build of it would not begin.
    """
    conf = project / "conf.py"
    if not conf.is_file():
        raise InputError(project, None, "no conf.py", "the folder of a Sphinx project; xenfusa init makes one")
    with tempfile.TemporaryDirectory() as aside:
        file = Path(aside, "settings.json")
        command = [sys.executable, "-m", "sphinx_xenfusa.sphinxext.settings_report", str(project), str(file)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            found = f"a file that does not end within {_SECONDS} seconds"
            raise InputError(conf, None, found, "one that a build can read") from error
        if not file.is_file():
            last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "it ended the process")
            raise InputError(conf, None, f"a file that a build cannot read ({last.strip()})", "settings")
        made: dict[str, Any] = json.loads(read_text(file))
    if "error" in made:
        raise InputError(conf, None, f"a project that a build cannot begin ({made['error']})", "one that it can")
    return made


def _lines(state: Health, claims: dict[str, Any], settings: dict[str, Any] | None) -> Iterator[str]:
    yield f"sphinx-xenfusa {state.version}"
    yield "needed:"
    for part in state.needed:
        yield f"  {_part(part)}"
    yield "extras (each can be absent):"
    for extra in state.extras:
        yield from _optional(extra)
    yield "programs (each can be absent):"
    for program in state.programs:
        yield from _optional(program)
    yield f"claims: {claims['installed']} installed"
    if settings is not None:
        yield from _project(settings)
    if not state.whole:
        yield "Next: python -m pip install /path/to/the/clone (sphinx-xenfusa is not on PyPI)"


def _part(part: Part) -> str:
    bounds = f" ({part.expected})" if part.expected else ""
    if part.found is None:
        return f"✗ missing   {part.name}{bounds}"
    word = "✓ there    " if part.fits else "✗ unusable "
    return f"{word} {part.name} {part.found}{bounds}"


def _optional(one: Optional) -> Iterator[str]:
    versions = ", ".join(f"{part.name} {part.found or 'missing'}" for part in one.parts)
    if one.fits:
        yield (
            f"  ✓ there     {one.name}: {versions}" if one.remedy else f"  ✓ there     {one.name}: {one.parts[0].found}"
        )
        return
    too_old = [part for part in one.parts if part.found is not None and not part.fits]
    word = "✗ unusable " if too_old else "∅ absent   "
    needs = f" (needs {', '.join(part.name + part.expected for part in one.parts)})" if one.remedy else ""
    yield f"  {word} {one.name}{needs}"
    yield f"              without it: {one.cost}"
    if one.remedy:
        yield f"              to have it: {one.remedy}"


def _project(settings: dict[str, Any]) -> Iterator[str]:
    yield "settings, as a build reads them (those that are not the default):"
    others = [one for one in settings["settings"] if one["from"] != "default"]
    for one in others:
        yield f"  {one['name']} = {one['value']!r}  ({one['from']})"
    rest = len(settings["settings"]) - len(others)
    yield f"  {rest} of {len(settings['settings'])} are the default"
    for problem in settings["problems"]:
        yield f"  ✗ fault     {problem}"
    if not settings["problems"]:
        yield "  ✓ usable    a build begins without a warning"


def _data(state: Health, claims: dict[str, Any], settings: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "doctor_version": FORM_VERSION,
        "version": state.version,
        "whole": state.whole,
        "needed": [_part_data(part) for part in state.needed],
        "extras": [_optional_data(one) for one in state.extras],
        "programs": [_optional_data(one) for one in state.programs],
        "claims": claims,
        "project": settings,
    }


def _part_data(part: Part) -> dict[str, Any]:
    return {"name": part.name, "found": part.found, "expected": part.expected, "fits": part.fits}


def _optional_data(one: Optional) -> dict[str, Any]:
    return {
        "name": one.name,
        "fits": one.fits,
        "without_it": one.cost,
        "to_have_it": one.remedy,
        "parts": [_part_data(part) for part in one.parts],
    }
