"""Configurations out of files of any kind: which kind a file is, which files make one platform, and what is stated beside them.

A file is known by what stands in it, not by its name: a device tree, source or binary; our own YAML; ImageBuilder's variables.
What says nothing of this is taken for what its name says, and without such a name for an ``xl.cfg``.  A file that is given twice
counts once.  All ``xl.cfg`` files of one folder in one call make one platform.  A statement stands
beside a file under its name with ``.statement.yaml`` for the ending, and beside ``xl.cfg`` files as ``platform.statement.yaml``;
or the user names one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from sphinx_xenfusa.inputs import InputError, decode, read_bytes, read_text, real_path
from sphinx_xenfusa.model.vocabulary import Architecture
from sphinx_xenfusa.platforms import dom0less, imagebuilder, own_yaml, xl_cfg
from sphinx_xenfusa.platforms.boot_line import read_boot_line
from sphinx_xenfusa.platforms.configuration import Configuration, Remark, Where
from sphinx_xenfusa.platforms.device_tree import SIZE_LIMIT, is_binary, read_tree
from sphinx_xenfusa.platforms.located_yaml import load
from sphinx_xenfusa.platforms.statement import completed, read_statement

STATEMENT = ".statement.yaml"
OF_A_FOLDER = f"platform{STATEMENT}"
_SUFFIXES = frozenset({".cfg", ".dtb", ".dts", ".yaml", ".yml"})
_TREE = re.compile(r"^\s*/dts-v1/\s*;", re.MULTILINE)
_YAML = re.compile(r"^(architecture|domains|devices|links)[ \t]*:", re.MULTILINE)


class Kind(Enum):
    """What a file is."""

    TREE = "device tree"
    YAML = "platform in YAML"
    IMAGEBUILDER = "ImageBuilder"
    XL_CFG = "xl.cfg"


_BY_NAME = {".dtb": Kind.TREE, ".dts": Kind.TREE, ".yaml": Kind.YAML, ".yml": Kind.YAML}


@dataclass(frozen=True)
class Asked:
    """How the user wants files to be read.

    :param root: the folder below which everything has to stand that a file names.
    :param include: folders in which ``#include`` of device trees looks.
    :param statement: the statement for every platform; ``None``: the one beside each.
    :param boot_line: Xen's command line, for files that have none.
    """

    root: Path
    include: tuple[Path, ...] = ()
    statement: Path | None = None
    boot_line: str = ""
    architecture: Architecture = Architecture.ARM


@dataclass(frozen=True)
class Group:
    """The files that make one platform.

    :param name: what it is called: its file, or the folder of its files.
    """

    name: str
    kind: Kind
    files: tuple[Path, ...]


def kind_of(path: Path) -> Kind:
    """What a file is, by what stands in it.

    :raises InputError: it cannot be read, or is no text and no device tree.
    """
    data = read_bytes(path, limit=SIZE_LIMIT, what="a configuration")
    if is_binary(data):
        return Kind.TREE
    text = decode(data, path, what="a device tree, YAML, ImageBuilder's variables or xl.cfg")
    if _TREE.search(text):
        return Kind.TREE
    if _YAML.search(text):
        return Kind.YAML
    return Kind.IMAGEBUILDER if imagebuilder.is_imagebuilder(text) else _BY_NAME.get(path.suffix, Kind.XL_CFG)


def grouped(paths: Iterable[Path]) -> Iterator[Group | InputError]:
    """The platforms that files make, in the order of the files; an error for each file of which nobody knows what it is."""
    folders: dict[Path, list[Path]] = {}
    found: list[Group | InputError | Path] = []
    for path in _once(paths):
        try:
            kind = kind_of(path)
        except InputError as error:
            found.append(error)
            continue
        if kind is not Kind.XL_CFG:
            found.append(Group(str(path), kind, (path,)))
        elif path.parent in folders:
            folders[path.parent].append(path)
        else:
            folders[path.parent] = [path]
            found.append(path.parent)
    for one in found:
        if isinstance(one, Path):
            files = tuple(folders[one])
            yield Group(str(files[0]) if len(files) == 1 else str(one), Kind.XL_CFG, files)
        else:
            yield one


def _once(paths: Iterable[Path]) -> Iterator[Path]:
    """The paths without those that lead to a file that an earlier one leads to."""
    seen: set[Path] = set()
    for path in paths:
        real = real_path(path)
        if real not in seen:
            seen.add(real)
            yield path


def read_configuration(group: Group, asked: Asked) -> Configuration:
    """Read a platform, with what is stated beside it.

    :raises InputError: some file of it cannot be used.
    """
    configuration = _read(group, asked)
    if group.kind is not Kind.XL_CFG:
        configuration = _with_boot_line(configuration, asked)
    statement = asked.statement or beside(group)
    if statement is None:
        return configuration
    return completed(configuration, read_statement(statement, asked.root, str(statement)))


def beside(group: Group) -> Path | None:
    """The statement that stands beside the files of a platform, or ``None``."""
    first = group.files[0]
    names = [first.with_name(first.name.partition(".")[0] + STATEMENT)]
    if group.kind is Kind.XL_CFG:
        names.append(first.with_name(OF_A_FOLDER))
    return next((name for name in names if name.is_file()), None)


def _read(group: Group, asked: Asked) -> Configuration:
    first = group.files[0]
    if group.kind is Kind.TREE:
        return dom0less.configuration_of(read_tree(first, asked.root, str(first), asked.include), group.name)
    if group.kind is Kind.YAML:
        text = read_text(first, what="a platform in YAML")
        return own_yaml.configuration_of(load(text, first))
    if group.kind is Kind.IMAGEBUILDER:
        return imagebuilder.read_configuration(first, asked.root, str(first))
    entries = {str(one): xl_cfg.read_cfg(one, str(one)) for one in group.files}
    return xl_cfg.configuration_of(entries, group.name, asked.boot_line, asked.architecture)


def _with_boot_line(configuration: Configuration, asked: Asked) -> Configuration:
    """What the user gives as Xen's command line counts where the files have none."""
    if not asked.boot_line:
        return configuration
    if configuration.has_boot_line:
        remark = Remark(
            configuration.policy.where, "--boot-line is passed over: this platform has its own command line"
        )
        return replace(configuration, remarks=(*configuration.remarks, remark))
    architecture = configuration.architecture.value or asked.architecture
    boot = read_boot_line(asked.boot_line, Where("--boot-line"), architecture)
    return replace(configuration, policy=boot.policy, iommu=boot.iommu, notes=boot.notes, has_boot_line=True)


def files_of(arguments: Sequence[Path]) -> Iterator[Path]:
    """The files that arguments stand for: a folder stands for the configurations in it, not for statements and partial trees.

    One that cannot be listed stands for itself: reading it says why.
    """
    for one in arguments:
        if not one.is_dir():
            yield one
            continue
        try:
            inside = sorted(one.iterdir())
        except OSError:
            yield one
            continue
        for path in inside:
            if path.suffix not in _SUFFIXES and path.name != "config":
                continue
            if not path.name.endswith(STATEMENT) and not _is_partial(path):
                yield path


def _is_partial(path: Path) -> bool:
    """Whether a file is a partial device tree: it belongs to a domain of a platform and is none."""
    if path.suffix not in (".dtb", ".dts"):
        return False
    try:
        data = read_bytes(path, limit=SIZE_LIMIT, what="a device tree")
    except InputError:
        # Said where it is read.
        return False
    return b"xen,path" in data and b"xen,domain" not in data
