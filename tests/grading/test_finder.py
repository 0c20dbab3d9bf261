"""Of all the files that lie in a hand-in, the one that is most filled in for the exercise is found, and it is said."""

import json
import os
import shutil

import pytest
from conftest import needs
from marking import FAST, SLUG, filled, release
from nbgrader.api import Gradebook

from grading import exercise, finder, grade, intake
from grading.answers import solution
from grading.autograde import autograde
from grading.course import class_at, slugs

ANSWERS = solution(SLUG).cells
OTHER = "t-steps"


def text(cells, slug=SLUG):
    return json.dumps(filled(cells, slug))


RIGHT, BLANK = text(ANSWERS), text({})
HALF = text({label: ANSWERS[label] for label in list(ANSWERS)[:2]})
FOREIGN = text(solution(OTHER).cells, OTHER)
EMPTY = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1", "metadata": {}}]})
TAKEN = "{!r} was taken for two-step.ipynb"
ASIDE = "{!r} was left aside: nothing is filled in there"


@pytest.fixture
def hand_in(tmp_path):
    """Writes files below submitted/ada/, {path: text}; returns the Submission that is read there."""

    def write(files):
        for name, content in files.items():
            path = tmp_path / "submitted" / "ada" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return intake.read_folder(tmp_path / "submitted" / "ada" / SLUG, SLUG)

    return write


def in_folder(files):
    return {f"{SLUG}/{name}": content for name, content in files.items()}


def answers(submission):
    """The answer cells that were read."""
    return {cell.grade_id: cell.source for cell in submission.cells if cell.grade_id in ANSWERS}


NAMES = [
    "two-step (1).ipynb",
    "two-step.ipynb.txt",
    "two-step.ipynb.json",
    "two-step.json",
    "two-step.txt",
    "two-step",
    "two-step.IPYNB",
    "Two-Step.ipynb",
    "homework.ipynb",
    "a/b/c/two-step.ipynb",
    ".ipynb_checkpoints/two-step-checkpoint.ipynb",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_found_under_another_name_and_it_is_said(hand_in, name):
    read = hand_in(in_folder({name: RIGHT, "data.csv": "1,2", "readme.txt": "hello", "config.json": "{}"}))
    assert answers(read) == ANSWERS
    assert (read.notes, read.costs, read.human) == ((TAKEN.format(name),), (), ())


@pytest.mark.parametrize("name", ["two-step.ipynb", "Two-Step/two-step.ipynb", "two step/a.ipynb", "twostep/x.json"])
def test_a_notebook_without_its_folder_or_in_a_misspelt_one_is_found(hand_in, tmp_path, name):
    read = hand_in({name: RIGHT})
    assert answers(read) == ANSWERS
    assert read.notes == (TAKEN.format(name),)
    assert grade.find_submissions(tmp_path / "submitted", SLUG) == ({"ada": "ada"}, [])
    assert grade.find_submissions(tmp_path / "submitted", OTHER) == ({}, [])


def test_a_notebook_whose_name_says_nothing_is_found_by_its_cells(hand_in, tmp_path):
    hand_in({"homework.ipynb": RIGHT})
    assert grade.find_submissions(tmp_path / "submitted", SLUG) == ({"ada": "ada"}, [])
    assert grade.find_submissions(tmp_path / "submitted", OTHER) == ({}, [])


def test_a_folder_like_the_exercise_without_a_notebook_of_it_is_told_and_marked_only_if_it_is_its_name(
    hand_in, tmp_path
):
    hand_in({"two-stepp/two-step.ipynb": "{", "two-step-notes.pdf": "x"})
    lines = [f"ada handed in {name!r}, which is no exercise" for name in ("two-step-notes.pdf", "two-stepp")]
    assert grade.find_submissions(tmp_path / "submitted", SLUG) == ({}, lines)
    read = hand_in({"Two-Step/two-step.ipynb": "{"})
    found, _ = grade.find_submissions(tmp_path / "submitted", SLUG)
    assert found == {"ada": "ada"}
    assert "is not a notebook" in read.problem


def test_of_one_student_nothing_is_taken_for_another(tmp_path):
    """The folders stand the wrong way round, or below a group: whose work it is must be said by a human."""
    for place in (f"{SLUG}/ada", f"group-1/ada/{SLUG}", "group-2/blaise"):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / f"{SLUG}.ipynb").write_text(RIGHT)
    found, strays = grade.find_submissions(tmp_path, SLUG)
    assert found == {}
    assert len(strays) == 3
    assert "'two-step' is where a student's folder should be: submitted/<student>/<exercise>" in strays


