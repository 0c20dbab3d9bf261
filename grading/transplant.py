"""A submission, rebuilt from the release notebook: only answers, and cells without a label, come from the student."""

import copy
import re
from typing import NamedTuple
from urllib.parse import quote

from grading import copies, exercise, release
from grading.record import Record, put
from rnnlib.words import say, speaking, to_say

MAX_TEXT = (
    10_000  # characters of a text that a student added: to show some texts takes a time that grows with the square
)
ATTACHMENT, NOT_KEPT = "attachment:", "picture-that-is-not-kept:"  # how a text refers to a picture
WRITTEN_BY_STUDENT = "written_by_student"
NOT_MARKED = to_say("Not marked")
LEFT_OUT = to_say("(the rest is left out)")
MAY_COST = to_say("What may have cost points")
COSTS_NOTHING = to_say("What was unusual and cost nothing")


class Notes:
    """Lines about what was unusual in a submission, of two sorts, and those that an instructor should look at."""

    def __init__(self):
        self.lines, self.costs, self.human = [], [], []

    def say(self, line, costs=False, doubtful=False):
        """Note a line; one that `costs` is about what may have cost points, a `doubtful` one comes before a human."""
        (self.costs if costs else self.lines).append(line)
        self.human += [line] if doubtful else []


class Found(NamedTuple):
    """The cells of a submission, each with its place, as far as they matter."""

    labelled: dict  # grade_id of the release -> [(place, Cell)]
    extras: list  # Extra
    order: tuple  # the grade_ids as they were met, each once


class Extra(NamedTuple):
    """A cell of the student's own."""

    place: int  # in the submission
    after: str | None  # the grade_id of the labelled cell that it follows
    kind: str
    source: str
    pictures: tuple


def rebuild(task, submission):
    """The notebook to run: the exercise with the student's cells in it, and a Record of what was unusual.

    A first cell says the same to the student. `task` is an exercise.Exercise, `submission` an intake.Submission; one
    with a problem gives the blank notebook.
    """
    with speaking(task.language):
        return _with_record(task, submission)


def _with_record(task, submission):
    if submission.problem:
        notebook, notes = copy.deepcopy(task.notebook), Notes()
    else:
        notebook, notes = transplant(task, submission)
    lines, costs = (*submission.notes, *notes.lines), (*submission.costs, *notes.costs)
    said = {NOT_MARKED: [submission.problem]} if submission.problem else {MAY_COST: costs, COSTS_NOTHING: lines}
    text = "\n\n".join(_listed(title, of_title) for title, of_title in said.items() if of_title)
    if text:
        notebook["cells"].insert(0, _new_cell("markdown", text, "about-this-submission", {}))
    human = (*submission.human, *notes.human)
    put(notebook, Record(submission.problem, lines, submission.digest, human=human, costs=costs))
    return notebook


def transplant(task, submission):
    """The notebook of the exercise with the student's answers in it, and Notes of what was unusual.

    Cells that were deleted, duplicated, moved, unlocked, or given another type or tag change nothing: only the text of
    the student's own cells counts.
    """
    notes, reader, found = Notes(), copies.Reader(), _sort(task, submission)
    labels = list(task.released)
    if list(found.order) != [label for label in labels if label in found.labelled]:
        notes.say(say("the cells were in another order; they were run in the order of the exercise"), costs=True)
    answers = {}
    # All answers are found before the notebook is put together: extra cells may turn out to be parts of them.
    for label in task.names:
        answers[label] = _filled_in(task, label, found, reader, notes)
    for label in task.names:
        if answers[label] is None:
            answers[label] = _blank(task, label, found, answers, reader, notes)
    for label in task.names:
        _look_for_drafts(task, label, found, answers[label], reader, notes)
    by_hand = {label: _by_hand(task, label, found, notes) for label in task.by_hand}
    locked = [label for label in labels if label not in task.names and label not in by_hand]
    imports = {label: _imports(task, label, found, reader, notes) for label in locked}
    return _rebuilt(task.notebook, answers, by_hand, imports, found.extras), notes


def _sort(task, submission):
    """The Found cells. A label that was lost is given back to a cell with the text of the release."""
    released = {release.bare(source): label for label, source in task.released.items()}
    present = {cell.grade_id for cell in submission.cells}
    ours = {cell["source"].strip() for cell in task.notebook["cells"] if not exercise.grade_id(cell)}
    labelled, extras, last = {}, [], None
    for place, cell in enumerate(submission.cells):
        text = cell.source.strip()
        label = cell.grade_id if cell.grade_id in task.released else released.get(release.bare(text))
        if label and (label == cell.grade_id or label not in present):
            labelled.setdefault(label, []).append((place, cell))
            last = label
        elif cell.pictures or (text and text not in ours):
            # An extra cell stays behind the labelled cell that it followed, as it may use what that cell defines.
            extras.append(Extra(place, last, cell.kind, cell.source, cell.pictures))
    return Found(labelled, extras, tuple(labelled))


