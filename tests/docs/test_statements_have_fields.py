"""Our own statements say for programs, too, whom and what they are about."""

import re
from pathlib import Path

FUSA = Path(__file__).resolve().parents[2] / "docs" / "fusa"
FIELDS = {"role", "privilege", "operation", "target", "restricts"}


def statements() -> dict[str, tuple[str, set[str]]]:
    """Kind and typed fields of each requirement in our docs, by name."""
    found = {}
    for path in sorted(FUSA.rglob("*.rst")):
        for block in re.split(r"^\.\. xen:req::", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            options = dict(re.findall(r"^   :([\w-]+): *(.*)$", block.partition("\n\n")[0], re.MULTILINE))
            found[options["id"].split("~")[1]] = options["kind"], FIELDS & set(options)
    return found


def test_permissions_and_prohibitions_name_what_they_are_about_and_rules_what_they_restrict() -> None:
    found = statements()
    assert len(found) > 40
    assert [name for name, (kind, has) in found.items() if kind in ("permission", "prohibition") and not has] == []
    assert [name for name, (kind, has) in found.items() if kind == "rule" and "restricts" not in has] == []
