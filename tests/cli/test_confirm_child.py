"""``python -m sphinx_xenfusa.confirm``: the process that Sphinx starts."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from sphinx_xenfusa.confirm import __main__ as child
from sphinx_xenfusa.confirm.confirmation import progress_file, read_progress, read_results
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
from sphinx_xenfusa.confirm.registry import Installed, load_claims
from sphinx_xenfusa.explore.claim import Claim
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.trace.canonical import dumps

Run = Callable[..., int]

ONLY = """\
import sys
from sphinx_xenfusa.confirm import __main__ as child
from sphinx_xenfusa.confirm.registry import Installed, load_claims
installed = load_claims()
chosen = Installed({name: installed[name] for name in sys.argv[1].split(",")}, {}, ())
child.KeptPlanInputs.installed = lambda self: chosen
if __name__ == "__main__":
    sys.exit(child.main(sys.argv[2:]))
"""


@pytest.fixture
def run(fakes: Path, register: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the module in this process as if only some claims were installed."""
    monkeypatch.chdir(tmp_path)

    def main(claims: str, *arguments: str | Path) -> int:
        installed = load_claims()
        chosen: Mapping[str, Claim] = {name: installed[name] for name in claims.split()}
        monkeypatch.setattr(KeptPlanInputs, "installed", lambda self: Installed(chosen, {}, ()))
        words = [str(argument) for argument in arguments]
        if "--divergences" not in words:
            words += ["--divergences", str(register())]
        return child.main(["--output", "out/results.json", *words])

    return main


RESULTS = Path("out/results.json")


