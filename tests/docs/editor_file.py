"""``conf_templates/common/ubproject.toml``, made of what the extension registers: ``python tests/docs/editor_file.py``.

An editor (ubCode) reads no conf.py: what Sphinx learns from the extension, it has to find in this file.  Words about options come
from the reference of the directives.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx_needs.config import NeedsSphinxConfig

from sphinx_xenfusa.sphinxext.domain import XenDomain

ROOT = Path(__file__).parents[2]
FILE = ROOT / "conf_templates" / "common" / "ubproject.toml"
DIRECTIVES = ROOT / "docs" / "reference" / "directives.rst"
MOST_WORDS = 20
"""Closed sets of more words than this (operations) are left out: they would hide everything else."""

HEAD = """\
# What an editor has to know that reads no conf.py, such as ubCode (https://ubcode.useblocks.com): the directives and roles
# of sphinx_xenfusa, and the need types, fields and links that it registers with sphinx-needs.  A build does not read this
# part of the file: the extension says the same to Sphinx by itself, so do not name the file in needs_from_toml.
# Settings of sphinx_xenfusa may stand here, too, below [xenfusa] and without the prefix xenfusa_.
"$schema" = "https://ubcode.useblocks.com/ubproject.schema.json"

[source]
extend_exclude = ["_build/**", ".venv/**", ".xenfusa/**"]

[needs]
"""


def registered() -> tuple[str, list[dict[str, Any]]]:
    """The pattern of ids and our need types, as sphinx-needs has them when a build begins."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        (source / "conf.py").write_text('extensions = ["sphinx_xenfusa"]\n')
        (source / "index.rst").write_text("Title\n=====\n")
        app = Sphinx(folder, folder, source / "out", source / "out", "dummy", status=None, warning=StringIO())
        types = NeedsSphinxConfig(app.config).types
        ours = [dict(one) for one in types if one["directive"].startswith(("xen_", "oft_", "XenTest"))]
        return app.config.needs_id_regex, ours


def text() -> str:
    """The whole file."""
    id_regex, types = registered()
    lines = [HEAD + f"id_regex = {told(id_regex)}"]
    for one in types:
        lines += ["", "[[needs.types]]", *(f"{key} = {told(one[key])}" for key in ("directive", "title", "prefix"))]
    for part in ("fields", "links"):
        for name, entry in entries(types, part).items():
            lines += ["", f"[needs.{part}.{name}]", *(f"{key} = {told(value)}" for key, value in entry.items())]
    words = descriptions()
    for name, directive in sorted(XenDomain.directives.items()):
        lines += ["", *directive_lines(name, directive, words)]
    for name in sorted(XenDomain.roles):
        lines += ["", f'[parse.extend_roles."xen:{name}"]', 'extension = "sphinx_xenfusa"']
    return "\n".join(lines) + "\n"


def entries(types: list[dict[str, Any]], part: str) -> dict[str, dict[str, Any]]:
    """All fields or links of the types by name; a long list of words is left out of their schemas."""
    found = {name: dict(entry) for one in types for name, entry in (one.get(part) or {}).items()}
    for entry in found.values():
        if "schema" in entry:
            entry["schema"] = without_long_lists(entry["schema"])
    return found


def without_long_lists(schema: dict[str, Any]) -> dict[str, Any]:
    made = {key: without_long_lists(value) if isinstance(value, dict) else value for key, value in schema.items()}
    if len(made.get("enum", ())) > MOST_WORDS:
        del made["enum"]
    return made


def directive_lines(name: str, directive: Any, words: dict[tuple[str, str], str]) -> Iterator[str]:
    yield f'[parse.extend_directives."xen:{name}"]'
    yield f"argument = {told(bool(directive.required_arguments or directive.optional_arguments))}"
    yield f"options = {told(bool(directive.option_spec))}"
    yield f"content = {told(directive.has_content)}"
    yield f"parse_content = {told(name in PARSED)}"
    yield 'extension = "sphinx_xenfusa"'
    if (name, "") in words:
        yield f"description = {told(words[name, ''])}"
    if directive.option_spec:
        yield ""
        yield f'[parse.extend_directives."xen:{name}".named_options]'
        for option in sorted(directive.option_spec):
            said = words.get((name, option), "")
            yield f"{option} = {{ description = {told(said)} }}" if said else f"{option} = {{}}"


PARSED = {"req", "role", "privilege", "operation"}
"""The directives whose content is markup; that of the others is YAML, or there is none."""


def descriptions() -> dict[tuple[str, str], str]:
    """The first sentence about each directive (option ``""``) and each option, from the reference."""
    found: dict[tuple[str, str], str] = {}
    directive = ""
    parts = re.split(r"^ *\.\. rst:directive:", DIRECTIVES.read_text("utf-8"), flags=re.MULTILINE)[1:]
    for part in parts:
        head, _, body = part.partition("\n")
        option = head.removeprefix("option::").strip() if head.startswith("option::") else ""
        if not option:
            directive = re.sub(r".*xen:([\w-]+)::.*", r"\1", head)
        found[directive, option] = plain(first_sentence(body))
    return found


def first_sentence(body: str) -> str:
    paragraph = next((one for one in body.split("\n\n") if one.strip() and not one.strip().startswith(":type:")), "")
    return re.split(r"(?<=\.)\s+(?=[A-Z])", " ".join(paragraph.split()))[0]


def plain(words: str) -> str:
    """Text without the markup of rst."""
    words = re.sub(r"\s*:doc:`[^`]*` is an example\.", "", words)
    words = re.sub(r":[\w:]+:`([^<`]*?)\s*(?:<[^`]*>)?`", r"\1", words)
    return words.replace("``", "").replace("*", "")


def told(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {told(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(told, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
    sys.stdout.write(f"{FILE}\n")
