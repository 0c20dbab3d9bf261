"""A sample class made from the known answers of an exercise: right, wrong, unfinished and broken submissions."""

import shutil

import nbformat

from grading.answers import known_answers, solution
from grading.course import COURSE
from grading.exercise import is_answer


def submissions(slug):
    """The sample class as {student: (file name, file content)}; a student's name says what is handed in."""
    base = solution(slug)
    untouched = dict.fromkeys(base.cells)
    last = list(base.cells)[-1]
    students = {"right": base.cells}
    known = known_answers(slug)
    students |= {f"right-{answer.name}": answer.cells for answer in known if answer.right}
    students |= {f"wrong-{answer.name}": answer.cells for answer in a_few_that_differ(known)}
    students |= {
        "half-done": base.cells | dict.fromkeys(list(base.cells)[len(base.cells) // 2 :]),
        "untouched": untouched,
        "syntax-error": base.cells | {last: base.cells[last].replace("(", "", 1)},
        "infinite-loop": base.cells
        | {last: base.cells[last].replace("    ### BEGIN SOLUTION", "    while True: pass")},
    }
    files = {student: (f"{slug}.ipynb", notebook_with(slug, cells)) for student, cells in students.items()}
    right = files["right"][1]
    files["corrupt-file"] = (f"{slug}.ipynb", right[: len(right) // 2])
    files["renamed-notebook"] = (f"{slug} (1).ipynb", right)
    return files


def a_few_that_differ(known, count=5):
    """Of the wrong answers, the first `count` that lose different sets of test cells."""
    first = {}
    for answer in known:
        if not answer.right:
            first.setdefault(frozenset(answer.loses), answer)
    return list(first.values())[:count]


def notebook_with(slug, cells):
    """The text of the student notebook with answer cells filled in; a source of None leaves the blank as it is."""
    notebook = nbformat.read(COURSE / "exercises" / slug / f"{slug}.ipynb", as_version=4)
    for cell in notebook.cells:
        if is_answer(cell) and cells[cell.metadata.nbgrader.grade_id] is not None:
            cell.source = cells[cell.metadata.nbgrader.grade_id]
    return nbformat.writes(notebook)


def write_class(slug, directory):
    """Write the sample class as <directory>/<student>/<slug>/<file>, replacing what was there."""
    for folder in directory.glob(f"*/{slug}"):
        shutil.rmtree(folder)
    for student, (name, content) in submissions(slug).items():
        folder = directory / student / slug
        folder.mkdir(parents=True)
        (folder / name).write_text(content, encoding="utf-8")
