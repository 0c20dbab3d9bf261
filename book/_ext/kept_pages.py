"""Sphinx extension: a service worker at the root of the site keeps the pages that were read, for all editions."""

import json
from html import escape
from pathlib import Path

from editions import folder_of, is_english, languages, translations
from translation import _

WORKER = Path(__file__).with_suffix(".js")
ROOM = "const NOT_READ = {};"
TITLE = _("This page has not been read")
NOT_READ = _(
    "You are offline, and this browser has not kept this page: go back to one that you have read, "
    "or reload this one when you are online."
)
PAGE = """<!DOCTYPE html>
<html lang="{language}" style="color-scheme: light dark; font: 1.2rem/1.5 sans-serif">
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<link rel="icon" href="data:," />
<title>{title}</title>
<main style="max-width: 36rem; margin: 4rem auto; padding: 0 1rem"><p>{said}</p></main>
</html>
"""


def setup(app):
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(app, exception):
    if exception or app.builder.format != "html" or not is_english(app):
        return
    text = WORKER.read_text(encoding="utf-8").replace(ROOM, f"const NOT_READ = {json.dumps(pages())};")
    Path(app.outdir, "kept-pages.js").write_text(text, encoding="utf-8")


def pages():
    """What a reader sees in place of a page that was never read, {folder of an edition: HTML}."""
    words = {"en": {}} | {language: translations(language, "site") for language in languages()}
    return {folder_of(language): page(language, found) for language, found in words.items()}


def page(language, words):
    title, said = (escape(words.get(text, text)) for text in (str(TITLE), str(NOT_READ)))
    return PAGE.format(language=language.replace("_", "-"), title=title, said=said)
