"""``xenfusa overlay``: requirements for sentences of documents that we may not edit, without Sphinx."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.cli.shared_root import shared_root
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.inputs import InputError, read_text
from sphinx_xenfusa.interop.overlay import OverlaySource, unclaimed_findings
from sphinx_xenfusa.interop.overlay_skeleton import skeleton
from sphinx_xenfusa.terms.installed import load_vocabulary
from sphinx_xenfusa.trace.canonical import write_text
from sphinx_xenfusa.trace.linker import finding_order
from sphinx_xenfusa.trace.record import DocumentCoverage
from sphinx_xenfusa.trace.states import ExitCode, combined_exit_code


@click.group("overlay")
def overlay_command() -> None:
    """Make requirements of sentences in a document that must not be edited."""


@overlay_command.command("check")
@click.argument("files", metavar="FILE...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder that no document may lie outside of. Default: the current folder, or that which all overlays "
    "share if one lies outside.",
)
@click.pass_context
def check_command(ctx: click.Context, files: tuple[Path, ...], root: Path | None) -> None:
    """Find the sentences of overlays in their documents, and say what drifted and what nobody claims.

    Exit codes: 0 all found and every normative sentence claimed or informative; 1 a finding; 2 wrong usage, or an
    overlay or its document cannot be read (the others are still checked).
    """
    here = shared_root(files) if root is None else root
    source = OverlaySource(files, here, load_vocabulary())
    documents = source.coverage()
    for line in _coverage_lines(source, documents):
        click.echo(line)
    findings = sorted({*source.findings(), *unclaimed_findings(documents)}, key=finding_order)
    for finding in findings:
        about = f"{finding.about}: " if finding.about else ""
        click.echo(printable(f"{finding.place}: xenfusa.{finding.subtype}: {about}{finding.message}"))
    codes = [ExitCode.FINDING for _ in findings] + [ExitCode.UNREADABLE for _ in source.unreadable]
    ctx.exit(combined_exit_code(codes))


def _coverage_lines(source: OverlaySource, documents: tuple[DocumentCoverage, ...]) -> Iterator[str]:
    for document in documents:
        marked = source.marked.get(document.file, ())
        drifted = sum(one.drifted for one in marked)
        yield printable(
            f"{document.file}: {document.normative} normative sentences: {document.claimed} claimed, "
            f"{len(document.informative)} informative, {len(document.unclaimed)} unclaimed; "
            f"{len(marked)} requirements of overlays, {drifted} of them drifted"
        )
        for statement in document.informative:
            yield printable(f"  informative, line {statement.place.line}: {statement.reason}")


@overlay_command.command("new")
@click.argument("document", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE, which must not exist. Default: the standard output.",
)
@click.option(
    "--type",
    "item_type",
    default="XenArch",
    show_default=True,
    metavar="TYPE",
    help="The type of the ids, letters only.",
)
@click.pass_context
def new_command(ctx: click.Context, document: Path, output: Path | None, item_type: str) -> None:
    """Write the skeleton of an overlay: an entry for each normative sentence of DOCUMENT that nobody claims."""
    try:
        if not (item_type.isascii() and item_type.isalpha()):
            raise InputError("--type", None, repr(item_type), "ASCII letters only, as in XenArch")
        text = read_text(document, what="an rst file")
        if output is not None and output.exists():
            raise InputError(
                output, None, "a file", "the name of a file that does not exist: an overlay is never overwritten"
            )
        folder = document.parent if output is None else output.parent
        named = Path(os.path.relpath(document.resolve(), folder.resolve())).as_posix()
        made = skeleton(text, named, item_type)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    if output is None:
        click.echo(made.encode("utf-8"), nl=False)
        return
    try:
        write_text(output, made)
    except OSError as error:
        say(f"{output}: cannot be written ({error.strerror or error})")
        ctx.exit(ExitCode.UNREADABLE)
