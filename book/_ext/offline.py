"""Sphinx extension: the site serves the letters of formulas itself, so that it needs no network."""

from maths import STYLE
from sphinx.errors import ExtensionError
from vendor import do_without, fetch


def setup(app):
    app.connect("config-inited", serve_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def serve_assets(app, config):
    """Point the pages to files of the site; without npm or a network they keep to a public CDN, but never in CI."""
    try:
        folder = fetch()
    except OSError as error:
        do_without("The site will take the letters of formulas from a public CDN", error)
        return
    except ValueError as error:
        raise ExtensionError(str(error)) from error
    config.html_static_path.append(str(folder))
    config.katex_css_path = STYLE
