"""A submission, rebuilt from the release notebook: only answers, and cells without a label, come from the student."""

import copy

from grading import exercise

RECORD = "grading"  # the key of the notebook's metadata under which the grader keeps what it did
WRITTEN_BY_STUDENT = "written_by_student"


def transplant(task, submission):
    """The notebook of the exercise with the student's answers in it, and a list of what was unusual.

    `task` is an exercise.Exercise, `submission` an intake.Submission. Deleted, duplicated, moved, retyped, retagged or
    unlocked cells change nothing but the student's own answers.
    """
    release = task.notebook
    labelled = {exercise.grade_id(cell): cell for cell in release["cells"] if exercise.grade_id(cell)}
    ours = {cell["source"].strip() for cell in release["cells"] if not exercise.grade_id(cell)}
    notes, sources, extras, seen, last = [], {}, {}, [], None
    for cell in submission.cells:
        if cell.grade_id in labelled:
            last = cell.grade_id
            seen.append(last)
            sources.setdefault(last, []).append(cell)
        elif cell.source.strip() and cell.source.strip() not in ours:
            extras.setdefault(last, []).append(cell)
    notes += _order_notes([label for label in labelled if label in sources], list(dict.fromkeys(seen)))
    answers = {}
    for label, cell in labelled.items():
        found = sources.get(label, [])
        if exercise.is_answer(cell):
            answers[label] = _answer(cell, task.names[label], found, extras, notes)
        elif not found:
            notes.append(f"{label} was missing; it was put back")
        elif any(other.source.strip() != task.released[label].strip() for other in found):
            notes.append(f"{label} was changed, which has no effect; the original was run")
    return _rebuilt(release, answers, extras), notes


def _answer(cell, names, found, extras, notes):
    """The source of an answer cell: the last filled one of that label, or an unlabelled cell that defines its names."""
    label = exercise.grade_id(cell)
    filled = [other for other in found if other.source.strip() != cell["source"].strip()]
    if len(found) > 1:
        notes.append(f"{label} was handed in {len(found)} times; the last one that is filled in was marked")
    if any(other.kind != "code" for other in found):
        notes.append(f"{label} was not a code cell any more; it was run as code")
    if not found:
        adopted = [
            (place, extra)
            for place, others in extras.items()
            for extra in others
            if extra.kind == "code" and names and set(names) <= set(exercise.defined(extra.source))
        ]
        if adopted:
            place, extra = adopted[-1]
            extras[place].remove(extra)
            notes.append(f"{label} had lost its label; the cell that defines {', '.join(names)} was marked")
            return extra.source
        notes.append(f"{label} was missing; it counts as not done")
    return filled[-1].source if filled else cell["source"]


def _order_notes(expected, seen):
    return [] if expected == seen else ["the cells were in another order; they were run in the order of the exercise"]


def _rebuilt(release, answers, extras):
    notebook = copy.deepcopy(release)
    cells = []

    def add_extras(label):
        for extra in extras.get(label, []):
            number = sum(WRITTEN_BY_STUDENT in cell["metadata"] for cell in cells)
            cells.append(_new_cell(extra.kind, extra.source, f"extra-{number}", {WRITTEN_BY_STUDENT: True}))

    add_extras(None)
    for cell in notebook["cells"]:
        label = exercise.grade_id(cell)
        if label in answers:
            cell["source"] = answers[label]
        cells.append(cell)
        if label:
            add_extras(label)
    notebook["cells"] = cells
    return notebook


def rebuild(slug, submission):
    """The rebuilt notebook, with a first cell and a record that say what was unusual."""
    task = exercise.load(slug)
    if submission.problem:
        notebook, notes = copy.deepcopy(task.notebook), []
    else:
        notebook, notes = transplant(task, submission)
    notes = [*submission.notes, *notes]
    said = [submission.problem] if submission.problem else notes
    if said:
        title = "**Not marked**" if submission.problem else "**About this submission**"
        lines = "\n".join(f"- {_as_text(line)}" for line in said)
        notebook["cells"].insert(0, _new_cell("markdown", f"{title}\n\n{lines}", "about-this-submission", {}))
    notebook["metadata"][RECORD] = {"problem": submission.problem, "notes": notes, "digest": submission.digest}
    return notebook


def _new_cell(kind, source, name, metadata):
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": metadata, "source": source} | code


def _as_text(line):
    """A line with file names of a student's choice in it, as text that Markdown takes literally."""
    return "`" + line.replace("`", "'").replace("\n", " ")[:500] + "`"
