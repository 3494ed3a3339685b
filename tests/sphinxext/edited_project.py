"""A small project with something of everything, and the edits that are made in it at random."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from test_pages import report
from tests_support import verdict

from sphinx_xenfusa.explore.verdict import Scope, Verdict, VerdictKind

TYPES = ("XenProd", "XenArch", "XenSwdgn")
KINDS = ("rule", "prohibition", "permission", "hazard", "assumption")
CLAIMS = ("hwdom_single", "hwdom_unprivileged", "users_own")
VERDICTS = (VerdictKind.CONFIRMED, VerdictKind.REFUTED, VerdictKind.DIVERGES, VerdictKind.INCONCLUSIVE)
OUTCOMES = ("", "", "<failure>no</failure>", "<skipped>later</skipped>", "<error>broken</error>")
WORDS = ("Xen shall stop.", "Xen shall count.", "Xen shall never map.", "A DomU cannot *write*.", "See ``this``.")
UPSTREAM = """\
Upstream
========

There can only be one Hardware Domain. A DomU cannot map. It must stop.

Xen shall run.
"""
VIEWS = """\
Views
=====

{banner}

.. xen:summary::

.. xen:dashboard::

.. xen:matrix::
   :columns: kind, policies, tests, inherited, state, place

.. xen:matrix::
   :path: XenProd, XenArch, claim, test

.. xen:matrix::
   :rows: XenArch
   :across: XenProd

.. xen:register:: findings, gaps, suspects, exclusions, assumptions, skipped, anomalies, divergences

.. xen:graph:: {tag}

.. xen:diff::

.. xen:tests::

.. xen:tests::
   :list: unreadable, stale, unknown, unlinked, only-failing, never-came, skipped, flaky, partially-linked

.. xen:test-runs::

.. xen:unclaimed::

.. xen:about::
"""
PLATFORM = """\
Platform
========

.. xen:platform:: A platform
   :id: own
   :file: platform.yaml
{expected}
.. xen:scenario:: It asks for it

   platform: own
   steps:
     - {{who: hw, does: SCHEDOP_shutdown, with: poweroff, expect: {outcome}}}
"""
DOMAINS = "domains:\n  - {{name: hw, roles: [hardware], criticality: unsafe}}\n  - {{name: {name}, criticality: {criticality}}}\n"
IN_PLACE = """\
In place
========

First
-----

`{tag}`

Description:
{text}

Rationale: None.

Covers:
 - `{covered}`

Needs:
 - XenSwdgn
"""
NEEDS = """\
Needs
=====

.. needtable::
   :columns: id,title,xen_state,xen_uncovered,xen_covers_back
   :filter: type.startswith('xen_')
   :style: table

.. needlist::

"""
LINKS = """\
Links
=====

