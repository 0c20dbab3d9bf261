"""Sphinx extension: readers can have the notebook of an exercise marked in the page, by the hidden checks of a class.

`mark_in_the_page: false` in _config.yml leaves the button out, and with it the archive that holds checks and answers.
"""

import shutil
import tempfile
import zipfile
from pathlib import Path

import bytecode
import lite
import pyodide
from editions import is_english
from freshness import ROOT
from sphinx.errors import ExtensionError

# What marks a notebook, in reading order: the core of grading/, which a browser can run.
CORE = """
    __init__ course answers_file exercise outside failure finder intake transplant copies release record
    execute bench own remote student_host wire watch limits outputs
    checks verdicts found_once patterns mistakes answers slips mutation follow_through feedback pages
"""
PAGE = "grading/templates/feedback.html.jinja"
EXERCISES = ["solutions/*/*.ipynb", "solutions/*/*/*.ipynb", "solutions/*/answers.toml"]
EXERCISES += ["exercises/*/*.ipynb", "exercises/*/*/*.ipynb"]
LIBRARIES = ["jinja2", "markupsafe"]
OWN_TAB = (
    '<link rel="stylesheet" href="../../_static/mark.css" />'
    '<script src="../../_static/mark.js" data-python="{}"></script></head>'
)


def setup(app):
    app.add_config_value("mark_in_the_page", True, "html")
    app.connect("config-inited", serve_scripts)
    app.connect("html-page-context", load_script)
    app.connect("build-finished", carry, priority=600)  # after JupyterLite, which begins with an empty folder
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def is_offered(config):
    """Whether the pages have the button: by the settings, and as Python is there for them."""
    return config.mark_in_the_page and config.exercises_in_the_page


def serve_scripts(app, config):
    """Serve the files of book/marking, which would be on every page in book/_static; let the text speak of them."""
    if is_offered(config):
        config.html_static_path.append("marking")
        app.tags.add("marked_in_the_page")


def load_script(app, page, template, context, doctree):
    if is_offered(app.config) and "exercise-here" in context.get("body", ""):
        app.add_css_file("mark.css")
        app.add_js_file("mark.js", defer="defer", **{"data-python": app.config.pyodide_url})


def carry(app, exception):
    """Put the archive below the site, or take away that of an earlier build."""
    if exception or app.builder.format != "html" or not app.config.exercises_in_the_page or not is_english(app):
        return
    archive = Path(app.outdir, "lite", "marking.zip")
    archive.unlink(missing_ok=True)
    if app.config.mark_in_the_page:
        pack(archive)
    offer_in_own_tab(Path(app.outdir, "lite", "notebooks", "index.html"), app.config)


def offer_in_own_tab(page, config):
    """Load the script in the page of JupyterLite, where exercise.js is loaded too."""
    head = OWN_TAB.format(config.pyodide_url)
    text = page.read_text(encoding="utf-8").replace(head, "</head>")
    if config.mark_in_the_page and "exercise.js" in text:
        text = text.replace("</head>", head, 1)
    page.write_text(text, encoding="utf-8")


def pack(path):
    """Write the archive of all that marks an exercise in the browser, with bytecode beside each module."""
    core, _, _ = pyodide.fetch_all()
    with tempfile.TemporaryDirectory() as work:
        libraries = [lite.installed(Path(work), name) for name in LIBRARIES]
        # By this ending, the bytecode is for modules that are unpacked.
        archive = bytecode.merge(Path(work, "marking.whl"), [checks(Path(work, "checks.zip")), *libraries])
        shutil.copy(bytecode.add(core, [archive]) / archive.name, path)


def checks(path):
    """Write an archive of the core of grading/, and of the exercises with their answers; return its path."""
    found = [ROOT / "grading" / f"{name}.py" for name in CORE.split()] + [ROOT / PAGE]
    found += [path for pattern in EXERCISES for path in sorted(ROOT.glob(pattern))]
    if not list(ROOT.glob(EXERCISES[0])):
        raise ExtensionError("the notebooks with the answers are not built: run `make notebooks`")
    with zipfile.ZipFile(path, "w") as archive:
        for file in found:
            archive.writestr(zipfile.ZipInfo(file.relative_to(ROOT).as_posix()), file.read_bytes())
    return path
