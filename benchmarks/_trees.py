"""Makes trees of requirements of any size, the same bytes each time: OpenFastTrace's items in rst, and the peers' forms.

A twentieth are market requirements, a fifth product, nine twentieths design, and the rest tests; each but the market's
covers one of the level above, and five of 19 a second one, so that 10,000 requirements have 12,000 links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PER_FILE = 250
SHARES = (("XenMkt", 5), ("XenProd", 20), ("XenSwdgn", 45), ("XenTst", 30))
"""The levels, from origin to detail, with their shares in percent."""


@dataclass(frozen=True)
class Made:
    """One requirement of a generated tree.

    :param covers: the numbers of those of the level above that it covers.
    :param needs: the type that must cover it; empty at the lowest level.
    """

    type: str
    number: int
    covers: tuple[int, ...]
    needs: str

    @property
    def above(self) -> str:
        """The type of what it covers."""
        types = [type for type, _ in SHARES]
        return types[max(types.index(self.type) - 1, 0)]

    @property
    def sentence(self) -> str:
        return f"Xen shall do what is said of part {self.number} when a domain asks for it, and tell the result."


def made(size: int) -> list[Made]:
    """The requirements of a tree, level by level."""
    everything: list[Made] = []
    above = 0
    for level, (type, share) in enumerate(SHARES):
        number = size * share // 100
        needs = SHARES[level + 1][0] if level + 1 < len(SHARES) else ""
        for i in range(number):
            first = (i * above // number,) if above else ()
            second = ((first[0] + 1) % above,) if above > 1 and i * 5 % 19 < 5 else ()
            everything.append(Made(type, i, first + second, needs))
        above = number
    return everything


def links(of: Sequence[Made]) -> int:
    """How many links there are."""
    return sum(len(one.covers) for one in of)


def files(of: Sequence[Made]) -> Iterator[list[Made]]:
    """The requirements of each file."""
    for start in range(0, len(of), PER_FILE):
        yield list(of[start : start + PER_FILE])


def write_rst(of: Sequence[Made], folder: Path) -> None:
    """Write rst files with OpenFastTrace's items, as Xen writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, some in enumerate(files(of)):
        title = f"Part {number}"
        parts = [f"{title}\n{'=' * len(title)}\n"]
        for one in some:
            title = f"What part {one.number} does"
            covers = "".join(f" - `{one.above}~part_{above}~1`\n" for above in one.covers)
            parts.append(
                f"{title}\n{'-' * len(title)}\n\n`{one.type}~part_{one.number}~1`\n\n"
                f"Description:\n{one.sentence}\n\nRationale:\n\nComments:\n\n"
                + (f"Covers:\n{covers}\n" if covers else "")
                + (f"Needs:\n - {one.needs}\n" if one.needs else "")
            )
        (folder / f"part_{number}.rst").write_text("\n".join(parts), "utf-8")


def write_strictdoc(of: Sequence[Made], folder: Path) -> None:
    """Write the same requirements as StrictDoc's documents."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, some in enumerate(files(of)):
        parts = [f"[DOCUMENT]\nTITLE: Part {number}\n"]
        for one in some:
            relations = "".join(f"- TYPE: Parent\n  VALUE: {one.above}-{above}\n" for above in one.covers)
            parts.append(
                f"[REQUIREMENT]\nUID: {one.type}-{one.number}\nTITLE: What part {one.number} does\n"
                f"STATEMENT: {one.sentence}\n" + (f"RELATIONS:\n{relations}" if relations else "")
            )
        (folder / f"part_{number}.sdoc").write_text("\n".join(parts), "utf-8")


def write_doorstop(of: Sequence[Made], folder: Path) -> None:
    """Write the same requirements as Doorstop's items, each a file; a document for each level."""
    for level, (type, _) in enumerate(SHARES):
        document = folder / type
        document.mkdir(parents=True, exist_ok=True)
        parent = f"  parent: {SHARES[level - 1][0]}\n" if level else ""
        text = f"settings:\n  digits: 6\n{parent}  prefix: {type}\n  sep: ''\n"
        (document / ".doorstop.yml").write_text(text, "utf-8")
    for one in of:
        covers = "".join(f"- {one.above}{above:06}: null\n" for above in one.covers)
        (folder / one.type / f"{one.type}{one.number:06}.yml").write_text(
            f"active: true\nderived: false\nheader: ''\nlevel: 1.{one.number}\nlinks:{' []' if not covers else ''}\n{covers}"
            f"normative: true\nref: ''\nreviewed: null\ntext: |\n  {one.sentence}\n",
            "utf-8",
        )
