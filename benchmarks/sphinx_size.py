"""What a build with Sphinx costs for many items, beside the build of the same items as plain sphinx-needs needs.

The same items and links, with the same titles, options and texts, are written several times: as directives of sphinx-needs alone,
as ``xen:req``, as Xen's documents with their OpenFastTrace tags (read in place).  What has cards or evidence on its pages is
compared with needs that have their cards, what has neither with needs whose cards are switched off.  250 items stand in a file,
12 links are made for 10 items, one item in a hundred has no cover.  Each build is a process of its own, from nothing, in HTML,
with ``needs.json``; the seconds are those of the processor, of the process and its children, because another program at work
makes the clock slower and not the work more.  Then the text of one item is changed and the project built again.  The builds take
turns and the cheapest of each counts.

``--items`` gives the numbers of items, ``--turns`` how often each is built, ``--forms`` which forms, ``--jobs`` in how many
processes Sphinx builds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from _report import say

PER_FILE = 250
CONF = """\
project = "Size"
version = "1"
extensions = ["{extension}"]
html_theme = "alabaster"
needs_build_json = True
needs_reproducible_json = True
{settings}
"""
PLAIN = """\
needs_id_regex = "[A-Za-z]+~[a-z0-9_]+~[0-9]+"
needs_types = [
    {"directive": name, "title": name, "prefix": name, "color": "#ffffff", "style": "node"} for name in ("mkt", "prod", "swdgn")
]
needs_fields = {
    "rationale": {"schema": {"type": "string"}},
    "comment": {"schema": {"type": "string"}},
    "needs": {"schema": {"type": "array", "items": {"type": "string"}}},
}
needs_links = {"covers": {"outgoing": "covers", "incoming": "is covered by"}}
"""
OURS = 'xenfusa_confirm = "off"\n'
IN_PLACE = OURS + 'xenfusa_oft = ["reqs/**.rst"]\n'


@dataclass(frozen=True)
class Written:
    """An item of the tree, whatever the form."""

    number: int
    type: str
    covers: tuple[str, ...]
    needs: str

    @property
    def tag(self) -> str:
        return f"{self.type}~item_{self.number}~1"

    @property
    def text(self) -> str:
        return f"Xen shall do what item {self.number} says,\nfor every domain and on every processor."


def tree(items: int) -> Iterator[Written]:
    """A tenth market, three tenths product, the rest design requirements; 12 links for 10 items."""
    market, product = items // 10, 4 * items // 10
    for number in range(items):
        if number < market:
            yield Written(number, "XenMkt", (), "XenProd")
        elif number < product:
            yield Written(number, "XenProd", tuple(_covered("XenMkt", number, 0, market, 1)), "XenSwdgn")
        else:
            links = 2 if number % 2 else 1
            yield Written(number, "XenSwdgn", tuple(_covered("XenProd", number, market, product, links)), "")


def _covered(type: str, number: int, first: int, end: int, links: int) -> Iterator[str]:
    """The items that an item covers: neighbours, so that each is covered, but for one in a hundred."""
    for link in range(links):
        target = first + (number * 7 + link * 3) % (end - first)
        yield f"{type}~item_{target - (target % 100 == 99)}~1"


def _plain(item: Written) -> str:
    covers = f"   :covers: {', '.join(item.covers)}\n" if item.covers else ""
    covers += f"   :needs: {item.needs}\n" if item.needs else ""
    text = item.text.replace("\n", "\n   ")
    head = f".. {item.type[3:].lower()}:: Item {item.number}\n   :id: {item.tag}\n   :status: approved\n"
    return f"{head}   :rationale: It is needed.\n   :comment: None.\n{covers}\n   {text}\n\n"


def _hidden(item: Written) -> str:
    return _plain(item).replace("   :status: approved\n", "   :status: approved\n   :hide:\n", 1)


def _requirement(item: Written) -> str:
    covers = f"   :covers: {', '.join(item.covers)}\n" if item.covers else ""
    needs = f"   :needs: {item.needs}\n" if item.needs else ""
    text = item.text.replace("\n", "\n   ")
    head = f".. xen:req:: Item {item.number}\n   :id: {item.tag}\n   :kind: rule\n"
    return f"{head}   :rationale: It is needed.\n   :comment: None.\n{covers}{needs}\n   {text}\n\n"


def _in_place(item: Written) -> str:
    title = f"Item {item.number}"
    covers = "".join(f" - `{tag}`\n" for tag in item.covers)
    covers = f"Covers:\n{covers}\n" if covers else ""
    needs = f"Needs:\n - {item.needs}\n\n" if item.needs else ""
    body = f"Description:\n{item.text}\n\nRationale:\nIt is needed.\n\nComments:\nNone.\n\n"
    return f"{title}\n{'-' * len(title)}\n\n`{item.tag}`\n\n{body}{covers}{needs}"


@dataclass(frozen=True)
class Form:
    """How the items are written.

    :param peer: the form that it is compared with.
    """

    words: str
    extension: str
    settings: str
    write: Callable[[Written], str]
    peer: str


_WITH_EVIDENCE = IN_PLACE + "xenfusa_oft_evidence = True\n"
FORMS = {
    "plain": Form("as directives of sphinx-needs alone", "sphinx_needs", PLAIN, _plain, "plain"),
    "hidden": Form("as directives of sphinx-needs alone, no cards", "sphinx_needs", PLAIN, _hidden, "hidden"),
    "xen-req": Form("as xen:req", "sphinx_xenfusa", OURS, _requirement, "plain"),
    "in-place": Form("as OpenFastTrace items in place", "sphinx_xenfusa", IN_PLACE, _in_place, "hidden"),
    "evidence": Form(
        "as OpenFastTrace items in place, with evidence", "sphinx_xenfusa", _WITH_EVIDENCE, _in_place, "plain"
    ),
    "text": Form("as text without any extension", "sphinx.ext.todo", "", _in_place, "hidden"),
}
PROCESSOR = "s of the processor"


def project(folder: Path, form: Form, items: int) -> Path:
    """Write the sources of one form."""
    (folder / "reqs").mkdir(parents=True)
    (folder / "conf.py").write_text(CONF.format(extension=form.extension, settings=form.settings), "utf-8")
    (folder / "index.rst").write_text(
        "Index\n=====\n\n.. toctree::\n   :glob:\n   :maxdepth: 1\n\n   reqs/*\n", "utf-8"
    )
    every = list(tree(items))
    for start in range(0, items, PER_FILE):
        title = f"Items from {start}"
        entries = "".join(form.write(item) for item in every[start : start + PER_FILE])
        (folder / "reqs" / f"items_{start:06}.rst").write_text(f"{title}\n{'=' * len(title)}\n\n{entries}", "utf-8")
    return folder


@dataclass(frozen=True)
class Took:
    """What a build needed.

    :param seconds: of the processor, by the process and its children.
    :param memory: the most that the process or a child of it had at a time, in MiB.
    """

    seconds: float
    memory: float


def build(folder: Path, *options: str) -> Took:
    """Build; a warning ends the benchmark.

    Modules are imported as compiled once, as after an installation: in an environment that forbids to keep them, each build would
    compile some two hundred first.
    """
    command = [sys.executable, "-m", "sphinx", "-q", "-W", *options, "-b", "html", str(folder), f"{folder}-html"]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, env=surroundings(), stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{folder.name}: {errors.read().decode(errors='replace')[-2000:]}")
    return Took(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def surroundings() -> dict[str, str]:
    """The variables of a build."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"NO_COLOR": "1"}


