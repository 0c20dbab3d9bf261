"""Bind the prints of pages to one PDF: a table of contents in front, numbered pages, links that lead within it."""

import html
import io
import re
from pathlib import Path
from typing import NamedTuple

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NullObject,
)

OUR_PAGE = re.compile(r"http://127\.0\.0\.1(?::\d+)?/([\w/.-]*?)(?:#(.*))?$")
# The feet of all pages, on pages as large: a browser finds the letters of every language. Their line is 30 points above
# the lower edge.
FEET = """<!DOCTYPE html>
<html lang="{language}"><style>
  body {{ margin: 0; font: 9pt/12pt sans-serif; }}
  div {{ height: 297mm; position: relative; break-inside: avoid; overflow: hidden; }}
  div + div {{ break-before: page; }}
  p {{ position: absolute; left: 18mm; right: 18mm; bottom: 35px; margin: 0; display: flex; }}
  p span {{ flex: 1; color: #595959; }}
</style>{pages}</html>
"""
FOOT = "<div><p><span>{title}</span>{number}</p></div>"
BARE = {"margin": {}, "scale": 1, "tagged": False}  # paper for feet, which are no text of the book

CONTENTS = """<!DOCTYPE html>
<html lang="{language}"><style>
  body {{ margin: 0; font-family: sans-serif; font-size: 15px; line-height: 1.45; }}
  h1 {{ font-size: 2.4em; }}
  ul {{ columns: 2; column-gap: 3em; list-style: none; padding: 0; }}
  li {{ display: flex; break-inside: avoid; }}
  li.chapter {{ font-weight: bold; margin-top: 0.7em; break-after: avoid; }}
  li.section {{ padding-left: 1em; }}
  a {{ color: inherit; text-decoration: none; }}
  .dots {{ flex: 1; min-width: 1em; margin: 0 0.4em 0.35em; border-bottom: 1px dotted #888; }}
  .number {{ align-self: end; min-width: 2em; text-align: right; font-variant-numeric: tabular-nums; }}
</style><h1>{title}</h1><h2>{contents}</h2><ul>{lines}</ul></html>
"""
LINE = (
    '<li class="{kind}"><a href="{href}">{title}</a><span class="dots"></span><span class="number">{number}</span></li>'
)


class Front(NamedTuple):
    """What comes in front of a volume."""

    language: str  # as HTML names it
    title: str
    contents: str  # the word above its table of contents


class Chapter(NamedTuple):
    """A page of the site and its print."""

    name: str  # its address in the site, without .html
    title: str
    sections: list  # pairs of an id and a title
    path: Path


async def bind(file, front, chapters, print_html):
    """Write one volume; `print_html` gives the print of a page of HTML as bytes, on the paper of the book or another.

    `front` is its Front.
    """
    readers = [PdfReader(chapter.path) for chapter in chapters]
    # The contents are printed twice: how many pages they fill decides the numbers in them.
    length = count(await printed(print_html, contents(front, chapters, readers, 0)))
    book = PdfWriter()
    book.append(await printed(print_html, contents(front, chapters, readers, length)), import_outline=False)
    for reader in readers:
        book.append(reader, import_outline=False)
    book.add_metadata({"/Title": front.title})
    targets = places(book, chapters, readers, length)
    lead_within(book, chapters, readers, length, targets)
    outline(book, chapters, targets)
    titles = [front.contents] * length
    titles += [chapter.title for chapter, reader in zip(chapters, readers, strict=True) for _ in reader.pages]
    add_feet(book, await printed(print_html, feet(front, titles), **BARE))
    book.write(file)


async def printed(print_html, text, **paper):
    return PdfReader(io.BytesIO(await print_html(text, **paper)))


def count(reader):
    return len(reader.pages)


def contents(front, chapters, readers, first):
    """The table of contents in HTML, of chapters whose first page follows `first` others."""
    lines = []
    for chapter, reader in zip(chapters, readers, strict=True):
        lines.append(line("chapter", chapter, "", chapter.title, first + 1))
        for section, heading in chapter.sections:
            number = first + 1 + reader.get_destination_page_number(reader.named_destinations[f"/{section}"])
            lines.append(line("section", chapter, section, heading, number))
        first += count(reader)
    words = {key: html.escape(text) for key, text in front._asdict().items()}
    return CONTENTS.format(**words, lines="\n".join(lines))


