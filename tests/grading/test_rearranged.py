"""Cells that were split, merged, moved, copied or emptied cost nothing that was done, and a note says so."""

import ast
import copy

import pytest
from marking import SLUG, filled, lost, mark, record, said

from grading import copies, exercise
from grading.answers import solution
from grading.bench import OwnBench
from grading.transplant import WRITTEN_BY_STUDENT

pytestmark = pytest.mark.pool

ANSWERS = solution(SLUG).cells
CLEAN = ANSWERS["clean-formulas"]
CLEAN_U, CLEAN_W = CLEAN[: CLEAN.index("\n\n\ndef clean_w")], CLEAN[CLEAN.index("def clean_w") :]
OF_CLEAN = {"check-clean-formulas", "test-clean-u", "test-clean-w"}
OF_GRADIENT = {"check-gradient", "test-gradient"}
WRONG = ANSWERS["gradient"].replace("parts.u.sum()", "parts.u[0]")


@pytest.fixture
def notebook():
    return filled(ANSWERS)


def place(notebook, label):
    return [exercise.grade_id(cell) for cell in notebook["cells"]].index(label)


def cell(notebook, label):
    return notebook["cells"][place(notebook, label)]


def unlabelled(source):
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def labelled(notebook, label, source):
    return copy.deepcopy(cell(notebook, label)) | {"source": source}


def insert_below(notebook, label, new):
    notebook["cells"].insert(place(notebook, label) + 1, new)


def marked(notebook, folder):
    return mark(notebook, folder, bench=OwnBench)


def notes(notebook):
    return "\n".join([*record(notebook).notes, *record(notebook).costs])


def split_with_copied_labels(n):
    cell(n, "clean-formulas")["source"] = CLEAN_U
    insert_below(n, "clean-formulas", labelled(n, "clean-formulas", CLEAN_W))


def split_in_the_middle_of_a_function(n):
    lines = ANSWERS["gradient"].splitlines(keepends=True)
    cell(n, "gradient")["source"] = "".join(lines[:-2])
    insert_below(n, "gradient", labelled(n, "gradient", "".join(lines[-2:])))


def split_and_the_label_dropped_below(n):
    cell(n, "clean-formulas")["source"] = CLEAN_U
    insert_below(n, "clean-formulas", unlabelled(CLEAN_W))


def split_and_the_label_dropped_above(n):
    cell(n, "clean-formulas")["source"] = CLEAN_W
    n["cells"].insert(place(n, "clean-formulas"), unlabelled(CLEAN_U))


def split_in_a_function_and_the_label_dropped_below(n):
    lines = ANSWERS["gradient"].splitlines(keepends=True)
    cell(n, "gradient")["source"] = "".join(lines[:-2])
    insert_below(n, "gradient", unlabelled("".join(lines[-2:])))


def split_in_a_function_and_the_label_dropped_above(n):
    lines = ANSWERS["gradient"].splitlines(keepends=True)
    cell(n, "gradient")["source"] = "".join(lines[-2:])
    n["cells"].insert(place(n, "gradient"), unlabelled("".join(lines[:-2])))


def merged_into_one_cell(n):
    cell(n, "output-gradient")["source"] += "\n\n\n" + CLEAN
    del n["cells"][place(n, "clean-formulas")]


def merged_into_one_cell_and_the_other_left_blank(n):
    cell(n, "gradient")["source"] = CLEAN + "\n\n\n" + ANSWERS["gradient"]
    cell(n, "clean-formulas")["source"] = cell(filled({}), "clean-formulas")["source"]


def moved_to_the_end(n):
    n["cells"].append(n["cells"].pop(place(n, "output-gradient")))


def moved_to_the_end_without_its_label(n):
    n["cells"].append(unlabelled(n["cells"].pop(place(n, "output-gradient"))["source"]))


def emptied_and_written_below(n):
    for label, source in ANSWERS.items():
        cell(n, label)["source"] = ""
        insert_below(n, label, unlabelled(source))


def left_blank_and_written_below_the_tests(n):
    cell(n, "gradient-by-step")["source"] = cell(filled({}), "gradient-by-step")["source"]
    insert_below(n, "test-gradient-by-step-sigmoid", unlabelled(ANSWERS["gradient-by-step"]))


def left_blank_and_written_at_the_end(n):
    cell(n, "output-gradient")["source"] = ""
    n["cells"].append(unlabelled(ANSWERS["output-gradient"]))


def reordered(n):
    a, b = place(n, "output-gradient"), place(n, "gradient")
    n["cells"][a], n["cells"][b] = n["cells"][b], n["cells"][a]


def code_swapped_between_two_cells(n):
    a, b = cell(n, "output-gradient"), cell(n, "gradient")
    a["source"], b["source"] = b["source"], a["source"]


def doubled_text(n):
    cell(n, "gradient")["source"] = ANSWERS["gradient"] + ANSWERS["gradient"]


def doubled_text_on_a_new_line(n):
    cell(n, "gradient")["source"] = ANSWERS["gradient"] + "\n\n" + ANSWERS["gradient"] + "\n"


def a_copy_that_is_not_python(n):
    insert_below(n, "gradient", labelled(n, "gradient", ANSWERS["gradient"].replace("return", "return (")))


def all_labels_lost(n):
    for each in n["cells"]:
        each["metadata"] = {}


def an_import_added_to_the_set_up(n):
    cell(n, "set-up")["source"] = "import math as m\n" + cell(n, "set-up")["source"]
    cell(n, "gradient")["source"] = ANSWERS["gradient"].replace("return Params(", "m.exp(0.0)\n    return Params(")


FULL = {
    split_with_copied_labels: "clean-formulas was handed in 2 times; the parts were joined",
    split_in_the_middle_of_a_function: "gradient was handed in 2 times; the parts were joined",
    split_and_the_label_dropped_below: "",
    split_and_the_label_dropped_above: "",
    split_in_a_function_and_the_label_dropped_below: "gradient was joined with the unlabelled cell beside it",
    split_in_a_function_and_the_label_dropped_above: "gradient was joined with the unlabelled cell beside it",
    merged_into_one_cell: "clean-formulas was missing; what another cell holds was marked: clean_u, clean_w",
    merged_into_one_cell_and_the_other_left_blank: "clean-formulas was left blank; what another",
    moved_to_the_end: "in another order",
    moved_to_the_end_without_its_label: "output-gradient was missing; what another cell holds",
    emptied_and_written_below: "gradient was left blank; what another cell holds was marked: gradient",
    left_blank_and_written_below_the_tests: "gradient-by-step was left blank; what another cell holds was marked",
    left_blank_and_written_at_the_end: "output-gradient was left blank; what another cell holds was marked",
    reordered: "in another order",
    code_swapped_between_two_cells: "",
    doubled_text: "gradient held its text twice in a row; it was run once",
    doubled_text_on_a_new_line: "gradient held its text twice in a row; it was run once",
    a_copy_that_is_not_python: "gradient was handed in 2 times; the one that is Python was marked",
    all_labels_lost: "gradient had lost its label",
    an_import_added_to_the_set_up: "set-up was changed: the imports that were added were kept",
}


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
