"""The student notebooks are what solutions/ says, byte for byte, and give nothing away."""

import logging
import re
import shutil
import sys

import jupytext
import nbformat
import pytest
from house import OWN
from marking import copy_of_the_course, run
from nbclient import NotebookClient

from grading import course, exercise, notebooks, release
from grading.course import COURSE, LANGUAGES, slugs

pytestmark = pytest.mark.pool
SITE = "https://example.org/bptt/"

MARKERS = ["BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"]


def released(slug):
    return nbformat.read(COURSE / "exercises" / slug / f"{slug}.ipynb", as_version=4)


def source(slug):
    return jupytext.read(COURSE / "solutions" / slug / f"{slug}.md")


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    """A copy of the course in which the command has built all notebooks, and what it printed.

    In the course itself, a notebook with a new time would have the site built again under the tests that read it.
    """
    root = copy_of_the_course(tmp_path_factory.mktemp("course"))
    done = run(root, sys.executable, "-m", "grading.notebooks")
    assert done.returncode == 0, done.stderr
    return root, done.stdout


def test_there_is_an_exercise_for_every_folder_of_solutions():
    assert slugs()
    assert slugs() == sorted(path.name for path in (COURSE / "solutions").iterdir() if path.is_dir())
    folders = {path.name for path in (COURSE / "exercises").iterdir() if path.is_dir()}
    assert folders == {*slugs(), *LANGUAGES.values()}
    for language in LANGUAGES:
        assert all(exercise.release_of(slug, language).is_file() for slug in slugs())


@pytest.mark.parametrize("slug", slugs())
def test_the_committed_notebook_is_the_generated_one_byte_for_byte(slug, rebuilt):
    for folder in ("", *LANGUAGES.values()):
        again, committed = (root / "exercises" / folder / slug / f"{slug}.ipynb" for root in (rebuilt[0], COURSE))
        assert again.read_bytes() == committed.read_bytes()


def test_who_reads_a_notebook_while_it_is_built_finds_the_old_one_or_the_new_one_whole(tmp_path, monkeypatch):
    """A grader does: it reads the notebook with the answers, in each of its processes."""
    monkeypatch.setattr(notebooks, "COURSE", tmp_path)
    shutil.copytree(COURSE / "solutions" / "two-step", tmp_path / "solutions" / "two-step")
    built = tmp_path / "solutions" / "two-step" / "two-step.ipynb"
    new = built.read_bytes()
    built.write_bytes(b"the old one")
    with open(built, "rb") as reader:
        assert notebooks.build_source("two-step") == built
        assert reader.read() == b"the old one"
    assert built.read_bytes() == new
    stamp = built.stat()
    notebooks.build_source("two-step")
    assert (built.stat().st_ino, built.stat().st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)  # nothing to write
    assert not list(built.parent.glob("*.part"))


@pytest.mark.parametrize("slug", slugs())
def test_the_release_is_one_notebook_and_nothing_else(slug, rebuilt):
    assert [path.name for path in (rebuilt[0] / "exercises" / slug).iterdir()] == [f"{slug}.ipynb"]


@pytest.mark.parametrize("slug", slugs())
def test_no_answer_and_no_hidden_test_is_in_the_release(slug):
    text = (COURSE / "exercises" / slug / f"{slug}.ipynb").read_text(encoding="utf-8")
    assert not [marker for marker in MARKERS if marker in text]
    secret = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)\n *### END", re.DOTALL)
    visible = "\n".join(cell.source for cell in released(slug).cells)
    secrets = ["".join(found[1]) for cell in source(slug).cells for found in secret.findall(cell.source)]
    assert len(secrets) >= 2
    assert not [lines for lines in secrets if lines in visible]


@pytest.mark.parametrize("slug", slugs())
def test_every_answer_cell_raises_not_implemented_and_every_test_has_points(slug):
    cells = [cell for cell in released(slug).cells if "nbgrader" in cell.metadata]
    answers = [cell for cell in cells if exercise.is_answer(cell)]
    tests = [cell for cell in cells if exercise.is_test(cell)]
    assert answers
    assert tests
    assert all("raise NotImplementedError" in cell.source for cell in answers)
    assert all(cell.metadata.nbgrader.points > 0 for cell in tests)
    assert all("raises-exception" in cell.metadata.tags for cell in tests)


@pytest.mark.parametrize("slug", slugs())
def test_the_untouched_notebook_runs_to_its_end_and_says_what_is_not_done(slug):
    notebook = released(slug)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    checks = [cell for cell in notebook.cells if "exercise.run(" in cell.source]
    assert checks
    for cell in checks:
        (output,) = cell.outputs
        assert output.traceback[-1].endswith("not done yet")
        assert len(output.traceback) == 1


