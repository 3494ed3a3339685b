"""What a build is made with, and how: versions of programs and libraries, and the settings that were used.

Versions stand in the record and on the page about the evidence, and on no other: of the same inputs, two machines that have
different ones write the same pages otherwise.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import re
from collections.abc import Collection, Iterator, Mapping
from importlib import metadata
from pathlib import Path, PureWindowsPath
from typing import Any

from sphinx.application import Sphinx

from sphinx_xenfusa import __version__
from sphinx_xenfusa.confirm.cache import package_digest
from sphinx_xenfusa.confirm.registry import OURS, package_sources
from sphinx_xenfusa.sphinxext.config import SETTINGS
from sphinx_xenfusa.trace.record import Tool, UsedSetting

ROLES: Mapping[str, str] = {
    "sphinx": "builds the documents",
    "sphinx-needs": "requirements as needs",
    "docutils": "reads reStructuredText",
    "numpy": "the default engine",
    "numba": "the engine numba",
    "oxidd": "decision diagrams: the engine bdd, and the second count of states",
    "pebble": "runs claims in processes",
    "PyYAML": "reads YAML",
    "jsonschema-rs": "holds input against schemas",
    "defusedxml": "reads XML",
    "click": "the command line",
    "rich": "the terminal",
    "packaging": "compares versions: xenfusa doctor",
    "jinja2": "pages of xenfusa trace",
    "markupsafe": "pages of xenfusa trace",
    "devicetree": "reads device trees in source form",
    "pcpp": "the C preprocessor of device trees",
    "fdt": "reads binary device trees",
    "reqif": "writes and reads ReqIF",
    "XlsxWriter": "writes workbooks",
    "openpyxl": "reads workbooks",
}
"""What packages do here on which we depend; others of ours are said to come with us."""
ABSENT = "not installed"
OURSELVES = "sphinx-xenfusa"
OTHER_SETTINGS = ("suppress_warnings", "exclude_patterns", "include_patterns")
"""Settings of Sphinx that hide something: warnings, or documents."""


def tools_of(app: Sphinx, packages: Collection[str]) -> tuple[Tool, ...]:
    """The programs and libraries of a build, sorted by name.

    :param packages: those that offer claims.
    """
    python = f"runs all of it ({platform.python_implementation()})"
    found = [Tool("Python", platform.python_version(), python)]
    found.append(Tool(OURSELVES, __version__, "the model, the claims, the record and the views", package_digest()))
    found += [Tool(name, _version(name), role) for name, role in ROLES.items()]
    found += _theme(app)
    found += _brought({tool.name for tool in found})
    found += _extensions(app)
    found += [_offering(name) for name in sorted({*packages} - {OURS, ""})]
    return tuple(sorted(set(found), key=lambda tool: (tool.name.casefold(), tool)))


@functools.lru_cache(maxsize=256)  # the same in every build of a process
def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ABSENT


def _brought(names: Collection[str]) -> Iterator[Tool]:
    """What these packages need, and what that needs: the bytes of a page depend on some of it."""
    seen, waiting = {_normal(name) for name in names}, sorted(names)
    while waiting:
        needer = waiting.pop(0)
        for name in _needed(needer):
            version = _version(name)
            if _normal(name) in seen or version == ABSENT:
                continue
            seen.add(_normal(name))
            waiting.append(name)
            yield Tool(_normal(name), version, f"comes with {_normal(needer)}")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.lru_cache(maxsize=256)  # the same in every build of a process
def _needed(distribution: str) -> tuple[str, ...]:
    """The names of what a package asks for, but for its extras."""
    try:
        asked = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return ()
    found = (_NAME.match(one) for one in asked if "extra ==" not in one)
    return tuple(sorted({one[0] for one in found if one is not None}))


_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def _theme(app: Sphinx) -> Iterator[Tool]:
    name = getattr(app.builder, "theme", None) and str(app.config.html_theme)
    if not name:
        return
    points = [point for point in metadata.entry_points(group="sphinx.html_themes") if point.name == name]
    of = next((point.dist for point in points if point.dist is not None), None)
    if of is not None:
        yield Tool(of.name, of.version, f"the theme {name}")


def _extensions(app: Sphinx) -> Iterator[Tool]:
    """The extensions that the project names, but for Sphinx's own and those that are in the table already."""
    for name in app.config.extensions:
        known = app.extensions.get(name)
        if known is None or name.partition(".")[0] in {"sphinx", "sphinx_needs", OURS}:
            continue
        yield Tool(name, str(known.version), "an extension of Sphinx")


def _offering(package: str) -> Tool:
    """A package that offers claims, with a digest over its Python files."""
    digest = hashlib.sha256()
    paths = package_sources(package)
    for path in sorted(paths):
        content = path.read_bytes() if path.is_file() else b""
        name = "/".join(path.parts[path.parts.index(package) :]) if package in path.parts else path.name
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    names = metadata.packages_distributions().get(package, [package])
    return Tool(names[0], _version(names[0]), f"the claims of {package}", digest.hexdigest() if paths else "")


def settings_of(app: Sphinx) -> tuple[UsedSetting, ...]:
    """All our settings, and those of Sphinx that hide something, in the order of their names."""
    home = Path(app.confdir).resolve()
    told = [
        UsedSetting(
            f"xenfusa_{name}", _told(app.config[f"xenfusa_{name}"], home), json.dumps(one.default, sort_keys=True)
        )
        for name, one in SETTINGS.items()
    ]
    defaults = {name: app.config.values[name].default for name in OTHER_SETTINGS}
    told += [UsedSetting(name, _told(app.config[name], home), _told(one, home)) for name, one in defaults.items()]
    return tuple(sorted(told))


def _told(value: Any, home: Path) -> str:
    """A value as JSON, without a folder of the machine."""
    return json.dumps(_without_folders(value, home), sort_keys=True, ensure_ascii=False, default=str)


def _without_folders(value: Any, home: Path) -> Any:
    if isinstance(value, dict):
        return {str(key): _without_folders(one, home) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_folders(one, home) for one in (sorted(value, key=str) if isinstance(value, set) else value)]
    if not isinstance(value, str) or not (Path(value).is_absolute() or PureWindowsPath(value).is_absolute()):
        return value
    path = Path(value)
    inside = path.is_relative_to(home)
    return path.relative_to(home).as_posix() if inside else f"{path.name} (outside of the project)"
