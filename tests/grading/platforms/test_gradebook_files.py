"""A platform gets its own file back: the marks are in it, and whatever else was in it is there byte for byte."""

import csv
import io
import itertools
import json
import random
import re
import shutil

import pytest
from entering import course_at, enter, opened
from marking import SLUG

from grading import commands, marks
from grading.platforms import gradebook_layouts, place, table

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own order of adding rows
# id, last name, first name: what a writer of CSV has to quote, and what it must not understand.
CLASS = [
    ("ada", "Lovelace", "Ada"),
    ("=1+1", 'O"Brien, the 2nd', "Änne"),
    ("müller", "Müller", "Jürgen; or not"),
    ("liwei", "李", "伟\n(Wei)"),
    ("zoe", "Zoë", "- none -"),  # has handed in nothing
]
LOST = {"ada": [], "=1+1": ["test-gradient"], "müller": ["check-gradient"], "liwei": ["test-gradient"]}


@pytest.fixture(scope="module")
def marked(tmp_path_factory, fresh_gradebook):
    """A class of five, of whom four have marks, one after a penalty."""
    root = tmp_path_factory.mktemp("class")
    shutil.copy(fresh_gradebook, root)
    for student, lost in LOST.items():
        enter(root, student, lost, penalty=0.5 if student == "liwei" else 0.0)
    with opened(root) as book:
        for student, last, first in CLASS:
            book.update_or_create_student(student, last_name=last, first_name=first, email=f"{first[:1]}@example.org")
        book.db.commit()
    return root


@pytest.fixture
def give(root, monkeypatch, capsys):
    """Give a file to the command; return the status, the bytes of what was written, or None, and what was printed."""
    monkeypatch.setattr(marks, "course_at", lambda _: course_at(root))

    def run(platform, data, *arguments, name="export.csv", exercise=(SLUG,)):
        (root / name).write_bytes(data)
        before = set(root.iterdir())
        status = commands.main(["export", *exercise, f"--{platform}", str(root / name), *arguments])
        written = set(root.iterdir()) - before
        assert (root / name).read_bytes() == data, "the file that was given stays as it is"
        return status, written.pop().read_bytes() if written else None, "".join(capsys.readouterr())

    return run


@pytest.fixture
def points(root):
    """{student: the points that count}."""
    found = marks.read(course_at(root)).exercises[SLUG].marks
    return {student: mark.points for student, mark in found.items()}


def written_as(value, comma):
    return f"{value:g}".replace(".", ",") if comma else f"{value:g}"


def rows_to_bytes(rows, separator=",", end="\n", encoding="utf-8", quoting=csv.QUOTE_MINIMAL):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue().encode(encoding)


def canvas(given, *, separator=",", comma=False, encoding="utf-8", most="15", title="Two-step (4711)", apart=False):
    """What Canvas exports, with marks for some."""
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Notes", "Quiz (1)", title, "Two-steps (2)"]
    header += ["Assignments Current Score", "Final Score"]
    rows = [header, ["", "", "", "", "", "", "", "Manual Posting", "", "", ""]]
    rows.append(["    Points Possible", *[""] * 5, "10", most, "1", "(read only)", "(read only)"])
    for number, (student, last, first) in enumerate(CLASS):
        mark = written_as(given[student], comma) if student in given else ""
        ids = [f"{last}, {first}", str(100 + number), student, f"{number}@login"]
        rows.append([*ids, "A and B", "007", "3.50", mark, "", "35.00", "N/A"])
    rows.append(["Student, Test", "999", "", "f" * 40, "A", "", "", "", "", "", ""])
    if apart:  # two columns for the name
        rows = [[*f"{row[0]}, ".split(", ")[:2], *row[1:]] for row in rows]
        rows[0][:2] = ["LastName", "FirstName"]
    return rows_to_bytes(rows, separator, encoding=encoding)


