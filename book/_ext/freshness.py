"""Sphinx extension: a page runs again when the library it shows has changed, and is read again after a warning.

All pages are read again when a style or a script of the site has changed: they name its checksum.
"""

import hashlib
from pathlib import Path

from sphinx.application import ENV_PICKLE_FILENAME

ROOT = Path(__file__).resolve().parents[2]


def setup(app):
    app.connect("config-inited", key_the_cache)
    app.connect("env-get-outdated", pages_with_an_old_style)
    app.connect("build-finished", forget_pages_with_warnings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def key_the_cache(app, config):
    """Keep the outputs in a folder of their own for each state of rnnlib, of the pins and of the text to be learnt.

    jupyter-cache looks at the code of the page only, and would show outputs of a library that is no more.
    """
    digest = hashlib.sha256()
    for path in [*sorted(ROOT.glob("rnnlib/**/*.py")), ROOT / "requirements.txt", ROOT / "book" / "corpus.txt"]:
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    config.nb_execution_cache_path = str(ROOT / "_build" / ".jupyter_cache" / digest.hexdigest()[:16])


def pages_with_an_old_style(app, env, added, changed, removed):
    site = Path(app.outdir, "_static")
    for path in [*Path(app.srcdir, "_static").iterdir(), *Path(app.srcdir, "live").glob("*.*")]:
        if not (site / path.name).exists() or (site / path.name).read_bytes() != path.read_bytes():
            return env.found_docs
    return []


def forget_pages_with_warnings(app, exception):
    """Let the next build read all pages again: it would skip one that failed now but has not changed since."""
    if app._warncount:  # Sphinx forgets them by itself after an exception only
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
