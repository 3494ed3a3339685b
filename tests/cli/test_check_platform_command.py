"""``xenfusa check-platform``: answers, exit codes, and files that cannot be used beside those that can."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

EXAMPLE = Path(__file__).parents[1] / "docs" / "example_board.dts"
STATEMENT = EXAMPLE.with_name("example_board.statement.yaml")
SAFE = "domains:\n  - {name: a, criticality: safe, safety_tasks: true}\n"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["check-platform", *map(str, words)])


def test_the_example_of_the_docs_is_compatible(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    shutil.copy(STATEMENT, tmp_path)
    result = run(tmp_path / EXAMPLE.name)
    assert result.exit_code == 0, result.output
    assert ": compatible (" in result.output
    assert "no interference was found" in result.output


def test_without_its_statement_nobody_can_tell_and_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    result = run(tmp_path / EXAMPLE.name)
    assert result.exit_code == 3
    assert "to be said: criticality of brakes" in result.output
    assert "to be said: owner of the device /soc/ethernet@ff0e0000" in result.output
    assert run(tmp_path / EXAMPLE.name, "--statement", STATEMENT).exit_code == 0


def test_a_platform_that_breaks_a_rule_is_not_compatible(tmp_path: Path) -> None:
    tmp_path.joinpath("car.yaml").write_text(
        "domains:\n  - {name: c, roles: [control], criticality: unsafe}\n", "utf-8"
    )
    result = run(tmp_path / "car.yaml", "--boot-line", "xsm=dummy")
    assert result.exit_code == 1
    assert "broken: ctrldom_is_safe" in result.output


def test_files_that_cannot_be_used_cost_themselves_only(tmp_path: Path) -> None:
    tmp_path.joinpath("good.yaml").write_text(SAFE, "utf-8")
    tmp_path.joinpath("bad.dts").write_text("/dts-v1/;\n/ { x = <; };\n", "utf-8")
    tmp_path.joinpath("rubbish.dtb").write_bytes(b"\xd0\x0d\xfe\xed" + bytes(range(256)))
    tmp_path.joinpath("rubbish.yaml").write_bytes(bytes(range(256)))
    result = run(tmp_path, tmp_path / "none.dts")
    assert result.exit_code == 2
    assert "good.yaml: cannot tell" in result.output
    for name in ("bad.dts:2", "rubbish.dtb", "rubbish.yaml", "none.dts"):
        assert len([line for line in result.stderr.splitlines() if f"/{name}" in line]) == 1


def test_several_platforms_have_one_line_each(tmp_path: Path) -> None:
    for number in range(50):
        tmp_path.joinpath(f"p{number}.yaml").write_text(SAFE, "utf-8")
    result = run(tmp_path)
    assert result.exit_code == 3
    assert len(result.output.splitlines()) == 50


def test_xl_files_of_a_folder_are_one_platform(tmp_path: Path) -> None:
    tmp_path.joinpath("nav.cfg").write_text("name = 'nav'\nvirtio = ['type=virtio,device22,backend=drv']\n", "utf-8")
    tmp_path.joinpath("drv.cfg").write_text("name = 'drv'\n", "utf-8")
    said = "domains: {nav: {criticality: safe, safety_tasks: true}}\n"
    tmp_path.joinpath("platform.statement.yaml").write_text(said, "utf-8")
    result = run(tmp_path, "--boot-line", "xsm=silo", "--format", "json")
    (platform,) = json.loads(result.output)["platforms"]
    assert result.exit_code == 1
    judged = {one["id"]: one for one in platform["judged"]}
    assert judged["sync_frontend_unsafe"]["judgement"] == "broken"
    assert judged["sync_frontend_unsafe"]["breaches"][0]["place"]["file"].endswith("nav.cfg")
    assert judged["C6"]["judgement"] == "broken"
    assert any(one["value"] is True and "libxl_virtio.c:32" in one["source"] for one in platform["defaults"])


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_is_no_platform(tmp_path: Path, text: str) -> None:
    tmp_path.joinpath("empty.cfg").write_text(text, "utf-8")
    result = run(tmp_path / "empty.cfg")
    assert result.exit_code == 2
    assert "found no name" in result.stderr


@pytest.mark.parametrize("text", ["", "\n", "/* nothing */\n"])
def test_a_file_that_says_nothing_is_what_its_name_says(tmp_path: Path, text: str) -> None:
    tmp_path.joinpath("board.dts").write_text(text, "utf-8")
    tmp_path.joinpath("car.yaml").write_text(text.replace("/*", "#"), "utf-8")
    result = run(tmp_path / "board.dts", tmp_path / "car.yaml")
    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert "board.dts" in first
    assert "device tree" in first
    assert "car.yaml" in second
    assert "expected YAML" in second
    assert "xl.cfg" not in result.stderr


def test_a_file_that_is_given_twice_is_one_platform(tmp_path: Path) -> None:
    tmp_path.joinpath("car.yaml").write_text(SAFE, "utf-8")
    tmp_path.joinpath("other.yaml").write_text(SAFE, "utf-8")
    tmp_path.joinpath("link.yaml").symlink_to("car.yaml")
    tmp_path.joinpath("sub").mkdir()
    again = tmp_path / "sub" / ".." / "car.yaml"
    once, twice = run(tmp_path / "car.yaml"), run(tmp_path / "car.yaml", again, tmp_path / "link.yaml", again)
    assert (twice.output, twice.exit_code) == (once.output, once.exit_code)
    told = json.loads(run("--format", "json", tmp_path / "car.yaml", again, tmp_path / "other.yaml").stdout)
    assert len(told["platforms"]) == 2, "two files that say the same are two platforms"


def test_a_bad_file_that_is_given_twice_is_told_once(tmp_path: Path) -> None:
    result = run(tmp_path / "none.dts", tmp_path / "none.dts")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)


def test_a_link_that_leads_back_to_itself_costs_itself_only(tmp_path: Path) -> None:
    tmp_path.joinpath("loop.dts").symlink_to("loop.dts")
    tmp_path.joinpath("loop.dtsi").symlink_to("loop.dtsi")
    tmp_path.joinpath("includes.dts").write_text('/dts-v1/;\n#include "loop.dtsi"\n/ { };\n', "utf-8")
    tmp_path.joinpath("car.yaml").write_text(SAFE, "utf-8")
    result = run(tmp_path / "loop.dts", tmp_path / "includes.dts", tmp_path / "car.yaml")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert "includes.dts:2" in result.stderr
    assert "car.yaml: " in result.stdout


def test_a_folder_without_platforms_is_said(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.exit_code, "no platform" in result.stderr) == (2, True)


def test_nothing_of_a_file_steers_the_terminal(tmp_path: Path) -> None:
    tmp_path.joinpath("x.cfg").write_text("name = 'a\x1b[2J'\n", "utf-8")
    result = run(tmp_path / "x.cfg")
    assert "\x1b" not in result.output
    assert result.exit_code == 2


BROKEN = "domains:\n  - {name: c, roles: [control], criticality: unsafe}\n  - {name: s, criticality: safe, safety_tasks: true}\n"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "car.yaml"
    path.write_text(BROKEN, "utf-8")
    path.with_name("car.statement.yaml").write_text("xen: {policy: dummy}\n", "utf-8")
    return path


def test_what_would_mend_it_is_said(broken: Path) -> None:
    result = run(broken)
    assert "make c a SafeVM with a safety-critical task" in result.output
    (platform,) = json.loads(run(broken, "--format", "json").output)["platforms"]
    assert ["make c a SafeVM with a safety-critical task"] in platform["repairs"]["sets"]


def test_sarif_has_a_result_at_each_place_and_is_valid(broken: Path) -> None:
    data = json.loads(run(broken, "--format", "sarif").output)
    (only,) = data["runs"]
    found = {one["ruleId"]: one for one in only["results"]}
    rule = found["xenfusa.platform.ctrldom_is_safe"]
    assert rule["level"] == "error"
    region = rule["locations"][0]["physicalLocation"]
    assert (region["artifactLocation"]["uri"].endswith("car.yaml"), region["region"]["startLine"]) == (True, 2)
    assert found["xenfusa.platform.aou_sched.cannot-tell"]["level"] == "note"
    assert any(one["ruleId"] == "xenfusa.interference" for one in only["results"])


SILO = """domains:
  - {name: io, criticality: unsafe}
  - {name: ui, criticality: unsafe}
  - {name: brakes, criticality: safe, safety_tasks: true}
