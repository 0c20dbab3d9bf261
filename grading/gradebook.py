"""Write what became of a submission: its marks into nbgrader's gradebook, its notebook into nbgrader's folders."""

import errno
import json
import os
import re
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import nbformat
import nbgrader
from nbgrader import utils
from nbgrader.api import Base, BaseCell, Comment, Grade, MissingEntry, SubmittedNotebook
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DataError, IntegrityError, SAWarning, SQLAlchemyError

from grading import exercise, intake, late, outside, record
from grading.feedback import Marks
from grading.grade import failed
from rnnlib.words import ENGLISH, say, speaking, to_say

TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T-](\d\d)[:-](\d\d)(?:[:-](\d\d)(?:\.(\d{1,9}))?)? ?"
    r"(Z|[+-]\d\d:?\d\d|[A-Za-z][\w/+-]{1,39})?",
    re.ASCII,
)
NO_TIME = to_say("timestamp.txt cannot be read as a time; it was ignored")
IN_FUTURE = to_say("timestamp.txt is in the future")
SEASONAL = ("CET", "EET", "MET", "WET")  # zones of the database that are called otherwise in summer
FOR_ALL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)  # what would hit the next student as well


class Result(NamedTuple):
    """What one student got for one exercise."""

    student: str
    points: float
    max_points: float
    failed: tuple  # grade_ids of the test cells that gave less than their points
    problem: str  # why there was nothing to mark; empty if there was
    notes: tuple  # what was unusual and cost nothing
    human: tuple  # what an instructor should look at
    mistakes: dict  # grade_id of a test cell -> name of the known mistake
    seconds: float
    kept: bool = False  # marked in an earlier run, and nothing has changed since
    follows: tuple = ()  # grade_ids of the test cells that kept their points, being right given right parts above
    costs: tuple = ()  # what was unusual and may have cost points
    late: float = 0.0  # seconds after the due date, which an extension moves
    extension: float = 0.0  # seconds
    penalty: float = 0.0  # points for being late, which are not yet taken from `points`


def save_or_say(gradebook, course, task, job, marked):
    """Save the grade.Marked of a grade.Job, and return the Result; it costs one mark if it cannot be saved.

    `task` is the exercise.Exercise.

    Raises SQLAlchemyError or OSError where no other student could be saved either.
    """
    if marked.notebook is None:
        return _not_saved(task, job.student, marked.problem)
    try:
        return _save_again(gradebook, course, task, marked)
    except Exception as error:
        reason = _reason(gradebook, error)
    try:
        return _save_again(gradebook, course, task, failed(job, reason))
    except Exception as error:
        reason = _reason(gradebook, error)
    return _not_saved(task, job.student, reason)


def _not_saved(task, student, reason):
    """The Result of a submission about which the gradebook is told nothing, so that the next run tries it again."""
    return Result(student, 0.0, task.points, (), reason, (), (reason,), {}, 0.0)


def _save_again(gradebook, course, task, marked):
    """As `save`, and once more if another grader has added the same student in between."""
    arguments = course, task, marked.student, marked.notebook, marked.timestamp
    try:
        return save(gradebook, *arguments)
    except IntegrityError:
        gradebook.db.rollback()
        return save(gradebook, *arguments)


def _reason(gradebook, error):
    """Say what an error was, and make the gradebook usable again; raise it if the next student would meet it too."""
    if isinstance(error, OSError) and error.errno in FOR_ALL:
        raise error
    if isinstance(error, SQLAlchemyError) and not isinstance(error, (DataError, IntegrityError)):
        raise error
    gradebook.db.rollback()
    return outside.line(f"it could not be recorded: {type(error).__name__}: {error}")


def save(gradebook, course, task, student, notebook, timestamp=""):
    """Save one marked notebook (a dictionary) and its marks, and return the Result; done again, it changes nothing.

    `timestamp` is what nbgrader's exchange wrote beside the submission. nbgrader commits the student, the submission
    and the marks one after the other; the notebook takes its place last, so that a submission whose run was interrupted
    at any point is marked again. It is written first: where it cannot be, no mark is to be left that nobody sees.
    """
    notebook = nbformat.from_dict(notebook)
    when, noted = _time_of(timestamp, record.of(notebook), exercise.language_of_marked(notebook))
    record.put(notebook, noted)
    path = autograded(course, task.slug, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".part")
    nbformat.write(notebook, scratch)
    submission = submission_of(gradebook, task.slug, student)
    if timestamp:  # of one that cannot be read, nothing is left of the time of an earlier submission
        submission.timestamp = when
    save_marks(gradebook, submission, notebook, _as_marked(path, notebook))
    unclear = late.renew(gradebook, course, submission)
    os.replace(scratch, path)  # whole or not at all
    return _result(gradebook, task, submission, student, noted, unclear)


