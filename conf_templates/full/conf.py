"""A Sphinx configuration with all that sphinx_xenfusa has: take out what you do not need."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent

project = "Brake controller"
version = "0.1"

# sphinx_xenfusa brings sphinx-needs along.
extensions = ["sphinx_xenfusa"]

# What is no page of ours: built pages, kept verdicts, an environment of Python in this folder.
exclude_patterns = ["_build", ".xenfusa", ".venv"]

# The policy of Xen that counts beside the document: "dummy" is Xen's default access control.
xenfusa_policy = "dummy"

# Verdicts are kept here: the first build takes a minute or two, the next ones do not.  Do not check the folder in.
xenfusa_cache_dir = ".xenfusa/cache"

# Which sentence of concept.rst is which requirement.
xenfusa_overlays = ["overlay.yaml"]

# How much of what has to be there: a gate that is not met is a warning.
xenfusa_trace_policy = "tracing-policy.yaml"

# The report of the tests, and which run wrote it: see the README.  As long as there is none, the pages say so.
xenfusa_test_reports = [name for name in ("tests.xml",) if (HERE / name).is_file()]
xenfusa_test_runs = [name for name in ("test-run.yaml",) if (HERE / name).is_file()]

# What the project was at its last release: xenfusa baseline create writes it.
xenfusa_baseline = "baselines/0.1.json"

# The states are symbols besides words; the fonts of XeLaTeX have them.
latex_engine = "xelatex"