def line(kind, chapter, section, title, number):
    href = f"http://127.0.0.1/{chapter.name}.html" + (f"#{section}" if section else "")
    return LINE.format(kind=kind, href=href, title=html.escape(title), number=number)


def places(book, chapters, readers, first):
    """Where each page of the site, and each element of it, is in the volume: {(name, id): explicit destination}."""
    found = {}
    for chapter, reader in zip(chapters, readers, strict=True):
        found[chapter.name, ""] = place(book.pages[first], 0, book.pages[first].mediabox.top)
        for name, there in reader.named_destinations.items():
            page = book.pages[first + reader.get_destination_page_number(there)]
            found[chapter.name, name[1:]] = place(page, there.left, there.top)
        first += count(reader)
    return found


def place(page, left, top):
    return ArrayObject(
        [page.indirect_reference, NameObject("/XYZ"), FloatObject(left or 0), FloatObject(top or 0), NullObject()]
    )


def lead_within(book, chapters, readers, length, targets):
    """Make links between pages of the site lead to their places in the volume, and drop those that leave it.

    Links within a page are made explicit as well: their names, such as "exercise", are the same in many chapters.
    """
    owners = [""] * length + [c.name for c, reader in zip(chapters, readers, strict=True) for _ in reader.pages]
    for page, owner in zip(book.pages, owners, strict=True):
        if "/Annots" not in page:
            continue
        kept = ArrayObject()
        for reference in page["/Annots"]:
            link = reference.get_object()
            target = aim(link, owner)
            if target and target not in targets:
                target = (target[0], "") if (target[0], "") in targets else None
                if target is None:
                    continue
            if target:
                link.pop("/A", None)
                link[NameObject("/Dest")] = targets[target]
            kept.append(reference)
        page[NameObject("/Annots")] = kept


def aim(link, owner):
    """The page of the site and the id that a link leads to, or None if it leads elsewhere."""
    if "/Dest" in link:
        return owner, str(link["/Dest"])[1:]
    ours = OUR_PAGE.match(str(link.get("/A", {}).get("/URI", "")))
    return (ours[1].removesuffix(".html"), ours[2] or "") if ours else None


def outline(book, chapters, targets):
    """Write the outline again: that of Chromium loses formulas, and the blank where a heading is broken."""
    for chapter in chapters:
        parent = entry(book, chapter.title, targets[chapter.name, ""])
        for section, title in chapter.sections:
            entry(book, title, targets[chapter.name, section], parent)


def entry(book, title, target, parent=None):
    page = next(number for number, page in enumerate(book.pages) if page.indirect_reference == target[0])
    return book.add_outline_item(title, page, parent)


def feet(front, titles):
    """The feet of all pages in HTML: of each the title of its chapter, and its number."""
    pages = [FOOT.format(title=html.escape(title), number=number) for number, title in enumerate(titles, start=1)]
    return FEET.format(language=front.language, pages="".join(pages))


def add_feet(book, feet):
    """Put onto each page of the book the page of `feet` at its place."""
    save = book._add_object(stream(b"q\n"))
    for page, foot in zip(book.pages, feet.pages, strict=True):
        shown = page["/Resources"].setdefault(NameObject("/XObject"), DictionaryObject()).get_object()
        shown[NameObject("/Foot")] = book._add_object(form(book, foot))
        content = page.get("/Contents")
        there = content.get_object() if isinstance(content.get_object(), ArrayObject) else [content]
        put = book._add_object(stream(b"\nQ\n/Artifact BMC /Foot Do EMC"))
        page[NameObject("/Contents")] = ArrayObject([save, *there, put])


def form(book, page):
    """A page as something that another page shows."""
    found = stream(page.get_contents().get_data())
    found[NameObject("/Type")], found[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
    found[NameObject("/BBox")] = page.mediabox
    found[NameObject("/Resources")] = page["/Resources"].clone(book)
    return found


def stream(data):
    found = DecodedStreamObject()
    found.set_data(data)
    return found
