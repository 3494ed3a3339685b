"""What the help of each command teaches beside its options: the question that it answers, examples that work, exit codes.

It stands here in one place, so that all commands are told in one voice and a test can run every example.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import click

_KEEP_LINES = "\b\n"
"""What tells click to leave the lines of a paragraph as they are."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is told of a command.

    :param question: the one that it answers, as somebody asks it who does not know the command yet.
    :param examples: command lines that can be copied; of a group there are none.
    :param codes: what its exit codes mean; empty where its own text says so.
    """

    question: str
    examples: tuple[str, ...] = ()
    codes: str = ""


_SEARCHED = (
    "1 a claim is refuted, or an expectation is not met; 2 wrong usage or unreadable input; 3 a claim gave no answer"
)

LESSONS: Mapping[str, Lesson] = {
    "accept": Lesson(
        "How do I say that somebody has read a text and accepts it as it is?",
        (
            'xenfusa accept XenProd~stop_idle~1 --tree docs/fusa --by "A. Reviewer" --why "first reading"',
            'xenfusa accept --all-new --tree docs/fusa --by "A. Reviewer" --why "first reading"',
        ),
        "0 it is recorded; 2 wrong usage, an id that does not exist, or unreadable input: nothing is recorded",
    ),
    "adequacy": Lesson(
        "Which mistakes in the model would each claim notice?",
        ("xenfusa adequacy hwdom_single --record kills.json",),
        "0 the record holds; 1 it does not, or something differs; 2 wrong usage or unreadable input; 3 a claim gave no answer",
    ),
    "audit": Lesson("Can the built pages be handed over?"),
    "audit links": Lesson(
        "Does every link of the built pages lead somewhere?",
        ("xenfusa audit links build/html",),
        "0 all links lead somewhere; 1 one is dead; 2 there are no pages to read",
    ),
    "audit pdf": Lesson(
        "How do I hand the pages over as one document?",
        ("xenfusa audit pdf build/html --out evidence.pdf",),
        "0 it is written; 2 it is not, and the message says what is missing",
    ),
    "audit policy": Lesson(
        "What does a web server have to allow for the pages to work?",
        ("xenfusa audit policy build/html",),
        "0 the policy is printed; 2 there are no pages to read",
    ),
    "baseline": Lesson("What was the project when we released it?"),
    "baseline create": Lesson(
        "How do I keep what the project is today, to compare with later?",
        (
            "xenfusa baseline create 4.21 docs/fusa",
            "xenfusa baseline create 4.21-verdicts --record build/html/xenfusa/trace.json",
        ),
        "0 it is written; 1 it is written, but a tag could not be read; 2 nothing is written",
    ),
    "check-platform": Lesson(
        "Is this platform compatible with safety?",
        ("xenfusa check-platform platform.yaml", "xenfusa check-platform boards --format json"),
    ),
    "completion": Lesson(
        "How do I get the names of commands, options, claims and policies with the TAB key?",
        ("xenfusa completion bash > completion.bash", "xenfusa completion fish"),
        "0 the script is printed; 2 wrong usage",
    ),
    "confirm": Lesson(
        "Is what the requirements say of Xen true of the model, and what speaks against it?",
        (
            "xenfusa confirm --list hwdom_single",
            "xenfusa confirm hwdom_single --trace",
            "xenfusa confirm hwdom_single --policy dummy --format junit --output verdicts.xml",
        ),
        f"0 all confirmed, or diverging as the register expects; {_SEARCHED}",
    ),
    "diff": Lesson(
        "What changed between two states of the project, and what has to be looked at again?",
        ("xenfusa diff before docs/fusa", "xenfusa diff baselines/4.20.json docs/fusa --format markdown"),
        "0 compared; 1 something changed, with --exit-code; 2 wrong usage or unreadable input",
    ),
    "doctor": Lesson(
        "Is my installation whole, and what does my project set?",
        ("xenfusa doctor", "xenfusa doctor docs --format json"),
    ),
    "explain": Lesson(
        "What is known about this one requirement, claim or divergence, and why is it not green?",
        ("xenfusa explain hwdom_single --without-record", "xenfusa explain XenProd~stop_idle~1"),
        "0 it is green; 1 something failed; 2 wrong usage, an id that does not exist, or unreadable input; 3 no answer: not run, "
        "no evidence, or verified in part",
    ),
    "explore-platforms": Lesson(
        "Which of my domains may be safety-critical, and what would one change bring?",
        ("xenfusa explore-platforms platform.yaml --question criticality",),
    ),
    "export": Lesson(
        "How do I get the evidence into another tool?",
        ("xenfusa export --list", "xenfusa export csv metrics --output build/export"),
        "0 written and counted again; 1 two files do not say the same, or a tag could not be read; 2 wrong usage, a library is "
        "missing, or something could not be read or written",
    ),
    "init": Lesson(
        "How do I begin?",
        ("xenfusa init my-docs", "xenfusa init --template xen-docs xen-docs", "xenfusa init --into docs --dry-run"),
    ),
    "model": Lesson("What is searched, and what would somebody else's tool find in it?"),
    "model export": Lesson(
        "How do I let SPIN or TLC search the same model?",
        ("xenfusa model export notification-ring.small --format promela -o ring.pml",),
        "0 it is written; 2 wrong usage, or the format cannot say the model",
    ),
    "model list": Lesson("Which models are there?", ("xenfusa model list",), "0 they are listed"),
    "model sweep": Lesson(
        "Does a bound that was chosen for a search hide something?",
        ("xenfusa model sweep notification-ring.small --set size=2,4",),
        "0 counted; 2 wrong usage; 3 a search had to give up",
    ),
    "overlay": Lesson("How do I make requirements of a document that I must not edit?"),
    "overlay check": Lesson(
        "Does each requirement still have its sentence, and each normative sentence its requirement?",
        ("xenfusa overlay check docs/overlay.yaml",),
    ),
    "overlay new": Lesson(
        "Which sentences of this document are normative?",
        ("xenfusa overlay new docs/upstream.rst", "xenfusa overlay new docs/upstream.rst --output new.yaml"),
        "0 written; 2 wrong usage, or the document cannot be read: nothing is written",
    ),
    "record-run": Lesson(
        "How does the build know which run wrote a test report, and of which commit?",
        ('xenfusa record-run --report "build/*.xml" -- python3 -m pytest -q --junitxml=build/tests.xml tests',),
    ),
    "suspects": Lesson(
        "Which texts changed since somebody accepted them?",
        ("xenfusa suspects docs/fusa",),
        "0 none; 1 one is suspect, or a tag could not be read; 2 wrong usage or unreadable input",
    ),
    "trace": Lesson(
        "Which requirements lack something, and what?",
        ("xenfusa trace docs/fusa", "xenfusa trace docs/fusa --format html --output trace.html"),
    ),
}


def taught(name: str, command: click.Command) -> click.Command:
    """The command with its lesson, and those below it with theirs.

    :param name: the words that call it, without ``xenfusa``.
    """
    lesson = LESSONS.get(name)
    if lesson is not None:
        command.short_help = lesson.question
        command.help = f"{lesson.question}\n\n{command.help or ''}"
        command.epilog = _epilog(lesson) or None
    if isinstance(command, click.Group):
        for word, one in command.commands.items():
            taught(f"{name} {word}", one)
    return command


def _epilog(lesson: Lesson) -> str:
    parts = []
    if lesson.codes:
        parts.append(f"Exit codes: {lesson.codes}.")
    if lesson.examples:
        lines = "\n".join(f"  $ {example}" for example in lesson.examples)
        parts.append(f"{_KEEP_LINES}Examples:\n{lines}")
    return "\n\n".join(parts)