def _filled_in(task, label, found, reader, notes):
    """The text of the filled cells with this label, and of the unlabelled cells that complete it; None without one."""
    cells = found.labelled.get(label, [])
    filled = [(place, cell) for place, cell in cells if cell.source.strip() not in ("", task.released[label].strip())]
    if not filled:
        return None
    if any(cell.kind != "code" for _, cell in filled):
        notes.say(say("{} was not a code cell any more; it was run as code").format(label))
    texts = []
    for _, cell in filled:
        texts.append(copies.once(cell.source))
        if texts[-1] != cell.source:
            notes.say(say("{} held its text twice in a row; it was run once").format(label))
    if any(re.search(r"(?<![\w.])input\(", text) for text in texts):
        how = say("a cell gets an empty text, a function an error")
        notes.say(say("{} calls input(), which nobody answers here: {}").format(label, how), costs=True)
    chosen = copies.choose(texts, task.names[label], reader)
    if chosen.how:
        notes.say(
            say("{} was handed in {} times; {}").format(label, len(cells), chosen.how), chosen.doubtful, chosen.doubtful
        )
    return _completed(label, chosen.source, (filled[0][0], filled[-1][0]), found, reader, notes)


def _completed(label, source, ends, found, reader, notes):
    """The source joined with the unlabelled cell above or below it, if only together they are Python.

    A cell that is Python by itself needs no joining: it runs at its place, and tests find what it defines.
    """
    first, last = ends
    above = [extra for extra in found.extras if extra.place == first - 1 and extra.kind == "code"]
    below = [extra for extra in found.extras if extra.place == last + 1 and extra.kind == "code"]
    for joined in ([*above, None], [None, *below], [*above, None, *below]):
        texts = [source if extra is None else extra.source for extra in joined]
        whole = "\n".join(texts)
        if any(reader.body(text) is None for text in texts) and reader.body(whole) is not None:
            for extra in filter(None, joined):
                found.extras.remove(extra)
            notes.say(
                say("{} was joined with the unlabelled cell beside it: a part of its code stood there").format(label)
            )
            return whole
    return source


def _blank(task, label, found, answers, reader, notes):
    """What runs in the place of a cell that was not filled in: the code of the release, unless it is elsewhere.

    What is defined elsewhere is left out here, or it would be taken for the answer.
    """
    names, cells = task.names[label], found.labelled.get(label)
    fitting = [
        extra
        for extra in found.extras
        if extra.kind == "code" and _mentions(extra.source, names) and reader.defined(extra.source) & set(names)
    ]
    before = [other for other in task.released if other in found.labelled or other == label]
    after = before[before.index(label) - 1] if before[0] != label else None
    if len(fitting) == 1 and set(names) <= reader.defined(fitting[0].source) and fitting[0].after == after:
        found.extras.remove(fitting[0])  # or it would run twice
        notes.say(say("{} had lost its label; the cell that defines {} was marked").format(label, ", ".join(names)))
        return fitting[0].source
    others = [source for source in answers.values() if source and _mentions(source, names)]
    elsewhere = set().union(*map(reader.defined, [*(extra.source for extra in fitting), *others]))
    moved = [name for name in names if name in elsewhere]
    if moved:
        was = say("was left blank") if cells else say("was missing")
        notes.say(say("{} {}; what another cell holds was marked: {}").format(label, was, ", ".join(moved)))
    elif not cells:
        notes.say(say("{} was missing; it counts as not done").format(label), costs=True)
    return copies.without(task.released[label], moved) if moved else task.released[label]


def _look_for_drafts(task, label, found, answer, reader, notes):
    """Note an unlabelled cell below an answer that defines the same once more, and is what the tests then find."""
    for extra in found.extras:
        if extra.after == label and extra.kind == "code" and _mentions(extra.source, task.names[label]):
            twice = reader.defined(extra.source) & reader.defined(answer) & set(task.names[label])
            if twice:
                where = say("in {} and in an unlabelled cell below it; the last one was marked").format(label)
                notes.say(say("{} was defined {}").format(", ".join(sorted(twice)), where), costs=True, doubtful=True)


