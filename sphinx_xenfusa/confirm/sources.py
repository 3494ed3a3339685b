"""What the mutation run of one claim depends on, as a digest: finer than the key of the cache, so that the record lasts.

A claim's mutants are tried by its own search on its own model.  So the digest covers the values of the claim, and the modules
that it is made of with all that they import, transitively and inside functions as well, as far as they are of a package that
offers claims; and the data files beside them that one of these modules names.  A model that the claim does not import can change
as it likes.

What does not count: comments, docstrings and the layout of a module, because the syntax tree is what is digested; and the
modules in :data:`CARRIERS`, which carry what a search found and decide nothing about a single mutant.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import hashlib
import importlib.util
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from sphinx_xenfusa.confirm.registry import OURS, package_of
from sphinx_xenfusa.explore.claim import Claim

CARRIERS = frozenset(
    f"{OURS}.{name}"
    for name in ("explore.claim", "explore.survivors", "explore.trace", "explore.verdict", "inputs", "__init__")
)
"""Modules that do not count.  When what they mean changes, the number of the record's form has to be raised."""

_DATA = (".toml", ".yaml", ".tsv", ".json")


def claim_digest(claim: Claim, expected: Mapping[str, Any]) -> str:
    """SHA-256 over what the mutation run of a claim depends on.

    :param expected: by policy what the register of divergences expects: a run under that policy repairs it.
    :raises OSError: a source cannot be read.
    :raises SyntaxError: a source is no Python.
    """
    described = _Description(frozenset({OURS, package_of(claim) or type(claim).__module__.partition(".")[0]}))
    values = described.of(claim)
    modules = _with_imports(described.modules, described.packages)
    depends = {
        "claim": values,
        "policies": list(claim.policies),
        "expected": expected,
        "modules": {name: _module_digest(_file(name)) for name in sorted(modules)},
        "data": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _named_data(modules)},
        "sources": [hashlib.sha256(path.read_bytes()).hexdigest() for path in claim.sources if path.suffix != ".py"],
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


class _Description:
    """The values of a claim in words that are the same in every process, and the modules that their code is in."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages
        self.modules: set[str] = set()
        self._seen: set[int] = set()

    def of(self, value: object) -> Any:
        """A value as plain data."""
        if value is None or (isinstance(value, str | int | float) and not isinstance(value, enum.Enum)):
            return value
        if isinstance(value, enum.Enum):
            self._add(type(value).__module__)
            return f"{type(value).__qualname__}.{value.name}"
        if isinstance(value, Path):
            return value.name
        if id(value) in self._seen:
            return "again"
        self._seen.add(id(value))
        return self._of_parts(value)

    def _of_parts(self, value: object) -> Any:
        if isinstance(value, tuple | list):
            return [self.of(one) for one in value]
        if isinstance(value, set | frozenset):
            return sorted(json.dumps(self.of(one), sort_keys=True) for one in value)
        if isinstance(value, Mapping):
            return sorted(json.dumps([self.of(key), self.of(one)], sort_keys=True) for key, one in value.items())
        if isinstance(value, functools.partial):
            return [self.of(value.func), self.of(value.args), self.of(value.keywords)]
        if isinstance(value, ModuleType):
            self._add(value.__name__)
            return value.__name__
        if isinstance(value, FunctionType | type):
            return self._of_code(value)
        if isinstance(value, BuiltinFunctionType):
            return f"{value.__module__}:{value.__qualname__}"
        return self._of_object(value)

    def _of_code(self, value: FunctionType | type) -> Any:
        for one in inspect.getmro(value) if isinstance(value, type) else (value,):
            self._add(one.__module__)
        closed = inspect.unwrap(value).__closure__ or () if isinstance(value, FunctionType) else ()
        return [f"{value.__module__}:{value.__qualname__}", *(self.of(cell.cell_contents) for cell in closed)]

    def _of_object(self, value: object) -> Any:
        described = [self.of(type(value))]
        if dataclasses.is_dataclass(value):
            fields = [one for one in dataclasses.fields(value) if one.compare and hasattr(value, one.name)]
            return [*described, *([one.name, self.of(getattr(value, one.name))] for one in fields)]
        for _, one in sorted(vars(value).items()) if hasattr(value, "__dict__") else ():
            # What an object remembers may differ from run to run: only where its code is counts.
            self.of(one)
        return described

    def _add(self, module: str) -> None:
        if module.partition(".")[0] in self.packages:
            self.modules.add(module)


def _with_imports(modules: set[str], packages: frozenset[str]) -> set[str]:
    """The modules with all that they import from these packages, without those that do not count."""
    found: set[str] = set()
    waiting = sorted(modules)
    while waiting:
        name = waiting.pop()
        if name in found or name in CARRIERS or not _file(name).is_file():
            continue
        found.add(name)
        waiting += [one for one in _imports(name) if one.partition(".")[0] in packages]
    return found


@functools.cache
def _file(module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        spec = None
    return Path(spec.origin) if spec is not None and spec.origin else Path(module)


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), str(path))


@functools.cache
def _imports(module: str) -> tuple[str, ...]:
    names: set[str] = set()
    for node in ast.walk(_tree(_file(module))):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # What is imported may itself be a module of a package.
            names |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return tuple(sorted(names))


@functools.cache
def _module_digest(path: Path) -> str:
    """The digest of a module's syntax tree without docstrings; the same on every Python that parses it."""
    digest = hashlib.sha256()
    for part in _parts(_tree(path)):
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def _parts(node: ast.AST) -> Iterator[str]:
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        values = value if isinstance(value, list) else [value]
        if name == "body" and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            values = [one for one in values if not _is_text(one)]
        for one in values:
            if isinstance(one, ast.AST):
                yield from (name, *_parts(one))
            elif one is not None and name not in {"type_comment", "kind"}:
                yield f"{name}={one!r}"
    yield "end"


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a text: a docstring, or what describes an attribute."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _named_data(modules: set[str]) -> list[Path]:
    """The data files beside modules that name them."""
    found = set()
    for module in modules:
        path = _file(module)
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(_DATA):
                beside = path.parent / Path(node.value).name
                if beside.is_file():
                    found.add(beside)
    return sorted(found, key=lambda one: one.name)
