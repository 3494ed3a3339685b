"""Reads which rules of style hold for which items, and which findings are suppressed for which reason.

.. code-block:: yaml

    types: [XenMkt, XenProd, XenSwdgn]
    rules: [opening, one thought, weak words]
    suppressed:
      - id: XenProd~vcpus~1
        rule: opening
        reason: It is about a domain; agreed in the review of the chapter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx_xenfusa.interop.overlay_file import relative_to
from sphinx_xenfusa.platforms.located_yaml import load_file, validate
from sphinx_xenfusa.trace.record import Place, Tag
from sphinx_xenfusa.trace.style import RULES, XEN, Style, Suppression

BUILT_IN = "xen"
"""Names the style of Xen's own tree in place of a file."""

_RULE = {"enum": list(RULES)}
_REASON = {"type": "string", "pattern": r"\S", "description": "the reason, in words"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["types"],
    "properties": {
        "types": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "pattern": "^[A-Za-z]+$", "description": "an item type, letters only"},
        },
        "rules": {"type": "array", "minItems": 1, "uniqueItems": True, "items": _RULE},
        "suppressed": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "rule", "reason"],
                "properties": {"id": {"type": "string"}, "rule": _RULE, "reason": _REASON},
            },
        },
    },
}


def chosen_style(name: str, folder: Path, root: Path) -> Style:
    """The built-in style, or the one of a file.

    :param name: ``xen``, or a file relative to ``folder``.
    :param root: the folder that places are relative to.
    :raises InputError: the file is missing, or says something that cannot be used; a suppression without a reason is.
    """
    if name == BUILT_IN:
        return XEN
    path = folder / name
    located = load_file(path, what="a file of style (YAML), or the word 'xen'")
    validate(located, SCHEMA, "a file of style")
    file = relative_to(path, root)
    suppressions = []
    for number, one in enumerate(located.data.get("suppressed", ())):
        try:
            Tag.parse(one["id"])
        except ValueError as error:
            wrong = f"the id {one['id']!r} of no item"
            raise located.error(
                ("suppressed", number, "id"), wrong, "type~name~revision, as in XenProd~vcpus~1"
            ) from error
        place = Place(file, located.line_of("suppressed", number))
        suppressions.append(Suppression(one["id"], one["rule"], " ".join(one["reason"].split()), place))
    return Style(frozenset(located.data["types"]), tuple(located.data.get("rules", RULES)), tuple(suppressions))
