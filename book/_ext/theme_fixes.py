"""Sphinx extension: of the theme, what this site cannot use is left out, and the name of the book is added."""

from pathlib import Path


def setup(app):
    leave_out_thebe(app)
    app.connect("config-inited", name_the_book)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def name_the_book(app, config):
    """Put the name of the book into the header of each page: on a phone, the sidebar that has it is closed."""
    config.templates_path.append(str(Path(__file__).with_name("templates")))
    config.html_theme_options["article_header_start"] = ["toggle-primary-sidebar.html", "book-name.html"]
    config.html_theme_options["article_header_end"] = ["switch.html", "article-header-buttons.html"]


def leave_out_thebe(app):
    """Make sphinx_thebe, which Jupyter Book always loads, deaf to all events.

    It runs code on a remote server, which we do not want, and loads its script twice, an error on every page.
    """
    for listeners in app.events.listeners.values():
        listeners[:] = [each for each in listeners if not each.handler.__module__.startswith("sphinx_thebe")]
    app.registry.css_files[:] = [(name, options) for name, options in app.registry.css_files if "thebe" not in name]
