"""Sphinx extension: what no browser of a reader asks for is not published.

Half a site of this theme and of JupyterLite would be maps for those who debug their scripts, and each font in four
formats: every browser that can run the exercises takes the newest of them.
"""

from pathlib import Path

OLDER_FONTS = (".eot", ".svg", ".ttf", ".woff")


def setup(app):
    app.connect("build-finished", slim, priority=900)  # after the icons were taken from the script that draws them
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def slim(app, exception):
    """Delete source maps, fonts that are there as woff2 too, and the script of icons, which no page loads."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for path in [*site.rglob("*.map"), *filter(is_older_font, site.rglob("*"))]:
        path.unlink()
    for path in site.glob("_static/scripts/fontawesome.js*"):
        path.unlink()


def is_older_font(path):
    return path.suffix in OLDER_FONTS and path.with_suffix(".woff2").exists()
