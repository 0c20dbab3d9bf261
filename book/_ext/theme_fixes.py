"""Sphinx extension: what the theme loads on every page, and this site cannot use, is left out."""


def setup(app):
    # sphinx_thebe runs code on a remote server. Jupyter Book always loads it, and its script, loaded twice, is an
    # error on every page. Deaf to all events, it does nothing.
    for listeners in app.events.listeners.values():
        listeners[:] = [each for each in listeners if not each.handler.__module__.startswith("sphinx_thebe")]

    # Font Awesome swaps icons for SVG as they appear. It would swap those of the Play widget too, whose code then
    # fails and stops every widget of the page. The theme's own icons are swapped before, when the page loads.
    app.add_js_file(None, body="window.FontAwesomeConfig = {observeMutations: false};", priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
