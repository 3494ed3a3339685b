"""The smallest Sphinx configuration with requirements that a model confirms."""

from __future__ import annotations

project = "My platform"
version = "1.0"

# sphinx_xenfusa brings sphinx-needs along; nothing else is needed.
extensions = ["sphinx_xenfusa"]

# What is no page of ours: built pages, kept verdicts, an environment of Python in this folder.
exclude_patterns = ["_build", ".xenfusa", ".venv"]

# The policy of Xen that counts beside the document: "dummy" is Xen's default access control.
xenfusa_policy = "dummy"

# Verdicts are kept here, relative to this file: the first build takes a minute or two, the next ones do not.
# Do not check the folder in.
xenfusa_cache_dir = ".xenfusa/cache"

# JUnit reports of your tests, as `pytest --junitxml=report.xml` writes them.
# xenfusa_test_reports = ["report.xml"]