links: [{protocol: virtio, backend: io, frontend: ui, grants: true, nonblocking: true}]
"""


def test_sarif_has_what_the_search_found_beside_interference(tmp_path: Path) -> None:
    (tmp_path / "car.yaml").write_text(SILO, "utf-8")
    (tmp_path / "car.statement.yaml").write_text("xen: {policy: silo}\n", "utf-8")
    (only,) = json.loads(run(tmp_path, "--format", "sarif").output)["runs"]
    (found,) = [one for one in only["results"] if one["ruleId"] == "xenfusa.platform.link-does-not-work"]
    assert found["level"] == "error"
    assert found["message"]["text"] == "under silo no request completes on the link from io to ui"
    assert found["locations"][0]["physicalLocation"]["region"]["startLine"] == 2


def test_every_domain_that_interferes_is_a_result_also_on_a_large_platform(tmp_path: Path) -> None:
    names = [f"u{at}" for at in range(20)]
    text = SAFE + "  - {name: dom, roles: [control], criticality: unsafe}\n"
    text += "".join(f"  - {{name: {name}, roles: [control], criticality: unsafe}}\n" for name in names)
    (tmp_path / "car.yaml").write_text(text, "utf-8")
    (tmp_path / "car.statement.yaml").write_text("xen: {policy: dummy}\n", "utf-8")
    (only,) = json.loads(run(tmp_path, "--format", "sarif").output)["runs"]
    found = [one for one in only["results"] if one["ruleId"] == "xenfusa.interference"]
    lines = {one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in found}
    assert lines == set(range(3, 24))
    root = ElementTree.fromstring(run(tmp_path, "--format", "junit").output)
    (failure,) = root.findall(".//testcase[@name='under dummy']/failure")
    assert ", and 20 alike" in str(failure.get("message"))


def test_a_search_with_nothing_to_try_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "car.yaml").write_text(SAFE, "utf-8")
    (tmp_path / "car.statement.yaml").write_text("xen: {policy: dummy}\n", "utf-8")
    root = ElementTree.fromstring(run(tmp_path, "--format", "junit").output)
    (skipped,) = root.findall(".//testcase[@name='under dummy']/skipped")
    assert str(skipped.get("message")).startswith("none to be tried")
    said = run(tmp_path).output
    assert "– under Xen, policy dummy calls and device accesses: none to be tried" in said
    assert "no interference was found" not in said


def test_junit_passes_only_what_is_fulfilled(broken: Path) -> None:
    root = ElementTree.fromstring(run(broken, "--format", "junit").output)
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["ctrldom_is_safe"].find("failure") is not None
    assert cases["aou_sched"].find("skipped") is not None
    assert len(cases["hwdom_single"]) == 1
    assert len(cases["ctrldom_single"]) == 0
    assert root.get("failures") == str(len(list(root.iter("failure"))))


def test_explore_says_which_domains_may_be_safety_critical(broken: Path) -> None:
    result = CliRunner().invoke(main, ["explore-platforms", str(broken), "--question", "criticality"])
    assert result.exit_code == 0, result.output
    assert "SafeVMs: s: not compatible (breaks ctrldom_is_safe, C2" in result.output
    assert "SafeVMs: c, s: cannot tell" in result.output
    data = json.loads(CliRunner().invoke(main, ["explore-platforms", str(broken), "--format", "json"]).output)
    assert {"platform", "criticality", "changes", "answers"} == set(data["platforms"][0])


def test_explore_says_that_there_is_no_platform(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["explore-platforms", str(tmp_path)])
    assert (result.exit_code, "no platform in what was given" in result.stderr) == (2, True)


def test_explore_costs_a_bad_file_itself_only(broken: Path) -> None:
    result = CliRunner().invoke(main, ["explore-platforms", str(broken), str(broken.parent / "none.dts")])
    assert result.exit_code == 2
    assert "as it is" in result.output
    assert "none.dts" in result.stderr


@pytest.mark.parametrize("command", ["check-platform", "explore-platforms"])
def test_a_file_without_permission_costs_itself_only(
    command: str, tmp_path: Path, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command must not be refused as wrongly used before the others are read (root may read all, so it is asked for)."""
    closed = tmp_path / "closed.yaml"
    closed.write_text("domains: [{name: a, criticality: safe}]\n")
    monkeypatch.setattr("os.access", lambda path, mode, **how: Path(path) != closed)
    done = CliRunner().invoke(main, [command, str(closed), str(broken)])
    assert "Usage" not in done.stderr
    assert broken.name in done.stdout


@pytest.mark.parametrize("option", ["--root", "--include"])
def test_a_folder_that_is_not_there_is_no_folder_to_include_from(option: str, broken: Path) -> None:
    result = run(broken, option, broken / "nowhere")
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.stderr
