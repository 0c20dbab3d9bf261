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
FOOT = 30  # points from the lower edge to the line with the number of a page
DIGIT = 0.556  # the width of a digit of Helvetica, in units of the letter size

CONTENTS = """<!DOCTYPE html>
<html lang="en"><style>
  body {{ margin: 0; font-family: sans-serif; font-size: 15px; line-height: 1.45; }}
  h1 {{ font-size: 2.4em; }}
  ul {{ columns: 2; column-gap: 3em; list-style: none; padding: 0; }}
  li {{ display: flex; break-inside: avoid; }}
  li.chapter {{ font-weight: bold; margin-top: 0.7em; break-after: avoid; }}
  li.section {{ padding-left: 1em; }}
  a {{ color: inherit; text-decoration: none; }}
  .dots {{ flex: 1; min-width: 1em; margin: 0 0.4em 0.35em; border-bottom: 1px dotted #888; }}
  .number {{ align-self: end; min-width: 2em; text-align: right; font-variant-numeric: tabular-nums; }}
</style><h1>{title}</h1><h2>Contents</h2><ul>{lines}</ul></html>
"""
LINE = (
    '<li class="{kind}"><a href="{href}">{title}</a><span class="dots"></span><span class="number">{number}</span></li>'
)


class Chapter(NamedTuple):
    """A page of the site and its print."""

    name: str
    title: str
    sections: list  # pairs of an id and a title
    path: Path


async def bind(file, title, chapters, print_html):
    """Write one volume; `print_html` gives the print of a page of HTML as bytes."""
    readers = [PdfReader(chapter.path) for chapter in chapters]
    # The contents are printed twice: how many pages they fill decides the numbers in them.
    length = len(PdfReader(io.BytesIO(await print_html(contents(title, chapters, readers, 0)))).pages)
    front = PdfReader(io.BytesIO(await print_html(contents(title, chapters, readers, length))))
    book = PdfWriter()
    book.append(front, import_outline=False)
    for reader in readers:
        book.append(reader, import_outline=False)
    book.add_metadata({"/Title": title})
    targets = places(book, chapters, readers, length)
    lead_within(book, chapters, readers, length, targets)
    outline(book, chapters, targets)
    number_pages(book, [("Contents", length), *zip([c.title for c in chapters], map(count, readers), strict=True)])
    book.write(file)


def count(reader):
    return len(reader.pages)


def contents(title, chapters, readers, first):
    """The table of contents in HTML, of chapters whose first page follows `first` others."""
    lines = []
    for chapter, reader in zip(chapters, readers, strict=True):
        lines.append(line("chapter", chapter, "", chapter.title, first + 1))
        for section, heading in chapter.sections:
            number = first + 1 + reader.get_destination_page_number(reader.named_destinations[f"/{section}"])
            lines.append(line("section", chapter, section, heading, number))
        first += count(reader)
    return CONTENTS.format(title=html.escape(title), lines="\n".join(lines))


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


def number_pages(book, runs):
    """Write below each page its number and the title of its chapter; `runs` holds each title with its pages."""
    font = book._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
                NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
            }
        )
    )
    save = book._add_object(stream(b"q\n"))
    titles = [title for title, pages in runs for _ in range(pages)]
    for number, (page, title) in enumerate(zip(book.pages, titles, strict=True), start=1):
        fonts = page["/Resources"].setdefault(NameObject("/Font"), DictionaryObject()).get_object()
        fonts[NameObject("/Foot")] = font
        content = page.get("/Contents")
        printed = content.get_object() if isinstance(content.get_object(), ArrayObject) else [content]
        foot = book._add_object(stream(b"\nQ\n" + footer(title, str(number), float(page.mediabox.right))))
        page[NameObject("/Contents")] = ArrayObject([save, *printed, foot])


def footer(title, number, right):
    """The commands of PDF that write a title on the left and a number on the right of the foot of a page."""
    escaped = re.sub(r"([\\()])", r"\\\1", title).encode("cp1252", "replace")
    margin = right * 18 / 210
    left, end = b"%.1f" % margin, b"%.1f" % (right - margin - 9 * DIGIT * len(number))
    return b"BT /Foot 9 Tf 0.35 g %s %d Td (%s) Tj ET\nBT /Foot 9 Tf 0 g %s %d Td (%s) Tj ET" % (
        *(left, FOOT, escaped),
        *(end, FOOT, number.encode()),
    )


def stream(data):
    found = DecodedStreamObject()
    found.set_data(data)
    return found
