"""`python -m grading due` and `extend`: until when an exercise may be handed in, and who has longer."""

import contextlib
import re
from datetime import UTC, timedelta
from zoneinfo import ZoneInfoNotFoundError

from nbgrader.api import MissingEntry
from nbgrader.coursedir import CourseDirectory

from grading import exercise, grade, gradebook, late, marks, outside
from grading.autograde import alone_with_gradebook
from grading.course import add_db_option, load_config
from grading.feedback import amount, duration

FORMS = "a date such as 2026-12-24, 2026-12-24 18:00 or 2026-12-24 18:00 Europe/Zurich"
DATE_ALONE = re.compile(r"(\d{4}-\d\d-\d\d)( [A-Za-z+-]\S*)?", re.ASCII)
MOST_DAYS = 1000


def describe_due(parser):
    """Add the arguments of `due` to a parser."""
    _describe(parser)
    parser.add_argument("date", nargs="*", metavar="DATE", help=f"{FORMS}; `none` takes it away (default: tell it)")
    parser.set_defaults(run=run_due)


def describe_extend(parser):
    """Add the arguments of `extend` to a parser."""
    _describe(parser)
    parser.add_argument("student", metavar="STUDENT", help="the id of the student")
    parser.add_argument(
        "until", nargs="+", metavar="DAYS|DATE", help=f"days after the due date, 0 for none, or {FORMS}"
    )
    parser.set_defaults(run=run_extend)


def _describe(parser):
    parser.add_argument("slug", metavar="SLUG", help="the exercise")
    add_db_option(parser)


def run_due(arguments):
    """Set, tell or take away the due date of an exercise; say what follows for those who are marked, and return 0.

    Raises ValueError with a sentence that says what to do for what is no date.
    """
    given = " ".join(arguments.date)
    with _opened(arguments) as (book, course, zone):
        assignment = book.find_assignment(arguments.slug)
        if given:
            due, before = None if given == "none" else _time(given, zone), assignment.duedate
            students = {submission: submission.extension for submission in assignment.submissions if due}
            with _said(book, course, assignment.submissions, arguments.slug):
                assignment.duedate = due
                for submission in assignment.submissions:
                    submission.extension = students.get(submission)
                print(f"{arguments.slug} is due {_shown(due, zone)}; it was due {_shown(before, zone)}.")
            for submission in list(assignment.submissions):
                _forget_if_bare(book, submission, arguments.slug)
        else:
            print(f"{arguments.slug} is due {_shown(assignment.duedate, zone)}.")
        for submission in _in_order(assignment.submissions):
            if submission.extension:
                print(f"  {_until(submission, zone)}")
    return 0


def run_extend(arguments):
    """Give a student longer, or take that away; say what follows if the exercise is marked, and return 0.

    Raises ValueError with a sentence that says what to do for an unknown student, for what is no number of days or
    date after the due date, and where there is no due date.
    """
    given = " ".join(arguments.until)
    with _opened(arguments) as (book, course, zone):
        due = book.find_assignment(arguments.slug).duedate
        if due is None:
            raise ValueError(
                f"{arguments.slug} has no due date yet: first give `python -m grading due {arguments.slug} DATE`"
            )
        extension = _extension(given, due, zone)
        submission = _submission(book, course, arguments.slug, arguments.student)
        with _said(book, course, [submission], arguments.slug):
            submission.extension = extension
            print(f"{_until(submission, zone)}.")
        _forget_if_bare(book, submission, arguments.slug)
    return 0


def _forget_if_bare(book, submission, slug):
    """Remove a row that was there for an extension alone, and has none: it would look as if it had been handed in."""
    if not submission.extension and gradebook.is_bare(submission):
        book.remove_submission(slug, submission.student_id)


@contextlib.contextmanager
def _opened(arguments):
    """The gradebook, nbgrader's course directory and the time zone, while no marking of the exercise runs."""
    task, config = exercise.load(arguments.slug), load_config()
    if arguments.db:
        config.CourseDirectory.db_url = arguments.db
    course = CourseDirectory(config=config)
    zone = late.zone(course)  # a wrong setting is told before anything is touched
    with alone_with_gradebook(course, config, task) as book:
        yield book, course, zone


def _extension(given, due, zone):
    """The time that is given beyond the due date; None for nothing."""
    try:
        days = float(given)
    except ValueError:
        days = None
    if days is None:
        extension = _time(given, zone) - due
        if extension <= timedelta(0):
            raise ValueError(
                f"{given} is not after the due date, {_shown(due, zone)}: give a later date, or 0 for none"
            )
        return extension
    if not 0 <= days <= MOST_DAYS:
        raise ValueError(f"{given} is no number of days: give one from 0 to {MOST_DAYS}, or {FORMS}")
    return timedelta(days=days) or None


def _time(given, zone):
    """The time of a text, in UTC as nbgrader keeps it. A date alone means the end of that day."""
    alone = DATE_ALONE.fullmatch(given)
    try:
        return gradebook._utc(f"{alone[1]} 23:59:59{alone[2] or ''}" if alone else given, zone)
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError):
        raise ValueError(
            f"{outside.line(given, 100)!r} is no date: give {FORMS}, and an offset such as +0100 for an hour that the "
            "clocks show twice"
        ) from None


def _submission(book, course, slug, student):
    """The student's submission; one who is known and has handed in nothing yet gets a row for the extension."""
    try:
        return book.find_submission(slug, student)
    except MissingEntry:
        found, _ = grade.find_submissions(course.format_path(course.submitted_directory, "", "").rstrip("/"), slug)
        known = {*found, *(row.id for row in book.students)}
    if student not in known:
        meant = marks.meant(student, known)
        raise ValueError(
            f"there is no student {outside.line(student, 100)!r}: {meant and f'{meant} If not, '}add a new one first, "
            "with `nbgrader db student add ID`"
        )
    return gradebook.submission_of(book, slug, student)


@contextlib.contextmanager
def _said(book, course, submissions, slug):
    """Renew the penalties after the block has changed something; print those that are other ones than before."""
    before = {submission: late.of(submission) for submission in submissions}
    yield
    book.db.commit()
    unclear = {submission: late.renew(book, course, submission) for submission in submissions}
    after = {submission: late.of(submission) for submission in submissions}
    changed = [one for one in _in_order(submissions) if after[one][::2] != before[one][::2]]
    for submission in changed:
        print(f"  {submission.student_id}: {_in_words(after[submission])}; before: {_in_words(before[submission])}")
    for submission in filter(unclear.get, submissions):
        print(f"  {submission.student_id}: {unclear[submission]}")
    marked = sum(not gradebook.is_bare(submission) for submission in submissions)
    print(f"Changed: {len(changed)} of {marked} marked submissions. {late.described(course)}")
    if changed:
        print(f"Next: python -m grading feedback {slug}")


def _in_words(lateness):
    if not lateness.late:
        return "in time"
    return f"{duration(lateness.late)} late, loses {amount(lateness.penalty) if lateness.penalty else 'nothing'}"


def _until(submission, zone):
    more = f"{duration(submission.extension.total_seconds())} more" if submission.extension else "no extension"
    return f"{submission.student_id} has {more}, until {_shown(submission.duedate, zone)}"


def _shown(when, zone):
    """A time of the gradebook in the course's zone, in words."""
    if when is None:
        return "at no date"
    return f"{when.replace(tzinfo=UTC).astimezone(zone):%Y-%m-%d %H:%M:%S} {zone}"


def _in_order(submissions):
    return sorted(submissions, key=lambda submission: submission.student_id)
