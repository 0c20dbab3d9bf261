"""What the grader notes about a submission, kept in the metadata of the rebuilt notebook.

The notebook carries its record because that is all that nbgrader hands from one of its steps to the next.
"""

import hashlib
import json
from typing import NamedTuple

KEY = "grading"  # of the notebook's metadata
VERSION = 1  # to be raised when a field changes its meaning; a new field makes older records out of date by itself


class Record(NamedTuple):
    """What happened to one submission.

    Its problem, notes, digest, costs, and most of what is for a human are known when it is rebuilt, the rest when it
    has run.
    """

    problem: str  # why there is nothing to mark; empty if there is something
    notes: tuple  # what was unusual and cost nothing
    digest: str  # of the submitted file; empty if it could not be read
    run: str = ""  # the fingerprint of all that its run depended on, see `fingerprint`
    seed: int | None = None  # of the random cases
    sandbox: str = ""  # "bubblewrap", "another user" or "none"
    human: tuple = ()  # what an instructor should look at
    mistakes: dict | None = None  # grade_id of a test cell -> name of the known mistake
    follows: dict | None = (
        None  # grade_id of a test cell that kept its points, given right functions above -> their names
    )
    seconds: float = 0.0
    version: int = VERSION
    costs: tuple = ()  # what was unusual and may have cost points


def put(notebook, record):
    """Let the notebook carry the Record, in place of an earlier one."""
    notebook["metadata"][KEY] = record._asdict()


def of(notebook):
    """The Record that the notebook carries; None if it has none, or one of another version or with other fields."""
    found = notebook["metadata"].get(KEY)
    if not isinstance(found, dict) or found.keys() != set(Record._fields) or found["version"] != VERSION:
        return None
    lists = {name: tuple(found[name]) for name in ("notes", "costs", "human")}  # JSON made them of tuples
    return Record(**found)._replace(**lists)


def fingerprint(submitted, task, settings):
    """A digest of all that a run depends on, apart from its random cases: where it is another, earlier marks are stale.

    `submitted` is the digest of what was handed in, `task` the exercise.Exercise, `settings` are execute.Settings.
    """
    told = [submitted, task.digest, settings._replace(seed=None)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
