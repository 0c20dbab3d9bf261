"""What a notebook says to a student who made an honest mistake, and knew neither the solutions nor the known answers.

honest/<slug>.toml holds such mistakes. `right` is that student's own right answer, cell by cell. Of a mistake,
`thought` is what the student had in mind, `bug` is what is wrong with it, and `cells` are those that differ from the
right answer. Then there are the verdicts of readers. `leads`: whether somebody who was shown the code and what the
notebook said found the bug by that; it was judged once, and messages have been mended since. `called`: the names that
the notebook gives to the mistake, if it knows any, each found to be true of the bug. `unseen`: why no check that a
student runs can see it.
"""

import contextlib
import io
import re
import tomllib
import warnings
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
from house import OWN
from marking import filled, lost, mark

from grading import exercise, fingerprints
from grading.answers import Answer
from rnnlib.claims import message, wrong_first
from rnnlib.exercise import CheckFailedError, Hints, run

pytestmark = pytest.mark.pool

SEED = 3  # of random cases

# What one process has found out about the mistakes of an exercise, all tests of that exercise use.
EACH = [pytest.param(slug, marks=pytest.mark.xdist_group(f"honest-{slug}")) for slug in OWN]


class Message(NamedTuple):
    """What a check says that does not pass."""

    check: str  # the name of its function
    lines: list
    fields: list  # those of the first claim that does not hold; none if it is not about a claim
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
        with silence(), patch("rnnlib.exercise.message", wraps=message) as told_of:
            try:
                run(space[check], SEED)
            except CheckFailedError as error:
                last = space["HINTS"].last
                told = space["HINTS"].told(*last) if last and last[0] is space[check] else ("", "")
                compared = told_of.call_args_list[0].args[1] if told_of.called else []
                found.append(Message(check, str(error).splitlines(), compared, *told))
    return found


@lru_cache(maxsize=len(OWN))
def heard(slug):
    """{name of a mistake: its Messages}."""
    return {mistake["name"]: messages(slug, mistake["cells"]) for mistake in mistakes(slug)}


def everything():
    return [(slug, mistake) for slug in OWN for mistake in mistakes(slug)]


def test_there_are_sixty_mistakes_and_some_of_every_exercise():
    assert len(everything()) >= 60
    assert sorted(path.stem for path in (Path(__file__).parent / "honest").iterdir()) == OWN
    assert all(len(mistakes(slug)) >= 5 for slug in OWN)


@pytest.mark.parametrize("slug", EACH)
def test_the_students_right_answer_passes_every_check_and_each_mistake_is_another_answer(slug):
    right = written(slug)["right"]
    assert messages(slug, {}) == []
    assert all(cells[label] != right[label] for cells in (m["cells"] for m in mistakes(slug)) for label in cells)


@pytest.mark.parametrize("slug", EACH)
def test_no_mistake_is_called_right_but_those_that_are_only_too_slow(slug):
    called_right = [name for name, said in heard(slug).items() if not said]
    assert called_right == [mistake["name"] for mistake in mistakes(slug) if "unseen" in mistake]


def test_at_most_one_mistake_in_ten_is_not_seen_in_the_notebook():
    assert sum("unseen" in mistake for _, mistake in everything()) <= len(everything()) / 10


@pytest.mark.pool
@pytest.mark.parametrize(
    ("slug", "mistake"),
    [pytest.param(slug, m, id=f"{slug}-{m['name']}") for slug, m in everything() if "unseen" in m],
)
def test_what_is_not_seen_in_the_notebook_loses_points_when_it_is_marked(slug, mistake, tmp_path):
    notebook = mark(filled(written(slug)["right"] | mistake["cells"], slug), tmp_path, slug=slug)
    assert len(lost(notebook)) == 1
    assert not lost(notebook) & set(fingerprints.visible_checks(slug))


@pytest.mark.parametrize("slug", EACH)
def test_the_first_line_names_a_function_that_the_student_wrote(slug):
    functions = exercise.load(slug).all_names
    for name, said in heard(slug).items():
        for one in said:
            words = re.findall(r"\w+", "\n".join(one.lines[:2] if "stops with" in one.lines[0] else one.lines[:1]))
            assert functions & {*words}, (name, one.lines)


@pytest.mark.parametrize("slug", EACH)
def test_a_message_tells_which_fields_are_right_and_the_first_wrong_entry(slug):
    told = 0
    for mistake in mistakes(slug):
        for one in heard(slug)[mistake["name"]]:
            found = one.fields
            rights = {field.name for field in found if field.is_right and field.expected is not None}
            said = {name for line in one.lines if line.startswith("  right: ") for name in line[9:].split(", ")}
            assert rights <= said, (mistake["name"], one.lines)
            wrong = [field for field in wrong_first(found) if field.wrong is not None]
            if wrong and wrong[0] is wrong_first(found)[0]:
                entry = (
                    rf"first {re.escape(wrong[0].name)}\[\d+(, \d+)*\]"
                    if wrong[0].wrong.ndim
                    else f"{wrong[0].name} is wrong"
                )
                assert re.search(entry, one.lines[0]), (mistake["name"], one.lines)
                told += 1
    assert told >= len(mistakes(slug)) / 4


@pytest.mark.parametrize("slug", EACH)
def test_every_name_that_a_mistake_is_given_has_been_found_to_be_true(slug):
    for mistake in mistakes(slug):
        names = [one.name for one in heard(slug)[mistake["name"]] if one.name]
        called = [f"This is what you get when {name}." for name in mistake.get("called", [])]
        assert list(dict.fromkeys(names)) == called, mistake["name"]


def test_at_least_half_of_the_mistakes_are_called_by_a_name_that_is_true():
    assert sum("called" in mistake for _, mistake in everything()) >= len(everything()) / 2


def test_at_least_85_percent_of_the_messages_led_a_reader_to_the_bug():
    assert sum(mistake["leads"] for _, mistake in everything()) >= 0.85 * len(everything())
