"""The options of the commands that read platforms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, TypeVar

import click

from sphinx_xenfusa.model.vocabulary import Architecture
from sphinx_xenfusa.platforms.reading import Asked, Group

NO_PLATFORM = "no platform in what was given; expected device trees, xl.cfg files, ImageBuilder's variables or YAML"
F = TypeVar("F", bound=Callable[..., object])


class PlatformOptions(TypedDict):
    """What the options say."""

    statement: Path | None
    boot_line: str
    architecture: str
    include: tuple[Path, ...]
    root: Path | None


_OPTIONS = (
    click.option(
        "--statement",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What no configuration file says. Default: NAME.statement.yaml beside each FILE.",
    ),
    click.option("--boot-line", metavar="TEXT", default="", help="Xen's command line, for files that have none."),
    click.option(
        "--architecture",
        type=click.Choice([one.value for one in Architecture]),
        default=Architecture.ARM.value,
        show_default=True,
        help="The architecture of platforms made of xl.cfg files.",
    ),
    click.option(
        "--include",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        metavar="DIR",
        help="A folder in which #include of a device tree looks, after that of the file (repeatable).",
    ),
    click.option(
        "--root",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        metavar="DIR",
        help="Nothing outside of it is included. Default: the current folder, or that of a FILE that lies outside.",
    ),
)


def platform_options(command: F) -> F:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def asked_for(group: Group, how: PlatformOptions) -> Asked:
    """How the files of one platform are to be read."""
    return Asked(
        how["root"] or _root_of(group.files[0]),
        how["include"],
        how["statement"],
        how["boot_line"],
        Architecture(how["architecture"]),
    )


def _root_of(file: Path) -> Path:
    here = Path.cwd()
    return here if file.resolve().is_relative_to(here) else file.resolve().parent
