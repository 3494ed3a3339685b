"""What is known about one id: a requirement, a claim or a divergence.  Put together here, shown elsewhere.

What a requirement says, what its tests did and which state it has come from the trace record that a build wrote; so do the
verdicts then, because the state belongs to them.  Without a record there are only claims: their verdicts are kept ones, or they
are run.
"""

from __future__ import annotations

import difflib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx_xenfusa.confirm.findings import EXIT_CODES
from sphinx_xenfusa.confirm.register import Described, Register
from sphinx_xenfusa.explore.claim import AnnouncedClaim, Claim
from sphinx_xenfusa.explore.verdict import Verdict, VerdictKind
from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.read_record import read_data
from sphinx_xenfusa.trace.states import RESULT_OF_VERDICT, ExitCode, Outcome, Result, combined_exit_code
from sphinx_xenfusa.trace.test_lists import NO_REASON, WAITING
from sphinx_xenfusa.trace.test_results import UNREADABLE
from sphinx_xenfusa.trace.verifications import MODEL, TEST

SCHEMA_VERSION = 1
"""Version of the JSON form of an explanation."""

RECORD_PLACES = tuple(
    Path(place, "xenfusa", "trace.json")
    for place in ("build/html", "_build/html", "docs/_build/html", "docs/build/html", "build/dirhtml", "_build/dirhtml")
)
"""Where builds usually leave the record, below the current folder."""

_CODE_OF_RESULT = {
    Result.FAILED: ExitCode.FINDING,
    Result.ERROR: ExitCode.NO_ANSWER,
    Result.INCONCLUSIVE: ExitCode.NO_ANSWER,
    Result.STALE: ExitCode.NO_ANSWER,
    Result.NOT_RUN: ExitCode.NO_ANSWER,
    Result.NONE: ExitCode.NO_ANSWER,
    Result.PARTIAL: ExitCode.NO_ANSWER,
}
"""What the state of a requirement means for the exit code; good for the states that are not named."""

_PARTS = {"tests": "all of it", "partial_tests": "a part"}
_NOTHING_TOLD = {"message": "", "target": "", "stale": "", "unreadable": False}

Json = Mapping[str, Any]
Run = Callable[[Sequence[str]], Sequence[Verdict]]
"""Gives the verdicts on claims, kept ones or by running them."""


@dataclass(frozen=True)
class Record:
    """A trace record that was read.

    :param data: after the published schema.
    """

    file: Path
    data: Json

    @property
    def items(self) -> Mapping[str, Json]:
        """The requirements by their tags."""
        return {item["id"]: item for item in self.data["items"]}

    def verdicts(self, claims: Iterable[str]) -> list[Verdict]:
        """The verdicts on some claims."""
        wanted = set(claims)
        return [Verdict.from_json(one) for one in self.data["verdicts"] if one["claim"] in wanted]

    def tests(self, item: Json) -> Iterator[Json]:
        """The cases that verify an item, each with what it verifies, its report, its message and what it ran on."""
        named = {(case["report"], case["id"], case["outcome"]) for key in _PARTS for case in item[key]}
        told: defaultdict[tuple[str, str, str], deque[dict[str, Any]]] = defaultdict(deque)
        for report in self.data["evidence"]["reports"]:
            stale = report["stale"] or {one["id"]: one["reason"] for one in report["stale_for"]}.get(item["id"], "")
            for case in report["cases"]:
                name = report["file"], case["id"], case["outcome"]
                if name in named and item["id"] in (*case["verifies"], *case["partially_verifies"]):
                    target = case["target"] or report["target"]
                    told[name].append(
                        {
                            "message": case["message"],
                            "target": target,
                            "stale": stale,
                            "unreadable": bool(report["error"]),
                        }
                    )
        for key, part in _PARTS.items():
            for case in item[key]:
                # Several of one name and outcome, on several targets, are in the order of the evidence.
                same = told[case["report"], case["id"], case["outcome"]]
                yield {**case, "verifies": part, **(same.popleft() if same else _NOTHING_TOLD)}

    def verifications(self, tag: str) -> Iterator[Json]:
        """What people found who verified an item."""
        return (one for one in self.data["verifications"] if one["id"] == tag)


def read_record(path: Path) -> Record:
    """Read and check a trace record.

    :raises InputError: it is missing, cut off, no trace record, or one that a newer version wrote.
    """
    return Record(path, read_data(path))


def newest_record(folder: Path) -> Path | None:
    """The record that was written last among the usual places below a folder; ``None`` when there is none."""
    found = [folder / place for place in RECORD_PLACES if (folder / place).is_file()]
    return max(found, key=lambda path: (path.stat().st_mtime_ns, str(path)), default=None)


