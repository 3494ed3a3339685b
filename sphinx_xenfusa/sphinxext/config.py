"""The settings: ``xenfusa_*`` in conf.py, or the table ``[xenfusa]`` of ``ubproject.toml`` beside it.

What is given on the command line wins over ``ubproject.toml``, which wins over conf.py.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from sphinx_xenfusa.confirm.confirmation import DEFAULT_CACHE, MOST_SECONDS
from sphinx_xenfusa.confirm.schedule import DEFAULT_TIMEOUT
from sphinx_xenfusa.evidence.case_properties import ROLES, S_CORE
from sphinx_xenfusa.evidence.content import DEFAULT
from sphinx_xenfusa.inputs import InputError, parse_toml, read_text
from sphinx_xenfusa.interop.exports import FORMATS
from sphinx_xenfusa.model.policies import POLICIES
from sphinx_xenfusa.platforms.located_yaml import did_you_mean
from sphinx_xenfusa.sphinxext.warning_types import warn
from sphinx_xenfusa.trace.record import Finding, Place

MODES = ("cache", "force", "off")


@dataclass(frozen=True)
class Setting:
    """A setting.

    :param rebuild: Sphinx's word for what a change of it makes stale.
    :param accepts: whether a value can be used.
    :param expected: what can be used, in words.
    """

    default: Any
    rebuild: Any
    types: tuple[type, ...]
    accepts: Callable[[Any], bool]
    expected: str
    description: str


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(_text(one) for one in value)


def _text(value: Any) -> bool:
    """Whether a value is a text that can name a file."""
    return isinstance(value, str) and "\0" not in value


def _count(value: Any) -> bool:
    """Whether a value is a whole number above zero."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _day(value: Any) -> bool:
    """Whether a value is a day of the calendar, or nothing."""
    if not isinstance(value, str) or not re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})?", value):
        return False
    try:
        return not value or bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


def _titles_of_types(value: Any) -> bool:
    """Whether a value gives titles to item types."""
    return isinstance(value, dict) and all(
        isinstance(type, str) and re.fullmatch("[A-Za-z]+", type) and _text(title) and title.strip()
        for type, title in value.items()
    )


def _roles_of_properties(value: Any) -> bool:
    """Whether a value says of properties what they mean."""
    return isinstance(value, dict) and all(_text(name) and name and role in ROLES for name, role in value.items())


