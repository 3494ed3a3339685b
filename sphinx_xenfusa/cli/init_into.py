"""``xenfusa init --into DIR``: the extension added to a project that there is already."""

from __future__ import annotations

import glob
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path, PurePosixPath

import click

from sphinx_xenfusa.adoption.conf_py import with_extension, with_settings
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.inputs import InputError, decode, read_bytes
from sphinx_xenfusa.interop.scan import scan
from sphinx_xenfusa.trace.canonical import natural, write_bytes

EXTENSION = "sphinx_xenfusa"
CONF = "conf.py"
SIZE_LIMIT = 1_000_000
"""Bytes of a conf.py; the longest of public projects that was looked at has 50,000."""
_USUAL = ("docs", "doc", "docs/source", "doc/source", "source", "Documentation")
"""Where projects have their conf.py, below the folder of the project."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Edit:
    """What would become of a ``conf.py``.

    :param before: the bytes as they are.
    :param after: the bytes as they would be.
    """

    path: Path
    before: bytes
    after: bytes

    @property
    def changes(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff, which ``patch`` and ``git apply`` take."""
        name = self.path.as_posix()
        lines = unified_diff(_lines(self.before), _lines(self.after), name, name)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    def write(self) -> None:
        """Write it in one step; the permissions of the file stay.

        :raises InputError: the file has changed meanwhile, or cannot be written.
        """
        real = self.path.resolve()
        if read_bytes(real, what=CONF) != self.before:
            raise InputError(self.path, None, "a file that changed meanwhile", "the one that was shown; try again")
        try:
            mode = real.stat().st_mode
            write_bytes(real, self.after)
            real.chmod(mode)
        except OSError as error:
            found = f"a file that cannot be written ({error.strerror or error})"
            raise InputError(self.path, None, found, "a file to edit") from error


def proposed(folder: Path) -> Edit:
    """The edit that adds the extension to the project in a folder, and names its OpenFastTrace documents.

    :raises InputError: there is no ``conf.py``, or it cannot be edited by what is written in it.
    """
    path = folder / CONF
    if not path.is_file():
        raise InputError(folder, None, f"no {CONF}", _where_to_look(folder))
    before = read_bytes(path, limit=SIZE_LIMIT, what=CONF)
    mark = _BOM if before.startswith(_BOM) else b""
    text = decode(before, path, what=CONF)
    edited = with_extension(text, EXTENSION, path)
    if edited != text:
        edited = with_settings(edited, list(_settings(text, folder)))
    return Edit(path, before, mark + edited.encode("utf-8"))


def _where_to_look(folder: Path) -> str:
    elsewhere = [one for name in _USUAL if ((one := folder / name) / CONF).is_file()]
    if elsewhere:
        named = " or ".join(f"xenfusa init --into {shlex.quote(one.as_posix())}" for one in elsewhere)
        return f"a folder that has one: {named}"
    return "the folder of a Sphinx project; xenfusa init makes one"


def _settings(text: str, folder: Path) -> Iterator[str]:
    """Lines for what the extension finds in the folder and has to be told."""
    if "xenfusa_oft" in text:
        return
    items = scan([folder], folder).items
    files = sorted({item.place.file for item in items if item.place.file.endswith(".rst")}, key=natural)
    if files:
        yield "# The documents whose OpenFastTrace tags are requirements; their files and pages stay as they are."
        named = ", ".join(map(_quoted, _patterns(files)))
        yield f"xenfusa_oft = [{named}]"


def _patterns(files: Sequence[str]) -> list[str]:
    """Patterns that name files: of one folder, or of each folder at the top that has any."""
    common = os.path.commonpath([PurePosixPath(file).parent for file in files])
    if common:
        return [f"{glob.escape(PurePosixPath(common).as_posix())}/**.rst"]
    tops = dict.fromkeys(PurePosixPath(file).parts[0] for file in files)
    return [glob.escape(top) if top in files else f"{glob.escape(top)}/**.rst" for top in tops]


def _quoted(text: str) -> str:
    """A text as Python writes it, in double quotes where it can: a folder may have any name, and conf.py is run."""
    written = repr(text)
    return written if '"' in written else f'"{written[1:-1]}"'


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8")
    return [f"{line}\n" for line in text.split("\n")[:-1]] + ([rest] if (rest := text.rsplit("\n", 1)[-1]) else [])


def show(edit: Edit) -> None:
    """Show the diff; nothing in it steers the terminal."""
    click.echo(printable(edit.diff()), nl=False)


def next_steps(folder: Path) -> Iterator[str]:
    """What to do now; the lines can be copied."""
    source = shlex.quote(printable(folder.as_posix()))
    built = shlex.quote(printable((folder / "_build" / "html").as_posix()))
    yield ""
    yield "Next: put the evidence on a page, with these lines in an rst file that stands in a toctree:"
    yield "  .. xen:dashboard::"
    yield ""
    yield "  .. xen:matrix::"
    yield "and build; this runs no claim, and the pages say so (leave the -D out to run them, which takes a minute or two):"
    yield f"  python -m sphinx -D xenfusa_confirm=off -b html {source} {built}"
    yield "Keep .xenfusa/ beside conf.py out of version control: verdicts are kept there."
