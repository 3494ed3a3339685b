"""The trace record: one immutable object from which every page, table and export is written.

Contracts: ``trace/schema.json`` (version 2) is the published form of :meth:`TraceRecord.to_json`.  Everything in the record
is sorted, so that the order of files, processes and hash seeds does not show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import NamedTuple, Protocol

from sphinx_xenfusa.explore.survivors import Mutants
from sphinx_xenfusa.explore.verdict import Verdict
from sphinx_xenfusa.trace.states import (
    INCOMING,
    Coverage,
    IncomingStatus,
    ItemKind,
    LinkStatus,
    OftStatus,
    Outcome,
    Result,
)

SCHEMA_VERSION = 2

TAG = re.compile(r"(?P<type>[A-Za-z]+)~(?P<name>[^\W_][\w.-]*)~(?P<revision>0|[1-9][0-9]{0,9})")
"""OpenFastTrace's ``type~name~revision``: ASCII letters; letters, digits, ``_``, ``-``, ``.``; a number."""

_MOST_SHOWN = 100
"""How many characters a message repeats of a text that should be a tag and is none."""


class Tag(NamedTuple):
    """An OpenFastTrace id, ``type~name~revision``; a tuple, because it is the key wherever items are looked up."""

    type: str
    name: str
    revision: int

    @classmethod
    def parse(cls, text: str) -> Tag:
        """Read a tag.

        :raises ValueError: saying what is wrong with it.
        """
        match = TAG.fullmatch(text)
        if match is None:
            raise ValueError(
                f"found the tag {_short(text)!r}; expected type~name~revision, as in XenArch~hwdom_single~1"
            )
        revision = int(match["revision"])
        if revision < 1 or revision > 2**31 - 1:
            raise ValueError(
                f"found revision {revision} in {_short(text)!r}; expected a revision from 1 to {2**31 - 1}"
            )
        return cls(match["type"], match["name"], revision)

    def __str__(self) -> str:
        return f"{self.type}~{self.name}~{self.revision}"


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: a file (relative to the project, with ``/``) and a 1-based line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def __reduce__(self) -> tuple[type[Place], tuple[str, int]]:
        """For pickling, which Python does field by field for a frozen class with slots: Sphinx keeps one for each item."""
        return Place, (self.file, self.line)


