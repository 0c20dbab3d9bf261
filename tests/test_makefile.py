"""The Makefile builds what is stale, and nothing else; asked in a copy of the course in which all is built."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Each is older than the next.
BUILT = [".venv/.installed", "_build/notebooks.built", "_build/mistakes.built", "_build/html/.built"]
PDF = "_build/html/bptt.pdf"
SITE = (
    "book",
    "exercises",
    "rnnlib",
    ":(glob)grading/*.py",
    "grading/templates",
    "solutions/*.md",
    "_config.yml",
    "CITATION.cff",
    "LICENSE",
    "requirements.txt",
    "pyproject.toml",
)
RULE = re.compile(r"^([\w./-]+):(?!=)(.*)$", re.MULTILINE)
OLD, NEW = 1e9, 2e9  # seconds; what is built lies between them


def tracked(*paths):
    """The files of the course that git knows, as paths from its root."""
    done = subprocess.run(["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in done.stdout.splitlines() if (ROOT / path).exists()]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the tracked files, and of the stamps that a build leaves."""
    root = tmp_path_factory.mktemp("course")
    answers = [path.removesuffix(".md") + ".ipynb" for path in tracked("solutions/*.md")]
    for path in [*tracked(), *answers, *BUILT, PDF]:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).exists() and path not in BUILT:
            shutil.copy(ROOT / path, root / path)
        else:
            (root / path).touch()
        touch(root / path, OLD + BUILT.index(path) + 1 if path in BUILT else OLD)
    return root


def touch(path, time):
    os.utime(path, (time, time))


# Without what a make that has started the tests hands on, such as another virtual environment.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKEOVERRIDES")}


def is_up_to_date(root, verb):
    return subprocess.run(["make", "-q", verb], cwd=root, env=ENVIRONMENT, capture_output=True).returncode == 0


def is_stale_after_a_change_of(root, path, verb="site"):
    touch(root / path, NEW)
    try:
        return not is_up_to_date(root, verb)
    finally:
        touch(root / path, OLD)


def prerequisites(root, verb):
    """All that a verb is built from, directly or not, as make itself has read it."""
    done = subprocess.run(["make", "-pnq", verb], cwd=root, env=ENVIRONMENT, capture_output=True, text=True)
    rules = {target: found.split() for target, found in RULE.findall(done.stdout)}
    found, new = set(), {verb}
    while new:
        found |= new
        new = {each for target in new for each in rules.get(target, [])} - found
    return found


def commands(root, *arguments):
    command = ["make", "--dry-run", *arguments]
    done = subprocess.run(command, cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_is_built_is_up_to_date(built):
    assert is_up_to_date(built, "notebooks")
    assert is_up_to_date(built, "site")


def test_the_site_is_built_from_every_source_of_it(built):
    sources = {path for path in tracked(*SITE) if "__pycache__" not in path}
    assert {"book/corpus.txt", "book/_ext/bytecode.js", "book/figures/style.py", "rnnlib/fast/sweep.py"} <= sources
    assert sources - prerequisites(built, "site") == set()


@pytest.mark.parametrize(
    "path", ["book/corpus.txt", "book/_ext/slim.py", "grading/slips.py", "rnnlib/rnn.py", "LICENSE"]
)
def test_a_change_of_a_source_makes_the_site_stale(built, path):
    assert is_stale_after_a_change_of(built, path)


def test_a_new_picture_on_a_page_makes_the_site_stale(built):
    (built / "book" / "picture.svg").touch()
    assert not is_up_to_date(built, "site")
    (built / "book" / "picture.svg").unlink()


def test_a_change_of_a_test_or_of_a_benchmark_leaves_the_site_as_it_is(built):
    others = tracked("tests", "benchmarks", "README.md")
    assert len(others) > 50
    assert [path for path in others[::10] if is_stale_after_a_change_of(built, path)] == []


def test_a_site_that_was_built_without_chromium_is_stale_once_it_is_there(built, tmp_path, monkeypatch):
    (built / PDF).unlink()
    try:
        for tool in ("sh", "make", "sed", "find", "mkdir", "touch", "test"):
            (tmp_path / tool).symlink_to(shutil.which(tool))
        monkeypatch.setitem(ENVIRONMENT, "PATH", str(tmp_path))
        assert is_up_to_date(built, "site")
        (tmp_path / "chromium").symlink_to(shutil.which("sh"))
        assert not is_up_to_date(built, "site")
    finally:
        (built / PDF).touch()


def test_a_change_of_one_exercise_makes_the_notebooks_stale(built):
    assert is_stale_after_a_change_of(built, "solutions/two-step/two-step.md", "notebooks")
    assert not is_stale_after_a_change_of(built, "book/two-step.md", "notebooks")


def test_a_change_of_the_sites_address_makes_the_notebooks_stale(built):
    assert is_stale_after_a_change_of(built, "_config.yml", "notebooks")


@pytest.mark.pool
@pytest.mark.parametrize("module", ["notebooks", "fingerprints"])
def test_the_notebooks_are_built_from_every_module_that_builds_them(built, module):
    """And from that of the exporter, which nbgrader's configuration names, and what the cells of an exercise import."""
    code = f"import sys, grading.{module}; print(*(getattr(each, '__file__', 0) for each in sys.modules.values()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {Path(path) for path in done.stdout.split()}
    ours = {
        path.relative_to(ROOT).as_posix()
        for house in ("grading", "rnnlib")
        for path in loaded & {*(ROOT / house).glob("*.py")}
    }
    assert f"grading/{module}.py" in ours
    sources = ours - {"grading/__init__.py"} | {"grading/nbgrader_plugins.py", "rnnlib/rnn.py"}  # that is a docstring
    assert sources - prerequisites(built, "notebooks") == set()


def test_a_change_of_a_known_mistake_makes_what_recognises_it_stale_and_builds_no_notebook(built):
    answers = built / "solutions" / "two-step" / "answers.toml"
    touch(answers, NEW)
    try:
        said = commands(built, "notebooks")
    finally:
        touch(answers, OLD)
    assert any("grading.fingerprints" in line for line in said)
    assert not any("grading.notebooks" in line for line in said)


def test_a_notebook_that_is_missing_is_built(built):
    missing = built / "solutions" / "two-step" / "two-step.ipynb"
    missing.unlink()
    try:
        assert not is_up_to_date(built, "notebooks")
    finally:
        missing.touch()


def test_one_process_builds_all_notebooks_however_many_jobs_make_may_run(built):
    touch(built / "grading" / "notebooks.py", NEW)
    try:
        assert sum("grading.notebooks" in line for line in commands(built, "-j4", "site")) == 1
    finally:
        touch(built / "grading" / "notebooks.py", OLD)


def test_a_newcomer_is_shown_the_first_exercise_of_the_course(built):
    said = commands(built, "course")
    assert any("sample --brief two-step" in line for line in said)
    assert any("jupyter lab exercises/two-step/two-step.ipynb" in line for line in said)
