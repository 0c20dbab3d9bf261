"""A notebook recognises the known mistakes of its exercise by a file without an answer and without a right number."""

import contextlib
import io
import json
import math
import re
import warnings

import numpy as np
import pytest
from house import OWN
from marking import wrong_answers

from grading import fingerprints, rounding
from grading.answers import known_answers, solution
from grading.course import COURSE, slugs
from rnnlib import tree
from rnnlib.claims import Field
from rnnlib.exercise import Call, CheckFailedError, Claim, Hints, claims_of, run
from rnnlib.fingerprints import Wrong, table, tells

# Those that take seconds, and in which no exp is an exact zero, which has no last digit.
SHAKEN = ["clipping", "t-steps", "two-step"]
IN_A_NOTEBOOK = ["graph-sweep", "two-step"]


def text(slug):
    return (COURSE / "rnnlib" / "mistakes" / f"{slug}.json").read_text(encoding="utf-8")


def seen(slug, answer):
    """{name of a visible check that recognises a wrong answer: whether it takes it for no other}."""
    entries = enumerate(json.loads(text(slug))["mistakes"])
    own = {i for i, entry in entries if (entry["name"], entry["hint"]) == (answer.mistake, answer.hint)}
    found = {}
    for name, check in table(slug).checks.items():
        for some in check["seen"].values():
            if own & set(some):
                found[name] = found.get(name, False) or len(some) == 1
    return found


def notebook(slug, answer):
    """What a released notebook defines in which an answer is filled in."""
    space = fingerprints.namespace(slug, answer)
    space["HINTS"] = Hints(slug)
    return space


def third(space, check):
    """The lines of a check that has been run three times."""
    for _ in range(3):
        with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            try:
                run(space[check])
            except CheckFailedError as error:
                said = str(error).splitlines()
    return said


def values(claim):
    """The arrays that a claim expects, by name."""
    found = [(path, value) for path, value in tree.leaves(claim.expected) if value is not None]
    names = claim.names or [f"d{path.rpartition('.')[2]}" if path else "the result" for path, _ in found]
    return dict(zip(names, (value for _, value in found), strict=True))


def test_there_are_no_files_but_those_of_exercises():
    assert sorted(path.name for path in (COURSE / "rnnlib" / "mistakes").iterdir()) == [f"{s}.json" for s in slugs()]


# Of the other exercises too, `make notebooks` writes the file, and `.ci/run` fails if it is not the committed one then.
@pytest.mark.pool
@pytest.mark.parametrize("slug", IN_A_NOTEBOOK)
def test_the_committed_file_is_the_generated_one_byte_for_byte(slug, tmp_path):
    assert fingerprints.build(slug, tmp_path).read_text(encoding="utf-8") == text(slug), "run `make notebooks`"


@pytest.mark.pool
@pytest.mark.parametrize("direction", [math.inf, -math.inf])
@pytest.mark.parametrize("slug", SHAKEN)
def test_another_last_digit_of_every_tanh_exp_and_log_gives_the_same_file(slug, direction, tmp_path):
    build = rounding.shaken(fingerprints.build, direction)
    assert build(slug, tmp_path).read_text(encoding="utf-8") == text(slug)


def test_two_wrong_answers_in_three_are_recognised_and_nearly_all_of_these_are_taken_for_no_other():
    of_all = [seen(slug, answer) for slug in slugs() for answer in wrong_answers(slug)]
    recognised = [found for found in of_all if found]
    assert len(recognised) > 2 / 3 * len(of_all)
    assert sum(any(found.values()) for found in recognised) > 0.97 * len(recognised)


@pytest.mark.pool
@pytest.mark.parametrize("slug", IN_A_NOTEBOOK)
def test_in_a_notebook_a_wrong_answer_is_given_its_own_hint_and_name_or_what_it_shares_with_others(slug):
    named = 0
    for answer in wrong_answers(slug):
        for check, alone in seen(slug, answer).items():
            said = third(notebook(slug, answer), check)
            advice = [line for line in said if line.startswith("  Hint: ")]
            names = [line for line in said if line.startswith("  This is what you get when ")]
            assert advice in ([], [f"  Hint: {answer.hint}"]), answer.name
            assert names in ([], [f"  This is what you get when {answer.mistake}."]), answer.name
            assert names or not alone, answer.name
            named += bool(names)
    assert named > 30


