"""A submission, rebuilt from the release notebook: only answers, and cells without a label, come from the student."""

import copy

from grading import exercise
from grading.record import Record, put

WRITTEN_BY_STUDENT = "written_by_student"


def rebuild(task, submission):
    """The notebook to run: the exercise with the student's cells in it, and a Record of what was unusual.

    A first cell says the same to the student. `task` is an exercise.Exercise, `submission` an intake.Submission; one
    with a problem gives the blank notebook.
    """
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
    put(notebook, Record(submission.problem, tuple(notes), submission.digest, task.digest))
    return notebook


def transplant(task, submission):
    """The notebook of the exercise with the student's answers in it, and a list of what was unusual.

    Cells that were deleted, duplicated, moved, unlocked, or given another type or tag change nothing: only the text of
    the student's own answers counts.
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
            # An extra cell stays behind the labelled cell that it followed, as it may use what that cell defines.
            extras.setdefault(last, []).append(cell)
    if list(dict.fromkeys(seen)) != [label for label in labelled if label in sources]:
        notes.append("the cells were in another order; they were run in the order of the exercise")
    answers = {}
    # All answers are found before the notebook is put together: one without its label is taken out of the extra cells.
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
    # Of several copies the last one counts, but a blank one must not win over work that was done.
    filled = [other for other in found if other.source.strip() != cell["source"].strip()]
    if len(found) > 1:
        notes.append(f"{label} was handed in {len(found)} times; the last one that is filled in was marked")
    if any(other.kind != "code" for other in found):
        notes.append(f"{label} was not a code cell any more; it was run as code")
    if not found:
        source = _adopted(label, names, extras, notes)
        if source is not None:
            return source
        notes.append(f"{label} was missing; it counts as not done")
    return filled[-1].source if filled else cell["source"]


def _adopted(label, names, extras, notes):
    """The source of the last extra cell of code that defines all `names`, taken out of `extras`; None without one.

    Only a label that nobody handed in is looked for in this way: beside a labelled answer, a second definition of the
    same function may be a draft.
    """
    fitting = [
        (others, extra)
        for others in extras.values()
        for extra in others
        if extra.kind == "code" and names and set(names) <= set(exercise.defined(extra.source))
    ]
    if not fitting:
        return None
    others, extra = fitting[-1]
    others.remove(extra)  # or it would run twice
    notes.append(f"{label} had lost its label; the cell that defines {', '.join(names)} was marked")
    return extra.source


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


def _new_cell(kind, source, name, metadata):
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": metadata, "source": source} | code


def _as_text(line):
    """A line with file names of a student's choice in it, as text that Markdown takes literally."""
    return "`" + line.replace("`", "'").replace("\n", " ")[:500] + "`"
