"""Verdicts kept by content: found again only when everything they depend on is the same, byte for byte."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fake_claims import SCOPE, Fake, trace

from sphinx_xenfusa.confirm import cache as cache_module
from sphinx_xenfusa.confirm.cache import Cache, package_digest
from sphinx_xenfusa.confirm.register import Expected
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.explore.survivors import Mutants, Survivor, Tried
from sphinx_xenfusa.explore.verdict import Divergence, MutantReport, Verdict, VerdictKind

CLAIM = Fake("claim")
JOB = Job("claim", "dummy", None)
ENTRY = Expected("claim", "dummy", (("D1", ("shutdown",)),), "divergences.yaml", 3)
VERDICT = Verdict(
    "claim",
    "dummy",
    VerdictKind.DIVERGES,
    SCOPE,
    cases=5,
    relevant=3,
    reason="because ✓",
    witness=trace("witness"),
    counterexample=trace("shutdown"),
    killed=1,
    mutants=2,
    killer=MutantReport("decision.py:1", "drop guard", "if x:", "pass"),
    killers=(MutantReport("decision.py:1", "drop guard", "if x:", "pass"),),
    survivors=(MutantReport("decision.py:2", "off by one", "1", "2"),),
    divergences=(Divergence("D1", trace("shutdown")),),
    seconds=4.5,
)


KEPT = replace(VERDICT, seconds=0.0, killers=(), survivors=())
"""What the file of the verdict gives back; the lists have a file of their own."""


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "made" / "when needed")


def test_hit(cache: Cache) -> None:
    key = cache.key(CLAIM, JOB)
    assert cache.load(key) is None
    cache.store(key, VERDICT)
    assert cache.load(key) == KEPT
    assert Cache(cache.folder).load(Cache(cache.folder).key(CLAIM, JOB)) == KEPT


@pytest.mark.parametrize("kind", VerdictKind)
def test_what_is_kept(cache: Cache, kind: VerdictKind) -> None:
    """An error or an inconclusive verdict may be another one the next time."""
    cache.store("key", replace(VERDICT, kind=kind))
    kept = kind.value not in ("error", "inconclusive", "not run")
    assert (cache.load("key") is not None) is kept
    assert cache.folder.exists() is kept


def test_key_depends_on_everything(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, other = tmp_path / "source.c", tmp_path / "other.c"
    source.write_text("int main;", "utf-8")
    other.write_text("", "utf-8")

    def keys() -> list[str]:
        keys = [
            cache.key(CLAIM, JOB),
            cache.key(CLAIM, replace(JOB, policy="silo")),
            cache.key(CLAIM, replace(JOB, policy=None)),
            cache.key(CLAIM, replace(JOB, expected=ENTRY)),
            cache.key(CLAIM, replace(JOB, expected=replace(ENTRY, by=(("D1", ("reset",)),)))),
            cache.key(CLAIM, replace(JOB, expected=replace(ENTRY, by=(("D2", ("shutdown",)),)))),
            cache.key(replace(CLAIM, id="another"), JOB),
            cache.key(replace(CLAIM, says="Something else holds."), JOB),
            cache.key(replace(CLAIM, scope=replace(SCOPE, platforms=494)), JOB),
            cache.key(replace(CLAIM, scope=replace(SCOPE, assumptions=("it rains",))), JOB),
            cache.key(replace(CLAIM, sources=(source,)), JOB),
            cache.key(replace(CLAIM, sources=(source, other)), JOB),
        ]
        source.write_text("int main ;", "utf-8")
        keys.append(cache.key(replace(CLAIM, sources=(source,)), JOB))
        source.write_text("int main;", "utf-8")
        return keys

    first = keys()
    assert len(set(first)) == len(first)
    assert keys() == first
    monkeypatch.setattr(cache_module, "__version__", "9.9.9")
    assert set(keys()).isdisjoint(first)


def test_key_does_not_depend_on_the_place_of_the_entry(cache: Cache) -> None:
    moved = replace(ENTRY, file="/elsewhere/divergences.yaml", line=99)
    assert cache.key(CLAIM, replace(JOB, expected=ENTRY)) == cache.key(CLAIM, replace(JOB, expected=moved))


@pytest.fixture
def copied_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package, on which the digest is taken."""
    copy = tmp_path / "sphinx_xenfusa"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(cache_module._PACKAGE, copy, ignore=ignore)
    monkeypatch.setattr(cache_module, "_PACKAGE", copy)
    return copy


