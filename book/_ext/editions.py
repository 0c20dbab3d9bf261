"""Build the other editions of the site, each into its folder of the English one: `python book/_ext/editions.py zh_CN`.

An edition is made from the same pages as the English site, with the catalogues of its language in book/locale. It has
no copy of what is the same there, such as styles, scripts and JupyterLite. Every page leads to the same page of the
other editions.
"""

import filecmp
import os
import re
import shutil
import sys
from pathlib import Path

import redrawn
from babel import Locale
from babel.messages.pofile import read_po
from freshness import ROOT, kept_figures
from jupyter_book.sphinx import build_sphinx
from set_aside import set_aside

HTML = ROOT / "_build" / "html"
LOCALE = ROOT / "book" / "locale"
LINK = re.compile(r'(?<=\s)(href|src)="([^":#?]+)([^"]*)"')
# Where the theme and book/_ext/publish.py leave room for the links between editions, in the head and in the header, and
# the first page for those to all of them.
ALTERNATES, SWITCH = ("<!--alternates-->{}<!--/alternates-->", "<!--switch-->{}<!--/switch-->")
EDITIONS = "<!--editions-->{}<!--/editions-->"
ALTERNATE = '<link rel="alternate" hreflang="{tag}" href="{href}" />'
ANCHOR = '<a class="edition" lang="{tag}" hreflang="{tag}" href="{href}">{name}</a>'
LINK_IN_TEXT = ANCHOR.replace(' class="edition"', "")


def main(wanted):
    for language in wanted:
        built = ROOT / "_build" / language / "html"
        build(built, "html", nitpicky=True, language=language)
        publish(built, HTML / folder_of(language), translations(language, "figures"))
    link_editions()


def languages():
    """The languages of the other editions: the folders of book/locale."""
    return sorted(path.name for path in LOCALE.glob("*") if path.is_dir())  # none where there is no folder


def folder_of(language):
    """The folder of the site in which an edition is: "zh" for zh_CN, and "" for the English one."""
    return "" if language == "en" else language.split("_")[0]


def notebook(slug, language):
    """The released notebook of an exercise in a language; the English one if there is no other."""
    path = ROOT / "exercises" / folder_of(language) / slug / f"{slug}.ipynb"
    return path if path.exists() else ROOT / "exercises" / slug / f"{slug}.ipynb"


def is_english(app):
    """Whether the English site is built: it carries what the other editions share."""
    return app.config.language == "en"


def translations(language, name):
    """The messages of a catalogue that are translated, {message: translation}."""
    with (LOCALE / language / "LC_MESSAGES" / f"{name}.po").open("rb") as file:
        return {each.id: each.string for each in read_po(file) if each.id and each.string and not each.fuzzy}


def build(output, builder, **settings):
    """Build the book as `jupyter-book build` does, with other settings; end the process where that fails."""
    settings |= {"external_toc_path": str(ROOT / "book" / "_toc.yml"), "latex_individualpages": False}
    failed = build_sphinx(
        str(ROOT / "book"),
        str(output),
        noconfig=True,
        path_config=ROOT / "_config.yml",
        confoverrides=settings,
        doctreedir=str(output.with_name(".doctrees")),
        builder=builder,
        warningiserror=True,
        keep_going=True,
    )
    if failed:
        sys.exit(f"The book was not built by the builder {builder}.")


def publish(built, site, words):
    """Copy an edition into its folder of the site, without the files that the site has already.

    `words` are those of the pictures, {message: translation}.
    """
    shutil.rmtree(site, ignore_errors=True)
    for path in sorted(path for path in built.glob("**/*") if path.is_file()):
        place = path.relative_to(built)
        if is_shared(built, place):
            continue
        (site / place).parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".html":
            text = redrawn.page(led_to_shared(built, place), words, kept_figures())
            text = set_aside(text, place.with_suffix("").as_posix(), site)
            (site / place).write_text(text, encoding="utf-8")
        else:
            shutil.copy(path, site / place)


def is_shared(built, place):
    """Whether the English site has the same file, and both may use it: pages may be alike by chance."""
    return place.parts[0] == "_static" and (HTML / place).is_file() and filecmp.cmp(built / place, HTML / place, False)


def led_to_shared(built, place):
    """The text of a page whose links lead one folder up where the edition has no such file itself."""

    def lead(link):
        kind, address, rest = link.groups()
        target = Path(os.path.normpath(place.parent / address))
        if target.parts[:1] == ("..",) or target.suffix == ".pdf" or not (HTML / target).exists():
            return link[0]  # each edition has its own PDFs, which come later (book/_ext/pdf.py)
        return f'{kind}="../{address}{rest}"' if not (built / target).exists() or is_shared(built, target) else link[0]

    return LINK.sub(lead, (built / place).read_text(encoding="utf-8"))


def pages_in(folder):
    """The pages of one edition in its folder: that of the English one has the others in it, and JupyterLite."""
    return [*folder.glob("*.html"), *folder.glob("mistakes/*.html")]


def link_editions():
    """Let each page of the site lead to the same page of the other editions that are there."""
    there = ["en", *(language for language in languages() if (HTML / folder_of(language) / "index.html").exists())]
    for language in there:
        root = HTML / folder_of(language)
        for page in pages_in(root):
            write_links(page, page.relative_to(root), language, there)


def write_links(page, place, language, there):
    text = written = page.read_text(encoding="utf-8")
    found = [
        {
            "tag": other.replace("_", "-"),
            "href": Path(os.path.relpath(HTML / folder_of(other) / place, page.parent)).as_posix(),
            "name": Locale.parse(other).language_name,
            "here": other == language,
        }
        for other in there
        if len(there) > 1 and (HTML / folder_of(other) / place).exists()
    ]
    heads = "".join(ALTERNATE.format(**each) for each in found)
    links = " ".join(ANCHOR.format(**each) for each in found if not each["here"])
    every = " · ".join(LINK_IN_TEXT.format(**each) for each in found)
    for room, words in ((ALTERNATES, heads), (SWITCH, links), (EDITIONS, every and f" {every}")):
        filled, (begin, end) = room.format(words), room.split("{}")
        text = re.sub(f"{begin}.*?{end}", filled, text, flags=re.DOTALL)
    if text != written:
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
