"""A reader with nothing but a downloaded notebook gets rnnlib as its set-up says, and no answer with it."""

import contextlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import threading
import tomllib
import zipfile
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
import students_wheel
from browser import QuietHandler
from conftest import give_up
from marking import hidden_lines

from grading import course, notebooks, release
from grading.course import COURSE, slugs

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
PIP = r"`(%pip install [^`\s]+)`"
# Runs the set-up of a notebook, types what its message says, and runs all cells up to the first check; prints what was
# seen on the way. It is run by the Python of the reader.
READER = """
import json, re, sys
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

notebook = nbformat.read(sys.argv[1], as_version=4)
client = NotebookClient(notebook, kernel_name="python3", timeout=60)
seen = {"sentence": "", "said": ""}
with client.setup_kernel():
    for index, cell in enumerate(list(notebook.cells)):
        if cell.cell_type != "code":
            continue
        try:
            client.execute_cell(cell, index)
        except CellExecutionError as error:
            seen["sentence"] = error.evalue
            typed = nbformat.v4.new_code_cell(re.search(sys.argv[2], error.evalue)[1])
            notebook.cells.insert(index, typed)
            client.execute_cell(typed, index)
            client.execute_cell(cell, index)
        if "exercise.run(" in cell.source:  # its tag lets it raise
            seen["said"] = cell.outputs[0].evalue
            break
print(json.dumps(seen))
"""
# Runs a set-up as Colab, Kaggle or another place would, where `pip` takes the wheel that lies here; prints what pip was
# given, and whether rnnlib is there.
ELSEWHERE = """
import json, os, sys, types
from IPython.core.interactiveshell import InteractiveShell

exec(sys.argv[2])
asked = []
shell = InteractiveShell()

def pip(line):
    asked.append(line)
    sys.path.append(sys.argv[3])

shell.register_magic_function(pip, "line", "pip")
source = open(sys.argv[1], encoding="utf-8").read()
outcome = shell.run_cell(source, silent=True)
print(json.dumps([asked, str(outcome.error_in_exec or outcome.error_before_exec or "")]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with what the site has of the wheel, and the address at which it is served."""
    folder = tmp_path_factory.mktemp("site")
    students_wheel.build(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def python(tmp_path):
    """The Python of a virtual environment that has numpy, Jupyter's kernel and pip, but not rnnlib.

    They are those of this environment, whose folder is put on the path; what is installed there in a file with the
    ending .pth, as rnnlib is, is then not found.
    """
    folder = tmp_path / "course"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    here = sysconfig.get_path("purelib")
    there = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    Path(there, "others.pth").write_text(f"{here}\n")
    return Path(folder, "bin", "python")


def run(python, code, *arguments, folder):
    """What a reader's Python prints, as JSON: without the course on its path, and without an index of packages."""
    ours = "PYTHONPATH", "VIRTUAL_ENV"  # IPython looks into the second for more packages
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {"PIP_NO_INDEX": "1", "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def pythons():
    """The Python of the course, and the newest other one that this machine has, up to the newest that CI has."""
    here, found = sys.version_info[:2], {}
    for minor in range(14, here[1], -1):
        for python in (f"python3.{minor}", *map(str, sorted(PYENV.glob(f"3.{minor}.*/bin/python3")))):
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                subprocess.run([python, "-c", "import venv, ensurepip"], check=True, capture_output=True)
                found.setdefault(minor, python)
    return [str(Path(sys.base_prefix, "bin", f"python3.{here[1]}")), *list(found.values())[:1]]


def fresh(python, folder, *packages):
    """The Python of a new virtual environment into which pip has put these packages, and what they need."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    made = folder / "bin" / "python"
    pip(made, "install", *packages)
    return made


def pip(python, *arguments):
    """Run pip as a reader does; where no index of packages can be reached, there is no test."""
    command = [python, "-m", "pip", arguments[0], "--quiet", "--disable-pip-version-check", *arguments[1:]]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    if done.returncode:
        give_up(f"pip: {done.stderr.strip().splitlines()[-1]}")


@pytest.mark.pool
@pytest.mark.parametrize("python", pythons(), ids=lambda python: Path(python).resolve().name)
def test_one_wheel_from_the_sites_address_is_all_that_a_fresh_python_needs_for_a_notebook(
    python, site, tmp_path, monkeypatch
):
    """Of the packages of `notebook`, those that run one without showing it."""
    _, address = site
    made = fresh(python, tmp_path / "course", f"{address}{release.wheel()}", "nbclient", "ipykernel")
    seen = run(made, READER, downloaded(tmp_path, address, monkeypatch), PIP, folder=tmp_path)
    assert seen["sentence"] == "", "rnnlib is there"
    assert seen["said"].endswith("not done yet")


@pytest.mark.pool
def test_what_was_downloaded_for_a_stick_is_installed_without_a_network(site, tmp_path):
    folder, _ = site
    stick = tmp_path / "wheels"
    pip(sys.executable, "download", "--dest", stick, folder / release.wheel())
    made = fresh(sys.executable, tmp_path / "course", "--no-index", "-f", stick, stick / release.wheel())
    said = run(made, "import json, rnnlib; print(json.dumps(rnnlib.__file__))", folder=tmp_path)
    assert Path(said).is_relative_to(tmp_path / "course")


def downloaded(folder, address, monkeypatch):
    """The notebook that a reader has downloaded from a site with this address."""
    monkeypatch.setattr(course, "address", lambda: address)
    made = notebooks.build_release("two-step", folder / "release")
    return made.rename(folder / made.name)


def set_up(notebook):
    cells = nbformat.read(notebook, as_version=4).cells
    return next(cell.source for cell in cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "set-up")


def test_the_wheel_holds_rnnlib_its_fingerprints_and_its_words_and_no_more(tmp_path):
    path = students_wheel.build(tmp_path)
    with zipfile.ZipFile(path) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        text = "\n".join(archive.read(name).decode() for name in archive.namelist())
    files = [
        *COURSE.glob("rnnlib/**/*.py"),
        *COURSE.glob("rnnlib/mistakes/*.json"),
        *COURSE.glob("rnnlib/locale/*/*.json"),
        COURSE / "rnnlib/pyproject.toml",
    ]
    figures = {f"bptt_figures/{path.name}" for path in (COURSE / "book/figures/interactive").glob("*.*")}
    assert {"bptt_figures/__init__.py", "bptt_figures/two-step.js"} <= figures
    assert {f"rnnlib/mistakes/{slug}.json" for slug in slugs()} <= packed
    assert packed - figures == {"rnnlib/LICENSE", *(file.relative_to(COURSE).as_posix() for file in files)}
    hidden = [line for slug in slugs() for line in hidden_lines(slug)]
    assert len(hidden) > 100
    assert [line for line in hidden if line in text] == []


def test_the_wheel_needs_numpy_alone_and_is_the_same_each_time(tmp_path):
    first, second = (students_wheel.build(tmp_path / name) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        (metadata,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA"))
    assert re.findall("^Requires-Dist: (.*)$", metadata, re.MULTILINE) == [
        "numpy>=2.0",
        "anywidget>=0.11; extra == 'figures'",
    ]
    assert "\nName: bptt-rnnlib\n" in metadata


def test_notebooks_and_the_page_about_the_exercises_name_the_wheel_that_is_made(tmp_path):
    made = students_wheel.build(tmp_path).name
    assert made == release.wheel()
    page = (COURSE / "book" / "exercises.md").read_text(encoding="utf-8")
    assert f'href="{made}"' in page
    fetched = re.findall(r"pip (?:install|download) [^`\n]*", page)
    assert len(fetched) == 6
    assert [line for line in fetched if not line.endswith(made)] == []
    assert f"```{{library}} {made}\n" in page


def test_binder_installs_the_students_distribution_on_a_python_that_it_takes():
    (place,) = (COURSE / ".binder" / "requirements.txt").read_text().split()
    project = tomllib.loads((COURSE / place / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "bptt-rnnlib"
    assert (
        COURSE / ".binder" / "runtime.txt"
    ).read_text() == f"python-{project['requires-python'].removeprefix('>=')}\n"


def test_nobody_is_told_to_install_a_package_of_the_name_that_others_may_take():
    tracked = subprocess.run(["git", "ls-files"], cwd=COURSE, capture_output=True, text=True, check=True).stdout
    texts = [COURSE / name for name in tracked.split() if name.endswith((".md", ".py", ".toml", ".ipynb", ".yml"))]
    wrong = re.compile(r"pip3? install [^\n`)]*?(?<![\w./])rnnlib\b")
    assert all(wrong.search(f"pip install {name}") for name in ("rnnlib", "-q rnnlib", '"rnnlib[training]"'))
    assert [path for path in texts if path.exists() and wrong.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.pool
@pytest.mark.parametrize("has_an_address", [True, False])
def test_what_the_set_up_says_is_all_that_a_reader_has_to_type(has_an_address, site, python, tmp_path, monkeypatch):
    folder, address = site
    notebook = downloaded(tmp_path, address if has_an_address else "", monkeypatch)
    if not has_an_address:  # the page about the exercises has it
        (tmp_path / release.wheel()).write_bytes((folder / release.wheel()).read_bytes())
    seen = run(python, READER, notebook, PIP, folder=tmp_path)
    assert seen["sentence"].startswith("rnnlib, the library of this course, is missing: ")
    assert seen["sentence"].count(". ") == 0
    assert seen["said"].endswith("not done yet")


@pytest.mark.pool
@pytest.mark.parametrize(
    ("place", "what_it_sets"),
    [
        ("Colab", "sys.modules['google.colab'] = types.ModuleType('google.colab')"),
        ("Kaggle", "os.environ['KAGGLE_KERNEL_RUN_TYPE'] = 'Interactive'"),
        ("JupyterLite", "sys.platform = 'emscripten'"),
        ("elsewhere", ""),
    ],
)
def test_colab_kaggle_and_jupyterlite_install_it_and_others_are_asked(
    place, what_it_sets, site, python, tmp_path, monkeypatch
):
    folder, address = site
    source = tmp_path / "set-up.py"
    source.write_text(set_up(downloaded(tmp_path, address, monkeypatch)), encoding="utf-8")
    asked, error = run(python, ELSEWHERE, source, what_it_sets, folder / release.wheel(), folder=tmp_path)
    if place == "elsewhere":
        assert asked == []
        assert re.search(PIP, error)[1] == f"%pip install {address}{release.wheel()}"
    else:
        assert asked == [f"install -q {address}{release.wheel()}"]
        assert error == ""


def test_a_python_that_has_rnnlib_installs_nothing_wherever_it_is(site, monkeypatch):
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    code = release.library(site[1]).replace("%pip", "raise AssertionError  #")
    exec(code, {})
