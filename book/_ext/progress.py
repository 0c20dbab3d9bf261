"""Sphinx extension: what the pages know of the exercises, so that they can show how far a reader has come in them.

The directive `exercise-table` lists all exercises, in the order of the chapters, with what the reader's browser keeps.
"""

import html
import json
import re

from docutils import nodes
from editions import notebook
from freshness import ROOT
from sphinx.util.docutils import SphinxDirective
from translation import _, written

# What a reader comes back for is second: on a phone, the last columns are beyond the edge.
HEADER = "| {} | {} | {} | {} | {} |\n|---|---|---|--:|--:|\n"
ROW = "| {link} | {state} | {{doc}}`{chapter}` | {minutes} | {points} |\n"
LINK = '<a href="{chapter}.html#exercise-{slug}">{title}</a>'
STATE = '<span class="exercise-state" data-exercise="{slug}" data-untouched="{untouched}"></span>'
TOOLS = '<p class="exercise-ways progress-ways"></p><p role="status"></p>'


def setup(app):
    app.add_config_value("course_data", "", "html")
    app.add_directive("exercise-table", ExerciseTable)
    app.connect("config-inited", serve)
    app.connect("html-page-context", load_overview)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def serve(app, config):
    """Give every page the script that keeps and shows progress, and what it must know of the course."""
    known = [{name: each[name] for name in ("slug", "chapter", "parts")} for each in exercises()]
    course = config.html_theme_options.get("repository_url") or config.course_title
    config.course_data = json.dumps({"course": course, "exercises": known})
    config.html_static_path.append("progress")
    app.add_js_file("progress.js", priority=100, **{"data-course": config.course_data})


def exercises():
    """All exercises that a chapter offers, in the order of the chapters: dicts of what a reader wants to know."""
    chapters = re.findall(r"file: (\S+)", (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    found = {}
    for chapter in chapters:
        path = ROOT / "book" / f"{chapter}.md"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for slug in re.findall(r"^[:`]{3,}\{exercise\} (\S+)", text, re.MULTILINE):
            found.setdefault(slug, {"slug": slug, "chapter": chapter, **about(slug)})
    return list(found.values())


def about(slug):
    """The minutes, points and number of parts of an exercise, as its notebook has them."""
    found = json.loads((ROOT / "exercises" / slug / f"{slug}.ipynb").read_text(encoding="utf-8"))
    texts = ["".join(cell["source"]) for cell in found["cells"]]
    return {
        "minutes": int(re.search(r"\*\*Time\.\*\* (\d+) minutes", texts[0])[1]),
        "points": sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in found["cells"]),
        "parts": sum("exercise.run(" in text for text in texts),
    }


def link(exercise, language):
    """The title of an exercise in a language, which leads to it, as HTML."""
    return LINK.format(**exercise | {"title": html.escape(title(notebook(exercise["slug"], language)))})


def title(path):
    """The title of a notebook."""
    return re.search(r"^# (.+)", "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]))[1]


def state(exercise, untouched=""):
    """Where the page shows how far a reader has come, as HTML; `untouched` is shown before he has begun."""
    return STATE.format(slug=exercise["slug"], untouched=untouched)


class ExerciseTable(SphinxDirective):
    def run(self):
        known, here = exercises(), self.config.exercises_in_the_page
        for each in known:
            self.env.note_dependency(notebook(each["slug"], self.config.language))
            self.env.note_dependency(ROOT / "book" / f"{each['chapter']}.md")
        begun = [state(each, _("not begun")) if here else "" for each in known]
        rows = [
            ROW.format(**each, link=link(each, self.config.language), state=so_far)
            for each, so_far in zip(known, begun, strict=True)
        ]
        header = HEADER.format(_("Exercise"), _("So far"), _("Chapter"), _("Minutes"), _("Points"))
        table = written(self.parse_text_to_nodes(header + "".join(rows)))
        return [*table, nodes.raw("", TOOLS, format="html")] if here else table


def load_overview(app, page, template, context, doctree):
    if TOOLS in context.get("body", ""):
        app.add_js_file("vendor/localforage.js", defer="defer")
        app.add_js_file("overview.js", defer="defer")