@dataclass(frozen=True, slots=True)
class TypedFields:
    """What a requirement says of whom and what it is about, in words of the vocabulary; each empty if it does not say so.

    :param role: the roles.
    :param privilege: the privilege levels.
    :param operation: the operations, or groups of them.
    :param target: what the operations act on.
    :param restricts: what about platforms is restricted.
    :param dropped: field and reason of each that the author wrote and that is left out; each is a finding too.
    """

    role: tuple[str, ...] = ()
    privilege: tuple[str, ...] = ()
    operation: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    restricts: tuple[str, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()

    def words(self, name: str) -> tuple[str, ...]:
        """The words of the field of that name."""
        words: tuple[str, ...] = getattr(self, name)
        return words

    def __reduce__(self) -> tuple[type[TypedFields], tuple[object, ...]]:
        """For pickling, as of a place."""
        return TypedFields, _values_of_fields(self)


NO_FIELDS = TypedFields()
"""Of a requirement that says nothing of them."""


@dataclass(frozen=True, slots=True)
class Item:
    """A requirement, wherever it was written.

    :param tag: its id.
    :param kind: what kind of statement it is; ``None`` for items of trees that know no kinds (Xen's own).
    :param text: the statement, as plain text.
    :param place: where it stands.
    :param origin: the item source that read it: ``directive``, ``oft``, ``overlay``, ``source`` (a tag in source code),
        ``specobject``, ``aspec`` or ``reqif``.
    :param covers: the tags that it covers, as written (they may be malformed or unknown: the linker says so).
    :param needs: the item types that must cover it.
    :param depends: the tags that it depends on, as written: OpenFastTrace keeps them and draws no conclusion, nor do we.
    :param labels: OpenFastTrace's free ``Tags``.
    :param forwards: whether it only hands the need of what it covers to another type (OpenFastTrace's forwarding).
    :param level: the integrity level that the item says it has, such as ``ASIL B``; empty if it does not say so.
    :param confirmed_by: the claims that confirm it.
    :param owner: of an assumption: who has to ensure it; empty for every other kind.
    :param discharge: of an assumption: by what evidence it is shown to be ensured; empty for every other kind.
    :param fields: whom and what it is about, in words of the vocabulary.
    """

    tag: Tag
    title: str
    text: str
    place: Place
    origin: str
    kind: ItemKind | None = None
    rationale: str = ""
    comment: str = ""
    source: str = ""
    covers: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    forwards: bool = False
    level: str = ""
    confirmed_by: tuple[str, ...] = ()
    oft_status: OftStatus = OftStatus.APPROVED
    owner: str = ""
    discharge: str = ""
    fields: TypedFields = NO_FIELDS

    def __reduce__(self) -> tuple[type[Item], tuple[object, ...]]:
        """For pickling, as of a place."""
        return Item, _values_of_item(self)


_values_of_item: Callable[[Item], tuple[object, ...]] = attrgetter(*(one.name for one in fields(Item)))
_values_of_fields: Callable[[TypedFields], tuple[object, ...]] = attrgetter(*(one.name for one in fields(TypedFields)))


class ItemSource(Protocol):
    """What reads items from somewhere: our directives, OpenFastTrace tags in rst, overlays."""

    def items(self) -> Iterable[Item]:
        """The items in the order in which they stand.

        :raises InputError: the source cannot be read.
        """
        ...

    def findings(self) -> Iterable[Finding]:
        """What is wrong in the source, without ending the reading of the rest."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that a reader has to know, with a place and a type from the closed table of the docs.

    :param subtype: the part after ``xenfusa.`` of the warning type.
    :param place: where; ``None`` only where no file is concerned.
    :param about: the tag or claim concerned, or an empty string.
    """

    subtype: str
    place: Place | None
    about: str
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Suppressed:
    """A finding that a stated reason keeps from counting; it is shown all the same.

    :param subtype: as of a finding, and so the next three.
    :param reason: why it does not count.
    :param suppressed_at: where the reason stands.
    """

    subtype: str
    place: Place
    about: str
    message: str
    reason: str
    suppressed_at: Place


@dataclass(frozen=True, slots=True, order=True)
class TestMethod:
    """How a test verifies, in the words of its author; each empty where nobody says so.

    :param level: such as unit, integration or system.
    :param type: what kind of test it is, such as ``fault-injection`` (ISO 26262-6, table 7; S-CORE's ``TestType``).
    :param technique: how its cases were derived, such as ``boundary-values`` (ISO 26262-6, table 8; S-CORE's
        ``DerivationTechnique``).
    :param independence: of its author from that of what is tested, such as ``I2``.
    """

    level: str = ""
    type: str = ""
    technique: str = ""
    independence: str = ""


@dataclass(frozen=True, slots=True, order=True)
class LinkOrigin:
    """Where it is written that a test verifies an item, if that is not in the report.

    :param tag: as written.
    :param origin: ``map`` (a map of test names) or ``source`` (a tag in the test's source).
    """

    tag: str
    origin: str
    place: Place


@dataclass(frozen=True, slots=True, order=True)
class TestCase:
    """One case of a test report.

    How long it took is left out: that differs from run to run, and the record does not.

    :param outcome: passed only if the report says that it ran and passed.
    :param verifies: the tags that it verifies as a whole, as written in the report.
    :param partially_verifies: the tags of which it verifies a part.
    :param message: failure, error or skip message, plain text.
    :param target: what it ran on, as the report says: a board, a platform; empty where the report does not say.
    :param output: what the test wrote, plain text, cut at a limit.
    :param properties: further names and values that the report gives the case.
    :param place: where the test stands, ``file`` or ``file:line``, as the report says.
    :param attempts: the outcome of every attempt in its order, where it was tried more than once.
    :param method: how it verifies.
    :param origins: where its links are written that the report does not have, sorted.
    """

    report: str
    classname: str
    name: str
    outcome: Outcome
    verifies: tuple[str, ...] = ()
    partially_verifies: tuple[str, ...] = ()
    message: str = ""
    target: str = ""
    output: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    place: str = ""
    attempts: tuple[Outcome, ...] = ()
    method: TestMethod = TestMethod()
    origins: tuple[LinkOrigin, ...] = ()

    @property
    def id(self) -> str:
        """``classname::name``, or the name alone where there is no classname."""
        return f"{self.classname}::{self.name}" if self.classname else self.name

    @property
    def flaky(self) -> bool:
        """Whether its attempts had different outcomes."""
        return len(set(self.attempts)) > 1


@dataclass(frozen=True, slots=True, order=True)
class TestReport:
    """A test report that was read, or could not be.

    :param file: relative to the project.
    :param sha256: of its bytes; empty when they could not be read.
    :param error: why nothing in it counts; empty for a good report.
    :param dialect: the name of the dialect that it was read as; empty when none was recognised.
    :param tool: what wrote it, with its version where the report says.
    :param target: what its tests ran on, where the report says so of all of them.
    :param time: when the tests ran, as the report says it.
    :param commit: the revision of what was tested, as the report says it.
    :param stale: why its passes do not count: it tells of another revision, or of one that nobody knows; empty if they do.
    :param run: the name of the run that wrote it; empty where none is on record.
    :param judged: by what it was judged whether its results are of the documented texts, or why that was not judged.
    :param stale_for: the tags of items whose text is not the one that its tests ran with, each with the reason: for these
        its passes do not count either.
    """

    file: str
    sha256: str
    error: str
    cases: tuple[TestCase, ...]
    dialect: str = ""
    tool: str = ""
    target: str = ""
    time: str = ""
    commit: str = ""
    stale: str = ""
    run: str = ""
    judged: str = ""
    stale_for: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class TestRun:
    """A run of tests as its side file describes it.

    :param name: tells it from the other runs of the record.
    :param place: where its description stands.
    :param command: the words of the command; empty where nobody says.
    :param exit_code: the command's own; ``None`` where nobody says.
    :param time: when it began, ISO 8601 in UTC.
    :param ended: when it ended.
    :param interrupted: whether it was ended before it was done.
    :param commit: the revision of what was tested.
    :param dirty: whether the tree had changes that the commit has not; ``None`` where nobody says.
    :param target: what the tests ran on.
    :param tools: name and version of each tool.
    :param environment: name and value of what else may matter.
    :param reports: file and SHA-256 of each report that it wrote.
    """

    name: str
    place: Place
    command: tuple[str, ...] = ()
    exit_code: int | None = None
    time: str = ""
    commit: str = ""
    dirty: bool | None = None
    target: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    reports: tuple[tuple[str, str], ...] = ()
    ended: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Documented:
    """The revision that the record is about; test reports of another one are stale.

    :param commit: the full hash, or what the configuration says; empty where it is not known.
    :param dirty: whether tracked files differ from it; ``None`` where that is not known.
    :param why: why the commit is not known; empty if it is.
    """

    commit: str = ""
    dirty: bool | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, order=True)
