"""Every file that a build is made from, with its SHA-256, and whether it was changed while the build ran.

A file is named relative to the source folder; one outside of the project by its name alone, so that no folder of the machine
shows.  Each is read once more for its digest, also where some reader had it before: what was read then and what is there now
may differ, and that is told.  Of a test report the digest is of the bytes that were read as such.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from sphinx_xenfusa.confirm.adequacy_record import RECORD
from sphinx_xenfusa.confirm.equivalents import EQUIVALENTS
from sphinx_xenfusa.confirm.register import REGISTER
from sphinx_xenfusa.interop.file_tree import FileTree
from sphinx_xenfusa.interop.scan import LIMITS
from sphinx_xenfusa.trace.record import Finding, InputFile, Place, TestReport
from sphinx_xenfusa.trace.word_diff import visible

DOCUMENT = "document"
TEST_REPORT = "test report"
OF_THE_TOOL = "part of the tool"
OUTSIDE = ", outside of the project"
"""After the kind of a file that is named without its folder."""
NAMED: Mapping[str, str] = {
    "divergences": "register of divergences",
    "test_reports": TEST_REPORT,
    "test_runs": "test run",
    "test_map": "test map",
    "expected_tests": "manifest of expected tests",
    "accepted": "acceptances",
    "reviews": "review ledger",
    "baseline": "baseline",
    "overlays": "overlay",
    "style": "rules of style",
    "trace_policy": "tracing policy",
    "justifications": "justifications",
    "tombstones": "retired ids",
}
"""The settings that name files, and what these are."""
PATTERNS: Mapping[str, str] = {"oft_sources": "source code", "test_sources": "source of tests"}
"""The settings that name files by patterns."""
CHECKSUMS = "xenfusa/inputs.sha256"
"""Below the output: the digests as ``sha256sum`` reads them."""
_PACKAGES = frozenset({"site-packages", "dist-packages"})
_TOP = (".git", "pyproject.toml", ".hg")
"""What stands in the folder of a whole project."""
Stamp = tuple[int, int, int]
"""Size, time of the last change in nanoseconds, and number of the file in its file system."""


class BuildInputs:
    """The files of one build."""

    def __init__(self, app: Sphinx, env: BuildEnvironment) -> None:
        """Digest all of them but the test reports."""
        self._app = app
        self._source = Path(app.srcdir).resolve()
        self._project = _project(app)
        self._digests: dict[Path, tuple[str, str]] = {}
        self._stamps: dict[Path, Stamp | None] = {}
        self._reports = self._of_setting("test_reports")
        self._files = {self._named(kind, path, written): path for kind, path, written in self._all(env)}
        for path in self._files.values():
            self._digest(path)
        self.findings = tuple(self._changed_since_read(env))

    # --- which ------------------------------------------------------------------------------------------------------

    def _all(self, env: BuildEnvironment) -> Iterator[tuple[str, Path, str]]:
        """Kind and path of each file, and how it is named if that is not by its path."""
        for name in ("conf.py", "ubproject.toml"):
            path = Path(self._app.confdir, name)
            if path.exists():
                yield "configuration", path, ""
        for docname in env.all_docs:
            yield DOCUMENT, Path(env.doc2path(docname)), ""
        for path in {Path(self._source, str(one)) for several in env.dependencies.values() for one in several}:
            yield "used in a document", path, ""
        for setting, kind in NAMED.items():
            if setting != "test_reports":
                yield from ((kind, path, written) for path, written in self._of_setting(setting))
        for setting, kind in PATTERNS.items():
            yield from ((kind, path, "") for path in self._matched(setting))
        for path in (REGISTER, EQUIVALENTS, RECORD):
            yield OF_THE_TOOL, path, f"sphinx_xenfusa: claims/{path.name}"

    def _of_setting(self, setting: str) -> list[tuple[Path, str]]:
        """The files that a setting names, each with its name relative to the source folder if it is not absolute."""
        value = self._app.config[f"xenfusa_{setting}"]
        names = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        found = []
        for name in names:
            if not name or (setting == "style" and name == "xen"):
                continue
            path = Path(self._app.confdir, name)
            relative = "" if Path(name).is_absolute() else Path(os.path.relpath(path, self._app.srcdir)).as_posix()
            found.append((path, relative))
        return found

    def _matched(self, setting: str) -> Iterator[Path]:
        """The files that patterns match; what is wrong with a pattern is told where it is read."""
        below = self._app.config.xenfusa_oft_source_root if setting == "oft_sources" else ""
        for pattern in dict.fromkeys(self._app.config[f"xenfusa_{setting}"]):
            parts = PurePosixPath(pattern).parts
            upwards = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
            root = Path(self._app.confdir, below, *parts[:upwards]).resolve()
            tree = FileTree(root, lambda name: True, LIMITS.files)
            yield from (root / name for name in sorted(tree.glob("/".join(parts[upwards:]))))

    def _named(self, kind: str, path: Path, written: str) -> tuple[str, str]:
        """The kind of a file, and how it is named."""
        if written:
            return kind, visible(written)
        real = Path(os.path.normpath(path))
        if real.is_relative_to(self._project) and not _PACKAGES & {*real.parts}:
            return kind, visible(Path(os.path.relpath(real, self._source)).as_posix())
        return f"{kind}{OUTSIDE}", visible(path.name)

    # --- digests ----------------------------------------------------------------------------------------------------

    def files(self, reports: Sequence[TestReport]) -> tuple[InputFile, ...]:
        """All files, sorted.

        :param reports: as they were read, in the order of the setting.
        """
        found = {InputFile(kind, shown, *self._digest(path)) for (kind, shown), path in self._files.items()}
        for (path, written), report in zip(self._reports, reports, strict=False):
            kind, shown = self._named(TEST_REPORT, path, written)
            self._stamps.setdefault(path, stamp_of(path))
            error = "" if report.sha256 else report.error or "it was not read"
            found.add(InputFile(kind, shown, report.sha256, error))
        return tuple(sorted(found))

    def _digest(self, path: Path) -> tuple[str, str]:
        """SHA-256 of a file, or why it has none; each file is read once."""
        if path not in self._digests:
            self._stamps[path] = stamp_of(path)
            self._digests[path] = sha256_of(path)
        return self._digests[path]

    # --- changes ----------------------------------------------------------------------------------------------------

    def _changed_since_read(self, env: BuildEnvironment) -> Iterator[Finding]:
        """The documents that were changed after Sphinx had read them, which the pages do not show."""
        now = time.time_ns()
        for docname, read in sorted(env.all_docs.items()):
            path = Path(env.doc2path(docname))
            stamp = stamp_of(path)
            # A file from the future says nothing of when it was changed.
            if stamp is None or read < stamp[1] // 1_000 <= now // 1_000:
                yield self._told(path, "a document that was changed or removed after it had been read")

    def changed(self) -> list[tuple[Path, str]]:
        """The files that are not what they were when they were digested, each with what to say of it."""
        found = []
        for path, stamp in sorted(self._stamps.items()):
            now = stamp_of(path)
            # One that was only touched says what it said.
            same = now == stamp or (now is not None and sha256_of(path) == self._digests.get(path))
            if not same:
                told = self._told(path, "an input that was changed or removed while the build ran")
                found.append((path, told.message))
        return found

    def _told(self, path: Path, what: str) -> Finding:
        _, shown = self._named("", path, "")
        message = f"found {what}; expected it to stay as it was: what the pages say is of before, so build again"
        return Finding("changed_input", Place(shown, 1), shown, message)


def _project(app: Sphinx) -> Path:
    """The folder of the whole project: the next one upwards that looks like one, else that of sources and configuration."""
    home = Path(os.path.commonpath([Path(app.srcdir).resolve(), Path(app.confdir).resolve()]))
    above = (folder for folder in (home, *home.parents) if any((folder / name).exists() for name in _TOP))
    return next(above, home)


def stamp_of(path: Path) -> Stamp | None:
    """What tells a file from itself after a change; ``None`` where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def sha256_of(path: Path) -> tuple[str, str]:
    """The digest of a regular file, or why there is none."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "", "it is no file"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), ""
    except OSError as error:
        return "", f"it cannot be read ({error.strerror})"
    except ValueError:
        return "", "no file can have such a name"


def checksums(files: Iterable[InputFile]) -> str:
    """The digests as ``sha256sum --check`` reads them, run in the source folder; files that it cannot find are left out."""
    lines = []
    for one in files:
        if not one.sha256 or one.kind == OF_THE_TOOL or one.kind.endswith(OUTSIDE):
            continue
        escaped = one.file.replace("\\", "\\\\")
        mark = "\\" if escaped != one.file else ""
        lines.append(f"{mark}{one.sha256}  {escaped}\n")
    return "".join(sorted(set(lines)))