ENGLISH = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)
GERMAN = (
    "ID,Vollständiger Name,Matrikelnummer,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,"
    "Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Rückmeldung"
)
FRENCH = (
    "Identifiant,Nom complet,Numéro,Adresse,Statut,Note,Note maximale,La note peut être modifiée,"  # codespell:ignore
    "Dernière modification (travail remis),Dernière modification (note),Commentaires"
)
SPANISH = (
    "Identificador,Nombre,Número,Correo,Estado,Calificación,Calificación máxima,Puede cambiarse,"
    "Última modificación (entrega),Última modificación (calificación),Comentarios"
)
JAPANESE = (
    "ID,フルネーム,IDナンバー,メールアドレス,ステータス,評点,最大評点,評点を変更できる,"
    "最終更新日時 (提出),最終更新日時 (評定),コメント"
)
PARTICIPANT = {ENGLISH: "Participant ", GERMAN: "Teilnehmer/in", FRENCH: "Participant ", SPANISH: "Participante "}


def moodle(given, header=ENGLISH, *, comma=False, most="15.00", can=lambda _: "Yes", ids=lambda student: student):
    """The worksheet that Moodle gives out, with marks for some."""
    rows = [header.split(",")]
    for number, (student, last, first) in enumerate(CLASS):
        mark = written_as(given[student], comma) if student in given else ""
        who = [
            PARTICIPANT.get(header, "参加者") + str(1000 + number),
            f"{first} {last}",
            ids(student),
            f"{number}@x.org",
        ]
        when = "Thursday, 1 January 2026, 12:00 PM"
        most = most.replace(".", ",") if comma else most
        rows.append([*who, "Submitted for grading", mark, most, can(student), when, "-", "<p>so, so</p>"])
    return rows_to_bytes(rows, encoding="utf-8-sig", end="\r\n")


def blackboard(given, *, tabs=True):
    """What Blackboard gives out for work offline, with marks for some."""
    header = ["Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability"]
    header += ["Total [Total Pts: up to 40 Score] |11", "Two-step [Total Pts: 15 Score] |12", "Quiz [Total Pts: 2] |13"]
    rows = [header]
    for number, (student, last, first) in enumerate(CLASS):
        mark = written_as(given[student], False) if student in given else ""
        rows.append([last, first, student, f"S{number}", "2026-01-01 12:00:00", "Yes", "7", mark, "In Progress"])
    separator, encoding = ("\t", "utf-16") if tabs else (",", "utf-8-sig")
    return rows_to_bytes(rows, separator, encoding=encoding, quoting=csv.QUOTE_ALL)


def brightspace(given):
    """What Brightspace exports, with marks for some."""
    header = ["OrgDefinedId", "Username", "Last Name", "First Name", "Email", "Quiz Points Grade <Numeric MaxPoints:2>"]
    header += ["Two-step Points Grade <Numeric MaxPoints:15 Weight:10 Category:Work CategoryWeight:15>"]
    header += ["Calculated Final Grade Numerator", "End-of-Line Indicator"]
    rows = [header]
    for number, (student, last, first) in enumerate(CLASS):
        mark = written_as(given[student], False) if student in given else ""
        rows.append([f"#{7000 + number}", f"#{student}", last, first, f"{number}@x.org", "", mark, "", "#"])
    return rows_to_bytes(rows, encoding="utf-8-sig", end="\r\n")


FILES = {
    "canvas": ("canvas", canvas, {}),
    "canvas-semicolon": ("canvas", canvas, {"separator": ";", "comma": True, "encoding": "utf-8-sig", "most": "15,00"}),
    "canvas-comma-in-quotes": ("canvas", canvas, {"comma": True, "most": "15,00"}),
    "canvas-two-names": ("canvas", canvas, {"apart": True}),
    "moodle": ("moodle", moodle, {}),
    "moodle-german": ("moodle", moodle, {"header": GERMAN, "comma": True}),
    "moodle-french": ("moodle", moodle, {"header": FRENCH, "comma": True}),
    "moodle-spanish": ("moodle", moodle, {"header": SPANISH, "comma": True}),
    "moodle-japanese": ("moodle", moodle, {"header": JAPANESE}),
    "blackboard-tabs": ("blackboard", blackboard, {}),
    "blackboard-commas": ("blackboard", blackboard, {"tabs": False}),
    "brightspace": ("brightspace", brightspace, {}),
}


