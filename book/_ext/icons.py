"""Sphinx extension: the icons of the theme are in the pages, as small pictures.

The theme loads a script of 540 kB that draws them in the reader's browser, and a font of 156 kB for the moment before.
The shapes are taken from that script, which the pages then do without.
"""

import functools
import re
from pathlib import Path

from sphinx.errors import ExtensionError

SOURCE = "_static/scripts/fontawesome.js"
SCRIPT = re.compile(r'\s*<script src="[^"]*scripts/fontawesome\.js[^"]*"></script>')
ICON = re.compile(r'<(i|span) class="([^"]*\bfa(?:s|-solid) [^"]*)"([^>]*)></\1>')
LEFT = re.compile(r'<(?:i|span) class="[^"]*\bfa(?:[srb]|-[a-z]+) [^"]*"')
NAME = re.compile(r"\bfa-(?!solid\b|lg\b)([a-z0-9-]+)")
SHAPE = r'[,{{]"?{name}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]'
DRAWN = (
    '<svg class="icon{more}" aria-hidden="true" focusable="false" viewBox="0 0 {width} {height}"{rest}>'
    '<path fill="currentColor" d="{path}"/></svg>'
)


def setup(app):
    app.connect("build-finished", draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def draw(app, exception):
    """Draw the icons into all pages; raise ExtensionError for one whose shape the theme does not have."""
    if exception or app.builder.format != "html":
        return
    source = Path(app.outdir, SOURCE).read_text(encoding="utf-8")
    shape = functools.cache(functools.partial(shape_of, source))
    folder = Path(app.outdir)  # the pages of JupyterLite bring their icons
    for page in [*folder.glob("*.html"), *folder.glob("mistakes/*.html")]:
        text = page.read_text(encoding="utf-8")
        if SCRIPT.search(text):  # a page of the theme, which an earlier build has not mended
            drawn = SCRIPT.sub("", ICON.sub(functools.partial(picture, shape), text))
            if left := LEFT.search(drawn):
                raise ExtensionError(f"{page}: nothing draws the icon {left[0]}; see book/_ext/icons.py")
            page.write_text(drawn, encoding="utf-8")


def shape_of(source, name):
    """The width, height and path of an icon; of those of one name, the last is the solid one."""
    found = re.findall(SHAPE.format(name=re.escape(name)), source)
    if not found:
        raise ExtensionError(f"the theme has no icon {name!r}; see book/_ext/icons.py")
    return found[-1]


def picture(shape, icon):
    _, classes, rest = icon.groups()
    width, height, path = shape(NAME.search(classes)[1])
    more = "".join(f" {name}" for name in classes.split() if name in ("theme-switch", "fa-lg"))
    rest = re.sub(r' (?:title|role)="[^"]*"', "", rest)  # the button around it has a name
    return DRAWN.format(more=more, width=width, height=height, path=path, rest=rest)
