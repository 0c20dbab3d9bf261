"""Sphinx extension: a page runs again when what its code imports or reads has changed.

A page is read again after a warning, and all pages when a style or a script of the site has changed: they name its
checksum.
"""

import hashlib
import os
from pathlib import Path

from sphinx.application import ENV_PICKLE_FILENAME

ROOT = Path(__file__).resolve().parents[2]
# What the code of a page may import or read: the library, the pictures and measurements, the text to be learnt, what
# torch and JAX returned.
READ = ["rnnlib/**/*.py", "book/figures/**/*.py", "book/experiments/**/*.py", "book/corpus.txt", "book/frameworks.json"]
READ += ["requirements.txt"]


def setup(app):
    app.connect("config-inited", key_the_cache)
    app.connect("env-get-outdated", pages_with_an_old_style)
    app.connect("build-finished", forget_pages_with_warnings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def key_the_cache(app, config):
    """Keep the outputs in a separate folder for each state of what the code of the pages imports or reads.

    jupyter-cache looks at the code of the page only, and would show outputs of a library that is no more.
    """
    config.nb_execution_cache_path = str(kept_figures().parent)
    os.environ["COURSE_FIGURES"] = str(kept_figures())


def kept_figures():
    """The folder beside the outputs for the figures behind their pictures, which other editions draw again."""
    return ROOT / "_build" / ".jupyter_cache" / checksum(READ)[:16] / "figures"


def checksum(patterns):
    """A checksum of the names and contents of all files of the course that one of the patterns fits."""
    found = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()):
        found.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def pages_with_an_old_style(app, env, added, changed, removed):
    site = Path(app.outdir, "_static")
    folders = [folder for folder in ("_static", "live", "progress", "marking") if folder in app.config.html_static_path]
    for path in [path for folder in folders for path in Path(app.srcdir, folder).glob("*.*")]:
        if not (site / path.name).exists() or (site / path.name).read_bytes() != path.read_bytes():
            return env.found_docs
    return []


def forget_pages_with_warnings(app, exception):
    """Let the next build read all pages again: it would skip one that failed now but has not changed since."""
    if app._warncount:  # Sphinx forgets them by itself after an exception only
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