@pytest.mark.parametrize(("platform", "make", "how"), FILES.values(), ids=FILES)
def test_the_file_comes_back_with_the_marks_and_no_other_byte_changed(platform, make, how, give, points):
    status, written, said = give(platform, make({}, **how))
    assert written == make(points, **how)
    assert status == 0, said
    assert f"This is a {gradebook_layouts.PLATFORMS[platform].file}; its column " in said
    assert "with 4 marks" in said
    assert "penalty for being late is taken off 1 of the marks" in said
    assert "no mark for two-step here and stay as they are" in said
    assert f"Next: {gradebook_layouts.PLATFORMS[platform].back}." in said


def read_canvas(data):
    """{number of the student: points} as Canvas takes them: the assignment by its number, commas as points."""
    text = data.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text), delimiter=max(";,", key=text.splitlines()[0].count)))
    header = lines[0]
    assert (header[0], header[1], header[4]) == ("Student", "ID", "Section")
    at = next(i for i, title in enumerate(header) if re.search(r"\(4711\)$", title))
    found = {row[1]: row[at].strip().replace(",", ".") for row in lines[1:] if row[1]}
    return {student: float(mark) for student, mark in found.items() if mark}


def read_moodle(data, grade, changed, identifier, word):
    """{number of the participant: points} as Moodle's importer takes them, with the words of a site's language."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert {grade, changed, identifier} <= set(header)
    found = {row[header.index(identifier)][len(word) :]: row[header.index(grade)].replace(",", ".") for row in rows}
    return {student: float(mark) for student, mark in found.items() if mark}


def read_blackboard(data):
    """{user name: points} of the column with the number 12."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-16"), newline=""), delimiter="\t")
    at = next(i for i, title in enumerate(header) if title.endswith("|12"))
    return {row[header.index("Username")]: float(row[at]) for row in rows if row[at]}


