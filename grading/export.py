"""`python -m grading export`: the marks of a class as files of comma-separated values, whose cells hold no formula.

What a learning platform wants back, in its own file or in a zip of feedback, is made in grading/platforms.

A spreadsheet takes a cell that begins with one of a few characters for a formula, and runs it. Names and ids come from
outside: such a text gets an apostrophe in front. Numbers stay numbers, a negative one too.
"""

import csv
import io
from datetime import timedelta
from pathlib import Path

from grading import marks, private
from grading.course import add_db_option
from grading.platforms import feedback_zip, gradebook_files

# The last four are the forms of the first four in East Asian scripts, which some spreadsheets take for the same.
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
STUDENT = ["id", "last name", "first name", "email"]


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="exercises (default: all in the gradebook)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write one row per student")
    parser.add_argument("--csv-tests", type=Path, metavar="FILE", help="write one row per student, exercise and test")
    parser.add_argument("--bom", action="store_true", help="begin with a byte-order mark, by which Excel knows UTF-8")
    add_db_option(parser)
    gradebook_files.describe(parser)
    feedback_zip.describe(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Write the files that were asked for; return 0, or what writing for a learning platform came to.

    Raises ValueError where there is nothing to write, or nowhere to write it.
    """
    platforms = [part for part in (gradebook_files, feedback_zip) if part.asked(arguments)]
    if not (arguments.csv or arguments.csv_tests or platforms):
        raise ValueError(
            "say which file to write: --csv FILE for one row per student, --csv-tests FILE for the tests, "
            "--canvas FILE (or --moodle, --blackboard, --brightspace) to fill a platform's own file"
        )
    course = marks.course_at(arguments.db)
    class_ = marks.read(course, arguments.slugs)
    if not class_.students:
        raise ValueError("the gradebook has no students: mark an exercise, or run `nbgrader db student import FILE`")
    for path, table in ((arguments.csv, by_student), (arguments.csv_tests, by_test)):
        if path:
            rows = table(class_)
            write(path, rows, arguments.bom)
            print(f"Written: {path}, {len(rows) - 1} rows about {len(class_.students)} students.")
    return max((part.run(arguments, class_, course) for part in platforms), default=0)


def by_student(class_):
    """The marks.Class as rows, the first of them names: one row per student; who handed in nothing has no points."""
    names = "points", "max", "late penalty", "hours late", "days of extension", "needs a human"
    rows = [STUDENT + [f"{slug} {name}" for slug in class_.exercises for name in names]]
    for student in class_.students.values():
        of_exercises = [_of_student(exercise, student.id) for exercise in class_.exercises.values()]
        rows.append([*_who(student), *(value for found in of_exercises for value in found)])
    return rows


def by_test(class_):
    """The marks.Class as rows, the first of them names: one row for each test that a student's work went through."""
    rows = [[*STUDENT, "exercise", "test", "points", "max", "mistake", "marked by hand", "needs a human"]]
    for exercise in class_.exercises.values():
        for mark in exercise.marks.values():
            who = _who(class_.students[mark.student])
            for test in mark.tests:
                what = [exercise.slug, test.label, test.points, test.most, mark.mistakes.get(test.label)]
                rows.append([*who, *what, _yes(test.by_hand), _yes(test.waits)])
    return rows


def as_nbgrader(class_, students=()):
    """The marks.Class as rows with the columns of nbgrader's own export, and two about lateness after them.

    There is one row for each exercise and student, or for each of `students`; who handed in nothing has 0 points.
    """
    names = "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty"
    rows = [[*names.split(","), "score", "max_score", "hours_late", "days_of_extension"]]
    for exercise in class_.exercises.values():
        for student in students or class_.students:
            mark, who = exercise.marks.get(student), _who(class_.students[student])
            when = mark.when if mark else None
            scores = [mark.before_penalty, mark.penalty, mark.points] if mark else [0.0, 0.0, 0.0]
            lateness = _lateness(mark) if mark else [0, 0]
            rows.append([exercise.slug, exercise.due, when, *who, *scores, exercise.most, *lateness])
    return rows


def write(path, rows, bom=False):
    """Write rows of texts and numbers as a CSV file that its owner alone may read, with formulas defused.

    It is UTF-8, with a byte-order mark if `bom`; None is an empty cell. Raises OSError where it cannot be written.
    """
    text = io.StringIO(newline="")
    # The line end is the standard's: a writer quotes the characters of its line end, and both begin a row when bare.
    csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    private.write(path, text.getvalue(), "utf-8-sig" if bom else "utf-8")


def defused(value):
    """A value as it may come into a spreadsheet: a text that would be a formula gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _cell(value):
    return round(value, 9) if isinstance(value, float) else defused(value)  # 0.1 + 0.2 is 0.3 for who reads it


def _who(student):
    return [student.id, student.last_name, student.first_name, student.email]


def _of_student(exercise, student):
    mark = exercise.marks.get(student)
    if mark is None:
        return [None, exercise.most, *[None] * 4]
    return [mark.points, exercise.most, mark.penalty, *_lateness(mark), _yes(mark.human)]


def _lateness(mark):
    """Hours after the due date, and days by which it was moved for this student."""
    return [mark.seconds_late / 3600, mark.extension / timedelta(days=1) if mark.extension else 0]


def _yes(value):
    return "yes" if value else "no"
