"""The committed record of the mutation run: which mutants of the model each claim kills, and from which sources that was found.

A mutant is referred to without line numbers: by its file and function, the text of the source line (and which of the lines of
the function with that text it is), the operator, and the edit.  So a comment that is added moves nothing in the record, and a
change of one function shows in the lines about that function.  The file has one line for each mutant, in a fixed order: a diff of
it says which mutants came, went, are killed by a claim more or by one less.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sphinx_xenfusa.explore.claim import edit_size
from sphinx_xenfusa.explore.survivors import Tried
from sphinx_xenfusa.explore.verdict import MutantReport
from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.trace.canonical import write_text

RECORD = Path(__file__).parents[1] / "claims" / "adequacy.json"
"""The record that comes with the package."""
FORM = 1
"""Number of the form, and of what is meant by it; a record of another one is refused."""

_WHAT = "a record of the mutation run ('xenfusa adequacy' writes it)"
_LIMIT = 64 * 1024 * 1024
_ANY = ""
"""Stands for no policy, in a file whose keys are texts."""


class Reference(NamedTuple):
    """What tells a mutant from all others, without line numbers.

    :param place: file and function, or a cell of a table.
    :param line: the text of the source line; empty where there is none.
    :param nth: which of the lines of the function with that text, from 1.
    """

    place: str
    line: str
    nth: int
    operator: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of one run: a claim under a policy.

    :param tried: how many mutants.
    :param killed: how many of them the claim kills.
    :param broken: on how many the search broke; they count neither way and are not among those tried.
    :param smallest: the one with the smallest edit of those killed; ``None`` when none is.
    """

    tried: int
    killed: int
    broken: int
    smallest: Reference | None


@dataclass(frozen=True)
class ClaimRecord:
    """What came of the mutants in all runs of a claim.

    :param digest: of what the mutation run depended on (:mod:`sphinx_xenfusa.confirm.sources`).
    :param runs: by policy, ``None`` for a claim that depends on none; runs in which the claim was refuted try no mutants.
    :param killed: the mutants that the claim kills under some policy.
    :param survived: those that it was tried on and kills under none.
    :param broken: those on which its search broke wherever it was tried.
    """

    digest: str
    runs: Mapping[str | None, Recorded]
    killed: frozenset[Reference] = frozenset()
    survived: frozenset[Reference] = frozenset()
    broken: frozenset[Reference] = frozenset()


class MutationRecord(Protocol):
    """What the last mutation run found, as a plan needs it."""

    @property
    def claims(self) -> Mapping[str, ClaimRecord]:
        """The record of each claim, by its id."""

    @property
    def text(self) -> str:
        """The text of its file: the same record gives the same bytes."""

    def smallest(self, claim: str, policy: str | None) -> Reference | None:
        """The smallest mutant that a run is recorded to kill; ``None`` when none is, or the run is not recorded."""


@dataclass(frozen=True)
class AdequacyRecord:
    """The record of all claims, by their ids."""

    claims: Mapping[str, ClaimRecord] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        """The text of its file: the same record gives the same bytes."""
        return _record_text(self)

    def replaced(self, claims: Mapping[str, ClaimRecord], keep: Iterable[str]) -> AdequacyRecord:
        """The record with these claims made anew and without those that are not to be kept."""
        kept = {name: one for name, one in self.claims.items() if name in {*keep}}
        return AdequacyRecord({**kept, **claims})

    def smallest(self, claim: str, policy: str | None) -> Reference | None:
        """The smallest mutant that a run is recorded to kill; ``None`` when none is, or the run is not recorded."""
        recorded = self.claims.get(claim)
        run = None if recorded is None else recorded.runs.get(policy)
        return None if run is None else run.smallest


@dataclass(frozen=True)
class ProvenRecord:
    """A record that was read and found whole before: its many mutants are read again only when they are asked for.

    :param path: the file that it stands in.
    :param text: the text of the file.
    :param smallest_of: by claim and policy the smallest mutant that the run is recorded to kill, where one is.
    """

    path: Path
    text: str
    smallest_of: Mapping[tuple[str, str | None], Reference]

    @cached_property
    def claims(self) -> Mapping[str, ClaimRecord]:
        """The record of each claim, by its id."""
        return parse_adequacy(self.text, self.path).claims

    def smallest(self, claim: str, policy: str | None) -> Reference | None:
        """The smallest mutant that a run is recorded to kill; ``None`` when none is, or the run is not recorded."""
        return self.smallest_of.get((claim, policy))


