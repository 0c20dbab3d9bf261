"""Bring the catalogues of all languages up to date with the pages: `python book/_ext/catalogues.py`.

A message that is still there keeps its translation. One that has changed gets that of the message most like it, as
"fuzzy": it shows in English until somebody has looked at it and removed that word.
"""

import shutil

import redrawn
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from editions import LOCALE, build, languages
from freshness import ROOT, kept_figures
from translation import MADE

TEMPLATES = ROOT / "_build" / "catalogues" / "templates"
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
    return found | {"figures": words_of_pictures(found)}


def words_of_pictures(names):
    """The messages of the pictures on the pages, in the order of the pages' names."""
    found = Catalog()
    for name in names:
        executed = TEMPLATES.parent / "jupyter_execute" / f"{name}.ipynb"
        if executed.exists():
            for message in redrawn.messages(executed.read_text(encoding="utf-8"), kept_figures()):
                if message:
                    found.add(message)
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