:xen:req:`XenProd~r0~1` and :any:`XenArch~r1~1`, of which :xen:verdict:`{tag} is confirmed <{tag}>`.
"""


@dataclass
class Statement:
    """A requirement of the project."""

    type: str
    page: str
    kind: str
    title: str
    text: str
    covers: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    revision: int = 1


@dataclass
class Project:
    """What the files of the project are made from."""

    statements: dict[str, Statement]
    pages: list[str] = field(default_factory=lambda: ["pa", "pb", "sub/pc"])
    titles: dict[str, str] = field(default_factory=dict)
    tests: dict[str, tuple[str, str]] = field(default_factory=dict)
    verdicts: dict[tuple[str, str | None], VerdictKind] = field(default_factory=dict)
    says: str = "It holds."
    files: dict[str, str] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    asked: str = "XenArch~r1~1"
    in_place: Statement = field(default_factory=lambda: Statement("XenArch", "oft", "", "", WORDS[0], ["XenProd~r0~1"]))
    expected: str = "   :expect: compatible\n"
    outcome: str = "allowed"
    banner: str = "Nothing."
    views: bool = True
    run_commit: str = ""
    commits: int = 0
    commit_wanted: bool = False

    def tag(self, name: str) -> str:
        """The tag of a requirement."""
        one = self.statements[name]
        return f"{one.type}~{name}~{one.revision}"

    def tags(self) -> list[str]:
        """All tags, and one that nothing has."""
        return [*map(self.tag, self.statements), "XenArch~nowhere~1"]

    def rendered(self) -> dict[str, str]:
        """All files of the project by name."""
        pages = {page: self._page(page) for page in self.pages}
        docs = [*(["views"] if self.views else []), *self.pages, "needs", "links", "platform", "oft", "upstream"]
        toc = "".join(f"   {name}\n" for name in docs)
        pages["index"] = f"Index\n=====\n\n.. toctree::\n   :maxdepth: 2\n\n{toc}"
        pages |= {"needs": NEEDS, "links": LINKS.format(tag=self.asked), "upstream": UPSTREAM}
        pages["platform"] = PLATFORM.format(expected=self.expected, outcome=self.outcome)
        told = self.in_place
        pages["oft"] = IN_PLACE.format(tag=f"XenArch~oft~{told.revision}", text=told.text, covered=told.covers[0])
        if self.views:
            pages["views"] = VIEWS.format(banner=self.banner, tag=self.asked)
        cases = [(name, tag, outcome) for name, (tag, outcome) in self.tests.items()]
        written = report(*cases)
        digest = hashlib.sha256(written.encode()).hexdigest()
        run = ["version: 1", "exit_code: 0"]
        run += [f'commit: "{self.run_commit}"'] if self.run_commit else []
        run += ["reports:", "- file: r.xml", f'  sha256: "{digest}"', ""]
        return {f"{name}.rst": text for name, text in pages.items()} | {
            "r.xml": written,
            "run.yaml": "\n".join(run),
            **self.files,
        }

    def _page(self, page: str) -> str:
        title = self.titles.get(page, f"Page {page}")
        made = [f"{title}\n{'=' * len(title)}\n"]
        for name, one in self.statements.items():
            if one.page == page:
                made.append(_directive(self.tag(name), one))
        return "\n".join(made)

    def stated(self) -> tuple[Verdict, ...]:
        """The verdicts of a confirmation that ran."""
        return tuple(verdict(claim, policy, kind) for (claim, policy), kind in sorted(self.verdicts.items(), key=str))


def _directive(tag: str, one: Statement) -> str:
    lines = [f".. xen:req:: {one.title}", f"   :id: {tag}", f"   :kind: {one.kind}"]
    lines += [f"   :{name}: {', '.join(told)}" for name, told in (("covers", one.covers), ("needs", one.needs)) if told]
    lines += [f"   :confirmed-by: {', '.join(one.claims)}"] if one.claims else []
    return "\n".join([*lines, "", f"   {one.text}", ""])


@dataclass(frozen=True)
class UsersClaim:
    """A claim of a package of a user's own."""

    says: str
    id: str = "users_own"
    statements: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    scope: Scope = field(default_factory=lambda: Scope("U", "all numbers", 3, 3, ()))
    sources: tuple[Path, ...] = ()

    def run(self, *_: object, **__: object) -> Verdict:
        """Never asked: the test states the verdicts."""
        raise AssertionError


SETTINGS: dict[str, object] = {
    "xenfusa_test_reports": ["r.xml"],
    "xenfusa_test_runs": ["run.yaml"],
    "xenfusa_test_map": ["map.yaml"],
    "xenfusa_expected_tests": ["expected.yaml"],
    "xenfusa_overlays": ["overlay.yaml"],
    "xenfusa_unclaimed": ["upstream.rst"],
    "xenfusa_oft": ["oft.rst"],
    "xenfusa_trace_policy": "policy.yaml",
    "xenfusa_justifications": "justified.yaml",
    "xenfusa_today": "2026-11-22",
    "xenfusa_baseline": "baseline.json",
    "xenfusa_accepted": "accepted.yaml",
    "xenfusa_divergences": "register.yaml",
    "needs_build_json": True,
}
FILES = {
    "map.yaml": "links:\n  - tests: t::t1\n    verifies: XenArch~r1~1\n",
    "expected.yaml": "expected:\n  - tests: [t::t0, t::never]\n",
    "overlay.yaml": "document: upstream.rst\nrequirements:\n  - {id: XenArch~o1~1, kind: rule, title: One, "
    'confirmed-by: hwdom_single, quote: "There can only be one Hardware Domain."}\n',
    "policy.yaml": "demands:\n  - name: design\n    type: XenArch\n    needs: XenSwdgn\n",
    "platform.yaml": DOMAINS.format(name="brake", criticality="safe"),
    "justified.yaml": "justifications:\n  - id: XenArch~r1~1\n    reason: Elsewhere\n    owner: me\n    expires: 2027-01-01\n",
}
"""What the project has besides its pages; register, acceptances and baseline come from a build of it."""


