"""The kill matrix: every known answer goes through the grader, and what each costs becomes a page of the book."""

import tempfile
from pathlib import Path

from grading import exercise, grade
from grading.answers import known_answers
from grading.course import COURSE, slugs
from grading.sample_class import notebook_with

PAGE = COURSE / "book" / "mistakes.md"
HEAD = """# Known mistakes

<!-- Written by `make mistakes` from solutions/*/answers.toml: change those. -->

```{admonition} This page
:class: note
For instructors, and full of answers. Every wrong answer below has gone through the grader, and has lost the points of
exactly the cells named beside it. When a submission returns the same numbers, its feedback names the mistake and gives
the hint. How to add one is in {doc}`teaching`.
```
"""


def kill_matrix(slug, settings, workers=1):
    """Yield (answer, the grade_ids of the test cells that it lost) for every known answer, handed in and marked."""
    known = {answer.name: answer for answer in known_answers(slug)}
    with tempfile.TemporaryDirectory() as class_:
        jobs = []
        for name, answer in known.items():
            folder = Path(class_, name)
            folder.mkdir()
            (folder / f"{slug}.ipynb").write_text(notebook_with(slug, answer.cells), encoding="utf-8")
            jobs.append(grade.Job(slug, name, str(folder), settings))
        for marked in grade.mark_all(jobs, workers):
            yield known[marked.student], lost(marked.notebook)


def lost(notebook):
    """The grade_ids of the tests of an executed notebook that gave no points."""
    return {
        exercise.grade_id(cell)
        for cell in notebook["cells"]
        if exercise.is_test(cell) and any(output["output_type"] == "error" for output in cell["outputs"])
    }


def page():
    """The text of book/mistakes.md."""
    return "\n".join([HEAD, *(_section(slug) for slug in slugs())])


def _section(slug):
    known, task = known_answers(slug), exercise.load(slug)
    points = {
        exercise.grade_id(cell): cell["metadata"]["nbgrader"]["points"]
        for cell in task.notebook["cells"]
        if exercise.is_test(cell)
    }
    title = task.notebook["cells"][0]["source"].splitlines()[0].lstrip("# ")
    right = sum(answer.right for answer in known)
    lines = [f"## {title}", "", f"`{slug}`, {task.points:g} points. {right} other right answers keep them all.", ""]
    lines += ["| mistake | hint | costs | loses |", "|---|---|---|---|"]
    for answer in known:
        if not answer.right:
            cost = sum(points[label] for label in answer.loses)
            cells = [answer.mistake, answer.hint, f"{cost:g}", ", ".join(f"`{label}`" for label in answer.loses)]
            lines.append("| " + " | ".join(_literal(text) for text in cells) + " |")
    return "\n".join([*lines, ""])


def _literal(text):
    """Prose as it stands: in a table of MyST, these characters would start something else. Code keeps its backticks."""
    parts = text.split("`")
    for place in range(0, len(parts), 2):
        for character in "\\*_$<[{":
            parts[place] = parts[place].replace(character, f"\\{character}")
    return "`".join(parts).replace("|", "\\|")
