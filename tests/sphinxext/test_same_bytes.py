"""Builds in other folders, with other hash seeds and numbers of processes give the same bytes, whatever stands on pages."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests_support import requirement

BUILDERS = ("html", "dirhtml", "singlehtml")
BUILD = """
import sys
from sphinx.cmd.build import main
source, out, jobs, *builders = sys.argv[1:]
for name in builders:
    status = main(["-q", "-E", "-j", jobs, "-b", name, "-d", f"{out}/trees-{name}", source, f"{out}/{name}"])
    assert status == 0, name
"""
CONF = """
project = "T"
version = "1"
extensions = ["sphinx_xenfusa"]
html_theme = "basic"
xenfusa_confirm = "off"
xenfusa_test_reports = []
needs_build_json = True
needs_flow_engine = "graphviz"
needs_types = [
    {"directive": "req", "title": "Req", "prefix": "R", "color": "#ffffff", "style": "node"},
    {"directive": "spec", "title": "Spec", "prefix": "S", "color": "#eeeeee", "style": "node"},
]
needs_schema_definitions = {
    "$defs": {},
    "schemas": [{
        "id": "status", "severity": "info", "select": {"properties": {"type": {"const": "req"}}},
        "validate": {"local": {"required": ["status"]}},
    }],
}
needs_schema_severity = "info"
suppress_warnings = ["graphviz", "needs.mpl", "needs", "sn_schema_info", "sn_schema_warning", "sn_schema_violation", "xenfusa"]
"""
NATIVE = """\
Native {number}
========

.. req:: Native {number}
   :id: REQ_0{number}
   :tags: b, a, c
   :links: SPE_0{number}, XenArch~r{number}~1
   :collapse: true

   Text with :np:`(1) a part` and :need:`XenArch~r{number}~1`, :need_count:`type=='req'`.

   .. spec:: Nested {number}
      :id: SPE_0{number}
      :layout: complete

      Text.

"""
VIEWS = """\
Views
=====

.. needtable::
   :columns: id,title,tags,incoming,outgoing,xen_state
   :style: datatables

.. needlist::

.. needflow::
   :filter: type in ("req", "spec")

.. needpie:: Pie
   :labels: a, b

   type == "req"
   type == "spec"

.. needbar::

   1, 2

.. needextract::
   :filter: type == "req"
   :layout: clean

.. needextend:: REQ_01
   :+tags: d

.. needimport:: imported.json
   :id_prefix: IMP_
   :tags: imported

.. list2need::
   :types: req, spec
   :presentation: nested
   :delimiter: .

   * (LST_01) First. Of a list.

.. index:: single: something

.. xen:summary::

.. xen:matrix::
"""
IMPORTED = {
    "current_version": "1",
    "project": "I",
    "versions": {"1": {"needs": {f"NEED_{i}": {"id": f"NEED_{i}", "type": "req", "title": f"I {i}"} for i in (2, 1)}}},
}


def written(folder: Path) -> Path:
    """The project: more documents than a build with several processes reads in one of them."""
    folder.mkdir(parents=True)
    names = [f"native{number}" for number in range(1, 8)]
    pages = {f"native{number}": NATIVE.format(number=number) for number in range(1, 8)}
    for number in range(1, 8):
        pages[f"native{number}"] += requirement(f"r{number}", options=":needs: XenArch")
    toc = "".join(f"   {name}\n" for name in (*names, "views"))
    pages |= {"index": f"Index\n=====\n\n.. toctree::\n\n{toc}", "views": VIEWS}
    for name, text in pages.items():
        (folder / f"{name}.rst").write_text(text, "utf-8")
    (folder / "conf.py").write_text(CONF, "utf-8")
    (folder / "imported.json").write_text(json.dumps(IMPORTED), "utf-8")
    return folder


def built(source: Path, out: Path, *, jobs: int, seed: int) -> dict[str, bytes]:
    """Every file of every builder's output."""
    command = [sys.executable, "-c", BUILD, str(source), str(out), str(jobs), *BUILDERS]
    environment = os.environ | {"PYTHONHASHSEED": str(seed), "NO_COLOR": "1", "TZ": f"UTC{seed % 12}", "HOME": str(out)}
    environment |= {"LC_ALL": "C" if jobs == 1 else "C.UTF-8", "USER": f"user-{seed}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    files = (path for name in BUILDERS for path in (out / name).rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("same")
    one = built(written(folder / "docs"), folder / "one", jobs=1, seed=0)
    other = built(written(folder / "deeper" / "other docs ü # % 'q'"), folder / "other", jobs=4, seed=4711)
    return one, other


def test_all_files_are_the_same(both: tuple[dict[str, bytes], dict[str, bytes]]) -> None:
    one, other = both
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == []


def test_what_is_compared_is_there(both: tuple[dict[str, bytes], dict[str, bytes]]) -> None:
    page = both[0]["html/views.html"].decode()
    for what in ("NEEDS_DATATABLES", "needflow", "IMP_NEED_1", "LST_01", "need_container", 'id="SNCB-1"'):
        assert what.lower() in page.lower(), what
    needs = both[0]["html/needs.json"].decode()
    assert needs == json.dumps(json.loads(needs), sort_keys=True), "as sphinx-needs writes it"
    assert "created" not in json.loads(needs)
    report = json.loads(both[0]["html/schema_violations.json"])
    assert report.keys() == {"validated_needs_count", "validation_warnings"}
    drawn = any(name.endswith(".svg") and "need_pie" in name for name in both[0])
    assert drawn == (importlib.util.find_spec("matplotlib") is not None)
