"""What other tools show for the same five requirements: the table of ``docs/comparison.rst``, measured.

    python benchmarks/peers/measure.py VENVS > docs/comparison.csv

VENVS is a folder with an environment for each tool, named as below, and ours under ``sphinx_xenfusa``; one that is missing is
left out, with a line on the standard error.  The requirements: R1 has a test that passed, R2 one that failed, R3 one that was
skipped, R4 one of which no report tells, R5 none.  What stands in the table is read from what each tool wrote, never assumed.
Nothing is timed.
"""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

TESTS = {"R1": "test_pass", "R2": "test_fail", "R3": "test_skip", "R4": "test_absent"}
NAMES = ("R1", "R2", "R3", "R4", "R5")
RAN = {
    "R1": "",
    "R3": '<skipped type="pytest.skip" message="no board">no board</skipped>',
    "R2": "<failure>no</failure>",
}


@dataclass(frozen=True)
class Done:
    """A run of a tool: its exit code and all that it said."""

    code: int
    said: str


@dataclass(frozen=True)
class Tool:
    """A tool and how it is used.

    :param package: the name in its environment whose version is told.
    :param write: writes the five requirements, their links and the report into a folder.
    :param run: the arguments of Python, one list a step, that make ``out`` of the folder; the last that is not 0 counts.
    :param states: what the output says of each requirement.
    :param published: the folder that a reader is given; what a tool keeps beside it for itself is not compared.
    :param report: the test report, to be cut off; empty where the tool reads none.
    :param unknown: file, text and what takes its place, so that a link leads nowhere.
    :param twice: the same, so that an id stands twice.
    :param reworded: the same, so that the text of R1 is another one.
    :param accept: steps by which somebody accepts what there is.
    :param words: a pattern of what it says when a text changed since.
    """

    package: str
    write: Callable[[Path], None]
    run: tuple[tuple[str, ...], ...]
    states: Callable[[Path], Mapping[str, str]]
    report: str
    unknown: tuple[str, str, str]
    twice: tuple[str, str, str]
    reworded: tuple[str, str, str]
    accept: tuple[tuple[str, ...], ...] = ()
    words: str = "suspect"
    published: str = "out"


def report(properties: Mapping[str, Mapping[str, str]]) -> str:
    """pytest's report, with the properties of each test; the failure stands last."""
    cases = ""
    for name, inside in RAN.items():
        said = "".join(f'<property name="{key}" value="{value}"/>' for key, value in properties.get(name, {}).items())
        said = f"<properties>{said}</properties>" if said else ""
        cases += f'<testcase classname="tests.test_all" name="{TESTS[name]}" time="0.001">{said}{inside}</testcase>\n'
    counts = 'errors="0" failures="1" skipped="1" tests="3" time="0.046"'
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="pytest tests">'
        f'<testsuite name="pytest" {counts} timestamp="2026-11-23T01:00:50+00:00" hostname="a">\n'
        f"{cases}</testsuite></testsuites>\n"
    )


