"""Compare the gradebook with an exercise, and let the gradebook follow when the cells of the exercise have changed.

nbgrader itself adds and removes no cell of an exercise once somebody has handed it in. What was given by hand belongs
to a cell, so it stays where its cell can be recognised, by its name or by its text.
"""

import difflib
import sys
from typing import NamedTuple
from uuid import uuid4

import nbformat
from nbgrader import utils
from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import delete, select, update

from grading import exercise
from grading.feedback import amount

KINDS = {"grade": GradeCell, "solution": SolutionCell, "task": TaskCell}
CALLED = {"grade": "a test", "solution": "an answer", "task": "a task"}
GRADED, COMMENTED = {"grade", "task"}, {"solution", "task"}  # the kinds of cells to which nbgrader hangs each
ALIKE = 0.9  # of the text of two cells of one kind, so that the second is the first under another name
LISTED = 10  # students in one line


class Cell(NamedTuple):
    """A labelled cell, as nbgrader keeps it."""

    kinds: frozenset  # of the keys of KINDS; empty for a locked cell that gives no points
    points: float
    cell_type: str
    locked: bool
    source: str
    checksum: str


class Plan(NamedTuple):
    """How the gradebook is to follow an exercise."""

    names: dict  # name of a cell in the gradebook -> its name in the exercise; what is dropped is not in it
    lines: tuple  # what will change, in words; empty where names, kinds and points agree
    submissions: int  # in the gradebook


def plan(book, task):
    """The Plan by which the gradebook `book` follows an exercise.Exercise; raises MissingEntry for one it knows not."""
    assignment = book.find_assignment(task.slug)
    notebook, others = _notebooks(assignment, task.slug)
    old, new = _known(notebook), wanted(task)
    names = _matched(old, new)
    lines = [f"the notebook {notebook.name}: renamed to {task.slug}"] if notebook and notebook.name != task.slug else []
    for name, cell in old.items():
        said = _change(name, cell, names.get(name), new)
        given = _given(book, notebook, name) if said else []
        fate = f"; {_fate(cell, new.get(names.get(name)))}: {_listed(given)}" if given else ""
        lines += [said + fate] if said else []
    lines += [f"{name}: added, {_worth(cell)}" for name, cell in new.items() if name not in names.values()]
    for other in others:
        given = [line for name in _known(other) for line in _given(book, other, name)]
        lost = f"; lost is what was given by hand: {_listed(given)}" if given else ""
        lines.append(f"the notebook {other.name}: dropped, as it is no part of the exercise{lost}")
    return Plan(names, tuple(lines), len(assignment.submissions))


def differences(book, task):
    """The lines of the plan; empty as well where the gradebook does not know the exercise yet."""
    try:
        return plan(book, task).lines
    except MissingEntry:
        return ()


def follow(book, task, found):
    """Change the gradebook by the Plan `found`, in one transaction.

    Raises ValueError, and changes nothing, if the gradebook has changed since the plan was made.
    """
    try:
        book.db.rollback()  # what it has read so far may be old
        if plan(book, task) != found:
            raise ValueError(f"the gradebook of {task.slug} has just been changed by somebody else: try again")
        notebook = _one_notebook(book, task.slug)
        _drop(book, notebook, [name for name in _known(notebook) if name not in found.names])  # others may get its name
        _rename(book, notebook, found.names)
        _replace_cells(book, notebook, wanted(task))
        _complete(book, notebook)
        book.db.commit()
    except BaseException:
        book.db.rollback()
        raise


def take_texts(book, task):
    """Let the gradebook have the texts of the cells of an exercise whose names, kinds and points it has already.

    By them, the next change of a name is seen.
    """
    notebook, new = book.find_notebook(task.slug, task.slug), wanted(task)
    if _known(notebook) != new:
        _replace_sources(book, notebook, new)
        book.db.commit()


