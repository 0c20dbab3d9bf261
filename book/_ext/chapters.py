"""Sphinx extension: the table of the chapters and their exercises, and how long the course takes.

The directive `chapter-table` lists the numbered chapters with their minutes, their exercises, and how far the reader
has come in those. The role `hours` gives the sum of the minutes of all chapters, or of all exercises, in hours.
"""

import re

import yaml
from docutils import nodes
from freshness import ROOT
from progress import exercises, link, state
from sphinx.util.docutils import SphinxDirective, SphinxRole
from translation import _, written

TOC = ROOT / "book" / "_toc.yml"
HEADER = "| {} | {} | {} |\n|---|--:|---|\n"
ROW = "| {number}. {{doc}}`{chapter}` | {minutes} | {exercises} |\n"


def setup(app):
    app.add_directive("chapter-table", ChapterTable)
    app.add_role("hours", Hours())
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def chapters():
    """The numbered chapters in their order, as dicts of number, name, minutes and exercises."""
    parts = yaml.safe_load(TOC.read_text(encoding="utf-8"))["parts"]
    names = [entry["file"] for part in parts if part.get("numbered") for entry in part["chapters"]]
    known = exercises()
    return [
        {
            "number": number,
            "chapter": name,
            "minutes": minutes(name),
            "exercises": [each for each in known if each["chapter"] == name],
        }
        for number, name in enumerate(names, 1)
    ]


def minutes(chapter):
    """The minutes that a chapter says it takes."""
    return int(re.search(r"\*\*Time:\*\* (\d+) minutes", source(chapter).read_text(encoding="utf-8"))[1])


def source(chapter):
    return ROOT / "book" / f"{chapter}.md"


def note_sources(env):
    """The page is written again when a chapter or an exercise changes."""
    env.note_dependency(TOC)
    for each in chapters():
        env.note_dependency(source(each["chapter"]))
        for exercise in each["exercises"]:
            env.note_dependency(ROOT / "exercises" / exercise["slug"] / f"{exercise['slug']}.ipynb")


class ChapterTable(SphinxDirective):
    def run(self):
        note_sources(self.env)
        rows = [ROW.format(**each | {"exercises": self.exercises_of(each)}) for each in chapters()]
        header = HEADER.format(_("Chapter"), _("Minutes"), _("Exercise"))
        return written(self.parse_text_to_nodes(header + "".join(rows)))

    def exercises_of(self, chapter):
        here = self.config.exercises_in_the_page
        found = [
            _("{0}, {1} minutes").format(link(each, self.config.language), each["minutes"])
            + (f" {state(each)}" if here else "")
            for each in chapter["exercises"]
        ]
        return "<br>".join(found) or "[{}](#{}-exercise)".format(_("with a pencil"), chapter["chapter"])


class Hours(SphinxRole):
    def run(self):
        note_sources(self.env)
        all_chapters = chapters()
        told = {
            "chapters": all_chapters,
            "exercises": [exercise for chapter in all_chapters for exercise in chapter["exercises"]],
        }
        halves = round(sum(each["minutes"] for each in told[self.text]) / 30)
        return [nodes.Text(f"{halves / 2:g}")], []
