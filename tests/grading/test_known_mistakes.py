"""Every known wrong answer loses exactly the points it says, and is named; every right one keeps all."""

import numpy as np
import pytest
from marking import filled, lost, mark, record, said

from grading import checks, exercise, mistakes
from grading.answers import known_answers
from grading.bench import OwnBench
from grading.course import slugs

pytestmark = pytest.mark.pool

# Those of an exercise are marked by one process, which keeps what each does in a case that all of them meet.
KNOWN = [
    pytest.param(slug, answer, id=f"{slug}-{answer.name}", marks=pytest.mark.xdist_group(f"known-{slug}"))
    for slug in slugs()
    for answer in known_answers(slug)
]


@pytest.mark.parametrize(("slug", "answer"), KNOWN)
def test_an_answer_loses_exactly_the_points_it_says_and_is_named(slug, answer, tmp_path):
    notebook = mark(filled(answer.cells, slug), tmp_path, slug=slug, bench=OwnBench)
    assert lost(notebook) == set(answer.lost)
    assert set(record(notebook).follows) == set(answer.follows)
    named = record(notebook).mistakes
    returned = {label for label in answer.lost if "  returned  " in said(notebook, label)}
    assert named == dict.fromkeys(returned, answer.name)
    for label in returned:
        assert f"This is what you get when {answer.mistake}.\n{answer.hint}" in said(notebook, label)


def test_mistakes_with_the_same_number_in_one_function_are_told_apart_by_what_was_passed():
    run = checks.Run(exercise.load("two-step"), seed=3, cell="test-gradient")
    entries = {entry.name: entry for entry in known_answers("two-step")}
    rng = np.random.default_rng(0)
    namespace = mistakes.namespace_of(run.task, entries["last-step-only"])
    arguments = namespace["random_case"](rng)
    expected = namespace["forward"].__globals__["gradient"](*arguments)
    student = namespace["gradient"]
    seen = mistakes.observe(student, arguments)
    run.passed = {"check-gradient-by-step", "test-gradient-by-step-tanh"}
    assert mistakes.find(student, seen, expected, arguments, 1e-10, run).name == "last-step-only"
    run.passed = set()
    run.named = {"test-gradient-by-step-tanh": "message-dropped"}
    assert mistakes.find(student, seen, expected, arguments, 1e-10, run).name == "message-dropped"


def test_a_mistake_of_no_entry_is_given_no_name():
    run = checks.Run(exercise.load("two-step"), seed=3, cell="test-gradient")
    entry = next(entry for entry in known_answers("two-step") if entry.right)
    namespace = mistakes.namespace_of(run.task, entry)
    arguments = namespace["random_case"](np.random.default_rng(0))
    right = namespace["gradient"]

    def gradient(*arguments):
        return right(*arguments)._replace(u=12.34)

    seen = mistakes.observe(gradient, arguments)
    assert mistakes.find(gradient, seen, right(*arguments), arguments, 1e-10, run) is None


@pytest.mark.parametrize(("case", "times"), [((1.5, np.ones(2)), 1), ((1.5, lambda: None), 2)])
def test_what_an_entry_does_with_a_case_is_found_once_unless_there_is_a_function_in_it(monkeypatch, case, times):
    seen = []
    monkeypatch.setattr(mistakes, "_observed", lambda *call: seen.append(call))
    mistakes._kept_behaviour.cache_clear()
    entry = known_answers("two-step")[0]
    for _ in range(2):
        mistakes._behaviour(exercise.load("two-step"), entry, "gradient", (case, {}))
    mistakes._kept_behaviour.cache_clear()
    assert len(seen) == times


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        (1.0, 1.0, True),
        (1.0, 1, False),
        (np.float64(1.0), 1.0, True),
        (np.nan, np.nan, True),
        (np.zeros(2), np.zeros(3), False),
        (np.zeros(2), np.zeros(2, "f4"), False),
        ([1.0], (1.0,), False),
        ((1.0, [2.0]), (1.0, [2.0]), True),
        ((1.0,), 1.0, False),
        (None, None, True),
        (None, 1.0, False),
        ("a", "a", True),
    ],
)
def test_sameness_is_of_structure_dtype_shape_and_value(a, b, alike):
    assert mistakes.same(a, b) is alike
    assert mistakes.same(a, b, 1e-9) is alike


def test_dictionaries_are_compared_by_key_whatever_their_order():
    right = {"a": 1.0, "b": -2.0}
    checks.same_answer(lambda: {"b": -2.0, "a": 1}, lambda: right)
    for wrong, words in [
        ({"a": 1.0}, "has no entry 'b'"),
        ({"a": 1.0, "b": -2.0, "c": 0.0}, "has an entry 'c' too many"),
        ({"a": 1.0, "b": 2.0}, "is wrong by"),
        ({"a": 1.0, "b": "two"}, "at 'b' is of type str, expected a number"),
        ([1.0, -2.0], "is of type list, expected a dict"),
    ]:
        with pytest.raises(checks.HiddenCheckFailedError, match=words):
            checks.same_answer(lambda wrong=wrong: wrong, lambda: right)
    assert mistakes.same({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0})
    assert not mistakes.same({"a": 1.0}, {"a": 1.1})
