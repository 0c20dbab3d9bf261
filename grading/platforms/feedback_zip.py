"""`python -m grading export SLUG --feedback-zip FILE`: all pages of feedback, as Moodle or Canvas takes them.

Both know a page by the name under which they gave out what the student handed in; `collect` has noted that name.
"""

import os
import sys
import zipfile
from pathlib import Path

from grading import feedback_pages, grade, marks, outside
from grading.platforms.names import platform_name

WHERE = {
    "moodle": "In Moodle, the assignment takes this file as feedback: Upload multiple feedback files in a zip.",
    "canvas": "In Canvas, the gradebook takes this file: Upload submissions, in the menu of the assignment. "
    "Canvas shows each page under the name of the file that the student handed in.",
}


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument(
        "--feedback-zip", type=Path, metavar="FILE", help="write the pages of feedback as Moodle or Canvas takes them"
    )


def asked(arguments):
    """Whether a zip of feedback is to be written."""
    return arguments.feedback_zip is not None


def run(arguments, class_, course):
    """Write the zip; return 0, 1 if something needs a human, or 2 if nothing was written.

    `class_` is a marks.Class, `course` nbgrader's CourseDirectory. Raises ValueError with a sentence where no zip can
    be made, OSError where it cannot be written.
    """
    if len(class_.exercises) != 1:
        raise ValueError(f"a zip holds the feedback of one exercise: name one of {', '.join(class_.exercises)}")
    path = arguments.feedback_zip
    if path.exists():
        raise ValueError(f"{path} is there already: move it away, or give another name")
    ((slug, of_exercise),) = class_.exercises.items()
    with marks.opened(course) as book:
        pages, platforms, amiss = _pages(book, course, of_exercise)
    if len(platforms) != 1:
        found = f"from {' and '.join(sorted(platforms))}" if platforms else "from neither Moodle nor Canvas"
        raise ValueError(f"the work on {slug} was collected {found}: feedback goes back to one of them in a zip")
    if amiss:
        print(f"{len(amiss)} need a human:")
        print("\n".join(f"  {outside.line(line)}" for line in amiss))
    if amiss and not arguments.partial:
        print("error: nothing was written: mend this, or give --partial to write the other pages", file=sys.stderr)
        return 2
    _write(path, pages)
    print(f"Written: {path}, with {len(pages)} pages of feedback. {WHERE[platforms.pop()]}")
    return 1 if amiss else 0


def _pages(book, course, of_exercise):
    """{name in the zip: page}, the platforms from which the work came, and lines about who has no page in it."""
    slug, pages, platforms, amiss = of_exercise.slug, {}, set(), []
    folders, _ = grade.find_submissions(course.format_path(course.submitted_directory, "", "").rstrip("/"), slug)
    for student in of_exercise.marks:
        folder = course.format_path(course.submitted_directory, folders.get(student, student), slug)
        named = platform_name(folder, slug) if marks.is_folder_name(student) else None
        name = named.page if named else ""
        page = _page(course, slug, student)
        if named and named.platform in WHERE:
            platforms.add(named.platform)
        if not name:
            amiss.append(f"{student} has no name by which Moodle or Canvas would find them: it was not collected there")
        elif page is None or not page.is_file():
            amiss.append(f"{student} has no page of feedback: run `python -m grading feedback {slug}`")
        elif not feedback_pages.is_current(book, course, slug, student):
            amiss.append(
                f"{student} has a page that is not what the marks are now: run `python -m grading feedback {slug}`"
            )
        elif name in pages:
            amiss.append(f"{student} and another student have the same name there, {name}")
        else:
            pages[name] = page
    return pages, platforms, amiss


def _page(course, slug, student):
    if not marks.is_folder_name(student):
        return None
    return Path(course.format_path(course.feedback_directory, student, slug), f"{slug}.html")


def _write(path, pages):
    """Write a zip that its owner alone may read, whole or not at all."""
    scratch = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
    try:
        with (
            open(os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, page in sorted(pages.items()):
                archive.write(page, name)
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