def ask(task, found, yes=False, options=""):
    """Show the Plan `found`; raise ValueError, with the command to type, unless whoever sits at the terminal agrees.

    `yes` has agreed already; nobody is asked where nothing is handed in. `options` are those of the command.
    """
    print(f"The gradebook has other cells of {task.slug} than the exercise; it is to follow:")
    print(*(f"  {line}" for line in found.lines), sep="\n")
    if yes or not found.submissions:
        return
    command = f"python -m grading autograde {task.slug}{options} --yes"
    print(f"Everybody is marked again after that. Submissions in the gradebook: {found.submissions}.", flush=True)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValueError(f"nothing was changed and nobody marked; to change what is listed above, type `{command}`")
    try:
        agreed = input("A copy of the gradebook is made first. Change it? [y/N] ")
    except EOFError:
        agreed = ""
    if agreed.strip().lower() not in ("y", "yes"):
        raise ValueError(f"nothing was changed and nobody marked; `{command}` does it without asking")


def wanted(task):
    """{grade_id: Cell} of an exercise.Exercise, as nbgrader's SaveCells would save it."""
    cells = {}
    for cell in task.notebook["cells"]:
        label = exercise.grade_id(cell)
        if label:
            source = cell["source"] if exercise.is_test(cell) else task.released[label]
            node = nbformat.from_dict(cell | {"source": source})
            of_kind = {"grade": utils.is_grade, "solution": utils.is_solution, "task": utils.is_task}
            kinds = frozenset(kind for kind, holds in of_kind.items() if holds(node))
            points = float(node.metadata.nbgrader.get("points") or 0) if kinds & GRADED else 0.0
            locked = utils.is_locked(node)
            if kinds or locked:
                cells[label] = Cell(kinds, points, node.cell_type, locked, source, utils.compute_checksum(node))
    return cells


def _known(notebook):
    """{name: Cell} of a notebook in the gradebook, or of none."""
    if notebook is None:
        return {}
    rows = {kind: {row.name: row for row in notebook._base_cells if isinstance(row, KINDS[kind])} for kind in KINDS}
    sources, cells = {row.name: row for row in notebook.source_cells}, {}
    for name in dict.fromkeys([*sources, *(name for found in rows.values() for name in found)]):
        kinds = frozenset(kind for kind in KINDS if name in rows[kind])
        graded = next((rows[kind][name] for kind in kinds & GRADED), None)
        row = sources.get(name)
        text = (row.locked, row.source or "", row.checksum or "") if row else (False, "", "")
        points, cell_type = (graded.max_score, graded.cell_type) if graded else (0.0, row.cell_type if row else "code")
        cells[name] = Cell(kinds, points, cell_type, *text)
    return cells


def _notebooks(assignment, slug):
    """The notebook of an exercise in the gradebook, under an older name if it is the only one, and the others."""
    by_name = {notebook.name: notebook for notebook in assignment.notebooks}
    if slug not in by_name and len(by_name) == 1:
        return next(iter(by_name.values())), []
    mine = by_name.pop(slug, None)
    return mine, list(by_name.values())


def _matched(old, new):
    """{old name: new name} of the cells that are the same: by their text where it shows that, else by their name."""
    names = {name: name for name in old if name in new and _text(old[name]) == _text(new[name])}

    def left(cells, taken):
        return {name: cell for name, cell in cells.items() if name not in taken}

    for alike in (_same_text, _same_name, _similar_text):
        names |= alike(left(old, names), left(new, names.values()))
    return names


def _text(cell):
    return cell.source.strip()


def _same_name(old, new):
    return {name: name for name in old if name in new}


def _same_text(old, new):
    return _only_pairs(old, new, lambda one, other: _text(one) and _text(one) == _text(other))


def _similar_text(old, new):
    return _only_pairs(old, new, lambda one, other: one.kinds == other.kinds and _likeness(_text(one), _text(other)))


