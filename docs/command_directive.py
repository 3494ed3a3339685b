"""A directive of our own documentation: a command with its usage, arguments, options and exit codes, as click has them.

``.. command:: audit links`` describes ``xenfusa audit links``.  What stands below it is the explanation, which no code has; a
field ``:--option:`` there adds words to an option that click describes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

from sphinx_xenfusa import cli

PROGRAM = "xenfusa"
_DEFAULT = " Default: "
_CODES = "Exit codes: "


def each_command() -> dict[str, click.Command]:
    """The commands that do something, those of a group in its place, by the words that call them."""
    found: dict[str, click.Command] = {}
    for name, command in cli.main.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {word}": one for word, one in command.commands.items()}
        else:
            found[name] = command
    return found


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The options of a command, by their long names."""
    return {one.opts[0]: one for one in command.params if isinstance(one, click.Option)}


def question_and_usage(name: str, command: click.Command) -> list[str]:
    """The lines above the explanation."""
    context = click.Context(command, info_name=f"{PROGRAM} {name}")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    return [f"*{marked(command.short_help or '')}*", "", ".. code-block:: console", "", f"   $ {usage}", ""]


def arguments(command: click.Command) -> Iterator[str]:
    """Each argument: how many may be given, and of which words."""
    context = click.Context(command)
    for one in command.params:
        if isinstance(one, click.Argument):
            shown = one.make_metavar(context).removeprefix("-- ").strip("[].")
            name = one.human_readable_name.upper() if isinstance(one.type, click.Choice) and "|" in shown else shown
            count = ("one or several" if one.required else "any number") if one.nargs == -1 else "one"
            count = count if one.required or one.nargs == -1 else "one, or none"
            yield f"``{name}`` ({count}{_of(one)})"


def _of(one: click.Parameter) -> str:
    values = accepted(one)
    return f" of {values}" if values else ""


def described(option: click.Option) -> list[str]:
    """The lines that describe an option: its names, what its help says, values and default."""
    value = "" if option.is_flag else f" {_placeholder(option)}"
    names = ", ".join(f"{name}{value}" for name in option.opts)
    says, _, default = (option.help or "").partition(_DEFAULT)
    if option.show_default is True:
        default = f"'{_written(option.default)}'"
    lines = [f".. option:: {names}", "", f"   {marked(says)}{' **Required.**' if option.required else ''}", ""]
    values = accepted(option)
    told = [f"*Values:* {values}."] * bool(values) + [f"*Default:* {marked(default.rstrip('.'))}."] * bool(default)
    return [*lines, f"   {' '.join(told)}", ""]


def _placeholder(option: click.Option) -> str:
    """The word that stands for the value; click spells out the words of a choice, which are listed below here."""
    return option.metavar or option.opts[0].lstrip("-").upper()


def _written(default: object) -> str:
    return default.as_posix() if isinstance(default, Path) else str(default)


def accepted(one: click.Parameter) -> str:
    """The values of a parameter that has a closed set of them; empty for all others."""
    if isinstance(one.type, click.Choice):
        return ", ".join(f"``{word}``" for word in one.type.choices)
    if isinstance(one.type, click.IntRange):
        bounds = [
            f"{word} {bound}" for word, bound in (("from", one.type.min), ("to", one.type.max)) if bound is not None
        ]
        return f"whole numbers {' '.join(bounds)}"
    return ""


def exit_codes(command: click.Command) -> dict[str, str]:
    """The exit codes, with what they mean, from the paragraph of the help that says it; empty if there is none."""
    for text in f"{command.help}\n\n{command.epilog}".split("\n\n"):
        paragraph = " ".join(text.split())
        if paragraph.startswith(_CODES):
            codes = re.split(r"; (?=\d )", paragraph.removeprefix(_CODES).rstrip("."))
            return {code: says for code, _, says in (one.partition(" ") for one in codes)}
    return {}


def code_table(codes: Mapping[str, str]) -> list[str]:
    """The lines of a table of exit codes."""
    head = [".. list-table::", "   :header-rows: 1", "   :widths: 12 88", "", "   * - exit code", "     - when"]
    return head + [line for code, says in codes.items() for line in (f"   * - {code}", f"     - {marked(says)}")] + [""]


def marked(text: str) -> str:
    """A text of click as rst: words in apostrophes, options, files and variables are literal, nothing else is markup."""
    parts = re.split(r"(?<!\w)'([^']+)'(?!\w)", " ".join(text.split()))
    return "".join(f"``{part}``" if quoted % 2 else _words(part) for quoted, part in enumerate(parts))


def _words(text: str) -> str:
    return "".join(_word(part) for part in re.split(r"([\s(),;]+)", text))


def _word(word: str) -> str:
    bare = word.rstrip(".:")
    if bare and (re.match(r"--\w|#\w", bare) or re.search(r"\w[.:]\w|://|_|\*", bare)):
        return f"``{bare}``{word[len(bare) :]}"
    return re.sub(r"([\\`|<>\[\]])", r"\\\1", word)


class CommandDirective(SphinxDirective):
    """A command as click has it; the content is its explanation, and what is to be added to its options."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Question, usage, explanation, arguments, options, exit codes; an error where there is no such command or option."""
        name, commands = " ".join(self.arguments[0].split()), each_command()
        if name not in commands:
            raise self.error(f"found the command {name!r}; expected one of {', '.join(commands)}")
        # A page is read again when what it is made of changes, as with autodoc.
        for path in (Path(__file__), *sorted(Path(cli.__file__).parent.glob("*.py"))):
            self.env.note_dependency(str(path))
        command = commands[name]
        explanation, added = self._content(options_of(command))
        named = "; ".join(arguments(command))
        takes = self._parsed([f"*Arguments:* {named}." if named else "", "", f".. program:: {PROGRAM} {name}", ""])
        options = [self._option(one, added.get(key, [])) for key, one in options_of(command).items()]
        described_options = [node for nodes_of_one in options for node in nodes_of_one]
        codes = exit_codes(command)
        table = self._parsed(code_table(codes)) if codes else []
        return [*self._parsed(question_and_usage(name, command)), *explanation, *takes, *described_options, *table]

    def _content(self, known: Mapping[str, click.Option]) -> tuple[list[nodes.Node], dict[str, list[nodes.Node]]]:
        """The explanation, and what is added to which option."""
        explanation: list[nodes.Node] = []
        added: dict[str, list[nodes.Node]] = {}
        for node in self.parse_content_to_nodes():
            fields = [one for one in node.children if isinstance(one, nodes.field)]
            if not fields:
                explanation.append(node)
            for field in fields:
                option = field[0].astext()
                if option not in known:
                    raise self.error(f"found the option {option!r}; expected one of {', '.join(known)}")
                added[option] = list(field[1].children)
        return explanation, added

    def _option(self, option: click.Option, added: list[nodes.Node]) -> list[nodes.Node]:
        made = self._parsed(described(option))
        content = next(one for node in made for one in node.findall(addnodes.desc_content))
        content[1:1] = added
        return made

    def _parsed(self, lines: list[str]) -> list[nodes.Node]:
        return nested_parse_to_nodes(self.state, StringList(lines, source=self.get_source_info()[0]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("command", CommandDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
