"""Sphinx extension: mends the HTML of the theme where it shuts out screen readers (axe-core tells where)."""

from pathlib import Path

from editions import pages_in
from sphinx.errors import ExtensionError
from translation import _

# (what shows that a page has the part, what is wrong with it, what is right): no right text contains the wrong one, so
# that pages which an incremental build leaves alone may be mended again.
MENDED = [
    # the title of the book is outside all landmarks
    (
        "pst-",
        '<div id="pst-primary-sidebar" class=',
        '<div id="pst-primary-sidebar" role="navigation" aria-label="{book}" class=',
    ),
    # the bibliography is a list of no list items, with a role that ARIA has given up
    ("citation-list", ' role="list" class="citation-list"', ' class="citation-list"'),
    ("doc-biblioentry", ' role="doc-biblioentry"', ""),
    # the arrow in the contents that opens the pages below a page has no name
    (
        "toctree-toggle",
        '<summary><span class="toctree-toggle"',
        '<summary aria-label="{below}"><span class="toctree-toggle"',
    ),
    # a name that hides the visible text of the button: "Show the code"
    ('<details class="admonition hide', '<summary aria-label="Toggle hidden content">', "<summary>"),
]


def setup(app):
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mend(app, exception):
    """Mend all pages; raise ExtensionError where the theme writes a part in a way that is not known here."""
    if exception or app.builder.format != "html":
        return
    for page in pages_in(Path(app.outdir)):
        text = mended = page.read_text(encoding="utf-8")
        for part, wrong, right in MENDED:
            right = right.format(book=_("Book"), below=_("Pages below this one"))
            mended = mended.replace(wrong, right)
            if part in text and right not in mended:
                raise ExtensionError(f"{page}: {wrong!r} is written otherwise now; see book/_ext/accessible.py")
        if mended != text:
            page.write_text(mended, encoding="utf-8")
