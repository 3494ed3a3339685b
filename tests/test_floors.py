"""The house as the architecture page draws it: a room imports rooms on lower floors only, and few of them know much."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import sphinx_xenfusa

PACKAGE = Path(sphinx_xenfusa.__file__).parent
DOCUMENTATION = {"sphinx", "docutils", "sphinx_needs"}


@dataclass(frozen=True)
class Room:
    floor: int
    rooms: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()


def room(floor: int, rooms: str = "", packages: str = "") -> Room:
    return Room(floor, frozenset(rooms.split()), frozenset(packages.split()))


# The docs print the table that follows.
ROOMS = {
    # Room: its floor, the rooms that it may import,
    # the packages beside the standard library that it may import.
    "inputs": room(0),
    "explore": room(0),
    # The engines stand in explore/, each in a module of its own; the rest of explore/ does not know them.
    "engines": room(1, "explore", "numpy numba llvmlite oxidd"),
    "model": room(1, "inputs explore"),
    "adoption": room(1, "inputs", "packaging"),
    "trace": room(2, "explore", "jsonschema_rs"),
    "claims": room(2, "explore engines model"),
    "terms": room(2, "inputs model"),
    "platforms": room(2, "inputs model", "jsonschema_rs yaml devicetree fdt pcpp"),
    "assessment": room(3, "explore model claims platforms"),
    "confirm": room(3, "inputs explore engines model platforms trace", "pebble"),
    "evidence": room(3, "inputs trace platforms", "defusedxml yaml"),
    "interop": room(
        3,
        "inputs explore trace terms platforms",
        "defusedxml jinja2 jsonschema_rs markupsafe openpyxl reqif xlsxwriter",
    ),
    "sphinxext": room(
        4,
        "inputs explore model trace claims terms platforms assessment confirm evidence interop",
        "sphinx docutils sphinx_needs graphlay",
    ),
    "api": room(4, "inputs explore model trace assessment confirm interop platforms"),
    "cli": room(
        5,
        "inputs explore model adoption trace terms assessment confirm evidence interop platforms",
        "click rich playwright pikepdf",
    ),
    "pytest_plugin": room(5, "trace", "pytest"),
    # The package itself: its version and setup().
    "sphinx_xenfusa": room(5, "sphinxext", "sphinx"),
}
# End of the table.


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    first, *rest = path.relative_to(PACKAGE).parts
    if first == "explore" and rest[0] == "engines":
        return "engines"
    return "sphinx_xenfusa" if first == "__init__.py" else first.removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, module and name (empty for a plain import) of each import of a module, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                yield node.lineno, node.module or "", alias.name


def room_imported(module: str, name: str) -> str:
    """The room that an import of our own package leads to; empty for the version, which every room may know."""
    parts = module.split(".")
    if parts[1:3] == ["explore", "engines"]:
        return "engines"
    if len(parts) > 1:
        return parts[1]
    return "" if name == "__version__" else name if name in ROOMS else "sphinx_xenfusa"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_what_the_table_allows(path: Path) -> None:
    here = room_of(path)
    allowed = ROOMS[here]
    for line, module, name in imported(path):
        top = module.split(".")[0]
        place = f"{path}:{line}"
        if top == "sphinx_xenfusa":
            assert room_imported(module, name) in {"", here, *allowed.rooms}, f"{place}: {here} imports {module} {name}"
        else:
            assert top in sys.stdlib_module_names or top in allowed.packages, f"{place}: {here} imports {module}"


def test_every_room_is_in_the_table_and_every_entry_is_a_room() -> None:
    assert {room_of(path) for path in modules()} == set(ROOMS)


@pytest.mark.parametrize("name", ROOMS)
def test_rooms_lead_downwards(name: str) -> None:
    assert {below for below in ROOMS[name].rooms if ROOMS[below].floor >= ROOMS[name].floor} == set()


def test_below_floor_4_nobody_knows_the_documentation_builder() -> None:
    assert {name for name, one in ROOMS.items() if one.packages & DOCUMENTATION and one.floor < 4} == set()
    assert ROOMS["model"].packages == ROOMS["explore"].packages == frozenset()


def test_every_permission_is_used() -> None:
    """A permission that nobody uses would let a dependency in unseen."""
    used: dict[str, set[str]] = {name: set() for name in ROOMS}
    for path in modules():
        for _, module, name in imported(path):
            top = module.split(".")[0]
            used[room_of(path)].add(room_imported(module, name) if top == "sphinx_xenfusa" else top)
    unused = {name: (one.rooms | one.packages) - used[name] for name, one in ROOMS.items()}
    assert {name: rest for name, rest in unused.items() if rest} == {}


@pytest.mark.parametrize(
    "module",
    [
        "model",
        "explore",
        "claims",
        "terms",
        "platforms",
        "trace",
        "confirm",
        "evidence",
        "interop",
        "cli",
        "pytest_plugin",
    ],
)
def test_a_fresh_interpreter_loads_no_sphinx(module: str) -> None:
    code = (
        "import importlib, pkgutil, sys\n"
        f"package = importlib.import_module('sphinx_xenfusa.{module}')\n"
        "for one in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(one.name)\n"
        f"print(sorted({DOCUMENTATION!r} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"util", "utils", "helpers", "common", "misc", "tools"}
    assert [path for path in modules() if path.stem in drawers or path.parent.name in drawers] == []
