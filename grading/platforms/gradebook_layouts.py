"""How each learning platform lays out its file of marks: who is in which row, and which columns can be filled.

The rules are those of the platforms' own readers: of Canvas, lib/gradebook_importer.rb; of Moodle, importgradeslib.php
and gradingtable.php of mod/assign; of Blackboard, "Work offline with grade data"; of Brightspace, "Importing grades".
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from grading.platforms import table


class Column(NamedTuple):
    """A column that holds the marks of one assignment."""

    at: int
    title: str  # its header
    name: str  # of the assignment, as far as the header says it
    most: float | None  # the points that it is out of; None if the file does not say
    refused: str = ""  # why the platform takes no marks in it


class Row(NamedTuple):
    """The row of one student."""

    at: int
    ids: tuple  # what the file gives as ids, addresses and the like
    user_id: str  # the one that files of the platform's zip carry
    name: str  # first name, then last
    locked: str = ""  # why its mark is to stay
    own_number: str = ""  # the one of the ids that the platform has given by itself; another student's may be the same


class Layout(NamedTuple):
    """What a file of marks holds."""

    columns: list
    rows: list
    kept: frozenset = frozenset()  # what says in a cell that this student gets no mark, in capitals


class Platform(NamedTuple):
    """A learning platform."""

    file: str  # what it calls its file
    where: str  # how an instructor gets it
    back: str  # how it is given back
    separators: str  # between fields, that it reads
    layout: Callable  # of a Table; None if this is no such file


def read(text, platform, name):
    """The table.Table and the Layout in the text of a file called `name`.

    Raises ValueError, with a sentence that says what to give, for what is no file of marks of that platform.
    """
    found = _read(text, PLATFORMS[platform])
    if found is None:
        other = next((key for key in PLATFORMS if key != platform and _read(text, PLATFORMS[key])), None)
        wanted = PLATFORMS[platform]
        if other:
            raise ValueError(f"{name} is a {PLATFORMS[other].file}: give it with --{other}")
        raise ValueError(f"{name} is no {wanted.file}: give the file that comes from {wanted.where}, unchanged")
    if not found[1].rows:
        raise ValueError(f"{name} has no student in it: export it again from {PLATFORMS[platform].where}")
    return found


def number(text):
    """The number that a cell holds, with a decimal point or a comma; None if it holds none, or perhaps thousands."""
    is_one = re.fullmatch(r"\s*-?\d+(\.\d+|,(?!\d{3}\s*$)\d+)?\s*", text)
    return float(text.strip().replace(",", ".")) if is_one else None


def plain(name):
    """A name, to be compared: one space between its words, and small letters."""
    return " ".join(name.split()).casefold()


def _read(text, platform):
    """The Table and the Layout, with the first separator that makes sense of the file; None if none does."""
    for separator in platform.separators:
        found = table.parse(text, separator)
        layout = platform.layout(found)
        if layout is not None:
            return found, layout
    return None


def _canvas(found):
    header = [title.strip() for title in found.values(0)]
    if header[0] not in ("Student", "LastName") or not {"ID", "Section"} <= set(header):
        return None
    possible = next((row for row in range(1, len(found.rows)) if "Points Possible" in found.value(row, 0)), None)
    known = [header.index(title) for title in CANVAS_IDS if title in header]
    columns = []
    for at, title in enumerate(header):
        named = re.fullmatch(r"(.*) \((\d+)\)", title, re.DOTALL)  # without its number, Canvas makes a new assignment
        if named and not CANVAS_TOTAL.search(title):
            most = found.value(possible, at) if possible else ""
            refused = "is read-only in Canvas" if "read only" in most else ""
            columns.append(Column(at, title, named[1], number(most), refused))
    return Layout(columns, [_canvas_row(found, row, header, known) for row in _rows(found, known[0])], EXCUSED)


def _canvas_row(found, row, header, known):
    if header[0] == "LastName":
        last, first = found.value(row, 0), found.value(row, 1)
    else:
        last, _, first = found.value(row, 0).partition(", ")
    ids = tuple(filter(None, (found.value(row, at) for at in known)))
    number = found.value(row, known[0])
    return Row(row, ids, number, f"{first} {last}", own_number=number)


def _moodle(found):
    header = [title.strip() for title in found.values(0)]
    at = _moodle_grade(header)
    rows = [row for row in _rows(found, 0) if re.fullmatch(r"\D*\d+", found.value(row, 0))]
    if not at or (len(found.rows) > 1 and not rows):
        return None
    most = number(found.value(rows[0], at + 1)) if rows else None
    refused = "is marked by a scale in Moodle, or not at all, and takes no points" if most is None else ""
    locks = [row for row in rows if {plain(found.value(row, at + 2)), plain(found.value(row, at + 3))} & NO]
    return Layout(
        [Column(at, header[at], "", most, refused)],
        [
            Row(
                row,
                tuple(filter(None, (found.value(row, column) for column in range(at)))),
                re.sub(r"\D", "", found.value(row, 0)),
                found.value(row, 1),
                "Moodle says that its mark cannot be changed" if row in locks else "",
            )
            for row in rows
        ],
    )


def _moodle_grade(header):
    """The column of the mark: another header, which says when that was changed last, ends with its name in brackets.

    This holds whatever the language of the site, but for a few that have two words for a mark. 0 if there is none.
    """
    titles = [plain(title) for title in header]
    changed = " ".join(f"{title};" for title in titles if title.endswith((")", "\uff09")))
    for at, title in enumerate(titles):
        if title and re.search(rf"[(\uff08]{re.escape(title)}[)\uff09];", changed):
            return at
    return next((at for at, title in enumerate(titles) if changed and title in MOODLE_GRADES), 0)


def _blackboard(found):
    header = [title.strip() for title in found.values(0)]
    columns = []
    for at, title in enumerate(header):
        named = re.fullmatch(r"(.*?)\s*\[[^\[\]:]*:\s*([^\[\]]*)\]\s*\|(\S+)", title, re.DOTALL)
        if named:
            most = re.match(r"[\d.,]*", named[2])[0]
            refused = "" if most else "is worked out by Blackboard"
            columns.append(Column(at, title, named[1], number(most), refused))
    if not columns or columns[0].at < 3:
        return None
    users = [at for at, title in enumerate(header) if plain(title) in BLACKBOARD_USER] or [2]
    known = list(dict.fromkeys([users[0], users[0] + 1 if users[0] + 1 < columns[0].at else users[0]]))
    return Layout(
        columns,
        [
            Row(
                row,
                tuple(filter(None, (found.value(row, at) for at in known))),
                found.value(row, known[0]),
                f"{found.value(row, 1)} {found.value(row, 0)}",
            )
            for row in _rows(found, known[0])
        ],
    )


def _brightspace(found):
    header = [title.strip() for title in found.values(0)]
    places = {plain(title): at for at, title in enumerate(header)}
    known = [places[title] for title in BRIGHTSPACE_IDS if title in places]
    columns = []
    for at, title in enumerate(header):
        named = re.fullmatch(r"(.*) Points Grade(?: <(.*)>)?", title, re.DOTALL)
        if named:
            most = re.search(r"MaxPoints:([\d.,]+)", named[2] or "")
            columns.append(Column(at, title, named[1], number(most[1]) if most else None))
    if not columns or not known or known[0] != 0:
        return None
    first, last = places.get("first name"), places.get("last name")
    rows = []
    for row in _rows(found, 0):
        ids = [found.value(row, at).removeprefix("#") for at in known]
        name = "" if None in (first, last) else f"{found.value(row, first)} {found.value(row, last)}"
        rows.append(Row(row, tuple(filter(None, ids)), ids[0], name))
    return Layout(columns, rows)


def _rows(found, at):
    """The rows below the header that have something in a column."""
    return [row for row in range(1, len(found.rows)) if found.value(row, at)]


CANVAS_IDS = "ID", "SIS User ID", "SIS Login ID", "Integration ID"
CANVAS_TOTAL = re.compile("(Current|Final|Override) (Score|Points|Grade|Status)")  # Canvas takes none for an assignment
EXCUSED = frozenset({"EX", "N/A"})
MOODLE_GRADES = {"cijfer", "評点"}
NO = {"no", "nein", "non", "nee", "nej", "nei", "não", "nie", "ne", "нет", "いいえ", "否"}
BLACKBOARD_USER = {"username", "user name", "benutzername", "nom d'utilisateur", "nombre de usuario", "gebruikersnaam"}
BRIGHTSPACE_IDS = "orgdefinedid", "username", "email"
PLATFORMS = {
    "canvas": Platform(
        "gradebook export of Canvas", "Grades > Export > Export entire gradebook", "Grades > Import", ",;", _canvas
    ),
    "moodle": Platform(
        "grading worksheet of Moodle",
        "the assignment's actions > Download grading worksheet",
        "the assignment's actions > Upload grading worksheet",
        ",",
        _moodle,
    ),
    "blackboard": Platform(
        "gradebook file of Blackboard",
        "Grade Center > Work offline > Download, user information included",
        "Grade Center > Work offline > Upload",
        ",\t",
        _blackboard,
    ),
    "brightspace": Platform(
        "grade export of Brightspace",
        "Grades > Enter grades > Export, key field Both, grade value Points",
        "Grades > Enter grades > Import",
        ",\t",
        _brightspace,
    ),
}
