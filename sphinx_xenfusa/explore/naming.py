"""Names and comments in the texts that are written out for other tools."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Names:
    """Gives names that are unique, made of letters, digits and underscores, and none that the other language reserves.

    :param reserved: names that are not given.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = set(reserved)
        self._given: dict[tuple[object, str], str] = {}

    def of(self, kind: object, name: str, wanted: str | None = None) -> str:
        """The name for something: the same each time that it is asked for.

        :param kind: what sort of thing; two things of different sorts may have one name here, and get two.
        :param wanted: what it should be called; as it is called here, where nothing is given.
        """
        key = kind, name
        if key not in self._given:
            self._given[key] = self.fresh(name if wanted is None else wanted)
        return self._given[key]

    def fresh(self, wanted: str) -> str:
        """A name that was not given before."""
        first = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_") or "name"
        if first[0].isdigit():
            first = f"n{first}"
        found, number = first, 2
        while found in self._taken:
            found, number = f"{first}_{number}", number + 1
        self._taken.add(found)
        return found

    def copy(self) -> Names:
        """The same names taken, to go on apart."""
        other = Names(self._taken)
        other._given.update(self._given)
        return other


def comment_text(text: str) -> str:
    """A text on one line that ends no comment."""
    return " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *").replace("*)", "* )").replace("(*", "( *")
