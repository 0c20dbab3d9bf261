"""Write rnnlib/mistakes/<slug>.json, by which a notebook recognises the known mistakes of its exercise.

Every wrong answer of answers.toml runs through the visible checks that it fails, and what they see on fixed numbers is
kept as a fingerprint, see rnnlib.fingerprints. Random cases make none: they are others in the next run.
"""

import contextlib
import io
import json
import multiprocessing
import re
import sys
import warnings

import numpy as np

from grading import exercise, mistakes
from grading.answers import known_answers, solution
from grading.course import COURSE, put, slugs
from rnnlib import fingerprints, tree
from rnnlib.exercise import claims_of, wrong_on_fixed_numbers

RUN = re.compile(r"^exercise\.run\((\w+)\)$", re.MULTILINE)
SEEDS = 1, 2  # of random cases: what differs between them is no fixed case


def build(slug, directory=COURSE / "rnnlib" / "mistakes"):
    """Write <directory>/<slug>.json; return its path.

    Raises ValueError for a case that is said to be fixed and is not, and for numbers that cannot be rounded safely.
    """
    last = _last_claims(slug)
    told, checks = [], {name: {"claims": claims, "seen": {}} for name, claims in last.items()}
    for answer in known_answers(slug):
        found = {} if answer.right else _fingerprints(slug, answer, last)
        for check, one in found.items():
            checks[check]["seen"].setdefault(one, []).append(len(told))
        told += [{"name": answer.mistake, "hint": answer.hint}] if found else []
    text = json.dumps({"mistakes": told, "checks": checks}, indent=1, ensure_ascii=False)
    path = directory / f"{slug}.json"
    put(path, re.sub(r"\n\s*(?=[]\d])", "", text) + "\n")  # lists of numbers on one line
    return path


def visible_checks(slug):
    """{grade_id: name of the function} of the visible checks of an exercise, in the notebook's order."""
    cells = [cell for cell in exercise.load(slug).notebook["cells"] if exercise.is_test(cell)]
    found = {exercise.grade_id(cell): RUN.search(cell["source"]) for cell in cells}
    return {label: match[1] for label, match in found.items() if match}


def namespace(slug, answer):
    """What a notebook with an answer filled in defines: its functions, and its visible checks, of which none is run."""
    task, checks = exercise.load(slug), visible_checks(slug)
    with _silence():
        space = mistakes.namespace_of(task, answer)
        for cell in task.notebook["cells"]:
            if exercise.grade_id(cell) in checks:
                exec(exercise.definitions(cell["source"]), space)
    return space


def _fingerprints(slug, answer, last):
    """{name of a visible check: the fingerprint of what it sees on fixed numbers} for those that a wrong answer fails.

    `last` maps the name of a check to the number of claims in which all fixed cases are.
    """
    space, found = namespace(slug, answer), {}
    for label, check in visible_checks(slug).items():
        wrong = []
        if label in answer.loses:
            with _silence(), contextlib.suppress(Exception):  # where the code stops, there are no numbers
                wrong = wrong_on_fixed_numbers(space[check], SEEDS[0], last[check])
        if fingerprints.tells(wrong):
            unit = _unit(wrong, f"{slug}: {answer.name}, {check}")
            found[check] = fingerprints.fingerprint(slug, check, wrong, unit)
    return found


def _last_claims(slug):
    """{name of a visible check: how many claims it takes until no fixed case is left}."""
    space, found = namespace(slug, solution(slug)), {}
    for check in visible_checks(slug).values():
        with _silence():
            one, other = (claims_of(space[check], np.random.default_rng(seed)) for seed in SEEDS)
        fixed = [i for i, claim in enumerate(one) if not claim.fresh]
        found[check] = max(fixed, default=-1) + 1
        for i in fixed:
            if _numbers(one[i]) != _numbers(other[i]):
                raise ValueError(f"{slug}: the claim {i} of {check} is about random numbers: mark it as fresh")
    return found


def _numbers(claim):
    return [repr(np.round(leaf, 9)) for _, leaf in tree.leaves(claim.expected) if not isinstance(leaf, dict)]


def _unit(wrong, where):
    """The first rounding unit in which no number is near to a boundary."""
    for unit in fingerprints.UNITS:
        if fingerprints.is_safe(wrong, unit):
            return unit
    arrays = ", ".join(dict.fromkeys(f"{field.name} of {part.function}" for part in wrong for field in part.fields))
    raise ValueError(f"{where}: change a fixed number, as in every unit one is near to a rounding boundary: {arrays}")


@contextlib.contextmanager
def _silence():
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool() as pool:
        for path in pool.imap(build, sys.argv[1:] or slugs()):
            print(path.relative_to(COURSE))
