"""A page whose chains or hits are not as many as its caption says is noticed."""

from pathlib import Path

import pytest

from sphinx_xenfusa.interop.exports import export
from sphinx_xenfusa.interop.recount import recount
from sphinx_xenfusa.trace.assemble import assemble_items

PATH = """<table class="xenfusa-table xenfusa-path"><caption>A → B, with a gap (2 chains, worst first)</caption>
<thead><tr><th>A</th><th>Worst</th></tr></thead><tbody><tr><td>a</td><td>none</td></tr><tr><td>b</td><td>none</td></tr></tbody></table>"""
CROSS = """<table class="xenfusa-table xenfusa-cross"><caption>kind × state (5 hits)</caption>
<thead><tr><th>Kind</th><th>x (4)</th><th>y (1)</th><th>All</th></tr></thead>
<tbody><tr><td>rule</td><td>3: none</td><td>·</td><td>3</td></tr>
<tr><td>none</td><td>✓ passed</td><td>✗ failed</td><td>2</td></tr></tbody>
</table>"""


def differences(folder: Path, page: str) -> list[str]:
    path = folder / "page.html"
    path.write_text(f"<html><body>{page}</body></html>", "utf-8")
    files = [*export(assemble_items(()), ["record"], folder), path]
    return [one.message for one in recount(files)]


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        (PATH, PATH.replace("2 chains", "3 chains")),
        (CROSS, CROSS.replace("3: none", "2: none")),
        (CROSS, CROSS.replace("·", "–")),
    ],
)
def test_a_caption_that_says_another_number(tmp_path: Path, page: str, wrong: str) -> None:
    assert differences(tmp_path, page) == []
    (message,) = differences(tmp_path, wrong)
    assert "whose caption says" in message