def read_brightspace(data):
    """{user name: points} of the item Two-step; a row ends with its sign."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    at = next(i for i, title in enumerate(header) if title.startswith("Two-step Points Grade"))
    assert all(row[-1] == "#" for row in rows)
    return {row[1].removeprefix("#"): float(row[at]) for row in rows if row[at]}


def test_each_platform_reads_the_marks_out_of_its_file(give, points):
    by_number = {str(number): points[student] for number, (student, *_) in enumerate(CLASS) if student in points}
    assert set(points.values()) == {15.0, 14.0, 12.0, 11.5}
    _, written, _ = give("canvas", canvas({}, separator=";", comma=True, encoding="utf-8-sig", most="15,00"))
    assert read_canvas(written) == {str(100 + int(number)): mark for number, mark in by_number.items()}
    _, written, _ = give("moodle", moodle({}, GERMAN, comma=True), name="a.csv")
    german = "Bewertung", "Zuletzt geändert (Bewertung)", "ID", "Teilnehmer/in"
    assert read_moodle(written, *german) == {str(1000 + int(number)): mark for number, mark in by_number.items()}
    _, written, _ = give("blackboard", blackboard({}), name="b.xls")
    assert read_blackboard(written) == points
    _, written, _ = give("brightspace", brightspace({}), name="c.csv")
    assert read_brightspace(written) == points


@pytest.mark.parametrize(
    ("name", "asked"),
    [(name, asked) for name in FILES for asked in gradebook_layouts.PLATFORMS if FILES[name][0] != asked],
)
def test_a_file_of_another_platform_is_named_in_one_sentence(name, asked, give):
    platform, make, how = FILES[name]
    status, written, said = give(asked, make({}, **how))
    assert (status, written) == (2, None)
    what = gradebook_layouts.PLATFORMS[platform].file
    assert said.startswith(f"error: export.csv is a {what}: give it with --{platform}\n")


@pytest.mark.parametrize("platform", gradebook_layouts.PLATFORMS)
@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04 and so on", "is a spreadsheet of Excel"),
        (b"", "is no "),
        (b"name,mark\nada,3\n", "is no "),
        (b"\xff\xfea", "is not text"),
        (moodle({}).replace(b",", b";"), "is no "),
        (b'"' * 1000, "is no "),
    ],
)
def test_what_is_no_file_of_marks_is_refused_with_what_to_give(platform, data, why, give):
    status, written, said = give(platform, data)
    assert (status, written) == (2, None)
    assert said.startswith(f"error: export.csv {why}")


@pytest.mark.parametrize(("platform", "make", "how"), [FILES["canvas"], FILES["moodle"], FILES["brightspace"]])
def test_without_a_row_for_each_mark_nothing_is_written_but_with_partial(platform, make, how, give, root, points):
    enter(root, "stranger")
    status, written, said = give(platform, make({}, **how))
    assert (status, written) == (2, None)
    assert "  stranger has no row in the file" in said.splitlines()
    status, written, said = give(platform, make({}, **how), "--partial")
    assert status == 1
    assert written == make(points, **how)


def test_two_rows_that_may_be_one_students_are_said_and_neither_is_filled(give, root, points):
    with opened(root) as book:
        book.update_or_create_student("ada", last_name=None, first_name=None)
        book.db.commit()
    data = moodle({}, ids=lambda student: "ada" if student == "zoe" else student)
    status, written, said = give("moodle", data, "--partial")
    assert status == 1
    assert "  ada has 2 possible rows in the file" in said.splitlines()
    left = {student: mark for student, mark in points.items() if student != "ada"}
    assert written == moodle(left, ids=lambda student: "ada" if student == "zoe" else student)


def test_two_students_never_get_the_same_row(give, root, points):
    enter(root, "other")
    with opened(root) as book:
        book.update_or_create_student("other", email="0@x.org")  # the address in ada's row
        book.db.commit()
    status, written, said = give("brightspace", brightspace({}), "--partial")
    assert status == 1
    assert "  ada and other have the same row in the file" in said.splitlines()
    assert written == brightspace({student: mark for student, mark in points.items() if student != "ada"})


def test_a_row_with_the_id_of_somebody_else_is_not_taken_by_name(give, root, points):
    """Two people of one name: one has dropped out and is in no row, the other has handed in nothing."""
    enter(root, "zoe-before")
    with opened(root) as book:
        book.update_or_create_student("zoe-before", last_name=CLASS[-1][1], first_name=CLASS[-1][2])
        book.db.commit()
    status, written, said = give("canvas", canvas({}), "--partial")
    assert status == 1
    assert "  zoe-before has no row in the file" in said.splitlines()
    assert written == canvas(points)


def renamed(root, student, first="", last="", **fields):
    with opened(root) as book:
        book.update_or_create_student(student, first_name=first, last_name=last, **fields)
        book.db.commit()


NUMBER = "999"  # which Canvas has given to `Student, Test`


@pytest.mark.parametrize(("first", "last"), [("Jane", "Roe"), ("", "")], ids=["another name", "no name"])
def test_an_id_that_is_canvass_number_of_somebody_else_is_asked_about(first, last, give, root, points):
    enter(root, NUMBER)
    renamed(root, NUMBER, first, last)
    status, written, said = give("canvas", canvas({}), "--partial")
    assert status == 1
    assert f"999 is the platform's own number of Test Student, and the id of {first or 'whom?'}" in said
    assert written == canvas(points)


def test_an_id_that_is_canvass_number_is_taken_where_a_name_or_the_gradebook_or_canvas_says_so(give, root, points):
    enter(root, NUMBER)
    filled = canvas(points).replace(b"ff,A,,,,", b"ff,A,,,15,")
    renamed(root, NUMBER, "Test", "Student")
    assert give("canvas", canvas({}), name="a.csv")[:2] == (0, filled)
    renamed(root, NUMBER, lms_user_id=NUMBER)
    assert give("canvas", canvas({}), name="b.csv")[:2] == (0, filled)
    renamed(root, NUMBER, lms_user_id=None)
    folder = root / "submitted" / NUMBER / SLUG
    folder.mkdir(parents=True)
    kept = {"platform": "canvas", "folder": "", "file": "studenttest_999_9_two-step.ipynb", "user_id": NUMBER}
    (folder / place.RECORD).write_text(json.dumps(kept))
    assert give("canvas", canvas({}), name="c.csv")[:2] == (0, filled)


def test_an_id_that_is_canvass_number_of_one_and_the_schools_of_another_needs_a_name(give, root, points):
    data = canvas({}).replace(b",999,", b",ada,")
    status, written, said = give("canvas", data)
    assert (status, written) == (0, canvas(points).replace(b",999,", b",ada,")), said
    renamed(root, "ada")
    status, written, said = give("canvas", data, "--partial", name="b.csv")
    assert status == 1
    assert "  ada has 2 possible rows in the file" in said.splitlines()


def test_a_number_that_came_with_a_file_takes_nobodys_row(give, root, points):
    folder = root / "submitted" / "müller" / SLUG
    folder.mkdir(parents=True)
    kept = {"platform": "canvas", "folder": "", "file": "x.ipynb", "user_id": "100"}  # which is ada's
    (folder / place.RECORD).write_text(json.dumps(kept))
    _, written, said = give("canvas", canvas({}))
    assert written == canvas(points), said
    data = canvas({}).replace("müller,2@login".encode(), b"other,2@login").replace("Müller".encode(), b"Miller")
    status, written, said = give("canvas", data, name="b.csv")
    assert (status, written) == (2, None)
    assert "  müller has no row in the file" in said.splitlines()


def test_the_id_that_the_platform_gave_with_the_file_finds_the_row(give, root, points):
    """In blind marking, Moodle's worksheet has nothing but a number that is in the names of the files as well."""
    blind = moodle({}, ids=lambda _: "")
    assert give("moodle", blind, name="a.csv")[0] == 0, "by name"
    with opened(root) as book:
        for student, *_ in CLASS:
            book.update_or_create_student(student, last_name=None, first_name=None)
        book.db.commit()
    assert give("moodle", blind, name="b.csv")[:2] == (2, None)
    for number, (student, *_) in enumerate(CLASS[:4]):
        folder = root / "submitted" / student / SLUG
        folder.mkdir(parents=True)
        kept = {"platform": "moodle", "folder": "", "file": "x.ipynb", "user_id": str(1000 + number)}
        (folder / place.RECORD).write_text(json.dumps(kept))
    status, written, said = give("moodle", blind, name="c.csv")
    assert (status, written) == (0, moodle(points, ids=lambda _: "")), said


