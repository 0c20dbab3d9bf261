"""Codes for students where nobody is to see who they are, and `python -m grading who`, which tells whose a code is.

A code is made of the id and of a secret that lies beside the gradebook: it is the same in every list and on every page,
and without the secret nobody can tell whose it is, or make the codes of all ids to find out.
"""

import base64
import hashlib
import hmac
import re
import secrets
from pathlib import Path

from sqlalchemy import make_url

from grading import grade, marks, outside, private
from grading.course import add_db_option, slugs

SHORTEST = 3  # letters of a name that is looked for in texts: shorter ones are parts of other words
LEFT_OUT = "\u2026"
QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
FILE = re.compile(r"^.*?\.(?:ipynb|json|txt)\b", re.IGNORECASE)
HELP = "show codes instead of names and ids, and no names of files"
AS_WRITTEN = "What students wrote in their cells is shown as it is, and may tell who they are."


def describe(parser):
    """Add the arguments of the command to a parser."""
    parser.add_argument("codes", nargs="*", metavar="CODE", help="codes of students (default: all)")
    add_db_option(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """Print who the students with these codes are; return 0. Raises ValueError for a code that is nobody's."""
    course = marks.course_at(arguments.db)
    hidden = Hidden(course)
    known = {hidden.code(student): student for student in {*hidden.people, *_handed_in(course)}}
    for code in arguments.codes:
        if code not in known:
            raise ValueError(f"{outside.line(code, 50)!r} is the code of nobody in this class")
    for code in arguments.codes or sorted(known):
        name = hidden.people.get(known[code])
        print(outside.line("  ".join(filter(None, [code, known[code], name and name.name]))))
    return 0


class Hidden:
    """The students of a class behind their codes."""

    def __init__(self, course):
        """`course` is nbgrader's; its gradebook need not be there yet, as names are looked up where there are any."""
        self.secret, self.people = secret(course), {}
        if marks.is_there(course):
            with marks.opened(course) as book:
                self.people = {row.id: marks.Person(*row) for row in book.db.query(*marks.STUDENT)}
        known = {part for person in self.people.values() for part in person if part and len(part) >= SHORTEST}
        longest = sorted(map(re.escape, known), key=len, reverse=True)  # an id may be a part of an address
        self.names = re.compile(rf"(?<![^\W_])(?:{'|'.join(longest)})(?![^\W_])") if longest else None

    def code(self, student):
        """The code of a student's id: eight letters and digits."""
        made = hmac.new(self.secret, student.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        code = base64.b32encode(made).decode().lower()
        return f"{code[:4]}-{code[4:8]}"

    def text(self, line):
        """A line without what it quotes, without the file that it begins with, and without the names of the class.

        Names are matched as the gradebook writes them: "may" stays where somebody is called May.
        """
        line = FILE.sub("a file", QUOTED.sub(LEFT_OUT, line))
        return self.names.sub(LEFT_OUT, line) if self.names else line

    def record(self, noted):
        """A record.Record, or None, with lines that name nobody."""
        if noted is None:
            return None
        lists = {name: tuple(map(self.text, getattr(noted, name))) for name in ("notes", "costs", "human")}
        return noted._replace(problem=self.text(noted.problem), **lists)

    def class_(self, class_):
        """A marks.Class with codes for ids, in their order, and no names, addresses and files."""
        students = {code: marks.Person(code, "", "", "", "") for code in sorted(map(self.code, class_.students))}
        exercises = {}
        for slug, found in class_.exercises.items():
            hidden = sorted((self._mark(mark) for mark in found.marks.values()), key=lambda mark: mark.student)
            exercises[slug] = found._replace(marks={mark.student: mark for mark in hidden})
        return marks.Class(students, exercises)

    def _mark(self, mark):
        return mark._replace(
            student=self.code(mark.student),
            notebook=None,
            record=self.record(mark.record),
            seen={label: self.text(line) for label, line in mark.seen.items()},
        )


def secret(course):
    """The secret of a class, which is made when it is first asked for: the gradebook's file with `.key` after its name.

    A gradebook on a server has it in the course folder. Whoever loses it has other codes from then on.
    """
    address = make_url(course.db_url)
    is_file = address.drivername.startswith("sqlite") and address.database
    path = Path(f"{address.database}.key") if is_file else Path(course.root, "gradebook.db.key")
    if not path.exists():
        private.write(path, secrets.token_hex(32))
    return path.read_bytes()


def _handed_in(course):
    """The ids of all who have handed in something, marked or not."""
    submitted = course.format_path(course.submitted_directory, "", "").rstrip("/")
    return {student for slug in slugs() for student in grade.find_submissions(submitted, slug)[0]}
