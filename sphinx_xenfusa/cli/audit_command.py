"""``xenfusa audit``: what an auditor, or who prepares for one, does with a folder of built pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import click

from sphinx_xenfusa.cli.messages import say
from sphinx_xenfusa.evidence.plain_text import printable
from sphinx_xenfusa.inputs import InputError, read_bytes
from sphinx_xenfusa.interop.content_policy import content_policy, inline_parts
from sphinx_xenfusa.interop.html_folder import dead_links
from sphinx_xenfusa.interop.paper import Selection, paper_of
from sphinx_xenfusa.interop.paper_document import Document, Imprint, looks_of
from sphinx_xenfusa.interop.read_record import RECORD_LIMIT, read_record
from sphinx_xenfusa.trace.record import TraceRecord
from sphinx_xenfusa.trace.states import ExitCode

_FOLDER = click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))


@click.group("audit")
def audit() -> None:
    """Look after a folder of built pages."""


@audit.command("links")
@_FOLDER
@click.pass_context
def links_command(ctx: click.Context, folder: Path) -> None:
    """Name every dead link of FOLDER: files, anchors, pictures, scripts, styles.

    Links to other machines are not followed; what a page would load from one is dead.
    """
    try:
        dead = list(dead_links(folder))
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    for one in dead:
        click.echo(str(one))
    click.echo(f"dead links: {len(dead)}")
    ctx.exit(ExitCode.FINDING if dead else ExitCode.GOOD)


@audit.command("policy")
@_FOLDER
@click.pass_context
def policy_command(ctx: click.Context, folder: Path) -> None:
    """Print the Content-Security-Policy under which the pages of FOLDER work.

    It allows the files of the folder, and by hash what stands inline in its pages, which is listed above it.
    """
    try:
        parts = inline_parts(folder)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    for one in parts:
        click.echo(f"# {one.source} {one.kind}: {printable(' '.join(one.text.split()))[:100]}")
    click.echo(f"Content-Security-Policy: {content_policy(parts)}")


@audit.command("pdf")
@_FOLDER
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to write. Default: FOLDER.pdf, beside the folder.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="PATTERN",
    help="Leave out the pages that PATTERN fits, such as 'reference/*'; the document lists them (repeatable).",
)
@click.option("--everything", is_flag=True, help="Print what is of no use on paper as well.")
@click.pass_context
def pdf_command(ctx: click.Context, folder: Path, out: Path | None, without: tuple[str, ...], everything: bool) -> None:
    """Print the pages of FOLDER as one PDF with contents and page numbers.

    Left out are the longest tables of details, the steps of witnesses, and pages of a screen; the document says what and
    how much. Needs Chromium, and pip install 'sphinx-xenfusa[pdf]'.
    """
    from sphinx_xenfusa.cli.printing import printed

    out = out or folder.resolve().with_suffix(".pdf")
    try:
        _demand_place(out)
        imprint = imprint_of(folder)
        paper = paper_of(folder, Selection(without, everything))
        pdf = printed(Document(paper, imprint, looks_of(folder)), folder)
        _write(out, pdf)
    except InputError as error:
        say(str(error))
        ctx.exit(ExitCode.UNREADABLE)
    click.echo(f"wrote {out}: {len(paper.chapters)} pages of the folder, {len(pdf)} bytes")


def imprint_of(folder: Path) -> Imprint:
    """What a folder says of itself: by its trace record alone.

    :raises InputError: there is no trace record, or it cannot be read.
    """
    path = folder / "xenfusa" / "trace.json"
    raw = read_bytes(path, limit=RECORD_LIMIT, what="a trace record")
    record = read_record(path)
    return Imprint(record.project, record.version, [*_facts(record), *_sums(raw)])


def _facts(record: TraceRecord) -> Iterator[tuple[str, str]]:
    commit = record.documented.commit or "unknown: the record names none"
    yield "Commit", f"{commit}{' (with changes that are in no commit)' if record.documented.dirty else ''}"
    yield "Policy", record.target_policy


def _sums(raw: bytes) -> Iterator[tuple[str, str]]:
    yield "Trace record", f"xenfusa/trace.json, SHA-256 {hashlib.sha256(raw).hexdigest()}"


def _demand_place(path: Path) -> None:
    """Before minutes of printing, rather than after them."""
    if not path.resolve().parent.is_dir() or path.is_dir():
        raise InputError(
            path, None, "no folder to write to, or a folder of that name", "a file in a folder that is there"
        )


def _write(path: Path, pdf: bytes) -> None:
    try:
        path.write_bytes(pdf)
    except OSError as error:
        raise InputError(path, None, f"a file that cannot be written ({error.strerror})", "a place to write") from error