def words_of(page: Path) -> str:
    """The words of a page, without its markup."""
    text = re.sub(r"<(script|style|svg).*?</\1>", "", page.read_text("utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def ours_write(folder: Path) -> None:
    (folder / "conf.py").write_text(
        'extensions = ["sphinx_xenfusa"]\nxenfusa_confirm = "off"\nxenfusa_test_reports = ["report.xml"]\n'
        'xenfusa_accepted = "accepted.yaml"\nexclude_patterns = ["out"]\n'
    )
    text = "Five\n====\n\n"
    for name in NAMES:
        needs = "   :needs: XenTest\n" if name in TESTS else ""
        text += f".. xen:req:: {name}\n   :id: XenArch~{name}~1\n   :kind: rule\n{needs}\n   Xen shall do {name}.\n\n"
    (folder / "index.rst").write_text(text + ".. xen:matrix::\n")
    (folder / "accepted.yaml").write_text("version: 1\n")
    tags = {name: {"xenfusa.verifies": f"XenArch~{name}~1"} for name in NAMES}
    (folder / "report.xml").write_text(report(tags))


def ours_states(folder: Path) -> Mapping[str, str]:
    record = json.loads((folder / "out/xenfusa/trace.json").read_text())
    return {one["name"]: one["result"] for one in record["items"]}


SPHINX = (("-m", "sphinx", "-E", "-W", "--keep-going", "-b", "html", ".", "out"),)
ACCEPT = (
    *("-m", "sphinx_xenfusa.cli", "accept", "--all-new", "--by", "A", "--why", "read"),
    *("--file", "accepted.yaml", "--record", "out/xenfusa/trace.json"),
)
OURS = Tool(
    "sphinx-xenfusa",
    ours_write,
    SPHINX,
    ours_states,
    "report.xml",
    ("report.xml", "XenArch~R1~1", "XenArch~R99~1"),
    ("index.rst", "XenArch~R2~1", "XenArch~R1~1"),
    ("index.rst", "Xen shall do R1.", "Xen shall not do R1."),
    accept=(ACCEPT,),
)


def strictdoc_write(folder: Path) -> None:
    features = '["REQUIREMENT_TO_SOURCE_TRACEABILITY", "TRACEABILITY_MATRIX_SCREEN"]'
    (folder / "strictdoc_config.py").write_text(
        "from strictdoc.core.project_config import ProjectConfig\n\n\ndef create_config():\n"
        f'    return ProjectConfig(project_title="Five", project_features={features})\n'
    )
    text = "[DOCUMENT]\nTITLE: Five\n\n"
    for name in NAMES:
        text += f"[REQUIREMENT]\nUID: {name}\nTITLE: {name} title\nSTATEMENT: Xen shall do {name}.\n"
        if name in TESTS:
            text += f"RELATIONS:\n- TYPE: File\n  VALUE: tests/test_all.py\n  FUNCTION: {TESTS[name]}\n"
        text += "\n"
    text += "[REQUIREMENT]\nUID: R6\nTITLE: R6 title\nSTATEMENT: Xen shall do R6.\nRELATIONS:\n- TYPE: Parent\n  VALUE: R1\n"
    (folder / "five.sdoc").write_text(text)
    (folder / "tests").mkdir()
    (folder / "tests/test_all.py").write_text("".join(f"def {one}():\n    pass\n\n\n" for one in TESTS.values()))
    (folder / "reports").mkdir()
    (folder / "reports/all.pytest.junit.xml").write_text(report({}))


def strictdoc_states(folder: Path) -> Mapping[str, str]:
    found = json.loads((folder / "out/json/index.json").read_text())
    nodes = [node for document in found["DOCUMENTS"] for node in flat(document)]
    results = {node["TEST_FUNCTION"]: node["STATUS"] for node in nodes if "TEST_FUNCTION" in node}
    page = next((folder / "out/html").glob("*/five.html"))
    sections = re.split(r" UID: (?=R\d)", words_of(page))[1:]
    states = {}
    for section in sections:
        name = section[:2]
        at_it = [word for word in ("PASSED", "FAILED", "SKIPPED") if word in section]
        link = "linked to its test" if "test_all.py" in section else "no link"
        result = results.get(TESTS.get(name, ""), "")
        apart = f", which is {result} on a page of its own" if result and not at_it else ""
        states[name] = f"{link}{apart}{' '.join(at_it)}"
    return states


def flat(node: object) -> list[dict[str, str]]:
    """All objects of a JSON document that are nodes of StrictDoc."""
    if isinstance(node, list):
        return [one for part in node for one in flat(part)]
    if not isinstance(node, dict):
        return []
    return [node, *(one for part in node.values() for one in flat(part))]


STRICTDOC = Tool(
    "strictdoc",
    strictdoc_write,
    (("-m", "strictdoc.cli.main", "export", ".", "--output-dir", "out", "--formats", "html,json"),),
    strictdoc_states,
    "reports/all.pytest.junit.xml",
    ("five.sdoc", "VALUE: R1\n", "VALUE: R99\n"),
    ("five.sdoc", "UID: R2\n", "UID: R1\n"),
    ("five.sdoc", "Xen shall do R1.", "Xen shall not do R1."),
    published="out/html",
)


def doorstop_write(folder: Path) -> None:
    for prefix, parent in (("R", ""), ("T", "  parent: R\n")):
        (folder / prefix).mkdir()
        (folder / prefix / ".doorstop.yml").write_text(
            f"settings:\n  digits: 1\n{parent}  prefix: {prefix}\n  sep: ''\n"
        )
    for name in NAMES:
        item = "active: true\nderived: false\nheader: ''\nlevel: 1.{0}\nlinks: {1}\nnormative: true\nref: ''\nreviewed: null\n"
        (folder / f"R/{name}.yml").write_text(item.format(name[1], "[]") + f"text: Xen shall do {name}.\n")
        if name in TESTS:
            link = f"\n- {name}: null"
            (folder / f"T/T{name[1]}.yml").write_text(item.format(name[1], link) + f"text: {TESTS[name]}\n")
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)


def doorstop_states(folder: Path) -> Mapping[str, str]:
    said = (folder / "said.txt").read_text()
    return {name: "no test linked" if f"{name}: no links from child" in said else "linked" for name in NAMES}


DOORSTOP_RUN = ("-m", "doorstop.cli.main")
DOORSTOP = Tool(
    "doorstop",
    doorstop_write,
    (DOORSTOP_RUN, (*DOORSTOP_RUN, "publish", "all", "out", "--html")),
    doorstop_states,
    "",
    ("T/T1.yml", "- R1: null", "- R99: null"),
    ("", "", ""),
    ("R/R1.yml", "Xen shall do R1.", "Xen shall not do R1."),
    accept=((*DOORSTOP_RUN, "review", "all"), (*DOORSTOP_RUN, "clear", "all")),
)


def lobster_write(folder: Path) -> None:
    (folder / "five.rsl").write_text("package five\ntype Requirement {\n  description String\n}\n")
    items = [f'Requirement {name} {{ description = "Xen shall do {name}." }}\n' for name in NAMES]
    (folder / "five.trlc").write_text("package five\n" + "".join(items))
    (folder / "trlc.yaml").write_text(
        "inputs: [.]\nconversion-rules:\n  - package: five\n    record-type: Requirement\n    namespace: req\n"
        "    description-fields: description\n"
    )
    (folder / "lobster.conf").write_text(
        'requirements "Requirements" {\n  source: "reqs.lobster";\n}\n'
        'activity "Tests" {\n  source: "tests.lobster";\n  trace to: "Requirements";\n}\n'
    )
    # The extractor for googletest is the one of its own that reads results; so the report is googletest's.
    text = report({name: {"lobster-tracing": f"five.{name}"} for name in NAMES})
    text = re.sub(r'name="(test_\w+)" time', r'name="\1" file="t.cc" line="1" status="run" time', text)
    (folder / "report.xml").write_text(text)


def lobster_states(folder: Path) -> Mapping[str, str]:
    found = json.loads((folder / "report.json").read_text())
    return {one["tag"][-2:]: one["tracing_status"] for one in found["levels"][0]["items"]}


LOBSTER = Tool(
    "bmw-lobster-core",
    lobster_write,
    (
        ("lobster-trlc", "--config", "trlc.yaml", "--out", "reqs.lobster"),
        ("lobster-gtest", "report.xml", "--out", "tests.lobster"),
        ("lobster-report", "--lobster-config", "lobster.conf", "--out", "report.json"),
        ("lobster-html-report", "report.json", "--out", "out/report.html"),
        ("lobster-ci-report", "report.json"),
    ),
    lobster_states,
    "report.xml",
    ("report.xml", "five.R1", "five.R99"),
    ("five.trlc", "Requirement R2", "Requirement R1"),
    ("five.trlc", "Xen shall do R1.", "Xen shall not do R1."),
)


def mlx_write(folder: Path) -> None:
    (folder / "conf.py").write_text(
        "import os\nimport mlx.traceability\n"
        'extensions = ["mlx.traceability"]\nexclude_patterns = ["out"]\n'
        'html_static_path = [os.path.join(os.path.dirname(mlx.traceability.__file__), "assets")]\n'
        'traceability_relationships = {"validates": "validated_by"}\n'
        'traceability_relationship_to_string = {"validates": "Validates", "validated_by": "Validated by"}\n'
        'traceability_attributes = {"result": "^(passed|failed|skipped|)$"}\n'
        'traceability_attribute_to_string = {"result": "Result"}\n'
    )
    text = "Five\n====\n\n"
    results = {"R1": "passed", "R2": "failed", "R3": "skipped"}
    for name in NAMES:
        text += f".. item:: {name} {name}\n\n    Xen shall do {name}.\n\n"
        if name in TESTS:
            result = f"    :result: {results[name]}\n" if name in results else ""
            text += f".. item:: T{name[1]} {TESTS[name]}\n    :validates: {name}\n{result}\n"
    text += ".. item-matrix:: Linked\n    :source: R\n    :target: T\n    :onlycovered:\n    :stats:\n\n"
    text += ".. item-matrix:: Passed\n    :source: R\n    :target: T\n    :filtertarget:\n    :result: passed\n"
    text += "    :onlycovered:\n\n"
    (folder / "index.rst").write_text(text)


def mlx_states(folder: Path) -> Mapping[str, str]:
    words = words_of(folder / "out/index.html")
    linked, passed = (words.rpartition(f" {title} ")[2] for title in ("Linked", "Passed"))
    linked = linked.partition(" Passed ")[0]
    found = {}
    for name in NAMES:
        found[name] = "covered" if f"{name}: " in linked else "uncovered"
        found[name] += "; by passed tests alone too" if f"{name}: " in passed else ""
    return found


MLX = Tool(
    "mlx.traceability",
    mlx_write,
    SPHINX,
    mlx_states,
    "",
    ("index.rst", ":validates: R1\n", ":validates: R99\n"),
    ("index.rst", "item:: R2 R2", "item:: R1 R2"),
    ("index.rst", "Xen shall do R1.", "Xen shall not do R1."),
)


def needs_write(folder: Path) -> None:
    (folder / "conf.py").write_text(
        'extensions = ["sphinx_needs", "sphinx_test_reports"]\nexclude_patterns = ["out"]\nneeds_build_json = True\n'
        'needs_reproducible_json = True\nneeds_id_regex = "^[A-Za-z0-9_]{2,}"\ntr_property_link_types = {"verifies": "links"}\n'
    )
    text = "Five\n====\n\n"
    for name in NAMES:
        text += f".. req:: {name}\n   :id: {name}\n\n   Xen shall do {name}.\n\n"
    text += ".. test-file:: Results\n   :file: report.xml\n   :id: TF\n   :auto_suites:\n   :auto_cases:\n"
    (folder / "index.rst").write_text(text)
    (folder / "report.xml").write_text(report({name: {"verifies": name} for name in NAMES}))


def needs_states(folder: Path) -> Mapping[str, str]:
    found = json.loads((folder / "out/needs.json").read_text())
    needs = found["versions"][found["current_version"]]["needs"]
    results = {link: need["result"] for need in needs.values() if need["type"] == "testcase" for link in need["links"]}
    return {
        name: f"no state; a linked test case is {results[name]}" if name in results else "no state; no test linked"
        for name in NAMES
    }


NEEDS = Tool(
    "sphinx-test-reports",
    needs_write,
    SPHINX,
    needs_states,
    "report.xml",
    ("report.xml", 'value="R1"', 'value="R99"'),
    ("index.rst", ":id: R2", ":id: R1"),
    ("index.rst", "Xen shall do R1.", "Xen shall not do R1."),
)

TOOLS = {
    "sphinx_xenfusa": OURS,
    "strictdoc": STRICTDOC,
    "doorstop": DOORSTOP,
    "bmw-lobster": LOBSTER,
    "mlx.traceability": MLX,
    "sphinx-test-reports": NEEDS,
}


def run(tool: Tool, steps: tuple[tuple[str, ...], ...], folder: Path, venv: Path) -> Done:
    """Run the steps; of several exit codes the first that is not 0 counts, and ends them."""
    said, code = "", 0
    (folder / "out").mkdir(exist_ok=True)
    for step in steps:
        words = list(step) if step[0] == "-m" else [str(venv / "bin" / step[0]), *step[1:]]
        done = subprocess.run(
            [str(venv / "bin/python"), *words], cwd=folder, capture_output=True, text=True, check=False
        )
        said += done.stdout + done.stderr
        code = code or done.returncode
    (folder / "said.txt").write_text(said)
    return Done(code, said)


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1))


