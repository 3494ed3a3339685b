"""What is gathered of the mutants of all runs, fresh or kept; a run that is missing is never taken for one that said nothing."""

from dataclasses import replace
from pathlib import Path

from fake_claims import SCOPE, Fake

from sphinx_xenfusa.confirm.adequacy import kept_mutants, mutants_of_runs
from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.explore.mutation import mutants_of
from sphinx_xenfusa.explore.verdict import MutantReport, Verdict, VerdictKind
from sphinx_xenfusa.model import rules

CLAIMS = {name: Fake(name, policies=()) for name in ("one", "two")}
JOBS = [Job(name, None, None) for name in CLAIMS]
OURS = [mutant.report for mutant in mutants_of(rules)]


def verdict(claim: str, killed: list[MutantReport], survived: list[MutantReport]) -> Verdict:
    number = len(killed) + len(survived)
    return Verdict(
        claim,
        None,
        VerdictKind.CONFIRMED,
        SCOPE,
        killed=len(killed),
        mutants=number,
        killers=tuple(killed),
        survivors=tuple(survived),
    )


VERDICTS = [verdict("one", OURS[:2], OURS[2:5]), verdict("two", OURS[2:3], OURS[:2])]


def keep(cache: Cache, verdicts: list[Verdict]) -> list[Verdict]:
    """Keep the verdicts, and give back what the cache does."""
    loaded = []
    for job, one in zip(JOBS, verdicts, strict=True):
        key = cache.key(CLAIMS[job.claim], job)
        cache.store(key, one)
        read = cache.load(key)
        assert read is not None
        assert read.survivors == ()
        loaded.append(read)
    return loaded


def test_the_survivors_of_all_runs_with_their_lines(tmp_path: Path) -> None:
    made = mutants_of_runs(JOBS, CLAIMS, VERDICTS, None)
    assert (made.generated, made.killed, made.unknown) == (len(OURS), 3, ())
    left = {one.report: one for one in made.survivors}
    assert set(left) == {*OURS[3:]}
    assert left[OURS[3]].claims == ("one",)
    assert left[OURS[5]].claims == (), "a mutant of a module that is looked at, which no run reaches"
    source = Path(rules.__file__).read_text("utf-8").splitlines()
    number = int(OURS[5].where.partition(":")[2].partition(" ")[0])
    assert left[OURS[5]].line == source[number - 1].strip()


def test_kept_runs_give_the_same_as_fresh_ones(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    loaded = keep(cache, VERDICTS)
    assert kept_mutants(JOBS, CLAIMS, cache) is None
    fresh = mutants_of_runs(JOBS, CLAIMS, VERDICTS, None)
    assert mutants_of_runs(JOBS, CLAIMS, loaded, cache) == fresh
    assert kept_mutants(JOBS, CLAIMS, cache) == fresh
    # Another set of runs is another question.
    assert kept_mutants(JOBS[:1], CLAIMS, cache) is None


def test_a_run_without_an_answer_is_named_and_nothing_is_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    broken = [VERDICTS[0], replace(VERDICTS[1], kind=VerdictKind.ERROR, killers=(), survivors=(), killed=0, mutants=0)]
    made = mutants_of_runs(JOBS, CLAIMS, broken, cache)
    assert made.unknown == ("two",)
    assert {one.report for one in made.survivors} == {*OURS[2:]}
    assert kept_mutants(JOBS, CLAIMS, cache) is None


def test_lists_that_are_cut_off_are_not_taken_for_empty(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    loaded = keep(cache, VERDICTS)
    path = tmp_path / f"{cache.key(CLAIMS['two'], JOBS[1])}.mutants.json"
    path.write_bytes(path.read_bytes()[:-20])
    assert mutants_of_runs(JOBS, CLAIMS, loaded, cache).unknown == ("two",)
