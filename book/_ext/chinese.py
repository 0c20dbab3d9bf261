"""Sphinx extension: how the edition in Chinese is set: what is stressed, and the columns of tables.

The style of both is in course.css. Chinese has dots below what is stressed, and Latin words among it are slanted, as
they are elsewhere. As a line of Chinese may break after any character, short words in a table are told to stay whole.
It may not break before a hyphen, with which an option of a command begins: there it is told that it may.
"""

import re

from docutils import nodes
from editions import folder_of

HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"([A-Za-z](?:[^\u2e80-\uffff]*[\w.])?)", re.ASCII)  # words, and what is between them
STOPS = re.compile(r"([\u2018-\u201d\u2026\u3000-\u303f\uff01-\uff65]+)")
SHORT = 6  # Chinese characters in a cell
BREAK = "\u200b"  # a blank of no width, where a line may end


def setup(app):
    app.connect("doctree-resolved", set_in_chinese)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def set_in_chinese(app, doctree, page):
    if folder_of(app.config.language) != "zh":
        return
    for stressed in list(doctree.findall(nodes.emphasis)):
        for text in list(stressed.findall(nodes.Text)):
            if not isinstance(text.parent, nodes.literal | nodes.math):
                text.parent.replace(text, in_two_scripts(text))
    for code in list(doctree.findall(nodes.literal)):
        line, place = code.parent, code.parent.index(code)
        if place and code.astext().startswith("-"):
            line.insert(place, nodes.Text(BREAK))
    for cell in doctree.findall(nodes.entry):
        if len(HAN.findall(cell.astext())) > SHORT:
            cell["classes"].append("long")
        elif not list(cell.findall(nodes.literal)):  # which is long itself, and a line may break before it
            cell["classes"].append("short")


def in_two_scripts(text):
    """The text as nodes: Chinese has the class of what is stressed, but for its stops; other words have a language."""
    found = []
    for place, piece in enumerate(LATIN.split(text)):  # every other one is Latin
        for part in [piece] if place % 2 else STOPS.split(piece):
            kind = "" if STOPS.fullmatch(part) else "stressed" if HAN.search(part) else "language-en"
            if part:
                found.append(nodes.inline("", part, classes=kind.split()))
    return found