def test_a_column_that_is_not_clear_is_asked_for(give, points):
    unclear = canvas({}, title="Homework 3 (4711)")
    status, written, said = give("canvas", unclear)
    assert (status, written) == (2, None)
    assert "--column with one of these: Quiz (1) | Homework 3 (4711) | Two-steps (2)" in said
    status, written, said = give("canvas", unclear, "--column", "Homework 3 (4711)")
    assert (status, written) == (0, canvas(points, title="Homework 3 (4711)")), said
    status, written, said = give("canvas", unclear, "--column", "Final Score", name="b.csv")
    assert (status, written) == (2, None)
    assert "has no single column 'Final Score'; it has these: Quiz (1) | " in said


def test_a_column_with_the_name_among_other_words_is_asked_about_and_filled_when_it_is_given(give, points):
    title = "Week 2: Two step, at home (4711)"
    status, written, said = give("canvas", canvas({}, title=title))
    assert (status, written) == (2, None)
    assert f"for two-step; give --column with one of these: {title}\n" in said
    _, written, _ = give("canvas", canvas({}, title=title), "--column", title, name="b.csv")
    assert written == canvas(points, title=title)


def test_a_worksheet_that_names_another_exercise_is_refused(give, points):
    status, written, said = give("moodle", moodle({}), name="Grades-BPTT-T steps-123.csv")
    assert (status, written) == (2, None)
    assert "is about t-steps, not two-step" in said
    _, written, _ = give("moodle", moodle({}), "--column", "Grade", name="Grades-BPTT-T steps-123.csv")
    assert written == moodle(points)