SETTINGS: dict[str, Setting] = {
    "policy": Setting(
        "dummy",
        "env",
        (str,),
        lambda value: isinstance(value, str) and value in POLICIES,
        " or ".join(repr(name) for name in POLICIES),
        "The policy of Xen that counts, beside the document, for the state of a requirement.",
    ),
    "confirm": Setting(
        "cache",
        "",
        (str,),
        lambda value: value in MODES,
        " or ".join(repr(mode) for mode in MODES),
        "cache: run claims that no kept verdict answers; force: run them all; off: run none and show them as not run.",
    ),
    "claim_timeout": Setting(
        int(DEFAULT_TIMEOUT),
        "",
        (int, float),
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MOST_SECONDS,
        f"seconds, more than 0 and at most {MOST_SECONDS:.0f}",
        "Seconds that one claim may take under one policy; then its verdict is an error.",
    ),
    "cache_dir": Setting(
        str(DEFAULT_CACHE),
        "",
        (str,),
        lambda value: _text(value) and value != "",
        "a folder",
        "Where verdicts are kept, relative to conf.py.",
    ),
    "divergences": Setting(
        "",
        "",
        (str,),
        _text,
        "a file",
        "A register of expected divergences in place of ours, relative to conf.py.",
    ),
    "test_reports": Setting(
        [],
        "",
        (list, tuple),
        _texts,
        "a list of files",
        "JUnit reports of the tests that verify requirements, relative to conf.py.",
    ),
    "card_graphs": Setting(
        500,
        "",
        (int,),
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
        "a whole number",
        "How many requirements a project may have for each card to have its graph; 0 for none.",
    ),
    "test_needs": Setting(
        True,
        "html",
        (bool,),
        lambda value: isinstance(value, bool),
        "True or False",
        "Whether sphinx-needs has a need, without a card, for each test that verifies a requirement.",
    ),
    "test_properties": Setting(
        dict(S_CORE),
        "",
        (dict,),
        _roles_of_properties,
        f"names of properties, each with one of {', '.join(ROLES)}",
        "The properties of test cases that say what they verify and how, besides our own; the default is S-CORE's.",
    ),
    "test_map": Setting(
        [],
        "",
        (list, tuple),
        _texts,
        "a list of files",
        "Test maps: YAML files that say what tests verify that cannot say it themselves, relative to conf.py.",
    ),
    "test_sources": Setting(
        [],
        "",
        (list, tuple),
        _texts,
        "a list of patterns",
        "Sources of tests whose tags say what the tests verify, as patterns relative to conf.py.",
    ),
    "expected_tests": Setting(
        [],
        "",
        (list, tuple),
        _texts,
        "a list of files",
        "Manifests: YAML files with the tests that must run, relative to conf.py.",
    ),
    "test_runs": Setting(
        [],
        "",
        (list, tuple),
        _texts,
        "a list of files",
        "Which runs wrote the test reports: YAML files of xenfusa record-run, relative to conf.py.",
    ),
    "commit": Setting(
        "",
        "",
        (str,),
        lambda value: isinstance(value, str) and re.fullmatch("([0-9a-f]{7,64})?", value) is not None,
        "a commit, 7 to 64 small hexadecimal digits",
        "The commit that is documented; empty for that of the git tree in which conf.py is.",
    ),
    "require_provenance": Setting(
        False,
        "",
        (bool,),
        lambda value: isinstance(value, bool),
        "True or False",
        "Whether test results count only if it is known when and of which commit they are.",
    ),
    "test_report_limit": Setting(
        DEFAULT.size,
        "",
        (int,),
        _count,
        "bytes, a whole number above 0",
        "Bytes that a test report may have; a larger one counts for nothing.",
    ),
    "test_case_limit": Setting(
        DEFAULT.cases,
        "",
        (int,),
        _count,
        "a whole number above 0",
        "Cases that a test report may have; one with more counts for nothing.",
    ),
    "exports": Setting(
        ["metrics"],
        "",
        (list, tuple),
        lambda value: _texts(value) and all(name in FORMATS for name in value),
        f"a list of some of {', '.join(FORMATS)}",
        "Formats in which a build in HTML writes the record, beside trace.json.",
    ),
    "accepted": Setting(
        "",
        "",
        (str,),
        _text,
        "a file",
        "The file of acceptances that xenfusa accept writes, relative to conf.py.",
    ),
    "reviews": Setting(
        [],
        "",
        (list, tuple),
        _texts,
        "a list of files",
        "Review ledgers: YAML files with the inspections of items, relative to conf.py.",
    ),
    "baseline": Setting(
        "",
        "env",
        (str,),
        _text,
        "a file",
        "The baseline that the record is compared with, relative to conf.py.",
    ),
    "oft_types": Setting(
        {"XenMkt": "Market requirement", "XenProd": "Product requirement", "XenSwdgn": "Design requirement"},
        "env",
        (dict,),
        _titles_of_types,
        "a title for each item type",
        "The item types of OpenFastTrace that become need types of their own, with their titles.",
    ),
    "oft_evidence": Setting(
        False,
        "env",
        (bool,),
        lambda value: isinstance(value, bool),
        "True or False",
        "Whether a line to unfold after each OpenFastTrace item says what is known of it.",
    ),
    "oft": Setting(
        [],
        "env",
        (list, tuple),
        _texts,
        "a list of patterns",
        "Documents whose OpenFastTrace tags are items of the record, as patterns relative to the source folder.",
    ),
    "oft_sources": Setting(
        [],
        "env",
        (list, tuple),
        _texts,
        "a list of patterns",
        "Files that are no documents, such as source code, whose coverage tags are items of the record, as patterns.",
    ),
    "oft_source_root": Setting(
        "",
        "env",
        (str,),
        _text,
        "a folder",
        "What the patterns of xenfusa_oft_sources are relative to, relative to conf.py; nothing outside of it is read.",
    ),
    "overlays": Setting(
        [],
        "env",
        (list, tuple),
        _texts,
        "a list of files",
        "Overlays that make requirements of sentences in documents that must not be edited, relative to conf.py.",
    ),
    "style": Setting(
        "",
        "",
        (str,),
        _text,
        "'xen' or a file",
        "The rules of style that items are held against: 'xen' for those of Xen's own tree, or a file, relative to conf.py.",
    ),
    "unclaimed": Setting(
        [],
        "env",
        (list, tuple),
        _texts,
        "a list of patterns",
        "Documents whose normative sentences are counted, besides those of overlays, as patterns relative to the source folder.",
    ),
    "trace_policy": Setting(
        "",
        "",
        (str, dict),
        lambda value: _text(value) or isinstance(value, dict),
        "a file, or the policy itself",
        "The tracing policy: a YAML file relative to conf.py, or the same as a dictionary.",
    ),
    "justifications": Setting(
        "",
        "",
        (str,),
        _text,
        "a file",
        "The justified exclusions: a YAML file relative to conf.py.",
    ),
    "tombstones": Setting(
        "",
        "",
        (str,),
        _text,
        "a file",
        "The retired ids: a YAML file relative to conf.py.",
    ),
    "today": Setting(
        "",
        "",
        (str,),
        _day,
        "a day, YYYY-MM-DD",
        "The day for which expiry is judged; empty for that of SOURCE_DATE_EPOCH or, without it, today (UTC).",
    ),
}