def project() -> Project:
    """The project before any edit."""
    statements = {
        "r0": Statement("XenProd", "pa", "rule", "Zero", WORDS[0], needs=["XenArch"]),
        "r1": Statement("XenArch", "pa", "rule", "One", WORDS[1], ["XenProd~r0~1"], ["XenTest"], ["hwdom_single"]),
        "r2": Statement("XenArch", "pb", "prohibition", "Two", WORDS[2], ["XenProd~r0~1"], ["XenSwdgn"], ["users_own"]),
        "r3": Statement("XenSwdgn", "sub/pc", "rule", "Three", WORDS[3], ["XenArch~r2~1"], [], ["hwdom_unprivileged"]),
    }
    return Project(
        statements,
        tests={
            "t0": ("XenArch~r1~1", ""),
            "t1": ("XenSwdgn~r3~1", ""),
            "t2": ("XenArch~r2~1", "<failure>no</failure>"),
        },
        verdicts={
            ("hwdom_single", None): VerdictKind.CONFIRMED,
            ("hwdom_unprivileged", "specification"): VerdictKind.CONFIRMED,
            ("hwdom_unprivileged", "dummy"): VerdictKind.DIVERGES,
            ("users_own", None): VerdictKind.CONFIRMED,
        },
        files=dict(FILES),
        settings=dict(SETTINGS),
    )


# --- edits --------------------------------------------------------------------------------------------------------------

Edit = Callable[[Project, Random], None]
EDITS: dict[str, Edit] = {}


def _edit(change: Edit) -> Edit:
    EDITS[change.__name__] = change
    return change


def _one(project: Project, random: Random) -> Statement:
    return project.statements[random.choice(list(project.statements))]


@_edit
def add_a_requirement(project: Project, random: Random) -> None:
    """A new one, on some page, that covers some other."""
    name = f"n{random.randrange(4)}"
    target = random.choice(project.tags())
    made = Statement(random.choice(TYPES), random.choice(project.pages), "rule", "New", random.choice(WORDS), [target])
    project.statements[name] = made


@_edit
def change_text(project: Project, random: Random) -> None:
    """The text, or the title."""
    one = _one(project, random)
    one.text = random.choice(WORDS)
    one.title = random.choice((one.title, "Other title", "A *title*"))


@_edit
def change_kind(project: Project, random: Random) -> None:
    """The kind."""
    _one(project, random).kind = random.choice(KINDS)


@_edit
def change_covers(project: Project, random: Random) -> None:
    """What it covers: nothing, something, something that is not there, itself."""
    tags = project.tags()
    _one(project, random).covers = sorted(random.sample(tags, random.randrange(3)))


@_edit
def change_needs(project: Project, random: Random) -> None:
    """What must cover it."""
    _one(project, random).needs = sorted(random.sample(("XenArch", "XenSwdgn", "XenTest"), random.randrange(3)))


@_edit
def change_claims(project: Project, random: Random) -> None:
    """What confirms it."""
    _one(project, random).claims = sorted(random.sample((*CLAIMS, "no_such_claim"), random.randrange(3)))


@_edit
def move_a_requirement(project: Project, random: Random) -> None:
    """To some page."""
    _one(project, random).page = random.choice(project.pages)


