"""What the trace record costs, and that it grows with the number of items and no faster."""

from __future__ import annotations

from _report import say, seconds

from sphinx_xenfusa.trace.assemble import assemble_items
from sphinx_xenfusa.trace.linker import link
from sphinx_xenfusa.trace.record import Item, Place, Tag
from sphinx_xenfusa.trace.serialise import dumps

FEW, MANY = 2_000, 20_000


def items(number: int) -> list[Item]:
    """A tree: every item covers the one that stands at half its number; each thousandth link is outdated."""
    made = []
    for i in range(number):
        covers = (f"XenArch~item_{i // 2}~{2 if i % 1000 == 999 else 1}",) if i else ()
        made.append(
            Item(
                tag=Tag("XenArch", f"item_{i}", 1),
                title=f"Item {i}",
                text="Xen shall do what it says. " * 4,
                place=Place(f"file_{i % 40}.rst", i + 1),
                origin="directive",
                covers=covers,
                needs=("XenArch",) if i < number // 2 else (),
            )
        )
    return made


def main() -> None:
    few, many = items(FEW), items(MANY)
    peer = f"{FEW:,} items, times {MANY // FEW}"
    scale = MANY / FEW
    say(
        f"trace: link {MANY:,} items",
        seconds(lambda: link(many)),
        "s",
        peer=peer,
        peer_value=scale * seconds(lambda: link(few)),
    )
    say(
        f"trace: assemble the record of {MANY:,} items",
        seconds(lambda: assemble_items(many), times=2),
        "s",
        peer=peer,
        peer_value=scale * seconds(lambda: assemble_items(few)),
    )
    assembled_few, assembled_many = assemble_items(few), assemble_items(many)
    say(
        f"trace: write the record of {MANY:,} items as JSON",
        seconds(lambda: dumps(assembled_many), times=2),
        "s",
        peer=peer,
        peer_value=scale * seconds(lambda: dumps(assembled_few)),
    )
    say(f"trace: size of the record of {MANY:,} items", len(dumps(assembled_many).encode()), "bytes")


if __name__ == "__main__":
    main()
