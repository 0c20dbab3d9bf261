"""The Makefile builds what is stale, and nothing else; asked in a copy of the course in which all is built."""

import os
import shutil
import subprocess
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
    "solutions/*.md",
    "_config.yml",
    "CITATION.cff",
    "requirements.txt",
    "pyproject.toml",
)
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


def commands(root, *arguments):
    command = ["make", "--dry-run", *arguments]
    done = subprocess.run(command, cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_is_built_is_up_to_date(built):
    assert is_up_to_date(built, "notebooks")
    assert is_up_to_date(built, "site")


@pytest.mark.pool
def test_a_change_of_any_source_of_the_site_makes_it_stale(built):
    sources = [path for path in tracked(*SITE) if "__pycache__" not in path]
    assert {"book/corpus.txt", "book/_ext/bytecode.js", "book/figures/style.py", "rnnlib/fast/sweep.py"} <= set(sources)
    assert [path for path in sources if not is_stale_after_a_change_of(built, path)] == []


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