def time_in(folder):
    """The time in UTC, as nbgrader keeps it, that timestamp.txt in a folder says; None if it says none."""
    return _read(intake.timestamp(folder))


def save_time(submission, notebook, timestamp):
    """Set the time of a submission by its `timestamp`; the Record of the executed notebook says what is wrong with it.

    Of one that cannot be read, nothing is left of the time of an earlier submission. Without one, the time stays.
    """
    when, noted = _time_of(timestamp, record.of(notebook), exercise.language_of_marked(notebook))
    record.put(notebook, noted)
    if timestamp:
        submission.timestamp = when


def save_marks(gradebook, submission, notebook, as_marked=frozenset()):
    """Set the automatic marks and comments of a submission from the cells of its executed notebook, and commit.

    A mark that an instructor gave by hand stays, and is put up for review, as with nbgrader itself. It need not be for
    the cells `as_marked`, grade_ids of those that a human marks and that are as they were.
    """
    cells = {exercise.grade_id(cell): cell for cell in notebook.cells if exercise.grade_id(cell)}
    problem, marks = record.of(notebook).problem, automatic_marks(notebook)
    for grade, name in _of(gradebook, submission, Grade, Grade, BaseCell.name):
        grade.auto_score = marks.get(name, 0.0)
        if grade.manual_score is None:
            grade.needs_manual_grade = grade.auto_score is None
        elif name not in as_marked:
            grade.needs_manual_grade = True
    for comment, name in _of(gradebook, submission, Comment, Comment, BaseCell.name):
        comment.auto_comment = problem or _untouched(cells.get(name))
    gradebook.db.commit()


def _as_marked(path, notebook):
    """The grade_ids of cells for a human that are the same in the notebook and in an earlier one at `path`."""
    wanted = {exercise.grade_id(cell): cell for cell in notebook["cells"] if exercise.is_by_hand(cell)}
    try:
        before = json.loads(path.read_text(encoding="utf-8"))["cells"] if wanted else []
        kept = {exercise.grade_id(cell): cell for cell in before if exercise.grade_id(cell) in wanted}
        same = [label for label, cell in kept.items() if "".join(cell["source"]) == wanted[label]["source"]]
        return {label for label in same if _pictures(kept[label]) == _pictures(wanted[label])}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # not marked yet, or by something else
        return set()


def _pictures(cell):
    return {name: dict(forms) for name, forms in cell.get("attachments", {}).items()}


def automatic_marks(notebook):
    """{grade_id: points} of the test cells of an executed notebook; None for a cell that a human has to mark."""
    cells = [cell for cell in notebook.cells if exercise.grade_id(cell)]
    graded = [cell for cell in cells if utils.is_grade(cell) or utils.is_task(cell)]
    return {exercise.grade_id(cell): _automatic_mark(cell) for cell in graded}


def _automatic_mark(cell):
    if not cell.metadata.nbgrader.get("points"):
        return 0.0
    return utils.determine_grade(cell)[0] if utils.is_grade(cell) else None


def _has_marks_of(gradebook, submission, notebook):
    """Whether the gradebook has the automatic marks of an executed notebook, and no others."""
    found = _of(gradebook, submission, Grade, BaseCell.name, Grade.auto_score)
    return {row.name: row.auto_score for row in found} == automatic_marks(notebook)


