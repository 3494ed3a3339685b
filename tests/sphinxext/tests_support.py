"""What the tests of the extension share: verdicts that a test states, and a requirement as an author writes it."""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TypeVar

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from sphinx_xenfusa.confirm import plan_inputs
from sphinx_xenfusa.confirm import run as run_module
from sphinx_xenfusa.confirm.confirmation import Confirmation
from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Divergence, MutantReport, Scope, Verdict, VerdictKind
from sphinx_xenfusa.sphinxext import build as build_module
from sphinx_xenfusa.sphinxext.build import Build, ConfirmationProcess
from sphinx_xenfusa.trace.record import TraceRecord

SCOPE = Scope("A", "all platforms of 1 to 4 domains", 494, 494, ("Xen is correct",))
STEP = Step(
    "hwdom",
    "SCHEDOP_shutdown",
    (("argument", "poweroff"),),
    "allowed",
    (Change("platform: power", "up", "down"),),
    "x.c:1",
)
TRACE = Trace("the Hardware Domain stops the machine", (("hwdom", "Hardware Domain"),), (STEP,))


def verdict(claim: str, policy: str | None, kind: VerdictKind, **more: object) -> Verdict:
    """A verdict with everything that its kind brings along."""
    parts: dict[str, object] = {"cases": 10, "relevant": 4, "witness": TRACE, "killed": 2, "mutants": 3}
    parts["killer"] = MutantReport("decision.py:1", "drop guard", "if a:", "pass")
    if kind is VerdictKind.REFUTED:
        parts |= {"counterexample": TRACE, "reason": "it stops", "killed": 0, "mutants": 0, "killer": None}
    if kind is VerdictKind.DIVERGES:
        parts |= {"divergences": (Divergence("D1", TRACE),), "counterexample": TRACE, "reason": "as expected"}
    return Verdict(claim, policy, kind, SCOPE, **(parts | more))


def requirement(
    name: str = "hwdom_single", kind: str = "rule", options: str = "", title: str = "A title", text: str = "Xen shall."
) -> str:
    """A requirement as an author writes it; ``options`` are further option lines."""
    lines = [f".. xen:req:: {title}", f"   :id: XenArch~{name}~1", f"   :kind: {kind}"]
    lines += [f"   {line}" for line in options.splitlines()]
    return "\n".join([*lines, "", f"   {text}", ""])


@dataclass
class Built:
    """What came of a build."""

    app: Sphinx
    steps: Build
    out: Path
    status: int
    log: str
    warnings: list[str] = field(default_factory=list)

    def page(self, name: str) -> str:
        """The text of an output file, without the places where a long name may be broken over lines."""
        return (self.out / name).read_text("utf-8").replace("<wbr />", "")

    @property
    def record(self) -> TraceRecord:
        """The trace record that the pages were written from."""
        assert self.steps.record is not None
        return self.steps.record

    def types(self) -> list[str]:
        """The types of the warnings, in order."""
        return [found[1] for warning in self.warnings if (found := re.search(r"\[([a-z_.]+)\]$", warning))]


Made = TypeVar("Made")


def once_for_the_same_bytes(read: Callable[[Path], Made]) -> Callable[[Path], Made]:
    """A reader that reads a file again when its bytes are others."""
    known = functools.cache(lambda path, content: read(path))
    return lambda path: known(path, path.read_bytes() if path.is_file() else None)


CONSTANT = (
    (plan_inputs, "parse_adequacy", functools.cache(plan_inputs.parse_adequacy)),
    (plan_inputs, "read_register", once_for_the_same_bytes(plan_inputs.read_register)),
    (plan_inputs, "read_equivalents", once_for_the_same_bytes(plan_inputs.read_equivalents)),
    (run_module, "_scope_or_none", functools.cache(run_module._scope_or_none)),
)
"""What is the same in every build of a process: files that we ship, by their bytes, and the scopes of the claims in memory.

A build takes it from the cache folder or makes it anew (tests/confirm holds one against the other), which for a project of one
page takes longer than all the rest.  Here it is made once for a process.
"""


def run_build(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: Mapping[str, str | bytes] | None = None,
    *,
    verdicts: tuple[Verdict, ...] | None = None,
    builder: str = "html",
    parallel: int = 1,
    fresh: bool = False,
    folder: str = "docs",
    doctrees: str = "",
    out: str = "",
    **conf: object,
) -> Built:
    """Write files and build; with the confirmation off, or with the verdicts that a test states.

    Called again in the same folder, it builds incrementally.
    """
    source = tmp_path / folder
    source.mkdir(exist_ok=True)
    for name, text in (files or {}).items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if not (source / "conf.py").exists():
        (source / "conf.py").write_text(
            'project = "T"\nversion = "1"\nextensions = ["sphinx_xenfusa"]\nhtml_theme = "basic"\n'
        )
    settings: dict[str, object] = {"xenfusa_confirm": "off" if verdicts is None else "cache", **conf}
    if verdicts is not None:
        # The verdicts that a test states are about these two.
        monkeypatch.setattr(build_module, "known_policies", lambda claims: ("specification", "dummy"))
        monkeypatch.setattr(ConfirmationProcess, "__init__", lambda self, app, register: None)
        monkeypatch.setattr(ConfirmationProcess, "stop", lambda self: None)
        monkeypatch.setattr(ConfirmationProcess, "wait", lambda self: (Confirmation(verdicts, 1, 0), ""))
    for module, name, known in CONSTANT:
        monkeypatch.setattr(module, name, known)
    made_in = tmp_path / (out or f"{folder}-{builder}")
    log, warning = StringIO(), StringIO()
    made: list[Build] = []
    connect = Build.connect

    def noted(self: Build, app: Sphinx) -> None:
        made.append(self)
        connect(self, app)

    monkeypatch.setattr(Build, "connect", noted)
    with patch_docutils(str(source)), docutils_namespace():
        app = Sphinx(
            str(source),
            str(source),
            str(made_in),
            str(tmp_path / (doctrees or f"{folder}-doctrees-{builder}")),
            builder,
            confoverrides=settings,
            status=log,
            warning=warning,
            freshenv=fresh,
            parallel=parallel,
        )
        app.build(force_all=fresh)
    text = re.sub(r"\x1b\[[0-9;]*m", "", warning.getvalue()).replace(str(tmp_path) + "/", "")
    monkeypatch.setattr(Build, "connect", connect)
    return Built(
        app, made[-1], made_in, app.statuscode, log.getvalue(), [line for line in text.splitlines() if line.strip()]
    )
