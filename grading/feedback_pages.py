"""`python -m grading feedback`: the pages of feedback of a class, each as its marks are now.

nbgrader's own command takes ids for patterns of file names, stops where one student's page cannot be made, and keeps a
page that is there already, however old. Here every page is made again, which takes a few hundredths of a second, and is
written if it is not the one that is there: what it depends on need not be known, so that nothing can be forgotten.
"""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SQLAlchemyError

from grading import anonymous, exchange, exercise, gradebook, late, marks, nbgrader_plugins, outside, private, record
from grading.autograde import alone_with_gradebook
from grading.course import COURSE, add_db_option, load_config

FOLDER = COURSE / "_build" / "feedback-anonymous"
WRITTEN, KEPT, UNMARKED = "written", "kept", "not marked yet"


class Page(NamedTuple):
    """What became of the page of one student."""

    student: str
    state: str  # WRITTEN, KEPT or UNMARKED; empty if there is a problem
    problem: str = ""  # why there is none


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("slug", metavar="SLUG", help="the exercise")
    parser.add_argument("--student", action="append", metavar="ID", help="this student alone; may be repeated")
    add_db_option(parser)
    parser.add_argument(
        "--anonymous", action="store_true", help=f"{anonymous.HELP}; the pages for students stay as they are"
    )
    parser.set_defaults(run=run)


def run(arguments):
    """Write the pages that are missing or not as they should be; say how many; return 1 if one could not be made."""
    config = load_config()
    if arguments.db:
        config.CourseDirectory.db_url = arguments.db
    course = CourseDirectory(config=config)
    hidden = anonymous.Hidden(course) if arguments.anonymous else None
    pages = write(arguments.slug, config, arguments.student, hidden)
    states = [page.state for page in pages]
    told = [f"{states.count(WRITTEN)} written, {states.count(KEPT)} kept"]
    told += [f"{states.count(UNMARKED)} {UNMARKED}"] if UNMARKED in states else []
    print(f"{arguments.slug}, pages of feedback: {', '.join(told)}.")
    if hidden:
        print(f"They are {FOLDER.relative_to(COURSE) / arguments.slug}/<code>.html. {anonymous.AS_WRITTEN}")
    else:
        where = course.format_path(course.feedback_directory, "<student>", arguments.slug)
        print(f"They are {where}/{arguments.slug}.html")
    problems = [f"  {outside.line(repr(page.student)[1:-1])}: {page.problem}" for page in pages if page.problem]
    if problems:
        print(f"{len(problems)} need a human:", *problems, sep="\n")
    return 1 if problems else 0


def write(slug, config, students=None, hidden=None):
    """Write the pages of feedback of an exercise; return a list of Page, by student.

    Only `students`, if given; with an anonymous.Hidden, other pages in another folder, by code. Raises ValueError if
    nobody is marked, or one of them is not, and SQLAlchemyError if the gradebook cannot be used.
    """
    task, course = exercise.load(slug), CourseDirectory(config=config)
    with alone_with_gradebook(course, config, task) as book:
        rows = {submission.student_id: submission for submission in book.assignment_submissions(slug)}
        if not rows:
            raise ValueError(f"nobody is marked for {slug} yet: give `python -m grading autograde {slug}` first")
        for student in students or ():
            if student not in rows:
                hint = marks.meant(student, rows) or "the ids are the names of the folders handed in"
                raise ValueError(f"{outside.line(student, 100)!r} is not marked for {slug}: {hint}")
        if hidden:
            found = [_anonymous_page(book, course, slug, rows[student], hidden) for student in students or rows]
            return sorted(found)
        return [_page(book, course, slug, rows[student]) for student in sorted(students or rows)]


def is_current(book, course, slug, student):
    """Whether the page of a student is the one that would be made now, as the gradebook is.

    No time of a file tells it: a mark by hand, a comment or an extension leaves none. A page that cannot be made again
    is not known to be right. Raises SQLAlchemyError if the gradebook cannot be used.
    """
    try:
        page = _made(book, course, slug, book.find_submission(slug, student))
        return Path(_folder(course, slug, student), f"{slug}.html").read_bytes() == page.encode()
    except SQLAlchemyError:
        raise
    except Exception:
        return False


def _anonymous_page(book, course, slug, submission, hidden):
    """As _page, for who is not to see whose page it is."""
    made = _page(book, course, slug, submission, hidden)
    return made._replace(student=hidden.code(made.student), problem=hidden.text(made.problem))


def _page(book, course, slug, submission, hidden=None):
    """Write the page of one submission; whatever hinders that is told, and concerns no other."""
    student = submission.student_id
    try:
        late.renew(book, course, submission)  # what an instructor has changed by hand may change it
        folder = FOLDER / slug if hidden else _folder(course, slug, student)
        marked = gradebook.autograded(course, slug, student)
        if not marked.exists() and gradebook.is_bare(submission):
            return Page(student, UNMARKED)
        page = _made(book, course, slug, submission, hidden)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not hidden:
            exchange.carry(marked.parent, folder)  # by which `nbgrader release_feedback` finds whose page it is
        path = folder / f"{hidden.code(student) if hidden else slug}.html"
        return Page(student, WRITTEN if _put(path, page) else KEPT)
    except FileNotFoundError:
        reason = f"there is no marked notebook: give `python -m grading autograde {slug}` again"
    except SQLAlchemyError:
        raise
    except Exception as error:
        reason = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
    return Page(student, "", outside.line(f"no page could be made: {reason}"))


def _made(book, course, slug, submission, hidden=None):
    """The text of a page. Raises whatever reading the marked notebook raises."""
    marked = gradebook.autograded(course, slug, submission.student_id)
    notebook = nbformat.reads(marked.read_text(encoding="utf-8"), as_version=4)
    if hidden and (noted := record.of(notebook)):
        record.put(notebook, hidden.record(noted))
    return nbgrader_plugins.page_of(notebook, slug, gradebook.marks(book, submission))


def _folder(course, slug, student):
    """The folder of a student's page. Raises ValueError for an id that leads anywhere else."""
    every = Path(course.format_path(course.feedback_directory, "", "").rstrip("/")).resolve()
    folder = every / student / slug
    if os.sep in student or folder.resolve().parts != (*every.parts, student, slug):
        raise ValueError("this id does not name its own folder; give the student another one")
    return folder


def _put(path, page):
    """Write a page, unless it is there already; return whether it was written."""
    with contextlib.suppress(OSError):
        if path.read_bytes() == page.encode():
            return False
    private.write(path, page)
    return True
