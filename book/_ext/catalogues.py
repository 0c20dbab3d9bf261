"""Bring the catalogues of all languages up to date with the pages: `python book/_ext/catalogues.py`.

A message that is still there keeps its translation. One that has changed gets that of the message most like it, as
"fuzzy": it shows in English until somebody has looked at it and removed that word.
"""

import re
import shutil
import sys
from pathlib import Path

import babel.messages.extract
import redrawn
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from editions import LOCALE, build, languages
from freshness import ROOT, kept_figures
from jupyter_cache import get_cache
from translation import MADE

TEMPLATES = ROOT / "_build" / "catalogues" / "templates"
# A text of a script, `Loading ${name}`, whose values may be calls but have no braces. No text is within another one.
TAGGED = re.compile(r"(?<!\w)phrase`((?:\$\{[^{}]*\}|\\.|[^`\\])*)`", re.DOTALL)
VALUE = re.compile(r"\$\{[^{}]*\}")
CODE = "{code-cell}"
HEADER = "# Of the page of this name. The messages are written by `make catalogues`, the translations by hand."


def main():
    templates = extract()
    for language in languages():
        folder = LOCALE / language / "LC_MESSAGES"
        for name, template in templates.items():
            update(folder / f"{name}.po", template, language)
        for path in folder.glob("**/*.po"):
            if path.relative_to(folder).with_suffix("").as_posix() not in templates:
                path.unlink()


def extract():
    """The messages of each page, {name: catalogue}."""
    shutil.rmtree(TEMPLATES, ignore_errors=True)  # the messages of a page that is no more
    build(TEMPLATES, "gettext")
    found = {}
    for path in sorted(TEMPLATES.glob("**/*.pot")):
        with path.open("rb") as file:
            found[path.relative_to(TEMPLATES).with_suffix("").as_posix()] = read_po(file)
    found = {name: template for name, template in found.items() if not MADE.match(name)}
    return found | {"figures": words_of_pictures(found), "site": our_own_words()}


def words_of_pictures(names):
    """The messages of the pictures on the pages, sorted: the frames of an interactive figure come in any order.

    Where the outputs of a page are missing, the process ends: its translations would be deleted as needless.
    """
    cache = get_cache(kept_figures().parent)
    # Of a page that has changed, there is an older state as well.
    newest = {Path(record.uri).stem: record.pk for record in sorted(cache.list_cache_records(), key=lambda it: it.pk)}
    sources = {name: (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8") for name in names}
    missing = [name for name, source in sources.items() if CODE in source and name not in newest]
    if missing:
        sys.exit(f"There are no outputs of {', '.join(missing)} as they are now: run `make site`, and then this again.")
    said = set()
    for name in [name for name in names if name in newest]:
        said.update(redrawn.messages(cache.get_cache_bundle(newest[name]).nb, kept_figures()))
    found = Catalog()
    for message in sorted(said - {None}):
        found.add(message)
    return found


def our_own_words():
    """The messages in the code of the site: what Python has in _(...), and scripts in a template tagged `phrase`."""
    found = Catalog()
    for path in sorted((ROOT / "book" / "_ext").glob("*.py")):
        with path.open("rb") as file:
            for _, message, *_ in babel.messages.extract.extract("python", file, keywords={"_": None}):
                found.add(message)
    for path in sorted([*(ROOT / "book").glob("*/*.js"), *(ROOT / "book").glob("figures/interactive/*.js")]):
        for template in TAGGED.findall(path.read_text(encoding="utf-8")):
            places = iter(range(template.count("${")))
            found.add(VALUE.sub(lambda _, places=places: f"{{{next(places)}}}", template).replace("\\`", "`"))
    return found


def update(path, template, language):
    """Write the messages of the template into the catalogue, in their order; leave alone a file that says the same."""
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
    else:
        catalogue = Catalog(language, header_comment=HEADER, project="The BPTT course", fuzzy=False)
    catalogue.update(template, update_header_comment=False, update_creation_date=False)
    catalogue.obsolete.clear()
    for message in catalogue:
        message.flags -= {"python-format", "python-brace-format"}  # which Babel sees in per cents and roles
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=0, include_previous=True)


if __name__ == "__main__":
    main()
