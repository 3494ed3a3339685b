"""``xenfusa adequacy``: makes the record, runs again only what changed, and says where the record does not hold any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.confirm.adequacy_record import AdequacyRecord, Recorded, read_adequacy, write_adequacy
from sphinx_xenfusa.confirm.mutation_run import differences, samples
from sphinx_xenfusa.confirm.registry import installed

CLAIM = "criticality_closed_set"
"""Depends on no policy and reaches few mutants."""


@pytest.fixture
def adequacy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["adequacy", "--record", "record.json", *words], prog_name="xenfusa")

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The record of one claim, made by the command."""
    folder = tmp_path_factory.mktemp("made")
    words = ["adequacy", CLAIM, "--record", str(folder / "record.json"), "--cache-dir", str(folder / "cache")]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{CLAIM}: " in result.stdout
    assert "1 claims anew, 0 as they were; 1 runs, 0 kept ones" in result.stdout
    return (folder / "record.json").read_bytes()


def test_the_record_says_what_the_claim_kills(made: bytes, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_bytes(made)
    recorded = read_adequacy(tmp_path / "record.json").claims[CLAIM]
    assert recorded.killed
    assert not recorded.killed & recorded.survived
    (run,) = recorded.runs.values()
    assert run.killed <= run.tried
    assert run.smallest in recorded.killed


def test_what_is_of_these_sources_is_not_run_again(adequacy: Callable[..., Result], made: bytes) -> None:
    Path("record.json").write_bytes(made)
    result = adequacy(CLAIM)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "0 claims anew, 1 as they were; 0 runs, 0 kept ones" in result.stdout
    assert Path("record.json").read_bytes() == made
    checked = adequacy("--check", CLAIM)
    assert (checked.exit_code, checked.stdout) == (0, "1 claims: the record holds for 1 of them\n")


def test_what_changed_is_named_and_made_again(adequacy: Callable[..., Result], made: bytes) -> None:
    path = Path("record.json")
    path.write_bytes(made)
    record = read_adequacy(path)
    write_adequacy(path, AdequacyRecord({CLAIM: replace(record.claims[CLAIM], digest="0" * 64)}))
    checked = adequacy("--check", CLAIM)
    assert checked.exit_code == 1
    assert checked.stdout.startswith(f"{CLAIM}: its sources changed since; 'xenfusa adequacy {CLAIM}' runs it\n")
    assert adequacy(CLAIM).exit_code == 0
    assert path.read_bytes() == made, "the same bytes"
    path.unlink()
    result = adequacy(CLAIM)
    assert "1 claims anew, 0 as they were; 0 runs, 1 kept ones" in result.stdout, "finished runs are not lost"
    assert path.read_bytes() == made


def test_a_claim_that_is_not_in_the_record(adequacy: Callable[..., Result]) -> None:
    checked = adequacy("--check", CLAIM)
    assert checked.exit_code == 1
    assert f"{CLAIM}: it is not in the record" in checked.stdout


@pytest.mark.parametrize("words", [("--check",), (), ("--sample",), (CLAIM,)])
def test_a_record_that_is_cut_in_half(adequacy: Callable[..., Result], made: bytes, words: tuple[str, ...]) -> None:
    Path("record.json").write_bytes(made[: len(made) // 2])
    result = adequacy(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("xenfusa: record.json:")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--check", "--sample"), "choose one"),
        (("--sample", CLAIM), "chooses the claims itself"),
        (("criticality_closed_sett",), "did you mean 'criticality_closed_set'?"),
        (("--check", "criticality_closed_sett"), "did you mean 'criticality_closed_set'?"),
        ((CLAIM, "--executor", "ssh://here"), "expected dask-local:N"),
    ],
)
def test_wrong_usage(adequacy: Callable[..., Result], words: tuple[str, ...], said: str) -> None:
    result = adequacy(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("record.json").exists()


def test_a_sample_is_one_claim_of_each_chapter_and_the_quickest(made: bytes, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(made)
    one = read_adequacy(path).claims[CLAIM]
    slow = replace(one, runs={None: Recorded(10**6, 1, 0, None)})
    record = AdequacyRecord({CLAIM: one, "roles_closed_set": slow, "unprivileged": slow, "no_such_claim": one})
    offered = installed()
    assert samples(offered.claims, offered.chapters, record) == (CLAIM, "unprivileged")


def test_what_a_run_anew_finds_otherwise_is_told(made: bytes, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(made)
    record = read_adequacy(path)
    one = record.claims[CLAIM]
    assert [*differences(record, {CLAIM: one})] == []
    lost = next(iter(one.killed))
    (run,) = one.runs.values()
    weaker = replace(
        one,
        runs={None: replace(run, killed=run.killed - 1)},
        killed=one.killed - {lost},
        survived=one.survived | {lost},
    )
    said = [*differences(record, {CLAIM: weaker})]
    assert said == [
        f"{CLAIM}: found {run.killed - 1} of {run.tried} mutants killed; the record says {run.killed} of {run.tried} "
        "mutants killed",
        f"{CLAIM}: 1 mutants are killed by one of the two only, the record or the run",
    ]
    assert [*differences(AdequacyRecord(), {CLAIM: one})] == [f"{CLAIM}: not in the record"]
