"""Sphinx configuration of our own documentation: the first user of the extension."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sphinx.application import Sphinx

from sphinx_xenfusa import __version__

project = "sphinx_xenfusa"
author = "The sphinx_xenfusa founders"
copyright = "The sphinx_xenfusa founders; text under CC-BY-4.0, code under MIT"
version = release = __version__
language = "en"

# What the pages about the tool are made of beside it: its settings and commands, from the code, and its models, written out for
# other people's tools with the numbers that these must give (see fusa/rerun).
sys.path.insert(0, str(Path(__file__).parent))
extensions = ["sphinx_xenfusa", "sphinx.ext.autodoc", "setting_directive", "command_directive"]
exclude_patterns: list[str] = []

# Xen's own theme and pydata are built by the tests; the theme is the only thing that changes.
html_theme = os.environ.get("XENFUSA_DOCS_THEME", "furo")
html_title = "sphinx_xenfusa"

# The results of the conformance tests, written by `make html` before the build; what ran, of which commit; and what must run.
xenfusa_test_reports = ["../build/conformance.xml"]
xenfusa_test_runs = ["../build/conformance.yaml"]
xenfusa_expected_tests = ["expected_tests.yaml"]
# Beside trace.json: the numbers, and the claims as test results for anyone else.
xenfusa_exports = ["metrics", "junit"]
xenfusa_policy = "dummy"
xenfusa_cache_dir = "../.xenfusa/cache"

# The page about the Python API is made of the docstrings.
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100

# The states are symbols besides words; the fonts of XeLaTeX have them.
latex_engine = "xelatex"
latex_elements = {"papersize": "a4paper"}


def setup(app: Sphinx) -> None:
    """Write what the page fusa/rerun offers, before the pages are read."""
    from rerun_files import write_all

    app.connect("builder-inited", lambda started: write_all(Path(started.confdir)))