def test_a_student_may_be_called_like_an_exercise(tmp_path):
    (tmp_path / "cell" / SLUG).mkdir(parents=True)
    assert grade.find_submissions(tmp_path, SLUG) == ({"cell": "cell"}, [])


@pytest.mark.parametrize("copy_of", ["two-step-Copy1.ipynb", "a/two-step.ipynb", "zz.ipynb"])
def test_a_filled_copy_is_marked_beside_the_untouched_notebook_and_a_human_is_told(hand_in, copy_of):
    read = hand_in(in_folder({"two-step.ipynb": BLANK, copy_of: RIGHT}))
    assert answers(read) == ANSWERS
    assert read.notes == (TAKEN.format(copy_of), ASIDE.format("two-step.ipynb"))
    assert (read.costs, read.human) == ((), (ASIDE.format("two-step.ipynb"),))


def test_an_untouched_copy_beside_the_filled_notebook_is_only_noted(hand_in):
    read = hand_in(in_folder({"two-step.ipynb": RIGHT, "original.ipynb": BLANK}))
    assert answers(read) == ANSWERS
    assert (read.notes, read.costs, read.human) == ((ASIDE.format("original.ipynb"),), (), ())


@pytest.mark.parametrize("names", [("two-step.ipynb", "Copy.ipynb"), ("Copy.ipynb", "two-step.ipynb")])
def test_of_two_that_are_filled_in_differently_the_one_with_more_is_marked_and_a_human_is_told(hand_in, names):
    more, less = names
    read = hand_in(in_folder({more: RIGHT, less: HALF}))
    assert answers(read) == ANSWERS
    assert (
        read.costs
        == read.human
        == (f"{less!r} is filled in too, in another way; {more!r}, which has more, was marked",)
    )


def test_of_two_with_as_much_the_usual_name_counts_and_a_human_is_told(hand_in):
    other = text(ANSWERS | {"gradient": ANSWERS["gradient"] + "\n# once more"})
    read = hand_in(in_folder({"a.ipynb": other, "two-step.ipynb": RIGHT}))
    assert answers(read) == ANSWERS
    assert read.human == ("'a.ipynb' is filled in too, in another way; 'two-step.ipynb' was marked",)


def test_equal_copies_and_what_jupyter_keeps_of_an_earlier_state_need_nobody(hand_in):
    files = {"two-step.ipynb": RIGHT, "two-step (1).ipynb": RIGHT, ".ipynb_checkpoints/two-step-checkpoint.ipynb": HALF}
    files |= {"__MACOSX/two-step.ipynb": HALF, "._two-step.ipynb": "\0\5\26\7"}
    read = hand_in(in_folder(files))
    assert answers(read) == ANSWERS
    assert (read.notes, read.costs, read.human) == ((), (), ())


def test_a_half_done_notebook_counts_and_not_an_earlier_state_of_it_that_had_more(hand_in):
    checkpoint = ".ipynb_checkpoints/two-step-checkpoint.ipynb"
    read = hand_in(in_folder({"two-step.ipynb": HALF, checkpoint: RIGHT}))
    assert answers(read) == answers(hand_in(in_folder({"two-step.ipynb": HALF})))
    assert answers(hand_in(in_folder({"two-step.ipynb": BLANK, checkpoint: RIGHT}))) == ANSWERS


def test_a_broken_notebook_beside_one_that_can_be_read_is_left_aside_and_a_human_is_told(hand_in):
    read = hand_in(in_folder({"two-step.ipynb": RIGHT[:5000], "two-step (1).ipynb": RIGHT}))
    assert answers(read) == ANSWERS
    assert read.human[0].startswith("'two-step.ipynb' was left aside: two-step.ipynb is not a notebook")