class TargetOutcome:
    """What became of a test on one target, over all reports.

    :param target: empty where no report says.
    :param outcome: the worst.
    :param flaky: whether its attempts, or its reports, differ in their outcomes.
    :param stale: why it does not count as fresh; empty if it does.
    :param reports: the files that tell of it.
    :param reason: the message of the worst outcome.
    """

    target: str
    outcome: Outcome
    flaky: bool
    stale: str
    reports: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Test:
    """A test over all reports that tell of it.

    :param outcome: the worst of all targets.
    :param targets: sorted by target.
    :param verifies: the tags that it verifies as a whole, as written, in whichever report.
    :param partially_verifies: the tags of which it verifies a part.
    """

    classname: str
    name: str
    outcome: Outcome
    targets: tuple[TargetOutcome, ...]
    verifies: tuple[str, ...] = ()
    partially_verifies: tuple[str, ...] = ()
    method: TestMethod = TestMethod()

    @property
    def id(self) -> str:
        """As of a case."""
        return f"{self.classname}::{self.name}" if self.classname else self.name

    @property
    def flaky(self) -> bool:
        """Whether it is flaky on some target."""
        return any(one.flaky for one in self.targets)


@dataclass(frozen=True, slots=True, order=True)
class ExpectedTest:
    """A line of the manifest of what must run.

    :param pattern: of test names.
    :param target: on which they must run; empty for any.
    :param came: how many tests came.
    """

    pattern: str
    target: str
    place: Place
    came: int


@dataclass(frozen=True, slots=True, order=True)
class TargetResult:
    """What an item's tests on one target amount to."""

    target: str
    result: Result


@dataclass(frozen=True, slots=True, order=True)
class MethodResult:
    """What one method of verification amounts to for an item.

    :param method: ``model``, ``test``, ``analysis``, ``inspection`` or ``review of design``.
    """

    method: str
    result: Result