def still_valid(gradebook, course, task, student, folder, settings, seed=None):
    """The Result of an earlier run; None if anything that the run depends on has changed since, see record.fingerprint.

    A `seed` that is given must be that of the earlier run, and the gradebook must have the marks of its notebook: a
    copy of the gradebook may have been put back, or somebody else may have marked at the same time.

    The file is hashed but not parsed, and only where there is a record to compare it with. A submission that could not
    be marked is always tried again. Its time may have changed, or what it may be late: the penalty is computed again.
    """
    path = autograded(course, task.slug, student)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        noted = record.of(notebook)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # not marked yet, or by something else
        return None
    if noted is None or noted.seed is None:  # nbgrader was stopped after it had rebuilt the notebook
        return None
    if noted.problem or seed not in (None, noted.seed):
        return None
    # Hashed here, where the records are, and read again by the worker that marks it if it has changed: a job holds no
    # contents, and to ask the workers would start them for a class in which nothing has changed.
    if noted.run != record.fingerprint(intake.digest(folder, task.slug), task, settings):
        return None
    try:
        submission = gradebook.find_submission(task.slug, student)
    except MissingEntry:  # the notebook is of another gradebook
        return None
    if not _has_marks_of(gradebook, submission, nbformat.from_dict(notebook)):
        return None
    timestamp = intake.timestamp(folder)
    language = exercise.language_of_marked(notebook)
    when, said = _time_of(timestamp, _without_time(noted, language), language)
    if said != noted:
        record.put(notebook, said)
        try:
            nbformat.write(nbformat.from_dict(notebook), path.with_suffix(".part"))
            os.replace(path.with_suffix(".part"), path)
        except OSError:  # it is marked again, which says what is wrong
            return None
    if timestamp and when != submission.timestamp:
        submission.timestamp = when
        gradebook.db.commit()
    unclear = late.renew(gradebook, course, submission)
    return _result(gradebook, task, submission, student, said, unclear)._replace(kept=True)


def marks(gradebook, submission):
    """The feedback.Marks of a submission: all that its page shows of the gradebook."""
    columns = BaseCell.name, Grade.score, Grade.max_score, Grade.needs_manual_grade, Grade.manual_score
    grades = _of(gradebook, submission, Grade, *columns, Grade.extra_credit)
    comments = _of(gradebook, submission, Comment, BaseCell.name, Comment.comment)
    lateness = late.of(submission)
    given = [row for row in grades if row.manual_score is not None or not row.needs_manual_grade]
    return Marks(
        {row.name: (row.score, row.max_score) for row in given},
        {name: comment for name, comment in comments if comment},
        sum(grade.score for grade in grades) - lateness.penalty,
        sum(grade.max_score for grade in grades),
        **lateness._asdict(),
        lost=any(row.score - (row.extra_credit or 0.0) < row.max_score for row in given),
    )


def make(db_url):
    """Make a gradebook that is not there yet, as nbgrader does when it opens it.

    nbgrader starts another Python to ask for the version of its tables, which holds as much memory as the grader.
    """
    engine = create_engine(db_url)
    try:
        if inspect(engine).get_table_names():
            return
        Base.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(text("create table alembic_version (version_num VARCHAR(32) not null)"))
            connection.execute(text("insert into alembic_version values (:version)"), [{"version": _version()}])
    finally:
        engine.dispose()


def check_schema(db_url):
    """Raise ValueError for a gradebook that another version of nbgrader has made, or that lacks a table or a column."""
    engine = create_engine(db_url)
    try:
        found = inspect(engine)
        tables = set(found.get_table_names())
        if not tables:  # a new one, or none yet
            return
        advice = "give the gradebook of this version of nbgrader, or run `nbgrader db upgrade` for an older one"
        for name, table in Base.metadata.tables.items():
            columns = {column["name"] for column in found.get_columns(name)} if name in tables else set()
            if columns != set(table.columns.keys()):
                raise ValueError(f"the gradebook's table {name!r} is not the one that nbgrader makes: {advice}")
        with engine.connect() as connection:
            versions = connection.execute(text("select version_num from alembic_version")).scalars().all()
        if versions != [_version()]:
            raise ValueError(f"the gradebook's version is {', '.join(versions) or 'unknown'}: {advice}")
    finally:
        engine.dispose()


def _version():
    """The version of nbgrader's tables, as alembic counts them: of all, the one that nothing follows.

    alembic says the same, but to import it takes as much memory as a submission does.
    """
    steps = Path(nbgrader.__file__).with_name("alembic") / "versions"
    whole = "\n".join(path.read_text(encoding="utf-8") for path in steps.glob("*.py"))
    followed = re.findall(r"(?m)^down_revision = '(\w+)'", whole)
    (version,) = {*re.findall(r"(?m)^revision = '(\w+)'", whole)} - {*followed}
    return version


def autograded(course, slug, student):
    """The path at which nbgrader expects the marked notebook."""
    return Path(course.format_path(course.autograded_directory, student, slug)) / f"{slug}.ipynb"


