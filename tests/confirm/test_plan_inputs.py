"""What a plan is made of is taken from the cache folder only where it says what its sources say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sphinx_xenfusa import claims
from sphinx_xenfusa.claims import roles
from sphinx_xenfusa.confirm import cache as cache_module
from sphinx_xenfusa.confirm import plan_inputs
from sphinx_xenfusa.confirm.adequacy_record import RECORD, read_adequacy
from sphinx_xenfusa.confirm.cache import Cache
from sphinx_xenfusa.confirm.equivalents import read_equivalents
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
from sphinx_xenfusa.confirm.register import REGISTER, read_register
from sphinx_xenfusa.confirm.registry import GROUP, ListedClaim, installed, loaded
from sphinx_xenfusa.confirm.run import Job
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Budget
from sphinx_xenfusa.inputs import InputError

TOLD = """
import json, sys
from pathlib import Path
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
inputs = KeptPlanInputs(Path(sys.argv[1]))
found = inputs.installed()
inputs.register(), inputs.equivalents(), inputs.adequacy()
print(json.dumps({
    "claims": {one.id: [one.says, one.statements, one.policies] for one in found.claims.values()},
    "packages": dict(found.packages),
    "chapters": dict(found.chapters),
    "heavy": sorted({"numpy", "yaml", "jsonschema_rs", "sphinx_xenfusa.claims"} & sys.modules.keys()),
}))
"""


class LaterPython:
    major, minor = 3, 99


VOCABULARY = EntryPoint("roles", "sphinx_xenfusa.claims.roles:CLAIMS", GROUP)
MINE = EntryPoint("mine", "fake_claims:CLAIMS", GROUP)
JOB = Job("hwdom_single", "dummy", None)


def told(folder: Path) -> dict[str, dict[str, object]]:
    """What a process of its own says of its inputs."""
    done = subprocess.run([sys.executable, "-c", TOLD, str(folder)], capture_output=True, text=True, check=True)
    found: dict[str, dict[str, object]] = json.loads(done.stdout)
    return found


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., KeptPlanInputs]:
    """Opens the folder as a process does that has imported no claims yet, with one entry point of ours and one of a user."""

    def opened(*points: EntryPoint) -> KeptPlanInputs:
        monkeypatch.setattr(plan_inputs, "entry_points", lambda group: points or (VOCABULARY, MINE))
        monkeypatch.delitem(sys.modules, "sphinx_xenfusa.claims", raising=False)
        return KeptPlanInputs(tmp_path / "cache")

    return opened


def files(inputs: KeptPlanInputs) -> list[Path]:
    return sorted(inputs._cache.folder.glob("*.json"))


def test_the_second_process_imports_no_claims_and_says_the_same(tmp_path: Path) -> None:
    first, second = told(tmp_path), told(tmp_path)
    offered = installed()
    assert "sphinx_xenfusa.claims" in first.pop("heavy")
    assert second.pop("heavy") == []
    assert first == second
    assert first["claims"] == {
        one.id: [one.says, list(one.statements), list(one.policies)] for one in offered.claims.values()
    }
    assert (first["packages"], first["chapters"]) == (offered.packages, offered.chapters)


def test_a_listed_claim_is_the_claim(kept: Callable[..., KeptPlanInputs]) -> None:
    real = kept().installed().claims
    listed = kept().installed().claims
    assert {name for name, one in listed.items() if isinstance(one, ListedClaim)} == real.keys() - {
        "a_claim",
        "b_claim",
    }
    assert loaded(listed) == real
    cache = Cache(Path("nowhere"))
    assert cache.key(listed["hwdom_single"], JOB) == cache.key(real["hwdom_single"], JOB)
    assert listed["hwdom_single"].scope == real["hwdom_single"].scope
    runs = [claims["roles_closed_set"].run(None, Budget()) for claims in (listed, real)]
    assert runs[0] == runs[1]


def test_claims_that_were_imported_before_the_digest_are_not_listed(
    kept: Callable[..., KeptPlanInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be of sources that have been edited since."""
    folder = kept()._cache.folder
    monkeypatch.setitem(sys.modules, "sphinx_xenfusa.claims", claims)
    inputs = KeptPlanInputs(folder)
    inputs.installed()
    assert files(inputs) == []


