"""Every page of feedback says what the marks are now, whatever the id of its student, and no page stops another."""

from datetime import timedelta

import pytest
from marking import SLUG, text_of
from small_class import ANSWERS

from grading import commands, feedback_pages, gradebook, marks
from grading.answers import known_answers

LATE = "2026-01-11 11:00 UTC"
WORSE = next(answer for answer in known_answers(SLUG) if answer.name == "message-without-w").cells
ODD = [
    "a[b]*?",
    "*",
    "[!x]",
    "-rf",
    ".hidden",
    "new\nline",
    "M\u00fcller, J\u00f6rg",
    "{student_id}",
    "%s",
    "=1+1",
    "a\\b",
    "x" * 128,
]
LEADS_OUT = ["..", ".", "", "a/b", "../../ada", "/etc"]


def write(made, *students):
    return {
        page.student: page.state or page.problem
        for page in feedback_pages.write(SLUG, made.config, [*students] or None)
    }


def page(made, student):
    return made.root / "feedback" / student / SLUG / f"{SLUG}.html"


def are_current(made):
    with made.book() as book:
        return [feedback_pages.is_current(book, made.course(), SLUG, student) for student in ("ada", "blaise")]


def text(made, student):
    return " ".join(text_of(page(made, student).read_text(encoding="utf-8")).split())


def test_a_page_is_written_once_and_kept_until_something_changes(small_class):
    small_class.hand_in("ada")
    small_class.hand_in("blaise")
    assert write(small_class) == {"ada": "written", "blaise": "written"}
    before = page(small_class, "ada").stat().st_mtime_ns
    assert write(small_class) == {"ada": "kept", "blaise": "kept"}
    assert page(small_class, "ada").stat().st_mtime_ns == before


def hand_in_worse(made):
    made.hand_in("ada", LATE, WORSE)
    return "8 of 15 points", "All of it is right"


def give_a_mark(made):
    with made.book() as book:
        book.find_grade("test-gradient", SLUG, SLUG, "ada").manual_score = 1.0
        book.db.commit()
    return "11 of 15 points", ""


def comment(made):
    with made.book() as book:
        book.find_comment("gradient", SLUG, SLUG, "ada").manual_comment = "Well done"
        book.db.commit()
    return "Well done", ""


def give_an_extension(made):
    made.change("ada", extension=timedelta(days=9))
    return "You had an extension of 9 days.", "late"


def move_the_due_date(made):
    made.change(duedate=None)
    return "15 of 15 points", "late"


def change_the_policy(made):
    made.config.LatePolicy.points_per_day = 1
    return "It was handed in 23 hours late; 1 point was taken off.", "2 points"


def lose_the_page(made):
    page(made, "ada").unlink()
    return "13 of 15 points", ""


def edit_the_page(made):
    page(made, "ada").write_text("edited, and newer than the mark")
    return "13 of 15 points", "edited"


@pytest.mark.parametrize(
    "change",
    [
        hand_in_worse,
        give_a_mark,
        comment,
        give_an_extension,
        move_the_due_date,
        change_the_policy,
        lose_the_page,
        edit_the_page,
    ],
)
def test_whatever_changes_alone_changes_the_page_of_that_student_alone(small_class, change):
    small_class.hand_in("ada", LATE)
    small_class.hand_in("blaise")
    write(small_class)
    assert "It was handed in 23 hours late; 2 points were taken off." in text(small_class, "ada")
    assert are_current(small_class) == [True, True]
    shown, gone = change(small_class)
    # A policy is in the gradebook when it has been applied, and a page is made by applying it first.
    assert are_current(small_class) == [change is change_the_policy, True]
    assert write(small_class) == {"ada": "written", "blaise": "kept"}
    assert shown in text(small_class, "ada")
    assert not gone or gone not in text(small_class, "ada")


@pytest.mark.parametrize("student", ODD)
def test_an_id_is_a_name_and_no_pattern(small_class, student):
    small_class.hand_in("a[b]x")
    small_class.hand_in(student, cells=WORSE)
    assert write(small_class) == {"a[b]x": "written", student: "written"}
    assert "10 of 15 points" in text(small_class, student)
    assert "15 of 15 points" in text(small_class, "a[b]x")
    folders = {path.name for path in (small_class.root / "feedback").iterdir()}
    assert folders == {"a[b]x", student}
    files = [path.name for path in (small_class.root / "feedback").rglob("*") if path.is_file()]
    assert files == [f"{SLUG}.html"] * 2


def everywhere_else(made):
    """All files of a class but its pages of feedback, and the locks of who works on it."""
    return {path for path in made.root.rglob("*") if "feedback" not in path.parts and path.suffix != ".lock"}


