"""The files of a platform that an author names on a page, read as ``xenfusa check-platform`` reads them.

Every place that is told of is relative to the source folder, so that no page depends on where the project lies.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.model.vocabulary import Architecture
from sphinx_xenfusa.platforms.configuration import Configuration, Where
from sphinx_xenfusa.platforms.reading import Asked, Group, beside, files_of, grouped, read_configuration
from sphinx_xenfusa.trace.record import Place

T = TypeVar("T")
YAML = (".yaml", ".yml")
_NOT_A_FILE = "--boot-line"
"""What a place names that is in no file but was given beside them."""
MOST_SHOWN = 400
"""Lines of a file that a page shows whole."""


@dataclass(frozen=True)
class PlatformFiles:
    """What an author names; files and folders are relative to the source folder.

    :param files: the configuration: files, or folders of them.
    :param statement: what is stated beside them; empty: what stands beside them by its name.
    :param include: where ``#include`` of device trees looks.
    :param boot_line: Xen's command line, for files that have none.
    :param architecture: of ``xl.cfg`` files.
    """

    files: tuple[str, ...]
    statement: str = ""
    include: tuple[str, ...] = ()
    boot_line: str = ""
    architecture: str = Architecture.ARM.value

    def there(self, source: Path) -> tuple[str, ...]:
        """The files that these stand for now, statements included; others that they include are not among them."""
        found = dict.fromkeys(files_of([source / name for name in self.files]))
        if self.statement:
            found[source / self.statement] = None
        for group in grouped(list(found)):
            stated = beside(group) if isinstance(group, Group) and not self.statement else None
            found |= {} if stated is None else {stated: None}
        return tuple(_relative(str(path), source) for path in found)

    @property
    def is_assessed(self) -> bool:
        """Whether it is asked by the kind of the files, or by what is given beside them, if they are compatible with safety."""
        beside_them = self.statement or self.boot_line or self.include or len(self.files) > 1
        return bool(beside_them) or not self.files[0].endswith(YAML)


@dataclass(frozen=True)
class ReadPlatform:
    """What was read.

    :param configuration: ``None`` if some file cannot be used.
    :param faults: why not: place and words of each.
    :param texts: name and text of each file; a text is empty if the file has no lines, or too many for a page.
    """

    configuration: Configuration | None
    faults: tuple[tuple[Place, str], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


def read_platform(asked: PlatformFiles, source: Path, place: Place) -> ReadPlatform:
    """Read the files as one platform.

    :param source: the source folder; nothing outside of it is included.
    :param place: of the directive, for what is wrong with no line of a file.
    """
    groups: list[Group] = []
    faults: list[tuple[Place, str]] = []
    for one in grouped(files_of([source / name for name in asked.files])):
        if isinstance(one, InputError):
            faults.append(_fault(one, source, place))
        else:
            groups.append(one)
    if not faults and len(groups) != 1:
        found = ", ".join(_relative(one.name, source) for one in groups)
        several = f"{len(groups)} platforms ({found})" if groups else f"no configuration in {', '.join(asked.files)}"
        faults.append((place, f"found {several}; expected the files of one platform"))
    if faults:
        return ReadPlatform(None, tuple(faults))
    how = Asked(
        source,
        tuple(source / name for name in asked.include),
        source / asked.statement if asked.statement else None,
        asked.boot_line,
        Architecture(asked.architecture),
    )
    try:
        configuration = read_configuration(groups[0], how)
    except InputError as error:
        return ReadPlatform(None, (_fault(error, source, place),))
    files = tuple(dict.fromkeys(_relative(file, source) for file in configuration.files))
    shown = replace(configuration, name=_relative(configuration.name, source), files=files)
    return ReadPlatform(
        _with_places(shown, lambda where: _placed(where, source, place)), (), tuple(_texts(files, source))
    )


def files_read(asked: PlatformFiles, source: Path, place: Place) -> tuple[str, ...]:
    """Every file that a platform is read from, those included by others too, as far as it can be read."""
    read = read_platform(asked, source, place).configuration
    return tuple(dict.fromkeys((*asked.there(source), *(() if read is None else read.files))))


def _relative(file: str, source: Path) -> str:
    """A file as the project names it; what is no path stays as it is."""
    return Path(os.path.relpath(os.path.normpath(file), source)).as_posix() if Path(file).is_absolute() else file


def _fault(error: InputError, source: Path, place: Place) -> tuple[Place, str]:
    message = error.message.replace(f"{source}/", "")
    file = _relative(error.file, source)
    if error.line is None or file == _NOT_A_FILE:
        return place, message if file == _NOT_A_FILE else f"{file}: {message}"
    return Place(file, error.line), message


def _placed(where: Where, source: Path, place: Place) -> Where:
    if where.file == _NOT_A_FILE:
        return Where(place.file, place.line)
    return replace(where, file=_relative(where.file, source))


def _with_places(value: T, placed: Callable[[Where], Where]) -> T:
    """A configuration, or a part of one, with every place in it told otherwise."""
    changed: Any = value
    if isinstance(value, Where):
        changed = placed(value)
    elif isinstance(value, tuple):
        changed = tuple(_with_places(one, placed) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(value, **{one.name: _with_places(getattr(value, one.name), placed) for one in fields(value)})
    result: T = changed
    return result


def _texts(files: tuple[str, ...], source: Path) -> Iterator[tuple[str, str]]:
    for file in files:
        try:
            text = read_text(source / file)
        except InputError:
            text = ""  # a binary device tree
        yield file, text if text.count("\n") <= MOST_SHOWN else ""