@pytest.mark.parametrize("slug", slugs())
def test_the_solution_passes_every_visible_check_and_every_hidden_test(slug):
    notebook = source(slug)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": COURSE}}).execute()
    outputs = [output for cell in notebook.cells if exercise.is_test(cell) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert not [output for output in outputs if output.output_type == "execute_result"]


@pytest.mark.parametrize("slug", slugs())
def test_every_part_says_what_it_gives_and_the_first_cell_what_they_give_together(slug):
    said, given = {}, {}
    for cell in released(slug).cells:
        if found := re.search(r"^(## \d.*)\n\n\*(\d+) points?\*\n\n", cell.source, re.MULTILINE):
            part = found[1]
            said[part] = int(found[2])
        elif points := cell.metadata.get("nbgrader", {}).get("points"):
            given[part] = given.get(part, 0) + points
    assert said == given
    text = "\n".join(cell.source for cell in released(slug).cells)
    assert len(said) == len(re.findall(r"^## \d", text, re.MULTILINE))
    assert slug not in OWN or f" minutes. **Points.** {sum(given.values())}. " in released(slug).cells[0].source


USE = re.compile(r"^## Use it\n.*?```python\n(.*?)```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("slug", OWN)
def test_at_the_end_the_answers_are_put_to_use(slug, capsys):
    cells = source(slug).cells
    end = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown").partition("## How far are you?")[2]
    assert f"Hand in this notebook, saved under its name `{slug}.ipynb`" in end
    used = USE.search(end)
    if not used:
        assert re.search(r"- Train (with your own|on) ", end)
        return
    names = {}
    for cell in cells:
        if cell.cell_type == "code" and not exercise.is_test(cell) and "exercise.progress(" not in cell.source:
            exec(cell.source, names)
    capsys.readouterr()
    exec(used[1], names)
    said = capsys.readouterr().out
    if slug == "gradient-checker":
        assert said.startswith("dW: ")
    else:
        before, after = map(float, re.match(r"(\S+) before, (\S+) after", said).groups())
        assert after < before / 2


def set_up(notebook):
    (cell,) = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "set-up"]
    return cell.source


@pytest.mark.parametrize("slug", slugs())
def test_a_released_set_up_is_that_of_the_source_with_the_lines_that_find_rnnlib_and_give_hints(slug):
    above, below = set_up(released(slug)).split(set_up(source(slug)))
    assert above == release.library(course.address())
    assert below.split("\n")[-1] == f'HINTS = exercise.Hints("{slug}")'
    assert all(line == "" or line.startswith("# ") for line in below.split("\n")[:-1])
    assert release.bare(set_up(released(slug))) == set_up(source(slug))


def test_one_setting_releases_notebooks_without_hints(tmp_path, monkeypatch):
    config = notebooks.load_config()
    config.OfferHints.enabled = False
    monkeypatch.setattr(notebooks, "load_config", lambda: config)
    without = notebooks.build_release("two-step", tmp_path)
    assert "hint" not in without.read_text(encoding="utf-8").lower()
    expected = release.library(course.address()) + set_up(source("two-step"))
    assert set_up(nbformat.read(without, as_version=4)) == expected


@pytest.mark.parametrize(("named", "address"), [(SITE, SITE), (SITE.rstrip("/"), SITE), ("", ""), (None, "")])
def test_the_address_of_the_site_is_one_setting(named, address, tmp_path, monkeypatch):
    (tmp_path / "_config.yml").write_text(f"html:\n  baseurl: {named or ''}\n")
    monkeypatch.setattr(course, "COURSE", tmp_path)
    assert course.address() == address


def test_every_notebook_carries_the_address_of_the_site(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "address", lambda: SITE)
    notebook = nbformat.read(notebooks.build_release("two-step", tmp_path), as_version=4)
    assert notebook.metadata.course == {"site": SITE}
    assert set_up(notebook).count(f"pip install -q {SITE}{release.wheel()}\n") == 1
    nowhere = released("two-step")
    nowhere.metadata["course"] = notebook.metadata.course
    assert nowhere.metadata == notebook.metadata


@pytest.mark.parametrize("address", ["", SITE])
def test_the_set_up_leaves_no_name_that_an_answer_could_use_and_the_grader_lacks(address):
    space = {}
    exec(release.library(address).replace("%pip", "pass  #"), space)
    assert "_find_spec" in space
    assert [name for name in space if not name.startswith("_")] == []


def test_no_gradebook_is_opened_for_a_release(tmp_path, monkeypatch):
    def opened(*arguments):
        pytest.fail("a gradebook was opened")

    monkeypatch.setattr("nbgrader.api.Gradebook.__init__", opened)
    assert notebooks.build_release(slugs()[0], tmp_path).is_file()


def test_the_command_says_what_it_wrote(rebuilt):
    assert rebuilt[1].split() == [f"exercises/{slug}/{slug}.ipynb" for slug in slugs()]


def test_building_a_notebook_asks_for_no_exchange(tmp_path, caplog, monkeypatch):
    """The log of nbgrader's own commands, in which a teacher would read of it, is at hand meanwhile."""

    def without_exchange():
        config = course.load_config()
        config.Exchange.root = str(tmp_path / "nowhere")
        return config

    monkeypatch.setattr(notebooks, "load_config", without_exchange)
    assert notebooks.checked("two-step").slug == "two-step"
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