def _likeness(one, other):
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _only_pairs(old, new, alike):
    """{old: new} of those that are like one another and like no third: a guess would give marks to another cell."""
    pairs = [(one, other) for one in old for other in new if alike(old[one], new[other])]
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    return {one: other for one, other in pairs if ones.count(one) == others.count(other) == 1}


def _change(name, cell, becomes, new):
    """What becomes of a cell of the gradebook, in words; an empty text if it stays as it is."""
    if becomes is None:
        return f"{name}: dropped, {_worth(cell)}"
    other, said = new[becomes], [f"renamed to {becomes}"] if becomes != name else []
    if other.kinds != cell.kinds:
        said.append(f"{_called(cell)} becomes {_called(other)}")
    if other.points != cell.points:
        said.append(f"{amount(cell.points)} become {amount(other.points)}")
    if other.kinds & GRADED and other.cell_type != cell.cell_type:
        said.append(f"a cell of {cell.cell_type} becomes one of {other.cell_type}")
    return f"{name}: {', '.join(said)}" if said else ""


def _fate(cell, becomes):
    """What happens to the marks and comments given by hand of a cell that becomes another, or None."""
    if becomes is None:
        return "lost is what was given by hand"
    lost = [
        what
        for what, kinds in (("marks", GRADED), ("comments", COMMENTED))
        if cell.kinds & kinds and not becomes.kinds & kinds
    ]
    return f"lost are the {' and '.join(lost)} given by hand" if lost else "what was given by hand stays"


def _worth(cell):
    return amount(cell.points) if cell.kinds & GRADED else f"{_called(cell)} without points"


def _called(cell):
    return " and ".join(CALLED[kind] for kind in KINDS if kind in cell.kinds) or "a locked cell"


def _given(book, notebook, name):
    """What was given by hand for a cell, a text for each student."""
    cells = select(BaseCell.id).where(BaseCell.notebook_id == notebook.id, BaseCell.name == name)
    found = {}
    for kind, columns in ((Grade, (Grade.manual_score, Grade.extra_credit)), (Comment, (Comment.manual_comment,))):
        rows = book.db.query(SubmittedAssignment.student_id, *columns).select_from(kind).join(SubmittedNotebook)
        rows = rows.join(SubmittedAssignment).filter(kind.cell_id.in_(cells)).order_by(SubmittedAssignment.student_id)
        for student, *values in rows:
            says = ("{:g}", "{:+g} extra") if kind is Grade else ("a comment",)
            told = [say.format(value) for say, value in zip(says, values, strict=True) if value is not None]
            found.setdefault(student, []).extend(told)
    return [f"{student} ({', '.join(told)})" for student, told in found.items() if told]


def _listed(given):
    more = f", and {len(given) - LISTED} more" if given[LISTED:] else ""
    return ", ".join(given[:LISTED]) + more


def _one_notebook(book, slug):
    """The one notebook of the exercise in the gradebook, made or renamed if need be; all others are removed."""
    assignment = book.find_assignment(slug)
    notebook, others = _notebooks(assignment, slug)
    if notebook is None:
        notebook = Notebook(name=slug, assignment=assignment, kernelspec="{}")
        book.db.add(notebook)
    notebook.name = slug
    book.db.flush()
    for other in others:
        _drop_cells(book, [row.id for row in other._base_cells])
        for kind in (SourceCell, SubmittedNotebook):
            book.db.execute(delete(kind).where(kind.notebook_id == other.id))
        book.db.execute(delete(Notebook).where(Notebook.id == other.id))
    book.db.expire_all()
    return notebook


def _drop(book, notebook, names):
    """Remove the cells with these names, and what was given for them."""
    _drop_cells(book, [row.id for row in notebook._base_cells if row.name in names])
    book.db.execute(delete(SourceCell).where(SourceCell.notebook_id == notebook.id, SourceCell.name.in_(names)))
    book.db.expire_all()


