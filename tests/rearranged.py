"""What honest students do to a notebook whose answers are right, and what is said of each: it costs nothing."""

import copy

from marking import SLUG, filled

from grading import exercise
from grading.answers import solution

ANSWERS = solution(SLUG).cells
CLEAN = ANSWERS["clean-formulas"]
CLEAN_U, CLEAN_W = CLEAN[: CLEAN.index("\n\n\ndef clean_w")], CLEAN[CLEAN.index("def clean_w") :]
WRONG = ANSWERS["gradient"].replace("parts.u.sum()", "parts.u[0]")


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