@pytest.mark.parametrize("slug", IN_A_NOTEBOOK)
def test_right_answers_are_never_recognised(slug):
    for answer in [solution(slug), *(answer for answer in known_answers(slug) if answer.right)]:
        space = notebook(slug, answer)
        for check in fingerprints.visible_checks(slug).values():
            with contextlib.redirect_stdout(io.StringIO()) as said:
                run(space[check])
            assert said.getvalue().endswith(": right\n")
        assert (space["HINTS"].times, space["HINTS"].last) == ({}, None)


@pytest.mark.parametrize("slug", OWN)
def test_the_file_holds_no_formula_of_the_solution(slug):
    source = (COURSE / "solutions" / slug / f"{slug}.md").read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.DOTALL))
    lines = {re.sub(r"^(return |[^=(]* = )|\s", "", line.strip()).replace(" ", "") for line in blocks.splitlines()}
    # What calls a function that the text tells students to call is no formula, nor is a single sign.
    formulas = [line for line in lines if len(line) > 7 and re.search(r"[-+*/@[]", line)]
    plain = re.sub(r"[\s`]", "", text(slug))
    assert len(formulas) > 2
    assert [formula for formula in formulas if formula in plain] == []
    code = [span.replace(" ", "") for span in re.findall(r"`([^`]*)`", text(slug)) if re.search(r"\w.*[-+*/@]", span)]
    assert [span for span in code if span in blocks.replace(" ", "")] == []


@pytest.mark.pool
@pytest.mark.parametrize("slug", slugs())
def test_the_file_holds_no_right_number_and_no_fingerprint_of_right_numbers(slug):
    known, space = table(slug), fingerprints.namespace(slug, solution(slug))
    written = {number for number in re.findall(r"\d+\.\d+", text(slug)) if len(number) > 4}
    for check in fingerprints.visible_checks(slug).values():
        rights = {}
        for claim in claims_of(space[check], np.random.default_rng(0)):
            if not claim.fresh:
                function = claim.found.function.__name__ if isinstance(claim.found, Call) else ""
                of_function = rights.setdefault(function, [])
                fields = [Field(name, "said to be wrong", value, 0.0) for name, value in values(claim).items()]
                of_function.append(Wrong(function, len(of_function), tuple(fields)))
            for value in values(claim).values():
                for entry in np.ravel(list(value.values()) if isinstance(value, dict) else value):
                    assert not written & {f"{entry:.{digits}g}" for digits in range(4, 12)}
        for of_function in rights.values():
            for right in [of_function, *([one] for one in of_function)]:
                assert known.find(check, right) == set()


def test_a_case_that_draws_numbers_and_is_not_marked_as_fresh_is_refused(monkeypatch):
    def check_part(rng):
        number = rng.normal()
        yield Claim("", number, number)

    monkeypatch.setattr(fingerprints, "visible_checks", lambda slug: {"check-part": "check_part"})
    monkeypatch.setattr(fingerprints, "namespace", lambda slug, answer: {"check_part": check_part})
    with pytest.raises(ValueError, match="the claim 0 of check_part is about random numbers: mark it as fresh"):
        fingerprints.build("two-step")


def test_numbers_that_no_unit_rounds_safely_are_refused_by_name():
    on_a_boundary = [Wrong("gradient", 0, (Field("dW", "", np.array([math.sqrt(10.0)]), 0.0),))]
    assert tells(on_a_boundary)
    with pytest.raises(ValueError, match=r"two-step: .* near to a rounding boundary: dW of gradient"):
        fingerprints._unit(on_a_boundary, "two-step: message-dropped, check_gradient")
