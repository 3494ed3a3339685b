"""What a build with Sphinx costs for many items, beside the build of the same items as plain sphinx-needs needs.

The same items and links are written three times: as directives of sphinx-needs alone, as Xen's documents with their
OpenFastTrace tags (read in place), and as ``xen:req``.  250 items stand in a file, 12 links are made for 10 items, one item in
a hundred has no cover.  Each build is a process of its own, from nothing, in HTML, with ``needs.json``; the seconds are those of
the processor, of the process and its children, because another program at work makes the clock slower and not the work more.
The builds take turns and the shortest of each counts.

``--items`` gives the numbers of items, ``--turns`` how often each is built, ``--forms`` which forms beside the plain one.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
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
    """How the items are written."""

    words: str
    extension: str
    settings: str
    write: Callable[[Written], str]


FORMS = {
    "plain": Form("as directives of sphinx-needs alone", "sphinx_needs", PLAIN, _plain),
    "hidden": Form("as directives of sphinx-needs alone, without their cards", "sphinx_needs", PLAIN, _hidden),
    "in-place": Form("as OpenFastTrace items in place", "sphinx_xenfusa", IN_PLACE, _in_place),
    "evidence": Form(
        "as OpenFastTrace items in place, with evidence",
        "sphinx_xenfusa",
        IN_PLACE + "xenfusa_oft_evidence = True\n",
        _in_place,
    ),
    "xen-req": Form("as xen:req", "sphinx_xenfusa", OURS, _requirement),
    "text": Form("as text without any extension", "sphinx.ext.todo", "", _in_place),
}


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


def build(folder: Path) -> float:
    """Seconds of the processor for a build from nothing; a warning ends the benchmark."""
    command = [sys.executable, "-m", "sphinx", "-E", "-a", "-q", "-W", "-b", "html", str(folder), f"{folder}-html"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=os.environ | {"NO_COLOR": "1"}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{folder.name}: {done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(items: int, turns: int, forms: list[str]) -> dict[str, float]:
    """The shortest build of each form."""
    with tempfile.TemporaryDirectory() as place:
        folders = {name: project(Path(place, name), FORMS[name], items) for name in ("plain", *forms)}
        took: dict[str, list[float]] = {name: [] for name in folders}
        for _ in range(turns):
            for name, folder in folders.items():
                took[name].append(build(folder))
    return {name: min(seconds) for name, seconds in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[2_000, 10_000])
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--forms", nargs="+", default=["in-place"], choices=[name for name in FORMS if name != "plain"])
    given = parser.parse_args()
    first: dict[str, float] = {}
    for items in given.items:
        links = sum(len(item.covers) for item in tree(items))
        took = measure(items, given.turns, given.forms)
        for name in given.forms:
            say(
                f"sphinx: {items:,} items with {links:,} links {FORMS[name].words}",
                took[name],
                "s of the processor",
                peer=f"the same {FORMS['plain'].words}",
                peer_value=took["plain"],
            )
            if name in first and items > given.items[0]:
                scale = items / given.items[0]
                peer = f"{given.items[0]:,} items, times {scale:g}"
                what = f"sphinx: {items:,} items {FORMS[name].words}, beside fewer"
                say(what, took[name], "s of the processor", peer=peer, peer_value=scale * first[name])
        first = first or took


if __name__ == "__main__":
    main()