NO_RECORD = AdequacyRecord()
"""Of no claim."""


def claim_record(digest: str, runs: Mapping[str | None, Tried], sources: Sources) -> ClaimRecord:
    """Put together what the runs of a claim tried."""
    killed = {sources.reference(one) for run in runs.values() for one in run.killed}
    survived = {sources.reference(one) for run in runs.values() for one in run.survived}
    broken = {sources.reference(one) for run in runs.values() for one in run.broken}
    recorded = {policy: _recorded(run, sources) for policy, run in runs.items()}
    left = frozenset(survived - killed)
    return ClaimRecord(digest, recorded, frozenset(killed), left, frozenset(broken - killed - survived))


def _recorded(run: Tried, sources: Sources) -> Recorded:
    smallest = min(run.killed, key=edit_size, default=None)
    reference = None if smallest is None else sources.reference(smallest)
    return Recorded(len(run.killed) + len(run.survived), len(run.killed), len(run.broken), reference)


class Sources:
    """The source lines of functions: turns the report of a mutant, with its line number, into a reference, and back."""

    def __init__(self, root: Path = Path(__file__).parents[2]) -> None:
        self._root = root
        self._lines: dict[str, tuple[str, ...]] = {}

    def reference(self, report: MutantReport) -> Reference:
        """What refers to a mutant."""
        file, colon, rest = report.where.partition(":")
        number, blank, name = rest.partition(" ")
        lines = self._of(file)
        if not (colon and blank and number.isdigit()) or not 0 < int(number) <= len(lines):
            return Reference(report.where, "", 1, report.operator, report.before, report.after)
        at = int(number) - 1
        text = lines[at].strip()
        nth = 1 + sum(1 for one in lines[self._begin(lines, name) : at] if one.strip() == text)
        return Reference(f"{file} {name}", text, nth, report.operator, report.before, report.after)

    def report(self, reference: Reference) -> MutantReport:
        """The report of a mutant, with the line number that it has now; without one when the line is not there any more."""
        file, _, name = reference.place.partition(" ")
        lines = self._of(file)
        where = reference.place
        if reference.line:
            begin = self._begin(lines, name)
            found = [i for i in range(begin, len(lines)) if lines[i].strip() == reference.line]
            if len(found) >= reference.nth:
                where = f"{file}:{found[reference.nth - 1] + 1} {name}"
        return MutantReport(where, reference.operator, reference.before, reference.after)

    @staticmethod
    def _begin(lines: tuple[str, ...], name: str) -> int:
        """Where the function of this name begins; the beginning of the file when it cannot be told."""
        last = name.rpartition(".")[2]
        return next((i for i, one in enumerate(lines) if one.strip().startswith(f"def {last}(")), 0)

    def _of(self, file: str) -> tuple[str, ...]:
        if file not in self._lines:
            path = self._root / file
            known = file.endswith(".py") and path.is_file()
            self._lines[file] = tuple(path.read_text("utf-8").split("\n")) if known else ()
        return self._lines[file]


# --- the file -------------------------------------------------------------------------------------------------------


