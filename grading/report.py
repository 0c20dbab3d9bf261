"""`python -m grading report`: what the class did, as pages that a browser opens from the disk.

The pages tell of the whole class and of all exercises, whatever was marked last: they are made from the gradebook and
from the records in the marked notebooks.
"""

import hashlib
import os
import re
from collections import Counter
from pathlib import Path
from statistics import median
from urllib.parse import quote

from grading import anonymous, exercise, grade, marks, outside, private, record
from grading.answers import known_answers
from grading.course import COURSE, LANGUAGES, add_db_option
from grading.execute import Settings
from grading.pages import render
from rnnlib import words
from rnnlib.words import ENGLISH, say, speaking, to_say

FOLDER = COURSE / "_build" / "report"
LISTED = to_say("There are some; the report with names lists them.")


def describe(parser):
    """Add the arguments of the command to a parser."""
    add_db_option(parser)
    parser.add_argument("--anonymous", action="store_true", help=anonymous.HELP)
    parser.add_argument("--language", choices=[ENGLISH, *LANGUAGES], default=ENGLISH, help="of the report")
    parser.set_defaults(run=run)


def run(arguments):
    """Write the report on the class; return 0."""
    course = marks.course_at(arguments.db)
    if arguments.anonymous:
        path = write(FOLDER.with_name("report-anonymous"), course, anonymous.Hidden(course), arguments.language)
        print(f"Report without names: {path}. `python -m grading who CODE` tells whose a code is.")
    else:
        print(f"Report: {write(FOLDER, course, language=arguments.language)}")
    return 0


def write(folder, course, hidden=None, language=ENGLISH):
    """Write <folder>/index.html on the class of nbgrader's `course`, and a page per student; return the path.

    What a submission was told is in the language of its notebook; the rest is in `language`.

    With an anonymous.Hidden, students have codes for names. Raises ValueError for a class of nobody.
    """
    with speaking(language):
        return _write(Path(folder) / "index.html", course, hidden)


def _write(path, course, hidden):
    class_ = marks.read(course)
    class_ = hidden.class_(class_) if hidden else class_  # all that follows is in the order of what is shown
    found = [of_exercise(class_, one, course, hidden) for one in class_.exercises.values()]
    if not class_.students and not any(one["unmarked"] for one in found):
        raise ValueError(nobody(course))
    pages = {student: path.parent / "students" / page_name(student) for student in class_.students}
    people = {student: _person(person, pages) for student, person in class_.students.items()}
    strays = sorted({line for one in found for line in one["strays"]})
    shown = [_shown(one, people, course, path.parent) for one in found]
    private.write(path, render("report.html.jinja", exercises=shown, people=people, strays=strays, span=span))
    for student, page in pages.items():
        rows = [_of_student(one, student, course, page.parent) for one in found]
        private.write(page, render("student.html.jinja", person=people[student], exercises=rows, span=span))
    for page in path.parent.glob("students/*.html"):
        if page not in pages.values():  # of somebody who is not in the class any more
            page.unlink()
    return path


def nobody(course):
    """The sentence about a class of which nothing is there: what was looked for, and where."""
    submitted = course.format_path(course.submitted_directory, "<student>", "<exercise>")
    return f"there is no class: the gradebook {course.db_url} has no students, and there is no {submitted}"


def of_exercise(class_, found, course, hidden=None):
    """What a report says of one marks.Exercise of a marks.Class, as a dictionary of lists of marks.Mark and of ids.

    With an anonymous.Hidden, which has made that class, ids are codes.
    """
    given = list(found.marks.values())
    read = [mark for mark in given if not (mark.record and mark.record.problem)]
    submitted = course.format_path(course.submitted_directory, "", "").rstrip("/")
    handed_in, strays = grade.find_submissions(submitted, found.slug)
    if hidden:
        handed_in, strays = [hidden.code(student) for student in handed_in], [say(LISTED)] if strays else []
    titles = _titles(found.slug)
    return {
        "exercise": found,
        "titles": titles,
        "given": given,
        "right": [mark for mark in given if mark.before_penalty >= found.most],
        "median": median(mark.points for mark in given) if given else 0.0,
        "human": [mark for mark in given if mark.human],
        "late": [mark for mark in given if mark.seconds_late or mark.penalty or mark.extension],
        "absent": [student for student in class_.students if student not in {*found.marks, *handed_in}],
        "unmarked": [student for student in sorted(handed_in) if student not in found.marks],
        "strays": strays,
        "tests": _tests(found, read),
        "mistakes": _mistakes(given, titles),
        "unnamed": [mark for mark in given if mark.unnamed],
        "unread": len(given) - len(read),
        "no_sandbox": [mark for mark in given if mark.record and mark.record.sandbox == "none"],
        "no_record": [mark for mark in given if not mark.record],
        "runs": _runs(found.slug, given),
        "seconds": sorted(mark.record.seconds for mark in given if mark.record),
    }