@dataclass(frozen=True)
class Explanation:
    """What is known about one id.

    :param about: ``requirement``, ``claim`` or ``divergence``.
    :param record: the file that was read; ``None`` without a record.
    :param item: the requirement as the record has it.
    :param why: what makes the requirement not green, worst first; empty when it is, or when no record tells.
    :param claims: the claims that check it, or diverge by it; those that are not installed are missing.
    :param named: the claims that the requirement names, whether they are installed or not.
    :param needed_by: for a claim, the requirements that name it, with their states.
    :param verdicts: of these claims, sorted by claim and policy.
    :param tests: the cases that verify it.
    :param described: the words of the register for each divergence that occurs.
    :param found_by_people: what people found who verified the requirement, as the record has it.
    """

    id: str
    about: str
    record: Path | None
    item: Json | None
    why: tuple[str, ...]
    claims: Mapping[str, Claim]
    named: tuple[str, ...]
    needed_by: tuple[tuple[str, str], ...]
    verdicts: tuple[Verdict, ...]
    tests: tuple[Json, ...]
    described: Mapping[str, Described]
    found_by_people: tuple[Json, ...] = ()

    @property
    def beside(self) -> tuple[str, ...]:
        """What did not run of what verifies a requirement, in words; it stands beside a state that passed, too."""
        if self.item is None:
            return ()
        told = [f"the test {one['id']} {_did(one)}" for one in self.tests if one["outcome"] in _IDLE]
        return (*told, *(f"no test of it ran on {target}" for target in self.item["untried"]))

    @property
    def exit_code(self) -> ExitCode:
        """0 all good, 1 a finding, 3 no answer: the worst of the state and of every verdict that is shown."""
        codes = [EXIT_CODES[verdict.kind] for verdict in self.verdicts]
        if self.item is not None:
            codes.append(_CODE_OF_RESULT.get(Result(self.item["result"]), ExitCode.GOOD))
        answered = {verdict.claim for verdict in self.verdicts}
        codes += [ExitCode.NO_ANSWER for name in self.named if name not in answered]
        return combined_exit_code(codes)

    def to_json(self) -> dict[str, Any]:
        """Plain data; times are left out, so that the same input gives the same bytes."""
        return {
            "schema_version": SCHEMA_VERSION,
            "id": self.id,
            "about": self.about,
            "record": None if self.record is None else self.record.as_posix(),
            "requirement": None if self.item is None else dict(self.item),
            "why": list(self.why),
            "named_by": [{"id": tag, "result": result} for tag, result in self.needed_by],
            "claims": [self._claim(name) for name in self.named],
            "tests": [dict(case) for case in self.tests],
            "beside": list(self.beside),
            "verifications": [dict(one) for one in self.found_by_people],
            "divergences": [
                {
                    "id": name,
                    "document": one.document,
                    "xen": one.xen,
                    "source": one.source,
                    "not_modelled": one.not_modelled,
                }
                for name, one in sorted(self.described.items())
            ],
        }

    def _claim(self, name: str) -> dict[str, Any]:
        claim = self.claims.get(name)
        verdicts = [one.to_json() for one in self.verdicts if one.claim == name]
        return {
            "id": name,
            "says": None if claim is None else claim.says,
            "statements": [] if claim is None else list(claim.statements),
            "policies": [] if claim is None else list(claim.policies),
            "announced": claim.missing if isinstance(claim, AnnouncedClaim) else None,
            "verdicts": verdicts,
        }