@_edit
def delete_a_requirement(project: Project, random: Random) -> None:
    """Away."""
    if len(project.statements) > 2:
        del project.statements[random.choice(list(project.statements))]


@_edit
def rename_a_requirement(project: Project, random: Random) -> None:
    """Another name, revision or type; perhaps one that there is already."""
    name = random.choice(list(project.statements))
    one = project.statements.pop(name)
    one.revision = random.choice((1, 2))
    one.type = random.choice((one.type, *TYPES))
    project.statements[random.choice((name, f"m{random.randrange(3)}"))] = one


@_edit
def reorder_requirements(project: Project, random: Random) -> None:
    """Others stand above."""
    order = list(project.statements.items())
    random.shuffle(order)
    project.statements = dict(order)


@_edit
def edit_the_report(project: Project, random: Random) -> None:
    """A test more, one less, another outcome or another requirement."""
    name = f"t{random.randrange(5)}"
    if name in project.tests and random.random() < 0.3:
        del project.tests[name]
    else:
        project.tests[name] = random.choice(project.tags()), random.choice(OUTCOMES)


@_edit
def edit_the_test_map(project: Project, random: Random) -> None:
    """Another test or another requirement."""
    tests, tag = f"t::t{random.randrange(5)}", random.choice(project.tags())
    project.files["map.yaml"] = f"links:\n  - tests: {tests}\n    verifies: {tag}\n"


@_edit
def edit_the_expected_tests(project: Project, random: Random) -> None:
    """Others must run."""
    project.files["expected.yaml"] = f"expected:\n  - tests: [t::t{random.randrange(5)}]\n"


@_edit
def edit_the_run(project: Project, random: Random) -> None:
    """Of another commit, or of none that is known."""
    project.run_commit = random.choice(("", "0123456789abcdef", "fedcba9876543210"))


@_edit
def edit_a_verdict(project: Project, random: Random) -> None:
    """A claim comes out differently."""
    key = random.choice(sorted(project.verdicts, key=str))
    project.verdicts[key] = random.choice(VERDICTS)


@_edit
def edit_a_users_claim(project: Project, random: Random) -> None:
    """It says something else."""
    project.says = random.choice(("It holds.", "It always holds.", "It <never> fails."))


@_edit
def edit_the_tracing_policy(project: Project, random: Random) -> None:
    """It asks for more or less."""
    least = random.choice((0, 50, 100))
    wanted = random.choice(("XenSwdgn", "model or test", "test"))
    project.files["policy.yaml"] = (
        f"demands:\n  - name: design\n    type: XenArch\n    needs: {wanted}\n    at_least: {least}\n"
    )


@_edit
def edit_justifications(project: Project, random: Random) -> None:
    """Another item, or one that has expired."""
    day = random.choice(("2027-01-01", "2026-01-01"))
    project.files["justified.yaml"] = (
        f"justifications:\n  - id: {random.choice(project.tags())}\n    reason: So\n    owner: me\n    expires: {day}\n"
    )


@_edit
def edit_the_overlay(project: Project, random: Random) -> None:
    """Another sentence, two, or one that is not there."""
    quotes = ("There can only be one Hardware Domain.", "A DomU cannot map.", "It must stop.", "Not there.")
    entries = "".join(
        f'  - {{id: XenArch~o{number}~1, kind: {random.choice(KINDS[:2])}, title: On it, quote: "{quote}"}}\n'
        for number, quote in enumerate(random.sample(quotes, random.randrange(1, 3)))
    )
    project.files["overlay.yaml"] = f"document: upstream.rst\nrequirements:\n{entries}"


@_edit
def edit_the_register(project: Project, random: Random) -> None:
    """The words of a divergence."""
    text = project.files["register.yaml"].replace("    document: Reviewed anew. ", "    document: ")
    if random.random() < 0.7:
        text = text.replace("    document: ", "    document: Reviewed anew. ", 1)
    project.files["register.yaml"] = text


@_edit
def edit_the_baseline(project: Project, random: Random) -> None:
    """That of another state of the project, or no file at all."""
    name = random.choice(("first.json", "second.json"))
    project.files["baseline.json"] = project.files[name]


