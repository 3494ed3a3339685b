"""Sphinx configuration for the docs folder of Xen's tree, with requirements that a model confirms."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

project = "Xen"
author = "The Xen development community"
copyright = author
language = "en"

# Xen's version stands in its Makefile and nowhere else.  Without that file (this folder alone) it is unknown.
MAKEFILE = Path(__file__).resolve().parents[1] / "xen" / "Makefile"


def xen_version() -> tuple[str, str]:
    """The version (4.20) and the release (4.20-unstable) of the tree around this folder."""
    text = MAKEFILE.read_text("utf-8") if MAKEFILE.is_file() else ""
    parts = dict(re.findall(r"^export XEN_(VERSION|SUBVERSION|EXTRAVERSION)\s*\??=\s*([^\s$]*)", text, re.MULTILINE))
    if "VERSION" not in parts or "SUBVERSION" not in parts:
        return "unknown", "unknown"
    version = f"{parts['VERSION']}.{parts['SUBVERSION']}"
    return version, version + parts.get("EXTRAVERSION", "")


version, release = xen_version()

# sphinx_xenfusa brings sphinx-needs along; Xen's own configuration has no extension.
extensions = ["sphinx_xenfusa"]

# As in Xen's own configuration, and what lies in this folder without being a page.
exclude_patterns = ["sphinx/output", "Thumbs.db", ".DS_Store", "README", "_build", ".xenfusa", ".venv"]
primary_domain = "c"
highlight_language = "none"
if find_spec("sphinx_rtd_theme") is not None:
    html_theme = "sphinx_rtd_theme"

# Xen's requirements: their OpenFastTrace tags become items of the record and needs; files and pages stay as they are.
xenfusa_oft = ["fusa/reqs/**.rst"]

# A line after each of them that says its state and coverage, and unfolds to its links and tests.
# xenfusa_oft_evidence = True

# The policy of Xen that counts beside the document: "dummy" is Xen without its security module.
xenfusa_policy = "dummy"

# Verdicts are kept here, relative to this file.  Do not check the folder in.
xenfusa_cache_dir = ".xenfusa/cache"

# JUnit reports of the tests that verify requirements, as `pytest --junitxml=report.xml` writes them.
# xenfusa_test_reports = ["../tests/report.xml"]

# The states are symbols besides words; the fonts of XeLaTeX have them.
latex_engine = "xelatex"
