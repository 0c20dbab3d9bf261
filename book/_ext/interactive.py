"""Sphinx extension: pages with an interactive figure load what makes it alive; the others load nothing for it.

A figure is a module, and imports others. Browsers load no module from a file on disk, where the site must work as well:
so each is served as a script that names the module, and all that it imports, as one address.
"""

import json
import os
import re
from pathlib import Path

from editions import is_english
from set_aside import set_aside

from book.figures import interactive

FIGURE = re.compile(r'<div class="interactive" data-module="([\w-]+)"')  # as book/figures/widgets.py writes it


def setup(app):
    os.environ["BOOK_PAGES"] = "1"  # the code of the pages runs in kernels that inherit it; see book/figures/widgets.py
    app.connect("env-get-outdated", serve)
    app.connect("html-page-context", load)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def serve(app, env, added, changed, removed):
    """Write the scripts before any page is, for pages name their checksums; all pages are old when one has changed."""
    folder, changed = Path(app.outdir, "_static", "figures"), False
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in served().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed = True
    return env.found_docs if changed else []


def served():
    """What the pages load: {name of the file: its text}."""
    files = {name: interactive.text(name) for name in ("loader.js", "interactive.css")}
    for path in Path(interactive.__file__).parent.glob("*.js"):
        if "export default" in path.read_text(encoding="utf-8"):
            files[path.name] = (
                f"startFigures({json.dumps(path.stem)}, {json.dumps(interactive.as_address(path.name))});"
            )
    return files


def load(app, page, template, context, doctree):
    body = context.get("body", "")
    modules = sorted(set(FIGURE.findall(body)))
    if modules:
        app.add_css_file("figures/interactive.css")
        for name in ("loader", *modules):
            app.add_js_file(f"figures/{name}.js", defer="defer")
        if app.builder.name == "html" and is_english(app):  # another edition's pictures are yet to be drawn
            context["body"] = set_aside(body, page, Path(app.outdir))
