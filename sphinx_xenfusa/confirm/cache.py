"""Verdicts kept by content: what they depend on is the key, so that nothing has to be invalidated.

The key covers the claim, the policy, what the register expects; the sources of the model, of what checks it, of the claims and
of a user's package that offers the claim, with the scope that it states; the catalogue, the Python minor version and our version.
Only
verdicts that the same inputs give again are kept: never an error and never an inconclusive one.  A file that is not whole
is not there.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from sphinx_xenfusa import __version__
from sphinx_xenfusa.confirm.registry import OURS, package_of, package_sources
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.trace.canonical import write_text

KEPT = frozenset(VerdictKind) - {VerdictKind.ERROR, VerdictKind.INCONCLUSIVE, VerdictKind.NOT_RUN}

_PACKAGE = Path(__file__).parents[1]
_ROOMS = ("explore", "model", "claims", "platforms", "confirm")
_SUFFIXES = (".py", ".toml", ".yaml")


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
    files = [path for path in files if path.name != "divergences.yaml"] + [_PACKAGE / "inputs.py"]
    return _digest((path.relative_to(_PACKAGE).as_posix(), path) for path in files)


class Cache:
    """The verdicts in a folder; one file each, named by its key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._package = package_digest()
        self._sources: dict[str, str] = {}

    def key(self, claim: Claim, job: Job) -> str:
        """The key of a run."""
        package = package_of(claim)
        depends = {
            "version": __version__,
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            "package": self._package,
            "sources": _digest((str(path), path) for path in claim.sources),
            "offered": self._offered_by(package),
            "claim": claim.id,
            "says": claim.says,
            "policy": job.policy,
            # To enumerate a scope is work; ours is fixed by our sources.
            "scope": None if package == OURS else claim.scope.to_json(),
            "expected": None if job.expected is None else job.expected.by,
        }
        return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()

    def _offered_by(self, package: str) -> str:
        """The digest of a package that offers claims, taken once."""
        if package not in self._sources:
            self._sources[package] = _digest((str(path), path) for path in package_sources(package))
        return self._sources[package]

    def load(self, key: str) -> Verdict | None:
        """The verdict under a key; ``None`` when there is none or the file is not whole."""
        try:
            stored = json.loads((self.folder / f"{key}.json").read_text("utf-8"))
            text = stored["verdict"]
            if stored["sha256"] != hashlib.sha256(text.encode()).hexdigest():
                return None
            return Verdict.from_json(json.loads(text))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Missing, cut off, or of another version: it is run again.
            return None

    def store(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict, if it is of a kind that is kept.

        :raises OSError: the folder cannot be written.
        """
        if verdict.kind in KEPT:
            text = json.dumps(verdict.to_json(), sort_keys=True)
            stored = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "verdict": text}
            self.folder.mkdir(parents=True, exist_ok=True)
            write_text(self.folder / f"{key}.json", json.dumps(stored))
