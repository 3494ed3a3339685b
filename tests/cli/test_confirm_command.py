"""``xenfusa confirm`` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result

from sphinx_xenfusa.cli.parts import plain
from sphinx_xenfusa.cli.tables import verdict_parts
from sphinx_xenfusa.confirm.confirmation import read_results
from sphinx_xenfusa.evidence.junit import read_report
from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind
from sphinx_xenfusa.trace.states import Outcome

Xenfusa = Callable[..., Result]
QUICK = ("roles_closed_set", "criticality_closed_set", "safevm_definition", "unsafevm_definition")


def rows(text: str) -> dict[tuple[str, str], str]:
    """Claim and policy to verdict, read from the table."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("   ") if cell.strip()]
        if len(cells) >= 6 and cells[0] != "claim" and not cells[0].startswith("-"):
            found[cells[0], cells[1]] = cells[2]
    return found


def test_real_claims_are_confirmed_and_then_cached(xenfusa: Xenfusa) -> None:
    first = xenfusa("confirm", *QUICK)
    assert first.exit_code == 0, first.output
    assert rows(first.stdout) == {(claim, "any policy"): "confirmed" for claim in QUICK}
    assert first.stdout.endswith("\n4 verdicts: 4 confirmed; 4 ran, 0 cached\n")
    second = xenfusa("confirm", *QUICK)
    assert rows(second.stdout) == rows(first.stdout)
    assert second.stdout.endswith("\n4 verdicts: 4 confirmed; 0 ran, 4 cached\n")
    assert Path(".xenfusa/cache").is_dir()
    forced = xenfusa("confirm", *QUICK, "--mode", "force")
    assert forced.stdout.endswith("4 ran, 0 cached\n")