def measure(tool: Tool, venv: Path, work: Path) -> dict[str, str]:
    """The cells of a tool, by question."""

    def fresh(name: str) -> Path:
        folder = work / name
        folder.mkdir(parents=True)
        tool.write(folder)
        return folder

    def version() -> str:
        told = "from importlib.metadata import version; import sys; print(version(sys.argv[1]))"
        return subprocess.run(
            [str(venv / "bin/python"), "-c", told, tool.package], capture_output=True, text=True, check=True
        ).stdout.strip()

    def code(done: Done) -> str:
        return f"exit code {done.code}{', as before' if done.code and done.code == usual.code else ''}"

    cells = {"version": version()}
    first = fresh("one/project")
    usual = run(tool, tool.run, first, venv)
    states = tool.states(first)
    for name, test in zip(NAMES, ("passed", "failed", "was skipped", "is in no report", "does not exist"), strict=True):
        cells[f"its test {test}"] = states.get(name, "not shown")
    cells["exit code, all five together"] = str(usual.code)

    second = fresh("another folder/project")
    run(tool, tool.run, second, venv)
    cells["files that differ between two builds"] = difference(first / tool.published, second / tool.published)

    if tool.report:
        folder = fresh("cut")
        path = folder / tool.report
        path.write_text(path.read_text().partition("<failure>")[0])
        done = run(tool, tool.run, folder, venv)
        try:
            shown = tool.states(folder).get("R2", "not shown")
        except (FileNotFoundError, KeyError, StopIteration):
            shown = "no output"
        cells["the report ends before the failure"] = f"{shown}; {code(done)}"
    else:
        cells["the report ends before the failure"] = "reads no report"

    for question, change in (("a link to nothing", tool.unknown), ("one id twice", tool.twice)):
        if not change[0]:
            cells[question] = "cannot be written"
            continue
        folder = fresh(question)
        edit(folder, *change)
        done = run(tool, tool.run, folder, venv)
        new = set(lines(done, folder)) - set(lines(usual, first))
        told = any(re.search(r"R99|\bR1\b|XenArch~R1~1", line) for line in new)
        cells[question] = f"{'told' if told else 'not told'}; {code(done)}"

    folder = fresh("text")
    run(tool, tool.run, folder, venv)
    run(tool, tool.accept, folder, venv)
    edit(folder, *tool.reworded)
    done = run(tool, tool.run, folder, venv)
    told = bool(re.search(tool.words, done.said))
    cells["a text changes, its revision does not"] = f"{'told' if told else 'not told'}; {code(done)}"
    return cells


def lines(done: Done, folder: Path) -> list[str]:
    """What a run said, without the folder that it ran in."""
    return done.said.replace(str(folder), "").splitlines()


def difference(one: Path, two: Path) -> str:
    """How many of the files of two folders are not the same."""
    names = {path.relative_to(top) for top in (one, two) for path in top.rglob("*") if path.is_file()}
    names = {name for name in names if ".doctrees" not in name.parts and name.name != ".buildinfo"}
    differ = sum(
        not (
            (one / name).is_file() and (two / name).is_file() and (one / name).read_bytes() == (two / name).read_bytes()
        )
        for name in names
    )
    return f"{differ} of {len(names)}"


def main(venvs: Path) -> None:
    columns: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as work:
        for name, tool in TOOLS.items():
            if not (venvs / name / "bin/python").exists():
                print(f"{venvs / name}: there is no such environment; {name} is left out", file=sys.stderr)
                continue
            columns[name] = measure(tool, venvs / name, Path(work) / name)
            shutil.rmtree(Path(work) / name)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["", *columns])
    for question in next(iter(columns.values())):
        writer.writerow([question, *(cells[question] for cells in columns.values())])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
