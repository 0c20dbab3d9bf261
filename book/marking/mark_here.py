"""Marks the notebook of an exercise in a reader's browser, as a class's would be; mark-worker.js calls `mark`."""

import dataclasses
import json
import os
import re
from pathlib import Path

os.environ["MPLBACKEND"] = "agg"  # before an answer imports matplotlib: a worker has no window to draw in

from grading import exercise, feedback, intake
from grading.bench import OwnBench
from grading.execute import Settings, execute
from grading.transplant import rebuild
from rnnlib.browser import draw_indices

draw_indices()

# Of a cell: what it has shown may be large, and is of no interest.
READ = "cell_type", "source", "metadata", "attachments"
NUMBER = re.compile(r"^\d+\. ")  # how a title may begin


def mark(slug, text, seed, site, tell):
    """Mark the notebook `text` of the exercise `slug`; return {"points", "most", "page"} as JSON.

    `site` is the address of this site, to which the page of feedback links. `tell` is called with the name of a part
    whenever one of its checks begins.
    """
    submission = read(slug, text)
    task = exercise.load(slug, submission.language)
    task.notebook["metadata"]["course"] = {**task.notebook["metadata"].get("course", {}), "site": site}
    ran = execute(rebuild(task, submission), task, Settings(seed, sandboxed=False), telling(task, tell))
    found = dataclasses.replace(feedback.results(ran, task), sandbox="browser")
    page = feedback.page(found, for_yourself=True)
    return json.dumps({"points": found.points, "most": found.most, "page": page})


def read(slug, text):
    """The intake.Submission that the text of a notebook holds."""
    cells = [{key: cell[key] for key in READ if key in cell} for cell in json.loads(text)["cells"]]
    path = Path("/tmp", f"{slug}.ipynb")
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return intake.submission(path)


def telling(task, tell):
    """A bench that tells with which part of the exercise it is busy."""
    titles = parts_of(task.notebook)
    order = list(dict.fromkeys(titles.values()))

    class Telling(OwnBench):
        def twice(self, ask, what):
            if what in titles:  # a test; before it come the cells that it needs
                place = order.index(titles[what]) + 1
                tell(f"part {place} of {len(order)}, {NUMBER.sub('', titles[what])}")
            return super().twice(ask, what)

    return Telling


def parts_of(notebook):
    """{grade_id of a test: title of its part}, in the order of the notebook."""
    placed = feedback.in_parts(notebook["cells"])
    return {exercise.grade_id(cell): title for title, cell in placed if exercise.is_test(cell)}
