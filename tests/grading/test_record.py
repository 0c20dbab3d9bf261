"""A notebook carries its record through every file, and a record that another grader wrote is none."""

import json

import pytest

from grading import record
from grading.record import Record

RECORD = Record(
    "",
    ("set-up was changed",),
    "d1",
    "d2",
    7,
    "none",
    ("x took too long",),
    {"test-x": "no-hop"},
    {"test-y": ["x"]},
    0.5,
    costs=("x was missing",),
)


@pytest.fixture
def notebook():
    """A notebook with a record, as it comes out of a file."""
    made = {"cells": [], "metadata": {}}
    record.put(made, RECORD)
    return json.loads(json.dumps(made))


def test_a_record_comes_back_from_a_file_as_it_was(notebook):
    assert record.of(notebook) == RECORD


def test_a_later_record_replaces_an_earlier_one(notebook):
    record.put(notebook, RECORD._replace(seconds=1.0))
    assert record.of(notebook) == RECORD._replace(seconds=1.0)


def test_a_notebook_that_nobody_has_marked_has_no_record():
    assert record.of({"cells": [], "metadata": {}}) is None
    assert record.of({"cells": [], "metadata": {record.KEY: "mine"}}) is None


def test_a_record_of_another_version_is_none(notebook):
    notebook["metadata"][record.KEY]["version"] += 1
    assert record.of(notebook) is None


def test_a_record_with_a_field_more_or_less_is_none(notebook):
    stored = notebook["metadata"][record.KEY]
    stored["points"] = 99
    assert record.of(notebook) is None
    del stored["points"], stored["seed"]
    assert record.of(notebook) is None