def _record_text(record: AdequacyRecord) -> str:
    claims = {
        name: {
            "digest": one.digest,
            "runs": {policy or _ANY: _run_to_json(run) for policy, run in one.runs.items()},
        }
        for name, one in record.claims.items()
    }
    whose: dict[Reference, dict[str, list[str]]] = {}
    for name, one in sorted(record.claims.items()):
        for word, references in (("killed", one.killed), ("survived", one.survived), ("broken", one.broken)):
            for reference in references:
                whose.setdefault(reference, {}).setdefault(word, []).append(name)
    places: dict[str, list[Reference]] = {}
    for reference in sorted(whose):
        places.setdefault(reference.place, []).append(reference)
    parts = [f' "form": {FORM}', ' "claims": {\n' + ",\n".join(_claim_lines(claims)) + "\n }"]
    parts.append(' "mutants": {\n' + ",\n".join(_place_lines(places, whose)) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _one_line(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def _claim_lines(claims: Mapping[str, Any]) -> Iterable[str]:
    for name, one in sorted(claims.items()):
        runs = ",\n".join(f"    {_one_line(policy)}: {_one_line(run)}" for policy, run in sorted(one["runs"].items()))
        yield f'  {_one_line(name)}: {{\n   "digest": {_one_line(one["digest"])},\n   "runs": {{\n{runs}\n   }}\n  }}'


def _place_lines(
    places: Mapping[str, list[Reference]], whose: Mapping[Reference, Mapping[str, list[str]]]
) -> Iterable[str]:
    """For each place the claims that were tried on all of its mutants, then a line for each mutant."""
    for place, references in sorted(places.items()):
        everybody = [{name for names in whose[one].values() for name in names} for one in references]
        common = set.intersection(*everybody)
        rows = []
        for reference in references:
            row: dict[str, Any] = {
                word: " ".join(sorted(names)) for word, names in whose[reference].items() if word != "survived"
            }
            also = {*whose[reference].get("survived", ())} - common
            if also:
                row["survived"] = " ".join(sorted(also))
            edit: list[Any] = [reference.operator, reference.before, reference.after]
            if reference.line:
                edit += [reference.line, reference.nth]
            rows.append(f"    {_one_line([*edit, row])}")
        tried = _one_line(" ".join(sorted(common)))
        yield f'  {_one_line(place)}: {{\n   "tried": {tried},\n   "edits": [\n' + ",\n".join(rows) + "\n   ]\n  }"


def _run_to_json(run: Recorded) -> dict[str, Any]:
    smallest = None if run.smallest is None else list(run.smallest)
    return {"tried": run.tried, "killed": run.killed, "broken": run.broken, "smallest": smallest}


def write_adequacy(path: Path, record: AdequacyRecord) -> None:
    """Write a record, in one step.

    :raises OSError: the file cannot be written; what stood there still does.
    """
    write_text(path, record.text)


def read_adequacy(path: Path = RECORD) -> AdequacyRecord:
    """Read a record; one that does not exist is an empty one.

    :raises InputError: naming the file, for one that is cut off, was changed by hand, or is of another form.
    """
    return parse_adequacy(adequacy_text(path), path) if path.exists() else AdequacyRecord()


def adequacy_text(path: Path) -> str:
    """The text of the file of a record.

    :raises InputError: as :func:`sphinx_xenfusa.inputs.read_text`.
    """
    return read_text(path, limit=_LIMIT, what=_WHAT)


def parse_adequacy(text: str, path: Path) -> AdequacyRecord:
    """The record in a text.

    :param path: the file that it stands in, for errors.
    :raises InputError: naming the file, for a text that is cut off, was changed by hand, or is of another form.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise InputError(path, line, f"JSON that cannot be read ({error})", _WHAT) from error
    form = data.get("form") if isinstance(data, dict) else None
    if form != FORM or isinstance(form, bool):
        raise InputError(path, None, f"form {form!r}", f"form {FORM}, {_WHAT}")
    try:
        record = _from_json(data)
        whole = record.text == text
    except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
        raise InputError(path, None, f"data of another form ({type(error).__name__}: {error})", _WHAT) from error
    if not whole:
        raise InputError(path, None, "a text that differs from what was written", f"{_WHAT}, not edited by hand")
    return record


def _from_json(data: Mapping[str, Any]) -> AdequacyRecord:
    sets: dict[str, dict[str, set[Reference]]] = {
        str(name): {"killed": set(), "survived": set(), "broken": set()} for name in data["claims"]
    }
    for place, entry in data["mutants"].items():
        common = {*str(entry["tried"]).split()}
        for edit in entry["edits"]:
            *words, row = edit
            operator, before, after = (str(word) for word in words[:3])
            line, nth = (str(words[3]), int(words[4])) if len(words) > 3 else ("", 1)
            reference = Reference(str(place), line, nth, operator, before, after)
            named = {word: {*str(row.get(word, "")).split()} for word in ("killed", "survived", "broken")}
            named["survived"] |= common - named["killed"] - named["broken"]
            for word, names in named.items():
                for name in names:
                    sets[name][word].add(reference)
    claims = {}
    for name, entry in data["claims"].items():
        runs = {(policy or None): _run_from_json(run) for policy, run in entry["runs"].items()}
        found = {word: frozenset(references) for word, references in sets[name].items()}
        claims[str(name)] = ClaimRecord(str(entry["digest"]), runs, **found)
    return AdequacyRecord(claims)


def _run_from_json(data: Mapping[str, Any]) -> Recorded:
    smallest = None
    if data["smallest"] is not None:
        place, line, nth, *words = data["smallest"]
        operator, before, after = (str(word) for word in words)
        smallest = Reference(str(place), str(line), int(nth), operator, before, after)
    return Recorded(int(data["tried"]), int(data["killed"]), int(data["broken"]), smallest)
