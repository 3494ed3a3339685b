"""Requirements of Xen's functional-safety documents: written in rst, confirmed by a model, linked to tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

__version__ = "0.1.0"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension; Sphinx is imported here and not before, so that the model can be used without it."""
    from sphinx_xenfusa.sphinxext import setup_extension

    return setup_extension(app)
