"""What the mutation run of a claim depends on: its own values and code, and what that imports; no comment, and no other model."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sphinx_xenfusa.confirm import sources
from sphinx_xenfusa.confirm.registry import load_claims
from sphinx_xenfusa.confirm.sources import claim_digest

FILES = {
    "__init__.py": "",
    "model.py": '"""A model."""\nfrom depends_on.below import LIMIT\nDATA = "cells.toml"\n\n\ndef f(x):\n    return x > LIMIT\n',
    "below.py": "LIMIT = 3\n",
    "other.py": "LIMIT = 4\n",
    "cells.toml": "a = 1\n",
    "other.toml": "a = 1\n",
    "claims.py": (
        "from dataclasses import dataclass\nfrom collections.abc import Callable\n\n\n"
        "@dataclass(frozen=True)\nclass One:\n    id: str\n    f: Callable\n    most: int = 4\n    policies: tuple = ()\n"
        "    sources: tuple = ()\n\n    def search(self, x):\n        return self.f(x)\n"
    ),
    "offers.py": "from depends_on import claims, model\nCLAIM = claims.One('one', model.f)\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "depends_on"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [one for one in sys.modules if one.startswith("depends_on")]:
        del sys.modules[name]


@pytest.fixture
def digest(package: Path) -> Callable[[], str]:
    """The digest of the package's claim, with everything read anew."""

    def taken() -> str:
        for cached in (sources._file, sources._tree, sources._imports, sources._module_digest):
            cached.cache_clear()
        for name in [one for one in sys.modules if one.startswith("depends_on")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        module: ModuleType = importlib.import_module("depends_on.offers")
        return claim_digest(module.CLAIM, {})

    return taken


CHANGES = [
    ("model.py", "x > LIMIT", "x >= LIMIT"),
    ("below.py", "LIMIT = 3", "LIMIT = 30"),
    ("cells.toml", "a = 1", "a = 12"),
    ("claims.py", "return self.f(x)", "return not self.f(x)"),
    ("claims.py", "most: int = 4", "most: int = 55"),
    ("offers.py", "'one', model.f", "'one', model.f, 5"),
    ("offers.py", "model.f)", "max)"),
    ("offers.py", "model.f)", "lambda x: False)"),
]


@pytest.mark.parametrize(("name", "old", "new"), CHANGES)
def test_what_counts(package: Path, digest: Callable[[], str], name: str, old: str, new: str) -> None:
    before = digest()
    path = package / name
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert digest() != before
    path.write_text(FILES[name], "utf-8")
    assert digest() == before


STAYS = [
    ("model.py", '"""A model."""', '"""A better model."""\n# a comment'),
    ("model.py", "return x > LIMIT", "return (\n        x > LIMIT  # why\n    )"),
    ("other.py", "LIMIT = 4", "LIMIT = 5"),
    ("other.toml", "a = 1", "a = 2"),
    ("offers.py", "CLAIM", "MORE = 1\nCLAIM"),
]


@pytest.mark.parametrize(("name", "old", "new"), STAYS)
def test_what_does_not_count(package: Path, digest: Callable[[], str], name: str, old: str, new: str) -> None:
    before = digest()
    path = package / name
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert digest() == before


def test_what_the_register_expects_counts() -> None:
    claim = load_claims()["hwdom_single"]
    assert claim_digest(claim, {}) == claim_digest(claim, {})
    assert claim_digest(claim, {}) != claim_digest(claim, {"dummy": [["D1", ["shutdown"]]]})


def test_claims_of_the_same_form_differ_by_their_values() -> None:
    claims = load_claims()
    assert claim_digest(claims["hwdom_single"], {}) != claim_digest(claims["ctrldom_single"], {})