def edit(folder: Path) -> None:
    """Change the text of one item."""
    path = min((folder / "reqs").iterdir())
    path.write_text(path.read_text("utf-8").replace("says", "really says", 1), "utf-8")


@dataclass(frozen=True)
class Measured:
    """The best of all turns of one form: from nothing, and after an edit of one item."""

    fresh: Took
    edited: Took


def measure(items: int, turns: int, forms: list[str], jobs: int) -> dict[str, Measured]:
    """The cheapest builds of each form and of those that they are compared with."""
    names = dict.fromkeys((*(FORMS[name].peer for name in forms), *forms))
    took: dict[str, list[tuple[Took, Took]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as place:
        folders = {name: project(Path(place, name), FORMS[name], items) for name in names}
        for _ in range(turns):
            for name, folder in folders.items():
                fresh = build(folder, "-E", "-a", "-j", str(jobs))
                edit(folder)
                took[name].append((fresh, build(folder, "-j", str(jobs))))
    return {name: Measured(*map(_best, zip(*each, strict=True))) for name, each in took.items()}


def _best(each: Iterable[Took]) -> Took:
    every = list(each)
    return Took(min(one.seconds for one in every), min(one.memory for one in every))


def tell(items: int, name: str, took: dict[str, Measured]) -> None:
    """Say what one form needed, beside what it is compared with."""
    form, one, other = FORMS[name], took[name], took[FORMS[name].peer]
    links = sum(len(item.covers) for item in tree(items))
    what = f"sphinx: {items:,} items with {links:,} links {form.words}"
    peer = f"the same {FORMS[form.peer].words}"
    say(what, one.fresh.seconds, PROCESSOR, peer=peer, peer_value=other.fresh.seconds)
    say(f"{what}: memory", one.fresh.memory, "MiB", peer=peer, peer_value=other.fresh.memory)
    again = f"{what}, one of them edited"
    say(again, one.edited.seconds, PROCESSOR, peer=f"{peer}, one of them edited", peer_value=other.edited.seconds)
    say(again, one.edited.seconds, PROCESSOR, peer="its own build from nothing", peer_value=one.fresh.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[2_000, 10_000])
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1, help="the processes of Sphinx")
    ours = [name for name, form in FORMS.items() if form.peer != name]
    parser.add_argument("--forms", nargs="+", default=["xen-req", "evidence"], choices=ours)
    given = parser.parse_args()
    first: dict[str, Measured] = {}
    for items in given.items:
        took = measure(items, given.turns, given.forms, given.jobs)
        for name in given.forms:
            tell(items, name, took)
            if name in first:
                scale = items / given.items[0]
                peer = f"{given.items[0]:,} items, times {scale:g}"
                what = f"sphinx: {items:,} items {FORMS[name].words}, beside fewer"
                peer_value = scale * first[name].fresh.seconds
                say(what, took[name].fresh.seconds, PROCESSOR, peer=peer, peer_value=peer_value)
        first = first or took


if __name__ == "__main__":
    main()