def test_copy_has_the_same_digest(copied_package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = package_digest()
    monkeypatch.undo()
    assert package_digest() == digest


SOURCES = [
    *(
        f"model/{name}"
        for name in ("decision.py", "effects.py", "policies.py", "rules.py", "catalogue.toml", "errors.py")
    ),
    *(f"explore/{name}" for name in ("claim.py", "mutation.py", "trace.py", "verdict.py")),
    *(f"claims/{name}" for name in ("roles.py", "privileges.py", "scopes.py", "attempts.py")),
    *(f"confirm/{name}" for name in ("run.py", "register.py", "cache.py")),
]


@pytest.mark.parametrize("name", SOURCES)
def test_any_byte_of_a_source_matters(copied_package: Path, name: str) -> None:
    path = copied_package / name
    content = path.read_bytes()
    before = package_digest()
    for position in (0, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert package_digest() != before
    path.write_bytes(content + b"\n")
    assert package_digest() != before
    path.write_bytes(content)
    assert package_digest() == before
    path.unlink()
    assert package_digest() != before


def test_new_and_renamed_sources_matter(copied_package: Path) -> None:
    before = package_digest()
    new = copied_package / "model" / "added.py"
    new.write_bytes(b"")
    assert package_digest() != before
    new.unlink()
    assert package_digest() == before
    (copied_package / "model" / "rules.py").rename(copied_package / "model" / "laws.py")
    assert package_digest() != before


def test_change_is_a_miss(copied_package: Path, tmp_path: Path) -> None:
    first = Cache(tmp_path / "cache")
    first.store(first.key(CLAIM, JOB), VERDICT)
    with (copied_package / "model" / "catalogue.toml").open("a", encoding="utf-8") as file:
        file.write("# looked at\n")
    second = Cache(tmp_path / "cache")
    assert second.load(second.key(CLAIM, JOB)) is None


def stored(cache: Cache) -> Path:
    cache.store("key", VERDICT)
    assert sorted(path.name for path in cache.folder.iterdir()) == ["key.json", "key.mutants.json"]
    return cache.folder / "key.json"


def test_file_that_is_cut_off_is_not_there(cache: Cache) -> None:
    path = stored(cache)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        assert cache.load("key") is None, size
    path.write_bytes(content)
    assert cache.load("key") is not None


def test_file_that_was_changed_is_not_there(cache: Cache) -> None:
    path = stored(cache)
    text = path.read_text("utf-8")
    for old, new in (("diverges", "confirmed"), ("D1", "D2"), ("drop guard", "drop guards"), ("5", "6")):
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        assert cache.load("key") is None, old


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b"4", b"null", b'{"sha256": "x"}', b'{"verdict": 4, "sha256": ""}']
)
def test_file_that_is_something_else_is_not_there(cache: Cache, content: bytes) -> None:
    path = stored(cache)
    path.write_bytes(content)
    assert cache.load("key") is None


TRIED = Tried(VERDICT.killers, VERDICT.survivors, (MutantReport("decision.py:3", "drop operand", "a and b", "a"),))
GATHERED = Mutants(3, 1, 1, (Survivor(VERDICT.survivors[0], "x = 1", ("claim",)),))


def test_the_lists_of_mutants_have_a_file_of_their_own(cache: Cache) -> None:
    cache.store("key", replace(VERDICT, broken=TRIED.broken))
    assert cache.load_tried("key") == TRIED
    assert "off by one" not in (cache.folder / "key.json").read_text("utf-8")
    (cache.folder / "key.mutants.json").unlink()
    assert cache.load_tried("key") is None
    assert cache.load("key") is None, "a verdict without its lists would leave a hole in the list of survivors"


def test_what_was_gathered_belongs_to_all_runs_together(cache: Cache) -> None:
    cache.store_gathered(["a", "b"], GATHERED)
    assert cache.load_gathered(["b", "a"]) == GATHERED
    assert cache.load_gathered(["a"]) is None
    assert cache.load_gathered(["a", "b", "c"]) is None
    (path,) = cache.folder.iterdir()
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        assert cache.load_gathered(["a", "b"]) is None


def test_lists_that_are_cut_off_anywhere_are_not_there(cache: Cache) -> None:
    path = stored(cache).with_name("key.mutants.json")
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        assert cache.load_tried("key") is None, size


def test_a_byte_that_was_changed_anywhere_gives_no_other_verdict(cache: Cache) -> None:
    path = stored(cache)
    content = path.read_bytes()
    whole = cache.load("key")
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert cache.load("key") in (None, whole), at


def test_folder_in_place_of_a_file(cache: Cache) -> None:
    (cache.folder / "key.json").mkdir(parents=True)
    assert cache.load("key") is None
