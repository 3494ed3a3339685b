"""Verdicts kept by content: what they depend on is the key, so that nothing has to be invalidated.

The key covers the claim, the policy, what the register expects, which mutants are tried; the sources of the model, of what checks
it, of the claims and of a user's package that offers the claim, with the scope that it states; the catalogue, the Python minor
version and our version.  Only verdicts that the same inputs give again are kept: never an error and never an inconclusive one.
A file that is not whole is not there.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sphinx_xenfusa import __version__
from sphinx_xenfusa.confirm.registry import OURS, package_of, package_sources
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.survivors import Mutants, Tried
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.trace.canonical import write_text

KEPT = frozenset(VerdictKind) - {VerdictKind.ERROR, VerdictKind.INCONCLUSIVE, VerdictKind.NOT_RUN}

_PACKAGE = Path(__file__).parents[1]
_ROOMS = ("explore", "model", "claims", "platforms", "confirm")
_SUFFIXES = (".py", ".toml", ".yaml")
_NOT_IN_THE_KEY = {"divergences.yaml", "equivalents.yaml"}
"""What is compared with verdicts after they are known; of the register each key has what concerns it."""


def _digest(paths: Iterable[tuple[str, Path]]) -> str:
    digest = hashlib.sha256()
    for name, path in sorted(paths):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def package_digest() -> str:
    """SHA-256 over the sources that every verdict depends on."""
    files = [path for room in _ROOMS for path in (_PACKAGE / room).rglob("*") if path.suffix in _SUFFIXES]
    files = [path for path in files if path.name not in _NOT_IN_THE_KEY] + [_PACKAGE / "inputs.py"]
    return _digest((path.relative_to(_PACKAGE).as_posix(), path) for path in files)


class Cache:
    """The verdicts in a folder; one file each, named by its key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = package_digest()
        self._sources: dict[str, str] = {}

    def key(self, claim: Claim, job: Job) -> str:
        """The key of a run."""
        package = package_of(claim)
        depends = {
            "version": __version__,
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            "package": self.package,
            "sources": _digest((str(path), path) for path in claim.sources),
            "offered": self.offered_by(package),
            "claim": claim.id,
            "says": claim.says,
            "policy": job.policy,
            # To enumerate a scope is work; ours is fixed by our sources.
            "scope": None if package == OURS else claim.scope.to_json(),
            "expected": None if job.expected is None else job.expected.by,
            "mutation": repr(job.mutation),
        }
        return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()

    def offered_by(self, package: str) -> str:
        """The digest of a package that offers claims, taken once."""
        if package not in self._sources:
            self._sources[package] = _digest((str(path), path) for path in package_sources(package))
        return self._sources[package]

    @staticmethod
    def keeps(verdict: Verdict) -> bool:
        """Whether a verdict is of a kind that is kept: an answer that the same inputs give again."""
        return verdict.kind in KEPT

    def load(self, key: str) -> Verdict | None:
        """The verdict under a key, without its lists of mutants; ``None`` when there is none or a file is not whole."""
        data = self._read(f"{key}.json")
        try:
            verdict = None if data is None else Verdict.from_json(data)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if verdict is not None and verdict.mutants and not self._tried_file(key).is_file():
            return None  # a verdict without its lists would leave a hole in the list of survivors
        return verdict

    def load_tried(self, key: str) -> Tried | None:
        """The mutants that the run under a key tried; ``None`` when the file is not there or not whole."""
        data = self._read(self._tried_file(key).name)
        try:
            return None if data is None else Tried.from_json(data)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def load_gathered(self, keys: Sequence[str]) -> Mutants | None:
        """What was gathered of the mutants in the runs under these keys; ``None`` when it is not there or not whole."""
        data = self._read(_gathered_file(keys))
        try:
            return None if data is None else Mutants.from_json(data)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def store_gathered(self, keys: Sequence[str], mutants: Mutants) -> None:
        """Keep what was gathered of the mutants in the runs under these keys.

        :raises OSError: the folder cannot be written.
        """
        self._write(_gathered_file(keys), mutants.to_json())

    def name_of(self, what: str, depends: str) -> str:
        """The name under which data are kept that depend on our sources and on something else.

        :param what: a word for the kind of data.
        :param depends: what else they depend on.
        """
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        told = json.dumps([what, __version__, python, self.package, depends])
        return f"{what}-{hashlib.sha256(told.encode()).hexdigest()}.json"

    def is_of_these_sources(self) -> bool:
        """Whether no source that a verdict depends on has changed since the cache was opened."""
        return self.package == package_digest()

    def load_data(self, name: str) -> Any:
        """The data under a name; ``None`` when they are not there or not whole."""
        return self._read(name)

    def store_data(self, name: str, data: Any) -> None:
        """Keep data under a name.

        :raises OSError: the folder cannot be written.
        """
        self._write(name, data)

    def _tried_file(self, key: str) -> Path:
        return self.folder / f"{key}.mutants.json"

    def _read(self, name: str) -> Any:
        """The data of a file; ``None`` when it is missing, cut off, or was changed: then it is made again."""
        try:
            stored = json.loads((self.folder / name).read_text("utf-8"))
            text = stored["data"]
            whole = stored["sha256"] == hashlib.sha256(text.encode()).hexdigest()
            return json.loads(text) if whole else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _write(self, name: str, data: Any) -> None:
        text = json.dumps(data, sort_keys=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        stored = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "data": text}
        write_text(self.folder / name, json.dumps(stored))

    def store(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict, if it is of a kind that is kept.

        :raises OSError: the folder cannot be written.
        """
        if self.keeps(verdict):
            # The lists first: a verdict is there only when they are.
            self._write(self._tried_file(key).name, Tried(verdict.killers, verdict.survivors, verdict.broken).to_json())
            self._write(f"{key}.json", verdict.to_json())


def _gathered_file(keys: Sequence[str]) -> str:
    return f"gathered-{hashlib.sha256(' '.join(sorted(keys)).encode()).hexdigest()}.json"
