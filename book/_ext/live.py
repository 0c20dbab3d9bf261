"""Sphinx extension: readers can change a code cell with the tag `live` and run it again, in the Python of the site.

Where Python is not there (book/_ext/lite.py says when), and without JavaScript, it is a cell like any other.
"""

from docutils import nodes
from translation import _

BAR = '<div class="live"><button type="button">{}</button><span role="status"></span></div>'


def setup(app):
    app.connect("config-inited", serve_scripts)
    app.connect("doctree-read", offer)
    app.connect("html-page-context", load_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def serve_scripts(app, config):
    """Serve the files of book/live; in book/_static, every page would load them all."""
    config.html_static_path.append("live")


def offer(app, doctree):
    """Put a button between the code of a live cell and its output."""
    if app.config.exercises_in_the_page:
        for cell in doctree.findall(nodes.container):
            if "tag_live" in cell["classes"]:
                cell.insert(1, nodes.raw("", BAR.format(_("Change and run")), format="html"))


def load_script(app, page, template, context, doctree):
    if BAR.split("{}")[0] in context.get("body", ""):
        app.add_js_file("live.js", defer="defer", **{"data-python": app.config.pyodide_url})
