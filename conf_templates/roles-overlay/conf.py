"""Sphinx configuration that makes requirements of an upstream document, which stays as it is."""

from __future__ import annotations

project = "Roles of Xen's domains"
version = "1.0"

# sphinx_xenfusa brings sphinx-needs along; nothing else is needed.
extensions = ["sphinx_xenfusa"]

# What says which sentence of roles.rst is which requirement; see the README for where roles.rst comes from.
xenfusa_overlays = ["overlay.yaml"]

# The policy of Xen that counts beside the document: "dummy" is Xen's default access control.
xenfusa_policy = "dummy"

# Verdicts are kept here, relative to this file: the first build takes a minute or two, the next ones do not.
# Do not check the folder in.
xenfusa_cache_dir = ".xenfusa/cache"

# The states are symbols besides words; the fonts of XeLaTeX have them.
latex_engine = "xelatex"
