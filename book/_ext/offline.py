"""Sphinx extension: the site serves MathJax and the widgets itself, so its pages work with the network cable out."""

from sphinx.errors import ExtensionError
from sphinx.util import logging
from vendor import fetch

logger = logging.getLogger(__name__)

# RequireJS reads its settings from this variable when it starts. The widget modules find their icons through it.
REQUIRE_SETTINGS = """
window.requirejs = {paths: {"@jupyter-widgets":
  new URL(document.documentElement.dataset.content_root + "_static/vendor/@jupyter-widgets", location).href}};
"""
FONTS = "_static/vendor/mathjax/es5/output/chtml/fonts/woff-v2/MathJax_{}.woff"
PRELOAD = '<link rel="preload" as="font" type="font/woff" crossorigin href="{}">\n'


def setup(app):
    app.connect("config-inited", serve_assets)
    app.connect("html-page-context", fetch_fonts_early)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def serve_assets(app, config):
    """Point the pages to files of the site; without npm or a network they keep to the public CDNs."""
    try:
        folder = fetch()
    except OSError as error:
        logger.info("The site will take MathJax and the widgets from public CDNs, not from itself: %s", error)
        return
    except ValueError as error:
        raise ExtensionError(str(error)) from error
    config.html_static_path.append(str(folder))
    config.mathjax_path = "vendor/mathjax/es5/tex-chtml-full.js"
    # Deferred: the other scripts of a page must run first, or they would register with RequireJS.
    config.nb_ipywidgets_js = {
        "vendor/require.js": {"defer": "defer"},
        "vendor/@jupyter-widgets/html-manager/dist/embed-amd.js": {"defer": "defer"},
    }
    app.add_js_file(None, body=REQUIRE_SETTINGS)


def fetch_fonts_early(app, page, template, context, doctree):
    """Have the letters of the formulas there when MathJax sets them, or the lines would grow and shrink again."""
    if app.config.mathjax_path.startswith("vendor/") and 'class="math' in context.get("body", ""):
        for name in ("Math-Italic", "Main-Regular", "Zero"):
            context["metatags"] += PRELOAD.format(context["pathto"](FONTS.format(name), resource=True))
