"""A directive of our own documentation: a setting with type, default and what it accepts, as the code has them.

``.. setting:: policy`` makes the ``confval`` of ``xenfusa_policy``; what stands below it is the explanation, which no code has.
"""

from __future__ import annotations

import json
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

from sphinx_xenfusa.sphinxext.config import SETTINGS, Setting


def header(name: str, setting: Setting) -> list[str]:
    """The lines above the explanation of a setting."""
    types = " or ".join(one.__name__ for one in setting.types if one is not tuple)
    return [
        f".. confval:: xenfusa_{name}",
        f"   :type: ``{types}``",
        f"   :default: ``{shown(setting.default)}``",
        "",
        f"   *Accepts* {setting.expected.replace(chr(39), chr(96) * 2)}.",
        "",
    ]


def shown(value: Any) -> str:
    """A default as one writes it in Python, with double quotes."""
    return repr(value) if isinstance(value, bool) else json.dumps(value)


class SettingDirective(SphinxDirective):
    """A setting of :data:`SETTINGS` as a ``confval``; the content is its explanation."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The description of the setting; an error where there is no setting of that name."""
        name = self.arguments[0]
        if name not in SETTINGS:
            raise self.error(f"found the setting {name!r}; expected one of {', '.join(SETTINGS)}")
        lines = StringList(header(name, SETTINGS[name]), source=self.get_source_info()[0])
        for source, offset, line in self.content.xitems():
            lines.append(f"   {line}" if line else "", source, offset)
        return nested_parse_to_nodes(self.state, lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("setting", SettingDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