@pytest.mark.parametrize("slug", [slug for slug in slugs() if slug != SLUG])
def test_the_notebook_of_another_exercise_is_a_case_for_a_human_and_no_silent_zero(hand_in, slug):
    read = hand_in(in_folder({"two-step.ipynb": text(solution(slug).cells, slug)}))
    assert read.problem == f"two-step.ipynb holds {slug}, another exercise"
    beside = hand_in(in_folder({"two-step (1).ipynb": RIGHT}))
    assert answers(beside) == ANSWERS
    assert beside.human == (f"'two-step.ipynb' was left aside: it holds {slug}, another exercise",)


def test_a_notebook_without_a_cell_of_the_exercise_is_a_case_for_a_human(hand_in):
    assert hand_in(in_folder({"two-step.ipynb": EMPTY})).problem == "two-step.ipynb holds none of the cells of two-step"


@pytest.mark.parametrize("slug", slugs())
def test_an_untouched_notebook_is_one_of_its_exercise_with_nothing_filled_in(tmp_path, slug):
    folder = tmp_path / "ada" / slug
    folder.mkdir(parents=True)
    (folder / f"{slug}.ipynb").write_text(json.dumps(release(slug)))
    ((candidate,), _) = finder.candidates(folder, slug)
    cells, *_ = intake.read_notebook(candidate.path)
    blank = finder.weigh(candidate, cells, slug)
    assert (blank.exercise, blank.filled, blank.written) == (slug, {}, frozenset())
    answered = [cell._replace(source=solution(slug).cells.get(cell.grade_id, cell.source)) for cell in cells]
    names = {name for of_cell in exercise.load(slug).names.values() for name in of_cell}
    assert set(finder.weigh(candidate, answered, slug).filled) == names
    bare = [cell._replace(grade_id="") for cell in answered]
    assert set(finder.weigh(candidate, bare, slug).filled) == names
    assert finder.weigh(candidate, bare, slug).exercise == slug


def test_answers_alone_in_a_new_notebook_are_found_by_what_they_define(hand_in):
    cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in ANSWERS.values()]
    read = hand_in(in_folder({"two-step.ipynb": json.dumps({"cells": cells})}))
    assert [cell.source for cell in read.cells] == list(ANSWERS.values())
    assert read.problem == ""


def test_an_answer_in_a_new_cell_below_an_emptied_one_counts_as_filled_in(hand_in):
    notebook = filled(dict.fromkeys(ANSWERS, ""))
    place = [exercise.grade_id(cell) for cell in notebook["cells"]].index
    for label, source in ANSWERS.items():
        below = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        notebook["cells"].insert(place(label) + 1, below)
        place = [exercise.grade_id(cell) for cell in notebook["cells"]].index
    read = hand_in(in_folder({"two-step.ipynb": json.dumps(notebook), "two-step-Copy1.ipynb": HALF}))
    assert not any(answers(read).values())
    assert read.human == (
        "'two-step-Copy1.ipynb' is filled in too, in another way; 'two-step.ipynb', which has more, was marked",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"two-step-Copy1.ipynb": RIGHT},
        {"a/b.ipynb": BLANK},
        {"two-step.ipynb": BLANK},
        {"two-step.json": "{}"},
        {"../two-step.ipynb": HALF},
        {"../Two-Step/x.ipynb": RIGHT},
    ],
)
def test_whatever_may_change_the_choice_changes_the_digest_and_nothing_else_does(hand_in, tmp_path, change):
    folder = tmp_path / "submitted" / "ada" / SLUG
    before = hand_in(in_folder({"two-step.ipynb": RIGHT, "broken.ipynb": "{"}))
    assert before.digest == intake.digest(folder, SLUG) != ""
    same = hand_in(in_folder({"figure.png": "x", "timestamp.txt": "2026-01-01 10:00"}) | {f"{OTHER}/t.ipynb": FOREIGN})
    assert same.digest == before.digest
    after = hand_in(in_folder(change))
    assert after.digest == intake.digest(folder, SLUG) != before.digest


def test_no_link_is_followed(hand_in, tmp_path):
    hand_in({f"{OTHER}/t.ipynb": FOREIGN})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "two-step.ipynb").write_text(RIGHT)
    folder = tmp_path / "submitted" / "ada" / SLUG
    folder.mkdir()
    (folder / "a").symlink_to(elsewhere)
    (folder.parent / "Two-Step").symlink_to(elsewhere)
    (folder.parent / "two-step.ipynb").symlink_to(elsewhere / "two-step.ipynb")
    assert intake.read_folder(folder, SLUG).problem == "two-step.ipynb is missing; found: a"
    folder.joinpath("a").unlink()
    folder.rmdir()
    assert grade.find_submissions(tmp_path / "submitted", SLUG)[0] == {"ada": "ada"}
    assert intake.read_folder(folder, SLUG).problem == "there is no folder two-step"
    assert intake.is_there(folder, SLUG) is False


