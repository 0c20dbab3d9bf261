"""Cells that were split, merged, moved, copied or emptied cost nothing that was done, and a note says so."""

import ast
import copy

import pytest
from marking import filled, lost, mark, record, said
from rearranged import (
    ANSWERS,
    CLEAN_U,
    CLEAN_W,
    FULL,
    WRONG,
    cell,
    insert_below,
    labelled,
    left_blank_and_written_at_the_end,
    unlabelled,
)

from grading import copies
from grading.bench import OwnBench
from grading.transplant import WRITTEN_BY_STUDENT

pytestmark = pytest.mark.pool

OF_CLEAN = {"check-clean-formulas", "test-clean-u", "test-clean-w"}
OF_GRADIENT = {"check-gradient", "test-gradient"}


@pytest.fixture
def notebook():
    return filled(ANSWERS)


def marked(notebook, folder):
    return mark(notebook, folder, bench=OwnBench)


def notes(notebook):
    return "\n".join([*record(notebook).notes, *record(notebook).costs])


@pytest.mark.parametrize("change", FULL, ids=lambda change: change.__name__)
def test_right_answers_keep_all_points_wherever_they_stand(notebook, tmp_path, change):
    change(notebook)
    done = marked(notebook, tmp_path)
    assert lost(done) == set()
    assert FULL[change] in notes(done)
    assert bool(notes(done)) == bool(FULL[change])
    assert record(done).human == ()


def test_of_two_versions_the_last_one_counts_and_a_human_is_told(notebook, tmp_path):
    older = copy.deepcopy(notebook)
    insert_below(older, "gradient", labelled(older, "gradient", WRONG))
    done = marked(older, tmp_path)
    assert lost(done) == OF_GRADIENT
    assert record(done).human == ("gradient was handed in 2 times; the last one that is filled in was marked",)
    cell(notebook, "gradient")["source"] = WRONG
    insert_below(notebook, "gradient", labelled(notebook, "gradient", ANSWERS["gradient"]))
    assert lost(marked(notebook, tmp_path)) == set()


def test_of_a_second_version_without_a_label_a_human_is_told(notebook, tmp_path):
    insert_below(notebook, "gradient", unlabelled(WRONG))
    done = marked(notebook, tmp_path)
    assert lost(done) == OF_GRADIENT
    line = "gradient was defined in gradient and in an unlabelled cell below it; the last one was marked"
    assert record(done).human == (line,)


def test_what_only_the_older_version_defines_is_kept(notebook, tmp_path):
    insert_below(notebook, "clean-formulas", labelled(notebook, "clean-formulas", CLEAN_W))
    done = marked(notebook, tmp_path)
    assert lost(done) == set()
    assert len(record(done).human) == 1


def test_two_equal_copies_are_one(notebook, tmp_path):
    insert_below(notebook, "gradient", labelled(notebook, "gradient", ANSWERS["gradient"]))
    done = marked(notebook, tmp_path)
    assert (lost(done), record(done).human) == (set(), ())


def test_a_later_cell_takes_no_points_back(notebook, tmp_path):
    notebook["cells"].append(unlabelled("def gradient(*args): return 0\ndef output_gradient(o, y): return 0"))
    assert lost(marked(notebook, tmp_path)) == set()


def test_a_later_cell_gives_what_a_broken_one_does_not(notebook, tmp_path):
    cell(notebook, "gradient")["source"] = "def gradient(:"
    notebook["cells"].append(unlabelled(ANSWERS["gradient"]))
    assert lost(marked(notebook, tmp_path)) == set()


def test_tests_that_wait_run_in_their_order_with_what_they_print(notebook, tmp_path):
    left_blank_and_written_at_the_end(notebook)
    done = marked(notebook, tmp_path)
    assert said(done, "check-output-gradient") == "output_gradient: right\n"
    assert said(done, "progress").count(": right") == 4


def test_a_wrong_answer_further_down_is_still_wrong(notebook, tmp_path):
    cell(notebook, "gradient")["source"] = ""
    notebook["cells"].append(unlabelled(WRONG))
    assert lost(marked(notebook, tmp_path)) == OF_GRADIENT


def test_an_emptied_cell_with_nothing_elsewhere_is_not_done_yet(notebook, tmp_path):
    cell(notebook, "gradient")["source"] = ""
    done = marked(notebook, tmp_path)
    assert lost(done) == OF_GRADIENT
    assert said(done, "test-gradient") == "not done yet"


def test_of_a_cell_with_two_functions_the_one_that_stands_nowhere_is_not_done_yet(notebook, tmp_path):
    cell(notebook, "clean-formulas")["source"] = ""
    notebook["cells"].append(unlabelled(CLEAN_U))
    done = marked(notebook, tmp_path)
    assert lost(done) == OF_CLEAN - {"test-clean-u"}
    assert said(done, "test-clean-w") == "not done yet"


def test_imports_that_were_added_to_a_locked_cell_stay_on_the_students_side(notebook, tmp_path):
    cell(notebook, "set-up")["source"] += "\nfrom math import *\nimport no_such_module\nnp.sum = None"
    done = marked(notebook, tmp_path)
    assert lost(done) == set()
    (added,) = [each["source"] for each in done["cells"] if WRITTEN_BY_STUDENT in each["metadata"]]
    assert added == "from math import *\nimport no_such_module"


@pytest.mark.parametrize(
    "source", ["import " + "a." * 60_000 + "a", "def gradient(p):\n" + "    1\n" * 5000, "def gradient(" * 1500]
)
def test_long_text_is_not_parsed(notebook, tmp_path, monkeypatch, source):
    parsed, parse = [], ast.parse
    monkeypatch.setattr(ast, "parse", lambda text: parsed.append(len(text)) or parse(text))
    cell(notebook, "gradient")["source"] = ""
    notebook["cells"] += [unlabelled(source) for _ in range(3)]
    done = marked(notebook, tmp_path)
    assert lost(done) >= OF_GRADIENT
    assert 0 < max(parsed) <= copies.MAX_PARSED


def test_a_long_copy_is_taken_without_joining_and_a_human_is_told(notebook, tmp_path):
    long = ANSWERS["gradient"] + "\n" + "#" * 20_000
    insert_below(notebook, "gradient", labelled(notebook, "gradient", long))
    done = marked(notebook, tmp_path)
    assert lost(done) == set()
    assert len(record(done).human) == 1
