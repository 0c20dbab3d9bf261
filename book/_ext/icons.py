"""Sphinx extension: the icons of the theme are in the pages, as small pictures.

The theme loads a script of 540 kB that draws them in the reader's browser, and a font of 156 kB for the moment before,
and for the icons of its style sheets. The shapes are taken from that script, which the pages then do without; of the
font, there remain the few letters that a style sheet shows.
"""

import functools
import re
from pathlib import Path

from editions import pages_in
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

SOURCE = "_static/scripts/fontawesome.js"
SCRIPT = re.compile(r'\s*<script src="[^"]*scripts/fontawesome\.js[^"]*"></script>')
ICON = re.compile(r'<(i|span) class="([^"]*\bfa(?:s|-solid) [^"]*)"([^>]*)></\1>')
LEFT = re.compile(r'<(?:i|span) class="[^"]*\bfa(?:[srb]|-[a-z]+) [^"]*"')
NAME = re.compile(r"\bfa-(?!solid\b|lg\b)([a-z0-9-]+)")
SHAPE = r'[,{{]"?{name}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]'
FONT = "_static/vendor/fontawesome/webfonts/fa-solid-900.ttf"
SHEETS = ["_static/styles/pydata-sphinx-theme.css", "_static/styles/sphinx-book-theme.css"]
# GitHub and GitLab have theirs in a font of brands.
SHOWN = r'--pst-(?!icon-git)[a-z-]+:\s*"(?:\\(f[0-9a-f]{3})|([\ue000-\uf8ff]))"'
LETTER = re.compile(SHOWN + r'|onthispage:after[^}]*"\\(f[0-9a-f]{3})"')
LARGER = re.compile(r'url\([^)]*fa-solid-900\.woff2\) *format\("woff2"\), *')
DRAWN = (
    '<svg class="icon{more}" aria-hidden="true" focusable="false" viewBox="0 0 {width} {height}"{rest}>'
    '<path fill="currentColor" d="{path}"/></svg>'
)


def setup(app):
    app.connect("write-started", forget)
    app.connect("build-finished", draw)
    app.connect("build-finished", shrink_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def forget(app, builder):
    """Delete what an earlier build has changed: Sphinx warns where it copies a file over another one.

    A build that writes no page copies none of them again.
    """
    for name in [FONT, *SHEETS]:
        Path(app.outdir, name).unlink(missing_ok=True)


def has_written(app):
    """Whether this build has written pages: then the theme's script is there, until book/_ext/slim.py deletes it."""
    return app.builder.format == "html" and Path(app.outdir, SOURCE).exists()


def draw(app, exception):
    """Draw the icons into all pages; raise ExtensionError for one whose shape the theme does not have."""
    if exception or not has_written(app):
        return
    source = Path(app.outdir, SOURCE).read_text(encoding="utf-8")
    shape = functools.cache(functools.partial(shape_of, source))
    for page in pages_in(Path(app.outdir)):  # those of JupyterLite bring their icons
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


def shrink_font(app, exception):
    """Leave in the font what style sheets show, and let them load it; raise ExtensionError where they show nothing."""
    if exception or not has_written(app):
        return
    sheets = {Path(app.outdir, name): Path(app.outdir, name).read_text(encoding="utf-8") for name in SHEETS}
    letters = {letter for text in sheets.values() for letter in letters_of(text)}
    if not letters:
        raise ExtensionError("no style sheet of the theme shows an icon; see book/_ext/icons.py")
    for path, text in sheets.items():
        path.write_text(LARGER.sub("", text), encoding="utf-8")
    font = TTFont(Path(app.outdir, FONT), recalcTimestamp=False)
    subsetter = subset.Subsetter()
    subsetter.populate(text="".join(letters))
    subsetter.subset(font)
    font.save(Path(app.outdir, FONT))
    Path(app.outdir, FONT).with_suffix(".woff2").unlink(missing_ok=True)


def letters_of(sheet):
    """The letters of the font of icons that a style sheet of the theme shows."""
    return [chr(int(code or other, 16)) if code or other else letter for code, letter, other in LETTER.findall(sheet)]
