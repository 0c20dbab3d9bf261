"""Wherever a student has worked, the notebook as that program saves it is found, and right answers have all points.

Each way of saving is that of files which the program has written: where ids, outputs and the language are, what becomes
of metadata that it does not know, and under which name it gives the file.
"""

import copy
import json
import re

import pytest
from marking import FAST, SLUG, filled, hand_in, lost

from grading import exercise, finder, intake, transplant
from grading.answers import known_answers, solution
from grading.bench import OwnBench
from grading.course import COURSE
from grading.execute import execute

ANSWERS = solution(SLUG).cells
PYTHON = {"codemirror_mode": {"name": "ipython", "version": 3}, "file_extension": ".py", "name": "python"}
PRINTED = {"output_type": "stream", "name": "stdout", "text": ["all right\n"]}


def with_outputs(notebook):
    """As after a run, in the order in which the cells are."""
    for number, cell in enumerate(cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
        cell |= {"execution_count": number + 1, "outputs": [copy.deepcopy(PRINTED)]}
    return notebook


def in_lines(notebook):
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    return notebook


def without_ids(notebook):
    for cell in notebook["cells"]:
        cell.pop("id", None)
    return notebook


def without_labels(notebook):
    """What a program keeps that writes its own metadata in the place of what was there."""
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    return notebook


def by_colab(notebook):
    """Colab keeps ids in the metadata, the number of the minor format at 0, and how long a cell took."""
    notebook = in_lines(without_ids(notebook))
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"]["id"] = f"aB3dE5fG7{number:03d}"
        if cell["cell_type"] == "code":
            cell["metadata"] |= {"outputId": "19fe063e-d6eb-4a8a-b9ee-17633f67e941"}
            cell["metadata"] |= {"colab": {"base_uri": "https://localhost:8080/", "height": 35}}
            user = {"displayName": "Ada", "userId": "0123"}
            cell["metadata"]["executionInfo"] = {"status": "ok", "timestamp": 1780000000000, "elapsed": 4, "user": user}
    link = {"cell_type": "markdown", "metadata": {"id": "view-in-github", "colab_type": "text"}, "source": ["<a></a>"]}
    notebook["cells"].insert(0, link)
    about = {"provenance": [], "toc_visible": True, "authorship_tag": "ABX9TyOzIuLA"}
    kernel = {"name": "python3", "display_name": "Python 3"}
    metadata = {"colab": about, "kernelspec": kernel, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 0, "metadata": metadata, "cells": notebook["cells"]}


def by_old_colab(notebook):
    """Some years ago, a cell said its type again, and one that had not run was run 0 times."""
    notebook = by_colab(notebook)
    for cell in notebook["cells"]:
        is_code = cell["cell_type"] == "code"
        cell["metadata"]["colab_type"] = "code" if is_code else "text"
        cell |= {"execution_count": 0, "outputs": []} if is_code else {}
    return notebook


def by_kaggles_editor(notebook):
    """Kaggle's editor writes each source as one text, and times of a run."""
    for number, cell in enumerate(without_ids(notebook)["cells"]):
        cell["source"] = "".join(cell["source"])
        cell["metadata"] |= {"_uuid": f"{number:040x}", "_cell_guid": "b1076dfc-b9ad-4769-8c92-a6c4dae69d19"}
        if cell["cell_type"] == "code":
            times = {"iopub.status.busy": "2026-11-26T09:30:00.5Z", "shell.execute_reply": "2026-11-26T09:30:01Z"}
            cell["metadata"] |= {"trusted": True, "execution": times, "jupyter": {"source_hidden": False}}
    about = {"accelerator": "none", "dataSources": [], "dockerImageVersionId": 31153, "isInternetEnabled": True}
    about |= {"language": "python", "sourceType": "notebook", "isGpuEnabled": False}
    kernel = {"language": "python", "display_name": "Python 3", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": PYTHON, "kaggle": about}
    return {"metadata": metadata, "nbformat_minor": 4, "nbformat": 4, "cells": notebook["cells"]}


def by_a_run_of_kaggle(notebook):
    """A version that was saved by running all has lines, ids of its own, and what papermill notes."""
    notebook = in_lines(by_kaggles_editor(notebook))
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"{number:08x}"
        cell["metadata"] |= {"tags": [], "papermill": {"duration": 0.01, "exception": False, "status": "completed"}}
    notebook["metadata"]["papermill"] = {"input_path": "__notebook__.ipynb", "output_path": "__notebook__.ipynb"}
    return notebook | {"nbformat_minor": 5}


def by_vs_code(notebook):
    """VS Code sorts the keys, says the language of each cell, and keeps what it does not know."""
    for cell in in_lines(notebook)["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python" if cell["cell_type"] == "code" else "markdown"}
    kernel = {"display_name": "course (3.12.1)", "language": "python", "name": "python3"}
    notebook["metadata"] = {"kernelspec": kernel, "language_info": PYTHON | {"version": "3.12.1"}}
    return json.loads(json.dumps(notebook, sort_keys=True))


def by_old_vs_code(notebook):
    """Some years ago, it took the ids away, and noted the interpreter and the format that the file had had."""
    notebook = without_ids(by_vs_code(notebook))
    notebook["metadata"] |= {"orig_nbformat": 4, "interpreter": {"hash": "31f2aee4e71d21fbe5cf8b01ff0e069b9275f58929"}}
    return notebook | {"nbformat_minor": 2}


SAVED = {
    "Colab": (by_colab, "two-step.ipynb"),
    "Colab, a copy in the Drive": (by_colab, "Copy of two-step.ipynb"),
    "Colab, some years ago": (by_old_colab, "two-step.ipynb"),
    "Kaggle": (by_kaggles_editor, "notebook0d1e2f3a4b.ipynb"),
    "Kaggle, a version": (by_a_run_of_kaggle, "__notebook__.ipynb"),
    "VS Code": (by_vs_code, "two-step.ipynb"),
    "VS Code, some years ago": (by_old_vs_code, "two-step.ipynb"),
}


@pytest.fixture
def marked(tmp_path):
    """Hand a notebook in under a name, and mark what is found; return the marked notebook and the Submission."""

    def run(notebook, name="two-step.ipynb"):
        folder = hand_in(tmp_path, "ada", json.dumps(notebook), name=name)
        task, found = exercise.load(SLUG), intake.read_folder(folder, SLUG)
        return execute(transplant.rebuild(task, found), task, FAST, OwnBench), found

    return run


def is_placed(found):
    """Whether each answer has been found for what it is."""
    return {cell.source.strip() for cell in found.cells} >= {source.strip() for source in ANSWERS.values()}


@pytest.mark.parametrize("labels", ["labels are kept", "labels are lost"])
@pytest.mark.parametrize("outputs", [True, False], ids=["run", "not run"])
@pytest.mark.parametrize("program", SAVED)
def test_right_answers_have_all_points_as_a_program_saves_them(program, outputs, labels, marked):
    save, name = SAVED[program]
    notebook = with_outputs(filled(ANSWERS)) if outputs else filled(ANSWERS)
    saved = save(without_labels(notebook) if labels == "labels are lost" else notebook)
    done, found = marked(saved, name)
    assert is_placed(found)
    assert found.problem == ""
    assert lost(done) == set()


@pytest.mark.parametrize("program", SAVED)
def test_a_mistake_loses_what_it_loses_wherever_it_was_made(program, marked):
    mistake = next(answer for answer in known_answers(SLUG) if not answer.right)
    save, name = SAVED[program]
    done, _ = marked(save(without_labels(filled(ANSWERS | mistake.cells))), name)
    assert lost(done) == set(mistake.lost)


@pytest.mark.parametrize("program", SAVED)
def test_only_a_name_that_is_not_the_exercises_is_said(program, marked):
    save, name = SAVED[program]
    _, found = marked(save(filled(ANSWERS)), name)
    assert found.notes == (() if name == "two-step.ipynb" else (f"{name!r} was taken for two-step.ipynb",))
    assert (found.costs, found.human) == ((), ())


@pytest.mark.parametrize("minor", range(6))
def test_every_minor_format_is_read_with_and_without_the_ids_of_cells(minor, marked):
    notebook = filled(ANSWERS) | {"nbformat_minor": minor}
    done, _ = marked(notebook if minor >= 5 else without_ids(notebook))
    assert lost(done) == set()


@pytest.mark.parametrize("program", SAVED)
def test_an_untouched_notebook_is_found_and_is_not_taken_for_a_filled_one(program, tmp_path):
    save, name = SAVED[program]
    folder = hand_in(tmp_path, "ada", json.dumps(save(filled({}))), name=name)
    (candidate,), _ = finder.candidates(folder, SLUG)
    reading = finder.weigh(candidate, intake.read_notebook(candidate.path)[0], SLUG)
    assert (reading.exercise, reading.filled) == (SLUG, {})


def test_each_program_has_its_three_lines_for_students_and_its_row_for_instructors():
    students, instructors = (
        (COURSE / "book" / f"{page}.md").read_text(encoding="utf-8") for page in ("exercises", "your-platform")
    )
    told = re.findall(r"^\*\*(.+?)\.?\*\*.*\n1\. .*\n2\. .*\n3\. .*\n(?!\d)", students, re.MULTILINE)
    table = instructors[instructors.index("| program |") :].split("\n\n")[0].splitlines()[2:]
    assert [row.split("|")[1].strip().lower() for row in table] == [program.lower() for program in told]
    assert {program.partition(",")[0] for program in SAVED} <= set(told)