def test_a_maximum_that_differs_is_said_and_marks_are_scaled_when_asked(give, points):
    data = moodle({}, most="100.00")
    status, written, said = give("moodle", data)
    assert status == 1
    assert "The column is out of 100, the marks that are written are out of 15 points" in said
    assert written == moodle(points, most="100.00")
    scaled = {student: round(mark * 100 / 15, 2) for student, mark in points.items()}
    for name, how in (("a.csv", "--scale"), ("b.csv", "--percent")):
        status, written, said = give("moodle", data, how, name=name)
        assert (status, written) == (0, moodle(scaled, most="100.00")), said


def test_canvas_gets_per_cent_with_their_sign(give, points):
    _, written, said = give("canvas", canvas({}, most="4"), "--percent")
    shares = [row[7] for row in csv.reader(io.StringIO(written.decode())) if row[1].startswith("10")]
    assert shares == [
        "100%",
        *(f"{points[student] * 100 / 15:.2f}".rstrip("0").rstrip(".") + "%" for student in list(LOST)[1:]),
        "",
    ]
    assert "out of" not in said


def test_who_handed_in_nothing_gets_0_when_asked(give, root, points):
    status, written, said = give("moodle", moodle({}), "--missing-zero")
    assert (status, written) == (0, moodle(points | {"zoe": 0.0})), said
    (root / "submitted" / "zoe" / SLUG).mkdir(parents=True)
    status, written, said = give("moodle", moodle({}), "--missing-zero", "--partial", name="b.csv")
    assert (status, written) == (2, None)
    assert "zoe handed in two-step and is not marked yet" in said


def test_who_is_excused_or_locked_keeps_what_the_platform_says(give, points):
    excused = canvas({}).replace(b"0@login,A and B,007,3.50,,", b"0@login,A and B,007,3.50,EX,")
    _, written, said = give("canvas", excused)
    left = {student: mark for student, mark in points.items() if student != "ada"}
    assert written == canvas(left).replace(b"0@login,A and B,007,3.50,,", b"0@login,A and B,007,3.50,EX,")
    assert "The cell of ada stays as it is: the platform says EX." in said
    german = {"header": GERMAN, "comma": True, "can": lambda student: "Nein" if student == "ada" else "Ja"}
    _, written, said = give("moodle", moodle({}, **german), name="b.csv")
    assert written == moodle(left, **german)
    assert "The cell of ada stays as it is: Moodle says that its mark cannot be changed." in said


def test_an_earlier_mark_is_replaced_and_counted(give, points):
    _, written, said = give("brightspace", brightspace({"ada": 15.0, "müller": 3.0, "zoe": 9.0}))
    assert written == brightspace(points | {"zoe": 9.0})
    assert "1 of the cells held something else, which is replaced." in said


def test_a_scale_and_a_total_take_no_points(give):
    status, written, said = give("moodle", moodle({}, most="-"))
    assert (status, written) == (2, None)
    assert "is marked by a scale in Moodle" in said
    status, written, said = give("blackboard", blackboard({}), "--column", "Total")
    assert (status, written) == (2, None)
    assert "is worked out by Blackboard" in said