def span(seconds):
    """A length of time in words, in its two largest units."""
    minutes = round(seconds / 60)
    sizes = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    return " ".join(f"{size} {unit}" for size, unit in sizes if size) or say("less than a minute")


def page_name(student):
    """The name of the file about a student: whatever the id is, it leads to no other folder and to nobody else."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", student)[:40].strip(".-")
    return f"{readable}-{hashlib.sha256(student.encode()).hexdigest()[:12]}.html"


def _titles(slug):
    """{name of a known mistake: what feedback calls it}; an exercise that is not of this course has none."""
    try:
        return {answer.name: words.of_exercise(slug, answer.mistake) for answer in known_answers(slug)}
    except (ValueError, OSError, KeyError):  # to be told by the command that proves the answers, not here
        return {}


def _tests(found, read):
    """A row per test: its label and points, who lost some, what share of all its points, and who kept them."""
    rows = []
    for label, most in found.tests.items():
        of_test = [(mark, test) for mark in read for test in mark.tests if test.label == label]
        lost = [(mark, test.lost) for mark, test in of_test if test.lost]
        kept = sum(label in (mark.record.follows or {}) for mark in read if mark.record)
        share = sum(points for _, points in lost) / (most * len(of_test)) if most and of_test else 0.0
        rows.append({"label": label, "most": most, "lost": len(lost), "share": share, "kept": kept})
    return sorted(rows, key=lambda row: -row["share"])


def _mistakes(given, titles):
    """(what a known mistake is called, the marks of those who made it), the most frequent first."""
    made = {}
    for mark in given:
        for name in sorted(set(mark.mistakes.values())):
            made.setdefault(titles.get(name, name), []).append(mark)
    return sorted(made.items(), key=lambda item: (-len(item[1]), item[0]))


def _runs(slug, given):
    """((seed, tests, sandbox), number of submissions), the most frequent first."""
    noted, task = [mark.record for mark in given if mark.record], _exercise(slug)
    tests = {False: say("as they were earlier"), True: say("as they are now")}
    counts = Counter((one.seed, tests[_is_current(one, task)], one.sandbox) for one in noted)
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))


def _is_current(noted, task):
    """Whether a Record is of the tests, and of the grader, as they are now."""
    settings = Settings(None, sandboxed=noted.sandbox != "none")
    return task is not None and noted.run == record.fingerprint(noted.digest, task, settings)


def _exercise(slug):
    try:
        return exercise.load(slug)
    except ValueError:
        return None


def _person(person, pages):
    """A student as the pages show one: `order` is by what the tables are sorted, `page` is the page about them."""
    order = " ".join([person.last_name, person.first_name, person.id]).strip().casefold()
    shown = {"id": person.id, "name": person.name, "email": person.email, "order": order}
    shown = {key: outside.line(value) for key, value in shown.items()}
    return shown | {"page": quote(f"students/{pages[person.id].name}")}


def _shown(found, people, course, folder):
    """What the page of the class shows of `of_exercise`: students by what is shown of them, with links."""

    def row(mark):
        return {"mark": mark, "who": people[mark.student], "links": _links(found, mark, course, folder)}

    listed = {key: [row(mark) for mark in found[key]] for key in ("given", "human", "late", "unnamed")}
    named = {key: [people[mark.student] for mark in found[key]] for key in ("no_sandbox", "no_record")}
    return (
        found
        | listed
        | named
        | {
            "absent": [people[student] for student in found["absent"]],
            "unmarked": [people.get(student, {"id": student, "name": "", "page": ""}) for student in found["unmarked"]],
            "mistakes": [(title, [people[mark.student] for mark in made]) for title, made in found["mistakes"]],
            "bars": _bars(found),
            "points_of": {mark.student: mark for mark in found["given"]},
        }
    )


def _bars(found):
    """(points, number of submissions, its share of the largest number) for every whole number of points."""
    counts = Counter(int(mark.points + 0.5) for mark in found["given"])
    most, largest = max([round(found["exercise"].most), *counts]), max(counts.values(), default=1)
    return [(points, counts[points], counts[points] / largest) for points in range(most + 1)]


def _of_student(found, student, course, folder):
    """What the page of a student shows of one exercise."""
    mark = found["exercise"].marks.get(student)
    state = say("not marked yet") if student in found["unmarked"] else say("not handed in")
    return {
        "exercise": found["exercise"],
        "titles": found["titles"],
        "mark": mark,
        "state": "" if mark else state,
        "links": _links(found, mark, course, folder) if mark else [],
    }


def _links(found, mark, course, folder):
    """(what it is, address) of the files about one submission that are there, relative to the folder of the page."""
    slug = found["exercise"].slug
    places = {to_say("notebook"): mark.notebook}
    if marks.is_folder_name(mark.student):
        page = Path(course.format_path(course.feedback_directory, mark.student, slug)) / f"{slug}.html"
        places = {to_say("feedback"): page if page.is_file() else None} | places
    return [(say(what), quote(os.path.relpath(path, folder))) for what, path in places.items() if path]
