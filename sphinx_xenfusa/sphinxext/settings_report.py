"""The settings of a project as a build sees them: ``python -m sphinx_xenfusa.sphinxext.settings_report FOLDER FILE``.

A process of its own, because reading a ``conf.py`` runs it: what it does to the process, or ends it, is told and does no harm
to who asks.  Sphinx itself reads it, with all extensions of the project; no document is read and no claim is run.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import SphinxError

from sphinx_xenfusa.inputs import InputError, parse_toml, read_text
from sphinx_xenfusa.sphinxext.config import SETTINGS
from sphinx_xenfusa.trace.canonical import dumps, write_text

_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_FILES = frozenset({"a file", "a list of files", "'xen' or a file", "a file, or the policy itself"})
"""What a setting expects that names files."""
_NO_FILE = {"style": "xen"}
"""Words that stand for something else than a file."""


def report(folder: Path) -> dict[str, Any]:
    """What a build of the project in a folder would use: each setting with its value and whence it is, and what is wrong.

    :raises SphinxError: a build would not begin.
    """
    warnings = io.StringIO()
    with tempfile.TemporaryDirectory() as aside:
        out, doctrees = Path(aside, "out"), Path(aside, "doctrees")
        app = Sphinx(folder, folder, out, doctrees, "dummy", {"xenfusa_confirm": "off"}, status=None, warning=warnings)
    if "sphinx_xenfusa" not in app.extensions:
        raise SphinxError("conf.py does not name the extension sphinx_xenfusa; xenfusa init --into adds it")
    told_aside = _ubproject(folder)
    values = {name: getattr(app.config, f"xenfusa_{name}") for name in SETTINGS}
    # The one that was overruled, lest claims be run.
    written = told_aside.get("confirm", app.config._raw_config.get("xenfusa_confirm", SETTINGS["confirm"].default))
    values["confirm"] = written
    told = [line for line in _COLOURS.sub("", warnings.getvalue()).splitlines() if line.strip()]
    return {
        "extensions": sorted(app.config.extensions),
        "settings": [
            {"name": f"xenfusa_{name}", "value": _plain(values[name]), "from": _source(name, app.config, told_aside)}
            for name in SETTINGS
        ],
        "problems": told + list(_missing_files(values, folder)),
    }


def _ubproject(folder: Path) -> dict[str, Any]:
    """The table ``[xenfusa]`` beside the ``conf.py``; empty where it cannot be read, of which the build tells."""
    path = folder / "ubproject.toml"
    try:
        table = parse_toml(read_text(path), path).get("xenfusa", {}) if path.is_file() else {}
    except InputError:
        return {}
    return table if isinstance(table, dict) else {}


def _source(name: str, config: Config, told_aside: Mapping[str, Any]) -> str:
    """Where the value of a setting comes from."""
    if name in told_aside:
        return "ubproject.toml"
    return "conf.py" if f"xenfusa_{name}" in config._raw_config else "default"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _missing_files(values: dict[str, Any], folder: Path) -> Iterator[str]:
    for name, setting in SETTINGS.items():
        if setting.expected not in _FILES:
            continue
        value = values[name]
        named = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        for file in named:
            if file and file != _NO_FILE.get(name) and not (folder / file).is_file():
                yield f"xenfusa_{name}: found no file {file}; expected one, relative to conf.py"


def main(folder: Path, file: Path) -> None:
    """Write the report to a file, as JSON; an object with ``error`` where a build would not begin."""
    try:
        made = report(folder)
    except SphinxError as error:
        made = {"error": " ".join(str(error).split())}
    except Exception as error:  # whatever conf.py or somebody's extension raises
        made = {"error": " ".join(traceback.format_exception_only(error)[-1].split())}
    write_text(file, dumps(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