def test_the_file_is_for_its_owner_alone_and_no_other_is_written_over(give, root, points):
    data = brightspace({})
    assert give("brightspace", data)[0] == 0
    (output,) = root.glob("export-*.csv")
    assert output.stat().st_mode & 0o777 == 0o600
    assert give("brightspace", data)[0] == 0, "the same again"
    output.write_text("mine")
    status, _, said = give("brightspace", data)
    assert status == 2
    assert "is there already" in said
    assert output.read_text() == "mine"
    (root / "elsewhere").mkdir()
    give("brightspace", data, "--output", str(root / "elsewhere"))
    assert (root / "elsewhere" / output.name).read_bytes() == brightspace(points)
    status, _, said = give("brightspace", data, "--output", str(root / "export.csv"))
    assert status == 2
    assert (root / "export.csv").read_bytes() == data


def test_an_option_or_a_file_that_makes_no_sense_gets_one_sentence(root, give, capsys):
    for option in (["--column", "x"], ["--percent"], ["--scale"], ["--missing-zero"], ["--output", "x"]):
        assert commands.main(["export", SLUG, "--csv", str(root / "x.csv"), *option]) == 2
        said = capsys.readouterr().err
        assert said.startswith(
            f"error: {option[0]} is about a platform's file: give it as well, with one of --canvas FILE"
        )
    assert not (root / "x.csv").exists()
    assert commands.main(["export", SLUG, "--moodle", str(root / "nothing.csv")]) == 2
    assert capsys.readouterr().err.startswith(f"error: there is no file {root}/nothing.csv: give the file")
    status, written, said = give("canvas", canvas({}), "--moodle", str(root / "export.csv"))
    assert (status, written) == (2, None)
    assert said.startswith("error: give one file at a time, not --canvas and --moodle\n")


def test_marks_at_which_a_human_should_look_are_said(give, root):
    enter(root, "ada", waits=["test-gradient"])
    enter(root, "müller", problem="two-step.ipynb is missing")
    status, written, said = give("canvas", canvas({}))
    assert status == 1
    assert written
    assert "2 of these marks need a human, as the report says: ada, müller" in said


def test_the_exercise_need_not_be_named_where_the_file_has_one_column_for_one(give, root, points):
    with opened(root) as book:
        book.add_assignment("t-steps")
    _, written, said = give("canvas", canvas({}), exercise=())
    assert written == canvas(points), said
    _, written, said = give("moodle", moodle({}), exercise=(), name="Two step.csv")
    assert written == moodle(points), said
    status, written, said = give("moodle", moodle({}), exercise=(), name="Grades.csv")
    assert (status, written) == (2, None)
    assert "with SLUG one of t-steps, two-step" in said


@pytest.mark.parametrize("separator", ",;\t")
def test_any_text_is_covered_by_its_fields_and_stays_as_it_is(separator):
    draw = random.Random(7)
    for _ in range(500):
        text = "".join(draw.choices(f'{separator}"\r\n a,;é\ufeff', k=draw.randrange(30)))
        found = table.parse(text, separator)
        spans = [field[:2] for row in found.rows for field in row]
        between = [text[end:start] for (_, end), (start, _) in itertools.pairwise(spans)]
        assert set(between) <= {separator, "\n", "\r\n", "\r"}, repr(text)
        assert found.replaced({}) == text
        row = draw.randrange(len(found.rows))
        column = draw.randrange(len(found.rows[row]))
        field = found.rows[row][column]
        changed = found.replaced({(row, column): 'x"\n'})
        assert changed == text[: field.start] + '"x""\n"' + text[field.end :]


def test_well_formed_files_are_read_as_pythons_own_reader_does():
    draw = random.Random(8)
    for _ in range(200):
        rows = [["".join(draw.choices(',"\n xé', k=draw.randrange(6))) for _ in range(3)] for _ in range(3)]
        end = draw.choice(["\n", "\r\n"])
        quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        text = rows_to_bytes([["h", "h", "h"], *rows], end=end, quoting=quoting).decode()
        found = table.parse(text, ",")
        assert [[field.value for field in row] for row in found.rows[1:]] == rows


def test_a_long_file_of_open_quotes_takes_no_time():
    """Each of these fields may be looked at once for its end, not once for each that follows."""
    found = table.parse('x"' * 200_000 + "\n" + '"",' * 200_000, ",")
    assert len(found.rows) == 2
