"""Who marks without names learns none: not from a text, the name of a file, an address, or the order of a list."""

import json
import re
import shutil
import stat

import pytest
from entering import course_at, enter, opened
from marking import SLUG, hand_in

from grading import commands, feedback_pages, gradebook, marks, record, report
from grading.anonymous import Hidden

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own order of adding rows

PEOPLE = {
    "ada": ("Ada", "Lovelace", "ada@school.example"),
    "bp-1623": ("Blaise", "Pascal", "pascal@school.example"),
    "zoe": ("Zoe", "Last", "zoe.last@school.example"),
    "m77": ("May", "Wright", "may@school.example"),
}
TELLING = sorted({part for student, parts in PEOPLE.items() for part in (student, *parts)})


@pytest.fixture
def root(tmp_path, fresh_gradebook):
    """A class whose files, notes and messages are full of names."""
    shutil.copy(fresh_gradebook, tmp_path)
    taken = "'Ada Lovelace two-step.ipynb' was taken for two-step.ipynb"
    enter(tmp_path, "ada", notes=(taken,), human=('"Ada\'s try.ipynb" was left aside',))
    enter(tmp_path, "bp-1623", problem="Pascal two-step (1).ipynb holds none of the cells of two-step")
    enter(tmp_path, "m77", ["check-gradient"], human=("a cell of Wright may differ",))
    with opened(tmp_path) as book:
        for student, (first, last, email) in PEOPLE.items():
            book.update_or_create_student(student, first_name=first, last_name=last, email=email)
        book.db.commit()
    hand_in(tmp_path, "zoe", "{}")
    (tmp_path / "submitted" / "Ada's notes.txt").write_text("")
    return tmp_path


def names_in(text):
    return [name for name in TELLING if re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text)]


def written(folder):
    """The names and the texts of all files below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in files}


def test_a_report_without_names_names_nobody_and_one_with_names_does(root):
    report.write(root / "named", course_at(root))
    assert set(names_in("".join(map("".join, written(root / "named").items())))) == set(TELLING)
    report.write(root / "hidden", course_at(root), Hidden(course_at(root)))
    found = written(root / "hidden")
    assert {name: names_in(name + text) for name, text in found.items()} == {name: [] for name in found}
    assert len(found) == len(PEOPLE) + 1


def test_the_report_without_names_has_the_same_points_and_reasons(root):
    hidden = Hidden(course_at(root))
    page = report.write(root / "hidden", course_at(root), hidden).read_text(encoding="utf-8")
    assert "a cell of … may differ" in page
    assert "a file holds none of the cells of two-step" in page
    assert "There are some; the report with names lists them." in page
    for code in map(hidden.code, PEOPLE):
        assert code in page


def test_students_come_in_the_order_of_their_codes(root):
    hidden = Hidden(course_at(root))
    class_ = hidden.class_(marks.read(course_at(root)))
    assert list(class_.students) == sorted(map(hidden.code, PEOPLE))
    assert list(class_.exercises[SLUG].marks) == sorted(class_.exercises[SLUG].marks)
    page = report.write(root / "hidden", course_at(root), hidden).read_text(encoding="utf-8")
    orders = re.findall(r'<td data-order="([^"]*)"><a', page)
    assert orders
    assert set(orders) <= set(class_.students)


def test_a_code_is_the_same_each_time_and_another_one_in_another_class(root, tmp_path_factory):
    first, again = Hidden(course_at(root)), Hidden(course_at(root))
    other = Hidden(course_at(tmp_path_factory.mktemp("other")))
    assert [first.code(s) for s in PEOPLE] == [again.code(s) for s in PEOPLE]
    assert len({first.code(s) for s in PEOPLE} | {other.code(s) for s in PEOPLE}) == 2 * len(PEOPLE)


def test_the_secret_lies_beside_the_gradebook_for_its_owner_alone(root):
    Hidden(course_at(root))
    path = root / "gradebook.db.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = Hidden(course_at(root)).code("ada")
    path.unlink()
    assert Hidden(course_at(root)).code("ada") != before


def test_who_tells_whose_a_code_is_also_of_who_is_not_marked_yet(root, monkeypatch, capsys):
    monkeypatch.setattr(marks, "course_at", lambda db: course_at(root))
    hand_in(root, "new-one", "{}")
    hidden = Hidden(course_at(root))
    assert commands.main(["who", hidden.code("bp-1623")]) == 0
    assert capsys.readouterr().out == f"{hidden.code('bp-1623')}  bp-1623  Blaise Pascal\n"
    assert commands.main(["who"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[1] for line in lines} == {*PEOPLE, "new-one"}
    assert lines == sorted(lines)
    assert commands.main(["who", "no-body"]) == 2
    assert "is the code of nobody in this class" in capsys.readouterr().err


def test_the_command_writes_beside_the_report_with_names(root, monkeypatch, capsys):
    monkeypatch.setattr(marks, "course_at", lambda db: course_at(root))
    monkeypatch.setattr(report, "FOLDER", root / "report")
    assert commands.main(["report", "--anonymous"]) == 0
    assert (root / "report-anonymous" / "index.html").exists()
    assert not (root / "report").exists()
    assert names_in(capsys.readouterr().out.replace(str(root), "")) == []


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("'Ada.ipynb' was left aside", "… was left aside"),
        ("Lovelace, Ada.ipynb holds none of the cells", "a file holds none of the cells"),
        ("a test may have taken too long", "a test may have taken too long"),
        ("mail to zoe.last@school.example", "mail to …"),
        ("Wrightly put", "Wrightly put"),
    ],
)
def test_a_line_keeps_what_names_nobody(root, line, hidden):
    assert Hidden(course_at(root)).text(line) == hidden


def test_pages_of_feedback_without_names_are_files_of_their_own(small_class, monkeypatch, capsys):
    for student in ("ada", "bp-1623"):
        small_class.hand_in(student)
        path = gradebook.autograded(small_class.course(), SLUG, student)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        note = f"'{student}-two-step.ipynb' was taken for two-step.ipynb"
        record.put(notebook, record.of(notebook)._replace(notes=(note,)))
        path.write_text(json.dumps(notebook), encoding="utf-8")
    monkeypatch.setattr(feedback_pages, "load_config", lambda: small_class.config)
    monkeypatch.setattr(feedback_pages, "COURSE", small_class.root)
    monkeypatch.setattr(feedback_pages, "FOLDER", small_class.root / "_build" / "feedback-anonymous")
    assert commands.main(["feedback", SLUG, "--anonymous"]) == 0
    said = capsys.readouterr().out
    found = written(small_class.root / "_build" / "feedback-anonymous")
    code = Hidden(small_class.course()).code
    assert set(found) == {f"{SLUG}/{code(student)}.html" for student in ("ada", "bp-1623")}
    assert {name: names_in(name + text) for name, text in found.items()} == {name: [] for name in found}
    assert names_in(said.replace(str(small_class.root), "")) == []
    assert not (small_class.root / "feedback").exists()
    assert commands.main(["feedback", SLUG]) == 0
    assert names_in((small_class.root / "feedback" / "ada" / SLUG / f"{SLUG}.html").read_text()) == ["ada"]
