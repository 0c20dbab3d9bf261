"""Sphinx extension: pages with an interactive figure load what makes it alive; the others load nothing for it."""

import os

MARK = '<div class="interactive"'  # as book/figures/widgets.py writes it


def setup(app):
    os.environ["BOOK_PAGES"] = "1"  # the code of the pages runs in kernels that inherit it; see book/figures/widgets.py
    app.connect("config-inited", serve_modules)
    app.connect("html-page-context", load)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def serve_modules(app, config):
    """Serve the modules, and not the Python beside them; in book/_static, every page would load them all."""
    config.html_static_path.append("figures/interactive")
    config.exclude_patterns += ["**__init__.py", "**__pycache__"]


def load(app, page, template, context, doctree):
    if MARK in context.get("body", ""):
        app.add_js_file("loader.js", type="module")
        app.add_css_file("interactive.css")
