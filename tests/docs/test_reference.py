"""The reference pages say what the code says: the same names, the same defaults, commands that exist, examples that work."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import click
import pytest
from sphinx.testing.util import SphinxTestApp

from sphinx_xenfusa.cli import main
from sphinx_xenfusa.confirm.registry import GROUP, load_claims
from sphinx_xenfusa.explore.claim import Budget, Claim
from sphinx_xenfusa.explore.verdict import VerdictKind
from sphinx_xenfusa.interop.exports import FORMATS
from sphinx_xenfusa.interop.typed_fields import FIELDS
from sphinx_xenfusa.platforms.platform_yaml import read_platform
from sphinx_xenfusa.platforms.platform_yaml import schema as platform_schema
from sphinx_xenfusa.platforms.scenario_yaml import schema
from sphinx_xenfusa.sphinxext.config import SETTINGS
from sphinx_xenfusa.sphinxext.domain import XenDomain
from sphinx_xenfusa.sphinxext.warning_types import SUBTYPES
from sphinx_xenfusa.terms.ours import RESTRICTIONS, TARGETS
from sphinx_xenfusa.trace.reviews import CHECKLIST
from sphinx_xenfusa.trace.states import ExitCode, ItemKind

HERE = Path(__file__).parent
REFERENCE = HERE.parents[1] / "docs" / "reference"
EXAMPLE = HERE / "example_claims"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.rst").read_text("utf-8")


def test_the_warnings_page_has_exactly_the_closed_table() -> None:
    assert re.findall(r"^   \* - ``xenfusa\.(\w+)``$", page("warnings"), re.MULTILINE) == sorted(SUBTYPES)


def test_the_exports_page_has_exactly_the_formats() -> None:
    rows = re.findall(r"^   \* - ``(\w+)``\n     - ``(.+)``\n     - (.+)$", page("exports"), re.MULTILINE)
    assert rows == [(one.name, one.file, one.holds) for one in FORMATS.values()]


def test_the_settings_page_explains_exactly_the_settings() -> None:
    # Type, default and what is accepted come from the code: docs/setting_directive.py.
    explained = dict(re.findall(r"^\.\. setting:: (\w+)\n\n   (\S.*)$", page("settings"), re.MULTILINE))
    assert sorted(explained) == sorted(SETTINGS)


def test_a_setting_is_described_as_the_code_has_it(tmp_path: Path) -> None:
    path = f"import sys\nsys.path.insert(0, {str(REFERENCE.parent)!r})\n"
    (tmp_path / "conf.py").write_text(path + "extensions = ['setting_directive']\n", "utf-8")
    page = "A\n=\n\n.. setting:: confirm\n\n   Why.\n\n.. setting:: no\n\n   B.\n"
    (tmp_path / "index.rst").write_text(page, "utf-8")
    app = SphinxTestApp(srcdir=tmp_path, buildername="text")
    app.build()
    app.cleanup()
    text = (app.outdir / "index.txt").read_text("utf-8")
    assert re.findall(r"\S.*", text)[2:] == [
        "xenfusa_confirm",
        "Type:",
        '"str"',
        "Default:",
        '""cache""',
        '*Accepts* "cache" or "force" or "off".',
        "Why.",
    ]
    assert (
        "index.rst:8" in app.warning.getvalue()
        and "found the setting 'no'; expected one of policy, " in app.warning.getvalue()
    )


def test_the_directives_page_has_exactly_the_options_directives_and_roles() -> None:
    text = page("directives")
    options = re.findall(r"rst:directive:option:: (\S+)", text)
    known = {option for one in XenDomain.directives.values() for option in one.option_spec or {}}
    assert sorted(set(options)) == sorted(known)
    directives = re.findall(r"rst:directive:: \.\. xen:([\w-]+)::", text)
    assert sorted(directives) == sorted(XenDomain.directives)
    roles = re.findall(r"^\.\. rst:role:: xen:(\w+)$", text, re.MULTILINE)
    assert sorted(roles) == sorted(XenDomain.roles)


def test_the_directives_page_has_exactly_the_kinds() -> None:
    kinds = re.findall(r"^   \* - ``(\w+)``$", rows_below("The kinds"), re.MULTILINE)
    assert kinds == [kind.value for kind in ItemKind]


def rows_below(title: str) -> str:
    """The text of the list-table of that title on the page of the directives."""
    return page("directives").partition(f".. list-table:: {title}\n")[2].partition("\n\n\n")[0].split("\n\n.. ")[0]


@pytest.mark.parametrize(("title", "schema"), [("Keys of a platform", platform_schema), ("Keys of a scenario", schema)])
def test_the_directives_page_has_exactly_the_keys(title: str, schema: Callable[[], dict[str, Any]]) -> None:
    text = rows_below(title)
    named = {
        key for cell in re.findall(r"^   \* - (``.*)$", text, re.MULTILINE) for key in re.findall(r"\w+(?=``)", cell)
    }
    objects = [schema(), *(one for one in schema()["$defs"].values() if "type" in one)]
    expected = {key for one in objects for key in one.get("properties", {})}
    assert named == expected


def field_table(heading: str) -> list[tuple[str, str]]:
    """The rows of a table about typed fields, up to the next one."""
    text = page("directives").partition(f".. list-table:: {heading}\n")[2].partition("\n\n   * - ")[2]
    rows = ("   * - " + text.partition("\n\n")[0]).split("   * - ")[2:]
    return [
        (first.strip("`\n "), " ".join(second.split())) for first, _, second in (row.partition("- ") for row in rows)
    ]


@pytest.mark.parametrize(("heading", "words"), [("The targets", TARGETS), ("The restrictions", RESTRICTIONS)])
def test_the_directives_page_has_the_words_of_the_typed_fields(heading: str, words: dict[str, str]) -> None:
    meant = {name: meaning[0].lower() + meaning[1:].rstrip(".") for name, meaning in words.items()}
    assert dict(field_table(heading)) == meant


def test_the_directives_page_says_which_kinds_take_which_field() -> None:
    documented = {
        kind: fields.split(", ")
        for kinds, fields in field_table("Which kinds take which field")
        for kind in kinds.split(", ")
    }
    assert documented == {
        kind.value: [name for name, field in FIELDS.items() if kind in field.kinds] for kind in ItemKind
    }


def commands() -> list[list[str]]:
    """The command lines that the page shows, without the prompt."""
    lines = re.findall(r"^   \$ (.*)$", page("command_line"), re.MULTILINE)
    return [shlex.split(line) for line in lines if "[" not in line]


def test_every_command_that_exists_has_a_section() -> None:
    sections = re.findall(r"^xenfusa ([\w-]+)\n-+$", page("command_line"), re.MULTILINE)
    assert sorted(sections) == sorted(main.commands)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_line_on_the_page_can_be_parsed(words: list[str]) -> None:
    assert words[0] == "xenfusa"
    command = main.commands[words[1]]
    # click keeps the help option of a command as it was first asked for.
    with command.make_context(words[1], words[2:], help_option_names=["-h", "--help"]) as context:
        claims = context.params.get("claims", ())
    assert set(claims) <= set(load_claims())


def each_command() -> dict[str, click.Command]:
    """The commands, and those below them, by the words that call them."""
    found: dict[str, click.Command] = {}
    for name, command in main.commands.items():
        below = command.commands if isinstance(command, click.Group) else {}
        found |= {name: command, **{f"{name} {word}": one for word, one in below.items()}}
    return found


def choices(command: click.Command) -> dict[str, list[str]]:
    """The options of a command that take one of some words, with these."""
    return {
        one.opts[0]: [str(word) for word in one.type.choices]
        for one in command.params
        if isinstance(one, click.Option) and isinstance(one.type, click.Choice)
    }


def test_the_page_describes_exactly_the_commands_and_no_option_by_hand() -> None:
    # What is told of each comes from click: docs/command_directive.py.
    text = page("command_line")
    described = re.findall(r"^\.\. command:: (.+)$", text, re.MULTILINE)
    assert sorted(described) == sorted(name for name, one in each_command().items() if not isinstance(one, click.Group))
    assert ".. option::" not in text


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> SphinxTestApp:
    """A project with every command as the code has it, one that has words of its own, and two that are wrong."""
    folder = tmp_path_factory.mktemp("commands")
    path = f"import sys\nsys.path.insert(0, {str(REFERENCE.parent)!r})\n"
    (folder / "conf.py").write_text(path + "extensions = ['command_directive']\n", "utf-8")
    (folder / "index.rst").write_text(f"Commands\n========\n\n{WORDS}\n", "utf-8")
    for name, command in each_command().items():
        if not isinstance(command, click.Group):
            text = f":orphan:\n\nOne\n===\n\n.. command:: {name}\n"
            (folder / f"{name.replace(' ', '-')}.rst").write_text(text, "utf-8")
    app = SphinxTestApp(srcdir=folder, buildername="text")
    app.build()
    app.cleanup()
    return app


WORDS = """\
.. command:: model sweep

   Counts.

   :--states: Then it *gives up*.

