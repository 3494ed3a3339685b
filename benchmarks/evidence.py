"""What reading a test report costs, beside a parser that only parses, and that it grows with the cases and no faster.

Memory is the most that a process of its own had, less what it has after its imports; the report of a gibibyte is read where
the process may have no more than that.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from _report import say, seconds

from sphinx_xenfusa.evidence.reports import read_report

FEW, MANY, HUGE = 500, 5_000, 100_000
FILES = 50
GIBIBYTE = 1024**3

MEMORY = """
import resource, sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from sphinx_xenfusa.evidence.reports import read_report
def most():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
before = most()
path = Path(sys.argv[2])
if sys.argv[1] == "parsed":
    kept = ElementTree.parse(path)
else:
    resource.setrlimit(resource.RLIMIT_AS, (1024**3, 1024**3))
    kept = read_report(path, path.parent)
    if kept.error or len(kept.cases) != int(sys.argv[3]):
        raise SystemExit(f"the report was not read: {kept.error or len(kept.cases)}")
print(most() - before)
"""


def report(folder: Path, cases: int) -> Path:
    """A report as pytest writes it: each case verifies a requirement, each hundredth fails with a long message."""
    root = ElementTree.Element("testsuites", name="pytest tests")
    failures = (cases + 99) // 100
    counts = {"tests": str(cases), "failures": str(failures), "errors": "0", "skipped": "0"}
    suite = ElementTree.SubElement(root, "testsuite", {"name": "pytest", **counts})
    for i in range(cases):
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"tests.test_{i % 50}", name=f"test_{i}", time="0.001"
        )
        properties = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(properties, "property", name="xenfusa.verifies", value=f"XenArch~item_{i}~1")
        if i % 100 == 0:
            failure = ElementTree.SubElement(case, "failure", message="AssertionError: found 1; expected 2")
            failure.text = "E   assert 1 == 2\n" * 40
    path = folder / f"report-{cases}.xml"
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def long_report(folder: Path, cases: int, size: int) -> Path:
    """A report of that many bytes, about: each case has the same share of it as its output."""
    path = folder / "long.xml"
    output = ("a line of the console of a test\n" * (size // cases // 32))[: size // cases - 200]
    with path.open("w", encoding="utf-8") as file:
        file.write(f'<testsuites><testsuite name="pytest" tests="{cases}" failures="0" errors="0" skipped="0">')
        for i in range(cases):
            file.write(f'<testcase classname="tests.test_{i % 50}" name="test_{i}"><properties><property ')
            file.write(f'name="xenfusa.verifies" value="XenArch~item_{i}~1"/></properties>')
            file.write(f"<system-out>{output}</system-out></testcase>")
        file.write("</testsuite></testsuites>")
    return path


def memory(what: str, path: Path, cases: int) -> float:
    """MiB that a process of its own takes for a report."""
    command = [sys.executable, "-c", MEMORY, what, str(path), str(cases)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = report(folder, FEW), report(folder, MANY)
        read = read_report(many, folder)
        if read.error or len(read.cases) != MANY:
            raise SystemExit(f"the report was not read: {read.error or len(read.cases)}")
        took = seconds(lambda: read_report(many, folder))
        parsed = seconds(lambda: ElementTree.parse(many))
        say(f"evidence: read a JUnit report of {MANY:,} cases", took, "s", peer="ElementTree.parse", peer_value=parsed)
        say(
            f"evidence: {MANY:,} cases against {FEW:,}",
            took,
            "s",
            peer=f"{FEW:,} cases, times {MANY // FEW}",
            peer_value=MANY / FEW * seconds(lambda: read_report(few, folder)),
        )
        parts = [report(folder, MANY // FILES).rename(folder / f"part-{i}.xml") for i in range(FILES)]
        say(
            f"evidence: read {MANY:,} cases in {FILES} files",
            seconds(lambda: [read_report(part, folder) for part in parts]),
            "s",
            peer="in one file",
            peer_value=took,
        )
        huge = report(folder, HUGE)
        say(
            f"evidence: {HUGE:,} cases against {MANY:,}",
            seconds(lambda: read_report(huge, folder)),
            "s",
            peer=f"{MANY:,} cases, times {HUGE // MANY}",
            peer_value=HUGE / MANY * took,
        )
        takes = memory("read", huge, HUGE)
        say(
            f"evidence: memory for {HUGE:,} cases",
            takes,
            "MiB",
            peer="ElementTree.parse",
            peer_value=memory("parsed", huge, HUGE),
        )
        huge.unlink()
        say(
            f"evidence: memory for {HUGE:,} cases in 1 GiB",
            memory("read", long_report(folder, HUGE, GIBIBYTE), HUGE),
            "MiB",
            peer="without their output",
            peer_value=takes,
        )


if __name__ == "__main__":
    main()
