"""The files of policy, justifications and retired ids that the docs show can be read, and mean what is said of them."""

from __future__ import annotations

import datetime
from pathlib import Path

from sphinx_xenfusa.interop.tracing_rules import read_justifications, read_policy, read_tombstones

FOLDER = Path(__file__).with_name("tracing")


def test_the_files_in_the_docs_are_good() -> None:
    demands = read_policy(FOLDER / "policy.yaml", "policy.yaml")
    assert [one.at_least for one in demands] == [40, 100, 100]
    (justified,) = read_justifications(FOLDER / "justified.yaml", "justified.yaml", datetime.date(2027, 3, 31))
    assert not justified.expired
    assert read_tombstones(FOLDER / "retired.yaml", "retired.yaml")[0].name == "XenProd~boot"
