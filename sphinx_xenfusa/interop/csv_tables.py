"""CSV after RFC 4180: a file for each table, UTF-8, no cell a formula."""

from __future__ import annotations

import csv
import io

from sphinx_xenfusa.interop.cells import guarded
from sphinx_xenfusa.interop.tables import tables
from sphinx_xenfusa.trace.record import TraceRecord


def csv_files(record: TraceRecord) -> dict[str, bytes]:
    """``csv/items.csv``, ``csv/links.csv`` and so on."""
    made = {}
    for table in tables(record):
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(table.headings)
        for row in table.rows:
            writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
        made[f"csv/{table.name}.csv"] = stream.getvalue().encode("utf-8")
    return made