_ASSIGNED = re.compile(r"^xenfusa_(\w+)\s*(?::[^=\n]*)?=(?!=)", re.MULTILINE)


def add_values(app: Sphinx) -> None:
    """Register the settings."""
    for name, setting in SETTINGS.items():
        app.add_config_value(f"xenfusa_{name}", setting.default, setting.rebuild, setting.types, setting.description)
    app.connect("config-inited", _read_ubproject, priority=9)
    # Before the need types are made of them.
    app.connect("config-inited", _check, priority=11)


def _text_of(path: Path) -> str:
    """The text of a conf.py; empty where it cannot be read, of which Sphinx tells."""
    try:
        return read_text(path)
    except InputError:
        return ""


def _assigned(app: Sphinx) -> tuple[str, ...]:
    """The names behind ``xenfusa_`` that conf.py assigns at the beginning of a line: a slip of the pen is said, not ignored."""
    return tuple(dict.fromkeys(_ASSIGNED.findall(_text_of(Path(app.confdir) / "conf.py"))))


def config_file(app: Sphinx, name: str = "") -> str:
    """Where a warning about a setting is located: conf.py, at the line that assigns it if there is one."""
    path = Path(app.confdir) / "conf.py"
    text = _text_of(path)
    assigned = re.search(rf"^xenfusa_{re.escape(name)}\s*[:=]", text, re.MULTILINE) if name else None
    return str(path) if assigned is None else f"{path}:{text.count(chr(10), 0, assigned.start()) + 1}"


def finding_of(app: Sphinx, name: str, about: str, message: str) -> Finding:
    """A finding about a setting, at the line of conf.py that gives it.

    :param about: the part of the setting that is concerned.
    """
    path, _, line = config_file(app, name).rpartition(":")
    if not line.isdecimal():
        path, line = config_file(app), "1"
    return Finding("config", Place(Path(os.path.relpath(path, app.srcdir)).as_posix(), int(line)), about, message)


def _read_ubproject(app: Sphinx, config: Config) -> None:
    path = Path(app.confdir) / "ubproject.toml"
    if not path.exists():
        return
    try:
        table = parse_toml(read_text(path, what="ubproject.toml"), path).get("xenfusa", {})
    except InputError as error:
        warn("input", error.message, error.place)
        return
    if not isinstance(table, dict):
        warn("config", f"found xenfusa = {table!r}; expected a table [xenfusa]", str(path))
        return
    for name, value in table.items():
        if name not in SETTINGS:
            hint = did_you_mean(name, tuple(SETTINGS))
            warn("config", f"found {name!r} in [xenfusa]{hint}; expected one of {', '.join(SETTINGS)}", str(path))
        elif f"xenfusa_{name}" not in config.overrides:
            setattr(config, f"xenfusa_{name}", value)


def _check(app: Sphinx, config: Config) -> None:
    for name in _assigned(app):
        # Another extension may have settings whose names begin as ours do.
        if f"xenfusa_{name}" not in config:
            hint = did_you_mean(f"xenfusa_{name}", [f"xenfusa_{one}" for one in SETTINGS])
            message = f"found the setting xenfusa_{name}, which there is not{hint}; expected one of the settings"
            warn("config", message, config_file(app, name))
    for name, setting in SETTINGS.items():
        value = getattr(config, f"xenfusa_{name}")
        if not setting.accepts(value):
            message = f"found xenfusa_{name} = {value!r}; expected {setting.expected}; {setting.default!r} is used"
            warn("config", message, config_file(app, name))
            setattr(config, f"xenfusa_{name}", setting.default)
