"""What a build writes beside its pages or needs: the record, in the formats asked for, counted again; digests of the inputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

from sphinx_xenfusa.inputs import InputError
from sphinx_xenfusa.interop.exports import FORMATS, export
from sphinx_xenfusa.interop.recount import recount
from sphinx_xenfusa.sphinxext import needs_bridge
from sphinx_xenfusa.sphinxext.build_inputs import CHECKSUMS, checksums
from sphinx_xenfusa.sphinxext.warning_types import warn
from sphinx_xenfusa.trace import canonical
from sphinx_xenfusa.trace.record import TraceRecord

FOLDER = "xenfusa"
"""Below the output folder."""
BUILDERS = ("html", "dirhtml", "singlehtml", "needs")
"""The builders beside whose output the record is written."""


def write_outputs(app: Sphinx, record: TraceRecord, documents: Iterable[str], off_pages: Collection[str]) -> None:
    """Write the record in each format, read everything again, and let the build fail where two numbers differ.

    :param documents: the documents with totals or matrices that show the record as it is now.
    :param off_pages: what stands in no document: files, as the record names them, with all their items, and single tags.
    """
    if app.builder.name not in BUILDERS:
        return
    folder = Path(app.outdir) / FOLDER
    files: list[Path] = []
    for name in dict.fromkeys(("record", *app.config.xenfusa_exports)):
        try:
            files += export(record, [name], folder)
        except InputError as error:
            warn("input", error.message, error.place)
    _remove_left_over(folder, files)
    try:
        canonical.write_text(Path(app.outdir, CHECKSUMS), checksums(record.inputs))
    except OSError as error:
        found = f"found that {CHECKSUMS} cannot be written ({error.strerror})"
        warn("input", f"{found}; expected a file of the digests of the inputs there", str(Path(app.outdir, CHECKSUMS)))
    whole, part = needs_bridge.needs_files(app)
    for difference in recount([*files, *_pages(app, documents), *whole], partial=part, without_needs=off_pages):
        # What the pages say cannot be relied on then, whether or not warnings count as errors.
        app.statuscode = 1
        warn("recount", difference.message, str(difference.file))


def _remove_left_over(folder: Path, written: Collection[Path]) -> None:
    """Remove what an earlier build wrote and this one did not: its numbers are of another record."""
    for one in FORMATS.values():
        for path in folder.glob(one.file) if folder.is_dir() else ():
            if path not in written:
                path.unlink(missing_ok=True)


def _pages(app: Sphinx, documents: Iterable[str]) -> list[Path]:
    """The pages of some documents; with ``singlehtml`` the one page that there is."""
    shown = sorted(documents)
    builder = app.builder
    if not isinstance(builder, StandaloneHTMLBuilder):
        return []
    if builder.name == "singlehtml":
        shown = [str(app.config.root_doc)] if shown else []
    paths = (Path(builder.get_outfilename(docname)) for docname in shown)
    return [path for path in paths if path.is_file()]
