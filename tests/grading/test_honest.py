"""What a notebook says to a student who made an honest mistake, and knew neither the solutions nor the known answers.

honest/<slug>.toml holds such mistakes. `right` is that student's own right answer, cell by cell. Of a mistake,
`thought` is what the student had in mind, `bug` is what is wrong with it, and `cells` are those that differ from the
right answer. Then there are the verdicts of readers. `called` are the names that the notebook gives to the mistake, if
it knows any, each found to be true. `unseen` says why no check that a student runs can see it.
"""

import contextlib
import io
import tomllib
import warnings
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from grading import fingerprints
from grading.answers import Answer
from grading.course import slugs
from rnnlib.exercise import CheckFailedError, Hints, run

SEED = 3  # of random cases

# What one process has found out about the mistakes of an exercise, all tests of that exercise use.
EACH = [pytest.param(slug, marks=pytest.mark.xdist_group(f"honest-{slug}")) for slug in slugs()]


class Message(NamedTuple):
    """What a check says that does not pass."""

    check: str  # the name of its function
    lines: list
    advice: str  # the hint and the name, or ""
    name: str


def written(slug):
    return tomllib.loads((Path(__file__).parent / "honest" / f"{slug}.toml").read_text(encoding="utf-8"))


def mistakes(slug):
    return written(slug)["mistake"]


@contextlib.contextmanager
def silence():
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def notebook(slug, cells):
    """What a notebook with these answers defines."""
    space = fingerprints.namespace(slug, Answer("", False, "", "", written(slug)["right"] | cells, ()))
    space["HINTS"] = Hints(slug)
    return space


def messages(slug, cells):
    """The Messages of the visible checks that do not pass, in the notebook's order."""
    space, found = notebook(slug, cells), []
    for check in fingerprints.visible_checks(slug).values():
        with silence():
            try:
                run(space[check], SEED)
            except CheckFailedError as error:
                last = space["HINTS"].last
                told = space["HINTS"].told(*last) if last and last[0] is space[check] else ("", "")
                found.append(Message(check, str(error).splitlines(), *told))
    return found


@lru_cache(maxsize=len(slugs()))
def heard(slug):
    """{name of a mistake: its Messages}."""
    return {mistake["name"]: messages(slug, mistake["cells"]) for mistake in mistakes(slug)}


def everything():
    return [(slug, mistake) for slug in slugs() for mistake in mistakes(slug)]


def test_there_are_sixty_mistakes_and_some_of_every_exercise():
    assert len(everything()) >= 60
    assert sorted(path.stem for path in (Path(__file__).parent / "honest").iterdir()) == sorted(slugs())
    assert all(len(mistakes(slug)) >= 5 for slug in slugs())


@pytest.mark.parametrize("slug", slugs())
def test_the_students_right_answer_passes_every_check_and_each_mistake_is_another_answer(slug):
    right = written(slug)["right"]
    assert messages(slug, {}) == []
    assert all(cells[label] != right[label] for cells in (m["cells"] for m in mistakes(slug)) for label in cells)


def test_at_least_half_of_the_mistakes_are_called_by_a_name_that_is_true():
    assert sum("called" in mistake for _, mistake in everything()) >= len(everything()) / 2