def test_a_source_that_changes_while_claims_are_imported_keeps_nothing(
    kept: Callable[..., KeptPlanInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = kept()
    monkeypatch.setattr(cache_module, "package_digest", lambda: "another")
    inputs.installed()
    assert files(inputs) == []


def test_an_edited_source_is_read_anew(
    kept: Callable[..., KeptPlanInputs], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "sphinx_xenfusa"
    shutil.copytree(cache_module._PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache_module, "_PACKAGE", copy)
    kept().installed()
    assert isinstance(kept().installed().claims["hwdom_single"], ListedClaim)
    for name in ("claims/roles.py", "model/policies.py", "explore/claim.py", "confirm/register.py"):
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write("# looked at\n")
        assert not isinstance(kept().installed().claims["hwdom_single"], ListedClaim), name


def test_claims_of_a_user_are_always_imported(
    kept: Callable[..., KeptPlanInputs], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "my_claims.py"
    point = EntryPoint("mine", "my_claims:CLAIMS", GROUP)
    for says in ("It holds.", "It holds again."):
        module.write_text(f"import fake_claims\nCLAIMS = [fake_claims.Fake('mine', says={says!r})]\n", "utf-8")
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        monkeypatch.delitem(sys.modules, "my_claims", raising=False)
        assert kept(VOCABULARY, point).installed().claims["mine"].says == says


def test_a_second_claim_of_the_same_id_is_told_from_a_list_too(kept: Callable[..., KeptPlanInputs]) -> None:
    twice = EntryPoint("twice", "fake_claims:CLAIMS", GROUP)
    first, second = (kept(VOCABULARY, MINE, twice).installed() for _ in range(2))
    assert "a_claim" not in second.claims
    assert [str(one) for one in second.problems] == [str(one) for one in first.problems]
    assert len(second.problems) == 2


def test_an_announced_claim_stays_announced(
    kept: Callable[..., KeptPlanInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = AnnouncedClaim("sync_stuck", "It stays.", ("XenArch~sync_stuck~1",), "a model", ("dummy",))
    monkeypatch.setattr(roles, "CLAIMS", (later,))
    assert kept(VOCABULARY).installed().claims == {"sync_stuck": later}
    assert kept(VOCABULARY).installed().claims == {"sync_stuck": later}


def test_an_entry_point_of_ours_that_fails_is_told_every_time(kept: Callable[..., KeptPlanInputs]) -> None:
    broken = EntryPoint("broken", "sphinx_xenfusa.claims.no_such_module:CLAIMS", GROUP)
    for _ in range(2):
        assert len(kept(VOCABULARY, broken).installed().problems) == 1


def test_files_are_read_as_they_are_without_a_cache(kept: Callable[..., KeptPlanInputs]) -> None:
    for _ in range(2):
        inputs = kept()
        assert inputs.register() == read_register()
        assert inputs.equivalents() == read_equivalents()
        record, proven = read_adequacy(), inputs.adequacy()
        assert proven.text == record.text
        assert proven.claims == record.claims
        for name, one in record.claims.items():
            assert {policy: proven.smallest(name, policy) for policy in one.runs} == {
                policy: run.smallest for policy, run in one.runs.items()
            }
    assert len(files(inputs)) == 3


def test_a_file_that_is_cut_off_or_changed_is_made_anew(kept: Callable[..., KeptPlanInputs]) -> None:
    whole = read_register()
    kept().register()
    (path,) = files(kept())
    content = path.read_bytes()
    for size in range(0, len(content), 4999):
        path.write_bytes(content[:size])
        assert kept().register() == whole, size
        path.write_bytes(content[:size] + bytes([content[size] ^ 1]) + content[size + 1 :])
        assert kept().register() == whole, size
    path.write_text('{"sha256": "", "data": "[]"}', "utf-8")
    assert kept().register() == whole


def test_a_cut_list_of_claims_is_made_anew(kept: Callable[..., KeptPlanInputs]) -> None:
    whole = {name: one.says for name, one in kept().installed().claims.items()}
    (path,) = files(kept())
    path.write_bytes(path.read_bytes()[:-100])
    found = kept().installed().claims
    assert {name: one.says for name, one in found.items()} == whole
    assert not isinstance(found["hwdom_single"], ListedClaim)


def test_an_edited_register_is_read_anew(kept: Callable[..., KeptPlanInputs], tmp_path: Path) -> None:
    path = tmp_path / "register.yaml"
    text = REGISTER.read_text("utf-8")
    path.write_text(text, "utf-8")
    first = kept().register(path)
    path.write_text(f"# a line more\n{text}", "utf-8")
    second = kept().register(path)
    assert [one.line for one in second.expected.values()] == [one.line + 1 for one in first.expected.values()]
    assert all(one.file == str(path) for one in second.expected.values())
    path.write_text(text.replace("expected:", "expectd:"), "utf-8")
    for _ in range(2):
        with pytest.raises(InputError, match="unknown key 'expectd'"):
            kept().register(path)
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        kept().register(path)


def test_a_record_that_was_edited_by_hand_is_refused_though_the_one_before_was_proven(
    kept: Callable[..., KeptPlanInputs], tmp_path: Path
) -> None:
    path = tmp_path / "adequacy.json"
    text = RECORD.read_text("utf-8")
    path.write_text(text, "utf-8")
    kept().adequacy(path)
    kept().adequacy(path)
    path.write_text(text.replace('"killed"', '"killed" ', 1), "utf-8")
    for _ in range(2):
        with pytest.raises(InputError, match="not edited by hand"):
            kept().adequacy(path)
    path.unlink()
    assert kept().adequacy(path).claims == {}


def test_another_version_of_what_reads_yaml_reads_it_anew(
    kept: Callable[..., KeptPlanInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept().register()
    monkeypatch.setattr(plan_inputs, "version", lambda name: "99")
    kept().register()
    assert len(files(kept())) == 2


def test_another_python_or_another_version_of_ours_has_names_of_its_own(
    kept: Callable[..., KeptPlanInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {kept()._cache.name_of("register", "x")}
    with monkeypatch.context() as other:
        other.setattr(cache_module, "__version__", "9.9.9")
        names.add(kept()._cache.name_of("register", "x"))
    with monkeypatch.context() as other:
        other.setattr(sys, "version_info", LaterPython)
        names.add(kept()._cache.name_of("register", "x"))
    assert len(names) == 3


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    kept: Callable[..., KeptPlanInputs], tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("in the way", "utf-8")
    assert kept().register() == read_register()
    assert "hwdom_single" in kept().installed().claims


SCOPES = """
import json, sys
from pathlib import Path
from sphinx_xenfusa.confirm.plan_inputs import KeptPlanInputs
inputs = KeptPlanInputs(Path(sys.argv[1]))
claims = inputs.with_scopes(inputs.installed().claims)
print(json.dumps({
    "scopes": {one.id: one.scope.to_json() for one in claims.values()},
    "heavy": sorted({"numpy", "sphinx_xenfusa.claims"} & sys.modules.keys()),
}))
"""


def scopes(folder: Path) -> dict[str, object]:
    """What a process of its own says of the scopes of all claims."""
    done = subprocess.run([sys.executable, "-c", SCOPES, str(folder)], capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_scopes_are_counted_once_unless_what_is_kept_is_not_whole(tmp_path: Path) -> None:
    first, second = scopes(tmp_path), scopes(tmp_path)
    assert first["heavy"]
    assert second["heavy"] == []
    assert first["scopes"] == second["scopes"]
    assert first["scopes"] == {name: one.scope.to_json() for name, one in installed().claims.items()}
    (kept_file,) = tmp_path.glob("scopes-*.json")
    text = kept_file.read_text("utf-8")
    kept_file.write_text(text.replace('\\"platforms\\": ', '\\"platforms\\": 1', 1), "utf-8")
    assert kept_file.read_text("utf-8") != text
    assert scopes(tmp_path) == first, "what was changed is counted anew"
