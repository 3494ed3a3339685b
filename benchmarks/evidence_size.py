"""What test results cost a build with Sphinx, beside sphinx-test-reports 3 with the same reports.

A project of 1,000 requirements is built twice, without test results and with them; what the second takes more is what reading,
linking and showing takes.  Each case verifies a requirement, and of a hundred cases one fails with a long message.  Each build is
a process of its own, from nothing, in HTML, without any claim run; the seconds are those of the processor, of the process and
its children, and the memory is the most that the process had.

sphinx-test-reports comes from the package index into an environment of its own; where that cannot be had, our numbers stand
alone.

``--huge`` also builds with 100,000 cases: all of them linked, and 5,000 of them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from _report import say

REQUIREMENTS, PER_FILE = 1_000, 50
CASES, FILES = 5_000, 50
HUGE = 100_000
CONF = """\
project = "Size"
version = "1"
extensions = ["{extension}"]
html_theme = "alabaster"
{settings}
"""
OURS = """\
xenfusa_confirm = "off"
xenfusa_exports = []
xenfusa_test_reports = {reports}
"""
PEER = "sphinx-test-reports>=3,<4"


@dataclass(frozen=True)
class Cost:
    """What a build took, in seconds and MiB, and how large its largest page is, in MiB."""

    seconds: float
    memory: float
    page: float


def report(path: Path, name: str, cases: range, linked: int) -> None:
    """A report as pytest writes it, in which the cases below a number are linked."""
    root = ElementTree.Element("testsuites", name="pytest tests")
    failures = sum(1 for i in cases if i % 100 == 0)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0"}
    dated = {"time": "1.0", "timestamp": "2026-11-22T00:00:00", "hostname": "h"}
    suite = ElementTree.SubElement(root, "testsuite", {"name": name, **counts, **dated})
    for i in cases:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"tests.test_{i % 50}", name=f"test_{i}", time="0.001"
        )
        if i < linked:
            properties = ElementTree.SubElement(case, "properties")
            tag = f"XenArch~item_{i % REQUIREMENTS}~1"
            ElementTree.SubElement(properties, "property", name="xenfusa.verifies", value=tag)
        if i % 100 == 0:
            failure = ElementTree.SubElement(case, "failure", message="AssertionError: found 1; expected 2")
            failure.text = "E   assert 1 == 2\n" * 40
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def reports(folder: Path, cases: int, files: int, linked: int) -> list[str]:
    """The reports of a project, below its folder."""
    (folder / "reports").mkdir(parents=True)
    made = []
    for number in range(files):
        name = f"reports/r{number}.xml"
        report(folder / name, f"suite {number}", range(number * cases // files, (number + 1) * cases // files), linked)
        made.append(name)
    return made


def requirements(folder: Path) -> None:
    """The documents of our project."""
    names = []
    for first in range(0, REQUIREMENTS, PER_FILE):
        text = [f"Part {first}\n{'=' * 12}\n"]
        for i in range(first, first + PER_FILE):
            text.append(
                f".. xen:req:: Item {i}\n   :id: XenArch~item_{i}~1\n   :kind: rule\n\n   Xen shall do what item {i} says.\n"
            )
        (folder / f"part{first}.rst").write_text("\n".join(text))
        names.append(f"part{first}")
    lists = ".. xen:summary::\n\n.. xen:matrix::\n"
    index = "Size\n====\n\n.. toctree::\n\n" + "".join(f"   {name}\n" for name in names) + f"\n{lists}"
    (folder / "index.rst").write_text(index)


def built(python: Path | str, folder: Path, name: str) -> Cost:
    """Build from nothing."""
    out = folder / f"out-{name}"
    command = [
        str(python),
        "-m",
        "sphinx",
        "-q",
        "-b",
        "html",
        "-E",
        "-d",
        str(folder / f"doctrees-{name}"),
        str(folder),
        str(out),
    ]
    with (folder / f"said-{name}.txt").open("wb") as said:
        process = subprocess.Popen(command, env=os.environ | {"PYTHONHASHSEED": "0"}, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the build {name} ended badly: {(folder / f'said-{name}.txt').read_text()[-2000:]}")
    largest = max(path.stat().st_size for path in out.rglob("*.html"))
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, largest / 2**20)


def ours(folder: Path, cases: int, files: int, linked: int) -> Cost:
    """Our project with so many cases."""
    names = reports(folder, cases, files, linked) if cases else []
    folder.mkdir(exist_ok=True)
    (folder / "conf.py").write_text(CONF.format(extension="sphinx_xenfusa", settings=OURS.format(reports=names)))
    requirements(folder)
    return built(sys.executable, folder, "ours")


def peer_python(folder: Path) -> Path | None:
    """An interpreter that has sphinx-test-reports; ``None`` where it cannot be had."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], capture_output=True, check=False)
    return python if done.returncode == 0 else None


def peers(python: Path, folder: Path, cases: int, files: int) -> Cost:
    """A project of the peer: a file, suite and case each as its own need, as its documentation has it."""
    names = reports(folder, cases, files, 0) if cases else []
    (folder / "conf.py").parent.mkdir(exist_ok=True)
    (folder / "conf.py").write_text(CONF.format(extension='sphinx_needs", "sphinxcontrib.test_reports', settings=""))
    text = "Size\n====\n\n" + "".join(
        f".. test-file:: Report {number}\n   :file: {name}\n   :id: TESTFILE_{number}\n   :auto_suites:\n   :auto_cases:\n\n"
        for number, name in enumerate(names)
    )
    (folder / "index.rst").write_text(text)
    return built(python, folder, "peer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--huge", action="store_true", help="also 100,000 cases")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        without = ours(folder / "without", 0, 0, 0)
        with_them = ours(folder / "with", CASES, FILES, CASES)
        more = with_them.seconds - without.seconds
        python = peer_python(folder / "peer")
        words = f"{CASES:,} cases in {FILES} files"
        if python is None:
            say(f"evidence: {words}, on top of the build", more, "s of the processor")
        else:
            nothing = peers(python, folder / "peer-without", 0, 0)
            theirs = peers(python, folder / "peer-with", CASES, FILES)
            peer = "sphinx-test-reports 3"
            say(
                f"evidence: {words}, on top of the build",
                more,
                "s of the processor",
                peer=peer,
                peer_value=theirs.seconds - nothing.seconds,
            )
            say(f"evidence: largest page with {words}", with_them.page, "MiB", peer=peer, peer_value=theirs.page)
            say(f"evidence: memory with {words}", with_them.memory, "MiB", peer=peer, peer_value=theirs.memory)
        if asked.huge:
            for linked in (HUGE, CASES):
                cost = ours(folder / f"huge-{linked}", HUGE, FILES, linked)
                words = f"{HUGE:,} cases, {linked:,} linked"
                say(f"evidence: {words}, on top of the build", cost.seconds - without.seconds, "s of the processor")
                say(f"evidence: {words}, memory of the build", cost.memory, "MiB")


if __name__ == "__main__":
    main()
