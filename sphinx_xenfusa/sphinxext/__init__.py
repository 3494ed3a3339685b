"""Floor 4: the only room that knows Sphinx - the ``xen`` domain, its directives, the build events, the views.

``config``  the settings; ``warning_types``  the closed table of warnings; ``needs_bridge``  everything that touches
sphinx-needs; ``domain``  what is stored with the environment; ``directives``  what an author writes; ``build``  the
confirmation beside the reading, the trace record, what is written again; ``views``  the record as document nodes;
``markup``  nodes of our own.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from sphinx_xenfusa import __version__
from sphinx_xenfusa.sphinxext.collector import Collector


def setup_extension(app: Sphinx) -> ExtensionMetadata:
    """Register everything with Sphinx.

    What is registered is imported here: most of the objects that a build begins with are made by imports, none is garbage, and
    the collector would go through them again and again.
    """
    Collector().connect(app)
    from sphinx_xenfusa.sphinxext import (
        builder_links,
        case_places,
        config,
        markup,
        needs_bridge,
        search,
        spelled_out,
        surroundings,
        written_tables,
    )
    from sphinx_xenfusa.sphinxext.build import Build
    from sphinx_xenfusa.sphinxext.domain import ENV_VERSION, XenDomain
    from sphinx_xenfusa.sphinxext.readings import Readings

    app.setup_extension("sphinx_needs")
    app.require_sphinx((8, 2))
    config.add_values(app)
    markup.add_nodes(app)
    app.add_domain(XenDomain)
    needs_bridge.connect(app)
    Build().connect(app)
    Readings().connect(app)
    builder_links.connect(app)
    spelled_out.connect(app)
    surroundings.connect(app)
    case_places.connect(app)
    written_tables.connect(app)
    search.connect(app)
    app.connect("builder-inited", _add_static_files)
    app.add_css_file("xenfusa-reading.css", priority=900)  # after all others of ours
    app.add_css_file("xenfusa.css")
    app.add_css_file("xenfusa-evidence.css")
    app.add_css_file("xenfusa-tables.css")
    app.add_css_file("xenfusa-matrix.css")
    app.add_js_file("xenfusa-tables.js", loading_method="defer")
    app.add_css_file("xenfusa-traces.css")
    app.add_js_file("xenfusa-traces.js", loading_method="defer")
    app.add_js_file("xenfusa-search.js", loading_method="defer")
    app.add_js_file("xenfusa-scrolling.js", loading_method="defer")
    app.add_css_file("xenfusa-dashboard.css")
    app.add_css_file("xenfusa-card.css")
    app.add_css_file("xenfusa-platform.css")
    return {
        "version": __version__,
        "env_version": ENV_VERSION,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _add_static_files(app: Sphinx) -> None:
    app.config.html_static_path.append(str(Path(__file__).with_name("static")))