def test_nothing_on_stderr_and_no_colour_without_a_terminal(xenfusa: Xenfusa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    result = xenfusa("confirm", "fake_holds", "fake_broken")
    assert result.stderr == ""
    assert "\x1b" not in result.output
    assert max(map(len, result.stdout.splitlines())) > 80
    assert all(line == line.rstrip() for line in result.stdout.splitlines())
    assert result.stdout == xenfusa("confirm", "fake_holds", "fake_broken").stdout.replace("0 ran, 2", "2 ran, 0")


@pytest.mark.parametrize(
    ("claim", "kind", "code"),
    [
        ("fake_holds", "confirmed", 0),
        ("fake_broken", "refuted", 1),
        ("fake_vacuous", "vacuous", 1),
        ("fake_dies", "error", 3),
        ("fake_raises", "error", 3),
        ("fake_inconclusive", "inconclusive", 3),
        ("fake_not_applicable", "not applicable", 0),
    ],
)
def test_every_verdict_has_its_exit_code(xenfusa: Xenfusa, claim: str, kind: str, code: int) -> None:
    result = xenfusa("confirm", claim)
    assert rows(result.stdout) == {(claim, "any policy"): kind}
    assert result.exit_code == code


def test_an_announced_claim_is_not_run(xenfusa: Xenfusa) -> None:
    result = xenfusa("confirm", "fake_announced", "fake_holds")
    assert rows(result.stdout) == {
        ("fake_announced", "any policy"): "not run",
        ("fake_holds", "any policy"): "confirmed",
    }
    assert "no model yet: a model of it" in result.stdout
    assert result.stdout.endswith("\n2 verdicts: 1 not run, 1 confirmed; 1 ran, 0 cached\n")
    assert result.exit_code == 3


def test_the_list_says_which_claims_are_announced(xenfusa: Xenfusa) -> None:
    listed = " ".join(xenfusa("confirm", "--list", "fake_announced").stdout.split())
    assert "[announced, not run: a model of it] It will hold." in listed
    data = json.loads(xenfusa("confirm", "--list", "--format", "json").stdout)
    announced = {claim["id"]: claim["announced"] for claim in data["claims"]}
    assert announced["fake_announced"] == "a model of it"
    assert announced["fake_holds"] is None


def test_a_package_that_cannot_be_loaded_costs_its_own_claims(
    xenfusa: Xenfusa, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path("broken")
    metadata = path / "broken-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text("[sphinx_xenfusa.claims]\nbroken = broken_claims:CLAIMS\n", "utf-8")
    (path / "broken_claims.py").write_text("raise RuntimeError('half installed')\n", "utf-8")
    monkeypatch.syspath_prepend(path.absolute())
    result = xenfusa("confirm", "roles_closed_set")
    assert rows(result.stdout) == {("roles_closed_set", "any policy"): "confirmed"}
    assert result.stderr.splitlines() == [
        "xenfusa: entry point sphinx_xenfusa.claims:broken: found broken_claims:CLAIMS, which cannot be loaded "
        "(half installed); expected a sequence of claims; what it offers is left out"
    ]
    assert result.exit_code == 2
    assert xenfusa("confirm", "--list", "hwdom_single").exit_code == 2


def test_of_several_exit_codes_a_finding_comes_before_no_answer(xenfusa: Xenfusa) -> None:
    assert xenfusa("confirm", "fake_holds", "fake_dies", "fake_broken").exit_code == 1


def test_the_worst_verdict_stands_first(xenfusa: Xenfusa) -> None:
    claims = ("fake_holds", "fake_inconclusive", "fake_dies", "fake_vacuous", "fake_broken")
    kinds = list(rows(xenfusa("confirm", *claims).stdout).values())
    assert kinds == ["refuted", "vacuous", "error", "inconclusive", "confirmed"]


def test_a_claim_that_hangs_is_ended_and_the_others_go_on(xenfusa: Xenfusa) -> None:
    result = xenfusa("confirm", "fake_hangs", "fake_holds", "--timeout", "8")
    assert rows(result.stdout) == {("fake_hangs", "any policy"): "error", ("fake_holds", "any policy"): "confirmed"}
    assert "did not end within 8 seconds" in result.stdout
    assert result.exit_code == 3


def test_an_expected_divergence_is_good_but_no_confirmation(xenfusa: Xenfusa, register: Callable[..., Path]) -> None:
    result = xenfusa("confirm", "fake_diverges", "--divergences", register(fake_diverges="stop"))
    assert rows(result.stdout) == {
        ("fake_diverges", "dummy"): "diverges",
        ("fake_diverges", "specification"): "confirmed",
    }
    assert "refuted as expected by D1" in result.stdout
    assert result.exit_code == 0


def test_an_unexpected_divergence_is_a_finding(xenfusa: Xenfusa) -> None:
    result = xenfusa("confirm", "fake_diverges")
    assert rows(result.stdout)["fake_diverges", "dummy"] == "refuted"
    assert "\nfake_diverges is refuted under dummy: the machine stops [unexpected_divergence]\n" in result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize("claim", ["fake_never_diverges", "fake_that_is_not_there"])
def test_an_entry_that_does_not_occur_is_a_finding(xenfusa: Xenfusa, register: Callable[..., Path], claim: str) -> None:
    result = xenfusa("confirm", "fake_never_diverges", "--divergences", register(**{claim: "stop"}))
    assert (
        f"register.yaml:7: {claim} is confirmed" in result.stdout
        or f"register.yaml:7: found an entry for the claim {claim!r}" in result.stdout
    )
    assert result.exit_code == 1


def test_policies_can_be_chosen(xenfusa: Xenfusa) -> None:
    result = xenfusa("confirm", "fake_diverges", "fake_holds", "--policy", "specification")
    assert set(rows(result.stdout)) == {("fake_diverges", "specification"), ("fake_holds", "any policy")}


def test_a_claim_without_the_chosen_policy_is_said_to_be_left_out(xenfusa: Xenfusa) -> None:
    result = xenfusa("confirm", "fake_elsewhere", "fake_holds", "--policy", "dummy")
    assert "not run, as none of the chosen policies is theirs: fake_elsewhere\n" in result.stdout
    alone = xenfusa("confirm", "fake_elsewhere", "--policy", "dummy")
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert alone.stderr.count("\n") == 1


def test_a_policy_of_a_user_s_own_claims_is_known(xenfusa: Xenfusa) -> None:
    assert rows(xenfusa("confirm", "fake_elsewhere").stdout) == {("fake_elsewhere", "elsewhere"): "confirmed"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fake_hold"], "found the claim 'fake_hold'"),
        (["fake_hold"], "did you mean 'fake_holds'?"),
        (["no\nsuch\x1b"], "found the claim 'no\\nsuch\\x1b'"),
        (
            ["fake_holds", "--policy", "dumy"],
            "found the policy 'dumy'; expected dummy, elsewhere, proposed, silo, specification; did you mean 'dummy'?",
        ),
        (["fake_holds", "--divergences", "nowhere.yaml"], "nowhere.yaml: found no such file"),
    ],
)
def test_unusable_input_is_one_line_and_exit_code_2(xenfusa: Xenfusa, arguments: list[str], words: str) -> None:
    result = xenfusa("confirm", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--timeout", "nan"],
        ["--timeout", "inf"],
        ["--timeout", "0"],
        ["--timeout", "soon"],
        ["--jobs", "0"],
        ["--jobs", "1.5"],
        ["--jobs", "99999999"],
        ["--mode", "off"],
        ["--format", "xml"],
        ["--list", "--format", "junit"],
        ["--survivors"],
        ["--no-such-option"],
    ],
)
def test_wrong_usage_has_exit_code_2(xenfusa: Xenfusa, arguments: list[str]) -> None:
    result = xenfusa("confirm", "fake_holds", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error:" in result.stderr


def test_list_runs_nothing(xenfusa: Xenfusa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENFUSA_FAKE_RUNS", str(tmp_path / "runs"))
    result = xenfusa("confirm", "--list")
    assert result.exit_code == 0
    for claim in (*QUICK, "fake_holds", "hwdom_unprivileged"):
        assert f"XenArch~{claim}~1" in result.stdout
    assert "It [bold]holds[/bold] & <stays>." in result.stdout
    assert not (tmp_path / "runs").exists()
    assert not Path(".xenfusa").exists()


def test_list_as_json(xenfusa: Xenfusa) -> None:
    data = json.loads(xenfusa("confirm", "--list", "fake_diverges", "--format", "json").stdout)
    assert data == {
        "schema_version": 1,
        "claims": [
            {
                "id": "fake_diverges",
                "says": "Nothing in particular.",
                "statements": ["XenArch~fake_diverges~1"],
                "policies": ["specification", "dummy"],
                "announced": None,
            }
        ],
    }


def test_traces_are_tables_of_steps(xenfusa: Xenfusa, register: Callable[..., Path]) -> None:
    result = xenfusa(
        "confirm", "fake_diverges", "fake_dies", "--trace", "--divergences", register(fake_diverges="stop")
    )
    text = result.stdout
    assert "\nfake_diverges, dummy: diverges\n" in text
    for name in ("witness: It occurs", "counterexample: It stops", "divergence D1: It stops"):
        assert f"\n{name}\nat first: power = up; domu = running\nstep " in text
    assert "\nfake_dies, any policy: error\n  reason: the process of the check died with exit code 7\n" in text
    assert "\nno trace\n" in text
    for fact in (
        "scope: two platforms × nothing",
        "size: 2 platforms; 2 by a second method",
        "assumption: the world is flat",
        "checks: 1,200, of which 34 could have failed",
        "mutants of the model: 6 tried in this run, 5 refute it",
        "smallest of these: condition negated at model/rules.py:1: if a < b: -> if not a < b:",
        "reason: refuted as expected by D1; holds with it repaired",
    ):
        assert f"\n  {fact}\n" in text
    assert "\nD1, the document: It stays up.\nD1, Xen: It stops.\n" in text
    step = next(line for line in text.splitlines() if line.lstrip().startswith("2 ") and "stop" in line)
    assert [cell.strip() for cell in step.split("   ") if cell.strip()] == [
        "2",
        "hwdom",
        "stop",
        "target = domu",
        "allowed",
        "power: up -> off",
        "2.3",
    ]


def test_untrusted_text_reaches_the_terminal_as_it_is_written_and_inert(xenfusa: Xenfusa) -> None:
    result = xenfusa("confirm", "fake_broken", "--trace")
    assert r"<b>&amp; \x1b[31mred\x00 ]]> \ud800 [bold]markup[/bold] :smile: end" in result.stdout
    assert "\x1b" not in result.stdout


def test_json_is_the_published_form(xenfusa: Xenfusa, tmp_path: Path) -> None:
    result = xenfusa("confirm", "fake_diverges", "fake_broken", "--format", "json")
    assert result.exit_code == 1
    assert result.stderr.endswith("3 verdicts: 2 refuted, 1 confirmed; 3 ran, 0 cached\n")
    data = json.loads(result.stdout)
    assert list(data) == ["cached", "findings", "mutants", "ran", "schema_version", "verdicts"]
    assert (data["schema_version"], data["ran"], data["cached"]) == (1, 3, 0)
    assert [(one["claim"], one["policy"]) for one in data["verdicts"]] == [
        ("fake_broken", None),
        ("fake_diverges", "dummy"),
        ("fake_diverges", "specification"),
    ]
    assert [one["subtype"] for one in data["findings"]] == ["unexpected_divergence"]
    path = tmp_path / "results.json"
    path.write_text(result.stdout, "utf-8")
    read = read_results(path)
    assert read.to_json() == data
    assert [one.kind for one in read.verdicts] == [VerdictKind.REFUTED, VerdictKind.REFUTED, VerdictKind.CONFIRMED]


def test_the_same_verdicts_give_the_same_bytes(xenfusa: Xenfusa) -> None:
    for form in ("json", "junit"):
        xenfusa("confirm", "fake_diverges", "fake_broken", "hwdom_single")
        runs = [
            xenfusa("confirm", *claims, "--format", form, "--jobs", jobs).stdout_bytes
            for claims, jobs in (
                (("fake_diverges", "fake_broken", "hwdom_single"), "1"),
                (("hwdom_single", "fake_broken", "fake_diverges", "fake_broken"), "4"),
            )
        ]
        assert runs[0] == runs[1]


def test_output_takes_the_form_and_the_terminal_shows_the_table(xenfusa: Xenfusa) -> None:
    for form, begins in (("json", "{"), ("junit", "<?xml"), ("table", "claim ")):
        result = xenfusa("confirm", "fake_holds", "--format", form, "--output", f"deep/er/{form}")
        assert rows(result.stdout) == {("fake_holds", "any policy"): "confirmed"}
        assert Path(f"deep/er/{form}").read_text("utf-8").startswith(begins)
    assert Path("deep/er/table").read_text("utf-8").endswith("0 ran, 1 cached\n")


@pytest.mark.parametrize("form", ["table", "json", "junit"])
def test_an_output_that_cannot_be_written_loses_no_verdict(xenfusa: Xenfusa, form: str) -> None:
    Path("taken").mkdir()
    result = xenfusa("confirm", "fake_broken", "--format", form, "--output", "taken")
    assert rows(result.stdout) == {("fake_broken", "any policy"): "refuted"}
    assert result.stderr.startswith("xenfusa: taken: cannot be written (")
    assert result.stderr.count("\n") == 1
    assert result.exit_code == 2


def test_a_cache_that_cannot_be_written_loses_no_verdict(xenfusa: Xenfusa) -> None:
    Path("taken").write_text("a file", "utf-8")
    result = xenfusa("confirm", "fake_holds", "fake_vacuous", "--cache-dir", "taken")
    assert list(rows(result.stdout).values()) == ["vacuous", "confirmed"]
    assert result.stderr.startswith("xenfusa: verdicts are not kept in taken: ")
    assert result.stderr.count("\n") == 1
    assert result.exit_code == 1


def test_a_claim_that_cannot_tell_what_it_depends_on_is_run_and_not_kept(xenfusa: Xenfusa) -> None:
    for _ in range(2):
        result = xenfusa("confirm", "fake_without_sources")
        assert result.stdout.endswith("1 verdict: 1 confirmed; 1 ran, 0 cached\n")
        assert "the verdict of fake_without_sources is not kept: FileNotFoundError" in result.stderr


def test_errors_and_inconclusive_verdicts_are_never_cached(xenfusa: Xenfusa) -> None:
    for _ in range(2):
        result = xenfusa("confirm", "fake_raises", "fake_inconclusive", "fake_holds", "--mode", "cache")
        assert "fake_raises" in result.stdout
    assert result.stdout.endswith("2 ran, 1 cached\n")


def junit(xenfusa: Xenfusa, *arguments: str | Path) -> ElementTree.Element:
    result = xenfusa("confirm", *arguments, "--format", "junit")
    return ElementTree.fromstring(result.stdout)


EVERYTHING = (
    "fake_holds",
    "fake_broken",
    "fake_vacuous",
    "fake_raises",
    "fake_dies",
    "fake_inconclusive",
    "fake_not_applicable",
    "fake_diverges",
)


def test_junit_has_a_case_for_each_claim_and_policy(xenfusa: Xenfusa, register: Callable[..., Path]) -> None:
    root = junit(xenfusa, *EVERYTHING, "--divergences", register(fake_diverges="stop"))
    outcomes = {
        (case.get("classname"), case.get("name")): [child.tag for child in case if child.tag != "properties"]
        for case in root.iter("testcase")
    }
    assert outcomes == {
        ("any policy", "fake_holds"): [],
        ("any policy", "fake_broken"): ["failure"],
        ("any policy", "fake_vacuous"): ["failure"],
        ("any policy", "fake_raises"): ["error"],
        ("any policy", "fake_dies"): ["error"],
        ("any policy", "fake_inconclusive"): ["error"],
        ("any policy", "fake_not_applicable"): ["skipped"],
        ("dummy", "fake_diverges"): ["skipped"],
        ("specification", "fake_diverges"): [],
    }
    for element in (root, *root.iter("testsuite")):
        counts = [element.get(name) for name in ("tests", "failures", "errors", "skipped")]
        assert counts == ["9", "2", "3", "2"]
        assert not {"time", "timestamp", "hostname"} & set(element.attrib)


def test_junit_states_scope_numbers_reason_and_trace(xenfusa: Xenfusa) -> None:
    root = junit(xenfusa, "fake_broken", "fake_holds")
    case = next(case for case in root.iter("testcase") if case.get("name") == "fake_broken")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message", "").startswith(r"refuted: a counterexample with <b>&amp; \x1b[31mred\x00 ]]> \ud800")
    assert "break_it" in (failure.text or "")
    properties = [(one.get("name"), one.get("value")) for one in root.iter("property")]
    for pair in (
        ("scope", "F: two platforms × nothing"),
        ("assumption", "a < b & c"),
        ("platforms by a second method", "2"),
        ("cases", "1200"),
        ("cases that could fail", "34"),
        ("mutants", "6"),
        ("mutants killed", "5"),
        ("smallest mutant killed", "model/rules.py:1: condition negated: if a < b: -> if not a < b:"),
    ):
        assert pair in properties


def test_a_finding_fails_in_junit_even_where_the_claim_is_confirmed(
    xenfusa: Xenfusa, register: Callable[..., Path]
) -> None:
    root = junit(xenfusa, "fake_never_diverges", "--divergences", register(fake_never_diverges="stop"))
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["3", "1", "0", "0"]
    failure = next(root.iter("failure"))
    assert "register.yaml:7: fake_never_diverges is confirmed under dummy" in failure.get("message", "")


def test_our_own_reader_of_reports_takes_the_junit_and_counts_no_divergence_as_passed(
    xenfusa: Xenfusa, register: Callable[..., Path]
) -> None:
    path = Path("report.xml")
    xenfusa(
        "confirm", *EVERYTHING, "--divergences", register(fake_diverges="stop"), "--format", "junit", "--output", path
    )
    report = read_report(path, Path())
    assert report.error == ""
    outcomes = {case.id: case.outcome for case in report.cases}
    assert outcomes["dummy::fake_diverges"] is Outcome.SKIPPED
    assert [one for one, outcome in outcomes.items() if outcome is Outcome.PASSED] == [
        "any policy::fake_holds",
        "specification::fake_diverges",
    ]


def test_help_and_version(xenfusa: Xenfusa) -> None:
    for arguments in (["--help"], ["-h"], ["--version"], ["confirm", "--help"], ["confirm", "-h"]):
        result = xenfusa(*arguments)
        assert result.exit_code == 0, result.output
        assert "xenfusa" in result.stdout


def test_on_a_narrow_terminal_the_reasons_stand_below_and_no_name_is_cut() -> None:
    scope = Scope("F", "nothing", 0, None, ())
    long = "unprivileged_no_foreign_map"
    verdicts = [
        Verdict(long, "specification", VerdictKind.CONFIRMED, scope, 591_900, 2_880, killed=110, mutants=629),
        Verdict("hwdom_single", None, VerdictKind.DIVERGES, scope, reason="as expected " * 9),
    ]
    lines = plain(verdict_parts(verdicts, narrow=True), width=80).splitlines()
    assert any(line.split()[:3] == [long, "specification", "confirmed"] for line in lines)
    assert lines[-2].startswith("hwdom_single, any policy: as expected as expected")
    assert max(map(len, lines)) <= 80