@dataclass(frozen=True, slots=True)
class Link:
    """A link from an item, claim or test to an item.

    :param source: tag, claim id or test id.
    :param type: ``covers``, ``confirms``, ``verifies`` or ``partially verifies``.
    :param target: the tag as written.
    :param accepted: the fingerprint of the target against which somebody accepted the link; empty if nobody did.
    :param also: what else holds for the same link: OpenFastTrace reports an outdated or predated link as orphaned as
        well, and one between two revisions as both.  It stays one link in every number.
    """

    source: str
    type: str
    target: str
    status: LinkStatus
    accepted: str = ""
    also: tuple[LinkStatus, ...] = ()

    @property
    def incoming(self) -> IncomingStatus | None:
        """What the link is for the item that is covered; ``None`` where there is none, and for claims and tests."""
        return INCOMING.get(self.status) if self.type == "covers" else None


@dataclass(frozen=True, slots=True)
class TracedItem:
    """An item with everything that the record knows of it.

    :param fingerprint: SHA-256 over the normalised text and the fields that matter.
    :param verdicts: of its claims under the policies that count (the document's and the target), worst first.
    :param other_verdicts: of its claims under all other policies, worst first; they are shown and do not count.
    :param tests: the cases that verify it in this revision.
    :param partial_tests: those that verify a part of it.
    :param uncovered: the types that it needs and lacks.
    :param model: what its claims amount to; ``None`` without claims.
    :param test: what its tests amount to; ``None`` when it has none and asks for none.
    :param result: its own state.
    :param inherited: the worst state of all that it rests on, directly or not; ``None`` when it rests on nothing.
    :param inherited_path: how that worst piece is reached: tags, then the claim, test or needed type; empty without one.
    :param suspect: the tags whose text changed since a link or a review of this item was accepted, its own included.
    :param duplicates: the other places at which an item with this tag stands; nothing of what stands there counts.
    :param justified: whether a justification that holds excuses what it lacks; it lacks it all the same.
    :param lacks: what the tracing policy asks of it and it lacks, in the policy's words.
    :param targets: what its tests amount to on each target, sorted.
    :param untried: the targets that other tests of the record ran on and none of its own did.
    :param methods: what each method amounts to by which it was verified, or should have been, sorted.
    """

    item: Item
    fingerprint: str
    coverage: Coverage
    uncovered: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    other_verdicts: tuple[Verdict, ...]
    tests: tuple[TestCase, ...]
    partial_tests: tuple[TestCase, ...]
    model: Result | None
    test: Result | None
    result: Result
    inherited: Result | None = None
    inherited_path: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()
    duplicates: tuple[Place, ...] = ()
    justified: bool = False
    lacks: tuple[str, ...] = ()
    targets: tuple[TargetResult, ...] = ()
    untried: tuple[str, ...] = ()
    methods: tuple[MethodResult, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Justification:
    """Why an item may go without something that it needs.  It never counts as covered.

    :param id: the tag of the item, revision included.
    :param owner: who answers for it.
    :param expires: the last day on which it holds, ``YYYY-MM-DD``.
    :param expired: whether that day has passed; then it excuses nothing and is a finding.
    """

    id: str
    reason: str
    owner: str
    expires: str
    expired: bool
    place: Place


@dataclass(frozen=True, slots=True, order=True)
class Tombstone:
    """An id that was retired and is never used again.

    :param name: ``type~name``, without a revision.
    :param reason: why it was retired.
    :param successor: the tag that takes its place, or an empty string.
    """

    name: str
    reason: str
    successor: str
    place: Place


@dataclass(frozen=True, slots=True, order=True)
class Gate:
    """A threshold of the tracing policy or of a matrix, and what was found.

    :param words: what is counted, in words.
    :param counted: how many of the items concerned have what is asked for.
    :param of: how many items are concerned, justified ones included; of none the share is "n/a", never 100 %.
    :param justified: how many of those that lack it are justified; they are not in ``counted``.
    :param excusable: how many justified ones the policy lets pass.
    :param required: the share that is asked for, in percent.
    :param met: whether counted and excused items together are the share; ``None`` when no item is concerned.
    """

    name: str
    words: str
    counted: int
    of: int
    justified: int
    excusable: int
    required: float
    met: bool | None


@dataclass(frozen=True, slots=True, order=True)
class Statement:
    """A normative sentence of a document that no item claims, or that is marked informative with a reason.

    :param reason: why it asks for nothing; empty for a sentence that nobody claims.
    """

    place: Place
    text: str
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class DocumentCoverage:
    """How many of the normative sentences of a document are claimed by items.

    :param normative: how many there are, informative ones included.
    :param claimed: how many of them an item claims.
    """

    file: str
    normative: int
    claimed: int
    informative: tuple[Statement, ...]
    unclaimed: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, order=True)