def explain(
    name: str, claims: Mapping[str, Claim], register: Register, record: Record | None, policies: Sequence[str], run: Run
) -> Explanation:
    """Put together what is known about an id.

    :param claims: all claims that are installed.
    :param policies: the policies whose verdicts are wanted; all when empty.
    :param run: asked for the verdicts that the record does not hold.
    :raises InputError: there is no such id, and which is nearest.
    """
    items = {} if record is None else record.items
    stated = {
        tag: [one.id for one in claims.values() if tag in one.statements]
        for one in claims.values()
        for tag in one.statements
    }
    item = items.get(name)
    if item is not None:
        about, named = "requirement", list(dict.fromkeys(item["confirmed_by"]))
    elif name in claims:
        about, named = "claim", [name]
    elif name in register.divergences:
        about, named = (
            "divergence",
            sorted({claim for (claim, _), one in register.expected.items() if name in one.divergences}),
        )
    elif name in stated:
        about, named = "requirement", stated[name]
    else:
        raise _unknown(name, [*items, *claims, *register.divergences, *stated])
    verdicts = _verdicts([one for one in named if one in claims], claims, record, policies, run)
    if about == "divergence":
        verdicts = [one for one in verdicts if any(entry.id == name for entry in one.divergences)]
        named = list(dict.fromkeys(one.claim for one in verdicts))
    by = {name} if about == "divergence" else {entry.id for one in verdicts for entry in one.divergences}
    tests = tuple(record.tests(item)) if record is not None and item is not None else ()
    return Explanation(
        id=name,
        about=about,
        record=None if record is None else record.file,
        item=item,
        why=tuple(_why(item, verdicts, tests)) if item is not None else (),
        claims={one: claims[one] for one in named if one in claims},
        named=tuple(named),
        needed_by=_naming(name, items.values()) if about == "claim" else (),
        verdicts=tuple(verdicts),
        tests=tests,
        described={one: register.divergences[one] for one in sorted(by) if one in register.divergences},
        found_by_people=() if record is None or item is None else tuple(record.verifications(name)),
    )


def _unknown(name: str, known: Iterable[str]) -> InputError:
    near = difflib.get_close_matches(name, sorted(set(known)), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    expected = "the tag of a requirement (in a record, or that a claim confirms), a claim, or a divergence"
    return InputError("command line", None, f"the id {name!r}", f"{expected}{hint}")


def _verdicts(
    named: Sequence[str], claims: Mapping[str, Claim], record: Record | None, policies: Sequence[str], run: Run
) -> list[Verdict]:
    """The verdicts on claims: those of the record, and for claims that it does not know, kept ones or by running."""
    found = [] if record is None else record.verdicts(named)
    missing = [name for name in named if not any(one.claim == name for one in found)]
    found += run(missing) if missing else []
    wanted = [one for one in found if not policies or one.policy is None or one.policy in policies]
    return sorted(wanted, key=lambda one: (one.claim, one.policy or ""))


def _naming(claim: str, items: Iterable[Json]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((item["id"], item["result"]) for item in items if claim in item["confirmed_by"]))


def _why(item: Json, verdicts: Sequence[Verdict], tests: Sequence[Json]) -> Iterator[str]:
    """What makes a requirement not green: each verdict that counts, each test, and what is missing."""
    if item["result"] == Result.PASSED:
        return
    counting = {(one["claim"], one["policy"]) for one in item["verdicts"]}
    bad = [one for one in verdicts if (one.claim, one.policy) in counting and one.kind is not VerdictKind.CONFIRMED]
    order = list(Result)
    for verdict in sorted(bad, key=lambda one: order.index(RESULT_OF_VERDICT[one.kind])):
        under = f" under {verdict.policy}" if verdict.policy else ""
        yield f"claim {verdict.claim}{under}: {verdict.kind}: {verdict.reason or 'no reason is given'}"
    for claim in item["confirmed_by"]:
        if all(one["claim"] != claim for one in item["verdicts"]):
            yield f"there is no verdict on the claim {claim}"
    yield from _why_of_tests(item, tests)
    for method in item["methods"]:
        if method["method"] not in (MODEL, TEST) and method["result"] != Result.PASSED:
            yield f"{method['method']}: {method['result']}"
    if item["result"] == Result.NONE:
        yield "nothing is linked that could check it"


def _why_of_tests(item: Json, tests: Sequence[Json]) -> Iterator[str]:
    """What of its tests makes a requirement not green."""
    for case in tests:
        if case["outcome"] != Outcome.PASSED:
            yield f"the test {case['id']} {_did(case)}"
        elif case["stale"]:
            yield f"the test {case['id']} passed, which does not count: {case['stale']}"
    if item["test"] == Result.NOT_RUN and not tests:
        yield "it needs a test, and no test verifies it"
    if item["test"] == Result.PARTIAL:
        yield "tests verify a part of it only"
    if item["test"] == Result.NOT_RUN and any(case["outcome"] == Outcome.PASSED for case in tests):
        yield WAITING


def _did(case: Json) -> str:
    """What a case did, and why it did not run."""
    words = _DID[Outcome(case["outcome"])]
    if case["outcome"] not in _IDLE:
        return words
    return f"{words}: {UNREADABLE if case['unreadable'] else case['message'] or NO_REASON}"


_IDLE = (Outcome.NOT_RUN, Outcome.SKIPPED)
_DID = {
    Outcome.FAILED: "failed",
    Outcome.ERROR: "broke",
    Outcome.NOT_RUN: "was not run",
    Outcome.SKIPPED: "was skipped",
    Outcome.PASSED: "passed",
}