def _rename(book, notebook, names):
    """Give cells their new names; two may have changed theirs with one another, so each has no name in between."""
    new = {old: name for old, name in names.items() if old != name}
    steps = [{old: uuid4().hex for old in new}]
    steps.append({between: new[old] for old, between in steps[0].items()})
    for step in steps:
        for old, name in step.items():
            for kind in (BaseCell, SourceCell):
                of_it = kind.__table__.c.notebook_id == notebook.id, kind.__table__.c.name == old
                book.db.execute(update(kind.__table__).where(*of_it).values(name=name))
    book.db.expire_all()


def _replace_cells(book, notebook, new):
    """Let the notebook have the cells `new`; what was given by hand goes with a cell that is of another kind now."""
    rows = {(row.name, row.type): row for row in notebook._base_cells}
    for name, cell in new.items():
        for kind in cell.kinds:
            values = {"max_score": cell.points, "cell_type": cell.cell_type} if kind in GRADED else {}
            row = rows.pop((name, KINDS[kind].__name__), None)
            if row is None:
                book.db.add(KINDS[kind](name=name, notebook=notebook, **values))
            for attribute, value in values.items() if row else ():
                setattr(row, attribute, value)
    book.db.flush()
    for name, _ in rows:
        for kind, holders in ((Grade, GRADED), (Comment, COMMENTED)):
            _hand_over(book, notebook, name, kind, [KINDS[holder].__name__ for holder in holders], rows)
    _drop_cells(book, [row.id for row in rows.values()])
    _replace_sources(book, notebook, new)
    book.db.flush()
    book.db.expire_all()


def _hand_over(book, notebook, name, kind, holders, dropped):
    """Hang the grades, or comments, of a cell that is dropped to the cell of its name that takes its place, if any."""
    gone = {row.id for (label, type_), row in dropped.items() if label == name and type_ in holders}
    base = BaseCell.__table__.c
    of_it = base.notebook_id == notebook.id, base.name == name, base.type.in_(holders), base.id.not_in(gone)
    heir = book.db.execute(select(base.id).where(*of_it)).scalar()
    if heir and gone:
        book.db.execute(update(kind).where(kind.cell_id.in_(gone)).values(cell_id=heir))


def _drop_cells(book, ids):
    for kind in (Grade, Comment):
        book.db.execute(delete(kind).where(kind.cell_id.in_(ids)))
    for table in (*(kind.__table__ for kind in KINDS.values()), BaseCell.__table__):
        book.db.execute(delete(table).where(table.c.id.in_(ids)))


def _replace_sources(book, notebook, new):
    book.db.execute(delete(SourceCell).where(SourceCell.notebook_id == notebook.id, SourceCell.name.not_in(new)))
    rows = {row.name: row for row in book.db.query(SourceCell).filter(SourceCell.notebook_id == notebook.id)}
    for name, cell in new.items():
        row = rows.get(name) or SourceCell(name=name, notebook_id=notebook.id)
        row.cell_type, row.locked, row.source, row.checksum = cell.cell_type, cell.locked, cell.source, cell.checksum
        book.db.add(row)


def _complete(book, notebook):
    """Give every submission what nbgrader gives a new one: a row for each mark and for each comment."""
    assignment = notebook.assignment
    for submission in assignment.submissions:
        if notebook.id not in [one.notebook_id for one in submission.notebooks]:
            book.db.add(SubmittedNotebook(notebook=notebook, assignment=submission))
    book.db.flush()
    submitted = book.db.query(SubmittedNotebook.id).filter(SubmittedNotebook.notebook_id == notebook.id)
    for kind, holders in ((Grade, GRADED), (Comment, COMMENTED)):
        cells = [row.id for row in notebook._base_cells if row.type in {KINDS[holder].__name__ for holder in holders}]
        known = set(book.db.query(kind.notebook_id, kind.cell_id).filter(kind.cell_id.in_(cells)).all())
        missing = [(one, cell) for (one,) in submitted for cell in cells if (one, cell) not in known]
        book.db.add_all(kind(notebook_id=one, cell_id=cell) for one, cell in missing)
