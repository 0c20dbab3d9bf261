"""The pictures of a stepper lie in their own file: a page is read before all but the first of them are there.

Browsers fetch no data from a file on disk, where the site must work as well: so the file is a script, which hands the
state to the element that loads it.
"""

import hashlib
import itertools
import re

FOLDER = "_static/frames"
# As book/figures/interactive writes it for the module of book/figures/widgets.py that steps through pictures.
STATE = re.compile(
    r'(<div class="interactive" data-module="frames"[^>]*>)<script type="application/json">(.*?)</script>', re.DOTALL
)


def set_aside(text, page, site):
    """The text of a page that loads the states of its steppers from files, which this writes into the folder `site`.

    `page` is the name of the page in that folder, such as "mistakes/cell".
    """
    numbers = itertools.count(1)

    def aside(stepper):
        box, state = stepper.groups()
        name = f"{FOLDER}/{page.replace('/', '-')}-{next(numbers)}.js"
        (site / FOLDER).mkdir(parents=True, exist_ok=True)
        (site / name).write_text(f"document.currentScript.state = {state};\n", encoding="utf-8")
        version = hashlib.sha256(state.encode()).hexdigest()[:8]  # no browser takes an older file for it
        return f'{box}<script defer src="{"../" * page.count("/")}{name}?v={version}"></script>'

    return STATE.sub(aside, text)