def _by_hand(task, label, found, notes):
    """What was handed in for a human to mark, as cells; none if the cell was left as it was.

    It is often beside the cell that is meant for it. So may a text of another release be, which has no pictures.
    """
    cells = found.labelled.get(label, [])
    filled = [
        cell for _, cell in cells if cell.pictures or cell.source.strip() not in ("", task.released[label].strip())
    ]
    if filled:
        return list(dict.fromkeys(filled))
    above = cells[0][0] - 1 if cells else None
    ours = {cell["source"].partition("\n")[0] for cell in task.notebook["cells"] if not exercise.grade_id(cell)}
    texts = [each for each in found.extras if each.kind != "code" and (each.after == label or each.place == above)]
    beside = [each for each in texts if each.pictures or each.source.strip().partition("\n")[0] not in ours]
    for extra in beside:
        found.extras.remove(extra)
    if beside:
        notes.say(say("{} was left blank; the text beside it was taken").format(label))
    return beside


def _mentions(source, names):
    """Whether one of the names occurs in the source, which is quicker to tell than to parse it."""
    return any(name in source for name in names)


def _imports(task, label, found, reader, notes):
    """The imports that a student added to a locked cell, as text; what else was changed there has no effect."""
    original = release.bare(task.released[label])
    cells = [cell for _, cell in found.labelled.get(label, [])]
    changed = [source for source in (release.bare(cell.source) for cell in cells) if source != original]
    if not cells:
        notes.say(say("{} was missing; it was put back").format(label))
    added = [copies.added_imports(source, original, reader) for source in changed]
    added = "\n".join(filter(None, dict.fromkeys(added)))
    if added:
        notes.say(
            say("{} was changed: the imports that were added were kept, else the original was run").format(label),
            costs=True,
        )
    elif changed:
        notes.say(say("{} was changed; the original was run").format(label), costs=True)
    return added


def _rebuilt(blank, answers, by_hand, imports, extras):
    notebook = copy.deepcopy(blank)
    cells = []

    def add(kind, source):
        number = sum(WRITTEN_BY_STUDENT in cell["metadata"] for cell in cells)
        cells.append(_new_cell(kind, source, f"extra-{number}", {WRITTEN_BY_STUDENT: True}))

    def add_extras(label):
        for extra in extras:
            if extra.after == label:
                add(extra.kind, extra.source)
                if extra.kind != "code":
                    _show(cells[-1], extra)

    add_extras(None)
    for cell in notebook["cells"]:
        label = exercise.grade_id(cell)
        if imports.get(label):
            add("code", imports[label])  # before the cell, whose own names then win
        if label in answers:
            cell["source"] = answers[label]
        if by_hand.get(label):
            _show(cell, *by_hand[label])
        cells.append(cell)
        if label:
            add_extras(label)
    notebook["cells"] = cells
    return notebook


def _show(cell, *written):
    """Let a cell of text show what a student wrote: Cells or Extras, whose texts are joined.

    The pictures get names of ours, as theirs may hold what is markup; one that the text does not show comes below it.
    """
    texts, attachments, left = [], {}, MAX_TEXT
    for each in written:
        names = {
            picture: f"picture-{len(attachments) + i + 1}.{picture.kind[6:]}" for i, picture in enumerate(each.pictures)
        }
        text = each.source if len(each.source) <= left else f"{each.source[:left]}\n\n{say(LEFT_OUT)}"
        left -= len(each.source[:left])
        text = _renamed(text, names)
        texts += [text, *(f"![]({ATTACHMENT}{name})" for name in names.values() if f"]({ATTACHMENT}{name}" not in text)]
        attachments |= {name: {picture.kind: picture.data} for picture, name in names.items()}
    cell["source"] = "\n\n".join(texts)
    if attachments:
        cell["attachments"] = attachments


def _renamed(text, names):
    """A text whose references to pictures are those of `names`, {Picture: name}; others lead nowhere."""
    new = {form: name for picture, name in names.items() for form in (picture.name, quote(picture.name))}
    known = "|".join(re.escape(form) for form in sorted(new, key=len, reverse=True) if form)
    pattern = rf"\b{ATTACHMENT}(?:({known})|(?=\S))" if known else rf"\b{ATTACHMENT}()(?=\S)"
    return re.sub(pattern, lambda found: f"{ATTACHMENT}{new[found[1]]}" if found[1] else NOT_KEPT, text)


def _new_cell(kind, source, name, metadata):
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": metadata, "source": source} | code


def _listed(title, lines):
    return "\n".join([f"**{say(title)}**", "", *(f"- {_as_text(line)}" for line in lines)])


def _as_text(line):
    """A line with file names of a student's choice in it, as text that Markdown takes literally."""
    return "`" + line.replace("`", "'").replace("\n", " ")[:500] + "`"
