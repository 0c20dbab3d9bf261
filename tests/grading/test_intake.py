"""Files are read as if a stranger had sent them."""

import errno
import json
import os
from unittest.mock import Mock

import pytest
from marking import FAST, SLUG, filled

from grading import grade, intake

NOTEBOOK = json.dumps(filled({}))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "ada" / SLUG
    path.mkdir(parents=True)
    return path


def read(folder):
    return intake.read_folder(folder, SLUG)


def read_file(folder):
    return intake.submission(folder / f"{SLUG}.ipynb")


def test_a_notebook_is_read(folder):
    (folder / f"{SLUG}.ipynb").write_text(NOTEBOOK)
    submission = read(folder)
    assert (submission.problem, submission.notes, submission.costs) == ("", (), ())
    assert len(submission.digest) == 64
    assert intake.digest(folder, SLUG) == submission.digest
    assert [cell.grade_id for cell in submission.cells if cell.grade_id][:2] == ["set-up", "output-gradient"]


def test_another_name_is_taken_and_said(folder):
    (folder / f"{SLUG} (1).ipynb").write_text(NOTEBOOK)
    submission = read(folder)
    assert submission.cells
    assert submission.notes == (f"'{SLUG} (1).ipynb' was taken for {SLUG}.ipynb",)


@pytest.mark.parametrize("data", ["", "{", "[]", "3", '{"cells": 3}', "{}", "[" * 100_000, NOTEBOOK[:5000], "\0" * 100])
def test_what_is_no_notebook_is_a_problem_with_a_reason(folder, data):
    (folder / f"{SLUG}.ipynb").write_text(data)
    assert read(folder).problem.startswith(f"{SLUG}.ipynb is not a notebook")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(folder, encoding):
    text = NOTEBOOK.replace("Two steps by hand", "Z\u00fcrich", 1)
    (folder / f"{SLUG}.ipynb").write_bytes(json.dumps(json.loads(text), ensure_ascii=False).encode(encoding))
    submission = read(folder)
    assert any("Z\u00fcrich" in cell.source for cell in submission.cells)
    assert len(submission.notes) == (encoding != "utf-8-sig")


@pytest.mark.parametrize(("most_here", "opened"), [(intake.MAX_HERE, 1), (0, 0)])
def test_what_is_no_notebook_is_read_once_here_or_in_the_process_for_large_ones(folder, monkeypatch, most_here, opened):
    path, real, paths = folder / f"{SLUG}.ipynb", os.open, []
    path.write_text(NOTEBOOK[:-9])
    whole = intake.digest(folder, SLUG)
    (folder / f"{SLUG}-2.ipynb").write_text(NOTEBOOK)
    both = intake.digest(folder, SLUG)
    monkeypatch.setattr(intake, "MAX_HERE", most_here)
    monkeypatch.setattr(os, "open", lambda path, *rest: paths.append(path) or real(path, *rest))
    found = read(folder)
    assert paths.count(path) == opened
    assert found.digest == both != whole  # it counts, as a whole one may come in its place


@pytest.mark.parametrize("error", [ValueError("of a library"), KeyError("of nobody's thought")])
def test_a_file_that_cannot_be_parsed_for_another_reason_counts_in_the_digest(folder, monkeypatch, error):
    """Without it, what is chosen beside it would be marked again in each run."""
    for name in (f"{SLUG}.ipynb", f"{SLUG}-2.ipynb"):
        (folder / name).write_text(NOTEBOOK)
    monkeypatch.setattr(intake, "_cells", Mock(side_effect=[error, intake._cells(json.loads(NOTEBOOK)["cells"], [])]))
    found = read(folder)
    assert not found.problem
    assert found.digest == intake.digest(folder, SLUG) != ""


def test_nothing_there_is_a_problem(folder):
    assert read(folder).problem == f"{SLUG}.ipynb is missing; found: nothing"
    assert read(folder).digest == intake.digest(folder, SLUG) == ""
    (folder / "work.zip").write_bytes(b"PK")
    assert read(folder).problem == f"{SLUG}.ipynb is missing; found: work.zip"
    assert "no folder" in read(folder.parent / "other").problem


def test_links_are_not_followed(folder, tmp_path):
    (tmp_path / "other.ipynb").write_text(NOTEBOOK)
    path = folder / f"{SLUG}.ipynb"
    path.symlink_to(tmp_path / "other.ipynb")
    assert "symbolic link" in read(folder).problem
    path.unlink()
    (folder / "x.ipynb").symlink_to(tmp_path / "other.ipynb")
    assert "is missing" in read(folder).problem
    link = tmp_path / "eve"
    link.mkdir()
    (link / SLUG).symlink_to(folder)
    assert "symbolic link" in read(link / SLUG).problem
    (folder / "timestamp.txt").symlink_to("/etc/hostname")
    assert read(folder).timestamp == ""


def test_a_pipe_in_place_of_the_notebook_does_not_hold_the_grader(folder):
    os.mkfifo(folder / f"{SLUG}.ipynb")
    assert "is missing" in read(folder).problem


def test_a_huge_file_is_refused_by_its_size(folder):
    with open(folder / f"{SLUG}.ipynb", "wb") as file:
        file.truncate(intake.MAX_FILE + 1)
    assert "clear its outputs" in read(folder).problem


def test_fifty_megabytes_of_output_are_read_past(folder):
    notebook = filled({})
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * (50 << 20)}]
    (folder / f"{SLUG}.ipynb").write_text(json.dumps(notebook))
    submission = read(folder)
    assert submission.problem == ""
    assert sum(len(cell.source) for cell in submission.cells) < 50_000


