"""What a class has: its students, and the marks of all of them, as the gradebook and the marked notebooks say.

The reports on a class and the files that are exported are made from this, never from the results of one run.
"""

import contextlib
import difflib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from nbgrader.api import (
    Assignment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url

from grading import exercise, gradebook, late, outputs, record
from grading.course import load_config

STUDENT = Student.id, Student.last_name, Student.first_name, Student.email, Student.lms_user_id
TO_REVIEW = "a mark given by hand waits for review"
TO_MARK = "a part waits to be marked by hand"


class Person(NamedTuple):
    """A student as the gradebook knows them; what it does not know is empty."""

    id: str
    last_name: str
    first_name: str
    email: str
    lms_user_id: str  # the id on a learning platform

    @property
    def name(self):
        """First and last name; empty if neither is known."""
        return " ".join(filter(None, [self.first_name, self.last_name]))


class Test(NamedTuple):
    """What a student got for one test cell, or for a cell that is marked by hand."""

    label: str  # grade_id
    most: float
    points: float
    by_hand: bool  # an instructor gave these points
    waits: bool  # an instructor is to mark it, or to look at it again
    extra: float = 0.0  # those of the points that an instructor gave as extra credit

    @property
    def lost(self):
        """The points that are missing, which extra credit does not give back; none while they wait to be given."""
        return 0.0 if self.waits and not self.by_hand else max(0.0, self.most - self.points + self.extra)


class Mark(NamedTuple):
    """What one student got for one exercise that was handed in."""

    student: str
    tests: tuple  # of Test, in the order of the notebook's cells
    most: float
    penalty: float  # points for being late
    when: datetime | None  # of handing in, in UTC; None if nobody knows
    seconds_late: float  # after the due date, an extension included
    extension: timedelta | None
    notebook: Path | None  # where the marked notebook is; None if it is not there
    record: record.Record | None  # what the grader noted; None if it did not, or if another version of it did
    mistakes: dict  # label of a test that lost points -> name of the known mistake that cost them
    undone: frozenset  # labels of the tests of what was left out
    seen: dict  # label of a test that lost points -> the first line of what it said

    @property
    def before_penalty(self):
        """The points without the penalty for being late."""
        return sum(test.points for test in self.tests)

    @property
    def points(self):
        """The points that count: the penalty is taken off, and nobody gets less than 0."""
        return max(0.0, self.before_penalty - self.penalty)

    @property
    def costs(self):
        """What was unusual in what was handed in, and may have cost points."""
        return self.record.costs if self.record and self._lost_some else ()

    @property
    def notes(self):
        """What was unusual in what was handed in, and cost nothing; where all is right, nothing has cost anything."""
        if self.record is None:
            return ()
        return self.record.notes if self._lost_some else (*self.record.notes, *self.record.costs)

    @property
    def _lost_some(self):
        return any(test.lost for test in self.tests)

    @property
    def unnamed(self):
        """The tests that lost points to a mistake without a name; what was left out or could not be read is none."""
        if self.record is None or self.record.problem:
            return ()
        explained = {*self.mistakes, *self.undone}
        return tuple(test for test in self.tests if test.lost and test.label not in explained)

    @property
    def human(self):
        """Why an instructor should look at this; empty if nothing says so."""
        noted = [*self.record.human, self.record.problem] if self.record else []
        waits = [TO_REVIEW if test.by_hand else TO_MARK for test in self.tests if test.waits]
        return tuple(dict.fromkeys(filter(None, [*noted, *waits])))


class Exercise(NamedTuple):
    """An exercise as the gradebook knows it, and the marks of all who handed it in."""

    slug: str
    due: datetime | None  # in UTC
    most: float
    tests: dict  # label of a test cell -> its points, in the notebook's order
    marks: dict  # id of a student -> Mark, sorted


class Class(NamedTuple):
    """All that is known of a class."""

    students: dict  # id -> Person, sorted
    exercises: dict  # slug -> Exercise, sorted


@contextlib.contextmanager
def opened(course):
    """The gradebook of a class that there is already.

    Raises ValueError where there is none: to look at marks makes no gradebook.
    """
    if not is_there(course):
        where = make_url(course.db_url).database
        raise ValueError(f"there is no gradebook {where}: mark an exercise first, or give the gradebook with --db")
    gradebook.check_schema(course.db_url)
    with Gradebook(course.db_url, course.course_id) as book:
        yield book


def student_ids(course):
    """The ids of the students in the gradebook; none where there is no gradebook yet."""
    if not is_there(course):
        return set()
    with opened(course) as book:
        return {student for (student,) in book.db.query(Student.id)}


def is_there(course):
    """Whether there is a gradebook; a server answers for itself."""
    address = make_url(course.db_url)
    return not address.drivername.startswith("sqlite") or Path(address.database or "").is_file()


def course_at(db_url=None):
    """nbgrader's CourseDirectory of this course, with the gradebook at an address, or else its own."""
    config = load_config()
    if db_url:
        config.CourseDirectory.db_url = db_url
    return CourseDirectory(config=config)


def read(course, slugs=()):
    """The Class in the gradebook of nbgrader's `course`: `of`, for who has not opened it."""
    with opened(course) as book:
        return of(book, course, slugs)


def of(book, course, slugs=()):
    """The Class in an open gradebook, with all its exercises, or with those in `slugs`.

    There is one query for each exercise, and each marked notebook is read once. Raises ValueError for an exercise that
    the gradebook does not know.
    """
    known = {assignment.name: assignment for assignment in book.db.query(Assignment).all()}
    for slug in slugs:
        if slug not in known:
            raise ValueError(f"the gradebook has no exercise {slug!r}; it has {', '.join(sorted(known)) or 'none'}")
    # Sorted here: each database has its own idea of the order of letters.
    students = {row.id: _person(row) for row in sorted(book.db.query(*STUDENT), key=lambda row: row.id)}
    return Class(students, {slug: _exercise(book, course, known[slug]) for slug in sorted(set(slugs) or known)})


def known_student(student, known):
    """The id of a student, if it is among the `known` ones.

    Raises ValueError with the ids that are most like it: a slip in typing makes nobody new.
    """
    if student in known:
        return student
    hint = meant(student, known) or f"{len(known)} are known, and none has a similar id"
    raise ValueError(f"there is no student {student!r}, in the gradebook or among those who handed in: {hint}")


def meant(student, known):
    """The question whether one of the `known` ids was meant, those that are most like it; empty if none is."""
    near = difflib.get_close_matches(student, known, n=5, cutoff=0.5)
    near += [other for other in known if other.casefold() == student.casefold() and other not in near]
    return f"did you mean {' or '.join(near)}?" if near else ""


def is_folder_name(student):
    """Whether an id can be the name of a folder; another one, such as `../ada`, might lead out of the class."""
    return student not in ("", ".", "..") and not set(student) & set("/\0")


def _person(row):
    return Person(*(value or "" for value in row))


def _exercise(book, course, assignment):
    cells, beside = _cells(book, assignment), _beside(assignment.name)
    rows = (
        book.db.query(
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
            SubmittedNotebook.late_submission_penalty,
            Grade.cell_id,
            Grade.score,
            Grade.auto_score,
            Grade.manual_score,
            Grade.needs_manual_grade,
            Grade.extra_credit,
        )
        .select_from(SubmittedAssignment)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .filter(SubmittedAssignment.assignment_id == assignment.id)
    )
    of_student = {}
    for row in rows:
        of_student.setdefault(row.student_id, []).append(row)
    # Who was given an extension and has handed in nothing has a row for each test, without a score.
    marked = {
        student: found
        for student, found in sorted(of_student.items())
        if any(row.auto_score is not None or row.manual_score is not None for row in found)
    }
    marks = {student: _mark(course, assignment, cells, beside, student, found) for student, found in marked.items()}
    return Exercise(
        assignment.name,
        assignment.duedate,
        sum(most for _, most in cells.values()),
        {label: most for label, most in cells.values()},
        marks,
    )


def _cells(book, assignment):
    """{id of a cell with points: (grade_id, points)}, in the order of the notebook."""
    found = {}
    for kind in (GradeCell, TaskCell):
        query = book.db.query(kind.id, kind.name, kind.max_score).join(Notebook, Notebook.id == kind.notebook_id)
        found |= {cell: (name, most) for cell, name, most in query.filter(Notebook.assignment_id == assignment.id)}
    place = _places(assignment.name)
    return dict(sorted(found.items(), key=lambda item: (place.get(item[1][0], len(place)), item[1][0])))


def _places(slug):
    """{grade_id: its place in the notebook}; the gradebook does not keep the order, and may know other exercises."""
    try:
        cells = exercise.load(slug).notebook["cells"]
    except ValueError:
        return {}
    return {exercise.grade_id(cell): place for place, cell in enumerate(cells)}


def _beside(slug):
    """{a visible check: the tests of the same part}: a mistake of the part that has a name has cost its points too."""
    try:
        notebook = exercise.load(slug).notebook
    except ValueError:
        return {}
    part = exercise.parts(notebook)
    hidden = {exercise.grade_id(cell) for cell in notebook["cells"] if "### BEGIN HIDDEN TESTS" in cell["source"]}
    return {label: [other for other in part if part[other] == part[label]] for label in part if label not in hidden}


def _mark(course, assignment, cells, beside, student, rows):
    first, of_cell = rows[0], {row.cell_id: row for row in rows}
    graded = [(label, most, of_cell[cell]) for cell, (label, most) in cells.items() if cell in of_cell]
    tests = [
        Test(label, most, row.score, row.manual_score is not None, row.needs_manual_grade, row.extra_credit or 0.0)
        for label, most, row in graded
    ]
    path = _path(course, assignment.name, student)
    noted, undone, seen = _noted(path) if path else (None, frozenset(), {})
    lost = [test.label for test in tests if test.lost]
    return Mark(
        student,
        tuple(tests),
        sum(most for _, most in cells.values()),
        first.late_submission_penalty or 0.0,
        first.timestamp,
        late.seconds_late(first.timestamp, assignment.duedate, first.extension),
        first.extension,
        path,
        noted,
        _mistakes(noted, beside, lost),
        undone,
        {label: seen[label] for label in lost if label in seen},
    )


def _mistakes(noted, beside, lost):
    named = dict(noted.mistakes or {}) if noted else {}
    for label in lost:
        of_part = [named[other] for other in beside.get(label, []) if other in named]
        if label not in named and of_part:
            named[label] = of_part[0]
    return {label: named[label] for label in lost if label in named}


def _path(course, slug, student):
    """The path of a marked notebook; None if there is none."""
    if not is_folder_name(student):
        return None
    path = gradebook.autograded(course, slug, student)
    return path if path.is_file() else None


def _noted(path):
    """Of a marked notebook: its Record, or None, the labels of tests of what was left out, and what tests said."""
    try:
        notebook = json.loads(path.read_bytes())
        tests = [cell for cell in notebook["cells"] if exercise.is_test(cell)]
        failures = {exercise.grade_id(cell): failure for cell in tests if (failure := outputs.failure_of(cell))}
        undone = frozenset(label for label, failure in failures.items() if failure.undone)
        return record.of(notebook), undone, {label: failure.seen[0] for label, failure in failures.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):  # something else wrote it
        return None, frozenset(), {}
