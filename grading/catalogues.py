"""Bring the catalogues of translations up to date, and write of them what notebooks and the grader look up.

solutions/<slug>/<language>.po has what people read in an exercise, grading/locale/<language>.po what checks, and the
feedback, say of whatever exercise. rnnlib/locale/<language>/*.json are made of these: JSON, as students have no Babel.
A text whose English has changed a little keeps its translation, marked as fuzzy, which is not used until somebody has
looked at it; what is no longer there goes. What several exercises say is to be translated once.
"""

import io
import json
import re
import sys

import nbformat
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from grading import answers_file, exercise, translation
from grading.course import COURSE, LANGUAGES, PROGRAM, load_config, put, slugs

SPEAKING = ("rnnlib/*.py", "grading/*.py", "grading/platforms/*.py", "grading/templates/*.jinja")
READ = ("mistake", "hint", "ask")  # of an answer: what students and teachers read
HEADER = """\
# Translations; `make catalogues` brings this file up to date. A comment says where a text is: a `mistake` goes on
# after "This is what you get when", without a full stop. What is in {braces} or `backticks` stays as it is."""
DATES = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Report-Msgid-Bugs-To): .*\n',
    re.MULTILINE,
)


def path(slug, language):
    """Where the catalogue of an exercise is, or, without one, that of the messages, which belongs to the grader."""
    folder = COURSE / "solutions" / slug if slug else PROGRAM / "grading" / "locale"
    return folder / f"{language.replace('-', '_')}.po"


def texts(slug):
    """{text that people read in an exercise: what a translator must know of it}, in reading order."""
    from grading import notebooks  # which makes notebooks of what is here

    found = {}
    source = nbformat.reads(notebooks.source(COURSE / "solutions" / slug / f"{slug}.md"), 4)
    for cell in source.cells:
        where = "text" if cell.cell_type == "markdown" else f"code: {cell.id}"
        if exercise.is_by_hand(cell):
            found[load_config().ClearSolutions.text_stub] = "text: in the place of a derivation"
        else:
            translation.notebook({"cells": [cell]}, lambda text, where=where: found.setdefault(text, where) and text)
    for line in exercise.HIDDEN_CHECKS:  # it is among the messages, as the feedback reads it
        found.pop(line, None)
    content = answers_file.read(slug)
    for _, title in content.get("sections", {}).values():
        found.setdefault(title, "title of a section of the book")
    for entry in content.get("wrong", []):
        found |= {entry[key]: f"{entry['name']}: {key}" for key in READ if entry.get(key)}
    return found


def translations(path, language):
    """{text: its translation} in a catalogue, without those that nobody has looked at since the English changed."""
    return {message.id: message.string for message in read(path, language) if is_done(message)}


def is_done(message):
    """Whether a message of a catalogue has a translation that may be used."""
    return bool(message.id and message.string and not message.fuzzy)


def read(path, language):
    """The catalogue in a file; an empty one if there is none."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return read_po(io.StringIO(text), locale=language.replace("-", "_"), abort_invalid=True)


def update(path, language, texts, known):
    """Bring the catalogue in a file up to date with {text: comment}; `known` has translations from other catalogues."""
    template = Catalog()
    for text, where in texts.items():
        template.add(text, auto_comments=[where])
    catalogue = read(path, language)
    # What is in another catalogue word for word is a better guess than what is only similar in this one.
    for text in texts:
        if text in known and text not in catalogue:
            catalogue.add(text, known[text])
        elif text in known and not catalogue[text].string:
            catalogue[text].string = known[text]
    catalogue.update(template)
    catalogue.obsolete.clear()
    put(path, _as_text(catalogue))


def _as_text(catalogue):
    """A catalogue without the dates and names of tools that would make it differ each time that it is written."""
    catalogue.header_comment = HEADER
    for message in catalogue:
        message.flags -= {"python-format", "python-brace-format"}  # many a formula looks like that
    catalogue.fuzzy, catalogue.project = False, "bptt-course"
    written = io.BytesIO()
    write_po(written, catalogue, width=0, ignore_obsolete=True)
    return DATES.sub("", written.getvalue().decode())


def messages():
    """{message of a check or of the feedback: the files in which it is}: what comes first in `say(...)` and its kin."""
    found = {}
    for file in sorted(path for pattern in SPEAKING for path in PROGRAM.glob(pattern)):
        method = babel_extract if file.suffix == ".jinja" else "python"
        with open(file, "rb") as source:
            for _, text, *_ in extract(method, source, keywords={"say": None, "to_say": None, "Message": None}):
                found.setdefault(text, []).append(file.name)
    return {text: ", ".join(dict.fromkeys(files)) for text, files in found.items()}


def update_all(language):
    """Bring all catalogues of a language up to date, and write the tables that are made of them."""
    known = {
        text: said for slug in reversed(slugs()) for text, said in translations(path(slug, language), language).items()
    }
    for slug in slugs():
        update(path(slug, language), language, texts(slug), known)
    update(path("", language), language, messages(), known)
    write_tables(language)


def write_tables(language, directory=PROGRAM / "rnnlib" / "locale"):
    """Write <directory>/<language>/<name>.json, {English: its translation}: of all messages, and of known mistakes."""
    folder = directory / language
    for slug in slugs():
        known, content = translations(path(slug, language), language), answers_file.read(slug)
        said = [entry[key] for entry in content.get("wrong", []) for key in ("mistake", "hint")]
        said += [title for _, title in content.get("sections", {}).values()]
        _write(folder / f"{slug}.json", {text: known[text] for text in said if text in known})
    _write(folder / "messages.json", translations(path("", language), language))


def _write(path, table):
    put(path, json.dumps(table, indent=0, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    for language in sys.argv[1:] or LANGUAGES:
        update_all(language)