@_edit
def edit_the_acceptances(project: Project, random: Random) -> None:
    """Some of them are gone, or all are there again."""
    project.files["accepted.yaml"] = random.choice((project.files["accepted.all"], project.files["accepted.none"]))


@_edit
def change_a_setting(project: Project, random: Random) -> None:
    """One of those that pages depend on."""
    name, values = random.choice(
        (
            ("xenfusa_policy", ("dummy", "specification")),
            ("xenfusa_test_needs", (True, False)),
            ("xenfusa_require_provenance", (True, False)),
            ("xenfusa_overlays", (["overlay.yaml"], [])),
            ("xenfusa_test_map", (["map.yaml"], [])),
            ("xenfusa_trace_policy", ("policy.yaml", "")),
            ("xenfusa_baseline", ("baseline.json", "")),
            ("xenfusa_exports", (["metrics"], [], ["metrics", "junit"])),
            ("xenfusa_style", ("", "xen")),
            ("xenfusa_today", ("2026-11-22", "2027-06-01")),
            ("xenfusa_commit", ("", "0123456789abcdef")),
            ("version", ("1", "2")),
            ("html_title", ("T 1", "T 2")),
        )
    )
    project.settings[name] = random.choice(values)


@_edit
def change_the_toctree(project: Project, random: Random) -> None:
    """Another order."""
    random.shuffle(project.pages)


@_edit
def rename_a_page(project: Project, random: Random) -> None:
    """Another title, or another name."""
    number = random.randrange(len(project.pages))
    page = project.pages[number]
    if random.random() < 0.5:
        project.titles[page] = random.choice(("First", "Second"))
        return
    other = random.choice(("pa", "pb", "sub/pc", "pd", "sub/index"))
    if other not in project.pages:
        project.pages[number] = other
        for one in project.statements.values():
            one.page = other if one.page == page else one.page


@_edit
def take_the_views_away(project: Project, random: Random) -> None:
    """Or put them back, or write something else above them."""
    project.views = not project.views if random.random() < 0.4 else project.views
    project.banner = random.choice(("Nothing.", "Something."))


@_edit
def ask_for_another_verdict(project: Project, random: Random) -> None:
    """In a sentence."""
    project.asked = random.choice(project.tags())


@_edit
def edit_an_item_in_place(project: Project, random: Random) -> None:
    """Its text, revision, or what it covers."""
    one = project.in_place
    one.text, one.revision, one.covers = random.choice(WORDS), random.choice((1, 2)), [random.choice(project.tags())]


@_edit
def edit_the_platform(project: Project, random: Random) -> None:
    """Another name or criticality of a domain, or what can't be read; another expectation."""
    criticality = random.choice(("safe", "unsafe", "unknown"))
    project.files["platform.yaml"] = DOMAINS.format(name=random.choice(("brake", "music")), criticality=criticality)
    project.expected = random.choice(("", "   :expect: compatible\n"))
    project.outcome = random.choice(("allowed", "denied"))


@_edit
def commit(project: Project, random: Random) -> None:
    """To git, whatever has changed."""
    project.commit_wanted = True


def write(made: Project, folder: Path) -> None:
    """Bring the files in a folder to what the project is now; what stays as it is, is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = made.rendered()
    for path in sorted(folder.rglob("*.rst")):
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    if made.commit_wanted:
        made.commit_wanted = False
        made.commits += 1
        _commit(folder, f"2026-11-{made.commits % 20 + 1:02}T00:00:00Z")


def _commit(folder: Path, when: str) -> None:
    who = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = os.environ | who | {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    git = [str(shutil.which("git")), "-c", "commit.gpgsign=false"]
    if not (folder / ".git").is_dir():
        subprocess.run([*git, "init", "-q", "-b", "main"], cwd=folder, env=environment, check=True)
        (folder / ".gitignore").write_text(".xenfusa\n")
    for words in (["add", "-A"], ["commit", "-q", "-m", "x", "--allow-empty"]):
        subprocess.run([*git, *words], cwd=folder, env=environment, check=True)
