"""After any sequence of edits the output is, byte for byte, that of a build from nothing in another folder.

``XENFUSA_EDITS`` says how many edits are tried in place of a few.
"""

import difflib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from random import Random

import edited_project
import pytest
from edited_project import EDITS, Project, UsersClaim
from tests_support import Built

from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
from sphinx_xenfusa.confirm.register import REGISTER
from sphinx_xenfusa.confirm.registry import Installed
from sphinx_xenfusa.interop.acceptance_file import read_acceptance
from sphinx_xenfusa.interop.baseline_file import write_baseline
from sphinx_xenfusa.trace.acceptance import Acceptance, Signature, accept_new

LENGTH = 10
SEQUENCES = -(-int(os.environ.get("XENFUSA_EDITS", "10")) // LENGTH)
FIRST = int(os.environ.get("XENFUSA_FIRST_EDITS", "0"))
"""The number of the first sequence: others are tried with another one."""


def tree(folder: Path) -> dict[str, bytes]:
    """All files of an output, but for the copy that Sphinx keeps of what it wrote of the settings before."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".buildinfo.bak")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


class Workshop:
    """Builds a project again and again in one place, and from nothing in others."""

    def __init__(self, build: Callable[..., Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._build = build
        self._tmp_path = tmp_path
        self._numbers: Iterator[int] = count()
        self._says = ""
        installed = KeptPlanInputs.installed

        def with_users_own(inputs: KeptPlanInputs) -> Installed:
            found = installed(inputs)
            return replace(found, claims=dict(sorted({**found.claims, "users_own": UsersClaim(self._says)}.items())))

        monkeypatch.setattr(KeptPlanInputs, "installed", with_users_own)
        self._first = edited_project.project()
        self._add_agreements(self._first)

    def _add_agreements(self, made: Project) -> None:
        """Add the files that come of a build: acceptances and baselines."""
        made.files["register.yaml"] = REGISTER.read_text("utf-8")
        made.settings |= {"xenfusa_accepted": "", "xenfusa_baseline": ""}
        edited_project.write(made, self._tmp_path / "seed")
        built = self.built(made, "seed")
        made.settings |= {name: edited_project.SETTINGS[name] for name in ("xenfusa_accepted", "xenfusa_baseline")}
        items = [traced.item for traced in built.record.items if traced.item.origin != "overlay"]
        for name, accepted in (("all", items), ("none", items[:1])):
            path = self._tmp_path / f"accepted-{name}.yaml"
            signed = Signature("Ann", "read", "2026-11-01")
            read_acceptance(path, may_be_missing=True).write(accept_new(Acceptance(), accepted, signed))
            made.files[f"accepted.{name}"] = path.read_text("utf-8")
        for name, record in (("first", built.record), ("second", replace(built.record, items=built.record.items[1:]))):
            path = write_baseline(record, name, self._tmp_path)
            made.files[f"{name}.json"] = path.read_text("utf-8")
        made.files |= {"accepted.yaml": made.files["accepted.all"], "baseline.json": made.files["first.json"]}

    def built(self, made: Project, folder: str, parallel: int = 1) -> Built:
        """Build what stands in a folder."""
        self._says = made.says
        return self._build(folder=folder, parallel=parallel, verdicts=made.stated(), **made.settings)

    def project(self) -> Project:
        """The project before any edit."""
        first = self._first
        return replace(edited_project.project(), files=dict(first.files), settings=dict(first.settings))

    def try_edits(self, random: Random, parallel: int) -> None:
        """Build after each edit, and compare with a build from nothing."""
        made, place = self.project(), f"w{next(self._numbers)}"
        edited_project.write(made, self._tmp_path / place)
        self.built(made, place, parallel)
        done: list[str] = []
        for _ in range(LENGTH):
            done.append(random.choice(sorted(EDITS)))
            EDITS[done[-1]](made, random)
            edited_project.write(made, self._tmp_path / place)
            edited = self.built(made, place, parallel)
            other = f"other-{next(self._numbers)}"
            shutil.copytree(self._tmp_path / place, self._tmp_path / other)
            fresh = self.built(made, other)
            self._compare(edited, fresh, done)
            for suffix in ("", "-html", "-doctrees-html"):
                shutil.rmtree(self._tmp_path / f"{other}{suffix}")

    def _compare(self, edited: Built, fresh: Built, done: Sequence[str]) -> None:
        now, then = tree(edited.out), tree(fresh.out)
        different = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
        told = "".join(_told(name, now.get(name), then.get(name)) for name in different)
        assert not different, f"after {', '.join(done)}:\n{told}"
        ours = [sorted(one for one in built.types() if one.startswith("xenfusa.")) for built in (edited, fresh)]
        assert ours[0] == ours[1], f"after {', '.join(done)}"
        assert edited.status == fresh.status, f"after {', '.join(done)}"


def _told(name: str, now: bytes | None, then: bytes | None) -> str:
    """What differs in a file, in a few lines."""
    if now is None or then is None:
        return f"{name}: {'left over' if then is None else 'missing'}\n"
    cut = [one.decode("utf-8", "replace").replace("},", "},\n").splitlines() for one in (then, now)]
    lines = islice(difflib.unified_diff(*cut, "from nothing", "after the edits", lineterm="", n=0), 12)
    return f"{name}:\n" + "".join(f"    {line[:300]}\n" for line in lines)


@pytest.fixture
def workshop(build: Callable[..., Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(build, tmp_path, monkeypatch)


@pytest.mark.parametrize("number", range(FIRST, FIRST + SEQUENCES))
def test_any_edits(workshop: Workshop, number: int) -> None:
    workshop.try_edits(Random(number), parallel=number % 2 + 1)
