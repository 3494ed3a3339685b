"""Device trees of platforms for tests, written from their parts."""

from __future__ import annotations

from pathlib import Path

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.platforms.configuration import Configuration
from sphinx_xenfusa.platforms.reading import Asked, Group, grouped, read_configuration


def board(*domains: str, chosen: str = 'xen,xen-bootargs = "xsm=dummy";', soc: str = "") -> str:
    """A device tree; the first domain begins in line 5."""
    head = "/dts-v1/;\n/ {\n\tchosen {\n\t\t" + chosen + "\n"
    return head + "\n".join(domains) + "\n\t};\n\tsoc {\n" + soc + "\n\t};\n};\n"


def domain(name: str, *properties: str) -> str:
    """A domain on one line."""
    return f'{name} {{ compatible = "xen,domain"; memory = <0 0x20000>; cpus = <1>; {" ".join(properties)} }};'


def read(folder: Path, text: str, statement: str = "", name: str = "board.dts", boot_line: str = "") -> Configuration:
    """The configuration of one file, with what is stated beside it."""
    folder.joinpath(name).write_text(text, "utf-8")
    if statement:
        folder.joinpath(f"{name.partition('.')[0]}.statement.yaml").write_text(statement, "utf-8")
    (group,) = grouped([folder / name])
    if isinstance(group, InputError):
        raise group
    assert isinstance(group, Group)
    return read_configuration(group, Asked(folder, boot_line=boot_line))