def test_a_hand_in_of_very_many_files_and_folders_is_read_as_far_as_it_goes(hand_in, tmp_path, monkeypatch):
    real, read = intake.read_notebook, []
    monkeypatch.setattr(intake, "read_notebook", lambda path: read.append(path) or real(path))
    hand_in(in_folder({f"{number:03}.ipynb": BLANK[:50] for number in range(finder.MAX_ENTRIES + 9)}))
    deep = os.sep.join("x" * (finder.MAX_DEPTH + 1))
    found = hand_in(in_folder({"two-step.ipynb": RIGHT, f"{deep}/two-step.ipynb": HALF}))
    assert answers(found) == ANSWERS
    assert len(read) == 2 * finder.MAX_FILES
    assert f"{SLUG}.ipynb" in [path.name for path in read]
    assert "more files were not looked at" in " ".join(found.human)


def test_files_of_many_megabytes_together_are_not_all_read(hand_in, monkeypatch):
    monkeypatch.setattr(finder, "MAX_BYTES", len(RIGHT) + 10)
    read = hand_in(in_folder({"two-step.ipynb": RIGHT, "a.ipynb": HALF, "b.ipynb": HALF}))
    assert answers(read) == ANSWERS
    assert read.human == read.costs == ("2 more files were not looked at",)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Two-Step", SLUG),
        ("two_step (2)", SLUG),
        ("tow-step", SLUG),
        ("2026 lstm cell final.ipynb", "lstm-cell"),
        ("cell", "cell"),
        ("notes", ""),
        ("ada", ""),
        ("", ""),
    ],
)
def test_a_name_speaks_of_the_exercise_that_it_holds_or_is_nearest_to(name, slug):
    assert finder.exercise_named(name) == slug


@pytest.mark.pool
def test_a_class_that_hands_in_in_every_way_has_its_marks_its_notes_and_its_rows(tmp_path, fresh_gradebook):
    needs("bwrap")
    shutil.copy(fresh_gradebook, tmp_path)
    config = class_at(tmp_path)
    ways = {
        "copy": in_folder({"two-step.ipynb": BLANK, "two-step-Copy1.ipynb": RIGHT}),
        "foreign": in_folder({"two-step.ipynb": FOREIGN}),
        "loose": {"two-step.ipynb": RIGHT},
        "misspelt": {"Two-Step/two-step.ipynb": RIGHT},
        "nested": in_folder({"a/b/two-step.ipynb": RIGHT}),
        "renamed": in_folder({"two-step.ipynb.txt": RIGHT}),
        "two": in_folder({"a.ipynb": RIGHT, "b.ipynb": HALF}),
        "untouched": in_folder({"two-step.ipynb": BLANK}),
    }
    for student, files in ways.items():
        for name, content in files.items():
            path = tmp_path / "submitted" / student / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    results, strays = autograde(SLUG, config, FAST)
    due = dict.fromkeys(ways, 15.0) | {"foreign": 0.0, "untouched": 0.0}
    assert {result.student: result.points for result in results} == due
    assert strays == []
    assert [result.student for result in results if result.human] == ["copy", "foreign", "two"]
    assert [result.student for result in results if result.notes] == [
        "copy", "loose", "misspelt", "nested", "renamed", "two"
    ]  # fmt: skip
    with Gradebook(config.CourseDirectory.db_url, "bptt") as book:
        assert {row.student_id: row.score for row in book.assignment_submissions(SLUG)} == due
    again, _ = autograde(SLUG, config, FAST)
    assert [result.student for result in again if not result.kept] == ["foreign"]  # a problem is tried again
    (tmp_path / "submitted" / "untouched" / SLUG / "mine.ipynb").write_text(RIGHT)
    again, _ = autograde(SLUG, config, FAST)
    assert {result.student: result.points for result in again} == due | {"untouched": 15.0}