.. command:: sweep

.. command:: suspects

   :--none: A.
"""


def shown(app: SphinxTestApp, name: str) -> str:
    """What the built page of a command says, without its line breaks."""
    return " ".join((app.outdir / f"{name}.txt").read_text("utf-8").split())


LEAVES = [name for name, one in each_command().items() if not isinstance(one, click.Group)]


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_is_described_as_click_has_it(name: str, described: SphinxTestApp) -> None:
    command, text = each_command()[name], shown(described, name.replace(" ", "-"))
    options = [one for one in command.params if isinstance(one, click.Option)]
    # Each can be linked to, and none is there that the command has not.
    targets = [
        option
        for program, option in described.env.domains.standard_domain.progoptions
        if program == f"xenfusa {name}".replace(" ", "-")
    ]
    assert sorted(targets) == sorted(word for one in options for word in one.opts)
    assert f"$ xenfusa {name} {' '.join(command.collect_usage_pieces(click.Context(command)))} " in text
    for option in options:
        told = re.split(rf" {option.opts[0]}(?:,.+?)? ", text, maxsplit=1)[-1]
        assert plain((option.help or "").partition(" Default: ")[0]) in plain(told), option.opts
    for words in choices(command).values():
        assert "*Values:* " + ", ".join(f'"{word}"' for word in words) + "." in text
    for option in options:
        if option.show_default:
            assert f'*Default:* "{option.default}".' in text


def plain(text: str) -> str:
    """A text without what only marks words."""
    return re.sub(r"[*\"'“”‘’]", "", text)


@pytest.mark.parametrize("name", LEAVES)
def test_the_exit_codes_of_a_command_are_those_of_its_help(name: str, described: SphinxTestApp) -> None:
    command, text = each_command()[name], (described.outdir / f"{name.replace(' ', '-')}.txt").read_text("utf-8")
    told = " ".join(f"{command.help} {command.epilog}".partition("Exit codes: ")[2].partition("Examples:")[0].split())
    rows = re.findall(r"^\| (\d) +\| (.*?) +\|$", text, re.MULTILINE)
    assert [code for code, _ in rows] == re.findall(r"(?:^|; )(\d) ", told)
    assert rows[0][0] == "0"
    assert all(plain(says) in plain(told) for _, says in rows)


def test_words_of_the_page_stand_below_those_of_the_help(described: SphinxTestApp) -> None:
    text = (described.outdir / "index.txt").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    start = lines.index("--states N")
    assert lines[start : start + 4] == [
        "--states N",
        "States after which a search ends without an answer.",
        "Then it *gives up*.",
        '*Values:* whole numbers from 1. *Default:* "200000000".',
    ]
    assert lines[2:6] == [
        "*Does a bound that was chosen for a search hide something?*",
        "$ xenfusa model sweep [OPTIONS] MODEL",
        "Counts.",
        '*Arguments:* "MODEL" (one).',
    ]


def test_a_command_or_an_option_that_does_not_exist_is_an_error_at_its_place(described: SphinxTestApp) -> None:
    said = described.warning.getvalue()
    assert "index.rst:10" in said and "found the command 'sweep'; expected one of accept, " in said
    assert "index.rst:12" in said and "found the option '--none'; expected one of --record, --file" in said


def test_what_can_be_given_more_than_once_says_so() -> None:
    options = [one for command in each_command().values() for one in command.params if isinstance(one, click.Option)]
    assert [one.opts for one in options if one.multiple is not ("(repeatable)" in (one.help or ""))] == []
    assert [one.opts for one in options if not one.help] == []


def test_the_page_has_exactly_the_exit_codes() -> None:
    table = page("command_line").partition("Exit codes\n")[2].partition("Several at once")[0]
    assert [int(code) for code in re.findall(r"^([0-9]+) +\w", table, re.MULTILINE)] == [
        code.value for code in ExitCode
    ]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Claim:
    """The claim of the example package, loaded through its own entry point."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    points = [EntryPoint(name, value, GROUP) for name, value in project["entry-points"][GROUP].items()]
    claims = load_claims(points)
    assert list(claims) == ["nobody_pauses_itself"]
    return claims["nobody_pauses_itself"]


@pytest.mark.parametrize("policy", ["specification", "dummy"])
def test_the_example_claim_is_confirmed_and_could_have_failed(example: Claim, policy: str) -> None:
    assert policy in example.policies
    verdict = example.run(policy, Budget(60))
    assert (verdict.kind, verdict.reason) == (VerdictKind.CONFIRMED, "")
    assert verdict.killed > 0
    assert verdict.witness is not None
    assert verdict.witness.steps[-1].action == "XEN_DOMCTL_pausedomain"


def test_the_example_claim_names_its_own_file(example: Claim) -> None:
    assert [path.name for path in example.sources] == ["example_claims.py"]


def test_the_example_platform_can_be_read() -> None:
    platform = read_platform(HERE / "example_platform.yaml")
    assert [domain.name for domain in platform.domains] == ["hwdom", "brakes", "media"]


def test_the_page_about_reviews_has_exactly_the_checklist() -> None:
    rows = re.findall(r"^``([a-z ]+)`` +(\S.*)$", page("drift"), re.MULTILINE)
    assert dict(rows) == dict(CHECKLIST)