def _time_of(timestamp, noted, language=ENGLISH):
    """The time that a timestamp says, or None, and the Record `noted` with a line about a time that cannot be right."""
    no_time, in_future = _about_time(language)
    if not timestamp:
        return None, noted
    when = _read(timestamp)
    if when is None:
        return None, noted._replace(notes=(*noted.notes, no_time), human=(*noted.human, no_time))
    if when > datetime.now(UTC).replace(tzinfo=None):
        noted = noted._replace(human=(*noted.human, in_future))
    return when, noted


def _read(timestamp):
    """The time that a timestamp says; None for one that says none, or more than one."""
    try:
        return _utc(timestamp)
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError):
        return None


def _without_time(noted, language):
    """The Record without what was noted about the time, which is looked at again."""
    kept = {
        name: tuple(line for line in getattr(noted, name) if line not in _about_time(language))
        for name in ("notes", "human")
    }
    return noted._replace(**kept)


def _about_time(language):
    with speaking(language):
        return say(NO_TIME), say(IN_FUTURE)


def _utc(timestamp, usual=UTC):
    """The time in UTC, without a zone, as nbgrader keeps it; one that names no zone is in the `usual` one.

    The forms are those of nbgrader's exchange and of the platforms. They are read here because nbgrader's own reader
    takes a third word for the path of a file, and hyphens in the time for a zone. Raises ValueError, too for an hour
    that the clocks of a zone skip or show twice, and for a zone whose time of that season has another name.
    """
    found = TIMESTAMP.fullmatch(timestamp)
    if not found:
        raise ValueError(timestamp)
    date, hour, minute, second, part, zone = found.groups()
    # With its part of a second, or formgrader would take what is marked for older than what was handed in.
    when = datetime.fromisoformat(f"{date}T{hour}:{minute}:{second or '00'}.{(part or '0')[:6]:0<6}")
    if zone and zone[0] in "+-":
        when = datetime.fromisoformat(f"{when.isoformat()}{zone}")
    else:
        when = when.replace(tzinfo=usual if zone is None else UTC if zone in ("Z", "UTC", "GMT") else ZoneInfo(zone))
    if when.utcoffset() != when.replace(fold=1).utcoffset():
        raise ValueError(f"{timestamp} is an hour that the clocks skip or show twice")
    if zone in SEASONAL and when.tzname() != zone:
        raise ValueError(f"{timestamp} is a time for which {zone} is not the name of a zone")
    return when.astimezone(UTC).replace(tzinfo=None)


def submission_of(gradebook, slug, student):
    """The submission of a student in the gradebook, which is added to it where it is new."""
    gradebook.update_or_create_student(student)
    with warnings.catch_warnings():  # nbgrader's own order of adding rows, harmless
        warnings.simplefilter("ignore", SAWarning)
        return gradebook.update_or_create_submission(slug, student)


def is_bare(submission):
    """Whether a submission in the gradebook is there for an extension alone, and nothing has been marked."""
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    return submission.timestamp is None and all(grade.auto_score is grade.manual_score is None for grade in grades)


def _untouched(cell):
    if cell is None or utils.is_task(cell) or not cell.metadata.nbgrader.get("points", 1):
        return None
    return "No response." if cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) else None


def _of(gradebook, submission, kind, *columns):
    """All grades, or comments, of a submission in one query: the attributes of nbgrader's objects ask one by one."""
    query = gradebook.db.query(*columns).select_from(kind).join(BaseCell, BaseCell.id == kind.cell_id)
    return query.join(SubmittedNotebook).filter(SubmittedNotebook.assignment_id == submission.id).all()


def _result(gradebook, task, submission, student, noted, unclear):
    columns = BaseCell.name, Grade.score, Grade.max_score, Grade.needs_manual_grade, Grade.manual_score
    by_hand = task.by_hand
    grades = _of(gradebook, submission, Grade, *columns)
    human = [*noted.human, *filter(None, [noted.problem, unclear])]
    waiting = [grade.name for grade in grades if grade.needs_manual_grade and grade.manual_score is None]
    if waiting:
        human.append(f"{', '.join(waiting)} waits for a mark by hand")
    if any(grade.needs_manual_grade and grade.manual_score is not None for grade in grades):
        human.append("a mark given by hand waits for review")
    return Result(
        student,
        sum(grade.score for grade in grades),
        sum(grade.max_score for grade in grades),
        tuple(grade.name for grade in grades if grade.score < grade.max_score and grade.name not in by_hand),
        noted.problem,
        noted.notes,
        tuple(human),
        dict(noted.mistakes),
        noted.seconds,
        follows=tuple(noted.follows),
        **late.of(submission)._asdict(),
        costs=noted.costs,
    )