@pytest.mark.parametrize("student", [*LEADS_OUT, "y" * 300])
def test_an_id_that_names_no_folder_is_refused_alone_and_nothing_is_written_elsewhere(small_class, student):
    small_class.hand_in("ada")
    with small_class.book() as book:
        gradebook.submission_of(book, SLUG, student)
        book.find_grade("test-gradient", SLUG, SLUG, student).manual_score = 1.0
        book.db.commit()
    before = everywhere_else(small_class)
    pages = write(small_class)
    assert pages.pop("ada") == "written"
    assert pages[student].startswith("no page could be made: ")
    assert everywhere_else(small_class) == before
    assert [path.name for path in (small_class.root / "feedback").iterdir()] == ["ada"]


def test_a_folder_that_is_a_link_is_not_followed(small_class, tmp_path):
    small_class.hand_in("ada")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback" / "ada").symlink_to(elsewhere)
    assert "does not name its own folder" in write(small_class)["ada"]
    assert list(elsewhere.iterdir()) == []


def cut_off(path):
    path.write_text(path.read_text(encoding="utf-8")[:999], encoding="utf-8")


def put_a_folder_in_the_way(path):
    page = path.parents[3] / "feedback" / path.parts[-3] / SLUG / f"{SLUG}.html"
    page.mkdir(parents=True)


@pytest.mark.parametrize("harm", [cut_off, lambda path: path.unlink(), put_a_folder_in_the_way])
def test_what_hinders_the_page_of_one_student_hinders_no_other(small_class, harm):
    for student in ("ada", "blaise", "carl"):
        small_class.hand_in(student)
    harm(gradebook.autograded(small_class.course(), SLUG, "blaise"))
    pages = write(small_class)
    assert pages.pop("blaise").startswith("no page could be made: ")
    assert pages == {"ada": "written", "carl": "written"}


def test_one_student_can_be_asked_for_and_one_who_is_not_marked_is_told_with_who_may_be_meant(small_class):
    small_class.hand_in("ada")
    small_class.hand_in("blaise")
    assert write(small_class, "blaise") == {"blaise": "written"}
    assert not page(small_class, "ada").exists()
    with pytest.raises(ValueError, match=r"'adda' is not marked for two-step: did you mean ada\?"):
        write(small_class, "adda")


def test_what_the_exchange_put_beside_the_notebook_goes_along_and_everybody_else_is_kept_out(small_class):
    small_class.hand_in("ada")
    marked = gradebook.autograded(small_class.course(), SLUG, "ada").parent
    (marked / "submission_secret.txt").write_text("secret")
    (marked / "answers.toml").write_text("not for students")
    write(small_class)
    folder = page(small_class, "ada").parent
    assert sorted(path.name for path in folder.iterdir()) == ["submission_secret.txt", f"{SLUG}.html"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_command_says_how_many_pages_were_written_and_kept(small_class, monkeypatch, capsys):
    monkeypatch.setattr(feedback_pages, "load_config", lambda: small_class.config)
    monkeypatch.setattr(commands, "COURSE", small_class.root)
    monkeypatch.setattr(commands, "LOG", small_class.root / "log")
    assert commands.main(["feedback", SLUG]) == 2
    assert "nobody is marked for two-step yet: give `python -m grading autograde two-step`" in capsys.readouterr().err
    small_class.hand_in("ada")
    small_class.hand_in("blaise")
    assert commands.main(["feedback", SLUG, "--student", "ada"]) == 0
    assert capsys.readouterr().out.startswith("two-step, pages of feedback: 1 written, 0 kept.")
    with small_class.book() as book:
        gradebook.submission_of(book, SLUG, "zoe")  # for an extension
        gradebook.submission_of(book, SLUG, "..")
        book.find_grade("test-gradient", SLUG, SLUG, "..").manual_score = 1.0
        book.db.commit()
    assert commands.main(["feedback", SLUG]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "two-step, pages of feedback: 1 written, 1 kept, 1 not marked yet."
    assert said[2:] == [
        "1 need a human:",
        "  ..: no page could be made: this id does not name its own folder; give the student another one",
    ]


def test_extra_credit_hides_no_lost_point_from_what_may_have_cost_it(small_class):
    small_class.hand_in("ada", cells=WORSE | {"set-up": "import numpy"})
    for cell in ("test-gradient", "check-gradient"):  # beside what was lost, and in its place
        with small_class.book() as book:
            for grade in book.find_submission(SLUG, "ada").notebooks[0].grades:
                grade.extra_credit = 15.0 if grade.name == cell else 0.0
            book.db.commit()
        write(small_class)
        assert "What may have cost points" in text(small_class, "ada")
        mark = marks.read(small_class.course()).exercises[SLUG].marks["ada"]
        assert mark.points >= mark.most
        assert mark.costs
        assert not set(mark.costs) & set(mark.notes)


def test_where_all_is_right_extra_credit_lets_nothing_look_as_if_it_had_cost_points(small_class):
    small_class.hand_in("ada", cells=ANSWERS | {"set-up": "import numpy"})
    with small_class.book() as book:
        book.find_grade("test-gradient", SLUG, SLUG, "ada").extra_credit = 1.0
        book.db.commit()
    write(small_class)
    assert "What may have cost points" not in text(small_class, "ada")
    assert marks.read(small_class.course()).exercises[SLUG].marks["ada"].costs == ()
