"""Sphinx extension: the site serves the letters of formulas and the widgets itself, so that it needs no network."""

from editions import is_english
from maths import STYLE
from sphinx.errors import ExtensionError
from vendor import do_without, fetch

# RequireJS reads its settings from this variable when it starts. The widget modules find their icons through it.
REQUIRE_SETTINGS = """
window.requirejs = {{paths: {{"@jupyter-widgets":
  new URL(document.documentElement.dataset.content_root + "{}_static/vendor/@jupyter-widgets", location).href}}}};
"""


def setup(app):
    app.connect("config-inited", serve_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def serve_assets(app, config):
    """Point the pages to files of the site; without npm or a network they keep to the public CDNs, but never in CI."""
    try:
        folder = fetch()
    except OSError as error:
        do_without("The site will take the letters of formulas and the widgets from public CDNs", error)
        return
    except ValueError as error:
        raise ExtensionError(str(error)) from error
    config.html_static_path.append(str(folder))
    config.katex_css_path = STYLE
    # Deferred: the other scripts of a page must run first, or they would register with RequireJS.
    config.nb_ipywidgets_js = {
        "vendor/require.js": {"defer": "defer"},
        "vendor/@jupyter-widgets/html-manager/dist/embed-amd.js": {"defer": "defer"},
    }
    app.add_js_file(None, body=REQUIRE_SETTINGS.format("" if is_english(app) else "../"))