def test_it_writes_the_verdicts_and_says_so_with_0(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("fake_holds fake_broken fake_raises fake_diverges") == 0
    read = read_results(RESULTS)
    assert [(one.claim, one.policy, one.kind) for one in read.verdicts] == [
        ("fake_broken", None, VerdictKind.REFUTED),
        ("fake_diverges", "dummy", VerdictKind.REFUTED),
        ("fake_diverges", "specification", VerdictKind.CONFIRMED),
        ("fake_holds", None, VerdictKind.CONFIRMED),
        ("fake_raises", None, VerdictKind.ERROR),
    ]
    assert (read.ran, read.cached) == (5, 0)
    assert [one.about for one in read.findings] == ["fake_diverges"]
    assert capfd.readouterr() == ("", "")
    assert list(Path("out").iterdir()) == [RESULTS]


def test_the_file_is_the_published_form_in_canonical_bytes(run: Run) -> None:
    assert run("fake_holds", "--cache-dir", "kept") == 0
    text = RESULTS.read_text("utf-8")
    assert text == dumps(read_results(RESULTS).to_json())
    assert list(json.loads(text)) == ["cached", "findings", "mutants", "ran", "schema_version", "verdicts"]
    assert '"seconds"' not in text
    assert run("fake_holds", "--cache-dir", "kept") == 0
    assert RESULTS.read_text("utf-8") == text.replace('"ran": 1', '"ran": 0').replace('"cached": 0', '"cached": 1')
    assert run("fake_holds", "--cache-dir", "kept", "--mode", "force") == 0
    assert RESULTS.read_text("utf-8") == text


def test_progress_is_told_while_it_runs_and_gone_afterwards(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    real = child.write_text

    def write(path: Path, text: str) -> None:
        real(path, text)
        told.append((path.name, read_progress(RESULTS)))

    monkeypatch.setattr(child, "write_text", write)
    assert run("fake_holds fake_vacuous") == 0
    assert told[0] == ("results.json.progress", (0, 2))
    assert told[-2:] == [("results.json.progress", (2, 2)), ("results.json", (2, 2))]
    assert read_progress(RESULTS) is None
    assert not progress_file(RESULTS).exists()


def test_a_progress_file_that_cannot_be_replaced_later_loses_no_verdict(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = child.write_text

    def write(path: Path, text: str) -> None:
        if path.suffix == ".progress" and not text.startswith("0 "):
            raise PermissionError(13, "somebody reads it")
        real(path, text)

    monkeypatch.setattr(child, "write_text", write)
    assert run("fake_holds") == 0
    assert len(read_results(RESULTS).verdicts) == 1


def test_policies_and_the_register_are_taken(run: Run, register: Callable[..., Path]) -> None:
    assert (
        run("fake_diverges", "--policy", "dummy", "--divergences", register(fake_diverges="stop"), "--jobs", "1") == 0
    )
    assert [(one.policy, one.kind) for one in read_results(RESULTS).verdicts] == [("dummy", VerdictKind.DIVERGES)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--policy", "dumy"], "did you mean 'dummy'?"),
        (["--divergences", "nowhere.yaml"], "nowhere.yaml: found no such file"),
    ],
)
def test_unusable_input_is_one_line_and_2(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], words: str
) -> None:
    assert run("fake_diverges", *arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not RESULTS.exists()


@pytest.mark.parametrize(
    "arguments", [["--timeout", "nan"], ["--timeout", "-1"], ["--jobs", "0"], ["--mode", "off"], ["--nonsense"]]
)
def test_wrong_usage_is_one_line_and_2(run: Run, capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("fake_holds", *arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_what_an_earlier_run_wrote_is_gone_when_this_one_cannot_answer(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fake_holds") == 0
    progress_file(RESULTS).mkdir()
    assert run("fake_holds") == 2
    assert not RESULTS.exists()
    assert capsys.readouterr().err.count("\n") == 1


def test_an_output_that_is_a_folder_is_refused_before_anything_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XENFUSA_FAKE_RUNS", str(tmp_path / "runs"))
    RESULTS.mkdir(parents=True)
    assert run("fake_holds") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_cache_that_cannot_be_written_is_one_line_and_loses_no_verdict(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken").write_text("a file", "utf-8")
    assert run("fake_holds fake_broken", "--cache-dir", "taken") == 0
    assert len(read_results(RESULTS).verdicts) == 2
    said = capsys.readouterr().err
    assert said.startswith("sphinx_xenfusa.confirm: verdicts are not kept in taken: ")
    assert said.count("\n") == 1


def started(tmp_path: Path, claims: str, *arguments: str) -> subprocess.Popen[str]:
    script = tmp_path / "only.py"
    script.write_text(ONLY, "utf-8")
    command = [sys.executable, str(script), claims, "--output", str(tmp_path / "results.json"), *arguments]
    return subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name != "posix", reason="signals of Unix")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_claims_at_once(
    fakes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("XENFUSA_FAKE_RUNS", str(tmp_path / "runs"))
    process = started(tmp_path, "fake_hangs", "--timeout", "500")
    until = time.monotonic() + 60
    while not (tmp_path / "runs").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert progress_file(tmp_path / "results.json").read_text("ascii") == "0 1\n"
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert not progress_file(tmp_path / "results.json").exists()
    assert not (tmp_path / "results.json").exists()


def test_as_a_command_it_needs_neither_click_nor_rich_nor_sphinx(tmp_path: Path) -> None:
    code = (
        "import sys, sphinx_xenfusa.confirm.__main__ as child, sphinx_xenfusa.confirm.registry as registry;"
        "registry.load_claims();"
        "print(sorted({'click', 'rich', 'sphinx', 'docutils', 'sphinx_needs'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    command = [sys.executable, "-m", "sphinx_xenfusa.confirm", "--help"]
    assert "--output" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "read.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "{}",
        "\ufeff",
        b"\xff\xfe",
        "\0",
        "[" * 100_000,
        '{"schema_version": 2, "verdicts": [], "findings": [], "mutants": null, "ran": 0, "cached": 0}',
        '{"schema_version": true, "verdicts": [], "findings": [], "mutants": null, "ran": 0, "cached": 0}',
        '{"schema_version": 1, "verdicts": [], "findings": [], "mutants": null, "ran": 0}',
        '{"schema_version": 1, "verdicts": [{}], "findings": [], "mutants": null, "ran": 0, "cached": 0}',
        '{"schema_version": 1, "verdicts": {"a": 1}, "findings": [], "ran": 0, "cached": 0}',
        '{"schema_version": 1, "verdicts": null, "findings": [], "mutants": null, "ran": 0, "cached": 0}',
        '{"schema_version": 1, "verdicts": [], "findings": [7], "mutants": null, "ran": 0, "cached": 0}',
        '{"schema_version": 1, "verdicts": [], "findings": [], "mutants": null, "ran": Infinity, "cached": 0}',
        '{"schema_version": 1, "verdicts": [], "findings": [], "mutants": null, "ran": '
        + "9" * 5000
        + ', "cached": 0}',
    ],
)
def test_a_file_that_holds_no_results_is_one_error(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_results(written(tmp_path, text))
    assert "read.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_verdict_of_a_kind_that_is_not_known_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("fake_broken") == 0
    text = RESULTS.read_text("utf-8")
    with pytest.raises(InputError, match="'splendid' is not a valid VerdictKind"):
        read_results(written(tmp_path, text.replace('"kind": "refuted"', '"kind": "splendid"')))


def test_times_do_not_come_back(run: Run) -> None:
    assert run("fake_holds") == 0
    verdict: Verdict = read_results(RESULTS).verdicts[0]
    assert verdict.seconds == 0.0
