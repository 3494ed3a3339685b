"""A workbook (Office Open XML, ``.xlsx``) with a sheet for each table.

Every text is written as a text, never as a formula or a link, and guarded as in CSV besides, because sheets are saved as
CSV.  A cell of a sheet holds 32,767 characters; a longer text is cut and says so.
"""

from __future__ import annotations

import io
from datetime import datetime

from sphinx_xenfusa import __version__
from sphinx_xenfusa.interop.cells import guarded
from sphinx_xenfusa.interop.tables import tables
from sphinx_xenfusa.trace.record import TraceRecord

CELL_LIMIT = 32_767
"""Characters that a cell holds (Excel specifications and limits), in UTF-16 units."""
_WIDEST = 60
_EPOCH = datetime(1980, 1, 1)  # the same bytes in every build


def workbook(record: TraceRecord) -> dict[str, bytes]:
    """``items.xlsx``, with everything that the CSV files hold."""
    from xlsxwriter import Workbook

    stream = io.BytesIO()
    book = Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": _EPOCH, "title": "Trace record", "author": f"sphinx_xenfusa {__version__}"})
    heading = book.add_format({"bold": True})
    top = book.add_format({"valign": "top"})
    for table in tables(record):
        sheet = book.add_worksheet(table.name)
        sheet.freeze_panes(1, 1)
        for column, name in enumerate(table.headings):
            longest = max((len(str(row[column])) for row in table.rows), default=0)
            sheet.set_column(column, column, min(max(len(name), longest) + 2, _WIDEST))
            sheet.write_string(0, column, name, heading)
        for number, row in enumerate(table.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, _fitted(guarded(cell)), top)
                else:
                    sheet.write_number(number, column, cell, top)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.headings) - 1)
    book.close()
    return {"items.xlsx": stream.getvalue()}


def _fitted(text: str) -> str:
    if len(text.encode("utf-16-le")) // 2 <= CELL_LIMIT:
        return text
    told = f" … (cut: {len(text)} characters, all of them in the trace record)"
    room = CELL_LIMIT - len(told)
    return text.encode("utf-16-le")[: room * 2].decode("utf-16-le", "ignore") + told
