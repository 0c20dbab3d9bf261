"""Sphinx extension: mends the HTML of the theme where it shuts out screen readers (axe-core tells where)."""

from pathlib import Path

# No mended text contains the text it replaces: pages that an incremental build leaves alone are mended again.
MENDED = {
    # the title of the book stands outside all landmarks
    '<div id="pst-primary-sidebar" class=': '<div id="pst-primary-sidebar" role="navigation" aria-label="Book" class=',
    # the bibliography is a list of no list items, with a role that ARIA has given up
    ' role="list" class="citation-list"': ' class="citation-list"',
    ' role="doc-biblioentry"': "",
    # a name that hides the visible text of the button: "Show the code"
    '<summary aria-label="Toggle hidden content">': "<summary>",
}


def setup(app):
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mend(app, exception):
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).glob("**/*.html"):
        text = mended = page.read_text(encoding="utf-8")
        for before, after in MENDED.items():
            mended = mended.replace(before, after)
        if mended != text:
            page.write_text(mended, encoding="utf-8")