class Review:
    """An inspection of an item, bound to the text that was inspected.

    :param fingerprint: of the item when it was inspected.
    :param date: ``YYYY-MM-DD``.
    :param answers: question and answer of the inspection checklist.
    :param holds: whether the text is still the one that was inspected, author and reviewer are two persons, and every
        question of the checklist is answered, none with no.
    """

    id: str
    fingerprint: str
    author: str
    reviewer: str
    date: str
    answers: tuple[tuple[str, str], ...]
    holds: bool
    place: Place


@dataclass(frozen=True, slots=True, order=True)
class Verification:
    """What somebody found who verified an item without running anything, bound to the text for which it was found.

    :param method: ``analysis``, ``inspection`` or ``review of design``.
    :param date: ``YYYY-MM-DD``.
    :param result: passed or failed.
    :param fingerprint: of the item when it was verified.
    :param document: what shows it: a report, a chapter, an address.
    :param by: who verified it.
    :param holds: whether the text is still that one.
    """

    id: str
    method: str
    date: str
    result: Outcome
    fingerprint: str
    document: str
    by: str
    holds: bool
    place: Place


@dataclass(frozen=True, slots=True)
class BaselineReference:
    """The baseline that the record is compared with.

    :param file: relative to the project.
    :param sha256: of its bytes.
    """

    name: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, order=True)
class InputFile:
    """A file that the record was made from, as it was when the build began to make it.

    :param kind: what it is, in words: ``document``, ``test report`` and so on.
    :param file: relative to the source folder; of a file outside of the project, its name alone.
    :param sha256: of its bytes; empty when they could not be read.
    :param error: why they could not; empty if they could.
    """

    kind: str
    file: str
    sha256: str
    error: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Tool:
    """A program or library that the record was made with.

    :param role: what it does here, in words.
    :param sha256: over those of its sources that a verdict depends on; empty where none does.
    """

    name: str
    version: str
    role: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, order=True)
class UsedSetting:
    """A setting with the value that was used, each as JSON; a path outside of the project is cut to its name."""

    name: str
    value: str
    default: str


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """Everything that is known, sorted.

    :param policies: the policies under which claims that depend on one were run: the document's, the target, all others.
    :param confirm_mode: ``cache``, ``force`` or ``off``.
    :param mutants: what became of the mutants of the model over all runs; ``None`` when that is not known.
    :param justifications: the justified exclusions, expired ones included.
    :param tombstones: the retired ids.
    :param gates: the thresholds of the tracing policy, then those of matrices.
    :param documents: the documents whose normative sentences were counted.
    :param reviews: the inspections that are on record.
    :param suppressed: the findings that a stated reason keeps from counting.
    :param baseline: the baseline that the record is compared with; ``None`` without one.
    :param verifications: what people found who verified items by analysis, inspection or review of design.
    :param tests: each test over all reports, sorted.
    :param runs: the runs of tests that are on record.
    :param expected: the manifest of what must run.
    :param inputs: the files that it was made from, sorted; empty for a record that no documentation build made.
    :param tools: what it was made with.
    :param settings: how it was made.
    :param documented: the revision that all of this is about.
    """

    project: str
    version: str
    policies: tuple[str, ...]
    target_policy: str
    confirm_mode: str
    items: tuple[TracedItem, ...]
    links: tuple[Link, ...]
    verdicts: tuple[Verdict, ...]
    reports: tuple[TestReport, ...]
    findings: tuple[Finding, ...]
    mutants: Mutants | None = None
    justifications: tuple[Justification, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    gates: tuple[Gate, ...] = ()
    documents: tuple[DocumentCoverage, ...] = ()
    reviews: tuple[Review, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    baseline: BaselineReference | None = None
    verifications: tuple[Verification, ...] = ()
    tests: tuple[Test, ...] = ()
    runs: tuple[TestRun, ...] = ()
    expected: tuple[ExpectedTest, ...] = ()
    documented: Documented = Documented()
    inputs: tuple[InputFile, ...] = ()
    tools: tuple[Tool, ...] = ()
    settings: tuple[UsedSetting, ...] = ()
