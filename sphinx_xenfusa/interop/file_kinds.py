"""Which reader a file is for, by its name.

The suffixes of source code are OpenFastTrace's, and those of what else Xen's tree is built of (assembly, device tree, make,
Kconfig, linker scripts, OCaml).  As there, a folder is searched for all of them.
"""

from __future__ import annotations

from enum import Enum
from pathlib import PurePath


class FileKind(Enum):
    """What a file is read as."""

    RST = "rst"
    MARKDOWN = "Markdown"
    XML = "XML"
    REQIF = "ReqIF"
    SOURCE = "source code"


_KINDS = {
    ".rst": FileKind.RST,
    ".md": FileKind.MARKDOWN,
    ".markdown": FileKind.MARKDOWN,
    ".xml": FileKind.XML,
    ".oreqm": FileKind.XML,
    ".reqif": FileKind.REQIF,
}

_SOURCES = (
    "ads adb bat c cc cpp cxx c++ h hh hpp hxx h++ inl c# cs cfg conf ini clj dox ejs feature fxml go "
    "groovy java js cjs mjs json htm html xhtml yaml yml kt kts lua m mm php pl pm pls proto pu puml "
    "plantuml py pyi pyx r robot rs scala sh bash zsh sql swift tf tfvars toml ts s asm dts dtsi dtso its "
    "lds ld mk mak make kconfig cmake cocci awk sed in ml mli mly mll y l te if spatch "
)
_SUFFIXES = frozenset(_SOURCES.split())
_NAMES = ("makefile", "gnumakefile", "kbuild", "kconfig", "dockerfile", "containerfile", "config.mk", "rules.mk")


def kind_of(name: str) -> FileKind | None:
    """What a file of that name is read as, ``None`` if it is of no kind that holds items."""
    file = PurePath(name).name.lower()
    suffix = PurePath(file).suffix
    if suffix in _KINDS:
        return _KINDS[suffix]
    if suffix.removeprefix(".") in _SUFFIXES or file.startswith(_NAMES):
        return FileKind.SOURCE
    return None