def test_a_huge_cell_is_not_run(folder):
    notebook = filled({"gradient": "#" * (intake.MAX_SOURCE + 1)})
    (folder / f"{SLUG}.ipynb").write_text(json.dumps(notebook))
    submission = read(folder)
    assert [cell.source for cell in submission.cells if cell.grade_id == "gradient"] == [""]
    assert submission.notes == ()
    assert "gradient" in submission.costs[0]


@pytest.mark.parametrize(
    "cell", [{}, {"source": 3}, {"source": [1, "a"]}, {"metadata": []}, {"metadata": {"nbgrader": 1}}]
)
def test_a_cell_of_another_form_is_read_as_far_as_it_goes(folder, cell):
    (folder / f"{SLUG}.ipynb").write_text(json.dumps({"cells": [cell, 3, None]}))
    (read_cell,) = read_file(folder).cells
    assert read_cell.grade_id == ""


def test_the_old_notebook_format_is_read(folder):
    cells = [{"cell_type": "code", "input": "x = 1", "metadata": {}}]
    (folder / f"{SLUG}.ipynb").write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}))
    assert read_file(folder).cells[0].source == "x = 1"


@pytest.mark.parametrize("sheets", [None, 3, {}, "x"])
def test_an_old_notebook_without_sheets_is_none(folder, sheets):
    (folder / f"{SLUG}.ipynb").write_text(json.dumps({"worksheets": sheets}))
    assert read(folder).problem.endswith("it has no cells")


@pytest.mark.parametrize("cells", [5, None, True, "x", {}, [3]])
def test_an_old_sheet_without_cells_is_read_as_empty(folder, cells):
    (folder / f"{SLUG}.ipynb").write_text(json.dumps({"worksheets": [{"cells": cells}, 3]}))
    assert read_file(folder)[:1] + read_file(folder)[2:3] == ((), "")


def test_whatever_else_goes_wrong_is_a_problem_of_this_submission(folder, monkeypatch):
    (folder / f"{SLUG}.ipynb").write_text(NOTEBOOK)
    monkeypatch.setattr(intake, "_parse", lambda *args: 1 / 0)
    assert read(folder).problem == "it cannot be read: ZeroDivisionError: division by zero"


def test_a_long_number_is_read_past(folder):
    (folder / f"{SLUG}.ipynb").write_text(NOTEBOOK[:-1] + f', "n": {"9" * 5000}}}')
    assert read(folder).problem == ""


def test_empty_cells_are_no_cells_and_what_is_left_out_is_said(folder, monkeypatch):
    notebook = filled({"gradient": "mine = 1"})
    notebook["cells"][:0] = [{"cell_type": "code", "source": " ", "metadata": {}}] * (intake.MAX_CELLS + 1)
    (folder / f"{SLUG}.ipynb").write_text(json.dumps(notebook))
    assert "mine = 1" in [cell.source for cell in read(folder).cells]
    assert read(folder).costs == ()
    monkeypatch.setattr(intake, "MAX_CELLS", 12)
    submission = read(folder)
    assert len(submission.cells) == 12
    assert submission.human == submission.costs
    assert "12 were taken; the others were left out" in submission.human[0]


def test_many_long_cells_are_taken_as_far_as_they_go(folder):
    notebook = filled({})
    notebook["cells"] += [{"cell_type": "code", "source": "x" * intake.MAX_SOURCE, "metadata": {}}] * 40
    (folder / f"{SLUG}.ipynb").write_text(json.dumps(notebook))
    submission = read(folder)
    long = sum(len(cell.source) == intake.MAX_SOURCE for cell in submission.cells)
    assert long == intake.MAX_SOURCES // intake.MAX_SOURCE - 1  # the notebook's own cells take a part of it
    assert submission.human == submission.costs != ()


def test_what_is_no_cell_is_read_past_in_a_process_of_its_own(folder, monkeypatch):
    parsed_here = []
    monkeypatch.setattr(intake, "_parse", lambda *args: parsed_here.append(args))
    (folder / f"{SLUG}.ipynb").write_text(NOTEBOOK[:-1] + f', "x": [{"{}, " * 3_000_000}{{}}]}}')
    submission = read(folder)
    assert submission.problem == ""
    assert [cell.grade_id for cell in submission.cells if cell.grade_id][:2] == ["set-up", "output-gradient"]
    assert parsed_here == []


def test_a_machine_that_cannot_start_the_reader_says_nothing_about_the_notebook(folder, monkeypatch):
    def no_room(*command, **options):
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(intake.subprocess, "run", no_room)
    (folder / f"{SLUG}.ipynb").write_text(NOTEBOOK + " " * intake.MAX_HERE)
    with pytest.raises(intake.NotReadError, match=f"{SLUG}.ipynb could not be read here"):
        read(folder)
    marked = grade.mark(grade.Job(SLUG, "ada", str(folder), FAST))
    assert marked.notebook is None
    assert marked.problem.startswith("not marked, try again: ")


@pytest.mark.parametrize(("name", "value"), [("MEMORY", 2**26), ("SECONDS", 0)])
def test_a_notebook_that_takes_too_much_to_parse_is_a_problem(folder, monkeypatch, name, value):
    monkeypatch.setattr(intake, name, value)
    (folder / f"{SLUG}.ipynb").write_text(NOTEBOOK[:-1] + f', "x": [{"[], " * 1_000_000}{{}}]}}')
    assert "clear its outputs" in read(folder).problem
