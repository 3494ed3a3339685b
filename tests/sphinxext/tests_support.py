"""What the tests of the extension share: verdicts that a test states, and a requirement as an author writes it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from sphinx.application import Sphinx

from sphinx_xenfusa.explore.trace import Change, Step, Trace
from sphinx_xenfusa.explore.verdict import Divergence, MutantReport, Scope, Verdict, VerdictKind
from sphinx_xenfusa.sphinxext.build import Build
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
        """The text of an output file."""
        return (self.out / name).read_text("utf-8")

    @property
    def record(self) -> TraceRecord:
        """The trace record that the pages were written from."""
        assert self.steps.record is not None
        return self.steps.record

    def types(self) -> list[str]:
        """The types of the warnings, in order."""
        return [found[1] for warning in self.warnings if (found := re.search(r"\[([a-z_.]+)\]$", warning))]
